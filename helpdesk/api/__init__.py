"""Programs' way in."""

"""FAQ, canned responses and pages."""

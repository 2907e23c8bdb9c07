"""Sign-in of agents and end users."""

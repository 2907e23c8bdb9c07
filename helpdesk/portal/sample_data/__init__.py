"""An invented company with its customers and their tickets, for a first look at a help desk in use."""

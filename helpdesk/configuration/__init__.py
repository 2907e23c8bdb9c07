"""Settings, the system log, translations."""

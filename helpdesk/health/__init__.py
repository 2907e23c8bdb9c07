"""Whether the help desk works: checks that every app may add to, run for a page, a command and monitoring.

Low in the house, so that mail, outbox or an integration registers its own checks in a module `health.py`
(`registry.health_check`); nothing here knows them.
"""

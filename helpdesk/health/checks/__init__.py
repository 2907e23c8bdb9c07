"""The checks that concern no app in particular, in the order in which they are shown."""

from helpdesk.health.checks import database, processes, jobs, machine, settings  # noqa: F401, I001 -- the order is shown

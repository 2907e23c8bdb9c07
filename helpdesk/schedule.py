"""When the recurring jobs run, all in one table.

Beat copies it into its own tables (django-celery-beat) at every start, so a time changed here counts from the next one.
Times are UTC. A run that no worker took before its `expires` (seconds) is dropped: the next one does the same work.
"""

from typing import Any

from celery.schedules import crontab

RECURRING_JOBS: dict[str, dict[str, Any]] = {
    "purge expired sessions": {
        "task": "helpdesk.accounts.jobs.purge_expired_sessions",
        "schedule": crontab(minute="17", hour="3"),
        "options": {"expires": 12 * 3600},
    },
}

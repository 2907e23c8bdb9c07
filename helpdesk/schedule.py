"""When the recurring jobs run, all in one table.

Beat copies it into its own tables (django-celery-beat) at every start, so a time changed here counts from the next one.
Times are UTC. A run that no worker took before its `expires` (seconds) is dropped: the next one does the same work.
"""

from typing import Any

from celery.schedules import crontab

HEARTBEAT = "report health"
"""The job of every minute, by which beat and workers are known to live (helpdesk/health)."""
SHARED_JOBS = frozenset(
    {
        "helpdesk.outbox.jobs.deliver_effects",  # claims effects row by row
        "mailfetch.jobs.fetch_mail",  # claims mailboxes one by one
        "helpdesk.health.jobs.report_health",  # each worker reports for itself
    }
)
"""Jobs of which several may run at once; all others run alone."""


def _every_minute(task: str, *, expires: int) -> dict[str, Any]:
    return {"task": task, "schedule": crontab(), "options": {"expires": expires}}


def _every_ten_minutes(task: str) -> dict[str, Any]:
    return {"task": task, "schedule": crontab(minute="*/10"), "options": {"expires": 590}}


def _nightly(task: str, time: str) -> dict[str, Any]:
    hour, minute = time.split(":")
    return {
        "task": task,
        "schedule": crontab(minute=str(int(minute)), hour=str(int(hour))),
        "options": {"expires": 12 * 3600},
    }


def _weekly(task: str, day: str, time: str) -> dict[str, Any]:
    hour, minute = time.split(":")
    return {
        "task": task,
        "schedule": crontab(minute=str(int(minute)), hour=str(int(hour)), day_of_week=day),
        "options": {"expires": 12 * 3600},
    }


RECURRING_JOBS: dict[str, dict[str, Any]] = {
    "tidy originals of texts": _nightly("helpdesk.forms.jobs.tidy_originals", "03:41"),
    "fetch mail": _every_minute("mailfetch.jobs.fetch_mail", expires=50),
    "purge incoming mail": _nightly("mailfetch.jobs.purge_incoming_mail", "04:21"),
    "note ticket numbers": _every_minute("tickets.jobs.note_numbers", expires=50),
    "note task numbers": _every_minute("tasks.jobs.note_numbers", expires=50),
    "mark overdue tasks": _every_minute("tasks.jobs.mark_overdue", expires=50),
    "mark overdue tickets": _every_minute("tickets.jobs.mark_overdue_tickets", expires=50),
    "follow osTicket": _every_minute("helpdesk.threads.jobs.follow_php", expires=50),
    "rank tickets": _every_minute("tickets.jobs.rank_tickets", expires=50),
    "rank all tickets": _nightly("tickets.jobs.rank_all_tickets", "04:07"),
    "fill gaps of the search": _nightly("tickets.jobs.fill_search_gaps", "03:57"),
    "note common words": _nightly("tickets.jobs.note_common_words", "04:17"),
    HEARTBEAT: _every_minute("helpdesk.health.jobs.report_health", expires=55),
    "compare the schema": _nightly("helpdesk.health.jobs.compare_schema", "03:47"),
    "delete orphaned files": _nightly("helpdesk.files.jobs.delete_orphaned_files", "02:37"),
    "purge the system log": _nightly("helpdesk.configuration.jobs.purge_system_log", "03:27"),
    "deliver effects": _every_minute("helpdesk.outbox.jobs.deliver_effects", expires=50),
    "purge effects": _nightly("helpdesk.outbox.jobs.purge_effects", "04:13"),
    "purge request keys": _nightly("tickets.jobs.purge_request_keys", "03:27"),
    "purge received mails": _nightly("helpdesk.threads.jobs.purge_received_mails", "02:07"),
    "purge drafts": _nightly("helpdesk.threads.jobs.purge_drafts", "03:57"),
    "purge locks": _nightly("helpdesk.threads.jobs.purge_locks", "04:03"),
    "count days for statistics": _every_ten_minutes("helpdesk.reports.jobs.count_days"),
    "import users": _every_minute("helpdesk.directory.jobs.go_on_with_imports", expires=50),
    "purge imports of users": _nightly("helpdesk.directory.jobs.purge_imports", "03:37"),
    "purge password resets": _every_minute("helpdesk.accounts.jobs.purge_password_resets", expires=50),
    "optimize tables": _weekly("helpdesk.configuration.jobs.optimize_tables", "sun", "04:27"),
    "purge expired sessions": _nightly("helpdesk.accounts.jobs.purge_expired_sessions", "03:17"),
}

"""Whether the recurring jobs end well."""

from datetime import datetime, timedelta

from helpdesk.health.job_runs import FAILED, RUNNING, job_runs
from helpdesk.health.registry import Finding, health_check, ok, warning
from helpdesk.schedule import RECURRING_JOBS

LONGEST_RUN = timedelta(hours=2)
PAGE = "admin:django_celery_beat_periodictask_changelist"


@health_check("jobs", "Recurring jobs")
def recurring_jobs(now: datetime) -> Finding:
    """Name the jobs of which the last run failed, or has not ended for hours: the process was killed, or it hangs."""
    runs = job_runs()
    names = {job["task"]: name for name, job in RECURRING_JOBS.items()}
    failed = [name for task, name in names.items() if task in runs and runs[task].state == FAILED]
    if failed:
        advice = "The log of the worker says why. They are tried again at their next time."
        return warning("The last run of a job failed.", ", ".join(sorted(failed)), advice=advice, page=PAGE)
    endless = [
        name
        for task, name in names.items()
        if task in runs and runs[task].state == RUNNING and now - runs[task].at > LONGEST_RUN
    ]
    if endless:
        advice = "Its worker was killed, or it hangs. It runs again at its next time, or: manage.py cron --job NAME."
        return warning("A job has not ended for hours.", ", ".join(sorted(endless)), advice=advice, page=PAGE)
    ran = sum(task in runs for task in names)
    return ok("No job has failed.", f"{ran} of {len(names)} have run")

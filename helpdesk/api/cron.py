"""Running the recurring jobs for help desks without worker and beat, as osTicket's cron does (osticket/api.md §17)."""

from __future__ import annotations

from datetime import UTC

import structlog
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import ModelEntry

from helpdesk.celery import app
from helpdesk.health.job_runs import job_runs
from helpdesk.health.leases import alone
from helpdesk.schedule import HEARTBEAT, RECURRING_JOBS

LOCK = "cron"

logger = structlog.get_logger(__name__)


def run_due_jobs() -> list[str]:
    """Run every job whose time has come since its last run, one after the other; give the names of those run.

    Last runs are those of the health page, whoever did them, so that a worker beside changes nothing. While another run
    is under way nothing happens. A job that fails is logged and tried again at its next time; the others run. Jobs that
    administrators have paused do not.
    """
    with alone(LOCK) as is_ours:
        return _run_due() if is_ours else []


def run_job(name: str) -> bool:
    """Run one recurring job now, due or not, and give whether it ended well. Raises KeyError for an unknown name."""
    job = RECURRING_JOBS[name]
    app.loader.import_default_modules()
    return _run(name, job["task"])


def _list_jobs() -> None:
    """Put new jobs on the page of recurring jobs, as beat does where there is one."""
    known = set(PeriodicTask.objects.values_list("name", flat=True))
    for name, job in RECURRING_JOBS.items():
        if name not in known:
            ModelEntry.from_entry(name, app=app, **job)


def _run(name: str, task: str) -> bool:
    result = app.tasks[task].apply()
    if result.failed():
        logger.error("cron_job_failed", job=name, error=type(result.result).__name__, traceback=result.traceback)
        return False
    return True


def _run_due() -> list[str]:
    app.loader.import_default_modules()  # web servers do not know the jobs of the apps yet
    _list_jobs()
    paused = set(PeriodicTask.objects.filter(enabled=False).values_list("name", flat=True))
    runs = job_runs()
    done: list[str] = []
    for name, job in RECURRING_JOBS.items():
        last_run = runs.get(job["task"])
        if name == HEARTBEAT or name in paused:
            continue
        if last_run is not None and not job["schedule"].is_due(timezone.localtime(last_run.at, UTC)).is_due:
            continue
        if _run(name, job["task"]):
            done.append(name)
    logger.info("cron_run", jobs=done)
    return done

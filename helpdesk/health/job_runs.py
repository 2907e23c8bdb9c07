"""What becomes of the recurring jobs, whoever runs them (worker, `manage.py cron`, cron by address): each runs alone,
and its last run, how long it took and its result are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.utils import timezone

from helpdesk.health.leases import alone
from helpdesk.health.models import HealthNote
from helpdesk.health.services import remember
from helpdesk.schedule import RECURRING_JOBS, SHARED_JOBS

JOB = "job:"
RUNNING, DONE, FAILED = "running", "done", "failed"
LONGEST_RESULT = 200

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class JobRun:
    """The last run of a job: begun `at`, its state, and when it has ended its seconds and what it gave.

    `runs` and `failures` are counted since the table was made.
    """

    task: str
    at: datetime
    state: str
    seconds: float | None = None
    result: str = ""
    runs: int = 0
    failures: int = 0


def job_runs() -> dict[str, JobRun]:
    """Give the last run of every job that ever ran, by the name of its task."""
    runs = map(_run_of, HealthNote.objects.filter(name__startswith=JOB))
    return {run.task: run for run in runs}


def run_alone(task: str, run: Callable[[], Any]) -> Any:
    """Run a recurring job and give what it gave; None, without running it, while another process is at it.

    Jobs that share their work row by row (`SHARED_JOBS`) may run several times at once.
    """
    if task in SHARED_JOBS:
        return _noted(task, run)
    with alone(JOB + task) as is_ours:
        if not is_ours:
            logger.info("job_runs_elsewhere", task=task)
            return None
        return _noted(task, run)


def is_recurring(task: str) -> bool:
    """Whether a task is one of the recurring jobs."""
    return any(job["task"] == task for job in RECURRING_JOBS.values())


def _noted(task: str, run: Callable[[], Any]) -> Any:
    begun = timezone.now()
    note = HealthNote.objects.filter(name=JOB + task).first()
    before = note.details if note is not None else {}
    counts = {"runs": int(before.get("runs", 0)) + 1, "failures": int(before.get("failures", 0))}
    remember(JOB + task, now=begun, state=RUNNING, **counts)
    try:
        result = run()
    except BaseException as error:  # the type alone is kept: texts may hold what is in a ticket
        counts["failures"] += 1
        _note_end(task, begun, FAILED, type(error).__name__, counts)
        raise
    _note_end(task, begun, DONE, "" if result is None else str(result), counts)
    return result


def _run_of(note: HealthNote) -> JobRun:
    details = note.details
    return JobRun(
        note.name.removeprefix(JOB),
        note.at,
        state=str(details.get("state", "")),
        seconds=details.get("seconds"),
        result=str(details.get("result", "")),
        runs=int(details.get("runs", 0)),
        failures=int(details.get("failures", 0)),
    )


def _note_end(task: str, begun: datetime, state: str, result: str, counts: dict[str, int]) -> None:
    seconds = round((timezone.now() - begun).total_seconds(), 3)
    remember(JOB + task, now=begun, state=state, seconds=seconds, result=result[:LONGEST_RESULT], **counts)

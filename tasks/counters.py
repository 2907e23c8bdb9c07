"""The numbers beside the lists of tasks (osticket/tasks.md §2): of open tasks only, whatever was ever closed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Count, Q

from helpdesk.people.access import AgentAccess
from tasks.models import Task

KEPT_SECONDS = 30
"""What PHP does is counted after so long, what we do at once."""
STAMP_SECONDS = 24 * 3600


@dataclass(frozen=True)
class TaskCounts:
    """How many tasks an agent has to do: all that he sees, those assigned to him, those whose due date has passed."""

    open: int
    mine: int
    overdue: int


def task_counts(access: AgentAccess, *, now: datetime) -> TaskCounts:
    """Give the numbers, kept for some seconds; at most one statement."""
    stamp_key, key = _stamp_key(), f"{_key()}.{access.agent.pk}"
    kept = cache.get_many([stamp_key, key])
    stamp = kept.get(stamp_key) or _new_stamp(stamp_key)
    of_stamp, counts = kept.get(key, ("", None))
    if counts is not None and of_stamp == stamp:
        found: TaskCounts = counts
        return found
    counted = count_tasks(access, now=now)
    cache.set(key, (stamp, counted), KEPT_SECONDS)
    return counted


def count_tasks(access: AgentAccess, *, now: datetime) -> TaskCounts:
    """Count anew, in one statement."""
    row = (
        Task.objects.counted_for(access)
        .open()
        .aggregate(
            open=Count("pk"),
            mine=Count("pk", filter=Q(staff=access.agent.pk)),
            overdue=Count("pk", filter=Q(duedate__lte=now)),
        )
    )
    return TaskCounts(**row)


def forget_task_counts(**_: object) -> None:
    """Count anew for everybody once the running transaction has committed (a receiver of signals of tasks)."""
    transaction.on_commit(lambda: cache.delete(_stamp_key()))


def _new_stamp(key: str) -> str:
    stamp = secrets.token_hex(8)
    cache.add(key, stamp, STAMP_SECONDS)
    return str(cache.get(key, stamp))


def _key() -> str:
    return f"tasks.counts.{connection.settings_dict['HOST']}/{connection.settings_dict['NAME']}"


def _stamp_key() -> str:
    return f"{_key()}.stamp"

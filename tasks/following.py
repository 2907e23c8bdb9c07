"""What becomes of events and entries of tasks that osTicket wrote beside us: the signals of tasks."""

from __future__ import annotations

from typing import Any

from django.dispatch import Signal

from helpdesk.threads.constants import EntryFlag, ObjectType
from helpdesk.threads.following import Followed, raise_followed, register_follower
from tasks import signals
from tasks.models import Task
from tickets.following import assignee
from tickets.search.rows import reindex


def register() -> None:
    """Follow tasks."""
    register_follower(ObjectType.TASK, event=event_written, entry=entry_written)


def event_written(followed: Followed) -> None:
    """Raise the signal of an event; those that no signal of ours tells have none."""
    task = Task.objects.filter(pk=followed.thread.object_id).first()
    signal = _SIGNALS.get(followed.name)
    if task is None or signal is None:
        return
    values: dict[str, Any] = {}
    if signal is signals.task_assigned:
        values = assignee(followed)
    elif signal is signals.task_transferred:
        values = {"department": None}  # the one that it came from: osTicket does not say
    raise_followed(signal, followed, task=task, **values)


def entry_written(followed: Followed) -> None:
    """Index an entry and say that it was posted; corrections come silently."""
    reindex(ObjectType.THREAD_ENTRY, [followed.row.pk])
    task = Task.objects.filter(pk=followed.thread.object_id).first()
    if task is not None and not followed.row.flags & EntryFlag.EDITED:
        raise_followed(signals.task_entry_posted, followed, task=task, entry=followed.row)


_SIGNALS: dict[str, Signal] = {
    "created": signals.task_created,
    "closed": signals.task_closed,
    "reopened": signals.task_reopened,
    "assigned": signals.task_assigned,
    "transferred": signals.task_transferred,
    "edited": signals.task_edited,
    "overdue": signals.task_overdue,
}

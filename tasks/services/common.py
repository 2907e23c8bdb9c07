"""What all services of tasks do alike: lock the row, save what changed, record events, write notes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from django.db import transaction
from django.dispatch import Signal
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import NotFound
from helpdesk.mail.outgoing import NewMail, queue_mails
from helpdesk.people.actor import Actor
from helpdesk.threads.constants import EntryType, ObjectType
from helpdesk.threads.events import EventFacts, record_event
from helpdesk.threads.models import ThreadEntry, ThreadEvent
from helpdesk.threads.services import NewEntry, post_entry
from tasks.models import Task
from tasks.states import own_thread, remember_thread
from tickets.services.common import poster_of

logger = structlog.get_logger("tasks")


def lock(task: Task) -> Task:
    """Lock the row of the task until the transaction ends and read it anew into the same object.

    Raises NotFound when somebody has deleted it meanwhile.
    """
    remember_thread(task, None)
    task.__dict__.pop("_ticket", None)
    try:
        task.refresh_from_db(from_queryset=Task.objects.select_for_update())
    except Task.DoesNotExist:
        raise NotFound(_("No such task"), code="task_not_found") from None
    return task


def save_changes(task: Task, **columns: Any) -> bool:
    """Set columns and save those that differ; give whether anything did.

    `updated` is a column like any other: only editing sets it (osticket/tasks.md §1).
    """
    changed = [name for name, value in columns.items() if getattr(task, name) != value]
    for name in changed:
        setattr(task, name, columns[name])
    if changed:
        task.save(update_fields=changed)
    return bool(changed)


def record(
    task: Task,
    name: str,
    *,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    annul: str | None = None,
) -> ThreadEvent:
    """Record an event of the task with its columns as they are now (osticket/tickets.md §2)."""
    facts = EventFacts(dept_id=task.dept_id, team_id=task.team_id, staff_id=task.staff_id, object_type=ObjectType.TASK)
    return record_event(own_thread(task, now=now), name, actor=actor, facts=facts, now=now, data=data, annul=annul)


def post_note_of(
    task: Task,
    *,
    actor: Actor,
    title: str,
    body: str,
    now: datetime,
    format: str = "html",  # noqa: A002
) -> ThreadEntry | None:
    """Write the comments on an operation as an internal note; None where nothing was said."""
    if not body.strip():
        return None
    new = NewEntry(
        type=EntryType.NOTE, title=title, body=body, format=format, agent=actor.agent, poster=poster_of(actor)
    )
    return post_entry(own_thread(task, now=now), new, now=now)


def queue(task: Task, mails: Iterable[NewMail], *, now: datetime) -> None:
    """Write mails about the task down, to be sent after the commit."""
    queue_mails(mails, object_type="task", object_id=task.pk, now=now)


def log(event: str, task: Task, actor: Actor, **values: Any) -> None:
    """Log what was done: ids and kinds, no names, addresses or texts."""
    logger.info(event, task_id=task.pk, actor_kind=actor.kind.value, **values)


def send_after_commit(signal: Signal, **values: Any) -> None:
    """Send a signal when the running transaction has committed, at once when there is none."""
    send: Callable[[], object] = partial(signal.send_robust, sender=None, **values)
    transaction.on_commit(send, robust=True)

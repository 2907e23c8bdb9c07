"""Closing and reopening tasks (osticket/tasks.md §4.5, §4.6)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import Conflict, PermissionRefused
from helpdesk.legacy.retrying import retried
from helpdesk.people.actor import Actor
from helpdesk.people.permissions import RolePermission
from tasks.closing import close_obstacle
from tasks.constants import TaskFlag
from tasks.models import Task
from tasks.notices import activity_alert
from tasks.policies import can, require
from tasks.services.common import log, post_note_of, queue, record, save_changes, send_after_commit
from tasks.services.ticket_notes import lock_with_ticket, note_on_ticket
from tasks.signals import task_closed, task_reopened
from tasks.states import is_open
from tickets.services.status import reopen_closed
from tickets.states import is_closed as is_closed_ticket

NOTE_ACTIVITY = "New Internal Note"
"""What the alert about a note calls it."""


@retried
def close_task(
    task: Task,
    *,
    actor: Actor,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    now: datetime | None = None,
) -> Task:
    """Close the task, with a note on its ticket.

    Raises Conflict for one that is closed and for fields that must be answered first, PermissionRefused without
    `task.close`. Source: §4.5.
    """
    now = now or timezone.now()
    with transaction.atomic():
        ticket = lock_with_ticket(task)
        _require(
            actor,
            task,
            RolePermission.TASK_CLOSE,
            PermissionRefused(_("You do not have permission to Close tasks"), code="permission_denied"),
        )
        if not is_open(task):
            raise Conflict(_("Unable to change status of the task"), code="already_closed")
        obstacle = close_obstacle(task)
        if obstacle is not None:
            raise obstacle
        save_changes(task, flags=task.flags & ~(TaskFlag.OPEN | TaskFlag.OVERDUE), closed=now)
        record(task, "closed", actor=actor, now=now)
        if ticket is not None:
            note_on_ticket(ticket, actor=actor, title=f"Task {task.number} Closed", body="Task closed", now=now)
        _post_comments(task, actor, "Status changed to Completed", comments, format, now)
        log("task_closed", task, actor)
        send_after_commit(task_closed, task=task, actor=actor)
    return task


@retried
def reopen_task(
    task: Task,
    *,
    actor: Actor,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    now: datetime | None = None,
) -> Task:
    """Open a closed task again, and its ticket if that is closed.

    Raises Conflict for one that is open, PermissionRefused without `task.create`. Source: §4.6.
    """
    now = now or timezone.now()
    with transaction.atomic():
        ticket = lock_with_ticket(task)
        _require(
            actor,
            task,
            RolePermission.TASK_CREATE,
            PermissionRefused(_("You do not have permission to Reopen tasks"), code="permission_denied"),
        )
        if is_open(task):
            raise Conflict(_("Unable to change status of the task"), code="already_open")
        save_changes(task, flags=task.flags | TaskFlag.OPEN, closed=None)
        record(task, "reopened", actor=actor, now=now, annul="closed")
        if ticket is not None:
            if is_closed_ticket(ticket):
                reopen_closed(ticket, actor=actor, now=now)
            note_on_ticket(ticket, actor=actor, title=f"Task {task.number} Reopened", body="Task reopened", now=now)
        _post_comments(task, actor, "Status changed to Open", comments, format, now)
        log("task_reopened", task, actor)
        send_after_commit(task_reopened, task=task, actor=actor)
    return task


def _require(actor: Actor, task: Task, permission: RolePermission, refusal: PermissionRefused) -> None:
    require(actor, None, task)
    if not can(actor, permission, task):
        raise refusal


def _post_comments(task: Task, actor: Actor, title: str, comments: str, body_format: str, now: datetime) -> None:
    note = post_note_of(task, actor=actor, title=title, body=comments, format=body_format, now=now)
    if note is not None:
        queue(task, activity_alert(task, note, activity=NOTE_ACTIVITY), now=now)

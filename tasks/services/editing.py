"""Changing what a task says: its form, single answers, the due date (osticket/tasks.md §4.8)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.forms.bound import BoundForm
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.submission_services import save_submission
from helpdesk.legacy.errors import Conflict
from helpdesk.legacy.retrying import retried
from helpdesk.people.actor import Actor
from helpdesk.people.permissions import RolePermission
from tasks.constants import TaskFlag
from tasks.models import Task
from tasks.policies import require
from tasks.services.common import lock, log, post_note_of, record, save_changes, send_after_commit
from tasks.services.creation import check_due_date
from tasks.signals import task_edited


@retried
def edit_task(
    task: Task,
    form: BoundForm,
    *,
    actor: Actor,
    note: str = "",
    format: str = "html",  # noqa: A002 -- the column
    now: datetime | None = None,
) -> bool:
    """Save the forms of the task (`parts_of`); give whether an answer changed.

    The note is an internal one, `Task Updated`. Raises ValidationFailed naming the first field that is wrong,
    PermissionRefused without `task.edit`.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(task)
        require(actor, RolePermission.TASK_EDIT, task)
        changes = save_submission(form, EntryObject.TASK, task.pk, actor=actor, now=now)
        post_note_of(task, actor=actor, title="Task Updated", body=note, format=format, now=now)
        if changes:
            _edited(task, actor, {"fields": changes}, now)
    return bool(changes)


@retried
def edit_task_answer(
    task: Task,
    form: BoundForm,
    *,
    actor: Actor,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    now: datetime | None = None,
) -> None:
    """Save a form that asks for one field only.

    Raises Conflict when the answer is the same already, ValidationFailed when it is wrong, PermissionRefused without
    `task.edit`.
    """
    now = now or timezone.now()
    bound = next(iter(form))
    with transaction.atomic():
        lock(task)
        require(actor, RolePermission.TASK_EDIT, task)
        changes = save_submission(form, EntryObject.TASK, task.pk, actor=actor, now=now)
        if not changes:
            raise Conflict(
                _("%(field)s is already assigned this value") % {"field": bound.label},
                code="unchanged",
                field=bound.name,
            )
        before, after = next(iter(changes.values()))
        post_note_of(task, actor=actor, title=f"{bound.label} updated", body=comments, format=format, now=now)
        _edited(task, actor, {"0": before, "1": after, "fields": changes}, now)


@retried
def change_due_date(
    task: Task,
    duedate: datetime | None,
    *,
    actor: Actor,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    now: datetime | None = None,
) -> Task:
    """Set or clear the due date; the task is no longer overdue.

    Raises ValidationFailed for a date in the past, Conflict for the one that it has, PermissionRefused without
    `task.edit`.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(task)
        require(actor, RolePermission.TASK_EDIT, task)
        if task.duedate == duedate:
            raise Conflict(
                _("%(field)s is already assigned this value") % {"field": _("Due Date")},
                code="unchanged",
                field="duedate",
            )
        check_due_date(duedate, now=now)
        save_changes(task, duedate=duedate, flags=task.flags & ~TaskFlag.OVERDUE)
        post_note_of(task, actor=actor, title="Due Date updated", body=comments, format=format, now=now)
        _edited(task, actor, None, now)
    return task


def _edited(task: Task, actor: Actor, data: dict[str, Any] | None, now: datetime) -> None:
    save_changes(task, updated=now)
    record(task, "edited", actor=actor, now=now, data=data)
    log("task_edited", task, actor)
    send_after_commit(task_edited, task=task, actor=actor)

"""Who gets the updates of a task by mail (osticket/tickets.md §13)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from helpdesk.legacy.retrying import retried
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser
from helpdesk.people.permissions import RolePermission
from helpdesk.threads.constants import CollaboratorFlag
from helpdesk.threads.models import Collaborator
from helpdesk.threads.services import add_collaborator
from tasks.models import Task
from tasks.policies import require
from tasks.services.common import lock, log, record
from tasks.states import own_thread


@retried
def add_task_collaborator(
    task: Task, user: EndUser, *, actor: Actor, now: datetime | None = None
) -> Collaborator | None:
    """Let an end user get the updates; None for one who does already.

    Raises PermissionRefused without `ticket.edit` in the task's department, which is what osTicket asks for.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(task)
        require(actor, RolePermission.TICKET_EDIT, task)
        thread = own_thread(task, now=now)
        if thread.collaborators.filter(user=user).exists():
            return None
        row = add_collaborator(thread, user, now=now)
        record(task, "collab", actor=actor, now=now, data={"add": {str(user.pk): {"name": user.name}}})
        log("task_collaborator_added", task, actor, user_id=user.pk)
    return row


@retried
def update_task_collaborators(
    task: Task,
    *,
    actor: Actor,
    active: Collection[int],
    removed: Collection[int] = (),
    now: datetime | None = None,
) -> None:
    """Remove collaborators and say which of the others get mail, by the ids of their rows; unknown ids are ignored."""
    now = now or timezone.now()
    with transaction.atomic():
        lock(task)
        require(actor, RolePermission.TICKET_EDIT, task)
        rows = list(own_thread(task, now=now).collaborators.select_related("user").order_by("id"))
        gone = [row for row in rows if row.pk in removed]
        if gone:
            names = {str(row.user_id): {"name": row.user.name if row.user else ""} for row in gone}
            Collaborator.objects.filter(pk__in=[row.pk for row in gone]).delete()
            record(task, "collab", actor=actor, now=now, data={"del": names})
        for row in rows:
            flags = CollaboratorFlag.CC | (CollaboratorFlag.ACTIVE if row.pk in active else CollaboratorFlag(0))
            if row not in gone and row.flags != flags:
                row.flags, row.updated = flags, now
                row.save(update_fields=["flags", "updated"])
        log("task_collaborators_changed", task, actor, removed=len(gone))

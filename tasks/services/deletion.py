"""Deleting tasks (osticket/tasks.md §4.9)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.services import remove_answers
from helpdesk.legacy.retrying import retried
from helpdesk.people.actor import Actor
from helpdesk.people.permissions import RolePermission
from helpdesk.threads.removal import delete_thread
from helpdesk.threads.services import delete_drafts
from tasks.models import Task
from tasks.numbers import TASKS
from tasks.policies import require
from tasks.services.common import lock, log, record, send_after_commit
from tasks.signals import task_deleted
from tasks.states import own_thread
from tickets.services.common import poster_of


@retried
def delete_task(task: Task, *, actor: Actor, comments: str = "", now: datetime | None = None) -> None:
    """Delete the task with its thread, files, answers and drafts; what happened to it stays in the statistics.

    Why goes into the system log, at its level Debug. Raises PermissionRefused without `task.delete`. Source: §4.9.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(task)
        require(actor, RolePermission.TASK_DELETE, task)
        task_id, number = task.pk, task.number or ""
        delete_thread(own_thread(task, now=now))
        record(task, "deleted", actor=actor, now=now)
        remove_answers(EntryObject.TASK, task_id)
        delete_drafts(f"task.%.{task_id}")
        Task.objects.filter(pk=task_id).delete()
        TASKS.release([number])
        said = f"Task #{number} deleted by {poster_of(actor)}"
        log_system(LogLevel.DEBUG, f"Task #{number} deleted", f"{said}\n{comments}".strip(), actor.ip_address)
        log("task_deleted", task, actor)
        send_after_commit(task_deleted, task=task, task_id=task_id, actor=actor)

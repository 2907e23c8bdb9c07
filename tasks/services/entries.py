"""Correcting what was written on a task; as on tickets, nothing is overwritten (osticket/tickets.md §10.6)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import PermissionRefused
from helpdesk.legacy.retrying import retried
from helpdesk.people.actor import Actor
from helpdesk.people.permissions import RolePermission
from helpdesk.threads.bodies import HTML
from helpdesk.threads.corrections import entry_to_correct, may_correct, put_in_place, require_shown, require_text
from helpdesk.threads.models import ThreadEntry
from tasks.models import Task
from tasks.policies import can, require
from tasks.services.common import lock, log
from tasks.states import own_thread


@retried
def edit_task_entry(
    task: Task,
    *,
    actor: Actor,
    entry: ThreadEntry,
    body: str,
    title: str | None = None,
    format: str = HTML,  # noqa: A002 -- the column
    now: datetime | None = None,
) -> ThreadEntry:
    """Put a corrected text in the place of an entry and give what is shown now; the old one is kept and hidden.

    Authors may do so, managers of the department, and whoever holds `thread.edit` there. Title None keeps the title.
    Text and title that are the same change nothing. No mail goes out.

    Raises ValidationFailed (`text_required`) for an empty text, NotFound (`entry_not_found`) for entries of others,
    Conflict for entries of the system (`entry_of_system`) and for such as were changed meanwhile (`entry_replaced`),
    PermissionRefused.
    """
    now = now or timezone.now()
    require_text(body, format)
    with transaction.atomic():
        lock(task)
        require(actor, None, task)
        old = entry_to_correct(own_thread(task, now=now), entry)
        if not may_edit(actor, task, old):
            raise PermissionRefused(_("Permission denied"), code="permission_denied")
        require_shown(old)
        replaced = old.pk
        new = put_in_place(old, actor=actor, body=body, title=title, format=format, is_guarded=False, now=now)
        if new is None:
            return old
        log("task_entry_edited", task, actor, entry_id=new.pk, replaced=replaced)
    return new


def may_edit(actor: Actor, task: Task, entry: ThreadEntry) -> bool:
    """Whether the agent, who sees the task, may change the entry: his own one, as manager, or by `thread.edit`."""
    return may_correct(actor, entry, task.dept, holds_permission=lambda: can(actor, RolePermission.THREAD_EDIT, task))

"""Notes, updates and incoming messages of tasks (osticket/tasks.md §4.7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import DomainError, ValidationFailed
from helpdesk.legacy.retrying import retried
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser
from helpdesk.people.permissions import RolePermission
from helpdesk.threads.bodies import HTML, NewFile, is_empty, stored_files
from helpdesk.threads.constants import EntryFlag, EntryType
from helpdesk.threads.html import clean_html
from helpdesk.threads.mails import MailFacts, keep_mail
from helpdesk.threads.models import ThreadEntry
from helpdesk.threads.services import NOBODY, SYSTEM_POSTER, NewEntry, Recipients, delete_drafts, post_entry
from tasks.models import Task
from tasks.notices import activity_alert, collaborator_notices
from tasks.policies import require
from tasks.services.common import lock, log, queue, send_after_commit
from tasks.services.status import NOTE_ACTIVITY, close_task, reopen_task
from tasks.services.ticket_notes import lock_with_ticket
from tasks.signals import task_entry_posted
from tasks.states import find_thread, is_open, own_thread
from tickets.services.common import poster_of

UPDATE_ACTIVITY = "New Response"


class TaskState(StrEnum):
    """What a text may make of its task."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True)
class TaskPosted:
    """What was posted. `status_refusal` says why the wanted status was not set; the text is posted nevertheless."""

    entry: ThreadEntry
    status_refusal: DomainError | None = None


@retried
def post_task_note(
    task: Task,
    *,
    actor: Actor,
    body: str,
    title: str = "",
    format: str = HTML,  # noqa: A002 -- the column
    files: Sequence[NewFile] = (),
    status: TaskState | None = None,
    now: datetime | None = None,
) -> TaskPosted:
    """Write an internal note; everybody who sees the task may. Raises ValidationFailed for an empty text."""
    now = now or timezone.now()
    _require_text(body, format, _("Note content is required"))
    files = stored_files(files)
    with transaction.atomic():
        _lock(task, status)
        require(actor, None, task)
        new = NewEntry(
            type=EntryType.NOTE,
            body=body,
            format=format,
            title=title or None,
            agent=actor.agent,
            poster=poster_of(actor),
            files=files,
        )
        return _posted(task, new, NOTE_ACTIVITY, actor=actor, status=status, now=now)


@retried
def post_task_update(
    task: Task,
    *,
    actor: Actor,
    body: str,
    format: str = HTML,  # noqa: A002 -- the column
    files: Sequence[NewFile] = (),
    status: TaskState | None = None,
    tell_collaborators: bool = True,
    now: datetime | None = None,
) -> TaskPosted:
    """Write an update, which the active collaborators get by mail if they shall be told.

    Nobody becomes the task's agent by it. Raises ValidationFailed for an empty text, PermissionRefused without
    `task.reply`.
    """
    now = now or timezone.now()
    _require_text(body, format, _("Response content is required"))
    files = stored_files(files)
    with transaction.atomic():
        _lock(task, status)
        require(actor, RolePermission.TASK_REPLY, task)
        new = NewEntry(
            type=EntryType.RESPONSE,
            body=body,
            format=format,
            agent=actor.agent,
            poster=poster_of(actor),
            parent=_last_message(task),
            ip_address=actor.ip_address,
            files=files,
        )
        posted = _posted(task, new, UPDATE_ACTIVITY, actor=actor, status=status, now=now)
        if tell_collaborators:
            queue(task, collaborator_notices(task, posted.entry), now=now)
    return posted


@retried
def post_task_message(
    task: Task,
    *,
    actor: Actor,
    body: str,
    user: EndUser | None = None,
    poster: str = "",
    title: str | None = None,
    format: str = HTML,  # noqa: A002 -- the column
    files: Sequence[NewFile] = (),
    source: str = "",
    flags: EntryFlag = EntryFlag(0),  # noqa: B008 -- an immutable number
    parent: ThreadEntry | None = None,
    recipients: Recipients = NOBODY,
    mail: MailFacts | None = None,
    now: datetime | None = None,
) -> ThreadEntry:
    """Append what came by mail, of an end user or of an agent, without alerts; whether it may come in was decided."""
    now = now or timezone.now()
    files = stored_files(files)
    with transaction.atomic():
        lock(task)
        new = NewEntry(
            type=EntryType.MESSAGE,
            body=body,
            format=format,
            title=title,
            agent=actor.agent,
            user=user,
            poster=poster or (user.name if user else poster_of(actor) or SYSTEM_POSTER),
            parent=parent,
            source=source,
            flags=flags,
            recipients=recipients,
            files=files,
        )
        entry = _post(task, new, actor=actor, now=now)
        keep_mail(entry, mail)
    return entry


def _lock(task: Task, status: TaskState | None) -> None:
    """A change of status writes on the ticket, which must be locked first."""
    if status is None:
        lock(task)
    else:
        lock_with_ticket(task)


def _posted(
    task: Task, new: NewEntry, activity: str, *, actor: Actor, status: TaskState | None, now: datetime
) -> TaskPosted:
    assigned_before = task.staff
    entry = _post(task, new, actor=actor, now=now)
    refusal = _set_status(task, actor, status, now)
    queue(task, activity_alert(task, entry, activity=activity, assigned_before=assigned_before), now=now)
    if actor.agent is not None:
        kind = "note" if new.type is EntryType.NOTE else "response"
        delete_drafts(f"task.{kind}.{task.pk}", owner_id=actor.agent.pk)
    return TaskPosted(entry, refusal)


def _post(task: Task, new: NewEntry, *, actor: Actor, now: datetime) -> ThreadEntry:
    entry = post_entry(own_thread(task, now=now), new, now=now)
    log("task_entry_posted", task, actor, entry_id=entry.pk, entry_type=str(new.type))
    send_after_commit(task_entry_posted, task=task, actor=actor, entry=entry)
    return entry


def _set_status(task: Task, actor: Actor, status: TaskState | None, now: datetime) -> DomainError | None:
    """Set the status that came with a text, or say why not; a refusal does not take the text back."""
    if status is None or (status is TaskState.OPEN) == is_open(task):
        return None
    try:
        with transaction.atomic():
            if status is TaskState.OPEN:
                reopen_task(task, actor=actor, now=now)
            else:
                close_task(task, actor=actor, now=now)
    except DomainError as refusal:
        lock(task)
        return refusal
    return None


def _last_message(task: Task) -> ThreadEntry | None:
    thread = find_thread(task)
    if thread is None:
        return None
    messages = thread.entries.alias(hidden=F("flags").bitand(int(EntryFlag.HIDDEN)))
    return messages.filter(type=EntryType.MESSAGE, hidden=0).order_by("-id").first()


def _require_text(body: str, body_format: str, message: object) -> None:
    text = clean_html(body).html if body_format == HTML else body
    if is_empty(text, body_format):
        raise ValidationFailed(str(message), code="text_required", field="body")

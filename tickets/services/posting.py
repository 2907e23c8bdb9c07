"""Messages, replies and internal notes (osticket/tickets.md §10)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.legacy.errors import Conflict, DomainError, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentFlag
from helpdesk.people.models import EndUser
from helpdesk.threads.bodies import HTML, NewFile, is_empty
from helpdesk.threads.constants import CollaboratorFlag, EntryFlag, EntryType
from helpdesk.threads.html import clean_html
from helpdesk.threads.models import Collaborator, ThreadEntry
from helpdesk.threads.services import (
    NOBODY,
    NewEntry,
    Recipients,
    add_collaborator,
    delete_drafts,
    post_entry,
)
from tickets.models import Ticket, TicketStatus
from tickets.policies import require
from tickets.services.common import lock, log, own_thread, poster_of, record, save_changes
from tickets.services.status import change_status, may_reopen_by_itself, reopen_closed
from tickets.signals import entry_posted, send_after_commit
from tickets.states import is_merged_child, is_open, thread_of


class ReplyTo(StrEnum):
    """Who gets a reply by mail."""

    ALL = "all"
    USER = "user"
    NOBODY = "none"


@dataclass(frozen=True)
class Posted:
    """What was posted. `status_refusal` says why the wanted status was not set; the text is posted nevertheless."""

    entry: ThreadEntry
    status_refusal: DomainError | None = None


def post_reply(
    ticket: Ticket,
    *,
    actor: Actor,
    body: str,
    format: str = HTML,  # noqa: A002 -- the column
    files: Sequence[NewFile] = (),
    reply_to: ReplyTo = ReplyTo.ALL,
    cc: Collection[int] | None = None,
    status: TicketStatus | None = None,
    now: datetime | None = None,
) -> Posted:
    """Answer the ticket: the entry with its recipients, the wanted status, and the ticket for the agent who has it.

    `cc` limits the collaborators of a reply to all, by user id. An open ticket without agent goes to the acting agent,
    unless settings or department say no. `lastupdate` stays. Raises ValidationFailed for an empty text, Conflict for a
    merged ticket, PermissionRefused without `ticket.reply`. Source: §10.3, steps 1 to 5.
    """
    now = now or timezone.now()
    _require_text(body, format, _("Response content is required"))
    with transaction.atomic():
        lock(ticket)
        require(actor, "ticket.reply", ticket)
        if is_merged_child(ticket):
            raise Conflict(
                _("Child Tickets do not allow the end user or agent to reply."), code="merged_ticket", field="body"
            )
        entry = _post(
            ticket,
            NewEntry(
                type=EntryType.RESPONSE,
                body=body,
                format=format,
                agent=actor.agent,
                poster=poster_of(actor),
                parent=last_message(ticket),
                ip_address=actor.ip_address,
                recipients=recipients_of(ticket, reply_to, only=cc),
                files=files,
            ),
            actor=actor,
            now=now,
        )
        refusal = _set_status(ticket, actor, status, now)
        _claim_by_reply(ticket, actor, now)
        save_changes(ticket, now=now, isanswered=True)
        if actor.agent is not None:
            delete_drafts(f"ticket.response.{ticket.pk}", owner_id=actor.agent.pk)
    return Posted(entry, refusal)


def post_note(
    ticket: Ticket,
    *,
    actor: Actor,
    body: str,
    title: str = "",
    format: str = HTML,  # noqa: A002 -- the column
    files: Sequence[NewFile] = (),
    status: TicketStatus | None = None,
    now: datetime | None = None,
) -> Posted:
    """Write an internal note, which only agents ever see; everybody who sees the ticket may.

    Raises ValidationFailed for an empty text. Source: §10.4.
    """
    now = now or timezone.now()
    _require_text(body, format, _("Note content is required"))
    with transaction.atomic():
        lock(ticket)
        require(actor, None, ticket)
        entry = _post(
            ticket,
            NewEntry(
                type=EntryType.NOTE,
                body=body,
                format=format,
                title=title or None,
                agent=actor.agent,
                poster=poster_of(actor),
                ip_address=actor.ip_address,
                files=files,
            ),
            actor=actor,
            now=now,
        )
        refusal = _set_status(ticket, actor, status, now)
        if actor.agent is not None:
            delete_drafts(f"ticket.note.{ticket.pk}", owner_id=actor.agent.pk)
    return Posted(entry, refusal)


def post_message(
    ticket: Ticket,
    *,
    actor: Actor,
    user: EndUser,
    body: str,
    title: str | None = None,
    format: str = HTML,  # noqa: A002 -- the column
    files: Sequence[NewFile] = (),
    source: str = "",
    flags: EntryFlag = EntryFlag(0),  # noqa: B008 -- an immutable number
    reopen: bool = True,
    now: datetime | None = None,
) -> ThreadEntry:
    """Post what an end user wrote; who may write on the ticket has been decided by the caller.

    A message on a merged ticket goes to its parent. Somebody else than the owner becomes a collaborator. The ticket is
    unanswered again, and opens again when its status allows it (and `reopen` does: automatic answers do not). Raises
    ValidationFailed for an empty text. Source: §10.1, steps 1 to 7.
    """
    now = now or timezone.now()
    _require_text(body, format, _("Message required"))
    with transaction.atomic():
        lock(ticket)
        if is_merged_child(ticket) and ticket.parent is not None:
            ticket = lock(ticket.parent)
        if user.pk != ticket.user_id:
            _join(ticket, user, actor, now)
        entry = _post(
            ticket,
            NewEntry(
                type=EntryType.MESSAGE,
                body=body,
                format=format,
                title=title,
                user=user,
                poster=user.name,
                source=source,
                flags=flags,
                ip_address=actor.ip_address,
                recipients=recipients_of(ticket, ReplyTo.ALL, without=user),
                files=files,
            ),
            actor=actor,
            now=now,
        )
        save_changes(ticket, now=now, isanswered=False, lastupdate=now)
        if reopen and may_reopen_by_itself(ticket):
            reopen_closed(ticket, actor=actor, now=now)
        delete_drafts(f"ticket.client.{ticket.pk}", owner_id=user.pk)
    return entry


def last_message(ticket: Ticket) -> ThreadEntry | None:
    """Give the newest message of the thread."""
    messages = thread_of(ticket).entries.alias(hidden=F("flags").bitand(int(EntryFlag.HIDDEN)))
    return messages.filter(type=EntryType.MESSAGE, hidden=0).order_by("-id").first()


def recipients_of(
    ticket: Ticket, reply_to: ReplyTo, *, only: Collection[int] | None = None, without: EndUser | None = None
) -> Recipients:
    """Give the owner and, for all, the active collaborators, as an entry stores them (§1.8).

    `only` limits the collaborators by user id, `without` leaves out the writer.
    """
    if reply_to is ReplyTo.NOBODY:
        return NOBODY
    owner = ticket.user if ticket.user is not None and ticket.user != without else None
    to = {owner.pk: _mailbox(owner)} if owner else {}
    if reply_to is ReplyTo.USER:
        return Recipients(to)
    active = [row for row in _active_collaborators(ticket) if only is None or row.user_id in only]
    return Recipients(to, {row.pk: _mailbox(row.user) for row in active if row.user and row.user != without})


def _post(ticket: Ticket, new: NewEntry, *, actor: Actor, now: datetime) -> ThreadEntry:
    entry = post_entry(own_thread(ticket, now=now), new, now=now)
    log("entry_posted", ticket, actor, entry_id=entry.pk, entry_type=str(new.type))
    send_after_commit(entry_posted, ticket=ticket, actor=actor, entry=entry)
    return entry


def _require_text(body: str, body_format: str, message: object) -> None:
    text = clean_html(body).html if body_format == HTML else body
    if is_empty(text, body_format):
        raise ValidationFailed(str(message), code="text_required", field="body")


def _active_collaborators(ticket: Ticket) -> list[Collaborator]:
    rows = thread_of(ticket).collaborators.select_related("user__default_email").order_by("id")
    return [row for row in rows if row.flags & CollaboratorFlag.ACTIVE]


def _mailbox(user: EndUser) -> str:
    address = user.default_email.address if user.default_email else ""
    return f"{user.name} <{address}>"


def _set_status(ticket: Ticket, actor: Actor, status: TicketStatus | None, now: datetime) -> DomainError | None:
    """Set the status that came with a text, or say why not; a refusal does not take the text back."""
    if status is None or status.pk == ticket.status_id:
        return None
    try:
        with transaction.atomic():
            change_status(ticket, actor=actor, status=status, now=now)
    except DomainError as refusal:
        return refusal
    return None


def _claim_by_reply(ticket: Ticket, actor: Actor, now: datetime) -> None:
    """Give an open ticket without agent to the one who answered, without event (§7.4)."""
    if actor.agent is None or ticket.staff_id is not None or not is_open(ticket):
        return
    is_off = ticket.dept is not None and ticket.dept.flags & DepartmentFlag.DISABLE_AUTO_CLAIM
    if configuration.current().boolean("auto_claim_tickets") and not is_off:
        save_changes(ticket, now=now, staff=actor.agent)


def _join(ticket: Ticket, user: EndUser, actor: Actor, now: datetime) -> None:
    """Make the writer a collaborator, with the event, unless he is one."""
    thread = own_thread(ticket, now=now)
    if thread.collaborators.filter(user=user).exists():
        return
    add_collaborator(thread, user, now=now)
    record(ticket, "collab", actor=actor, now=now, data={"add": {str(user.pk): {"name": user.name}}})

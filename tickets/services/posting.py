"""Messages, replies and internal notes (osticket/tickets.md §10)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from filters.ban_list import is_banned
from helpdesk import configuration
from helpdesk.legacy.errors import Conflict, DomainError, NotFound, PermissionRefused, ValidationFailed
from helpdesk.legacy.retrying import retried
from helpdesk.mail.budgets import within_budget
from helpdesk.people.actor import Actor, ActorKind
from helpdesk.people.constants import DepartmentFlag
from helpdesk.people.models import Agent, EndUser
from helpdesk.people.services import find_or_create_user
from helpdesk.threads.bodies import HTML, NewFile, is_empty, stored_files
from helpdesk.threads.constants import CollaboratorFlag, EntryFlag, EntryType
from helpdesk.threads.html import clean_html
from helpdesk.threads.mails import MailFacts, keep_mail
from helpdesk.threads.models import Collaborator, ThreadEntry
from helpdesk.threads.services import (
    NOBODY,
    SYSTEM_POSTER,
    NewEntry,
    Recipients,
    delete_drafts,
    post_entry,
)
from tickets.constants import TicketState
from tickets.models import Ticket, TicketStatus
from tickets.names import address_of, full_name
from tickets.new_ticket import Addressee, ReplyTo, Signature
from tickets.notices import activity_alert, message_mails, reply_mails
from tickets.policies import UserAction, require, require_user
from tickets.services.collaborators import join, join_from_mail, name_in_reply
from tickets.services.common import lock, log, own_thread, poster_of, queue, save_changes
from tickets.services.locks import check_lock, end_lock
from tickets.services.search_index import index_entry
from tickets.services.status import change_status, may_reopen_by_itself, reopen_closed
from tickets.signals import entry_posted, send_after_commit
from tickets.states import is_merged_child, is_open, thread_of

MAIL = "Email"
"""`thread_entry.source` of what came by mail."""


@dataclass(frozen=True)
class Posted:
    """What was posted. `status_refusal` says why the wanted status was not set; the text is posted nevertheless."""

    entry: ThreadEntry
    status_refusal: DomainError | None = None


@retried
def post_reply(
    ticket: Ticket,
    *,
    actor: Actor,
    body: str,
    format: str = HTML,  # noqa: A002 -- the column
    files: Sequence[NewFile] = (),
    reply_to: ReplyTo = ReplyTo.ALL,
    cc: Collection[int] | None = None,
    collaborators: Collection[EndUser] | None = None,
    signature: Signature = Signature.NONE,
    sender: int | None = None,
    source: str = "",
    alert: bool = True,
    status: TicketStatus | None = None,
    lock_code: str | None = None,
    parent: ThreadEntry | None = None,
    mail: MailFacts | None = None,
    now: datetime | None = None,
) -> Posted:
    """Answer the ticket: the entry with its recipients, the wanted status, and the ticket for the agent who has it.

    `cc` limits the collaborators of a reply to all, by user id. With `collaborators` exactly these users take part from
    now on: new ones come, the others stay without mail. `signature` stands below the mail, `sender` is the id of the
    address to write from; without `alert` no mail goes out. An open ticket without agent goes to the acting agent,
    unless settings or department say no. `lastupdate` stays. `lock_code` is that of the agent's lock, which ends; None
    is for those who need none (programs).

    Raises ValidationFailed for an empty text, PermissionRefused without `ticket.reply`, Conflict for a merged ticket,
    for an owner on the ban list (`owner_banned`) and without a valid lock (`tickets.services.locks`). Source: §10.3.
    """
    now = now or timezone.now()
    _require_text(body, format, _("Response content is required"))
    files = stored_files(files)
    with transaction.atomic():
        lock(ticket)
        require(actor, "ticket.reply", ticket)
        check_lock(ticket, actor=actor, code=lock_code, now=now)
        _check_answerable(ticket)
        if collaborators is not None:
            name_in_reply(ticket, collaborators, actor=actor, now=now)
        recipients, assigned_before = recipients_of(ticket, reply_to, only=cc), ticket.staff
        entry = _post(
            ticket,
            NewEntry(
                type=EntryType.RESPONSE,
                body=body,
                format=format,
                agent=actor.agent,
                poster=poster_of(actor),
                parent=parent or last_message(ticket),
                ip_address=actor.ip_address,
                source=source,
                recipients=recipients,
                files=files,
            ),
            actor=actor,
            now=now,
        )
        keep_mail(entry, mail)
        refusal = _set_status(ticket, actor, status, now)
        _claim_by_reply(ticket, actor, now)
        save_changes(ticket, now=now, isanswered=True)
        if alert:
            alerts = activity_alert(ticket, entry, assigned_before=assigned_before)
            is_sent = len(recipients) > 0
            mails = reply_mails(ticket, entry, recipients, signature=signature, sender=sender) if is_sent else []
            queue(ticket, [*alerts, *mails], now=now)
        _clean_up(ticket, actor, "response", lock_code, now)
    return Posted(entry, refusal)


@retried
def post_note(
    ticket: Ticket,
    *,
    actor: Actor,
    body: str,
    title: str = "",
    format: str = HTML,  # noqa: A002 -- the column
    files: Sequence[NewFile] = (),
    status: TicketStatus | None = None,
    lock_code: str | None = None,
    author: Agent | None = None,
    parent: ThreadEntry | None = None,
    recipients: Recipients = NOBODY,
    mail: MailFacts | None = None,
    tell: bool = True,
    now: datetime | None = None,
) -> Posted:
    """Write an internal note, which only agents ever see; everybody who sees the ticket may.

    `lock_code` is that of the agent's lock, which ends; None is for those who need none. With `author` the system posts
    what this agent has sent by `mail`, in answer to `parent`. Without `tell` no agent gets an alert. Raises
    ValidationFailed for an empty text, Conflict without a valid lock. Source: §10.4.
    """
    now = now or timezone.now()
    _require_text(body, format, _("Note content is required"))
    files = stored_files(files)
    with transaction.atomic():
        lock(ticket)
        require(actor, None, ticket)
        check_lock(ticket, actor=actor, code=lock_code, now=now)
        assigned_before = ticket.staff
        entry = _post(
            ticket,
            NewEntry(
                type=EntryType.NOTE,
                body=body,
                format=format,
                title=title or None,
                agent=author or actor.agent,
                poster=full_name(author) if author is not None else poster_of(actor),
                source=MAIL if mail is not None else "",
                ip_address=actor.ip_address,
                parent=parent,
                recipients=recipients,
                files=files,
            ),
            actor=actor,
            now=now,
        )
        keep_mail(entry, mail)
        refusal = _set_status(ticket, actor, status, now)
        if tell:
            queue(ticket, activity_alert(ticket, entry, assigned_before=assigned_before), now=now)
        _clean_up(ticket, actor, "note", lock_code, now)
    return Posted(entry, refusal)


@retried
def post_message(
    ticket: Ticket,
    *,
    actor: Actor,
    user: EndUser | None,
    body: str,
    title: str | None = None,
    poster: str = "",
    format: str = HTML,  # noqa: A002 -- the column
    files: Sequence[NewFile] = (),
    source: str = "",
    flags: EntryFlag = EntryFlag(0),  # noqa: B008 -- an immutable number
    reopen: bool = True,
    recipients: Recipients | None = None,
    parent: ThreadEntry | None = None,
    mail: MailFacts | None = None,
    addressed: Sequence[Addressee] = (),
    tell: bool = True,
    now: datetime | None = None,
) -> ThreadEntry:
    """Post what an end user wrote: he himself on a ticket that he sees, an agent on one that he sees, or the system.

    Whether a mail may come in has been decided by its gateway, which acts as the system or as the program that sent it.
    A message on a merged ticket goes to its parent. Somebody else than the owner becomes a collaborator; without user
    it is the system's, under the name `poster`. The ticket is unanswered again, and opens again when its status allows
    it (and `reopen` does: automatic answers do not). `recipients`, `parent` and `mail` are what a mail says of itself;
    mails may be empty. Without `tell` nobody gets a mail because of it. Raises NotFound for a ticket that the actor
    does not see, PermissionRefused for writing in the name of another user, ValidationFailed for an empty text. Source:
    §10.1, steps 1 to 7.
    """
    now = now or timezone.now()
    if mail is None:
        _require_text(body, format, _("Message required"))
    _require_writer(actor, user, ticket)
    files = stored_files(files)
    with transaction.atomic():
        lock(ticket)
        if is_merged_child(ticket) and ticket.parent is not None:
            ticket = lock(ticket.parent)
        if user is not None and user.pk != ticket.user_id:
            join(ticket, user, actor=actor, now=now)
        entry = _post(
            ticket,
            NewEntry(
                type=EntryType.MESSAGE,
                body=body,
                format=format,
                title=title,
                user=user,
                poster=poster or (user.name if user else SYSTEM_POSTER),
                source=source,
                flags=flags,
                parent=parent,
                ip_address="" if mail else actor.ip_address,
                recipients=recipients_of(ticket, ReplyTo.ALL, without=user) if recipients is None else recipients,
                files=files,
            ),
            actor=actor,
            now=now,
        )
        join_addressed(ticket, addressed, writer=user, actor=actor, now=now)
        save_changes(ticket, now=now, isanswered=False, lastupdate=now)
        if reopen and may_reopen_by_itself(ticket):
            reopen_closed(ticket, actor=actor, now=now)
        if user is not None:
            delete_drafts(f"ticket.client.{ticket.pk}", owner_id=user.pk)
        keep_mail(entry, mail)
        index_entry(entry, body, ticket.pk)
        if reopen and tell:  # nobody is told of what a program answered
            mails = message_mails(ticket, entry, by_mail=mail is not None or bool(addressed))
            queue(ticket, within_budget(mails, about=f"ticket {ticket.pk}") if mail else mails, now=now)
    return entry


def _require_writer(actor: Actor, user: EndUser | None, ticket: Ticket) -> None:
    """Raise unless the actor may post a message of this user on the ticket."""
    if actor.kind is ActorKind.AGENT:
        require(actor, None, ticket)
    if actor.kind is not ActorKind.END_USER:
        return
    if actor.user is None:
        raise NotFound(_("Unknown or invalid ticket ID."), code="ticket_not_found")
    require_user(actor.user, UserAction.WRITE, ticket)
    if user is None or user.pk != actor.user.pk:
        raise PermissionRefused(_("Permission denied"), code="message_of_another")


def join_addressed(
    ticket: Ticket, addressed: Sequence[Addressee], *, writer: EndUser | None, actor: Actor, now: datetime
) -> None:
    """Make users of the other recipients of a mail, and collaborators of them (§10.1, step 5).

    What stands in a header but is no address of anybody is passed over: the message counts.
    """
    if not addressed or not configuration.current().boolean("add_email_collabs"):
        return
    users: list[tuple[EndUser, str]] = []
    for one in addressed:
        try:
            users.append((find_or_create_user(one.address, one.name, actor=Actor.system(), now=now), one.header))
        except ValidationFailed as refusal:
            log("recipient_passed_over", ticket, actor, reason=refusal.code)
    namer = replace(Actor.for_user(writer), ip_address=actor.ip_address) if writer is not None else actor
    join_from_mail(ticket, users, actor=namer, now=now)


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


def _check_answerable(ticket: Ticket) -> None:
    if is_merged_child(ticket):
        raise Conflict(
            _("Child Tickets do not allow the end user or agent to reply."), code="merged_ticket", field="body"
        )
    if ticket.user is not None and is_banned(address_of(ticket.user)):
        raise Conflict(_("Email is in banlist. Must be removed to reply."), code="owner_banned", field="reply_to")


def _clean_up(ticket: Ticket, actor: Actor, kind: str, lock_code: str | None, now: datetime) -> None:
    """End the agent's lock and delete the draft of what was posted."""
    if lock_code is not None:
        end_lock(ticket, now=now)
    if actor.agent is not None:
        delete_drafts(f"ticket.{kind}.{ticket.pk}", owner_id=actor.agent.pk)


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
    if status.state == TicketState.DELETED:  # a text on a ticket that is deleted with it is no answer
        return ValidationFailed(_("Unknown or invalid status"), code="status_invalid", field="status")
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

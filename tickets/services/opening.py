"""Opening a ticket for somebody else, as agents do: with answer, note, status and notice (osticket/tickets.md §6.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.legacy.errors import DomainError, PermissionRefused
from helpdesk.mail.outgoing import NewMail, Recipient, RecipientKind, queue_mails
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor, ActorKind
from helpdesk.people.permissions import RolePermission
from helpdesk.people.services import find_or_create_user
from helpdesk.threads.bodies import HTML, NewFile, stored_files
from helpdesk.threads.constants import CollaboratorFlag
from helpdesk.threads.models import ThreadEntry
from helpdesk.threads.services import delete_drafts
from tickets.models import Ticket, TicketStatus
from tickets.names import address_of
from tickets.new_ticket import NewTicket, ReplyTo, Signature
from tickets.notices import department_sender, user_recipient
from tickets.policies import can
from tickets.services.creation import prepare, write_prepared
from tickets.services.posting import post_note, post_reply
from tickets.services.request_keys import known_ticket
from tickets.services.status import change_status
from tickets.states import thread_of
from tickets.text_variables import with_values

NOTE_TITLE = "New Ticket"


@dataclass(frozen=True)
class Opened:
    """The ticket, and why something that was wanted with it could not be done: the ticket is there nevertheless."""

    ticket: Ticket
    refusals: Sequence[DomainError] = ()


def open_for_user(
    new: NewTicket,
    *,
    actor: Actor,
    collaborators: Sequence[str] = (),
    response: str = "",
    response_files: Sequence[NewFile] = (),
    signature: Signature = Signature.NONE,
    status: TicketStatus | None = None,
    note: str = "",
    now: datetime | None = None,
) -> Opened:
    """Open a ticket on behalf of a person; `response` and `note` are HTML, `collaborators` addresses, new ones too.

    `status` is set after the response; with an assignment the note goes with that. Variables (`%{ticket.number}`) in
    the response are replaced. All of it is one transaction; a status that cannot be set is a refusal. Raises what
    `create_ticket` raises, PermissionRefused for an agent without `ticket.create`, and for an assignment or a response
    that the agent may not make.
    """
    now = now or timezone.now()
    earlier = known_ticket(new.key, actor)
    if earlier is not None:
        return Opened(earlier)
    _check_may_open(new, actor)
    _check_assignment(new, actor)
    new = replace(new, assign_comments=note)
    new, response_files = replace(new, files=stored_files(new.files)), stored_files(response_files)
    prepared = prepare(new, actor=actor, now=now)
    refusals: list[DomainError] = []
    with transaction.atomic():
        ccs = [find_or_create_user(address, actor=actor, now=now) for address in collaborators]
        ticket, is_new = write_prepared(prepared.with_collaborators(ccs), actor=actor, now=now)
        if not is_new:
            return Opened(ticket)
        answer = _respond(ticket, actor, response, response_files, new.reply_to, now)
        if note.strip() and new.assign_to is None:
            post_note(ticket, actor=actor, title=NOTE_TITLE, body=note, format=HTML, now=now)
        if status is not None and status.pk != ticket.status_id:
            try:
                with transaction.atomic():
                    change_status(ticket, actor=actor, status=status, now=now)
            except DomainError as refusal:
                refusals.append(refusal)
        _notify(ticket, new, answer, signature, now)
        if actor.agent is not None:
            delete_drafts("ticket.staff%", owner_id=actor.agent.pk)
    return Opened(ticket, refusals)


def _check_may_open(new: NewTicket, actor: Actor) -> None:
    """Agents open tickets who may do so somewhere, and in the department where one was chosen (§3.4)."""
    if actor.kind is ActorKind.END_USER:
        raise PermissionRefused(_("Permission denied"), code="permission_denied")
    if actor.agent is None:
        return
    access, key = access_of(actor.agent), RolePermission.TICKET_CREATE.value
    is_allowed = access.has_permission_anywhere(key)
    if is_allowed and new.department is not None:
        is_allowed = key in access.permissions_in(new.department.pk)
    if not is_allowed:
        message = _("You do not have permission to create tickets. Contact admin for such access")
        raise PermissionRefused(message, code="permission_denied")


def _check_assignment(new: NewTicket, actor: Actor) -> None:
    """Agents assign where they hold the permission, without department where they hold it anywhere."""
    if new.assign_to is None or actor.agent is None:
        return
    access = access_of(actor.agent)
    if new.department is not None:
        is_allowed = "ticket.assign" in access.permissions_in(new.department.pk)
    else:
        is_allowed = access.has_permission_anywhere("ticket.assign")
    if not is_allowed:
        message = _("Action Denied. You are not allowed to assign/reassign tickets.")
        raise PermissionRefused(message, code="permission_denied", field="assignee")


def _respond(
    ticket: Ticket,
    actor: Actor,
    response: str,
    files: Sequence[NewFile],
    reply_to: ReplyTo | None,
    now: datetime,
) -> ThreadEntry | None:
    """Post the answer. osTicket drops that of an agent who may not reply; here the agent is told."""
    if not response.strip():
        return None
    if not can(actor, "ticket.reply", ticket):
        message = _("You may not reply to tickets of this department. Leave the response empty.")
        raise PermissionRefused(message, code="permission_denied", field="response")
    body = with_values(response, ticket)
    told = reply_to or ReplyTo.ALL
    is_in_notice = configuration.current().boolean("ticket_notice_active")
    return post_reply(
        ticket,
        actor=actor,
        body=body,
        format=HTML,
        files=files,
        reply_to=told,
        source=ticket.source,
        alert=not is_in_notice,
        now=now,
    ).entry


def _notify(ticket: Ticket, new: NewTicket, answer: ThreadEntry | None, signature: Signature, now: datetime) -> None:
    """Tell owner and collaborators that there is a ticket (§6.3 step 7)."""
    is_wanted = new.reply_to is not ReplyTo.NOBODY and configuration.current().boolean("ticket_notice_active")
    if ticket.user is None or not is_wanted or not address_of(ticket.user):
        return
    rows = thread_of(ticket).collaborators.select_related("user__default_email").order_by("id")
    others = [row for row in rows if row.flags & CollaboratorFlag.ACTIVE and row.user is not None]
    copies = [
        Recipient(RecipientKind.COLLABORATOR, address_of(row.user), row.user.name, row.pk)
        for row in others
        if row.user is not None and new.reply_to is not ReplyTo.USER
    ]
    context = {
        "ticket": ticket.pk,
        "response": answer.pk if answer is not None else None,
        "signature": str(signature),
    }
    mail = NewMail(
        [user_recipient(ticket.user)],
        f"ticket {ticket.pk}",
        "ticket.notice",
        department_sender(ticket.dept),
        cc=copies,
        context=context,
    )
    queue_mails([mail], object_type="ticket", object_id=ticket.pk, now=now)

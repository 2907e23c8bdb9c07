"""What is looked at before a ticket is opened: what is missing or wrong, and who is not welcome.

Nothing is written here but lines of the system log, which stay although the ticket is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

from filters.ban_list import REFUSAL
from helpdesk import configuration
from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import type_of
from helpdesk.forms.models import FormField
from helpdesk.legacy.errors import Conflict, PermissionRefused, ValidationFailed
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.permissions import AgentPermission
from helpdesk.people.policies import has_agent_permission
from helpdesk.people.selectors import organization_of_address
from helpdesk.people.validation import checked_address
from helpdesk.threads.bodies import HTML, is_empty
from helpdesk.threads.html import clean_html
from tickets.constants import TicketState
from tickets.filled_forms import (
    Asked,
    FilledForm,
    Part,
    Problem,
    TicketInvalid,
    form_of_user,
    forms_of_ticket,
    is_required,
    missing,
    problems_of,
)
from tickets.intake import by_id, intake
from tickets.models import HelpTopic, Ticket
from tickets.names import address_of
from tickets.new_ticket import NewTicket, Origin

ASKED = {
    Origin.WEB: Asked.END_USER,
    Origin.STAFF: Asked.AGENT,
    Origin.API: Asked.PROGRAM,
    Origin.EMAIL: Asked.NOBODY,
}


def check_request(new: NewTicket, actor: Actor, now: datetime) -> None:
    """Check what each origin requires before anything else, and what agents may do (§6.1 steps 1 and 2).

    Raises ValidationFailed, PermissionRefused.
    """
    _check_origin(new, now)
    if new.origin is Origin.STAFF:
        _check_agent(new, actor)


def filled_forms(new: NewTicket, topic: HelpTopic | None) -> list[FilledForm]:
    """Give the forms of a ticket with this topic, filled in with what was submitted."""
    return forms_of_ticket(topic, _answers(new))


def check_forms(new: NewTicket, filled: list[FilledForm]) -> None:
    """Judge the forms and what is known of a new requester (§6.1 steps 5 to 7). Raises TicketInvalid."""
    problems = [*_user_problems(new), *_form_problems(new, filled)]
    if problems:
        raise TicketInvalid(problems)


class Unwelcome(StrEnum):
    """Why somebody cannot open a ticket."""

    STRANGER = "stranger"
    TOO_MANY_OPEN = "too many open tickets"


@dataclass(frozen=True)
class Refusal:
    """Who is unwelcome and why; `limit` is the number of open tickets where that is the reason."""

    reason: Unwelcome
    address: str
    limit: int = 0


def refuse_unwelcome(new: NewTicket, actor: Actor) -> None:
    """Refuse strangers where only known people may write, and owners of too many open tickets.

    Raises PermissionRefused (`denied`) and Conflict (`too_many_open_tickets`), each with a line of the system log.
    """
    refusal = unwelcome(new)
    if refusal is None:
        return
    address = refusal.address
    if refusal.reason is Unwelcome.STRANGER:
        text = f"Ticket rejected ({address}) (unregistered client)"
        log_system(LogLevel.WARNING, "Ticket denied", text, actor.ip_address)
        raise PermissionRefused(REFUSAL, code="denied", field="email")
    text = f"Max open tickets ({refusal.limit}) reached for {address}"
    log_system(LogLevel.WARNING, f"Ticket denied - {address}", text, actor.ip_address)
    raise Conflict(_("You've reached the maximum open tickets allowed."), code="too_many_open_tickets")


def unwelcome(new: NewTicket) -> Refusal | None:
    """Say why the sender of a ticket is not welcome, None for who is; writes nothing.

    Agents are not asked: they know whom they open a ticket for.
    """
    address = new.email or address_of(new.user)
    if new.origin is Origin.STAFF or not address:
        return None
    if new.origin is Origin.EMAIL and new.user is None and not _may_strangers_write(address):
        return Refusal(Unwelcome.STRANGER, address)
    limit = open_ticket_limit()
    if limit and new.user is not None and open_tickets_of(new.user.pk) >= limit:
        return Refusal(Unwelcome.TOO_MANY_OPEN, address, limit)
    return None


def open_ticket_limit() -> int:
    """Give how many open tickets an owner may have, 0 for any number."""
    return max(0, configuration.current().integer("max_open_tickets"))


def open_tickets_of(user_id: int) -> int:
    """Count the open tickets of an owner."""
    return Ticket.objects.filter(user_id=user_id, status__state=TicketState.OPEN).count()


def _may_strangers_write(address: str) -> bool:
    is_open_to_all = configuration.current().boolean("accept_unregistered_email")
    return is_open_to_all or organization_of_address(address) is not None


def _answers(new: NewTicket) -> dict[Any, Any]:
    """Give what was submitted under one roof; the priority by its row, which spares a query."""
    answers: dict[Any, Any] = {**new.answers}
    if new.subject or not any(str(key).casefold() == "subject" for key in answers):
        answers["subject"] = new.subject
    if isinstance(answers.get("priority"), int | str):
        answers["priority"] = by_id(intake().priorities, answers["priority"])
    return answers


def _check_origin(new: NewTicket, now: datetime) -> None:
    """Check what each origin requires before anything else."""
    if new.origin is Origin.WEB and new.topic is None:
        raise ValidationFailed(_("Select a Help Topic"), code="topic_required", field="topic")
    if new.origin is Origin.STAFF and new.topic is None:
        raise ValidationFailed(_("Help topic selection is required"), code="topic_required", field="topic")
    if new.origin is Origin.EMAIL and new.mailbox is None:
        raise ValidationFailed(_("Unknown system email"), code="mailbox_required", field="mailbox")
    if new.origin in {Origin.STAFF, Origin.API} and new.source is None:
        raise ValidationFailed(_("Indicate ticket source"), code="source_required", field="source")
    if new.duedate is not None and new.duedate <= now:
        raise ValidationFailed(_("Due date must be in the future"), code="duedate_past", field="duedate")


def _check_agent(new: NewTicket, actor: Actor) -> None:
    if actor.agent is None:
        return
    access = access_of(actor.agent)
    if not access.has_permission_anywhere("ticket.create"):
        raise PermissionRefused(_("You do not have permission to create tickets."), code="permission_denied")
    if new.department is not None and "ticket.create" not in access.permissions_in(new.department.pk):
        raise PermissionRefused(
            _("You do not have permission to create a ticket in this department"),
            code="permission_denied",
            field="department",
        )
    if new.user is None and not has_agent_permission(actor, AgentPermission.USER_CREATE):
        raise PermissionRefused(_("You do not have permission to create users."), code="needs_user_create")


def _user_problems(new: NewTicket) -> list[Problem]:
    """Check what is known of a new requester; osTicket says that it is wrong, never what (§6.1 step 5)."""
    if new.user is not None:
        return []
    try:
        checked_address(new.email)
    except ValidationFailed as refusal:
        return [Problem(Part.USER, "email", str(refusal.message))]
    asked = ASKED[new.origin]
    if asked is Asked.NOBODY:
        return []
    filled = form_of_user({**new.user_answers, "email": new.email, "name": new.name})
    return problems_of(filled, asked, Part.USER) if filled else []


def _form_problems(new: NewTicket, filled: list[FilledForm]) -> list[Problem]:
    """Give what is wrong, the ticket form first, each in the order of its fields."""
    asked = ASKED[new.origin]
    problems: list[Problem] = []
    for one in sorted(filled, key=lambda one: one.form.form.type != EntryObject.TICKET):
        if one.form.form.type == EntryObject.TICKET:
            found = [*problems_of(one, asked, Part.TICKET_FORM), *_message_problems(new, one, asked)]
            problems += sorted(found, key=lambda problem: _place(one, problem))
        else:
            problems += problems_of(one, asked, Part.TOPIC_FORM)
    return problems


def _place(one: FilledForm, problem: Problem) -> int:
    fields = list(one.form.fields)
    return fields.index(problem.form_field) if problem.form_field in fields else len(fields)


def _message_problems(new: NewTicket, one: FilledForm, asked: Asked) -> list[Problem]:
    """Say that the message is missing: to people when nobody would see anything of it, to programs without its key."""
    fields = [field for field in one.form.fields if type_of(field).key == "thread"]
    return [missing(field, Part.TICKET_FORM) for field in fields if _is_message_missing(new, field, asked)]


def _is_message_missing(new: NewTicket, field: FormField, asked: Asked) -> bool:
    if asked is Asked.NOBODY or not is_required(field, asked):
        return False
    if new.message is None or asked is Asked.PROGRAM:
        return new.message is None
    text = clean_html(new.message).html if new.format == HTML else new.message
    return is_empty(text, new.format)

"""Opening tickets (osticket/tickets.md §6.1).

Not done here yet: filters, mails, the due date by SLA (`est_duedate` stays empty), and the checks of form fields other
than subject and message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.models import Form
from helpdesk.forms.selectors import disabled_field_ids, form_for
from helpdesk.forms.services import save_answers
from helpdesk.legacy.errors import Conflict, DomainError, PermissionRefused, ValidationFailed
from helpdesk.mail.models import EmailAddress
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.constants import OrganizationFlag, UserFlag
from helpdesk.people.models import Agent, Department, EndUser, Team
from helpdesk.people.services.end_users import find_or_create_user
from helpdesk.threads.bodies import HTML, NewFile, is_empty
from helpdesk.threads.constants import EntryFlag, EntryType, ObjectType
from helpdesk.threads.events import SYSTEM_NAME
from helpdesk.threads.html import clean_html
from helpdesk.threads.models import ThreadEntry
from helpdesk.threads.services import NewEntry, add_collaborator, create_thread, post_entry
from sla.models import SlaPlan
from tickets.constants import TicketSource, TicketState
from tickets.models import HelpTopic, HelpTopicForm, Ticket, TicketPriority, TicketStatus
from tickets.numbers import new_ticket_number
from tickets.services.assignment import assign_automatically
from tickets.services.common import log, record, save_changes
from tickets.services.posting import ReplyTo, recipients_of
from tickets.services.routing import Route, resolve
from tickets.services.status import close_ticket
from tickets.signals import send_after_commit, ticket_created
from tickets.states import is_open, remember_thread, thread_of
from tickets.statuses import default_status


class Origin(StrEnum):
    """By which way a ticket comes in; it decides what is required."""

    WEB = "web"
    STAFF = "staff"
    API = "api"
    EMAIL = "email"


@dataclass(frozen=True)
class NewTicket:
    """What is known of a ticket before it exists. Everything but origin, requester and message may be left out.

    The requester is `user`, or whoever has the address `email` (a user is made when nobody has). `answers` are those of
    the ticket form and of the topic's forms, by variable name or field id. `duedate` counts for tickets that agents
    open, and `reply_to` says whom they tell of it. What is not given comes from mailbox, help topic and settings.
    """

    origin: Origin
    message: str
    subject: str = ""
    format: str = HTML
    user: EndUser | None = None
    email: str = ""
    name: str = ""
    topic: HelpTopic | None = None
    department: Department | None = None
    status: TicketStatus | None = None
    priority: TicketPriority | None = None
    sla: SlaPlan | None = None
    agent: Agent | None = None
    team: Team | None = None
    mailbox: EmailAddress | None = None
    source: TicketSource | None = None
    ip_address: str = ""
    duedate: datetime | None = None
    answers: Mapping[str | int, Any] = field(default_factory=dict)
    files: Sequence[NewFile] = ()
    collaborators: Sequence[EndUser] = ()
    reply_to: ReplyTo | None = None


def create_ticket(new: NewTicket, *, actor: Actor, now: datetime | None = None) -> Ticket:
    """Open a ticket with its thread, first message, answers and events, in one transaction, and give it.

    Raises ValidationFailed for what is missing or wrong, PermissionRefused for agents without `ticket.create`, Conflict
    when the requester has too many open tickets. Source: §6.1.
    """
    now = now or timezone.now()
    _check(new, actor, now)
    with transaction.atomic():
        user = new.user or find_or_create_user(new.email, new.name, actor=_finder(actor))
        new = replace(new, user=user)
        _check_open_tickets(new)
        route = resolve(new)
        subject = new.subject.strip() or full_topic_name(route.topic)
        if not subject:
            raise ValidationFailed(_("Issue Summary is a required field"), code="subject_required", field="subject")
        ticket = _insert(new, route, actor, now)
        _save_forms(ticket, new, route, subject, actor, now)
        _record_creation(ticket, user, actor, now)
        save_changes(ticket, now=now, status=default_status())
        _add_collaborators(ticket, new, actor, now)
        entry = _post_message(ticket, new, subject, actor, now)
        _set_first_status(ticket, new, route.status, actor, now)
        if is_open(ticket):
            assign_automatically(ticket, agent=route.agent, team=route.team, now=now)
        log("ticket_created", ticket, actor, origin=new.origin.value)
        send_after_commit(ticket_created, ticket=ticket, actor=actor, entry=entry)
    return ticket


def full_topic_name(topic: HelpTopic | None) -> str:
    """Give `Parent / Child`, '' without topic; a topic that is its own ancestor ends the list."""
    names: list[str] = []
    seen: set[int] = set()
    while topic is not None and topic.pk not in seen:
        seen.add(topic.pk)
        names.insert(0, topic.topic)
        topic = topic.parent
    return " / ".join(names)


def _check(new: NewTicket, actor: Actor, now: datetime) -> None:
    """Check what each origin requires (§6.1 steps 1, 2 and 6)."""
    if new.origin is Origin.WEB and new.topic is None:
        raise ValidationFailed(_("Select a Help Topic"), code="topic_required", field="topic")
    if new.origin is Origin.STAFF:
        _check_agent(new, actor)
    if new.origin is Origin.EMAIL and new.mailbox is None:
        raise ValidationFailed(_("Unknown system email"), code="mailbox_required", field="mailbox")
    if new.origin is not Origin.WEB and new.origin is not Origin.EMAIL and new.source is None:
        raise ValidationFailed(_("Indicate ticket source"), code="source_required", field="source")
    if new.duedate is not None and new.duedate <= now:
        raise ValidationFailed(_("Due date must be in the future"), code="duedate_past", field="duedate")
    text = clean_html(new.message).html if new.format == HTML else new.message
    if new.origin is not Origin.EMAIL and is_empty(text, new.format):
        raise ValidationFailed(_("Issue Details is a required field"), code="text_required", field="message")


def _check_agent(new: NewTicket, actor: Actor) -> None:
    if new.topic is None:
        raise ValidationFailed(_("Help topic selection is required"), code="topic_required", field="topic")
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


def _finder(actor: Actor) -> Actor:
    """Guests make themselves known by writing: their user row is made by the system."""
    return actor if actor.agent is not None else Actor.system()


def _check_open_tickets(new: NewTicket) -> None:
    limit = configuration.current().integer("max_open_tickets")
    if limit <= 0 or new.origin is Origin.STAFF:
        return
    if Ticket.objects.filter(user=new.user, status__state=TicketState.OPEN).count() >= limit:
        raise Conflict(_("You've reached the maximum open tickets allowed."), code="too_many_open_tickets")


def _insert(new: NewTicket, route: Route, actor: Actor, now: datetime) -> Ticket:
    ticket = Ticket.objects.create(
        number=new_ticket_number(route.topic),
        user=new.user,
        dept=route.department,
        sla=route.sla,
        topic=route.topic,
        email=new.mailbox,
        source=route.source,
        ip_address=new.ip_address or actor.ip_address,
        duedate=new.duedate if new.origin is Origin.STAFF else None,
        lastupdate=now,
        created=now,
        updated=now,
    )
    remember_thread(ticket, create_thread(ObjectType.TICKET, ticket.pk, now=now))
    return ticket


def _save_forms(ticket: Ticket, new: NewTicket, route: Route, subject: str, actor: Actor, now: datetime) -> None:
    """Save the ticket form and the forms of the topic, each at its place in the topic's list (§1.3)."""
    values = {**new.answers, "subject": subject, "priority": route.priority}
    ticket_form = form_for(EntryObject.TICKET)
    forms: list[tuple[Form, int, list[int] | None]] = []
    if route.topic is not None:
        listed = HelpTopicForm.objects.filter(topic=route.topic).select_related("form").order_by("sort", "id")
        for position, row in enumerate(row for row in listed if row.form is not None):
            forms.append((row.form, position, sorted(disabled_field_ids(row.extra))))
    if ticket_form is not None and ticket_form not in [form for form, _position, _disabled in forms]:
        forms.append((ticket_form, 1, None))
    for form, position, disabled in forms:
        save_answers(EntryObject.TICKET, ticket.pk, form, values, actor, sort=position, disabled=disabled, now=now)


def _record_creation(ticket: Ticket, user: EndUser, actor: Actor, now: datetime) -> None:
    """The event names the agent, or else the requester, whose name osTicket writes as SYSTEM (§2)."""
    if actor.agent is not None:
        record(ticket, "created", actor=actor, now=now)
    else:
        record(ticket, "created", actor=Actor.for_user(user), now=now, username=SYSTEM_NAME)


def _add_collaborators(ticket: Ticket, new: NewTicket, actor: Actor, now: datetime) -> None:
    """Add those who were named, then those whom the requester's organization wants on its tickets (§6.1 step 14)."""
    for user in new.collaborators:
        _add_collaborator(ticket, user, actor, now)
    organization = new.user.org if new.user else None
    if organization is None or new.user is None:
        return
    wanted = organization.members.exclude(pk=new.user.pk).order_by("id")
    members = list(wanted) if organization.status & _MEMBER_FLAGS else []
    if not organization.status & OrganizationFlag.COLLABORATE_ALL_MEMBERS:
        members = [member for member in members if member.status & UserFlag.PRIMARY_CONTACT]
    added = [member for member in members if _add_collaborator(ticket, member, actor, now)]
    if added:
        record(ticket, "collab", actor=actor, now=now, data={"org": organization.pk})


_MEMBER_FLAGS = OrganizationFlag.COLLABORATE_ALL_MEMBERS | OrganizationFlag.COLLABORATE_PRIMARY_CONTACTS


def _add_collaborator(ticket: Ticket, user: EndUser, actor: Actor, now: datetime) -> bool:
    """Add a collaborator with the event; False for the owner and for one who is."""
    thread = thread_of(ticket)
    if user.pk == ticket.user_id or thread.collaborators.filter(user=user).exists():
        return False
    add_collaborator(thread, user, now=now)
    record(ticket, "collab", actor=actor, now=now, data={"add": {str(user.pk): {"name": user.name}}})
    return True


def _post_message(ticket: Ticket, new: NewTicket, subject: str, actor: Actor, now: datetime) -> ThreadEntry:
    user = new.user
    recipients = (
        recipients_of(ticket, ReplyTo.ALL, without=user)
        if new.reply_to is None
        else recipients_of(ticket, new.reply_to)
    )
    entry = NewEntry(
        type=EntryType.MESSAGE,
        body=new.message,
        format=new.format,
        title=subject,
        user=user,
        poster=user.name if user else SYSTEM_NAME,
        flags=EntryFlag.ORIGINAL_MESSAGE,
        source=new.source or "",
        ip_address=ticket.ip_address,
        recipients=recipients,
        files=new.files,
    )
    return post_entry(thread_of(ticket), entry, now=now)


def _set_first_status(ticket: Ticket, new: NewTicket, status: TicketStatus, actor: Actor, now: datetime) -> None:
    """Go from the default status to the wanted one; a ticket that cannot be closed keeps the default (§6.1 step 17)."""
    if status.pk == ticket.status_id:
        return
    if status.state == TicketState.OPEN:
        save_changes(ticket, now=now, status=status)
        record(ticket, "edited", actor=actor, now=now, data={"status": status.pk})
        return
    closer = actor if new.origin is Origin.STAFF and actor.agent is not None else Actor.system()
    try:
        with transaction.atomic():
            close_ticket(ticket, actor=closer, status=status, now=now)
    except DomainError as refusal:
        log("ticket_stays_open", ticket, actor, reason=refusal.code)

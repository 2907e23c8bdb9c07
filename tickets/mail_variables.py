"""`%{ticket…}` in texts with variables, and the link of a recipient into the ticket (osticket/mail.md §9.3)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils.functional import cached_property

from helpdesk import configuration
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types.text import readable_phone
from helpdesk.forms.models import FormAnswer
from helpdesk.forms.selectors import ShownAnswer, answered_forms, answers_of, answers_of_many
from helpdesk.legacy.access_tokens import legacy_code
from helpdesk.legacy.prepared_reads import PreparedRead
from helpdesk.mail.ahead import ReadAhead
from helpdesk.mail.outgoing import Recipient, RecipientKind
from helpdesk.mail.readers import user_of
from helpdesk.mail.variables import Roots, VariableObject
from helpdesk.mail.variables.entries import ThreadVariable
from helpdesk.mail.variables.people import (
    AddressVariable,
    AgentVariable,
    DepartmentVariable,
    MomentVariable,
    PeopleVariable,
    TeamVariable,
    UserVariable,
)
from helpdesk.people.models import Department, EndUser
from helpdesk.threads.constants import CollaboratorFlag
from helpdesk.threads.models import Collaborator
from sla.models import SlaPlan
from tickets.access_links import link_of
from tickets.models import HelpTopic, Ticket, TicketStatus
from tickets.names import address_of, full_name, shown_user
from tickets.states import find_thread, remember_threads
from tickets.topic_choices import topic_name

Getter = Callable[[], Any]
_IS_SHARED = "_is_shared"


class TicketVariable(VariableObject):
    """A ticket: its number, and everything that templates may say of it."""

    def __init__(self, ticket: Ticket) -> None:
        """Take the row with what belongs to it."""
        self.ticket = ticket

    @property
    def department(self) -> Department | None:
        """The department, whose signature a mail may carry."""
        return self.ticket.dept

    def shown(self) -> str:
        """Give the number."""
        return self.ticket.number or ""

    def properties(self) -> Mapping[str, Getter]:
        """Give what is always known; answers of the ticket's forms come by the names of their fields."""
        ticket, owner, user = self.ticket, self.ticket.user, self._user
        return {
            "id": lambda: str(ticket.pk),
            "number": self.shown,
            "subject": lambda: self._answer("subject"),
            "email": lambda: AddressVariable(address_of(owner), shown_user(owner)),
            "name": lambda: user.properties()["name"]() if user else None,
            "phone": lambda: self._phone(user),
            "phone_number": lambda: self._phone(user),
            "priority": lambda: PriorityVariable(self._answer("priority")),
            "status": lambda: StatusVariable(ticket.status) if ticket.status else None,
            "source": lambda: ticket.source or "",
            "dept": lambda: DepartmentVariable(ticket.dept) if ticket.dept else None,
            "staff": lambda: AgentVariable(ticket.staff) if ticket.staff else None,
            "team": lambda: TeamVariable(ticket.team) if ticket.team else None,
            "assigned": self._assigned,
            "topic": lambda: TopicVariable(ticket.topic) if ticket.topic else None,
            "sla": lambda: PlanVariable(ticket.sla) if ticket.sla else None,
            "create_date": lambda: MomentVariable(ticket.created),
            "due_date": lambda: MomentVariable(ticket.duedate or ticket.est_duedate),
            "close_date": lambda: MomentVariable(ticket.closed),
            "last_update": lambda: MomentVariable(ticket.lastupdate),
            "user": lambda: user,
            "recipients": self._recipients,
            "thread": lambda: ThreadVariable(thread) if (thread := find_thread(ticket)) else None,
            "client_link": lambda: f"{_base()}/view.php?t={ticket.number}",
            "staff_link": lambda: f"{_base()}/scp/tickets.php?id={ticket.pk}",
            "auth_token": self._auth_token,
        }

    def other(self, name: str) -> Any:
        """Give the answer to a field of the ticket's forms."""
        answer = self._answers.get(name)
        return answer.text if answer is not None else None

    @cached_property
    def _user(self) -> UserVariable | None:
        return UserVariable(self.ticket.user) if self.ticket.user is not None else None

    @cached_property
    def _answers(self) -> dict[str, ShownAnswer]:
        forms = answered_forms(EntryObject.TICKET, self.ticket.pk, answers=_answers.of(self.ticket.pk))
        return {answer.name.lower(): answer for form in forms for answer in form.answers if answer.name}

    def _answer(self, name: str) -> str:
        answer = self._answers.get(name)
        return answer.text if answer is not None else ""

    def _phone(self, user: UserVariable | None) -> str:
        answer = user.answers().get("phone") if user else None
        number, _cross, extension = str(answer.clean or "").partition("X") if answer else ("", "", "")
        return readable_phone(number, extension)

    def _assigned(self) -> str:
        agent = full_name(self.ticket.staff) if self.ticket.staff else ""
        team = self.ticket.team.name if self.ticket.team else ""
        return "/".join(one for one in (agent, team) if one)

    def _recipients(self) -> PeopleVariable:
        owner = self.ticket.user
        people = [(shown_user(owner), address_of(owner))] if owner is not None else []
        thread = find_thread(self.ticket)
        rows = thread.collaborators.select_related("user__default_email").order_by("id") if thread else []
        active = [row.user for row in rows if row.flags & CollaboratorFlag.ACTIVE and row.user is not None]
        return PeopleVariable([*people, *((shown_user(user), address_of(user)) for user in active)])

    def _auth_token(self) -> str:
        return legacy_code(
            ticket_id=self.ticket.pk, email=address_of(self.ticket.user), secret_salt=settings.SECRET_SALT
        )


class StatusVariable(VariableObject):
    """A status."""

    def __init__(self, status: TicketStatus) -> None:
        """Take the row."""
        self.status = status

    def shown(self) -> str:
        """Give the name."""
        return self.status.name

    def properties(self) -> Mapping[str, Getter]:
        """Give name and state."""
        return {"name": self.shown, "state": lambda: self.status.state or ""}


class PriorityVariable(VariableObject):
    """A priority, in words."""

    def __init__(self, name: str) -> None:
        """Take its description."""
        self.name = name

    def shown(self) -> str:
        """Give it."""
        return self.name

    def properties(self) -> Mapping[str, Getter]:
        """Give the description, which osTicket means and does not find."""
        return {"desc": self.shown}


class PlanVariable(VariableObject):
    """An SLA plan."""

    def __init__(self, plan: SlaPlan) -> None:
        """Take the row."""
        self.plan = plan

    def shown(self) -> str:
        """Give the name."""
        return self.plan.name

    def properties(self) -> Mapping[str, Getter]:
        """Give name and hours."""
        return {"name": self.shown, "graceperiod": lambda: str(self.plan.grace_period)}


class TopicVariable(VariableObject):
    """A help topic."""

    def __init__(self, topic: HelpTopic) -> None:
        """Take the row."""
        self.topic = topic

    def shown(self) -> str:
        """Give the name."""
        return self.topic.topic

    def properties(self) -> Mapping[str, Getter]:
        """Give what templates may say of a topic."""
        parent = self.topic.parent
        return {
            "name": self.shown,
            "fullname": lambda: topic_name(self.topic),
            "parent": lambda: TopicVariable(parent) if parent else None,
        }


class ParticipantVariable(UserVariable):
    """An end user who reads a mail about a ticket: owner or collaborator."""

    def __init__(self, user: EndUser, ticket: Ticket, *, opens: bool = False) -> None:
        """Take both; with `opens` the mail goes to this person alone and its link opens the ticket."""
        super().__init__(user)
        self.ticket, self.opens = ticket, opens

    def properties(self) -> Mapping[str, Getter]:
        """Add the link."""
        return {**super().properties(), "ticket_link": self._link}

    def _link(self) -> str:
        if self.opens:
            return link_of(self.ticket, self.user)
        if self.user.pk != self.ticket.user_id:
            return f"{_base()}/tickets.php?id={self.ticket.pk}"
        if _is_shared(self.ticket):
            return f"{_base()}/view.php?id={self.ticket.pk}"
        if configuration.current().boolean("allow_auth_tokens"):
            return link_of(self.ticket, self.user)
        return f"{_base()}/view.php?id={self.ticket.pk}"


class AgentReaderVariable(AgentVariable):
    """An agent who reads a mail about a ticket: templates for end users find an empty link."""

    def properties(self) -> Mapping[str, Getter]:
        """Add what only end users have."""
        return {**super().properties(), "ticket_link": lambda: ""}


_with_people = PreparedRead(
    Ticket,
    lambda ticket_id: Ticket.objects.filter(pk=ticket_id).select_related("dept", "staff", "user__default_email"),
)
"""What nearly every template speaks of; the rest is read when one asks for it: wide rows take their time."""


def _tickets_with_threads(ids: Collection[int]) -> dict[int, Ticket]:
    found = Ticket.objects.filter(pk__in=ids).select_related("dept", "staff", "user__default_email").in_bulk()
    remember_threads(found.values())
    threads = {thread.pk: ticket for ticket in found.values() if (thread := find_thread(ticket)) is not None}
    shared = set(Collaborator.objects.filter(thread__in=threads).values_list("thread_id", flat=True))
    for thread_id, ticket in threads.items():
        ticket.__dict__[_IS_SHARED] = thread_id in shared
    return found


def _is_shared(ticket: Ticket) -> bool:
    """Whether others take part in a ticket, now or once."""
    known: bool | None = ticket.__dict__.get(_IS_SHARED)
    if known is None:
        thread = find_thread(ticket)
        known = thread is not None and thread.collaborators.exists()
    return known


_answers: ReadAhead[Sequence[FormAnswer]] = ReadAhead(
    ("ticket",),
    lambda ids: answers_of_many(EntryObject.TICKET, ids),
    lambda ticket_id: answers_of(EntryObject.TICKET, ticket_id),
    missing=(),
)
_tickets: ReadAhead[Ticket | None] = ReadAhead(("ticket",), _tickets_with_threads, _with_people.first, missing=None)


def ticket_root(ticket_id: Any, roots: Roots) -> TicketVariable | None:
    """Make `%{ticket}` from an id; None when the ticket is gone."""
    ticket = _tickets.of(int(ticket_id))
    return TicketVariable(ticket) if ticket is not None else None


def participant(recipient: Recipient, roots: Roots) -> VariableObject | None:
    """Make `%{recipient}` for the owner or a collaborator of the ticket that a mail is about."""
    ticket = roots.values.get("ticket")
    is_user = recipient.kind in {RecipientKind.USER, RecipientKind.COLLABORATOR}
    if not isinstance(ticket, TicketVariable) or not is_user:
        return None
    user = user_of(recipient, known=ticket.ticket.user)
    if user is None:
        return None
    return ParticipantVariable(user, ticket.ticket, opens=bool(roots.context.get("opens")))


def plan_of_department(department: Department) -> Mapping[str, Getter]:
    """Add the SLA plan to what templates may say of a department."""

    def plan() -> PlanVariable | None:
        found = SlaPlan.objects.filter(pk=department.sla_id).first() if department.sla_id else None
        return PlanVariable(found) if found else None

    return {"sla": plan}


def _base() -> str:
    return configuration.current().text("helpdesk_url").rstrip("/")

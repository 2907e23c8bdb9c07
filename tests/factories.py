"""Factories: the smallest valid object of each kind; special states are traits.

They write rows of the lower layers (people, topics, statuses) directly. Tickets come from the service, so that they
have what every ticket has: thread, first message, answers, cdata row, events.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import factory
from factory.django import DjangoModelFactory

from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentFlag, TeamFlag, TeamMemberFlag
from helpdesk.people.models import (
    Agent,
    Department,
    DepartmentAccess,
    EndUser,
    Organization,
    Role,
    Team,
    TeamMember,
    UserEmail,
)
from helpdesk.people.permissions import AgentPermission, RolePermission, stored_form
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import Collaborator, Referral
from tasks.constants import TaskFlag
from tasks.models import Task
from tickets.constants import TicketSource, TopicFlag
from tickets.models import HelpTopic, Ticket, TicketStatus
from tickets.services import NewTicket, Origin, create_ticket
from tickets.states import thread_of

OPENED_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""When tickets of the factory were opened, unless `now` says otherwise: a Monday."""
EVERYTHING = [permission.value for permission in RolePermission]
Row = TypeVar("Row")


class TypedFactory(DjangoModelFactory, Generic[Row]):  # type: ignore[misc]
    """A factory whose calls have the type of the row."""

    class Meta:
        abstract = True

    @classmethod
    def new(cls, **values: Any) -> Row:
        """Make a row and save it."""
        row: Row = cls.create(**values)
        return row


class RoleFactory(TypedFactory[Role]):
    """A role with every permission; `keys=[…]` gives it others."""

    class Meta:
        model = Role

    class Params:
        keys = EVERYTHING

    name = factory.Sequence(lambda n: f"Role {n}")
    permissions = factory.LazyAttribute(lambda role: stored_form(role.keys))


class DepartmentFactory(TypedFactory[Department]):
    """An active department at the top; `parent=` puts it below another one."""

    class Meta:
        model = Department
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Department {n}")
    flags = DepartmentFlag.ACTIVE
    signature = ""

    @factory.post_generation
    def path(obj: Any, create: bool, extracted: str | None, **_: Any) -> None:  # noqa: N805
        """Keep the ancestry that access depends on."""
        obj.path = extracted or f"{obj.parent.path if obj.parent else '/'}{obj.pk}/"
        obj.save()


class AgentFactory(TypedFactory[Agent]):
    """An available agent with a role in a department of his own."""

    class Meta:
        model = Agent

    class Params:
        away = factory.Trait(onvacation=True)
        inactive = factory.Trait(isactive=False)

    dept = factory.SubFactory(DepartmentFactory)
    role = factory.SubFactory(RoleFactory)
    username = factory.Sequence(lambda n: f"agent{n}")
    firstname = factory.Sequence(lambda n: f"First{n}")
    lastname = factory.Sequence(lambda n: f"Last{n}")
    email = factory.LazyAttribute(lambda agent: f"{agent.username}@acme.test")
    permissions = stored_form([AgentPermission.VISIBILITY_AGENTS, AgentPermission.USER_CREATE])


class TeamFactory(TypedFactory[Team]):
    """An enabled team; `members=[…]` are agents."""

    class Meta:
        model = Team
        skip_postgeneration_save = True

    class Params:
        disabled = factory.Trait(flags=TeamFlag(0))

    name = factory.Sequence(lambda n: f"Team {n}")
    flags = TeamFlag.ENABLED

    @factory.post_generation
    def members(obj: Any, create: bool, extracted: list[Agent] | None, **_: Any) -> None:  # noqa: N805
        """Put agents into the team."""
        for agent in extracted or ():
            TeamMember.objects.create(team=obj, staff=agent, flags=TeamMemberFlag.ALERTS)


class OrganizationFactory(TypedFactory[Organization]):
    """An organization that shares nothing."""

    class Meta:
        model = Organization

    name = factory.Sequence(lambda n: f"Organization {n}")


class EndUserFactory(TypedFactory[EndUser]):
    """An end user with one address."""

    class Meta:
        model = EndUser

        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"User {n}")

    @factory.post_generation
    def address(obj: Any, create: bool, extracted: str | None, **_: Any) -> None:  # noqa: N805
        """Give the user an address, made from the id where none is given."""
        obj.default_email = UserEmail.objects.create(user=obj, address=extracted or f"user{obj.pk}@customer.test")
        obj.save()


class HelpTopicFactory(TypedFactory[HelpTopic]):
    """An active, public help topic without forms of its own."""

    class Meta:
        model = HelpTopic

    topic = factory.Sequence(lambda n: f"Topic number {n}")
    flags = TopicFlag.ACTIVE


def give_access(agent: Agent, department: Department, role: Role | None = None) -> None:
    """Give an agent extended access to a department."""
    DepartmentAccess.objects.create(staff=agent, dept=department, role=role or RoleFactory.new())


def open_status() -> TicketStatus:
    """The status Open of the initial rows."""
    return TicketStatus.objects.get(name="Open")


def resolved_status() -> TicketStatus:
    """The closed status Resolved of the initial rows, which messages reopen."""
    return TicketStatus.objects.get(name="Resolved")


def new_ticket(*, now: datetime = OPENED_AT, **values: Any) -> Ticket:
    """Open a ticket by the service; values are those of `NewTicket`, and `closed=True` closes it as the system."""
    is_closed = values.pop("closed", False)
    given: dict[str, Any] = {
        "origin": Origin.API,
        "source": TicketSource.API,
        "message": "<p>It does not work.</p>",
        "subject": "Printer on fire",
        "user": values.pop("user", None) or EndUserFactory.new(),
        **values,
    }
    if is_closed:
        given["status"] = resolved_status()
    return create_ticket(NewTicket(**given), actor=Actor.system(), now=now)


def refer_ticket(ticket: Ticket, to: Agent | Team | Department) -> Referral:
    """Refer a ticket, as a row."""
    types = {Agent: ObjectType.AGENT, Team: ObjectType.TEAM, Department: ObjectType.DEPARTMENT}
    return Referral.objects.create(thread=thread_of(ticket), object_type=types[type(to)], object_id=to.pk)


def collaborate(ticket: Ticket, user: EndUser, *, active: bool = True) -> Collaborator:
    """Make a user a collaborator, as a row."""
    return Collaborator.objects.create(thread=thread_of(ticket), user=user, flags=3 if active else 2)


def new_task(ticket: Ticket, *, is_open: bool = True) -> Task:
    """Put a task on a ticket, as a row."""
    flags = TaskFlag.OPEN if is_open else TaskFlag(0)
    return Task.objects.create(object_id=ticket.pk, object_type=ObjectType.TICKET, dept=ticket.dept, flags=flags)

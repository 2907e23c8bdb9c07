"""The world of the matrix: one ticket, one task, and people who stand to them in every way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from helpdesk.directory.models import UserImport
from helpdesk.people.actor import Actor
from helpdesk.people.constants import OrganizationFlag
from helpdesk.people.models import Agent, Department, EndUser, Organization, Role, Team, UserAccount
from helpdesk.people.permissions import AgentPermission, stored_form
from helpdesk.threads.models import Collaborator, ThreadEntry
from tasks.models import Task
from tasks.new_task import NewTask
from tasks.services import create_task
from tests.factories import (
    AgentFactory,
    DepartmentFactory,
    EndUserFactory,
    HelpTopicFactory,
    OrganizationFactory,
    RoleFactory,
    TeamFactory,
    collaborate,
    new_ticket,
)
from tickets.models import HelpTopic, Ticket, TicketStatus
from tickets.services import post_reply
from tickets.states import thread_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SYSTEM = Actor.system()
ACTORS = (
    "administrator",
    "agent with the role",
    "agent of another department",
    "assigned-only agent",
    "owner",
    "collaborator",
    "colleague",
    "stranger",
    "API key",
    "system",
)
Call = Callable[["World"], object]


@dataclass(frozen=True)
class Numbers:
    """The ids of everything in the world; rows are read anew for every call."""

    department: int
    ticket: int
    other_ticket: int
    closed_ticket: int
    task: int
    role: int
    agent: int
    team: int
    organization: int
    owner: int
    collaborator: int
    topic: int
    actors: dict[str, int]


def build() -> Numbers:
    """Make the rows.

    The administrator holds no role in the department of the ticket and no permission of agents; the agent with the
    role holds them all, as do the one of another department and the one who sees assigned tickets only, for tickets.
    """
    department, elsewhere = DepartmentFactory.new(name="Matrix"), DepartmentFactory.new(name="Elsewhere")
    role, topic = RoleFactory.new(name="Everything"), HelpTopicFactory.new(topic="Matrix topic")
    everything = stored_form(AgentPermission)
    acme = OrganizationFactory.new(name="Acme", status=OrganizationFlag.SHARE_EVERYBODY)
    owner, colleague = (EndUserFactory.new(name=name, org=acme) for name in ("Owner", "Colleague"))
    collaborator, stranger = EndUserFactory.new(name="Collaborator"), EndUserFactory.new(name="Stranger")
    UserAccount.objects.create(user=owner, status=1, passwd="x")
    tickets = [
        new_ticket(user=owner, department=department, topic=topic, subject=f"Matter {number}", closed=number == 2)
        for number in range(3)
    ]
    for ticket in tickets:
        collaborate(ticket, collaborator)
    colleague_agent = AgentFactory.new(dept=department, role=role)
    post_reply(tickets[0], actor=Actor.for_agent(colleague_agent), body="<p>An answer</p>")
    Ticket.objects.filter(pk=tickets[0].pk).update(staff=None)  # answering claims it
    task = create_task(NewTask(department=department, answers={"title": "A task"}, description="x"), actor=SYSTEM).task
    agents = {
        "administrator": AgentFactory.new(dept=elsewhere, role=RoleFactory.new(keys=[]), isadmin=True, permissions={}),
        "agent with the role": AgentFactory.new(dept=department, role=role, permissions=everything),
        "agent of another department": AgentFactory.new(dept=elsewhere, role=role, permissions={}),
        "assigned-only agent": AgentFactory.new(dept=department, role=role, assigned_only=True, permissions={}),
    }
    AgentFactory.new(isadmin=True)  # so that no administrator is the last one
    users = {"owner": owner, "collaborator": collaborator, "colleague": colleague, "stranger": stranger}
    return Numbers(
        department=department.pk,
        ticket=tickets[0].pk,
        other_ticket=tickets[1].pk,
        closed_ticket=tickets[2].pk,
        task=task.pk,
        role=role.pk,
        agent=colleague_agent.pk,
        team=TeamFactory.new(members=[agents["agent with the role"]]).pk,
        organization=acme.pk,
        owner=owner.pk,
        collaborator=collaborator.pk,
        topic=topic.pk,
        actors={**{name: row.pk for name, row in agents.items()}, **{name: row.pk for name, row in users.items()}},
    )


@dataclass
class World:
    """The world as one call sees it; `kind` is who acts."""

    numbers: Numbers
    kind: str

    @cached_property
    def actor(self) -> Actor:
        """Who acts."""
        if self.kind == "API key":
            return Actor.for_api_key("192.0.2.1", ip_address="192.0.2.1")
        if self.kind == "system":
            return SYSTEM
        pk = self.numbers.actors[self.kind]
        agent = Agent.objects.filter(pk=pk).first() if self.kind in ACTORS[:4] else None
        if agent is not None:
            return Actor.for_agent(agent, ip_address="192.0.2.1")
        return Actor.for_user(EndUser.objects.select_related("org").get(pk=pk), ip_address="192.0.2.1")

    @cached_property
    def ticket(self) -> Ticket:
        """An open ticket of the owner's in the department, assigned to nobody."""
        return Ticket.objects.get(pk=self.numbers.ticket)

    @cached_property
    def other_ticket(self) -> Ticket:
        """Another one like it."""
        return Ticket.objects.get(pk=self.numbers.other_ticket)

    @cached_property
    def closed_ticket(self) -> Ticket:
        """A closed one."""
        return Ticket.objects.get(pk=self.numbers.closed_ticket)

    @cached_property
    def task(self) -> Task:
        """An open task of the department."""
        return Task.objects.get(pk=self.numbers.task)

    @cached_property
    def department(self) -> Department:
        """The department of tickets and task."""
        return Department.objects.get(pk=self.numbers.department)

    @cached_property
    def support(self) -> Department:
        """A department of the initial rows."""
        return Department.objects.get(name="Support")

    @cached_property
    def agent(self) -> Agent:
        """An agent of the department who does nothing himself."""
        return Agent.objects.get(pk=self.numbers.agent)

    @cached_property
    def team(self) -> Team:
        """A team."""
        return Team.objects.get(pk=self.numbers.team)

    @cached_property
    def role(self) -> Role:
        """A role with every permission."""
        return Role.objects.get(pk=self.numbers.role)

    @cached_property
    def owner(self) -> EndUser:
        """The owner of the tickets, who has an account."""
        return EndUser.objects.select_related("org", "default_email").get(pk=self.numbers.owner)

    @cached_property
    def somebody(self) -> EndUser:
        """A user of whom nothing is known; made by the call itself."""
        return EndUserFactory.new(name="Somebody")

    @cached_property
    def organization(self) -> Organization:
        """The organization of owner and colleague."""
        return Organization.objects.get(pk=self.numbers.organization)

    @cached_property
    def topic(self) -> HelpTopic:
        """The topic of the tickets."""
        return HelpTopic.objects.get(pk=self.numbers.topic)

    @cached_property
    def answer(self) -> ThreadEntry:
        """The answer on the ticket, written by `agent`."""
        return thread_of(self.ticket).entries.filter(type="R").order_by("pk")[0]

    @cached_property
    def collaboration(self) -> Collaborator:
        """The row of the collaborator on the ticket."""
        return Collaborator.objects.get(thread=thread_of(self.ticket), user=self.numbers.collaborator)

    @cached_property
    def list_of_users(self) -> UserImport:
        """A list that the acting agent has brought."""
        agent = self.actor.agent
        return UserImport.objects.create(
            agent_id=agent.pk if agent else None, content="a@acme.test\n", separator=",", has_headings=False, total=1
        )

    def status(self, name: str) -> TicketStatus:
        """Give a status."""
        return TicketStatus.objects.get(name=name)

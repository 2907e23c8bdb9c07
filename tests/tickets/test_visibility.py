"""Who sees a ticket: lists and single checks against the rule told again in Python (osticket/tickets.md §3, §4).

Random help desks, every agent against every ticket.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field

import pytest

from helpdesk.legacy.errors import NotFound, PermissionRefused
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.constants import OrganizationFlag, UserFlag
from helpdesk.people.models import Agent, Department, EndUser, Team, TeamMember
from helpdesk.people.permissions import RolePermission
from helpdesk.threads.models import Referral, Thread
from tests.factories import (
    AgentFactory,
    DepartmentFactory,
    EndUserFactory,
    OrganizationFactory,
    RoleFactory,
    TeamFactory,
    collaborate,
    give_access,
    new_ticket,
    refer_ticket,
)
from tickets.constants import TicketFlag
from tickets.models import Ticket, TicketStatus
from tickets.policies import can, get_ticket_for_agent, may_agent, require

pytestmark = pytest.mark.django_db


@dataclass
class World:
    """A random help desk. `referred` holds (letter, id) by ticket id."""

    agents: list[Agent]
    tickets: list[Ticket]
    states: dict[int, str]
    departments: dict[int, set[int]]
    teams: dict[int, set[int]]
    referred: dict[int, set[tuple[str, int]]] = field(default_factory=lambda: defaultdict(set))

    def is_visible(self, agent: Agent, ticket: Ticket) -> bool:
        """§4.2, branch by branch."""
        teams, departments = self.teams[agent.pk], self.departments[agent.pk]
        referred = self.referred[ticket.pk]
        mine = (
            ticket.staff_id == agent.pk
            or ("S", agent.pk) in referred
            or ticket.team_id in teams
            or any(("E", team) in referred for team in teams)
        )
        if self.states[ticket.pk] == "open" and mine:
            return True
        if agent.assigned_only:
            return False
        return ticket.dept_id in departments or any(("D", department) in referred for department in departments)

    def is_accessible(self, agent: Agent, ticket: Ticket) -> bool:
        """§3.3 step 1."""
        teams, departments = self.teams[agent.pk], self.departments[agent.pk]
        named = {("S", agent.pk)} | {("E", team) for team in teams} | {("D", department) for department in departments}
        if named & self.referred[ticket.pk]:
            return True
        if self.states[ticket.pk] == "open" and (ticket.staff_id == agent.pk or ticket.team_id in teams):
            return True
        return not agent.assigned_only and ticket.dept_id in departments


def random_world(seed: int) -> World:
    rng = random.Random(seed)  # noqa: S311 -- not a secret
    top = [DepartmentFactory.new() for _ in range(4)]
    below = [DepartmentFactory.new(parent=rng.choice(top)) for _ in range(3)]
    departments = [*top, *below]
    role = RoleFactory.new()
    agents = [
        AgentFactory.new(dept=rng.choice(departments), role=role, assigned_only=rng.random() < 0.3) for _ in range(7)
    ]
    for agent in rng.sample(agents, 3):
        other = rng.choice([d for d in departments if d != agent.dept])
        give_access(agent, other, role)
    managed = rng.choice(departments)
    managed.manager = rng.choice(agents)
    managed.save()
    teams = [TeamFactory.new(members=rng.sample(agents, 2), disabled=rng.random() < 0.3) for _ in range(3)]
    statuses = list(TicketStatus.objects.all())
    rows = [
        Ticket(
            number=str(n),
            dept=rng.choice(departments),
            staff=rng.choice([None, *agents]),
            team=rng.choice([None, None, *teams]),
            status=rng.choice(statuses),
        )
        for n in range(40)
    ]
    Ticket.objects.bulk_create(rows)
    tickets = list(Ticket.objects.filter(dept__in=departments))
    world = World(
        agents=agents,
        tickets=tickets,
        states={ticket.pk: ticket.status.state or "" for ticket in tickets if ticket.status},
        departments={agent.pk: departments_of(agent, departments) for agent in agents},
        teams=teams_of(agents),
    )
    for ticket in tickets:
        _refer_at_random(rng, world, ticket, agents, teams, departments)
    return world


def departments_of(agent: Agent, departments: list[Department]) -> set[int]:
    """§4.1: own, extended and managed departments with all below them."""
    roots = {agent.dept_id, *agent.department_access.values_list("dept_id", flat=True)}
    return {d.pk for d in departments if roots & {d.pk, d.parent_id} or d.manager_id == agent.pk}


def teams_of(agents: list[Agent]) -> dict[int, set[int]]:
    teams: dict[int, set[int]] = {agent.pk: set() for agent in agents}
    for team_id, staff_id in TeamMember.objects.filter(staff__in=agents).values_list("team_id", "staff_id"):
        teams[staff_id].add(team_id)
    return teams


def _refer_at_random(
    rng: random.Random,
    world: World,
    ticket: Ticket,
    agents: list[Agent],
    teams: list[Team],
    departments: list[Department],
) -> None:
    """Some tickets are referred; some have a thread of their own, some were merged, some have lost their thread."""
    object_type = rng.choice(["T", "T", "C", None])
    if object_type is None:
        return
    thread = Thread.objects.create(object_id=ticket.pk, object_type=object_type)
    choices = [("S", rng.choice(agents).pk), ("E", rng.choice(teams).pk), ("D", rng.choice(departments).pk)]
    for letter, number in rng.sample(choices, rng.choice([0, 0, 1, 2])):
        Referral.objects.create(thread=thread, object_type=letter, object_id=number)
        world.referred[ticket.pk].add((letter, number))
    Thread.objects.create(object_id=ticket.pk, object_type="A").referrals.create(
        object_type="S", object_id=agents[0].pk
    )


@pytest.mark.parametrize("seed", range(3))
def test_lists_and_single_checks_follow_the_rule(seed: int) -> None:
    world = random_world(seed)
    for agent in world.agents:
        access = access_of(agent)
        visible = set(Ticket.objects.visible_to(access).values_list("pk", flat=True))
        accessible = set(Ticket.objects.accessible_to(access).values_list("pk", flat=True))
        assert visible == {t.pk for t in world.tickets if world.is_visible(agent, t)}
        assert accessible == {t.pk for t in world.tickets if world.is_accessible(agent, t)}
        assert visible <= accessible
        for ticket in random.Random(seed).sample(world.tickets, 12):  # noqa: S311 -- not a secret
            assert may_agent(access, None, ticket) is (ticket.pk in accessible)
            assert found(agent, ticket.pk) is (ticket.pk in accessible)


def found(agent: Agent, ticket_id: int) -> bool:
    try:
        return get_ticket_for_agent(access_of(agent), ticket_id).pk == ticket_id
    except NotFound:
        return False


def test_known_open_statuses_make_the_same_list() -> None:
    world = random_world(99)
    ids = list(TicketStatus.objects.filter(state="open").values_list("pk", flat=True))
    for agent in world.agents:
        plain = Ticket.objects.visible_to(agent).values_list("pk", flat=True)
        assert set(plain) == set(Ticket.objects.visible_to(agent, open_status_ids=ids).values_list("pk", flat=True))


def test_missing_and_foreign_tickets_answer_alike() -> None:
    ticket, stranger = new_ticket(), AgentFactory.new()
    refusals = []
    for ticket_id in (ticket.pk, 4_000_000, 0, -1, 2**40):
        with pytest.raises(NotFound) as refusal:
            get_ticket_for_agent(access_of(stranger), ticket_id)
        refusals.append((refusal.value.code, str(refusal.value)))
    assert len(set(refusals)) == 1


def test_closed_ticket_that_is_referred_opens_by_address_only() -> None:
    agent, ticket = AgentFactory.new(), new_ticket(closed=True)
    refer_ticket(ticket, agent)
    assert not Ticket.objects.visible_to(agent).exists()
    assert found(agent, ticket.pk)


class TestPermissions:
    """Owner, colleague, stranger on one ticket."""

    @pytest.fixture
    def department(self) -> Department:
        return DepartmentFactory.new()

    @pytest.fixture
    def ticket(self, department: Department) -> Ticket:
        return new_ticket(department=department)

    def test_role_of_the_department_decides(self, ticket: Ticket, department: Department) -> None:
        colleague = AgentFactory.new(dept=department, role=RoleFactory.new(keys=["ticket.reply"]))
        actor = Actor.for_agent(colleague)
        assert can(actor, None, ticket)
        assert can(actor, "ticket.reply", ticket)
        assert not can(actor, "ticket.close", ticket)
        with pytest.raises(PermissionRefused):
            require(actor, "ticket.close", ticket)

    def test_stranger_is_told_that_there_is_no_such_ticket(self, ticket: Ticket) -> None:
        stranger = AgentFactory.new(isadmin=True)
        assert not can(Actor.for_agent(stranger), "ticket.reply", ticket)
        with pytest.raises(NotFound):
            require(Actor.for_agent(stranger), "ticket.reply", ticket)

    def test_assignee_from_elsewhere_uses_the_primary_role(self, ticket: Ticket) -> None:
        assignee = AgentFactory.new(role=RoleFactory.new(keys=["ticket.close"]))
        ticket.staff = assignee
        ticket.save()
        assert can(Actor.for_agent(assignee), "ticket.close", ticket)

    def test_assignee_without_default_role_may_only_create(self, ticket: Ticket) -> None:
        assignee = AgentFactory.new(extra={"def_assn_role": False})
        ticket.staff = assignee
        ticket.save()
        held = {key for key in RolePermission if can(Actor.for_agent(assignee), key, ticket)}
        assert held == {RolePermission.TICKET_CREATE}

    def test_closing_agent_of_a_closed_ticket_has_no_rights_from_that(self, ticket: Ticket) -> None:
        agent = AgentFactory.new()
        ticket.staff, ticket.status = agent, TicketStatus.objects.get(name="Closed")
        ticket.save()
        assert not can(Actor.for_agent(agent), None, ticket)

    def test_system_and_keys_may(self, ticket: Ticket) -> None:
        assert can(Actor.system(), "ticket.delete", ticket)
        assert can(Actor.for_api_key("shop"), "ticket.create", ticket)

    def test_end_users_have_no_permission_keys(self, ticket: Ticket) -> None:
        assert ticket.user is not None
        assert not can(Actor.for_user(ticket.user), "ticket.reply", ticket)


class TestEndUsers:
    """What an end user may open (osticket/tickets.md §5)."""

    def sees(self, user: EndUser, ticket: Ticket) -> bool:
        fresh = EndUser.objects.select_related("org").get(pk=user.pk)
        return Ticket.objects.accessible_to_user(fresh).filter(pk=ticket.pk).exists()

    def test_owner_collaborator_and_nobody_else(self) -> None:
        ticket, collaborator, stranger = new_ticket(), EndUserFactory.new(), EndUserFactory.new()
        collaborate(ticket, collaborator, active=False)
        assert ticket.user is not None
        assert [self.sees(user, ticket) for user in (ticket.user, collaborator, stranger)] == [True, True, False]

    @pytest.mark.parametrize(
        ("sharing", "contact", "seen"),
        [
            (OrganizationFlag(0), True, False),
            (OrganizationFlag.SHARE_PRIMARY_CONTACTS, True, True),
            (OrganizationFlag.SHARE_PRIMARY_CONTACTS, False, False),
            (OrganizationFlag.SHARE_EVERYBODY, False, True),
        ],
    )
    def test_organizations_share(self, sharing: OrganizationFlag, contact: bool, seen: bool) -> None:
        organization = OrganizationFactory.new(status=sharing)
        ticket = new_ticket(user=EndUserFactory.new(org=organization))
        status = UserFlag.PRIMARY_CONTACT if contact else UserFlag(0)
        assert self.sees(EndUserFactory.new(org=organization, status=status), ticket) is seen

    def test_people_without_organization_share_nothing(self) -> None:
        assert not self.sees(EndUserFactory.new(), new_ticket())

    @pytest.mark.parametrize(
        ("flags", "seen"), [(TicketFlag.COMBINE_THREADS, True), (TicketFlag.SEPARATE_THREADS, True), (8, False)]
    )
    def test_owner_of_a_merged_ticket_sees_the_parent(self, flags: int, seen: bool) -> None:
        parent, child = new_ticket(), new_ticket()
        child.parent, child.flags = parent, TicketFlag(flags)
        child.save()
        assert child.user is not None
        assert self.sees(child.user, parent) is seen

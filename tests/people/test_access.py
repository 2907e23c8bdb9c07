"""What an agent may reach (osticket/tickets.md §3.2 and §4.1)."""

from typing import Any

import pytest

from helpdesk.people.access import CREATE_ONLY, AgentAccess, access_of, forget_access
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, DepartmentAccess, Role, Team, TeamMember
from helpdesk.people.permissions import AgentPermission, RolePermission
from helpdesk.people.services import add_team_member, create_department, set_department_access
from tests.people.conftest import MakeAgent

pytestmark = pytest.mark.django_db

EVERY_KEY = frozenset(RolePermission)
Queries = Any


def fresh(agent: Agent) -> AgentAccess:
    return AgentAccess(Agent.objects.select_related("role").get(pk=agent.pk))


class TestDepartments:
    def test_the_own_department_with_everything_below_it(
        self, make_agent: MakeAgent, support: Department, system: Actor
    ) -> None:
        child = create_department("Tier 2", parent=support, actor=system)
        grandchild = create_department("Tier 3", parent=child, actor=system)
        assert fresh(make_agent()).department_ids == {1, child.pk, grandchild.pk}
        assert fresh(make_agent("ann", dept_id=child.pk)).department_ids == {child.pk, grandchild.pk}

    def test_ids_are_compared_whole(self, make_agent: MakeAgent, system: Actor) -> None:
        """Department 1 is not department 11."""
        Department.objects.create(pk=11, name="Eleven", path="/11/")
        Department.objects.create(pk=110, name="Hundred and ten", path="/11/110/")
        assert fresh(make_agent()).department_ids == {1}

    def test_extended_access_reaches_down_too(
        self, make_agent: MakeAgent, sales: Department, limited: Role, system: Actor
    ) -> None:
        child = create_department("Export", parent=sales, actor=system)
        agent = make_agent()
        set_department_access(agent, sales, limited, actor=system)
        assert fresh(agent).department_ids == {1, 2, child.pk}

    def test_extended_access_counts_without_a_role_and_when_its_department_is_gone(self, make_agent: MakeAgent) -> None:
        agent = make_agent()
        orphan = Department.objects.create(name="Orphan", path="/77/78/")
        DepartmentAccess.objects.create(staff=agent, dept_id=77, role=None)
        DepartmentAccess.objects.create(staff=agent, dept_id=2, role=None)
        assert fresh(agent).department_ids == {1, 2, orphan.pk}

    def test_managed_departments_without_what_is_below(
        self, make_agent: MakeAgent, system: Actor, sales: Department
    ) -> None:
        agent = make_agent()
        create_department("Export", parent=sales, actor=system)
        Department.objects.filter(pk=2).update(manager=agent)
        assert fresh(agent).department_ids == {1, 2}
        assert fresh(agent).manages(Department.objects.get(pk=2))
        assert not fresh(agent).manages(Department.objects.get(pk=3))

    def test_inactive_departments_are_included(self, make_agent: MakeAgent) -> None:
        Department.objects.filter(pk=1).update(flags=0)
        assert fresh(make_agent()).department_ids == {1}

    def test_an_agent_without_department_reaches_none(self, make_agent: MakeAgent) -> None:
        Department.objects.create(name="Odd", path="/0/")
        assert fresh(make_agent(dept_id=None)).department_ids == frozenset()


class TestRoles:
    def test_the_primary_role_in_the_primary_department(self, make_agent: MakeAgent) -> None:
        assert fresh(make_agent()).permissions_in(1) == EVERY_KEY

    def test_extended_access_overrides_it(
        self, make_agent: MakeAgent, support: Department, limited: Role, system: Actor
    ) -> None:
        agent = make_agent()
        set_department_access(agent, support, limited, actor=system)
        assert fresh(agent).permissions_in(1) == frozenset(limited.permissions or ())

    def test_elsewhere_an_agent_may_only_create(
        self, make_agent: MakeAgent, support: Department, system: Actor
    ) -> None:
        """Even where the tickets are visible: the role of a department does not reach down."""
        child = create_department("Tier 2", parent=support, actor=system)
        access = fresh(make_agent())
        assert child.pk in access.department_ids
        assert access.permissions_in(child.pk) == access.permissions_in(2) == access.permissions_in(None) == CREATE_ONLY

    def test_the_primary_role_holds_for_assigned_tickets_elsewhere(self, make_agent: MakeAgent) -> None:
        assert fresh(make_agent()).permissions_in(2, assigned=True) == EVERY_KEY

    @pytest.mark.parametrize("stored", [{"def_assn_role": False}, {"def_assn_role": 0}, {"def_assn_role": "0"}])
    def test_unless_the_agent_says_no(self, make_agent: MakeAgent, stored: dict[str, Any]) -> None:
        assert fresh(make_agent(extra=stored)).permissions_in(2, assigned=True) == CREATE_ONLY

    @pytest.mark.parametrize("stored", [None, {}, {"browser_lang": "en_US"}, {"def_assn_role": True}, "junk", [1]])
    def test_which_is_not_the_default(self, make_agent: MakeAgent, stored: Any) -> None:
        assert fresh(make_agent(extra=stored)).permissions_in(2, assigned=True) == EVERY_KEY

    @pytest.mark.parametrize("role_id", [None, 4711])
    def test_a_missing_role_counts_as_no_entry(self, make_agent: MakeAgent, role_id: int | None) -> None:
        agent = make_agent()
        DepartmentAccess.objects.create(staff=agent, dept_id=2, role_id=role_id)
        assert fresh(agent).permissions_in(2) == CREATE_ONLY
        assert fresh(agent).permissions_in(2, assigned=True) == EVERY_KEY
        assert fresh(make_agent("ann", role_id=role_id)).permissions_in(1) == CREATE_ONLY

    def test_a_role_without_permissions_allows_nothing_at_all(self, make_agent: MakeAgent) -> None:
        access = fresh(make_agent(role_id=4))
        assert access.permissions_in(1) == access.permissions_in(2, assigned=True) == frozenset()

    def test_administrators_are_bound_by_roles_like_everyone(self, make_agent: MakeAgent) -> None:
        assert fresh(make_agent(isadmin=True)).permissions_in(2) == CREATE_ONLY

    def test_only_true_values_grant(self, make_agent: MakeAgent) -> None:
        role = Role.objects.create(
            name="Mixed", permissions={"ticket.edit": 1, "ticket.close": 0, "ticket.reply": "1", "task.edit": "0"}
        )
        assert fresh(make_agent(role_id=role.pk)).permissions_in(1) == {"ticket.edit", "ticket.reply"}

    def test_somewhere_means_primary_or_extended(
        self, make_agent: MakeAgent, sales: Department, limited: Role, system: Actor
    ) -> None:
        agent = make_agent(role_id=4)
        assert not fresh(agent).has_permission_anywhere(RolePermission.TICKET_ASSIGN)
        set_department_access(agent, sales, limited, actor=system)
        assert fresh(agent).has_permission_anywhere(RolePermission.TICKET_ASSIGN)
        assert not fresh(agent).has_permission_anywhere(RolePermission.TICKET_REPLY)


def test_global_permissions_come_from_the_agents_own_row(make_agent: MakeAgent) -> None:
    access = fresh(make_agent(permissions={"user.create": 1, "search.all": 0}, isadmin=True))
    assert access.agent_permissions == {"user.create"}
    assert access.has_agent_permission(AgentPermission.USER_CREATE)
    assert not access.has_agent_permission(AgentPermission.SEARCH_ALL)


def test_teams_are_those_of_the_agent(make_agent: MakeAgent, system: Actor) -> None:
    agent, other = make_agent(), make_agent("ann")
    team = Team.objects.get(pk=1)
    add_team_member(team, agent, actor=system)
    TeamMember.objects.create(team=Team.objects.create(name="Other"), staff=other)
    assert fresh(agent).team_ids == {1}


class TestCost:
    def test_two_queries_then_none(
        self, make_agent: MakeAgent, sales: Department, limited: Role, system: Actor, django_assert_num_queries: Queries
    ) -> None:
        agent = make_agent()
        set_department_access(agent, sales, limited, actor=system)
        access = fresh(agent)

        def everything() -> list[Any]:
            return [
                access.department_ids,
                access.team_ids,
                access.permissions_in(1),
                access.permissions_in(2),
                access.permissions_in(3, assigned=True),
                access.has_permission_anywhere("ticket.edit"),
                access.agent_permissions,
            ]

        with django_assert_num_queries(2):
            first = everything()
        with django_assert_num_queries(0):
            assert everything() == first

    def test_one_reading_serves_an_agent_object(self, make_agent: MakeAgent) -> None:
        agent = make_agent()
        assert access_of(agent) is access_of(agent)
        assert access_of(Agent.objects.get(pk=agent.pk)) is not access_of(agent)
        known = access_of(agent)
        forget_access(agent)
        assert access_of(agent) is not known

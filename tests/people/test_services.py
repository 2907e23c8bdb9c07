"""Creating and changing people through the services."""

from collections.abc import Callable

import pytest

from helpdesk.legacy.errors import Conflict, DomainError, PermissionRefused, ValidationFailed
from helpdesk.legacy.passwords import verify_password
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentAccessFlag, DepartmentFlag, TeamMemberFlag
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
from helpdesk.people.permissions import AgentPermission, RolePermission
from helpdesk.people.selectors import department_names
from helpdesk.people.services import (
    add_team_member,
    create_agent,
    create_department,
    create_end_user,
    create_organization,
    create_role,
    create_team,
    find_or_create_user,
    move_department,
    remove_department_access,
    remove_team_member,
    rename_department,
    set_agent_permissions,
    set_department_access,
    set_primary_department,
    set_role_permissions,
)
from tests.people.conftest import MakeAgent

pytestmark = pytest.mark.django_db


class TestDepartments:
    def test_the_path_names_all_ancestors(self, support: Department, system: Actor) -> None:
        top = create_department("Billing", actor=system)
        child = create_department("Tier 2", parent=support, actor=system)
        grandchild = create_department("Tier 3", parent=child, actor=system)
        assert top.path == f"/{top.pk}/"
        assert grandchild.path == f"/1/{child.pk}/{grandchild.pk}/"
        stored = Department.objects.get(pk=top.pk)
        assert (stored.path, stored.flags, stored.parent, stored.ispublic) == (top.path, 4, None, True)

    def test_names_are_unique_among_siblings(self, support: Department, system: Actor) -> None:
        for parent in (None, support):
            create_department("Billing", parent=parent, actor=system)
            with pytest.raises(ValidationFailed, match="Department already exists"):
                create_department(" BILLING ", parent=parent, actor=system)

    def test_moving_takes_everything_below_along(self, support: Department, sales: Department, system: Actor) -> None:
        child = create_department("Tier 2", parent=support, actor=system)
        grandchild = create_department("Tier 3", parent=child, actor=system)
        move_department(child, sales, actor=system)
        assert Department.objects.get(pk=grandchild.pk).path == f"/2/{child.pk}/{grandchild.pk}/"
        assert Department.objects.get(pk=child.pk).parent == sales
        move_department(child, None, actor=system)
        assert Department.objects.get(pk=grandchild.pk).path == f"/{child.pk}/{grandchild.pk}/"
        assert Department.objects.get(pk=child.pk).parent is None

    def test_nothing_moves_below_itself(self, support: Department, system: Actor) -> None:
        child = create_department("Tier 2", parent=support, actor=system)
        for place in (support, child):
            with pytest.raises(Conflict):
                move_department(support, place, actor=system)
        assert Department.objects.get(pk=1).path == "/1/"

    def test_parents_must_be_active(self, sales: Department, support: Department, system: Actor) -> None:
        sales.flags = DepartmentFlag.ARCHIVED
        sales.save()
        with pytest.raises(ValidationFailed, match="must be active"):
            create_department("Export", parent=sales, actor=system)
        with pytest.raises(ValidationFailed, match="must be active"):
            move_department(support, sales, actor=system)

    def test_a_path_that_does_not_fit_is_refused(self, support: Department, system: Actor) -> None:
        support.path = "/" + "1234567/" * 15 + "12345/"
        support.save()
        with pytest.raises(ValidationFailed, match="nested so deeply"):
            create_department("Deep down", parent=support, actor=system)
        assert not Department.objects.filter(name="Deep down").exists()

    def test_renaming(self, support: Department, sales: Department, system: Actor) -> None:
        rename_department(support, "SUPPORT", actor=system)
        assert Department.objects.get(pk=1).name == "SUPPORT"
        with pytest.raises(ValidationFailed, match="Department already exists"):
            rename_department(sales, "support", actor=system)

    def test_full_names(self, support: Department, system: Actor) -> None:
        child = create_department("Tier 2", parent=support, actor=system)
        assert department_names()[child.pk] == "Support / Tier 2"


class TestAgents:
    def test_an_agent_is_made_as_the_panel_makes_one(self, support: Department, limited: Role, system: Actor) -> None:
        agent = create_agent(
            "carol",
            email="Carol@Acme.test",
            department=support,
            role=limited,
            actor=system,
            firstname="Carol",
            lastname="Sales",
            password="correct horse",
            permissions=[AgentPermission.USER_EDIT, AgentPermission.USER_CREATE],
        )
        stored = Agent.objects.get(pk=agent.pk)
        assert (stored.name, stored.dept, stored.role) == ("Carol Sales", support, limited)
        assert verify_password("correct horse", stored.passwd)
        assert stored.permissions == {"user.create": 1, "user.edit": 1}
        assert (stored.isactive, stored.isadmin, stored.isvisible) == (True, False, True)

    def test_names_and_addresses_are_taken_in_any_case(
        self, make_agent: MakeAgent, support: Department, limited: Role, system: Actor
    ) -> None:
        make_agent("bob")
        with pytest.raises(ValidationFailed, match="Username already in use"):
            create_agent("BOB", email="x@acme.test", department=support, role=limited, actor=system)
        with pytest.raises(ValidationFailed, match="Email already in use"):
            create_agent("bobby", email="BOB@acme.test", department=support, role=limited, actor=system)

    @pytest.mark.parametrize("username", ["", "x", "has blank", "a@b.test", "semi;colon", "x" * 33])
    def test_a_login_name_must_be_one(self, username: str, support: Department, limited: Role, system: Actor) -> None:
        with pytest.raises(ValidationFailed) as refusal:
            create_agent(username, email="x@acme.test", department=support, role=limited, actor=system)
        assert refusal.value.field == "username"

    def test_a_short_password_is_refused(self, support: Department, limited: Role, system: Actor) -> None:
        with pytest.raises(ValidationFailed, match="at least 6 characters"):
            create_agent("dave", email="d@acme.test", department=support, role=limited, actor=system, password="short")

    def test_without_a_password_nobody_can_sign_in(self, support: Department, limited: Role, system: Actor) -> None:
        agent = create_agent("dave", email="d@acme.test", department=support, role=limited, actor=system)
        assert agent.passwd is None

    def test_access_is_noticed_on_the_same_object(
        self, make_agent: MakeAgent, sales: Department, limited: Role, system: Actor
    ) -> None:
        agent = make_agent()
        assert access_of(agent).department_ids == {1}
        set_department_access(agent, sales, limited, actor=system)
        assert access_of(agent).department_ids == {1, 2}
        set_primary_department(agent, Department.objects.get(pk=3), limited, actor=system)
        assert access_of(agent).department_ids == {2, 3}
        remove_department_access(agent, sales, actor=system)
        assert access_of(agent).department_ids == {3}
        set_agent_permissions(agent, [AgentPermission.SEARCH_ALL], actor=system)
        assert access_of(agent).agent_permissions == {"search.all"}

    def test_setting_access_twice_changes_it(
        self, make_agent: MakeAgent, sales: Department, limited: Role, system: Actor
    ) -> None:
        agent = make_agent()
        set_department_access(agent, sales, limited, actor=system)
        set_department_access(agent, sales, Role.objects.get(pk=1), alerts=False, actor=system)
        row = DepartmentAccess.objects.get(staff=agent, dept=sales)
        assert (row.role_id, row.flags) == (1, DepartmentAccessFlag(0))


class TestRolesAndTeams:
    def test_roles(self, system: Actor) -> None:
        role = create_role("Closers", [RolePermission.TICKET_CLOSE], actor=system)
        assert Role.objects.get(pk=role.pk).permissions == {"ticket.close": 1}
        set_role_permissions(role, [], actor=system)
        assert Role.objects.get(pk=role.pk).permissions in ({}, [], None)
        with pytest.raises(ValidationFailed):
            create_role("CLOSERS", [], actor=system)

    def test_teams(self, make_agent: MakeAgent, system: Actor) -> None:
        agent = make_agent()
        team = create_team("Night shift", lead=agent, actor=system)
        assert not Team.objects.assignable().filter(pk=team.pk).exists()
        add_team_member(team, agent, actor=system, alerts=False)
        assert TeamMember.objects.get(team=team, staff=agent).flags == TeamMemberFlag(0)
        assert Team.objects.assignable().get(pk=team.pk) == team
        add_team_member(team, agent, actor=system)
        assert TeamMember.objects.get(team=team, staff=agent).flags == TeamMemberFlag.ALERTS
        remove_team_member(team, agent, actor=system)
        assert access_of(agent).team_ids == frozenset()
        with pytest.raises(ValidationFailed):
            create_team("night SHIFT", actor=system)


class TestEndUsers:
    def test_a_new_address_makes_a_user(self, system: Actor) -> None:
        user = find_or_create_user("Jane.Doe@customer.test", "Dr. Jane Doe", actor=system)
        stored = EndUser.objects.get(pk=user.pk)
        assert stored.name == "Dr. Jane Doe"
        assert stored.default_email is not None
        assert stored.default_email.address == "Jane.Doe@customer.test"
        assert stored.org is None

    def test_a_known_address_in_any_case_gives_its_user(self, system: Actor) -> None:
        user = find_or_create_user("jane@customer.test", "Jane", actor=system)
        assert find_or_create_user(" JANE@Customer.TEST", "Somebody else", actor=system) == user
        second = UserEmail.objects.create(user=user, address="jane@home.test")
        assert find_or_create_user(second.address, actor=system) == user
        assert EndUser.objects.get(pk=user.pk).name == "Jane"

    def test_without_a_name_the_address_serves(self, system: Actor) -> None:
        assert find_or_create_user("jane@customer.test", actor=system).name == "jane"

    def test_the_domain_decides_the_organization(self, system: Actor) -> None:
        Organization.objects.create(name="Near miss", domain="not-customer.test, customer.tests")
        customer = create_organization("Customer", domain="first.test, CUSTOMER.test", actor=system)
        Organization.objects.create(name="Later", domain="customer.test")
        assert find_or_create_user("jane@Customer.Test", actor=system).org == customer
        assert find_or_create_user("joe@sub.customer.test", actor=system).org is None

    def test_creating_a_known_address_is_refused(self, system: Actor) -> None:
        create_end_user("jane@customer.test", "Jane", actor=system)
        with pytest.raises(ValidationFailed, match="already in use"):
            create_end_user("JANE@customer.test", "Jane", actor=system)
        assert EndUser.objects.filter(name="Jane").count() == 1

    @pytest.mark.parametrize("address", ["", "jane", "jane@", "@customer.test", "jane doe@customer.test"])
    def test_what_is_no_address_is_refused(self, address: str, system: Actor) -> None:
        with pytest.raises(ValidationFailed) as refusal:
            find_or_create_user(address, "Jane", actor=system)
        assert refusal.value.field == "email"


class TestWhoMay:
    """Three actors: an administrator, an agent without permissions, a stranger."""

    @pytest.fixture
    def refused(self, make_agent: MakeAgent) -> list[Actor]:
        return [
            Actor.for_agent(make_agent("ann")),
            Actor.for_agent(make_agent("eve", isadmin=True, isactive=False, permissions={"user.create": 1})),
            Actor.for_user(EndUser.objects.create(name="Jane")),
        ]

    def test_administrators_shape_the_house(self, make_agent: MakeAgent, support: Department) -> None:
        actor = Actor.for_agent(make_agent("ada", isadmin=True))
        department = create_department("Billing", actor=actor)
        role = create_role("Closers", [], actor=actor)
        agent = create_agent("carol", email="carol@acme.test", department=department, role=role, actor=actor)
        set_department_access(agent, support, role, actor=actor)
        add_team_member(create_team("Night shift", actor=actor), agent, actor=actor)
        assert access_of(agent).department_ids == {1, department.pk}

    def test_nobody_else_does(self, refused: list[Actor], support: Department, limited: Role) -> None:
        team = Team.objects.get(pk=1)
        agent = Agent.objects.get(username="ann")
        attempts: list[Callable[[Actor], object]] = [
            lambda actor: create_department("Billing", actor=actor),
            lambda actor: rename_department(support, "Other", actor=actor),
            lambda actor: move_department(support, None, actor=actor),
            lambda actor: create_role("Closers", [], actor=actor),
            lambda actor: set_role_permissions(limited, [], actor=actor),
            lambda actor: create_team("Night shift", actor=actor),
            lambda actor: add_team_member(team, agent, actor=actor),
            lambda actor: remove_team_member(team, agent, actor=actor),
            lambda actor: create_agent("mal", email="m@x.test", department=support, role=limited, actor=actor),
            lambda actor: set_department_access(agent, support, limited, actor=actor),
            lambda actor: remove_department_access(agent, support, actor=actor),
            lambda actor: set_primary_department(agent, support, limited, actor=actor),
            lambda actor: set_agent_permissions(agent, [], actor=actor),
        ]
        for actor in [*refused, Actor.for_api_key("key")]:
            for attempt in attempts:
                with pytest.raises(PermissionRefused):
                    attempt(actor)

    def test_users_are_made_by_those_who_may(self, make_agent: MakeAgent, refused: list[Actor]) -> None:
        allowed = [
            Actor.for_agent(make_agent("bob", permissions={"user.create": 1})),
            Actor.for_api_key("key"),
            Actor.system("mail"),
        ]
        for number, actor in enumerate(allowed):
            create_end_user(f"jane{number}@customer.test", actor=actor)
        for actor in refused:
            with pytest.raises(PermissionRefused):
                create_end_user("joe@customer.test", actor=actor)
            assert find_or_create_user("jane0@customer.test", actor=actor).name == "jane0"

    def test_organizations_need_their_own_permission(self, make_agent: MakeAgent) -> None:
        actor = Actor.for_agent(make_agent("bob", permissions={"org.create": 1}))
        assert create_organization("Initech", actor=actor).pk
        with pytest.raises(DomainError):
            create_organization("Globex", actor=Actor.for_api_key("key"))


class TestQuerySets:
    def test_assignable_agents_follow_the_departments_rule(
        self, make_agent: MakeAgent, support: Department, limited: Role, system: Actor
    ) -> None:
        primary, extended, manager = make_agent("bob"), make_agent("ann", dept_id=2), make_agent("mona", dept_id=2)
        stranger = make_agent("sam", dept_id=3)
        make_agent("vac", onvacation=True)
        make_agent("off", isactive=False)
        set_department_access(extended, support, limited, actor=system)
        support.manager = manager
        support.flags = DepartmentFlag.ACTIVE
        assert set(Agent.objects.assignable_in(support)) == {primary, extended, manager, stranger}
        support.flags = DepartmentFlag.ACTIVE | DepartmentFlag.ASSIGN_MEMBERS_ONLY
        assert list(Agent.objects.assignable_in(support).order_by("pk")) == [primary, extended, manager]
        support.flags = DepartmentFlag.ACTIVE | DepartmentFlag.ASSIGN_PRIMARY_ONLY
        assert set(Agent.objects.assignable_in(support)) == {primary}

    def test_active_departments(self, support: Department) -> None:
        Department.objects.filter(pk=3).update(flags=DepartmentFlag.ARCHIVED)
        assert set(Department.objects.active().values_list("pk", flat=True)) == {1, 2}

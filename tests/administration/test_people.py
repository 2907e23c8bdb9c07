"""Departments, agents, teams and roles, changed through the real forms; the rows are what osTicket would store."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from helpdesk.audit.models import AdministrativeChange
from helpdesk.configuration.models import ConfigItem
from helpdesk.legacy.passwords import verify_password
from helpdesk.people.constants import DepartmentFlag
from helpdesk.people.models import Agent, Department, DepartmentAccess, Role, Team, TeamMember
from tests.administration.conftest import MakeAgent
from tests.administration.forms import errors_of, fields_of, save
from tests.factories import AgentFactory, DepartmentFactory, RoleFactory, TeamFactory, give_access
from tests.sign_in import agent_client

pytestmark = pytest.mark.django_db
DEPARTMENTS = "/admin/hd_people/department/"
AGENTS = "/admin/hd_people/agent/"
TEAMS = "/admin/hd_people/team/"
ROLES = "/admin/hd_people/role/"


def raw(table: str, key: str, number: int, column: str) -> object:
    """Give what a column holds, past all fields."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM ost_{table} WHERE {key} = %s", [number])  # noqa: S608
        return cursor.fetchone()[0]


def last_change() -> AdministrativeChange:
    change = AdministrativeChange.objects.order_by("pk").last()
    assert change is not None
    return change


class TestDepartments:
    def test_a_new_one(self, browser: Client, admin: Agent) -> None:
        response = save(
            browser, f"{DEPARTMENTS}add/", name="Billing", parent="1", manager=str(admin.pk), assign_members_only="on"
        )
        assert (response.status_code, response["Location"]) == (302, DEPARTMENTS)
        department = Department.objects.get(name="Billing")
        assert department.path == f"/1/{department.pk}/"
        assert department.manager == admin
        assert department.flags == DepartmentFlag.ACTIVE | DepartmentFlag.ASSIGN_MEMBERS_ONLY
        assert (raw("department", "id", department.pk, "sla_id"), department.message_auto_response) == (0, True)
        change = last_change()
        assert (change.action, change.object_name, change.actor_name) == ("created", "Billing", "ada")
        assert change.changes["manager"] == [None, f"ada ({admin.pk})"]

    def test_a_change_moves_it_and_writes_the_trail(self, browser: Client) -> None:
        department = DepartmentFactory.new(name="Billing")
        response = save(browser, f"{DEPARTMENTS}{department.pk}/change/", name="Invoices", parent="2", sla="1")
        assert response.status_code == 302, errors_of(response)
        changed = Department.objects.get(pk=department.pk)
        assert (changed.name, changed.path, changed.sla_id) == ("Invoices", f"/2/{department.pk}/", 1)
        assert last_change().changes["name"] == ["Billing", "Invoices"]
        assert last_change().ip_address == "127.0.0.1"

    def test_saving_without_a_change_changes_nothing(self, browser: Client) -> None:
        department = DepartmentFactory.new(flags=0x44)
        Department.objects.filter(pk=department.pk).update(manager_id=4711, parent_id=815, updated=None)
        before = Department.objects.filter(pk=department.pk).values().get()
        assert save(browser, f"{DEPARTMENTS}{department.pk}/change/").status_code == 302
        assert Department.objects.filter(pk=department.pk).values().get() == before
        assert not AdministrativeChange.objects.exists()

    def test_odd_rows_keep_what_is_odd_about_them(self, browser: Client) -> None:
        department = DepartmentFactory.new(flags=0x44)
        Department.objects.filter(pk=department.pk).update(manager_id=4711)
        save(browser, f"{DEPARTMENTS}{department.pk}/change/", name="Renamed", disable_auto_claim="on")
        assert raw("department", "id", department.pk, "manager_id") == 4711
        assert raw("department", "id", department.pk, "flags") == 0x46

    @pytest.mark.parametrize(
        ("changes", "field"),
        [({"name": "sales"}, "name"), ({"name": " "}, "name"), ({"manager": "4711"}, "manager")],
    )
    def test_a_refusal_stands_at_its_field(self, browser: Client, changes: dict[str, str], field: str) -> None:
        response = save(browser, f"{DEPARTMENTS}1/change/", **changes)
        assert response.status_code == 200
        assert list(errors_of(response)) == [field]
        assert Department.objects.get(pk=1).name == "Support"
        assert not AdministrativeChange.objects.exists()

    def test_no_cycles(self, browser: Client) -> None:
        below = DepartmentFactory.new(parent=Department.objects.get(pk=1))
        page = fields_of(browser.get(f"{DEPARTMENTS}1/change/").content)
        response = browser.post(f"{DEPARTMENTS}1/change/", {**page, "parent": str(below.pk)})
        assert "parent" in errors_of(response)
        assert Department.objects.get(pk=1).parent is None

    def test_the_default_department_stays_active(self, browser: Client) -> None:
        response = save(browser, f"{DEPARTMENTS}1/change/", state="disabled")
        assert errors_of(response) == {"state": ["The default department must stay active."]}

    def test_one_in_use_is_not_deleted(self, browser: Client) -> None:
        used = AgentFactory.new().dept
        assert used is not None
        for department in (1, used.pk):
            response = browser.post(f"{DEPARTMENTS}{department}/delete/", {"post": "yes"}, follow=True)
            assert Department.objects.filter(pk=department).exists()
            assert b"cannot be deleted" in response.content or b"primary members" in response.content

    def test_one_that_nobody_uses_is(self, browser: Client) -> None:
        department = DepartmentFactory.new(name="Gone")
        give_access(AgentFactory.new(), department)
        assert browser.get(f"{DEPARTMENTS}{department.pk}/delete/").status_code == 200
        browser.post(f"{DEPARTMENTS}{department.pk}/delete/", {"post": "yes"})
        assert not Department.objects.filter(pk=department.pk).exists()
        assert not DepartmentAccess.objects.filter(dept_id=department.pk).exists()
        assert (last_change().action, last_change().object_name) == ("deleted", "Gone")


class TestAgents:
    def test_a_new_one_who_can_sign_in(self, browser: Client) -> None:
        team = TeamFactory.new(name="Night shift")
        response = save(
            browser,
            f"{AGENTS}add/",
            username="carol",
            email="carol@acme.test",
            firstname="Carol",
            new_password="Carols-pw-1",
            department="1",
            role="1",
            permissions=["user.create", "search.all"],
            **{"access-2-role": "3", "access-2-alerts": "on", f"teams-{team.pk}-member": "on"},
        )
        assert response.status_code == 302, errors_of(response)
        agent = Agent.objects.get(username="carol")
        assert verify_password("Carols-pw-1", agent.passwd)
        assert raw("staff", "staff_id", agent.pk, "permissions") == '{"search.all":1,"user.create":1}'
        access = DepartmentAccess.objects.get(staff=agent)
        assert (access.dept_id, access.role_id, int(access.flags)) == (2, 3, 1)
        assert int(TeamMember.objects.get(staff=agent).flags) == 0
        assert (agent.isactive, agent.isadmin, agent.passwdreset is not None) == (True, False, True)
        created, password = AdministrativeChange.objects.order_by("pk")
        assert created.changes["access to Sales (2)"] == [None, "Limited Access (3), with alerts"]
        assert created.changes[f"team Night shift ({team.pk})"] == [None, "no alerts"]
        assert password.changes == {"passwd": [None, "(hidden)"]}

    def test_a_new_one_needs_a_password(self, browser: Client) -> None:
        response = save(browser, f"{AGENTS}add/", username="carol", email="c@acme.test", department="1", role="1")
        assert list(errors_of(response)) == ["new_password"]
        save(browser, f"{AGENTS}add/", username="carol", email="c@acme.test", department="1", role="1", backend="ldap")
        assert Agent.objects.get(username="carol").backend == "ldap"

    def test_a_password_that_is_too_short_leaves_nothing_half_done(
        self, browser: Client, make_agent: MakeAgent
    ) -> None:
        agent = make_agent("bob")
        response = save(browser, f"{AGENTS}{agent.pk}/change/", firstname="Robert", new_password="short")
        assert list(errors_of(response)) == ["new_password"]
        assert Agent.objects.get(pk=agent.pk).firstname == "Bob"
        assert not AdministrativeChange.objects.exists()

    def test_passwords_never_reach_page_or_trail(self, browser: Client, make_agent: MakeAgent) -> None:
        agent = make_agent("bob", passwd="$2y$04$secrethash")
        assert b"secrethash" not in browser.get(f"{AGENTS}{agent.pk}/change/").content
        save(browser, f"{AGENTS}{agent.pk}/change/", new_password="Some-new-pw", firstname="Robert")
        stored = Agent.objects.get(pk=agent.pk).passwd or ""
        trail = str(list(AdministrativeChange.objects.values()))
        assert "Some-new-pw" not in trail
        assert stored not in trail
        assert "secrethash" not in trail

    def test_access_is_changed_row_by_row(self, browser: Client, make_agent: MakeAgent) -> None:
        agent = make_agent("bob")
        DepartmentAccess.objects.create(staff=agent, dept_id=2, role_id=1, flags=1)
        DepartmentAccess.objects.create(staff=agent, dept_id=3, role_id=1, flags=3)
        address = f"{AGENTS}{agent.pk}/change/"
        save(browser, address, **{"access-2-role": "-", "access-3-role": "2", "access-3-alerts": None})
        row = DepartmentAccess.objects.get(staff=agent)
        assert (row.dept_id, row.role_id, int(row.flags)) == (3, 2, 2)
        assert set(last_change().changes) == {"access to Sales (2)", "access to Maintenance (3)"}

    def test_odd_rows_are_kept(self, browser: Client, make_agent: MakeAgent) -> None:
        agent = make_agent("bob", dept_id=77, role_id=88, permissions={"user.create": 1, "plugin.magic": "yes"})
        DepartmentAccess.objects.create(staff=agent, dept_id=4711, role_id=99, flags=5)
        DepartmentAccess.objects.create(staff=agent, dept_id=2, role_id=None, flags=0)
        TeamMember.objects.create(team_id=4712, staff=agent, flags=1)
        Agent.objects.filter(pk=agent.pk).update(extra={"browser_lang": "de", "def_assn_role": True})
        page = browser.get(f"{AGENTS}{agent.pk}/change/").content.decode()
        assert "plugin.magic" in page
        assert "no longer exists" in page
        assert save(browser, f"{AGENTS}{agent.pk}/change/", permissions=["org.create"]).status_code == 302
        assert raw("staff", "staff_id", agent.pk, "permissions") == '{"org.create":1,"plugin.magic":"yes"}'
        assert raw("staff", "staff_id", agent.pk, "extra") == '{"browser_lang":"de","def_assn_role":true}'
        assert (raw("staff", "staff_id", agent.pk, "dept_id"), raw("staff", "staff_id", agent.pk, "role_id")) == (
            77,
            88,
        )
        access = (
            DepartmentAccess.objects.filter(staff=agent).order_by("dept_id").values_list("dept_id", "role_id", "flags")
        )
        assert [tuple(map(int, (row[0], row[1] or 0, row[2]))) for row in access] == [(2, 0, 0), (4711, 99, 5)]
        assert TeamMember.objects.filter(staff=agent, team_id=4712).exists()

    def test_saving_without_a_change_changes_nothing(self, browser: Client, make_agent: MakeAgent) -> None:
        agent = make_agent("bob", permissions=[], extra=None, lastname=None, backend="ldap.p1i2", notes=None)
        before = Agent.objects.filter(pk=agent.pk).values().get()
        assert save(browser, f"{AGENTS}{agent.pk}/change/").status_code == 302
        assert Agent.objects.filter(pk=agent.pk).values().get() == before
        assert not AdministrativeChange.objects.exists()

    @pytest.mark.parametrize("field", ["isactive", "isadmin"])
    def test_nobody_locks_himself_out(self, browser: Client, admin: Agent, make_agent: MakeAgent, field: str) -> None:
        make_agent("eve", isadmin=True)
        assert list(errors_of(save(browser, f"{AGENTS}{admin.pk}/change/", **{field: None}))) == [field]
        assert Agent.objects.get(pk=admin.pk).isactive

    def test_another_administrator_can_be_demoted(self, browser: Client, make_agent: MakeAgent) -> None:
        eve = make_agent("eve", isadmin=True)
        assert save(browser, f"{AGENTS}{eve.pk}/change/", isadmin=None).status_code == 302
        assert not Agent.objects.get(pk=eve.pk).isadmin

    def test_locking_ends_the_sessions(self, browser: Client, make_agent: MakeAgent) -> None:
        agent = make_agent("bob")
        his = agent_client(agent)
        assert his.get("/scp/password/").status_code == 200
        save(browser, f"{AGENTS}{agent.pk}/change/", isactive=None)
        assert his.get("/scp/password/").status_code == 302

    def test_a_lost_second_step_is_reset(self, browser: Client, make_agent: MakeAgent) -> None:
        agent = make_agent("bob")
        for key, value in (("default_2fa", "auth.agent"), ("auth.agent", '{"config":{"key":"AAAA"}}'), ("lang", "de")):
            ConfigItem.objects.create(namespace=f"staff.{agent.pk}", key=key, value=value)
        save(browser, f"{AGENTS}{agent.pk}/change/", reset_second_step="on")
        kept = ConfigItem.objects.filter(namespace=f"staff.{agent.pk}").values_list("key", flat=True)
        assert list(kept) == ["lang"]
        assert last_change().changes == {"auth.agent": ["(hidden)", None], "default_2fa": ["(hidden)", None]}

    @pytest.mark.parametrize(
        ("changes", "field"),
        [({"username": "ADA"}, "username"), ({"email": "ada@acme.test"}, "email"), ({"email": "nobody"}, "email")],
    )
    def test_names_are_unique(
        self, browser: Client, make_agent: MakeAgent, changes: dict[str, str], field: str
    ) -> None:
        agent = make_agent("bob")
        assert list(errors_of(save(browser, f"{AGENTS}{agent.pk}/change/", **changes))) == [field]


class TestTeams:
    def test_members_come_and_go(self, browser: Client, make_agent: MakeAgent) -> None:
        bob, ann, eve = make_agent("bob"), make_agent("ann"), make_agent("eve")
        team = TeamFactory.new(name="Night shift", members=[bob, ann])
        address = f"{TEAMS}{team.pk}/change/"
        changes = {f"members-{bob.pk}-member": None, f"members-{ann.pk}-alerts": None, "new_members": [str(eve.pk)]}
        assert save(browser, address, lead=str(eve.pk), has_alerts=None, **changes).status_code == 302
        members = TeamMember.objects.filter(team=team).order_by("staff_id")
        assert [(row.staff_id, int(row.flags)) for row in members] == [(ann.pk, 0), (eve.pk, 1)]
        changed = Team.objects.get(pk=team.pk)
        assert (changed.lead_id, int(changed.flags)) == (eve.pk, 3)
        assert last_change().changes[f"member bob ({bob.pk})"] == ["with alerts", None]

    def test_members_and_leads_who_are_gone_are_kept(self, browser: Client) -> None:
        team = TeamFactory.new(name="Night shift")
        TeamMember.objects.create(team=team, staff_id=4711, flags=1)
        Team.objects.filter(pk=team.pk).update(lead_id=4712)
        assert save(browser, f"{TEAMS}{team.pk}/change/", name="Day shift").status_code == 302
        assert Team.objects.filter(pk=team.pk, name="Day shift", lead_id=4712).exists()
        assert TeamMember.objects.filter(team=team, staff_id=4711).exists()

    def test_a_new_one_and_its_end(self, browser: Client, admin: Agent) -> None:
        assert save(browser, f"{TEAMS}add/", name="Crew", new_members=[str(admin.pk)]).status_code == 302
        team = Team.objects.get(name="Crew")
        assert TeamMember.objects.filter(team=team).count() == 1
        browser.post(f"{TEAMS}{team.pk}/delete/", {"post": "yes"})
        assert not Team.objects.filter(pk=team.pk).exists()
        assert not TeamMember.objects.filter(team_id=team.pk).exists()

    def test_names_are_unique(self, browser: Client) -> None:
        TeamFactory.new(name="Crew")
        assert list(errors_of(save(browser, f"{TEAMS}add/", name="CREW"))) == ["name"]


class TestRoles:
    def test_the_matrix(self, browser: Client) -> None:
        assert (
            save(browser, f"{ROLES}add/", name="Closers", permissions=["ticket.close", "task.close"]).status_code == 302
        )
        role = Role.objects.get(name="Closers")
        assert raw("role", "id", role.pk, "permissions") == '{"task.close":1,"ticket.close":1}'
        assert (
            save(browser, f"{ROLES}{role.pk}/change/", permissions=["ticket.close"], is_enabled=None).status_code == 302
        )
        assert raw("role", "id", role.pk, "permissions") == '{"ticket.close":1}'
        assert raw("role", "id", role.pk, "flags") == 0
        assert last_change().changes["flags"] == [["enabled"], []]

    def test_unknown_keys_are_kept(self, browser: Client) -> None:
        role = RoleFactory.new(permissions={"ticket.reply": 1, "plugin.magic": {"a": 1}, "ticket.close": 0})
        save(browser, f"{ROLES}{role.pk}/change/", permissions=["ticket.edit"])
        assert raw("role", "id", role.pk, "permissions") == '{"ticket.edit":1,"plugin.magic":{"a":1}}'

    @pytest.mark.parametrize("stored", ["[]", "", "not json", '{"ticket.reply":"1","x":0}'])
    def test_odd_forms_stay_while_nothing_changes(self, browser: Client, stored: str) -> None:
        role = RoleFactory.new()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE ost_role SET permissions = %s WHERE id = %s", [stored, role.pk])
        assert save(browser, f"{ROLES}{role.pk}/change/").status_code == 302
        assert raw("role", "id", role.pk, "permissions") == stored

    def test_one_in_use_is_not_deleted(self, browser: Client) -> None:
        role, free = RoleFactory.new(), RoleFactory.new()
        give_access(AgentFactory.new(), DepartmentFactory.new(), role)
        browser.post(f"{ROLES}{role.pk}/delete/", {"post": "yes"})
        browser.post(f"{ROLES}{free.pk}/delete/", {"post": "yes"})
        assert Role.objects.filter(pk=role.pk).exists()
        assert not Role.objects.filter(pk=free.pk).exists()


class TestHistory:
    def test_it_shows_who_changed_what(self, browser: Client) -> None:
        save(browser, f"{DEPARTMENTS}2/change/", name="Selling")
        page = browser.get(f"{DEPARTMENTS}2/history/").content.decode()
        assert "Selling" in page
        assert "Sales" in page
        assert "127.0.0.1" in page

    def test_names_are_escaped(self, browser: Client) -> None:
        save(browser, f"{DEPARTMENTS}2/change/", name="<script>alert(1)</script>")
        for address in (f"{DEPARTMENTS}2/history/", DEPARTMENTS, f"{DEPARTMENTS}2/change/", f"{AGENTS}add/"):
            assert b"<script>alert(1)" not in browser.get(address).content, address

    def test_of_a_row_that_is_not_there(self, browser: Client) -> None:
        assert browser.get(f"{DEPARTMENTS}4711/history/").status_code == 302


class TestLists:
    @pytest.mark.parametrize("address", [DEPARTMENTS, AGENTS, TEAMS, ROLES])
    def test_they_cost_the_same_with_many_rows(self, browser: Client, address: str) -> None:
        browser.get(address)
        counts = []
        for amount in (3, 40):
            for _ in range(amount):
                agent = AgentFactory.new()
                TeamFactory.new(members=[agent], lead=agent)
                give_access(agent, DepartmentFactory.new(manager=agent))
            with _counted() as queries:
                assert browser.get(address).status_code == 200
            counts.append(len(queries))
        assert counts[0] == counts[1]
        assert counts[1] <= 12

    @pytest.mark.parametrize(
        "address",
        [
            f"{DEPARTMENTS}?q=sale&state=active",
            f"{DEPARTMENTS}?state=archived",
            f"{DEPARTMENTS}?state=disabled&o=4",
            f"{AGENTS}?q=ada&isactive__exact=1",
            f"{AGENTS}?dept__id__exact=1&o=-7",
            f"{TEAMS}?enabled=0",
            f"{ROLES}?enabled=1&q=all",
            f"{ROLES}?p=99",
            f"{AGENTS}?q=%00&o=99",
        ],
    )
    def test_they_are_searched_and_filtered(self, browser: Client, address: str) -> None:
        response = browser.get(address, follow=True)
        assert response.status_code == 200

    def test_they_survive_dangling_references(self, browser: Client, make_agent: MakeAgent) -> None:
        agent = make_agent("bob", dept_id=77, role_id=88, firstname=None, lastname=None, email=None, passwd=None)
        Department.objects.filter(pk=2).update(manager_id=4711, parent_id=815, path="", name="")
        team = TeamFactory.new(name="")
        Team.objects.filter(pk=team.pk).update(lead_id=4711)
        role = RoleFactory.new(name=None, permissions=None)
        for address in (DEPARTMENTS, AGENTS, TEAMS, ROLES):
            assert browser.get(address).status_code == 200
        pages = [f"{DEPARTMENTS}2", f"{AGENTS}{agent.pk}", f"{TEAMS}{team.pk}", f"{ROLES}{role.pk}"]
        for page in pages:
            for view in ("change", "history", "delete"):
                assert browser.get(f"{page}/{view}/").status_code == 200, (page, view)


def _counted() -> CaptureQueriesContext:
    return CaptureQueriesContext(connection)

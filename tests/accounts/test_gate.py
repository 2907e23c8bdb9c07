"""Nobody passes the agents' door without being asked, whatever a view forgot to say."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver

from helpdesk.accounts.middleware import AgentDoorMiddleware
from helpdesk.accounts.models import Account
from helpdesk.accounts.sessions import SessionStore
from helpdesk.legacy.passwords import hash_password
from helpdesk.people.models import Agent, DepartmentAccess
from tests.accounts.conftest import SIGN_IN, MakeAgent, agent_of, configure, sign_in
from tests.sign_in import agent_client

Queries = Any
AUTHENTICATION_REQUIRED = b"Must login: Authentication Required"


@pytest.mark.django_db
class TestStrangers:
    @pytest.mark.parametrize("path", ["/scp/", "/scp/index.php"])
    def test_pages_lead_to_the_sign_in(self, browser: Client, path: str) -> None:
        response = browser.get(path)
        assert (response.status_code, response["Location"]) == (302, SIGN_IN)

    def test_and_back_afterwards(self, browser: Client) -> None:
        response = browser.get("/scp/tickets.php?id=5&q=a%26b")
        assert response["Location"] == f"{SIGN_IN}?next=%2Fscp%2Ftickets.php%3Fid%3D5%26q%3Da%2526b"

    def test_but_not_to_what_was_sent(self, browser: Client) -> None:
        assert browser.post("/scp/tickets.php", {"a": "close"})["Location"] == SIGN_IN

    def test_a_view_that_says_nothing_is_closed(self, browser: Client, agent: Agent) -> None:
        response = browser.get("/scp/unmarked/")
        assert (response.status_code, response["Location"]) == (302, f"{SIGN_IN}?next=%2Fscp%2Funmarked%2F")
        assert agent_client(agent).get("/scp/unmarked/").content == b"nobody said who may"

    @pytest.mark.parametrize(
        "headers",
        [{"X-Requested-With": "XMLHttpRequest"}, {"HX-Request": "true"}, {"Accept": "application/json, text/plain"}],
    )
    @pytest.mark.parametrize("path", ["/scp/tickets.php", "/scp/unmarked/", "/scp/password/"])
    def test_scripts_and_partial_loads_get_403(self, browser: Client, headers: dict[str, str], path: str) -> None:
        response = browser.get(path, headers=headers)
        assert (response.status_code, response.content) == (403, AUTHENTICATION_REQUIRED)

    def test_programs_get_json(self, browser: Client) -> None:
        response = browser.get("/scp/tickets.php", headers={"Accept": "application/json"})
        assert (response.status_code, response.json()) == (403, {"message": AUTHENTICATION_REQUIRED.decode()})

    @pytest.mark.parametrize(
        ("page", "target"),
        [
            ("http://testserver/scp/tickets.php?id=5", f"{SIGN_IN}?next=%2Fscp%2Ftickets.php%3Fid%3D5"),
            ("http://evil.test/scp/tickets.php", SIGN_IN),
            ("", SIGN_IN),
        ],
    )
    def test_partial_loads_take_the_whole_page_to_the_sign_in(self, browser: Client, page: str, target: str) -> None:
        response = browser.get("/scp/tickets.php", headers={"HX-Request": "true", "HX-Current-URL": page})
        assert response["HX-Redirect"] == target


@pytest.mark.django_db
class TestPassed:
    def test_the_view_knows_who_is_there(self, make_agent: MakeAgent) -> None:
        agent = make_agent()
        DepartmentAccess.objects.create(staff=agent, dept_id=2, role_id=1)
        answer = agent_client(agent).get("/scp/tickets.php").json()
        assert answer == {"agent": "bob", "departments": [1, 2], "actor": ["agent", "bob", "127.0.0.1"]}

    def test_a_page_costs_session_agent_and_reach(self, agent: Agent, django_assert_num_queries: Queries) -> None:
        browser = agent_client(agent)
        agent_of(browser)
        with django_assert_num_queries(3):  # the page asks for the departments: the third of them
            browser.get("/scp/tickets.php")

    @pytest.mark.parametrize("change", [{"isactive": False}, {"passwd": hash_password("Other-pw-2")}, {"passwd": None}])
    def test_changes_made_by_php_count_at_once(self, agent: Agent, change: dict[str, Any]) -> None:
        browser = agent_client(agent)
        assert agent_of(browser) == "bob"
        Agent.objects.filter(pk=agent.pk).update(**change)
        assert agent_of(browser) is None

    def test_a_password_set_by_sql_ends_the_session(self, agent: Agent) -> None:
        browser = Client()
        sign_in(browser)
        assert agent_of(browser) == "bob"
        with connection.cursor() as cursor:
            table = connection.ops.quote_name(Agent._meta.db_table)
            cursor.execute(f"UPDATE {table} SET passwd = %s WHERE staff_id = %s", [hash_password("x" * 8), agent.pk])  # noqa: S608
        assert agent_of(browser) is None

    def test_a_deleted_agent_is_gone(self, agent: Agent) -> None:
        browser = agent_client(agent)
        Agent.objects.filter(pk=agent.pk).delete()
        assert agent_of(browser) is None
        assert Account.objects.count() == 1


@pytest.mark.django_db
class TestIdleness:
    def test_after_the_minutes_of_the_setting_one_is_asked_again(self, agent: Agent) -> None:
        with time_machine.travel(time.time(), tick=False) as clock:
            browser = agent_client(agent)
            clock.shift(timedelta(minutes=29))
            assert agent_of(browser) == "bob"
            clock.shift(timedelta(minutes=29))
            assert agent_of(browser) == "bob"
            clock.shift(timedelta(minutes=30, seconds=1))
            response = browser.get("/scp/index.php", follow=True)
            assert "nothing happened for a while" in response.content.decode()
            assert agent_of(browser) is None

    def test_zero_means_as_long_as_the_cookie_lives(self, agent: Agent) -> None:
        configure(staff_session_timeout=0)
        with time_machine.travel(time.time(), tick=False) as clock:
            browser = agent_client(agent)
            for _ in range(5):
                clock.shift(timedelta(hours=23))
                assert agent_of(browser) == "bob"
            clock.shift(timedelta(hours=25))
            assert agent_of(browser) is None

    def test_more_than_a_day_is_possible(self, agent: Agent) -> None:
        configure(staff_session_timeout=3 * 24 * 60)
        with time_machine.travel(time.time(), tick=False) as clock:
            browser = Client()
            sign_in(browser)
            clock.shift(timedelta(hours=71))
            assert agent_of(browser) == "bob"
            clock.shift(timedelta(hours=73))
            assert agent_of(browser) is None

    def test_presence_is_written_once_a_minute(self, agent: Agent, django_assert_num_queries: Queries) -> None:
        with time_machine.travel(time.time(), tick=False) as clock:
            browser = agent_client(agent)
            agent_of(browser)
            for seconds, queries in ((59, 3), (1, 6), (30, 3)):  # a write comes with its savepoint
                clock.shift(timedelta(seconds=seconds))
                with django_assert_num_queries(queries):
                    browser.get("/scp/tickets.php")


@pytest.mark.django_db
class TestAddress:
    def test_a_session_may_be_bound_to_its_address(self, agent: Agent) -> None:
        configure(staff_ip_binding=True)
        browser = Client()
        sign_in(browser, REMOTE_ADDR="192.0.2.1")
        assert agent_of(browser, REMOTE_ADDR="192.0.2.1") == "bob"
        assert agent_of(browser, REMOTE_ADDR="192.0.2.2") is None
        assert agent_of(browser, REMOTE_ADDR="192.0.2.1") is None

    def test_usually_it_is_not(self, agent: Agent) -> None:
        browser = Client()
        sign_in(browser, REMOTE_ADDR="192.0.2.1")
        assert agent_of(browser, REMOTE_ADDR="192.0.2.2") == "bob"


@pytest.mark.django_db
class TestNewPasswordDue:
    @pytest.mark.parametrize("path", ["/scp/", "/scp/tickets.php", "/scp/unmarked/"])
    def test_every_page_asks_for_it(self, make_agent: MakeAgent, path: str) -> None:
        response = agent_client(make_agent(change_passwd=True)).get(path)
        assert (response.status_code, response["Location"]) == (302, "/scp/password/")

    def test_partial_loads_too(self, make_agent: MakeAgent) -> None:
        browser = agent_client(make_agent(change_passwd=True))
        response = browser.get("/scp/tickets.php", headers={"HX-Request": "true"})
        assert (response.status_code, response["HX-Redirect"]) == (403, "/scp/password/")

    def test_one_may_leave_instead(self, make_agent: MakeAgent) -> None:
        browser = agent_client(make_agent(change_passwd=True))
        assert browser.post("/scp/logout.php")["Location"] == SIGN_IN


OPEN_TO_EVERYBODY = {"scp/login.php", "scp/logout.php", "scp/pwreset.php"}


def routes(patterns: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback


def test_every_address_of_the_agents_door_is_closed_to_strangers(rf: RequestFactory) -> None:
    """The walk of the real site: what opens a page to everybody must be listed above."""
    resolver = get_resolver("helpdesk.urls")
    agent_routes = {route: view for route, view in routes(resolver.url_patterns) if route.startswith("scp")}
    assert agent_routes.keys() >= OPEN_TO_EVERYBODY
    assert "helpdesk.accounts.middleware.AgentDoorMiddleware" in django_settings.MIDDLEWARE
    for route, view in agent_routes.items():
        assert getattr(view, "login_required", True) != (route in OPEN_TO_EVERYBODY), route
        if route in OPEN_TO_EVERYBODY:
            continue
        request = rf.get("/scp/anything")
        request.user, request.session = AnonymousUser(), SessionStore(door="agent")
        middleware = AgentDoorMiddleware(lambda request: HttpResponse("passed"))
        answer = middleware.process_view(request, view, (), {}) or view(request)
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, SIGN_IN), route

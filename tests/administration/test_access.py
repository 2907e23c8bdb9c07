"""Who gets into `/admin/`: active administrators through the agents' door, nobody else (docs/administration.md)."""

import re
import time
from typing import Any

import pytest
import time_machine
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import get_resolver, path

from helpdesk.accounts.gate import agent_required
from helpdesk.accounts.services import set_agent_password
from helpdesk.administration.site import site
from helpdesk.configuration.services import set_settings
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, EndUser
from helpdesk.urls import urlpatterns as all_addresses
from tests.administration.conftest import MakeAgent
from tests.sign_in import agent_client, sign_in_user

pytestmark = pytest.mark.django_db
SIGN_IN = "/scp/login.php"
PASSWORD = "Secret-pw-1"


def sample_addresses() -> list[str]:
    """Give an address for every view of the site."""
    values = {"object_id": "1", "content_type_id": "1", "app_label": "hd_people", "url": "nothing", "name": "system"}
    addresses = []
    for pattern in _flattened(site.get_urls()):
        for name, value in values.items():
            pattern = re.sub(rf"<\w+:{name}>", value, pattern)
        addresses.append("/admin/" + pattern.replace("(?P<app_label>", "").strip("^$"))
    return addresses


def _flattened(patterns: list[Any], prefix: str = "") -> list[str]:
    found = []
    for entry in patterns:
        route = prefix + str(entry.pattern)
        found += _flattened(entry.url_patterns, route) if hasattr(entry, "url_patterns") else [route]
    return [route for route in found if "(" not in route or "app_label" in route]


class TestWhoGetsIn:
    def test_an_administrator(self, browser: Client) -> None:
        response = browser.get("/admin/")
        assert response.status_code == 200
        assert b"Acme Support" in response.content

    def test_a_stranger_is_sent_to_the_agents_sign_in_and_back(self) -> None:
        response = Client().get("/admin/?x=1")
        assert (response.status_code, response["Location"]) == (302, f"{SIGN_IN}?next=%2Fadmin%2F%3Fx%3D1")

    def test_an_agent_is_refused(self, make_agent: MakeAgent) -> None:
        response = agent_client(make_agent()).get("/admin/")
        assert response.status_code == 403
        assert b"You may not do this" in response.content

    def test_an_inactive_administrator_is_no_longer_signed_in(self, admin: Agent, browser: Client) -> None:
        Agent.objects.filter(pk=admin.pk).update(isactive=False)
        assert browser.get("/admin/")["Location"] == f"{SIGN_IN}?next=%2Fadmin%2F"

    def test_an_administrator_who_was_demoted(self, admin: Agent, browser: Client) -> None:
        Agent.objects.filter(pk=admin.pk).update(isadmin=False)
        assert browser.get("/admin/").status_code == 403

    def test_an_end_user(self) -> None:
        browser = sign_in_user(Client(), EndUser.objects.create(name="Jane"))
        assert browser.get("/admin/")["Location"].startswith(SIGN_IN)

    @pytest.mark.parametrize("address", sample_addresses())
    def test_no_view_of_the_site_is_open(self, address: str, make_agent: MakeAgent) -> None:
        """Every address that the site has, whatever its own view would say."""
        for method in ("get", "post"):
            stranger = getattr(Client(), method)(address)
            assert (stranger.status_code, stranger["Location"].partition("?")[0]) == (302, SIGN_IN), address
        agent = agent_client(make_agent())
        assert agent.get(address).status_code == 403
        assert agent.post(address).status_code == 403

    def test_a_view_for_all_agents_is_closed_to_them_here(self, make_agent: MakeAgent, settings: Any) -> None:
        @agent_required
        def for_agents(request: HttpRequest) -> HttpResponse:
            return HttpResponse("open")

        settings.ROOT_URLCONF = type(
            "urls", (), {"urlpatterns": [path("admin/forgotten/", for_agents), *all_addresses]}
        )
        assert agent_client(make_agent()).get("/admin/forgotten/").status_code == 403
        assert agent_client(make_agent("eve", isadmin=True)).get("/admin/forgotten/").content == b"open"

    def test_paths_that_only_look_like_it_are_the_portals(self) -> None:
        for address in ("/adminx/", "/x/admin/", "/admins/"):
            assert Client().get(address).status_code == 404


class TestTheSession:
    def test_one_sign_in_opens_both_paths(self, admin: Agent) -> None:
        set_agent_password(admin, new_password=PASSWORD, change_due=False, actor=Actor.system())
        browser = Client()
        answer = browser.post(SIGN_IN, {"userid": "ada", "passwd": PASSWORD, "next": "/admin/"})
        assert answer["Location"] == "/admin/"
        assert browser.cookies["ostler_agent"]["path"] == "/scp/"
        assert browser.cookies["ostler_agent_administration"]["path"] == "/admin/"
        assert browser.cookies["ostler_agent_administration"]["httponly"]
        assert browser.get("/admin/").status_code == 200
        assert browser.get("/scp/", follow=True).status_code == 200

    def test_the_cookie_of_one_path_opens_nothing_at_the_other_door(self, browser: Client) -> None:
        thief = Client()
        thief.cookies["ostler_portal"] = browser.cookies["ostler_agent_administration"].value
        assert thief.get("/admin/").status_code == 302

    def test_without_the_cookie_of_this_path_the_sign_in_page_gives_it_anew(self, browser: Client) -> None:
        """Somebody who signed in before there was an administration must not run in circles."""
        del browser.cookies["ostler_agent_administration"]
        response = browser.get("/admin/", follow=True)
        assert response.redirect_chain == [(f"{SIGN_IN}?next=%2Fadmin%2F", 302), ("/admin/", 302)]
        assert response.status_code == 200

    def test_signing_out_here_signs_out_there(self, browser: Client) -> None:
        assert browser.post("/admin/logout/")["Location"] == SIGN_IN
        assert browser.get("/scp/").status_code == 302
        assert browser.get("/admin/").status_code == 302

    def test_signing_out_there_signs_out_here(self, browser: Client) -> None:
        browser.post("/scp/logout.php")
        assert browser.get("/admin/").status_code == 302

    def test_a_link_does_not_sign_out(self, browser: Client) -> None:
        assert browser.get("/admin/logout/")["Location"] == "/scp/logout.php"
        assert browser.get("/admin/").status_code == 200

    def test_forms_need_their_token(self, admin: Agent) -> None:
        browser = agent_client(admin)
        browser.handler.enforce_csrf_checks = True
        assert browser.post("/admin/logout/").status_code == 403
        assert browser.get("/admin/").status_code == 200

    def test_an_idle_session_ends(self, browser: Client) -> None:
        with time_machine.travel(time.time() + 31 * 60):
            assert browser.get("/admin/")["Location"].startswith(SIGN_IN)
        assert browser.get("/scp/").status_code == 302

    def test_a_bound_session_ends_at_another_address(self, browser: Client) -> None:
        set_settings("core", {"staff_ip_binding": True}, Actor.system())
        assert browser.get("/admin/").status_code == 200
        assert browser.get("/admin/", REMOTE_ADDR="192.0.2.9").status_code == 302

    def test_a_due_password_comes_first(self, admin: Agent, browser: Client) -> None:
        Agent.objects.filter(pk=admin.pk).update(change_passwd=True)
        assert browser.get("/admin/")["Location"] == "/scp/password/"

    def test_the_address_list_of_the_agents_door_counts(self, browser: Client) -> None:
        set_settings("core", {"acl": "198.51.100.1", "acl_backend": "3"}, Actor.system())
        assert browser.get("/admin/").status_code == 403

    def test_djangos_own_sign_in_and_password_pages_lead_to_ours(self, browser: Client) -> None:
        assert browser.get("/admin/login/")["Location"] == f"{SIGN_IN}?next=%2Fadmin%2F"
        assert browser.get("/admin/password_change/")["Location"] == "/scp/password/"


class TestThePolicyHeader:
    def test_here_the_themes_scripts_may_work(self, browser: Client) -> None:
        policy = browser.get("/admin/")["Content-Security-Policy"]
        assert "script-src 'self' 'unsafe-eval'" in policy
        assert "style-src 'self' 'unsafe-inline'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "'unsafe-inline'" not in policy.partition("style-src")[0]

    def test_nowhere_else(self, browser: Client) -> None:
        patterns = [str(entry.pattern) for entry in get_resolver().url_patterns]
        assert patterns[:2] == ["scp/", "admin/"]
        for address in ("/", "/scp/", SIGN_IN, "/scp/password/", "/nothing/"):
            assert "unsafe" not in browser.get(address)["Content-Security-Policy"], address
        assert "unsafe" not in Client().get("/admin/")["Content-Security-Policy"]


class TestTheWayThere:
    def test_administrators_find_it_in_the_agent_portal(self, browser: Client) -> None:
        assert b'href="/admin/"' in browser.get("/scp/", follow=True).content
        assert b'href="/scp/"' in browser.get("/admin/").content

    def test_other_agents_do_not(self, make_agent: MakeAgent) -> None:
        assert b'href="/admin/"' not in agent_client(make_agent()).get("/scp/", follow=True).content

    def test_it_says_which_help_desk_it_is(self, browser: Client, settings: Any) -> None:
        assert b"Staging" not in browser.get("/admin/").content
        settings.ENVIRONMENT_NAME = "Staging"
        assert b"Staging" in browser.get("/admin/").content

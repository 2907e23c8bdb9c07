"""Two doors, two cookies, two kinds of people (docs/architecture.md, "Two doors")."""

from http.cookies import Morsel
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from helpdesk.accounts.doors import AGENT_DOOR, PORTAL_DOOR
from helpdesk.accounts.models import Account
from helpdesk.accounts.sessions import SessionStore
from helpdesk.people.models import Agent, EndUser
from tests.accounts.conftest import PASSWORD, SIGN_IN, WELCOME, agent_of, sign_in, user_of
from tests.sign_in import sign_in_agent, sign_in_user

pytestmark = pytest.mark.django_db


def cookie(browser: Client, name: str) -> "Morsel[str]":
    return browser.cookies[name]


def test_each_door_sets_its_own_cookie_on_its_own_path(browser: Client, agent: Agent, end_user: EndUser) -> None:
    assert sign_in(browser) == WELCOME
    browser.get(f"/enter/{end_user.pk}/")
    for name, path in (("ostler_agent", "/scp/"), ("ostler_portal", "/")):
        morsel = cookie(browser, name)
        assert (morsel["path"], morsel["httponly"], morsel["samesite"]) == (path, True, "Lax")
        assert not morsel["secure"]
    assert {"sessionid", "csrftoken"}.isdisjoint(browser.cookies)
    for name, path in (("ostler_agent_csrf", "/scp/"), ("ostler_portal_csrf", "/")):
        browser.get("/scp/login.php")
        browser.get("/")
        morsel = cookie(browser, name)
        assert (morsel["path"], morsel["httponly"], morsel["samesite"]) == (path, True, "Lax")


def test_over_https_browsers_guard_the_cookies(browser: Client, agent: Agent, end_user: EndUser, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    browser.post(SIGN_IN, {"userid": "bob", "passwd": PASSWORD}, secure=True)
    browser.get(f"/enter/{end_user.pk}/", secure=True)
    assert cookie(browser, "__Secure-ostler_agent")["secure"]
    assert cookie(browser, "__Secure-ostler_agent_device")["secure"]
    assert cookie(browser, "__Host-ostler_portal")["secure"]
    assert cookie(browser, "__Host-ostler_portal")["path"] == "/"
    assert agent_of(browser, secure=True) == "bob"


def test_one_browser_is_agent_and_end_user_at_once(browser: Client, agent: Agent, end_user: EndUser) -> None:
    sign_in_user(browser, end_user)
    assert agent_of(browser) is None
    assert sign_in(browser) == WELCOME
    assert agent_of(browser) == "bob"
    assert user_of(browser) == f"user:{end_user.pk}"
    browser.post("/scp/logout.php")
    assert agent_of(browser) is None
    assert user_of(browser) == f"user:{end_user.pk}"
    sign_in(browser)
    browser.get("/leave/")
    assert user_of(browser) is None
    assert agent_of(browser) == "bob"


def test_a_user_who_comes_in_through_the_portal_gets_a_fresh_session(browser: Client, end_user: EndUser) -> None:
    browser.cookies["ostler_portal"] = "attackerchosenattackerchosen1234"
    browser.get(f"/enter/{end_user.pk}/")
    assert user_of(browser) == f"user:{end_user.pk}"
    assert cookie(browser, "ostler_portal").value != "attackerchosenattackerchosen1234"


@pytest.mark.parametrize(("here", "there"), [("ostler_agent", "ostler_portal"), ("ostler_portal", "ostler_agent")])
def test_a_session_is_unknown_at_the_other_door(here: str, there: str, agent: Agent, end_user: EndUser) -> None:
    owner = sign_in_user(sign_in_agent(Client(), agent), end_user)
    thief = Client()
    thief.cookies[there] = owner.cookies[here].value
    assert agent_of(thief) is None
    assert user_of(thief) is None
    assert agent_of(owner) == "bob"
    assert user_of(owner) == f"user:{end_user.pk}"


def test_signing_in_with_the_other_doors_session_leaves_that_one_alone(agent: Agent, end_user: EndUser) -> None:
    owner = sign_in_user(Client(), end_user)
    browser = Client()
    browser.cookies["ostler_agent"] = owner.cookies["ostler_portal"].value
    assert sign_in(browser) == WELCOME
    assert browser.cookies["ostler_agent"].value != owner.cookies["ostler_portal"].value
    assert user_of(owner) == f"user:{end_user.pk}"


@pytest.mark.parametrize("door", [AGENT_DOOR, PORTAL_DOOR])
def test_a_door_admits_its_own_kind_only(door: Any, agent: Agent, end_user: EndUser) -> None:
    """Even if a session of a door named an account of the other kind."""
    wrong = sign_in_user(Client(), end_user) if door is AGENT_DOOR else sign_in_agent(Client(), agent)
    other = PORTAL_DOOR if door is AGENT_DOOR else AGENT_DOOR
    data = SessionStore(wrong.cookies[other.cookie_name()].value, door=other.name).load()
    forged = SessionStore(door=door.name)
    forged.update({**data, "_auth_user_backend": door.backend})
    forged.save()
    browser = Client()
    browser.cookies[door.cookie_name()] = forged.session_key or ""
    assert agent_of(browser) is None
    assert user_of(browser) is None


def test_djangos_own_cookie_names_mean_nothing(agent: Agent) -> None:
    owner = sign_in_agent(Client(), agent)
    browser = Client()
    browser.cookies["sessionid"] = owner.cookies["ostler_agent"].value
    assert agent_of(browser) is None


def test_forms_of_one_door_are_refused_at_the_other(agent: Agent) -> None:
    browser = Client(enforce_csrf_checks=True)
    token = browser.get("/").json()["token"]
    response = browser.post(SIGN_IN, {"userid": "bob", "passwd": PASSWORD, "csrfmiddlewaretoken": token})
    assert (response.status_code, response["Location"]) == (302, SIGN_IN)
    assert agent_of(browser) is None


def test_paths_that_only_look_like_the_agents_door_belong_to_the_portal(agent: Agent) -> None:
    owner = sign_in_agent(Client(), agent)
    browser = Client()
    browser.cookies["ostler_agent"] = owner.cookies["ostler_agent"].value
    for path in ("/scpx/", "/x/scp/", "//scp/"):
        browser.get(path)
    assert agent_of(browser) == "bob"
    assert Session.objects.count() == 1


def test_an_anonymous_visitor_leaves_no_session_behind(browser: Client) -> None:
    browser.get("/")
    browser.get("/scp/login.php")
    browser.get("/scp/")
    assert Session.objects.count() == 0
    assert Account.objects.count() == 0

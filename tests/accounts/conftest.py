"""Agents, users and browsers for the tests of sign-in, on the small site of `urls.py`."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from helpdesk.configuration.models import SystemLogEntry
from helpdesk.configuration.services import set_settings
from helpdesk.legacy.passwords import hash_password
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, EndUser

PASSWORD = "Secret-pw-1"
SIGN_IN = "/scp/login.php"
DENIED = {"message": "Access denied", "show_reset": True, "status": 401}
LOCKED = {"message": "Maximum failed login attempts reached", "show_reset": True, "status": 401}
WELCOME = {"status": 302, "redirect": "index.php"}

MakeAgent = Callable[..., Agent]


@pytest.fixture(autouse=True)
def _small_site(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.accounts.urls"


@pytest.fixture
def make_agent(db: None) -> MakeAgent:
    def make(username: str = "bob", **columns: Any) -> Agent:
        values = {"dept_id": 1, "role_id": 1, "email": f"{username}@acme.test", "passwd": hash_password(PASSWORD)}
        return Agent.objects.create(username=username, **{**values, **columns})

    return make


@pytest.fixture
def agent(make_agent: MakeAgent) -> Agent:
    return make_agent()


@pytest.fixture
def end_user(db: None) -> EndUser:
    return EndUser.objects.create(name="Jane Doe")


@pytest.fixture
def browser() -> Client:
    """A browser with its own cookies; other browsers are plain `Client()`s."""
    return Client()


def configure(**values: str | int | bool) -> None:
    """Change settings of the help desk."""
    set_settings("core", values, Actor.system())


def sign_in(browser: Client, userid: str = "bob", password: str = PASSWORD, **extra: Any) -> dict[str, Any]:
    """Send the sign-in form as a script does, and give the answer."""
    response = browser.post(SIGN_IN, {"userid": userid, "passwd": password, "ajax": "1"}, **extra)
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


def agent_of(browser: Client, **extra: Any) -> str | None:
    """Give the login name of the agent that the site sees in this browser."""
    response = browser.get("/scp/index.php", **extra)
    return response.json()["agent"] if response.status_code == 200 else None


def user_of(browser: Client) -> str | None:
    """Give the account that the end users' door sees in this browser."""
    account: str | None = browser.get("/").json()["account"]
    return account


def log_lines() -> list[tuple[str, str]]:
    """Give the lines of the system log."""
    return list(SystemLogEntry.objects.order_by("log_id").values_list("log_type", "title"))

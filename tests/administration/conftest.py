"""An administrator, and a browser in his hands."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent
from tests.sign_in import agent_client

MakeAgent = Callable[..., Agent]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the templates of Django and of the theme ask for variables that are not there, as they always do."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.ignore_template_errors)


@pytest.fixture
def make_agent(db: None) -> MakeAgent:
    def make(username: str = "bob", **columns: Any) -> Agent:
        values = {"dept_id": 1, "role_id": 1, "email": f"{username}@acme.test", "firstname": username.title()}
        return Agent.objects.create(username=username, **{**values, **columns})

    return make


@pytest.fixture
def admin(make_agent: MakeAgent) -> Agent:
    return make_agent("ada", isadmin=True)


@pytest.fixture
def browser(admin: Agent) -> Client:
    return agent_client(admin)


@pytest.fixture
def actor(admin: Agent) -> Actor:
    return Actor.for_agent(admin, ip_address="192.0.2.1")

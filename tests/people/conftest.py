"""People for the tests of this folder."""

from collections.abc import Callable
from typing import Any

import pytest

from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, Role

MakeAgent = Callable[..., Agent]


@pytest.fixture
def system() -> Actor:
    return Actor.system()


@pytest.fixture
def make_agent(db: None) -> MakeAgent:
    """Make agents with a primary department and role of the initial rows (1 Support, 1 All Access)."""

    def make(username: str = "bob", **columns: Any) -> Agent:
        values = {"dept_id": 1, "role_id": 1, "email": f"{username}@acme.test", **columns}
        return Agent.objects.create(username=username, **values)

    return make


@pytest.fixture
def support(db: None) -> Department:
    return Department.objects.get(pk=1)


@pytest.fixture
def sales(db: None) -> Department:
    return Department.objects.get(pk=2)


@pytest.fixture
def limited(db: None) -> Role:
    return Role.objects.get(name="Limited Access")

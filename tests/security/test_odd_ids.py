"""Every address of the URL configuration with numbers that are no ids: answered, and no row changed."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import Resolver404, resolve

from helpdesk.people.models import Agent
from helpdesk.people.permissions import AgentPermission, stored_form
from tests.security.routes import route_of
from tests.security.scene import set_the_scene
from tests.security.test_routes import addresses, filled_in, watched
from tests.sign_in import agent_client, sign_in_user
from tickets.models import Ticket

WORST = [str(2**31), str(2**63), "9" * 300, "١٢", "\0"]
"""What no id column holds, or only that of one engine."""
ODD = ["0", "-1", str(2**32 - 1), str(2**64), "1e3", " 1", "1.0", *WORST]
pytestmark = pytest.mark.ignore_template_errors  # the administration's theme has some
ENDS_THE_SESSION = {"scp/logout.php", "logout.php", "admin/logout/", "tickets/leave/"}
_ARGUMENT = re.compile(r"<\w+:(\w+)>")


@contextmanager
def undone() -> Iterator[None]:
    """Take back what is written meanwhile."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@dataclass
class Visit:
    """One who knocks, and what went wrong."""

    client: Client
    problems: list[str] = field(default_factory=list)
    calls: int = 0

    def knock(self, method: str, path: str) -> None:
        """Ask or send; note an error of the server, and rows that were written."""
        self.calls += 1
        with undone(), watched() as writes:
            response = self.client.get(path) if method == "GET" else self.client.post(path)
        if response.status_code >= 500:
            self.problems.append(f"{method} {path[:80]}: {response.status_code}")
        if writes.tables:
            self.problems.append(f"{method} {path[:80]}: wrote to {sorted(set(writes.tables))}")


def odd_paths(address: str, right: dict[str, str], values: list[str]) -> Iterator[str]:
    """Give the paths of an address in which one argument is odd and the others are right; those that lead anywhere."""
    for name in _ARGUMENT.findall(address):
        for value in WORST if "<path:" in address else values:  # Django's own views for the administration's lists
            filled = {**right, name: quote(value)}
            path = f"/{address}"
            for argument in _ARGUMENT.finditer(address):
                path = path.replace(argument[0], filled.get(argument[1], "1"))
            try:
                resolve(path.replace("%00", "\0").replace("%20", " "))
            except Resolver404:
                continue
            yield path


def of_agents(address: str) -> bool:
    """Whether the address lies behind the agents' door."""
    return address.startswith(("scp/", "admin/"))


@dataclass
class Knocking:
    """The three who knock, at which addresses and with what."""

    administrator: Client
    end_user: Client
    anonymous: Client
    right: dict[str, dict[str, str]]
    """The ids that lead somewhere, by address."""


@pytest.fixture
def knocking(db: None) -> Iterator[Knocking]:
    logging.disable(logging.CRITICAL)  # thousands of refusals, each with its trace
    yield make_knocking()
    logging.disable(logging.NOTSET)


def make_knocking() -> Knocking:
    scene = set_the_scene()
    ticket = Ticket.objects.get(pk=scene.ids["ticket_id"])
    assert ticket.staff is not None
    assert ticket.user is not None
    Agent.objects.filter(pk=ticket.staff.pk).update(isadmin=True, permissions=stored_form(AgentPermission))
    administrator = agent_client(Agent.objects.get(pk=ticket.staff.pk))
    end_user, anonymous = sign_in_user(Client(), ticket.user), Client()
    for client in (administrator, end_user, anonymous):
        client.raise_request_exception = False
    right = {}
    for address in dict.fromkeys(addresses()):
        path, route = filled_in(address, scene), route_of(address)
        if path is not None and route is not None and address not in ENDS_THE_SESSION:
            right[address] = {**scene.ids, **route.ids}
    return Knocking(administrator, end_user, anonymous, right)


def told(visits: dict[str, Visit]) -> str:
    return "\n".join(f"{who}: {problem}" for who, visit in visits.items() for problem in visit.problems)


def test_in_the_address(knocking: Knocking) -> None:
    values = ODD if connection.vendor == "sqlite" else WORST
    visits = {name: Visit(getattr(knocking, name)) for name in ("administrator", "end_user", "anonymous")}
    for address, right in knocking.right.items():
        paths = list(dict.fromkeys(odd_paths(address, right, values)))
        for name, visit in visits.items():
            comes_in = (name == "administrator") is of_agents(address)
            for path in paths if comes_in else paths[-1:]:
                visit.knock("POST", path)
            for path in paths[-1:]:
                visit.knock("GET", path)
    assert not told(visits), told(visits)
    assert min(visit.calls for visit in visits.values()) > 50

"""Knocks at every address of the URL configuration as somebody who must stay outside: refused, and no row changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import get_resolver
from django.urls.resolvers import URLResolver

from tests.security.routes import EXPECTED, NO_METHOD, PREFIXES, ROUTES, Kind, Route, Who, route_of
from tests.security.scene import Scene, set_the_scene

HOW_TO = """
Say who may reach it: a line in ROUTES of tests/security/routes.py, whose kind names who is refused (EXPECTED). An id in
the address that the scene does not know yet belongs into `ids` of tests/security/scene.py, the id of an object that the
stranger must not see; what the form asks belongs into `data` there, so that the refusal is not one of a wrong field."""
_WRITES = re.compile(r'^\s*(INSERT INTO|UPDATE|DELETE FROM|REPLACE INTO)\s+[`"]?(\w+)', re.IGNORECASE)
_BOOKKEEPING = {"django_session", "hd_account"}
"""Sessions, and the account that stands for a person from his first visit on."""


def addresses(patterns: Sequence[Any] | None = None, prefix: str = "") -> Iterator[str]:
    """Give every address of the URL configuration as it is written there."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, address)
        else:
            yield address


def filled_in(address: str, scene: Scene) -> str | None:
    """Give the path of an address with the ids of the scene, None for one that is a regular expression of Django's."""
    if "(?P" in address or "^" in address:
        return None
    route = route_of(address)
    others = route.ids if route is not None else {}
    ids = {**scene.ids, **{name: scene.ids[other] for name, other in others.items()}}
    names = set(re.findall(r"<\w+:(\w+)>", address))
    if route is not None and route.kind is Kind.ADMINISTRATION:  # whatever it is: nobody gets that far
        ids = dict.fromkeys(names, "1") | ids
    unknown = names - ids.keys()
    assert not unknown, f"{address}: the scene has no {', '.join(sorted(unknown))}.{HOW_TO}"
    return "/" + re.sub(r"<\w+:(\w+)>", lambda found: ids[found[1]], address)


@dataclass
class Writes:
    """The tables that were written to; what a savepoint took back does not count."""

    tables: list[str] = field(default_factory=list)
    marks: dict[str, int] = field(default_factory=dict)

    def __call__(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        """See a statement pass."""
        words = sql.replace('"', " ").replace("`", " ").split()
        if words[:1] == ["SAVEPOINT"]:
            self.marks[words[1]] = len(self.tables)
        elif words[:3] == ["ROLLBACK", "TO", "SAVEPOINT"]:
            del self.tables[self.marks.get(words[3], len(self.tables)) :]
        elif (found := _WRITES.match(sql)) and found[2] not in _BOOKKEEPING:
            self.tables.append(found[2])
        return execute(sql, *rest)


@contextmanager
def watched() -> Iterator[Writes]:
    """Give the tables that are written to meanwhile."""
    writes = Writes()
    with connection.execute_wrapper(writes):
        yield writes


def knock(client: Client, path: str, route: Route, scene: Scene) -> Iterator[tuple[str, int, list[str]]]:
    """Ask and send, with and without htmx; give method, status and what was written."""
    data = {**scene.data, **route.post}
    calls: dict[str, Callable[[], Any]] = {
        "GET": lambda: client.get(path),
        "GET (htmx)": lambda: client.get(path, headers={"HX-Request": "true"}),
        "POST": lambda: client.post(path, data),
        "DELETE": lambda: client.delete(path),
    }
    for method, call in calls.items():
        with watched() as writes:
            response = call()
        yield method, response.status_code, writes.tables


def test_every_address_is_classified() -> None:
    known = list(addresses())
    without = [address for address in known if route_of(address) is None]
    assert not without, f"These addresses have no line: {without}.{HOW_TO}"
    gone = ROUTES.keys() - set(known)
    assert not gone, f"These lines of tests/security/routes.py belong to no address any more: {sorted(gone)}"
    assert all(any(address.startswith(prefix) for address in known) for prefix in PREFIXES)


@pytest.mark.parametrize("who", list(Who), ids=lambda who: who.name.lower())
def test_who_has_no_business_there_is_refused_and_changes_nothing(db: None, who: Who) -> None:
    scene = set_the_scene()
    client, problems, knocked = scene.clients[who], [], 0
    client.raise_request_exception = False
    for address in dict.fromkeys(addresses()):
        route, path = route_of(address), filled_in(address, scene)
        if route is None or path is None or who not in EXPECTED[route.kind]:
            continue
        right = EXPECTED[route.kind][who] | {NO_METHOD} | route.also
        for method, status, written in knock(client, path, route, scene):
            knocked += 1
            if status not in right:
                problems.append(f"{method} {path} ({route.kind.name}): {status}, not one of {sorted(right)}")
            if written:
                problems.append(f"{method} {path} ({route.kind.name}): wrote to {sorted(set(written))}")
    assert not problems, f"As {who.value}:\n" + "\n".join(problems) + HOW_TO
    assert knocked > 100


def test_a_write_is_noticed(db: None) -> None:
    """Grace may: the same knocking sees what it is there to see."""
    scene = set_the_scene()
    from tests.sign_in import agent_client
    from tickets.models import Ticket

    ticket = Ticket.objects.select_related("staff").get(pk=scene.ids["ticket_id"])
    assert ticket.staff is not None
    client = agent_client(ticket.staff)
    path = f"/scp/tickets/{ticket.pk}/note/"
    outcome = {method: written for method, _status, written in knock(client, path, ROUTES["scp/"], scene)}
    assert "ost_thread_entry" in outcome["POST"]
    assert outcome["GET"] == []

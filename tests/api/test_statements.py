"""What opening a ticket costs: statements of a whole request, in a process that is warm."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from helpdesk.threads import own_rows
from tests.api.conftest import Send, ticket_document

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("warm")]

STATEMENTS = 14
"""From the key to the answer, for somebody who is known."""


def statements(send: Send, **members: object) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        assert send(ticket_document(**members)).status_code == 201
    return [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]


def test_a_ticket_of_somebody_known(send: Send) -> None:
    send(ticket_document())
    costs = [statements(send, subject=f"Ticket {n}") for n in range(20)]
    assert len(costs[0]) <= STATEMENTS, costs[0]
    assert {len(cost) for cost in costs} == {len(costs[0])}


def test_a_ticket_beside_osticket(send: Send, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an adopted database it is noted which rows are ours."""
    monkeypatch.setattr(own_rows, "_followed", [True])
    send(ticket_document())
    cost = statements(send)
    assert any("hd_known_row" in statement for statement in cost)
    assert len(cost) <= STATEMENTS, cost

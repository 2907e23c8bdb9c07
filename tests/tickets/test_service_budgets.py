"""What the services that agents use most may cost, in statements of a warm process."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent
from tests.factories import resolved_status
from tests.tickets.conftest import NOW, Desk
from tickets.models import Ticket
from tickets.services import assign_ticket, change_status_of_tickets, post_reply

REPLY, ASSIGN, CLOSE_EACH = 17, 12, 3


def statements_of(act: Callable[[], object]) -> list[str]:
    """Give the statements of a service, without the marks of its transactions."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]


def actor_of(agent: Agent) -> Actor:
    """Give the agent as a request has him: nothing is read of him yet but his row."""
    return Actor.for_agent(Agent.objects.select_related("role").get(pk=agent.pk))


def test_assigning(desk: Desk) -> None:
    assign_ticket(desk.ticket(), agent=desk.colleague, actor=desk.actor, now=NOW)
    ticket, actor = desk.ticket(), actor_of(desk.agent)
    taken = statements_of(lambda: assign_ticket(ticket, agent=desk.colleague, actor=actor, now=NOW))
    assert len(taken) <= ASSIGN


def test_replying(desk: Desk) -> None:
    post_reply(desk.ticket(), body="<p>a</p>", actor=desk.actor, now=NOW)
    ticket, actor = desk.ticket(), actor_of(desk.agent)
    taken = statements_of(lambda: post_reply(ticket, body="<p>a</p>", actor=actor, now=NOW))
    assert len(taken) <= REPLY


def test_each_of_many_that_are_closed_costs_the_same(desk: Desk) -> None:
    def close(count: int) -> list[str]:
        ids = [desk.ticket().pk for _ in range(count)]
        status, actor = resolved_status(), actor_of(desk.agent)
        return statements_of(lambda: change_status_of_tickets(ids, status=status, actor=actor, now=NOW))

    close(2)
    few, many = close(5), close(15)
    assert Ticket.objects.filter(closed=NOW).count() == 22
    assert len(many) - len(few) <= 10 * CLOSE_EACH

"""The queues beside every page and their numbers: what is counted is what is listed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, Team
from tests.factories import AgentFactory, DepartmentFactory, TeamFactory, refer_ticket, resolved_status
from tests.tickets.conftest import NOW, Desk
from tickets.constants import QueueFlag, TicketFlag
from tickets.models import Queue, Ticket
from tickets.navigation import context_for
from tickets.queue_counts import bounded_count
from tickets.screens import NavigationQueue
from tickets.selectors import navigation_for, queue_for, queue_page
from tickets.services import assign_ticket, close_ticket, post_reply


def navigation(agent: Agent) -> list[NavigationQueue]:
    return navigation_for(access_of(Agent.objects.get(pk=agent.pk)), now=NOW)


def flat(queues: list[NavigationQueue]) -> Iterator[NavigationQueue]:
    for queue in queues:
        yield queue
        yield from flat(list(queue.children))


def counts(agent: Agent) -> dict[str, int | None]:
    return {queue.key: queue.count for queue in flat(navigation(agent))}


def test_tree_in_osTickets_order(desk: Desk) -> None:  # noqa: N802
    tree = {queue.title: [child.title for child in queue.children] for queue in navigation(desk.agent)}
    assert tree == {
        "Open": ["Open", "Answered", "Overdue"],
        "My Tickets": ["Assigned to Me", "Assigned to Teams"],
        "Closed": ["Today", "Yesterday", "This Week", "This Month", "This Quarter", "This Year"],
    }
    keys = [queue.key for queue in flat(navigation(desk.agent)) if not queue.key.startswith("queue-")]
    assert keys == ["open", "open-unanswered", "open-answered", "open-overdue", "my-tickets", "closed"]


def test_keys_follow_what_a_queue_asks_for_not_its_id_or_title(desk: Desk) -> None:
    Queue.objects.filter(pk=1).update(title="Inbox")
    Queue.objects.filter(pk=8).update(config={"criteria": [["status__state", "includes", {"closed": "x"}]]})
    new = Queue.objects.create(title="Mixed", flags=QueueFlag(3), config=[["source", "includes", {"Web": "Web"}]])
    by_title = {queue.title: queue.key for queue in navigation(desk.agent)}
    assert by_title == {"Inbox": "open", "My Tickets": "my-tickets", "Closed": "closed", "Mixed": f"queue-{new.pk}"}


def test_open_tickets_are_counted_closed_ones_are_not(desk: Desk) -> None:
    tickets = [desk.ticket() for _ in range(4)]
    post_reply(tickets[0], actor=Actor.for_agent(desk.colleague), body="x")
    Ticket.objects.filter(pk=tickets[1].pk).update(isoverdue=True)
    close_ticket(tickets[2], actor=desk.actor, status=resolved_status())
    assert counts(desk.agent) == {
        "open": 3,
        "open-unanswered": 2,
        "open-answered": 1,
        "open-overdue": 1,
        "my-tickets": 0,
        "queue-6": 0,
        "queue-7": 0,
        "closed": None,
        **{f"queue-{n}": None for n in range(9, 15)},
    }
    assert counts(desk.colleague)["my-tickets"] == 1
    assert counts(desk.stranger)["open"] == 0


def test_own_changes_are_counted_at_once(desk: Desk, django_capture_on_commit_callbacks: Any) -> None:
    assert counts(desk.agent)["open"] == 0
    with django_capture_on_commit_callbacks(execute=True):
        ticket = desk.ticket()
    assert counts(desk.agent)["open"] == 1
    with django_capture_on_commit_callbacks(execute=True):
        close_ticket(ticket, actor=desk.actor, status=resolved_status())
    assert counts(desk.agent)["open"] == 0


def test_a_page_shows_the_numbers_of_a_moment_ago_until_they_are_counted(
    desk: Desk, django_capture_on_commit_callbacks: Any
) -> None:
    def shown() -> tuple[int | None, bool]:
        queues = navigation_for(access_of(desk.agent), now=NOW, is_brief=True)
        return next((queue.count, queue.is_waiting) for queue in queues if queue.key == "open")

    assert shown() == (None, True)
    assert counts(desk.agent)["open"] == 0
    assert shown() == (0, False)
    with django_capture_on_commit_callbacks(execute=True):
        desk.ticket()
    assert shown() == (0, True)
    assert counts(desk.agent)["open"] == 1
    assert shown() == (1, False)


@pytest.mark.parametrize("seed", range(3))
def test_numbers_are_the_lengths_of_the_lists(desk: Desk, seed: int) -> None:
    """Random assignments, referrals, flags and agents: every counted queue has as many rows."""
    rng = random.Random(seed)  # noqa: S311 -- not a secret
    other: Department = DepartmentFactory.new()
    agents = [desk.agent, desk.colleague, desk.stranger, AgentFactory.new(dept=other, assigned_only=True)]
    teams = [TeamFactory.new(members=rng.sample(agents, 2)) for _ in range(2)]
    for number in range(14):
        ticket = desk.ticket(closed=rng.random() < 0.2)
        Ticket.objects.filter(pk=ticket.pk).update(
            dept=rng.choice([desk.department, other, desk.stranger.dept]),
            staff=rng.choice([None, *agents]),
            team=rng.choice([None, *teams]),
            isanswered=rng.random() < 0.5,
            isoverdue=rng.random() < 0.3,
            flags=TicketFlag.COMBINE_THREADS if number == 13 else 0,
            parent=ticket.pk - 1 if number == 13 else None,
        )
        if rng.random() < 0.5:
            referees: list[Agent | Team | Department] = [*agents, *teams, other]
            refer_ticket(ticket, rng.choice(referees))
    cache.clear()
    for agent in agents:
        access = access_of(Agent.objects.get(pk=agent.pk))
        for queue in flat(navigation(agent)):
            if queue.count is not None:
                assert queue.count == len(queue_page(access, queue_for(access, queue.id), now=NOW).rows), queue.title


def test_a_ticket_that_is_both_assigned_and_referred_is_listed_and_counted_once(desk: Desk) -> None:
    """In another department, assigned to the agent, and referred to the department of the agent."""
    ticket = desk.ticket(subject="both")
    Ticket.objects.filter(pk=ticket.pk).update(dept=desk.stranger.dept, staff=desk.agent)
    refer_ticket(ticket, desk.department)
    cache.clear()
    access = access_of(Agent.objects.get(pk=desk.agent.pk))
    queue = queue_for(access, 1)
    assert [row.subject for row in queue_page(access, queue, now=NOW).rows] == ["both"]
    assert bounded_count(queue, access, context_for(access, NOW)) == 1
    assert counts(desk.agent)["open"] == 1


@pytest.mark.mysql
def test_counting_leaves_the_session_as_it_was(desk: Desk) -> None:
    names = ("max_statement_time", "max_execution_time", "eq_range_index_dive_limit")

    def session() -> list[tuple[str, str]]:
        with connection.cursor() as cursor:
            cursor.execute("SHOW SESSION VARIABLES WHERE Variable_name IN %s", [names])
            return sorted(cursor.fetchall())

    before, access = session(), access_of(desk.agent)
    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        navigation_for(access, now=NOW, is_complete=True)
    assert any("eq_range_index_dive_limit" in query["sql"] for query in captured)
    assert session() == before


def test_who_is_offered_what(desk: Desk) -> None:
    Queue.objects.filter(pk=5).update(flags=QueueFlag(7))
    Queue.objects.create(title="Mine", flags=QueueFlag(0), staff=desk.agent, parent_id=1, config=[])
    titles = {agent: {q.title for q in flat(navigation(agent))} for agent in (desk.agent, desk.colleague)}
    assert "My Tickets" not in titles[desk.agent]
    assert ("Mine" in titles[desk.agent], "Mine" in titles[desk.colleague]) == (True, False)


def test_one_statement_when_cold_none_when_warm(desk: Desk) -> None:
    for _ in range(3):
        assign_ticket(desk.ticket(), actor=desk.actor, agent=desk.colleague)
    access = access_of(desk.agent)
    _ = access.department_ids, access.team_ids
    navigation_for(access, now=NOW)
    with CaptureQueriesContext(connection) as warm:
        navigation_for(access, now=NOW)
    assert len(warm) == 0
    seconds_later = timezone.now() + timedelta(seconds=6)
    with time_machine.travel(seconds_later), CaptureQueriesContext(connection) as counting:
        navigation_for(access, now=NOW)
    assert len(counting) == 1

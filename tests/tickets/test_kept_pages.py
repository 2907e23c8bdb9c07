"""Statements of pages that are kept show what statements made anew would show, whatever changed meanwhile."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import DEFAULT_DB_ALIAS, connections

from helpdesk.people.models import Agent, DepartmentAccess, TeamMember
from tests.factories import DepartmentFactory, RoleFactory, TeamFactory, resolved_status
from tests.tickets.conftest import NOW, Desk
from tests.tickets.test_queue_page import CLOSED_TODAY, MINE, OPEN, page_of, subjects
from tests.tickets.test_visibility import random_world
from tickets import page_statements, ranking
from tickets.models import Queue, QueuePreference, QueueSort, Ticket, TicketPriority
from tickets.reference_data import forget_reference_data
from tickets.screens import QueuePage
from tickets.services import close_ticket

ORDERS = (
    ["-cdata__priority", "-est_duedate"],
    ["-lastupdate"],
    ["created"],
    ["isoverdue", "-created"],
    ["number"],
)


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    kept().clear()


def kept() -> dict[object, object]:
    pages: dict[object, object] = vars(connections[DEFAULT_DB_ALIAS]).setdefault("ticket_pages", {})
    return pages


def walked(agent: Agent, queue: int = OPEN) -> list[list[int]]:
    """Give the ids of all pages, there and back."""
    pages = [page_of(agent, queue)]
    while pages[-1].after:
        pages.append(page_of(agent, queue, after=pages[-1].after))
    back: list[QueuePage] = [pages[-1]]
    while back[-1].before:
        back.append(page_of(agent, queue, before=back[-1].before))
    return [[row.ticket_id for row in page.rows] for page in (*pages, *back)]


def assert_same_as_made_anew(agent: Agent, queue: int = OPEN) -> list[list[int]]:
    shown = walked(agent, queue)
    assert kept()
    kept().clear()
    assert walked(agent, queue) == shown
    return shown


@pytest.mark.django_db
@pytest.mark.parametrize("order", ORDERS, ids=lambda order: ",".join(order))
def test_random_help_desks_as_they_change(order: list[str]) -> None:
    rng = random.Random(str(order))  # noqa: S311 -- not a secret
    world = random_world(5)
    Queue.objects.filter(pk__in=(OPEN, MINE)).update(default_sort=QueueSort.objects.create(name="x", columns=order))
    Agent.objects.update(max_page_size=4)
    now = NOW
    for _round in range(3):
        for ticket in rng.sample(world.tickets, 10):
            due = rng.choice([None, now, now + timedelta(1)])
            owner = rng.choice([None, *world.agents])
            Ticket.objects.filter(pk=ticket.pk).update(est_duedate=due, staff=owner, isoverdue=due == now, updated=now)
        cache.clear()
        for agent in rng.sample(world.agents, 2):
            assert_same_as_made_anew(agent)
            assert_same_as_made_anew(agent, MINE)
        now += timedelta(hours=1)
        ranking.keep_up(now=now)


def test_what_an_agent_may_see_changes_at_once(desk: Desk) -> None:
    elsewhere, team = DepartmentFactory.new(), TeamFactory.new(members=[])
    there, of_team, mine = desk.ticket(), desk.ticket(), desk.ticket()
    Ticket.objects.filter(pk=of_team.pk).update(team=team)
    Ticket.objects.filter(pk=mine.pk).update(staff=desk.agent)
    Ticket.objects.filter(pk__in=[there.pk, of_team.pk, mine.pk]).update(dept=elsewhere)
    assert walked(desk.agent)[0] == walked(desk.agent, MINE)[0] == [mine.pk]
    TeamMember.objects.create(team=team, staff=desk.agent)
    assert set(walked(desk.agent)[0]) == set(walked(desk.agent, MINE)[0]) == {mine.pk, of_team.pk}
    DepartmentAccess.objects.create(staff=desk.agent, dept=elsewhere, role=RoleFactory.new())
    assert set(walked(desk.agent)[0]) == {there.pk, of_team.pk, mine.pk}
    Agent.objects.filter(pk=desk.agent.pk).update(assigned_only=True)
    assert set(walked(desk.agent)[0]) == {of_team.pk, mine.pk}


def test_another_order_of_priorities_counts_at_once(desk: Desk) -> None:
    low, high = (desk.ticket(subject=name, answers={"priority": key}) for name, key in (("low", 1), ("high", 4)))
    assert walked(desk.agent)[0] == [high.pk, low.pk]
    TicketPriority.objects.filter(pk=1).update(priority_urgency=0)
    forget_reference_data()
    cache.clear()
    assert walked(desk.agent)[0] == [low.pk, high.pk]


def test_a_preference_counts_at_once(desk: Desk) -> None:
    overdue, other = desk.ticket(subject="overdue"), desk.ticket(subject="other")
    Ticket.objects.filter(pk=overdue.pk).update(isoverdue=True)
    assert set(walked(desk.agent)[0]) == {overdue.pk, other.pk}
    setting = {"criteria": [["isoverdue", "set", None]]}
    QueuePreference.objects.create(queue_id=OPEN, staff_id=desk.agent.pk, setting=setting)
    assert walked(desk.agent)[0] == [overdue.pk]


def test_today_is_another_day_tomorrow(desk: Desk) -> None:
    for name, now in (("one", NOW), ("two", NOW + timedelta(days=1))):
        with time_machine.travel(now):
            close_ticket(desk.ticket(subject=name), actor=desk.actor, status=resolved_status(), now=now)
            assert subjects(page_of(desk.agent, CLOSED_TODAY, now=now)) == [name]


def test_what_is_kept_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_statements, "MOST_KEPT", 3)
    desk.ticket()
    for queue in range(1, 9):
        page_of(desk.agent, queue)
        page_of(desk.agent, OPEN)
    assert len(kept()) == 3
    assert subjects(page_of(desk.agent, OPEN))

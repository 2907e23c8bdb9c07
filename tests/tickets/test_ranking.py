"""Queues that sort by priority show the same with ranks as without, whatever happens beside them."""

from __future__ import annotations

import random
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk.forms import cdata
from helpdesk.people.access import access_of
from helpdesk.people.models import Agent
from tests.factories import AgentFactory, DepartmentFactory, TeamFactory, refer_ticket, resolved_status
from tests.tickets.conftest import NOW, Desk
from tests.tickets.test_queue_page import CLOSED, OPEN, fill, page_of, walked_rows
from tickets import ranking
from tickets.models import Queue, QueueSort, RankingState, Ticket, TicketRank
from tickets.selectors import queue_for, queue_page
from tickets.services import assign_ticket, close_ticket

MY_TICKETS = 5
LONG_AGO = NOW - timedelta(days=3)
PRIORITY_FIELD = 22


@pytest.fixture
def history(desk: Desk) -> list[Ticket]:
    """Forty open tickets with few different priorities and dates, some without, last saved long ago."""
    rng = random.Random(11)  # noqa: S311 -- not a secret
    tickets = []
    for number in range(40):
        ticket = desk.ticket(subject=f"{number}", answers={"priority": rng.choice([1, 2, 2, 4])})
        Ticket.objects.filter(pk=ticket.pk).update(
            est_duedate=rng.choice([None, NOW, NOW + timedelta(1)]),
            lastupdate=LONG_AGO + timedelta(minutes=rng.choice([0, 0, 1])),
            created=LONG_AGO + timedelta(minutes=rng.choice([0, 5])),
            updated=LONG_AGO,
        )
        tickets.append(ticket)
    return tickets


def sort_open_queue(*paths: str) -> None:
    queue = Queue.objects.get(pk=OPEN)
    queue.default_sort = QueueSort.objects.create(name="x", columns=list(paths))
    queue.save()


def walked(agent: Agent, *, size: int = 7) -> list[str]:
    """Give the subjects of all pages there, and see that the way back shows the same."""
    Agent.objects.filter(pk=agent.pk).update(max_page_size=size)
    return [row.subject for row in walked_rows(agent, OPEN)]


def without_ranks(agent: Agent) -> list[str]:
    """Give the same from the tickets themselves."""
    state = RankingState.objects.values("watermark", "started", "position").first()
    RankingState.objects.all().delete()
    cache.clear()
    shown = walked(agent)
    if state:
        RankingState.objects.create(pk=1, **state)
    cache.clear()
    return shown


def uses_ranks(desk: Desk) -> bool:
    access = access_of(desk.agent)
    with CaptureQueriesContext(connection) as captured:
        queue_page(access, queue_for(access, OPEN), now=NOW)
    return any(
        re.search(r"hd_ticket_rank\b", query["sql"]) and {"UNION", "LATERAL"} & set(query["sql"].split())
        for query in captured.captured_queries
    )


@pytest.mark.parametrize("date", ranking.DATES)
@pytest.mark.parametrize("signs", [("-", "-"), ("-", ""), ("", "-")])
def test_same_pages_as_without_ranks(desk: Desk, history: list[Ticket], date: str, signs: tuple[str, str]) -> None:
    sort_open_queue(f"{signs[0]}cdata__priority", f"{signs[1]}{date}")
    expected = walked(desk.agent)
    assert len(expected) == 40
    assert not uses_ranks(desk)
    ranking.keep_up(now=NOW)
    assert uses_ranks(desk)
    assert walked(desk.agent) == expected


@pytest.mark.parametrize("date", ranking.DATES)
@pytest.mark.parametrize("sign", ["-", ""])
def test_what_is_assigned_comes_in_the_same_order(desk: Desk, history: list[Ticket], date: str, sign: str) -> None:
    """To an agent who sees nothing but that, and to the team; some of it to both, and some assigned to others since."""
    agent, other = AgentFactory.new(dept=DepartmentFactory.new()), AgentFactory.new()
    team = TeamFactory.new(members=[agent])
    for place, ticket in enumerate(history):
        staff = agent if place % 2 else None
        Ticket.objects.filter(pk=ticket.pk).update(staff=staff, team=team if place % 3 else None)
    sort_open_queue("-cdata__priority", f"{sign}{date}")
    Queue.objects.filter(pk=MY_TICKETS).update(default_sort=Queue.objects.get(pk=OPEN).default_sort)
    expected = walked(agent)
    assert len(expected) == 33
    ranking.keep_up(now=NOW)
    assert walked(agent) == expected
    assert [row.subject for row in page_of(agent, MY_TICKETS).rows] == expected[:7]
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in history[:9]]).update(staff=other, updated=timezone.now())
    assert walked(agent) == without_ranks(agent)
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in history[20:25]]).update(team=None)
    ranking.keep_up(now=timezone.now() + timedelta(minutes=10))
    assert walked(agent) == without_ranks(agent)


def test_what_is_saved_after_the_watermark_is_read_from_the_tickets(desk: Desk, history: list[Ticket]) -> None:
    """New, closed, moved, more urgent, deleted tickets, and those of others that were assigned or referred."""
    ranking.keep_up(now=NOW)
    elsewhere = DepartmentFactory.new()
    close_ticket(history[0], actor=desk.actor, status=resolved_status())
    Ticket.objects.filter(pk=history[1].pk).update(dept=elsewhere, updated=timezone.now())
    cdata.update_row("T", history[2].pk, {PRIORITY_FIELD: "4"})
    Ticket.objects.filter(pk=history[2].pk).update(updated=timezone.now())
    Ticket.objects.filter(pk=history[3].pk).delete()
    desk.ticket(subject="new", answers={"priority": 4}, now=timezone.now())
    mine, of_team, referred = (desk.ticket(subject=name, now=LONG_AGO) for name in ("mine", "team", "referred"))
    assign_ticket(mine, actor=desk.actor, agent=desk.agent)
    assign_ticket(of_team, actor=desk.actor, team=TeamFactory.new(members=[desk.agent]))
    refer_ticket(referred, desk.agent)
    Ticket.objects.filter(pk__in=[mine.pk, of_team.pk, referred.pk]).update(dept=elsewhere)
    cache.clear()
    assert uses_ranks(desk)
    shown = walked(desk.agent)
    assert shown == without_ranks(desk.agent)
    assert {"new", "mine", "team", "referred"} < set(shown)
    assert not {"0", "1", "3"} & set(shown)

    ranking.keep_up(now=timezone.now() + timedelta(minutes=10))
    assert walked(desk.agent) == shown
    assert TicketRank.objects.get(pk=history[2].pk).urgency == 1


def test_rows_written_without_a_time_are_put_right_by_the_next_run(desk: Desk, history: list[Ticket]) -> None:
    """A side-car script that sets columns and nothing else."""
    ranking.keep_up(now=NOW)
    Ticket.objects.filter(pk=history[5].pk).update(dept=desk.department, created=LONG_AGO - timedelta(days=9))
    ranking.keep_up(now=NOW)
    TicketRank.objects.filter(pk=history[6].pk).delete()
    ranking.keep_up(now=NOW + timedelta(minutes=5))
    assert walked(desk.agent) == without_ranks(desk.agent)
    assert len(walked(desk.agent)) == 40


def test_the_nightly_run_finds_what_the_others_cannot(desk: Desk, history: list[Ticket]) -> None:
    """Priorities written without touching the ticket, ranks of tickets that are gone; pages work meanwhile."""
    ranking.keep_up(now=NOW)
    cdata.update_row("T", history[4].pk, {PRIORITY_FIELD: "4"})
    gone = history[7].pk
    Ticket.objects.filter(pk=gone).delete()
    ranking.start_over(now=NOW)
    cache.clear()
    assert uses_ranks(desk)
    ranking.keep_up(now=NOW)
    assert TicketRank.objects.get(pk=history[4].pk).urgency == 1
    assert not TicketRank.objects.filter(pk=gone).exists()
    assert RankingState.objects.get().started is None


def test_a_run_goes_on_where_it_was_killed(desk: Desk, history: list[Ticket], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranks count only when all are there."""
    monkeypatch.setattr(ranking, "SLICE", 15)
    assert ranking.keep_up(now=NOW, slices=2) == 30
    assert ranking.watermark() is None
    assert not uses_ranks(desk)
    assert ranking.keep_up(now=NOW, slices=2) == 10
    assert ranking.watermark() is not None
    assert TicketRank.objects.count() == Ticket.objects.count()


def test_a_page_costs_no_more_statements_the_longer_the_history(desk: Desk) -> None:
    """With many tickets one urgency fills the page; with few the others are asked as well."""

    def cost() -> int:
        ranking.keep_up(now=NOW + timedelta(hours=1))
        access: Any = access_of(Agent.objects.select_related("role").get(pk=desk.colleague.pk))
        first = queue_page(access, queue_for(access, OPEN), now=NOW)
        with CaptureQueriesContext(connection) as captured:
            queue_page(access, queue_for(access, OPEN), now=NOW, after=first.after)
        return sum("SAVEPOINT" not in query["sql"] for query in captured.captured_queries)

    fill(desk, 10)
    few = cost()
    fill(desk, 490)
    assert cost() <= few <= 8


def test_other_orders_do_not_ask_for_ranks(desk: Desk, history: list[Ticket]) -> None:
    ranking.keep_up(now=NOW)
    access = access_of(desk.agent)
    with CaptureQueriesContext(connection) as captured:
        queue_page(access, queue_for(access, CLOSED), now=NOW)
    assert not any(connection.ops.quote_name("hd_ticket_rank") in query["sql"] for query in captured.captured_queries)


def test_tickets_that_come_with_an_import_are_shown_at_once(desk: Desk, history: list[Ticket]) -> None:
    """They were saved long before the ranks of the empty help desk were made."""
    Ticket.objects.all().delete()
    ranking.keep_up(now=NOW)
    assert uses_ranks(desk)
    Ticket.objects.bulk_create(history)
    ranking.forget()
    assert len(walked(desk.agent)) == 40
    ranking.keep_up(now=NOW)
    assert uses_ranks(desk)
    assert len(walked(desk.agent)) == 40

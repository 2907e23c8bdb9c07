"""Lists and numbers show what is referred, whatever happened since the referrals got their places."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from bench.counting import rows_read, taking_down
from helpdesk.legacy.indexes import LEGACY_INDEXES, create_index, drop_index
from helpdesk.people.access import access_of
from helpdesk.people.models import Agent, DepartmentAccess
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import Referral, Thread
from tests.factories import AgentFactory, DepartmentFactory, TeamFactory, new_ticket, refer_ticket, resolved_status
from tests.tickets.conftest import NOW, Desk
from tests.tickets.test_queue_page import CLOSED, OPEN, page_of, walked_rows
from tests.tickets.test_visibility import World, random_world
from tickets import ranking
from tickets.models import RankingState, ReferredTicket, Ticket, TicketStatus
from tickets.navigation import navigation_for
from tickets.querysets import TicketQuerySet
from tickets.statuses import default_status

LONG_AGO = NOW - timedelta(days=3)


def let_it_be_long_ago() -> None:
    Ticket.objects.update(updated=LONG_AGO, created=LONG_AGO, lastupdate=LONG_AGO)
    Referral.objects.update(created=LONG_AGO)


def visible(agent: Agent, state: str) -> TicketQuerySet:
    """Give what the rule itself says, without branches."""
    return Ticket.objects.visible_to(agent).filter(status__state=state).without_merged_children()


def assert_lists_are_right(agents: list[Agent]) -> None:
    for agent in Agent.objects.filter(pk__in=[agent.pk for agent in agents]):
        cache.clear()
        numbers = {queue.id: queue.count for queue in navigation_for(access_of(agent), now=NOW, is_complete=True)}
        for queue, state in ((OPEN, "open"), (CLOSED, "closed")):
            expected = sorted(visible(agent, state).values_list("pk", flat=True))
            assert sorted(row.ticket_id for row in page_of(agent, queue).rows) == expected
            assert numbers[queue] == len(expected)


def shake(rng: random.Random, world: World, now: datetime) -> None:
    """At a moment change statuses, departments and assignees, refer to others, withdraw."""
    statuses = list(TicketStatus.objects.all())
    for ticket in rng.sample(world.tickets, 12):
        columns = {"status": rng.choice(statuses), "staff": rng.choice([None, *world.agents])}
        Ticket.objects.filter(pk=ticket.pk).update(**columns, updated=now)
    Referral.objects.filter(pk__in=rng.sample(list(Referral.objects.values_list("pk", flat=True)), 5)).delete()
    threads = list(Thread.objects.filter(object_id__in=[ticket.pk for ticket in world.tickets]))
    for thread in rng.sample(threads, 12):
        to = rng.choice(world.agents)
        Referral.objects.get_or_create(
            thread=thread, object_type=ObjectType.AGENT, object_id=to.pk, defaults={"created": now}
        )


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_random_help_desks(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 -- not a secret
    world = random_world(seed)
    let_it_be_long_ago()
    Agent.objects.update(max_page_size=200)
    ranking.keep_up(now=NOW)
    assert ReferredTicket.objects.exists()
    assert_lists_are_right(world.agents)
    shake(rng, world, NOW)
    assert_lists_are_right(world.agents)
    later = NOW + timedelta(hours=1)
    ranking.keep_up(now=later)
    assert_lists_are_right(world.agents)
    shake(rng, world, later)
    assert_lists_are_right(world.agents)


def test_nothing_is_placed_before_all_is(desk: Desk) -> None:
    """After an update, whose tables the ranks have not filled: everything is shown as before, then found by places."""
    elsewhere = desk.ticket()
    Ticket.objects.filter(pk=elsewhere.pk).update(dept=DepartmentFactory.new())
    refer_ticket(elsewhere, desk.agent)
    let_it_be_long_ago()
    RankingState.objects.create(pk=1, watermark=NOW)
    cache.clear()
    assert ranking.placed_referrals() is None
    assert_lists_are_right([desk.agent])
    ranking.keep_up(now=NOW)
    assert ranking.placed_referrals() is not None
    assert ReferredTicket.objects.get().ticket_id == elsewhere.pk
    assert_lists_are_right([desk.agent])


def read_for_page(agent: Agent, queue_id: int, *, rows: int) -> int:
    """Give what the engine reads for a warm page of so many rows."""
    if connection.vendor == "postgresql":  # which plans by what it has gathered of the tables
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("ANALYZE")
    assert page_of(agent, queue_id).rows
    with taking_down() as taken:
        assert len(page_of(agent, queue_id).rows) == rows
    return sum(rows_read(taken.statements))


def test_a_page_reads_the_same_however_many_closed_tickets_were_once_referred(desk: Desk) -> None:
    agent, elsewhere = AgentFactory.new(dept=DepartmentFactory.new()), DepartmentFactory.new()
    team = TeamFactory.new(members=[agent])

    def refer(number: int, status: TicketStatus) -> None:
        for place in range(number):
            ticket = new_ticket()
            Ticket.objects.filter(pk=ticket.pk).update(dept=elsewhere, status=status)
            refer_ticket(ticket, team if place % 2 else agent)

    def cost() -> int:
        let_it_be_long_ago()
        ranking.keep_up(now=NOW)
        cache.clear()
        return read_for_page(agent, OPEN, rows=4)

    refer(4, default_status())
    refer(200, resolved_status())
    few = cost()
    refer(600, resolved_status())
    assert cost() < 1.5 * few


def referred_to_departments(desk: Desk, number: int) -> Agent:
    """Give an agent of two departments, to each or both of which so many closed tickets of others were referred."""
    first, second, elsewhere = DepartmentFactory.new(), DepartmentFactory.new(), DepartmentFactory.new()
    agent = AgentFactory.new(dept=first)
    DepartmentAccess.objects.create(staff=agent, dept=second, role=agent.role)
    for place in range(number):
        ticket = new_ticket()
        closed = NOW - timedelta(days=9, hours=place * 7 % 11) if place % 5 else None
        Ticket.objects.filter(pk=ticket.pk).update(dept=elsewhere, status=resolved_status(), closed=closed)
        for department in (first, second)[place % 3 == 0 : 1 + (place % 2)]:
            refer_ticket(ticket, department)
    let_it_be_long_ago()
    return agent


def test_closed_tickets_referred_to_departments_come_by_date_and_once(desk: Desk) -> None:
    """Those without a date, too; those referred, withdrawn and closed anew since."""
    agent = referred_to_departments(desk, 40)
    Agent.objects.filter(pk=agent.pk).update(max_page_size=4)
    agent.refresh_from_db()

    def walked() -> list[int]:
        cache.clear()
        return [row.ticket_id for row in walked_rows(agent, CLOSED)]

    def expected() -> list[int]:
        rows = visible(agent, "closed").values_list("closed", "pk")
        return [
            pk for _closed, pk in sorted(rows, key=lambda row: (row[0] or LONG_AGO.min.replace(tzinfo=UTC), row[1]))
        ][::-1]

    ranking.keep_up(now=NOW)
    assert len(expected()) > 20
    assert walked() == expected()
    shown = expected()
    Referral.objects.filter(thread__object_id=shown[3]).delete()
    Ticket.objects.filter(pk=shown[7]).update(closed=timezone.now(), updated=timezone.now())
    refer_ticket(new_ticket(status=resolved_status()), agent.dept)
    assert walked() == expected()
    assert shown[3] not in expected()
    ranking.keep_up(now=timezone.now() + timedelta(minutes=10))
    assert walked() == expected()


def test_a_page_reads_the_same_however_many_closed_tickets_were_referred_to_a_department(desk: Desk) -> None:
    def cost(agent: Agent) -> int:
        ranking.keep_up(now=NOW)
        cache.clear()
        return read_for_page(agent, CLOSED, rows=25)

    few = cost(referred_to_departments(desk, 120))
    assert cost(referred_to_departments(desk, 480)) < 1.5 * few


def test_places_of_withdrawn_referrals_are_swept_up_by_the_nightly_run(desk: Desk) -> None:
    referral = refer_ticket(desk.ticket(), desk.agent)
    ranking.keep_up(now=timezone.now() + timedelta(minutes=5))
    assert ReferredTicket.objects.filter(pk=referral.pk).exists()
    referral.delete()
    ranking.start_over(now=timezone.now() + timedelta(minutes=5))
    ranking.keep_up(now=timezone.now() + timedelta(minutes=5))
    assert not ReferredTicket.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_index_that_was_dropped_a_moment_ago_is_missed_by_no_page(desk: Desk) -> None:
    ticket = desk.ticket()
    Ticket.objects.filter(pk=ticket.pk).update(dept=DepartmentFactory.new(), staff=desk.agent)
    assert [row.ticket_id for row in page_of(desk.agent, OPEN).rows] == [ticket.pk]
    index = next(index for index in LEGACY_INDEXES if index.name == "hd_ticket_agent")
    drop_index(connection, index)
    try:
        with taking_down() as taken:
            assert [row.ticket_id for row in page_of(desk.agent, OPEN).rows] == [ticket.pk]
        hinted = [sql for sql, _parameters in taken.statements if index.name in sql]
        assert len(hinted) == (0 if connection.vendor == "postgresql" else 1)
    finally:
        create_index(connection, index)

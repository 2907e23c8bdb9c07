"""The benchmark in small: generated rows hold together, its pages open, and no page reads through the history."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Count, F, Max, Q, Sum
from django.test.utils import CaptureQueriesContext

from bench import pace
from bench.counting import rows_read, taking_down
from bench.generator import generate
from bench.plan import DEPARTMENTS, FIRST_DEPARTMENT, PERSONAS, Plan
from bench.report import comparison, markdown, summary
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.legacy.copying.progress import Silence
from helpdesk.people.access import AgentAccess, access_of
from helpdesk.people.models import Agent, EndUser
from helpdesk.threads.models import Thread, ThreadEntry, ThreadEvent
from tests.sign_in import agent_client
from tickets import queue_counts
from tickets.criteria import compile_criteria
from tickets.models import Queue, Ticket
from tickets.navigation import context_for
from tickets.queue_counts import bounded_counts
from tickets.selectors import queue_for, queue_page

PLAN = Plan(tickets=300, long_thread=60, until=datetime(2026, 11, 1, tzinfo=UTC))
NOW = PLAN.until
OPEN, CLOSED = 1, 8
BUDGET = 8
"""Statements of a queue page (docs/operations.md)."""


@pytest.fixture
def history(db: None) -> None:
    """Fill the test database."""
    generate(PLAN, Silence(), is_whole_database=False)


def access(name: str) -> AgentAccess:
    """Give the reach of one of the agents whose pages are measured."""
    return access_of(Agent.objects.select_related("role").get(username=f"bench-{name}"))


def test_generated_rows_hold_together_and_are_the_same_everywhere(history: None) -> None:
    tickets = Ticket.objects.all()
    assert tickets.count() == Thread.objects.count() == tickets.values("number").distinct().count() == PLAN.tickets
    assert tickets.aggregate(Sum("user"), Sum("dept"), Sum("staff"), Sum("status")) == EXPECTED_SUMS
    assert not tickets.exclude(dept__in=range(FIRST_DEPARTMENT, FIRST_DEPARTMENT + len(DEPARTMENTS))).exists()
    assert not tickets.filter(Q(created__gt=F("lastupdate")) | Q(lastupdate__gt=PLAN.until)).exists()
    assert not tickets.filter(Q(status=1, closed__isnull=False) | ~Q(status=1) & Q(closed__isnull=True)).exists()
    assert not tickets.exclude(user__in=EndUser.objects.all()).exists()
    lengths = Counter(Thread.objects.annotate(length=Count("entries")).values_list("length", flat=True))
    assert lengths == {PLAN.entries: PLAN.tickets - 2, 20: 1, PLAN.long_thread: 1}
    last = ThreadEntry.objects.filter(type="M", thread__lt=PLAN.long_ticket).values("thread").annotate(Max("created"))
    assert {row["created__max"] for row in last} == set(
        Thread.objects.filter(pk__lt=PLAN.long_ticket).values_list("lastmessage", flat=True)
    )
    closed = ThreadEvent.objects.filter(event__name="closed")
    assert set(closed.values_list("thread", flat=True)) == set(tickets.exclude(status=1).values_list("pk", flat=True))


EXPECTED_SUMS = {"user__sum": 1163, "dept__sum": 31160, "staff__sum": 292801, "status__sum": 795}


def test_generated_answers_are_those_of_a_rebuild(history: None) -> None:
    ids = list(Ticket.objects.values_list("pk", flat=True))
    generated = cdata.fetch(EntryObject.TICKET, ids)
    cdata.refresh(EntryObject.TICKET, ids)
    assert cdata.fetch(EntryObject.TICKET, ids) == generated
    assert len(generated) == PLAN.tickets


def test_a_second_history_is_refused(history: None) -> None:
    with pytest.raises(RuntimeError, match="tickets already"):
        generate(PLAN, Silence(), is_whole_database=False)


def test_pages_open(history: None) -> None:
    for name in ("everything", "assigned"):
        client = agent_client(Agent.objects.get(username=f"bench-{name}"))
        for queue in (OPEN, CLOSED):
            assert client.get(f"/scp/queues/{queue}/").status_code == 200
    client = agent_client(Agent.objects.get(username="bench-everything"))
    for ticket_id in (PLAN.ordinary_ticket, PLAN.long_ticket):
        assert client.get(f"/scp/tickets/{ticket_id}/").status_code == 200


def test_pages_show_every_visible_ticket_once(history: None) -> None:
    """From page to page through open and closed ones: what the condition for lists says, in the order of the queue."""
    for persona, (queue, state) in product(PERSONAS, ((OPEN, "open"), (CLOSED, "closed"))):
        who = access(persona.name)
        shown: list[int] = []
        after: str | None = ""
        while after is not None:
            page = queue_page(who, queue_for(who, queue), now=NOW, after=after)
            shown += [row.ticket_id for row in page.rows]
            after = page.after
        visible = Ticket.objects.visible_to(who).filter(status__state=state).without_merged_children()
        by_date = list(visible.order_by("-closed", "-pk").values_list("pk", flat=True))
        assert sorted(shown) == sorted(by_date)
        assert queue == OPEN or shown == by_date


def test_numbers_of_queues_count_what_is_visible(history: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """All queues in one statement, whatever the reach of the agent."""
    monkeypatch.setattr(queue_counts, "SECONDS_PER_COUNT", 60)
    for persona in PERSONAS:
        who = access(persona.name)
        context = context_for(who, NOW)
        queues = [queue_for(who, row.pk) for row in Queue.objects.order_by("pk")]
        with CaptureQueriesContext(connection) as captured:
            counted = bounded_counts(queues, who, context)
        assert sum("COUNT(" in query["sql"] for query in captured) == 1
        for queue in queues:
            listed = Ticket.objects.filter(compile_criteria(queue.criteria, context), status__state__in=COUNTED)
            assert counted[queue.id] == listed.visible_to(who).without_merged_children().count(), (persona.name, queue)


COUNTED = ("open", "closed")


@pytest.mark.django_db(transaction=True)
def test_no_queue_page_reads_through_the_history() -> None:
    """Not within a transaction of the test, as pages are not: there PostgreSQL would be given savepoints, too."""
    generate(PLAN, Silence(), is_whole_database=False)
    for name in ("everything", "few", "referred"):
        who = access(name)
        first = queue_page(who, queue_for(who, CLOSED), now=NOW)
        for after in (None, first.after):
            with taking_down() as taken, CaptureQueriesContext(connection) as captured:
                queue_page(who, queue_for(who, CLOSED), now=NOW, after=after)
            counted = [query["sql"] for query in captured]
            assert len(counted) <= BUDGET, counted
            ids = next(statement for statement in taken.statements if "UNION ALL" in statement[0])
            assert full_scans(*ids) == []
            assert rows_read([ids])[0] > 0


def full_scans(sql: str, params: Any) -> list[str]:
    """Give the parts of the plan that read a whole table; a table of so few rows must be offered its indexes."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with transaction.atomic():
                cursor.execute("SET LOCAL enable_seqscan = off")
                cursor.execute(f"EXPLAIN {sql}", params)
                return [line for (line,) in cursor.fetchall() if "Seq Scan on ost_ticket" in line]
        if connection.vendor == "mysql":
            cursor.execute(f"EXPLAIN {sql}", params)
            return [str(row) for row in cursor.fetchall() if row[2] == "ost_ticket" and row[3] == "ALL"]
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        return [row[3] for row in cursor.fetchall() if row[3].startswith("SCAN ost_ticket")]


def figures(tickets: int, median: float, read: int) -> dict[str, Any]:
    case = {"key": "open, first", "agent": "few", "median_ms": median, "p95_ms": median * 2, "cpu_ms": median / 2}
    case |= {"statements": 7, "read": read, "database_ms": 4.0, "usual_ms": median / 2 + 1}
    return {"engine": "sqlite", "version": "3.40", "unit": "steps", "tickets": tickets, "cases": [case]}


def test_the_report_compares_sizes_and_runs() -> None:
    run = {"date": "2026-11-01", "commit": "abc", "machine": "2 processors", "load": 0.1, "memory": []}
    run["databases"] = [figures(10, 20.0, 500), figures(1000, 70.0, 600)]
    row = "| open, first | few | 60 ms | 7 | 20.0 / 40.0 | 11.0 | 10.0 | 4.0 | 500 |"
    row += " 70.0 / 140.0 | 36.0 | 35.0 | 4.0 | 600 | 3.50 | 3.27 |"
    assert row in markdown(run)
    earlier = {**run, "commit": "old", "databases": [figures(1000, 140.0, 6000)]}
    text = comparison(run, earlier)
    assert "| sqlite, 1,000 | open, first | few | 140.0 | 70.0 | 0.50 | 6,000 | 600 | 7 → 7 |" in text
    assert list(summary(run)) == [
        "sqlite, 10: 0 of 1 pages above the aim",
        "sqlite, 1,000: 1 of 1 pages above the aim",
        "  open, first (few): 70.0 ms (36.0 at the usual pace), aim 60 ms",
    ]


def test_a_slow_moment_of_the_machine_is_told_from_a_slow_page(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([5.0, 5.0 + 2 * pace.USUAL_SECONDS])
    monkeypatch.setattr("bench.pace.time.perf_counter", lambda: next(seconds))
    assert pace.slowness() == pytest.approx(2.0)

"""The benchmark in small: generated rows hold together, its pages open, and no page reads through the history."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Count, F, Max, Q, Sum
from django.test.utils import CaptureQueriesContext

from bench import pace
from bench.__main__ import main as bench_command
from bench.aims import reason_otherwise, statements_aim
from bench.cases import cases
from bench.counting import rows_read, taking_down
from bench.generator import generate
from bench.measuring import rows_shown
from bench.passes import joined, turns
from bench.places import PLACES, start_of
from bench.plan import DEPARTMENTS, FIRST_DEPARTMENT, PERSONAS, Plan
from bench.report import NOT_COMPARABLE, comparison, markdown, misses, summary
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.legacy.copying.progress import Silence
from helpdesk.people.access import AgentAccess, access_of
from helpdesk.people.models import Agent, EndUser
from helpdesk.reports.models import CountedDay
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
MOST_READ = {"sqlite": (4500, 200), "mysql": (0, 40), "postgresql": (0, 30)}
"""What may be read for the tickets of a closed page, in the unit of `UNIT`: to begin with, and for each row given."""


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


def test_statistics_that_were_not_counted_open(history: None) -> None:
    client = agent_client(Agent.objects.get(username="bench-everything"))
    (case, _few) = [case for case in cases(PLAN, lambda: None) if case.key.startswith("statistics")]
    CountedDay.objects.create(day=PLAN.until.date() - timedelta(days=3), counted=NOW)
    case.prepare()
    assert not CountedDay.objects.exists()
    answer = client.get(case.address)
    assert (answer.status_code, len(answer.context["days"])) == (case.status, 30)
    assert any(sum(day[1:]) for day in answer.context["days"])


def test_pages_show_every_visible_ticket_once(history: None) -> None:
    """From page to page through open and closed ones: what the condition for lists says, in the order of the queue."""
    for persona, (queue, state) in product(PERSONAS, ((OPEN, "open"), (CLOSED, "closed"))):
        who = access(persona.name)
        shown = whole_list(who, queue)
        visible = Ticket.objects.visible_to(who).filter(status__state=state).without_merged_children()
        by_date = list(visible.order_by("-closed", "-pk").values_list("pk", flat=True))
        assert sorted(shown) == sorted(by_date)
        assert queue == OPEN or shown == by_date


def whole_list(who: AgentAccess, queue: int) -> list[int]:
    """Give the tickets of a queue as an agent finds them, going from page to page."""
    shown: list[int] = []
    after: str | None = ""
    while after is not None:
        page = queue_page(who, queue_for(who, queue), now=NOW, after=after)
        shown += [row.ticket_id for row in page.rows]
        after = page.after
    return shown


@pytest.mark.django_db(transaction=True)
def test_the_pages_that_are_measured_are_full_and_stand_where_they_say() -> None:
    """In the middle or at the end of the agent's own list, in the order that is measured; the mark of a row is found.

    Not within a transaction of the test: what an agent prefers is known once it is committed.
    """
    generate(PLAN, Silence(), is_whole_database=False)
    found = [
        case for case in cases(PLAN, lambda: None) if re.match("(open|closed)( by [a-z]+)?, (?!nothing)", case.key)
    ]
    lengths = []
    for case in found:
        agent = Agent.objects.get(username=f"bench-{case.persona.name}")
        answer = agent_client(agent).get(case.address + case.set_up())
        place = case.key.rpartition(", ")[2]
        tickets = whole_list(access(case.persona.name), OPEN if case.key.startswith("open") else CLOSED)
        start = {"first": 0, "middle": min(len(tickets) // 2, max(len(tickets) - 25, 0)), "end": -25}[place]
        expected = tickets[start:][:25]
        assert [row.ticket_id for row in answer.context["queue_page"].rows] == expected, case
        assert rows_shown(answer.content) == len(expected) == min(len(tickets), 25), case
        lengths.append(len(tickets))
    assert {case.key.rpartition(", ")[2] for case in found} == set(PLACES)
    assert 0 in lengths
    assert any(0 < length < 25 for length in lengths)
    assert any(length > 75 for length in lengths)


@pytest.mark.parametrize(
    ("number", "middle", "end"), [(0, 0, 0), (24, 0, 0), (25, 0, 0), (26, 1, 1), (45, 20, 20), (60, 30, 35)]
)
def test_a_page_begins_where_a_whole_one_follows(number: int, middle: int, end: int) -> None:
    assert [start_of(place, number, 25) for place in PLACES] == [0, middle, end]


def test_numbers_of_queues_count_what_is_visible(history: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """All queues in one statement, and in one more what is referred from other departments."""
    monkeypatch.setattr(queue_counts, "SECONDS_PER_COUNT", 60)
    for persona in PERSONAS:
        who = access(persona.name)
        context = context_for(who, NOW)
        queues = [queue_for(who, row.pk) for row in Queue.objects.order_by("pk")]
        with CaptureQueriesContext(connection) as captured:
            counted = bounded_counts(queues, who, context)
        is_of_both = not who.agent.assigned_only and Ticket.objects.outside(who.department_ids).exists()
        assert sum("COUNT(" in query["sql"] for query in captured) == (2 if is_of_both else 1)
        for queue in queues:
            listed = Ticket.objects.filter(compile_criteria(queue.criteria, context), status__state__in=COUNTED)
            assert counted[queue.id] == listed.visible_to(who).without_merged_children().count(), (persona.name, queue)


COUNTED = ("open", "closed")


@pytest.mark.django_db(transaction=True)
def test_no_queue_page_reads_through_the_history() -> None:
    """Not within a transaction of the test, as pages are not: there PostgreSQL would be given savepoints, too."""
    generate(PLAN, Silence(), is_whole_database=False)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # as autovacuum does, else plans depend on when it last came by
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
            shown = len(rows_of(*ids))
            begun, per_row = MOST_READ[connection.vendor]
            assert shown <= rows_read([ids])[0] <= begun + per_row * shown


def rows_of(sql: str, params: Any) -> list[Any]:
    """Give the rows of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


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


@pytest.mark.django_db
def test_a_row_is_counted_once_however_it_is_found(history: None) -> None:
    """PostgreSQL may find rows by a bitmap of an index: two nodes of the plan, one row."""
    statement = ("SELECT source FROM ost_ticket WHERE ticket_id <= %s", (100,))
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for way in ("indexscan", "indexonlyscan", "seqscan"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
            cursor.execute(f"EXPLAIN {statement[0]}", statement[1])
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Bitmap Heap Scan" in plan
            assert "Bitmap Index Scan" in plan
        (read,) = rows_read([statement])
    # MariaDB looks at the first entry beyond the range; SQLite counts steps, several for each row.
    assert 100 <= read <= {"postgresql": 100, "mysql": 102, "sqlite": 1000}[connection.vendor]


def test_every_page_is_of_a_queue_or_a_ticket_or_says_why_it_is_judged_otherwise(history: None) -> None:
    pages = {case.key for case in cases(PLAN, lambda: None)}
    assert {name for name in pages if (statements_aim(name) is None) != bool(reason_otherwise(name))} == set()
    assert {name: statements_aim(name) for name in pages if name.startswith("ticket")} == {
        "ticket, 20 entries": 12,
        "ticket, long thread": 12,
    }
    assert {
        statements_aim(name) for name in pages if re.match("open by|closed|my tickets|open, (?!nothing)", name)
    } == {8}
    assert statements_aim("open, nothing cached") is None


def figures(tickets: int, median: float, read: int) -> dict[str, Any]:
    case = {"key": "open, first", "agent": "few", "median_ms": median, "p95_ms": median * 2, "cpu_ms": median / 2}
    case |= {"statements": 7, "read": read, "database_ms": 4.0, "usual_ms": median / 2 + 1, "rows": 25}
    return {"engine": "sqlite", "version": "3.40", "unit": "steps", "tickets": tickets, "cases": [case]}


def test_the_report_compares_sizes_and_runs() -> None:
    run = {"date": "2026-11-01", "commit": "abc", "machine": "2 processors", "load": 0.1, "memory": []}
    run["databases"] = [figures(10, 20.0, 500), figures(1000, 70.0, 600)]
    row = "| open, first | few | 60 ms | 7 | 25 | 20.0 / 40.0 | 11.0 | 10.0 | 4.0 | 500 |"
    row += " 25 | 70.0 / 140.0 | 36.0 | 35.0 | 4.0 | 600 | 10 | 3.50 | 3.27 |"
    assert row in markdown(run)
    earlier = {**run, "commit": "old", "databases": [figures(1000, 140.0, 6000)]}
    text = comparison(run, earlier)
    assert "| sqlite, 1,000 | open, first | few | 140.0 | 70.0 | 0.50 | 6,000 | 600 | 7 → 7 |" in text
    assert list(summary(run)) == [
        "sqlite, 10: 0 of 1 pages above the aim",
        "sqlite, 10: 0 of 1 pages of queues and tickets ask too many statements",
        "sqlite, 1,000: 1 of 1 pages above the aim",
        "  open, first (few): 70.0 ms (36.0 at the usual pace), aim 60 ms",
        "sqlite, 1,000: 0 of 1 pages of queues and tickets ask too many statements",
        "sqlite, 10 and 1,000: 1 of 1 comparable pages of queues and tickets differ by more than 20%",
        "  open, first (few): 11.0 ms with 10 tickets, 36.0 ms with 1,000, 3.27 times",
    ]
    assert misses(run) == 2


def run_of(*databases: dict[str, Any], **other: Any) -> dict[str, Any]:
    """Give a run with these databases."""
    about = {"date": "2026-11-01", "commit": "abc", "machine": "2 processors", "load": 0.1}
    return {**about, "databases": list(databases), **other}


def missed(run: dict[str, Any]) -> list[str]:
    """Give the lines of the summary that name a missed aim; there are as many as `misses` counts."""
    judged = list(summary(run))
    for title in (NOT_COMPARABLE, "judged by milliseconds alone:"):
        if title in judged:
            judged = judged[: judged.index(title)]
    lines = [line for line in judged if line.startswith("  ") or " of " not in line]
    assert misses(run) == len(lines)
    return lines


@pytest.mark.parametrize(
    ("key", "statements", "line"),
    [
        ("open, first", 8, None),
        ("open, first", 9, "  open, first (few): 9 statements, aim 8"),
        ("closed by created, middle", 9, "  closed by created, middle (few): 9 statements, aim 8"),
        ("my tickets, first", 9, "  my tickets, first (few): 9 statements, aim 8"),
        ("ticket, long thread", 12, None),
        ("ticket, long thread", 13, "  ticket, long thread (few): 13 statements, aim 12"),
        ("open, nothing cached", 19, None),
        ("two words, newest", 23, None),
    ],
)
def test_statements_of_queue_and_ticket_pages_are_judged(key: str, statements: int, line: str | None) -> None:
    database = figures(10, 20.0, 500)
    database["cases"][0] |= {"key": key, "statements": statements}
    assert missed(run_of(database)) == ([line] if line else [])


@pytest.mark.parametrize(
    ("key", "before", "after", "line"),
    [
        ("open, first", 20.0, 24.0, None),
        ("open, first", 20.0, 24.2, "20.0 ms with 10 tickets, 24.2 ms with 1,000, 1.21 times"),
        ("closed, end", 20.0, 15.8, "20.0 ms with 10 tickets, 15.8 ms with 1,000, 0.79 times"),
        ("ticket, 20 entries", 20.0, 25.0, "20.0 ms with 10 tickets, 25.0 ms with 1,000, 1.25 times"),
        ("open, nothing cached", 20.0, 40.0, None),
        ("all numbers", 2.0, 4.0, None),
    ],
)
def test_growth_with_the_history_is_judged_at_the_usual_pace(
    key: str, before: float, after: float, line: str | None
) -> None:
    """The median says nothing here: it was the same, in a slow moment of the machine. 100 tickets lie in between."""
    databases = [figures(tickets, 20.0, 500) for tickets in (1000, 10, 100)]
    for database, usual in zip(databases, (after, before, 50.0), strict=True):
        database["cases"][0] |= {"key": key, "usual_ms": usual}
    assert missed(run_of(*databases)) == ([f"  {key} (few): {line}"] if line else [])


def sizes(rows: tuple[int, ...], usual: tuple[float, ...], key: str = "open, first") -> list[dict[str, Any]]:
    """Give the figures of a page at 10, 100 and 1,000 tickets, the largest first, with its rows and milliseconds."""
    databases = [figures(tickets, 20.0, 500) for tickets in (10, 100, 1000)]
    for database, shown, ms in zip(databases, rows, usual, strict=True):
        database["cases"][0] |= {"key": key, "rows": shown, "usual_ms": ms}
    return databases[::-1]


@pytest.mark.parametrize(
    ("rows", "usual", "line"),
    [
        ((25, 25, 25), (20.0, 99.0, 24.0), None),
        ((6, 25, 25), (10.0, 20.0, 24.0), None),
        ((25, 25, 25), (20.0, 25.0, 25.0), "20.0 ms with 10 tickets, 25.0 ms with 1,000, 1.25 times"),
        ((6, 25, 25), (25.0, 20.0, 25.0), "20.0 ms with 100 tickets, 25.0 ms with 1,000, 1.25 times"),
        ((0, 0, 0), (20.0, 25.0, 25.0), "20.0 ms with 10 tickets, 25.0 ms with 1,000, 1.25 times"),
    ],
)
def test_a_page_is_compared_with_the_smallest_size_that_shows_as_many_rows(
    rows: tuple[int, ...], usual: tuple[float, ...], line: str | None
) -> None:
    run = run_of(*sizes(rows, usual))
    assert missed(run) == ([f"  open, first (few): {line}"] if line else [])
    assert NOT_COMPARABLE not in list(summary(run))
    size = "10" if rows[0] == rows[-1] else "100"
    before = usual[0 if size == "10" else 1]
    assert f" | {size} | 1.00 | {usual[-1] / before:.2f} |" in markdown(run)


def test_a_grown_page_is_named_with_how_far_its_passes_lie_apart() -> None:
    databases = sizes((25, 25, 25), (20.0, 20.0, 25.0))
    for database, passes in zip(databases, ([24.0, 31.5], [20.0, 20.0], [20.0]), strict=True):
        database["cases"][0]["usual_ms_of_passes"] = passes
    times = "20.0 ms with 10 tickets, 25.0 ms with 1,000 (24.0 to 31.5 in 2 passes), 1.25 times"
    assert missed(run_of(*databases)) == [f"  open, first (few): {times}"]


@pytest.mark.parametrize("rows", [(6, 15, 25), (6, 26, 25)])
def test_a_page_that_shows_other_rows_at_every_smaller_size_is_named_and_not_judged(rows: tuple[int, ...]) -> None:
    run = run_of(*sizes(rows, (10.0, 10.0, 99.0)))
    assert missed(run) == []
    line = f"sqlite: open, first (few): rows 6 with 10, {rows[1]} with 100, 25 with 1,000"
    assert list(summary(run))[-2:] == [NOT_COMPARABLE, f"  {line}"]
    assert "sqlite, 10, 100 and 1,000: 0 of 0 comparable pages" in "\n".join(summary(run))
    text = markdown(run)
    assert f"## Pages that are not comparable\n\n- {line}\n" in text
    assert " | not comparable |  |  |" in text


def test_a_page_that_no_smaller_size_measured_is_named() -> None:
    smaller, largest = figures(10, 20.0, 500), figures(1000, 20.0, 500)
    smaller["cases"] = []
    assert list(summary(run_of(smaller, largest)))[-1] == "  sqlite: open, first (few): rows 25 with 1,000"


def test_rows_say_nothing_of_pages_that_are_judged_by_milliseconds_alone() -> None:
    run = run_of(*sizes((1, 2, 25), (10.0, 10.0, 30.0), key="two words, newest"))
    assert missed(run) == []
    assert NOT_COMPARABLE not in list(summary(run))
    assert " | 10 | 1.00 | 3.00 |" in markdown(run)


def one_pass(ms: list[float], *, slowness: float = 1.0, statements: int = 7) -> dict[str, Any]:
    """Give what one pass over a database with one page writes."""
    case = {"key": "open, first", "agent": "few", "rows": 25, "ms": ms, "cpu": [one / 2 for one in ms]}
    case |= {"slowness": [slowness] * len(ms), "statements": statements, "database_ms": ms[0], "read": statements * 100}
    case |= {"read_most": statements * 10, "bytes": 9000}
    return {"engine": "sqlite", "tickets": 10, "process_peak_mb": statements * 10, "cases": [case]}


def test_the_times_of_all_passes_are_joined() -> None:
    """One pass fell on a slow moment; of what was counted the larger numbers stand."""
    run = joined([one_pass([20.0, 22.0, 24.0], statements=8), one_pass([40.0, 42.0, 60.0], slowness=2.0)])
    assert (run["passes"], run["process_peak_mb"]) == (2, 80)
    (case,) = run["cases"]
    assert (case["median_ms"], case["p95_ms"], case["best_ms"], case["runs"]) == (32.0, 60.0, 20.0, 6)
    assert (case["cpu_ms"], case["usual_ms"], case["usual_ms_of_passes"]) == (16.0, 21.5, [22.0, 21.0])
    assert (case["statements"], case["read"], case["database_ms"], case["rows"]) == (8, 800, 30.0, 25)


def test_sizes_take_turns_upwards_and_downwards() -> None:
    assert list(turns([1000, 10, 100], 3)) == [
        *((1, 10), (1, 100), (1, 1000)),
        *((2, 1000), (2, 100), (2, 10)),
        *((3, 10), (3, 100), (3, 1000)),
    ]


def test_an_older_run_without_usual_ms_is_judged_by_its_ms() -> None:
    databases = [figures(10, 20.0, 500), figures(1000, 30.0, 500)]
    for database in databases:
        del database["cases"][0]["usual_ms"]
    assert missed(run_of(*databases)) == [
        "  open, first (few): 20.0 ms with 10 tickets, 30.0 ms with 1,000, 1.50 times"
    ]


def test_the_memory_of_a_web_worker_is_judged() -> None:
    memory = [{"engine": "sqlite", "tickets": 10, "rss_mb": mb, "pss_mb": 100} for mb in (129, 130)]
    assert missed(run_of(memory=memory)) == ["sqlite, 10: a web worker takes 130 MB, aim less than 130"]


def test_the_report_says_what_is_judged_otherwise_and_what_sqlite_counts() -> None:
    database = figures(10, 20.0, 500)
    database["cases"][0]["key"] = "open, nothing cached"
    reason = "open, nothing cached: the first page of a new process"
    text = markdown(run_of(database))
    assert f"Judged by milliseconds alone:\n\n- {reason}" in text
    assert "steps of its virtual machine" in text.partition("##")[0]
    assert list(summary(run_of(database)))[1] == "judged by milliseconds alone:"
    assert list(summary(run_of(database)))[2].startswith(f"  {reason}")


@pytest.mark.parametrize(("mb", "failing", "status"), [(100, False, 0), (131, False, 2), (131, True, 1)])
def test_the_exit_status_tells_a_missed_aim_from_what_could_not_be_measured(
    mb: int,
    failing: bool,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def measure(run: dict[str, Any], *_: Any) -> int:
        run["databases"] += sizes((6, 15, 25), (10.0, 10.0, 99.0))
        run["memory"].append({"engine": "sqlite", "tickets": 10, "rss_mb": mb, "pss_mb": 90})
        return int(failing)

    monkeypatch.setattr("bench.__main__._measure_pages_into", measure)
    none = [f"--{kind}=0" for kind in ("creates", "overdue", "mails", "sends")]
    monkeypatch.setattr(
        "sys.argv", ["bench", "run", "--engines=sqlite", "--tickets=10", f"--results={tmp_path}", *none]
    )
    assert bench_command() == status
    told = capsys.readouterr().out
    assert ("a web worker takes" in told) == (mb > 130)
    assert NOT_COMPARABLE in told


def measure_in_small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *options: str) -> list[str]:
    """Run the command with databases that are there and measure nothing; give what it did, one after the other."""
    done: list[str] = []

    def figures_of(database: Any, _arguments: Any) -> dict[str, Any] | None:
        done.append(f"{database}: pages")
        return one_pass([20.0 + len(done)]) | {"tickets": database.tickets, "version": "3.40", "unit": "steps"}

    def measure_overdue(_run: Any, database: Any, _arguments: Any) -> bool:
        done.append(f"{database}: overdue")
        return True

    def memory(database: Any, *_: Any) -> dict[str, Any]:
        return {"engine": database.engine, "tickets": database.tickets, "rss_mb": 100, "pss_mb": 90}

    monkeypatch.setattr("bench.__main__.ensure_database", lambda *_: True)
    monkeypatch.setattr("bench.__main__._figures", figures_of)
    monkeypatch.setattr("bench.__main__._measure_overdue_into", measure_overdue)
    monkeypatch.setattr("bench.memory.worker_memory", memory)
    none = [f"--{kind}=0" for kind in ("creates", "mails", "sends")]
    monkeypatch.setattr("sys.argv", ["bench", "run", "--engines=sqlite", f"--results={tmp_path}", *none, *options])
    bench_command()
    return done


def test_all_sizes_are_measured_in_turn_and_that_in_between_for_pages_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pages = [f"sqlite, {size} tickets: pages" for size in ("10,000", "100,000", "1,000,000")]
    overdue = [f"sqlite, {size} tickets: overdue" for size in ("10,000", "1,000,000")]
    assert measure_in_small(monkeypatch, tmp_path) == [*pages, *reversed(pages), *overdue]
    (written,) = tmp_path.glob("*.json")
    run = json.loads(written.read_text())
    assert [(one["tickets"], one["passes"]) for one in run["databases"]] == [(10_000, 2), (100_000, 2), (1_000_000, 2)]
    assert run["databases"][0]["cases"][0]["usual_ms_of_passes"] == [21.0, 26.0]
    assert len(run["memory"]) == 3


def test_sizes_and_passes_are_as_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    done = measure_in_small(monkeypatch, tmp_path, "--tickets", "100000", "--passes", "1")
    assert done == ["sqlite, 100,000 tickets: pages", "sqlite, 100,000 tickets: overdue"]
    done = measure_in_small(monkeypatch, tmp_path, "--only-overdue", "--tickets", "100000")
    assert done == ["sqlite, 100,000 tickets: overdue"]


def test_a_slow_moment_of_the_machine_is_told_from_a_slow_page(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([5.0, 5.0 + 2 * pace.USUAL_SECONDS])
    monkeypatch.setattr("bench.pace.time.perf_counter", lambda: next(seconds))
    assert pace.slowness() == pytest.approx(2.0)

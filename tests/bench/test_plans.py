"""How MariaDB and PostgreSQL carry out the statements of the pages that agents live on: no scan of a large table, and
not many more rows looked at than shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench.generator import generate
from bench.plan import Plan
from bench.searching import search_statements
from helpdesk.legacy.copying.progress import Silence
from helpdesk.people.models import Agent
from helpdesk.threads.models import Thread, ThreadEntry
from tests.sign_in import agent_client
from tickets import ranking
from tickets.models import Ticket
from tickets.search import common_words, engines
from tickets.services import mark_all_overdue
from tickets.statuses import default_status

TICKETS = 10_000
UNTIL = datetime(2026, 11, 30, tzinfo=UTC)
"""When the pages are looked at: late in a month and a quarter, so that much was closed in them."""
LARGE = 1000
"""Rows from which on a table must not be read as a whole."""
MOST_PER_ROW = 50
"""Rows that may be looked at for each one that a statement gives."""
PAGE = 26
"""Rows of a page and one more; a statement that gives fewer may look at as many as for a page."""
PLAN = Plan(tickets=TICKETS, long_thread=20, until=UNTIL)


@pytest.fixture
def history(transactional_db: None) -> Iterator[None]:
    """Fill the test database, and let the engine know how much it holds, as autovacuum does on PostgreSQL.

    With so few rows PostgreSQL would rather read whole tables than walk along an index. That is made dear, so that it
    shows what it does with many rows; what has no index is still scanned.
    """
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no plans with numbers; bench counts what it reads.")
    generate(PLAN, Silence(), is_whole_database=False)
    ranking.keep_up(now=timezone.now())
    with connection.cursor() as cursor:
        for statement in search_statements():
            if not statement.startswith("VACUUM"):
                cursor.execute(statement)
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("SET enable_seqscan = off")
        else:
            tables = ", ".join(
                connection.ops.quote_name(model._meta.db_table) for model in (Ticket, Thread, ThreadEntry)
            )
            cursor.execute(f"ANALYZE TABLE {tables}")
    yield
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("RESET enable_seqscan")


NUMBERS = "/scp/queues/navigation/"
PERIODS = (9, 10, 11, 12, 13, 14)
"""Queues of what was closed in a period, from today to this year, the two last of them in orders of their own."""
DEEP = ("/scp/queues/1/", "/scp/queues/8/")
"""Lists that are looked at beyond their first pages, too."""
PAGES_BEFORE = 8
SLICE = 200
"""How many of the newest entries are looked at for common words here, where there are few."""
ADDRESSES = (
    "/scp/queues/1/",
    "/scp/queues/8/",
    "/scp/queues/5/",
    "/scp/queues/1/?sort=created",
    "/scp/search/suggestions/?q=kowal",
    "/scp/search/suggestions/?q={number}",
    "/scp/search/?q=rare7+odd9",
    "/scp/search/?q=rare7+odd9&sort=relevance",
    "/scp/search/?q=rare7+kowalski",
    "/scp/search/?q=yesterday+nobody+changed",
    "/scp/search/?q=due:<2d",
    "/scp/search/?q=-subject:printer",
    "/scp/search/?q=-from:kowalski+-dept:legal+-number:123",
    *(f"/scp/queues/{queue}/" for queue in PERIODS),
    NUMBERS,
)
OF_FEW = ("/scp/queues/1/", "/scp/queues/8/", "/scp/queues/1/?sort=created", NUMBERS)
"""What agents see who see most of it because it is referred or assigned to them."""


@pytest.mark.django_db(transaction=True)
@time_machine.travel(UNTIL)
def test_neither_pages_nor_the_job_for_overdue_tickets_read_a_large_table(
    history: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All in one test: the history takes longer than what is looked at."""
    monkeypatch.setattr(common_words, "FEWEST_ENTRIES", 1)
    monkeypatch.setattr(engines, "SLICE", SLICE)
    common_words.note_common_words()
    assert {"yesterday", "nobody", "changed"} <= common_words.common_words()
    number = str(Ticket.objects.values_list("number", flat=True).order_by("pk")[TICKETS // 2])[:5]
    problems: list[str] = []
    seen = [("everything", address) for address in ADDRESSES]
    seen += [(name, address) for name in ("referred", "small") for address in OF_FEW]
    seen += [("everything", _deep("everything", address)) for address in DEEP]
    for name, address in seen:
        browser = agent_client(Agent.objects.get(username=f"bench-{name}"))
        cache.clear()
        browser.get(address.format(number=number))
        if address == NUMBERS:
            cache.clear()
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(address.format(number=number)).status_code == 200
        found = [query["sql"] for query in captured if query["sql"].lstrip("( ").upper().startswith("SELECT")]
        assert found
        problems += [f"{name} {address} {problem}" for sql in found for problem in _problems(sql)]
    problems += [f"overdue tickets: {problem}" for sql in _statements_of_the_job() for problem in _problems(sql)]
    assert not problems, "\n".join(problems)


def _deep(name: str, address: str) -> str:
    """Give the address of a page far down a list: its cursor stands on the page before it."""
    browser = agent_client(Agent.objects.get(username=f"bench-{name}"))
    place = address
    for _ in range(PAGES_BEFORE):
        older = BeautifulSoup(browser.get(place).content, "html.parser").select_one("a[rel=next]")
        if older is None:
            break
        place = f"{address}{older['href']}"
    assert "after=" in place, f"{name} has one page of {address}"
    return place.replace("{", "{{").replace("}", "}}")


def _statements_of_the_job() -> list[str]:
    now = timezone.now()
    mark_all_overdue(now=now)
    due = Ticket.objects.filter(pk__gt=TICKETS - 40)
    due.update(status=default_status(), closed=None, isoverdue=False, est_duedate=now - timedelta(minutes=1))
    with CaptureQueriesContext(connection) as captured:
        assert mark_all_overdue(now=now) == 40
    due.update(isoverdue=False)
    statements = [query["sql"].strip() for query in captured]
    assert any(sql.startswith("UPDATE") for sql in statements)
    return statements


def _problems(sql: str) -> Iterator[str]:
    """Name what is wrong with the plan of a statement."""
    verb = sql.lstrip("( ").partition(" ")[0].upper()
    if verb == "INSERT" and " SELECT " in sql:
        sql, verb = sql[sql.index(" SELECT ") + 1 :].partition(" ON CONFLICT ")[0], "SELECT"
    if verb not in {"SELECT", "UPDATE", "DELETE"} or ("FROM" not in sql and verb == "SELECT"):
        return
    told = " ".join(sql.split())[:600]
    scans, examined = _plan(sql, is_carried_out=verb == "SELECT")
    for table, rows in scans:
        if rows > LARGE and not table.startswith("<"):  # of a statement within
            yield f"reads {rows} rows of {table} one after the other: {told}"
    if verb == "SELECT":
        given = max(_given(sql), PAGE)
        if examined > MOST_PER_ROW * given:
            yield f"looks at {examined} rows for {given}: {told}"


def _given(sql: str) -> int:
    """Give how many rows a statement gives, or has counted."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows = cursor.fetchall()
        names = [column[0].lower() for column in cursor.description]
    counts = [place for place, name in enumerate(names) if name in {"count(*)", "count", "number"}]
    if "COUNT(" in sql and len(counts) == 1 and all(isinstance(row[counts[0]], int) for row in rows):
        return sum(row[counts[0]] for row in rows)
    return len(rows)


def _plan(sql: str, *, is_carried_out: bool) -> tuple[list[tuple[str, int]], int]:
    """Give the tables that are read as a whole, with their rows, and how many rows are looked at; of statements that
    write the engine's estimates."""
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            cursor.execute(f"{'ANALYZE' if is_carried_out else 'EXPLAIN'} FORMAT=JSON {sql}")
            plan = json.loads(cursor.fetchone()[0])
            return list(_mariadb_scans(plan)), sum(_mariadb_examined(plan))
        cursor.execute(f"EXPLAIN ({'ANALYZE, ' if is_carried_out else ''}FORMAT JSON) {sql}")
        (found,) = cursor.fetchone()
        plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
        return list(_postgresql_scans(plan)), sum(_postgresql_examined(plan))


def _mariadb_examined(node: Any) -> Iterator[int]:
    """Give how many rows are read of each table."""
    if isinstance(node, dict):
        if "table_name" in node:
            yield int((node.get("r_rows", node.get("rows")) or 0) * (node.get("r_loops") or 1))
        for value in node.values():
            yield from _mariadb_examined(value)
    elif isinstance(node, list):
        for value in node:
            yield from _mariadb_examined(value)


def _mariadb_scans(node: Any) -> Iterator[tuple[str, int]]:
    """Give the tables that are read as a whole, with the rows of one reading."""
    if isinstance(node, dict):
        if node.get("access_type") in {"ALL", "index"} and "table_name" in node:
            yield node["table_name"], int(node.get("r_rows", node.get("rows")) or 0)
        for value in node.values():
            yield from _mariadb_scans(value)
    elif isinstance(node, list):
        for value in node:
            yield from _mariadb_scans(value)


def _postgresql_scans(node: dict[str, Any]) -> Iterator[tuple[str, int]]:
    if node["Node Type"] == "Seq Scan":
        rows = node.get("Actual Rows", node["Plan Rows"]) + node.get("Rows Removed by Filter", 0)
        yield node["Relation Name"], int(rows)
    for child in node.get("Plans", ()):
        yield from _postgresql_scans(child)


def _postgresql_examined(node: dict[str, Any]) -> Iterator[int]:
    """Give how many rows each scan has given or thrown away."""
    if "Scan" in node["Node Type"] and node["Node Type"] not in {"Subquery Scan", "CTE Scan", "Bitmap Index Scan"}:
        thrown_away = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        yield int((node.get("Actual Rows", 0) + thrown_away) * node.get("Actual Loops", 1))
    for child in node.get("Plans", ()):
        yield from _postgresql_examined(child)

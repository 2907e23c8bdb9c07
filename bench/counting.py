"""What a request asks of the database: its statements, and how much the engine reads for them.

The statements of a request are taken down and its SELECTs run again, each on its own:

- MariaDB: the `Handler_read_*` counters of the session, that is rows and index entries read.
- PostgreSQL: EXPLAIN (ANALYZE), the rows that scans gave and those that their filters threw away; a bitmap of the index
  and the rows fetched by it are one scan.
- SQLite: steps of its virtual machine, of which a row takes about ten; there are no counters of rows.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

SQLITE_STEPS = 100
"""The steps between two counts."""
UNIT = {"mysql": "rows and index entries read", "postgresql": "rows scanned", "sqlite": "steps of the virtual machine"}


@dataclass
class Taken:
    """The statements of a request with their parameters, and the seconds that the database took."""

    statements: list[tuple[str, Any]] = field(default_factory=list)
    seconds: float = 0.0


@contextmanager
def taking_down() -> Iterator[Taken]:
    """Take down the statements of the block."""
    taken = Taken()

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            taken.seconds += time.perf_counter() - started
            if not sql.startswith(("SAVEPOINT", "RELEASE", "BEGIN")):
                taken.statements.append((sql, params))

    with connection.execute_wrapper(wrapper):
        yield taken


def rows_read(statements: list[tuple[str, Any]]) -> list[int]:
    """Give how much the engine reads for each statement that only reads, in the engine's own unit (`UNIT`)."""
    count = {"mysql": _mysql, "postgresql": _postgresql, "sqlite": _sqlite}[connection.vendor]
    return [count(sql, params) for sql, params in statements if _reads(sql)]


def seconds_reading(statements: list[tuple[str, Any]]) -> float:
    """Give the seconds for running and reading the statements once more.

    SQLite finds rows while they are read, so that its share does not show in the time that `taking_down` takes.
    """
    started = time.perf_counter()
    with connection.cursor() as cursor:
        for sql, params in statements:
            if _reads(sql):
                cursor.execute(sql, params)
                cursor.fetchall()
    return time.perf_counter() - started


def _reads(sql: str) -> bool:
    return sql.lstrip(" (").upper().startswith(("SELECT", "WITH"))


def _mysql(sql: str, params: Any) -> int:
    with connection.cursor() as cursor:
        before = _handler_reads(cursor)
        cursor.execute(sql, params)
        cursor.fetchall()
        return _handler_reads(cursor) - before


def _handler_reads(cursor: Any) -> int:
    cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%%'", [])
    return sum(int(value) for name, value in cursor.fetchall() if name not in {"Handler_read_retry"})


def _postgresql(sql: str, params: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
        plan = cursor.fetchone()[0]
    plans = json.loads(plan) if isinstance(plan, str) else plan
    return _scanned(plans[0]["Plan"])


_NO_SCANS = frozenset({"Subquery Scan", "CTE Scan", "Function Scan", "Bitmap Index Scan"})


def _scanned(node: dict[str, Any]) -> int:
    """Count the rows that the scans of a plan looked at.

    A Bitmap Index Scan fetches no row: its Bitmap Heap Scan does, which gives them or throws them away.
    """
    own = 0
    if "Scan" in node["Node Type"] and node["Node Type"] not in _NO_SCANS:
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        own = (node["Actual Rows"] + removed) * node["Actual Loops"]
    return int(own) + sum(_scanned(child) for child in node.get("Plans", []))


def _sqlite(sql: str, params: Any) -> int:
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += SQLITE_STEPS
        return 0

    with connection.cursor() as cursor:
        raw: sqlite3.Connection = connection.connection
        raw.set_progress_handler(count, SQLITE_STEPS)
        try:
            cursor.execute(sql, params)
            cursor.fetchall()
        finally:
            raw.set_progress_handler(None, SQLITE_STEPS)
    return steps

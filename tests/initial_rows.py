"""The rows of a fresh help desk, put back after each test that commits.

Django empties all tables after such a test, tells every app of it and leaves it to us to write the initial rows anew,
which takes longer than most tests do. On SQLite the file as it was before the first test is kept in memory and copied
back, page by page: rows, counters and tables. On the others the tables that a test has changed get their rows back.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import TransactionTestCase

from tests.table_rows import TableRows, rows_on_server

LONGEST_SECONDS = 60
"""How long a thread that a test left behind may keep the file locked."""


def keep_rows() -> sqlite3.Connection | None:
    """Keep the database as it is now; None on other engines than SQLite."""
    if connection.vendor != "sqlite":
        return None
    kept = sqlite3.connect(":memory:")
    connection.ensure_connection()
    connection.connection.backup(kept)
    return kept


class KeptFile:
    """The rows on SQLite."""

    def __init__(self, kept: sqlite3.Connection) -> None:
        """Take the copy."""
        self.kept = kept

    def put_back(self) -> None:
        """Copy it back."""
        _put_back(self.kept)

    def forget(self) -> None:
        """Delete it."""
        self.kept.close()


def keep_initial_rows() -> KeptFile | TableRows:
    """Keep the rows as they are now."""
    kept = keep_rows()
    return rows_on_server() if kept is None else KeptFile(kept)


@contextmanager
def put_back_after_tests(rows: KeptFile | TableRows) -> Iterator[None]:
    """Let each test that commits leave what was kept, instead of empty tables."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _case: rows.put_back())
        yield


def _put_back(kept: sqlite3.Connection) -> None:
    give_up_at = time.monotonic() + LONGEST_SECONDS

    def progress(_status: int, _remaining: int, _total: int) -> None:
        if time.monotonic() > give_up_at:
            raise TimeoutError("The database of the tests stays locked: a test has left a transaction open.")

    connection.close()  # a query that a test did not read to its end would be in the way
    connection.ensure_connection()
    kept.backup(connection.connection, progress=progress, sleep=0.05)

"""Statements that must not take long: the engine cuts them off, and a number or a page is given up, nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection, transaction

_CUT_OFF = frozenset({188, 1317, 1969, 3024})
"""MySQL's and MariaDB's errors for a statement that was interrupted or took too long; 188 comes from full text."""
_STEPS = 10_000
"""SQLite's virtual machine looks at the clock after so many instructions."""


class TookTooLong(Exception):  # noqa: N818 -- named by what happened
    """The statement was cut off."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Let no read statement within run longer than this; raise TookTooLong instead."""
    limited = {"mysql": _limited_mysql, "postgresql": _limited_postgresql}.get(connection.vendor, _limited_sqlite)
    with limited(seconds):
        yield


@contextmanager
def _limited_mysql(seconds: float) -> Iterator[None]:
    is_mariadb = bool(getattr(connection, "mysql_is_mariadb", False))
    name, value = ("max_statement_time", seconds) if is_mariadb else ("max_execution_time", int(seconds * 1000))
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION {name} = %s", [value])
    try:
        yield
    except DatabaseError as error:
        if error.args and error.args[0] in _CUT_OFF:
            raise TookTooLong from error
        raise
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"SET SESSION {name} = DEFAULT")


@contextmanager
def _limited_postgresql(seconds: float) -> Iterator[None]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(int(seconds * 1000))])
            yield
            cursor.execute("SELECT set_config('statement_timeout', '0', true)")
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") == "57014":
            raise TookTooLong from error
        raise


@contextmanager
def _limited_sqlite(seconds: float) -> Iterator[None]:
    connection.ensure_connection()
    end = time.monotonic() + seconds
    connection.connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    try:
        yield
    except DatabaseError as error:
        if "interrupted" in str(error):
            raise TookTooLong from error
        raise
    finally:
        connection.connection.set_progress_handler(None, 0)

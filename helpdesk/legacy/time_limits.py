"""Statements that must not take long: the engine cuts them off, and a number or a page is given up, nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, connection, transaction

_CUT_OFF = frozenset({188, 1317, 1969, 3024})
"""MySQL's and MariaDB's errors for a statement that was interrupted or took too long; 188 comes from full text."""
_LOOKED_UP = 5
"""From so many values of a list on MySQL's statistics are asked; of fewer, the index is, which may tell far more."""
_STEPS = 10_000
"""SQLite's virtual machine looks at the clock after so many instructions."""


class TookTooLong(Exception):  # noqa: N818 -- named by what happened
    """The statement was cut off."""


@contextmanager
def time_limit(seconds: float, *, is_planned_briefly: bool = False) -> Iterator[None]:
    """Let no read statement within run longer than this; raise TookTooLong instead.

    With `is_planned_briefly` MySQL and MariaDB do not look into the indexes for each value of a list before they choose
    one, but take what their statistics say: of many small statements that was half the time.
    """
    if connection.vendor == "mysql":
        limited = _limited_mysql(seconds, is_planned_briefly=is_planned_briefly)
    else:
        limited = _limited_postgresql(seconds) if connection.vendor == "postgresql" else _limited_sqlite(seconds)
    with limited:
        yield


@contextmanager
def _limited_mysql(seconds: float, *, is_planned_briefly: bool) -> Iterator[None]:
    is_mariadb = bool(getattr(connection, "mysql_is_mariadb", False))
    settings: dict[str, float] = {"max_statement_time": seconds}
    if not is_mariadb:
        settings = {"max_execution_time": int(seconds * 1000)}
    if is_planned_briefly:
        settings["eq_range_index_dive_limit"] = _LOOKED_UP
    with connection.cursor() as cursor:
        cursor.execute(f"SET {', '.join(f'SESSION {name} = %s' for name in settings)}", list(settings.values()))
    try:
        yield
    except DatabaseError as error:
        if error.args and error.args[0] in _CUT_OFF:
            raise TookTooLong from error
        raise
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"SET {', '.join(f'SESSION {name} = DEFAULT' for name in settings)}")


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

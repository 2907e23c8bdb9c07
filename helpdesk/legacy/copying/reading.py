"""Reads the rows of a table in their copied form, from any of the three engines, in the order of the key."""

# ruff: noqa: S608 -- names come from the models or from the information schema and are quoted, values are parameters
import json
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from helpdesk.legacy.copying.codec import Row, RowSum, row_encoder
from helpdesk.legacy.copying.shapes import ColumnKind, ColumnShape, TableShape

ROWS_AT_ONCE = 1000
ROWS_WITH_CONTENT_AT_ONCE = 16  # chunks of files: half a megabyte each
UTC_ZONE = zoneinfo.ZoneInfo("UTC")

_EXPRESSIONS: dict[str, dict[ColumnKind, str]] = {
    # A plus sign makes an expression of the column, whose text Django's converters then leave alone.
    "sqlite": {
        **dict.fromkeys((ColumnKind.MOMENT, ColumnKind.DATE, ColumnKind.TIME, ColumnKind.BOOLEAN), "+{}"),
        ColumnKind.DECIMAL: "CAST({} AS TEXT)",
    },
    "postgresql": {
        ColumnKind.MOMENT: "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
        ColumnKind.DATE: "to_char({}, 'YYYY-MM-DD')",
        ColumnKind.TIME: "to_char({}, 'HH24:MI:SS.US')",
        ColumnKind.BOOLEAN: "{}::integer",
        ColumnKind.JSON: "{}::text",
        ColumnKind.UUID: "replace({}::text, '-', '')",
        ColumnKind.DECIMAL: "{}::text",
        ColumnKind.DURATION: "(extract(epoch FROM {}) * 1000000)::bigint",
    },
    "mysql": {
        **dict.fromkeys((ColumnKind.MOMENT, ColumnKind.DATE, ColumnKind.TIME), "CAST({} AS CHAR)"),
        ColumnKind.UUID: "REPLACE(CAST({} AS CHAR), '-', '')",
        ColumnKind.DECIMAL: "CAST({} AS CHAR)",
    },
}


def select_list(connection: BaseDatabaseWrapper, shape: TableShape) -> str:
    """Give the columns of a SELECT whose values are (nearly) in their copied form."""
    expressions = _EXPRESSIONS[connection.vendor]
    quote = connection.ops.quote_name
    return ", ".join(expressions.get(column.kind, "{}").format(quote(column.name)) for column in shape.columns)


def after_key(connection: BaseDatabaseWrapper, key: Sequence[str], position: Sequence[Any]) -> tuple[str, list[Any]]:
    """Give the condition "behind this key" in a form that uses the key's index on every engine."""
    quote = connection.ops.quote_name
    first, value = quote(key[0]), position[0]
    if len(key) == 1:
        return f"{first} > %s", [value]
    rest, values = after_key(connection, key[1:], position[1:])
    return f"{first} >= %s AND ({first} > %s OR ({rest}))", [value, value, *values]


def _without_zero_fraction(text: str) -> str:
    return text.removesuffix(".000000")


def sqlite_moment(text: str) -> str:
    """Give a moment as Django stores it on SQLite; other programs may have spelt it in other ways."""
    if len(text) not in (len("2026-01-31 23:59:59"), len("2026-01-31 23:59:59.123456")):
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
        return moment.isoformat(" ")
    return _without_zero_fraction(text)


def wall_time_to_utc(text: str, zone: zoneinfo.ZoneInfo) -> str | None:
    """Convert a naive time of a MySQL database to UTC; None for a zero date and for an impossible one."""
    try:
        wall_time = datetime.fromisoformat(text)
    except ValueError:
        return None
    if zone is UTC_ZONE:
        return _without_zero_fraction(text)
    try:
        return wall_time.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    except OverflowError:
        return None


def possible_date(text: str) -> str | None:
    """Give a date as it is; None for a zero date and for an impossible one."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return None
    return text


def canonical_json(text: str | bytes) -> str:
    """Give JSON with sorted keys and without blanks: the engines keep neither order nor spelling alike."""
    return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


def _finish(connection: BaseDatabaseWrapper, column: ColumnShape) -> Callable[[Any], Any] | None:
    """Give what is left to do in Python with a value that is not None."""
    if column.kind is ColumnKind.MOMENT and connection.vendor == "mysql":
        zone: zoneinfo.ZoneInfo = connection.timezone  # type: ignore[assignment]
        zone = UTC_ZONE if zone.key == "UTC" else zone
        return lambda text: wall_time_to_utc(text, zone)
    if column.kind is ColumnKind.MOMENT and connection.vendor == "sqlite":
        return sqlite_moment
    if column.kind in (ColumnKind.MOMENT, ColumnKind.TIME):
        return _without_zero_fraction
    if column.kind is ColumnKind.DATE and connection.vendor == "mysql":
        return possible_date
    if column.kind is ColumnKind.BYTES:
        return bytes
    if column.kind is ColumnKind.JSON:
        return canonical_json
    if column.kind is ColumnKind.DECIMAL:
        smallest = Decimal(1).scaleb(-column.decimal_places)
        return lambda text: str(Decimal(text).quantize(smallest))
    return None


def row_finisher(connection: BaseDatabaseWrapper, shape: TableShape) -> Callable[[Row], Row]:
    """Give the function that brings a fetched row into its copied form."""
    steps = [(place, _finish(connection, column)) for place, column in enumerate(shape.columns)]
    needed = [(place, step) for place, step in steps if step is not None]
    if not needed:
        return lambda row: row

    def finish(fetched: Row) -> Row:
        row = list(fetched)
        for place, step in needed:
            if row[place] is not None:
                row[place] = step(row[place])
        return row

    return finish


def read_batches(connection: BaseDatabaseWrapper, shape: TableShape) -> Iterator[list[Row]]:
    """Give all rows of a table, some at a time, in the order of the key."""
    finish = row_finisher(connection, shape)
    quote = connection.ops.quote_name
    columns, order = select_list(connection, shape), ", ".join(map(quote, shape.key))
    limit = ROWS_WITH_CONTENT_AT_ONCE if shape.bytes_positions else ROWS_AT_ONCE
    where, values = "", list[Any]()
    while True:
        sql = f"SELECT {columns} FROM {quote(shape.database_name)}{where} ORDER BY {order} LIMIT {limit}"
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            rows = [finish(row) for row in cursor.fetchall()]
        if rows:
            yield rows
        if len(rows) < limit:
            return
        condition, values = after_key(connection, shape.key, [rows[-1][place] for place in shape.key_positions])
        where = f" WHERE {condition}"


def sum_of_table(
    connection: BaseDatabaseWrapper, shape: TableShape, on_rows: Callable[[int], None] = lambda _: None
) -> tuple[int, RowSum]:
    """Give the number of rows and their sum; `on_rows` hears of every batch."""
    encode, total, count = row_encoder(shape), RowSum(), 0
    for rows in read_batches(connection, shape):
        for row in rows:
            total.add(encode(row))
        count += len(rows)
        on_rows(len(rows))
    return count, total


def count_rows(connection: BaseDatabaseWrapper, shape: TableShape) -> int:
    """Count the rows of a table."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(shape.database_name)}")
        return int(cursor.fetchone()[0])


def has_rows(connection: BaseDatabaseWrapper, shape: TableShape) -> bool:
    """Whether a table has any row."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(shape.database_name)} LIMIT 1")
        return cursor.fetchone() is not None


@contextmanager
def consistent_snapshot(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """See the database as it is now until the end, whatever others write meanwhile; keeps nobody from writing.

    Outside transactions only.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    # Not atomic(): on SQLite that takes the lock of writers, on MySQL it may see changes of others.
    begin = {
        "mysql": ["SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT"],
        "sqlite": ["BEGIN DEFERRED", "SELECT COUNT(*) FROM sqlite_master"],
    }[connection.vendor]
    with connection.cursor() as cursor:
        try:
            for statement in begin:
                cursor.execute(statement)
            yield
        finally:
            cursor.execute("ROLLBACK")

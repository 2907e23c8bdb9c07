"""Writes copied rows into a table of any of the three engines and finds those that the table refuses."""

# ruff: noqa: S608 -- names come from the models or a checked backup and are quoted, values are parameters
import zoneinfo
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.core.management.color import no_style
from django.db import DatabaseError, DataError, IntegrityError, OperationalError, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import F

from helpdesk.legacy.copying.codec import Row
from helpdesk.legacy.copying.reading import UTC_ZONE
from helpdesk.legacy.copying.shapes import ColumnKind, ColumnShape, TableShape
from helpdesk.legacy.fields import ZERO_DATE, Folded

# What MySQL says of a value that does not fit and the drivers do not all count as an error of data.
MYSQL_VALUE_ERRORS = frozenset({1264, 1265, 1292, 1366, 1406})
MYSQL_DISK_FULL = frozenset({3, 28, 1021, 1114})
POSTGRESQL_DISK_FULL = "53100"
SQLITE_DISK_FULL = "database or disk is full"
SQLITE_ANALYSED_ROWS = 1000
TAKEN = "the target has a row with this"


@dataclass(frozen=True)
class Refusal:
    """A row that the table did not take; `place` is its place among the rows that were to be written."""

    place: int
    error: Exception


def is_disk_full(error: BaseException) -> bool:
    """Whether a statement failed because there is no room left on the disk of the database."""
    cause = error.__cause__ or error
    if getattr(cause, "sqlstate", None) == POSTGRESQL_DISK_FULL:
        return True
    if cause.args and cause.args[0] in MYSQL_DISK_FULL:
        return True
    return SQLITE_DISK_FULL in str(cause)


def _is_about_the_row(error: Exception) -> bool:
    if isinstance(error, IntegrityError | DataError | OverflowError | UnicodeEncodeError):
        return True
    return isinstance(error, OperationalError) and bool(error.args) and error.args[0] in MYSQL_VALUE_ERRORS


class RowWriter:
    """Writes the rows of one table. On MySQL datetimes are stored in the zone of the connection."""

    def __init__(self, connection: BaseDatabaseWrapper, shape: TableShape) -> None:
        """Take the target; nothing is written yet."""
        self.connection = connection
        self.shape = shape
        steps = [(place, self._preparation(column)) for place, column in enumerate(shape.columns)]
        self._steps = [(place, step) for place, step in steps if step is not None]
        quote = connection.ops.quote_name
        self._into = f"{quote(shape.database_name)} ({', '.join(map(quote, shape.column_names))})"

    def write(self, rows: Sequence[Row]) -> list[Refusal]:
        """Write the rows inside the caller's transaction; give those that the table refuses, which stay unwritten.

        Other errors (no room, connection lost) are raised.
        """
        return list(self._write([self._prepared(row) for row in rows], 0))

    def _write(self, rows: Sequence[Row], offset: int) -> Iterator[Refusal]:
        if not rows:
            return
        try:
            with transaction.atomic(using=self.connection.alias):
                self._insert(rows)
        except (DatabaseError, OverflowError, UnicodeEncodeError) as error:
            if not _is_about_the_row(error):
                raise
            if len(rows) == 1:
                yield Refusal(offset, error)
                return
        else:
            return
        middle = len(rows) // 2
        yield from self._write(rows[:middle], offset)
        yield from self._write(rows[middle:], offset + middle)

    def _insert(self, rows: Sequence[Row]) -> None:
        with self.connection.cursor() as cursor:
            if self.connection.vendor == "postgresql":
                with self.connection.wrap_database_errors, cursor.copy(f"COPY {self._into} FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
                return
            marks = ", ".join(["%s"] * len(self.shape.columns))
            cursor.executemany(f"INSERT INTO {self._into} VALUES ({marks})", rows)

    def _prepared(self, row: Row) -> Row:
        if not self._steps:
            return row
        prepared = list(row)
        for place, step in self._steps:
            prepared[place] = step(prepared[place])
        return prepared

    def _preparation(self, column: ColumnShape) -> Callable[[Any], Any] | None:
        vendor = self.connection.vendor
        if column.kind is ColumnKind.MOMENT and vendor == "mysql":
            return self._mysql_moment(column)
        if column.kind is ColumnKind.MOMENT and vendor == "postgresql":
            return lambda text: None if text is None else f"{text}+00"
        if column.kind is ColumnKind.DURATION and vendor == "postgresql":
            return lambda microseconds: None if microseconds is None else f"{microseconds} microseconds"
        return None

    def _mysql_moment(self, column: ColumnShape) -> Callable[[Any], Any] | None:
        empty = ZERO_DATE if column.takes_zero_date else None
        zone: zoneinfo.ZoneInfo = self.connection.timezone  # type: ignore[assignment]
        if zone.key == UTC_ZONE.key:
            return (lambda text: text or empty) if empty else None
        return lambda text: utc_to_wall_time(text, zone) if text else empty


def utc_to_wall_time(text: str, zone: zoneinfo.ZoneInfo) -> str:
    """Convert a time in UTC to the naive time of a MySQL database in this zone."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return moment.astimezone(zone).replace(tzinfo=None).isoformat(" ")


@contextmanager
def copying_session(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Let rows keep their ids even where one is 0, and come before the rows they refer to; ends with the usual ways."""
    if connection.vendor != "mysql":
        with connection.constraint_checks_disabled():
            yield
        return
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        cursor.execute("SELECT @@SESSION.sql_mode")
        (usual,) = cursor.fetchone()
        cursor.execute("SET SESSION sql_mode = %s", [f"{usual},NO_AUTO_VALUE_ON_ZERO"])
        try:
            yield
        finally:
            cursor.execute("SET SESSION sql_mode = %s", [usual])


def continue_sequences(connection: BaseDatabaseWrapper, tables: Sequence[type[models.Model]]) -> None:
    """Let PostgreSQL's sequences go on behind the copied ids; the other engines do so by themselves."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(statement)


def refresh_statistics(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> None:
    """Let the engine look at freshly filled tables, or it plans the first queries as if they were empty."""
    statement = "ANALYZE TABLE {}" if connection.vendor == "mysql" else "ANALYZE {}"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"PRAGMA analysis_limit = {SQLITE_ANALYSED_ROWS}")  # or it holds its lock for long
        for table in tables:
            cursor.execute(statement.format(connection.ops.quote_name(table)))
            if connection.vendor == "mysql":
                cursor.fetchall()


# --- Why a row was refused --------------------------------------------------------------------------------------------


def explain_refusal(
    connection: BaseDatabaseWrapper, model: type[models.Model], row: Mapping[str, Any], error: Exception
) -> str:
    """Say in one line why the table refused a row (column to value): of which row it is a duplicate, or the error."""
    if isinstance(error, IntegrityError):
        key = [str(f.column) for f in model._meta.pk_fields]
        if _rows_like(connection, model, row, key).exists():
            return f"{TAKEN} {', '.join(key)} already"
        for constraint in model._meta.constraints:
            if isinstance(constraint, models.UniqueConstraint):
                columns = _constrained_columns(model, constraint)
                other = _rows_like(connection, model, row, columns).values_list("pk", flat=True).first()
                if other is not None:
                    regardless = " (case and accents do not count)" if constraint.expressions else ""
                    return f"duplicate of row {_key_text(other)}: same {', '.join(columns)}{regardless}"
    return f"refused by the database: {str(error).strip().partition(chr(10))[0]}"


def _constrained_columns(model: type[models.Model], constraint: models.UniqueConstraint) -> list[str]:
    expressions = [e.get_source_expressions()[0] if isinstance(e, Folded) else e for e in constraint.expressions]
    names = [*constraint.fields, *(str(e.deconstruct()[1][0]) for e in expressions if isinstance(e, F))]
    return [str(model._meta.get_field(name).column) for name in names]  # type: ignore[union-attr]


def _rows_like(
    connection: BaseDatabaseWrapper, model: type[models.Model], row: Mapping[str, Any], columns: Sequence[str]
) -> models.QuerySet[Any]:
    attribute = {f.column: f.attname for f in model._meta.concrete_fields if f.column}
    wanted = {attribute[column]: row[column] for column in columns}
    rows = model._default_manager.using(connection.alias)
    return rows.none() if None in wanted.values() else rows.filter(**wanted)


def _key_text(key: Any) -> str:
    return ", ".join(map(str, key)) if isinstance(key, tuple) else str(key)

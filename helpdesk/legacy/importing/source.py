"""osTicket's database, read as it was at one moment; nothing here writes to it."""

# ruff: noqa: S608 -- names come from the table description and the information schema and are quoted
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pymysql
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, DatabaseError, NotSupportedError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler
from pymysql.converters import conversions

from helpdesk.legacy.adoption.time_zone import detect_time_zone, fits, measure_offsets, sample_moments
from helpdesk.legacy.adoption.versions import SIGNATURES, find_prefixes
from helpdesk.legacy.copying.reading import after_key
from helpdesk.legacy.copying.shapes import ColumnKind, TableShape, legacy_shapes
from helpdesk.legacy.errors import Conflict, NotFound, ValidationFailed
from helpdesk.legacy.schema_check import LEFTOVERS, MADE_WHEN_NEEDED, NEVER_READ, FoundTable
from helpdesk.legacy.schema_introspection import fetch_rows, read_mysql_tables, without_prefix

# Moments come as the server stores them (timestamps) or as plain digits (datetimes), never as what the driver makes
# of them; a slow target must not make the server hang up.
SESSION = (
    "SET SESSION time_zone='+00:00', sql_mode='', net_write_timeout=28800, net_read_timeout=28800, wait_timeout=28800"
)
ENCODERS = {kind: encode for kind, encode in conversions.items() if not isinstance(kind, int)}
ROWS_WITH_CONTENT_PER_QUERY = 16

RawRow = tuple[bytes | None, ...]


@dataclass(frozen=True)
class SourceFacts:
    """What is known of osTicket's database before a row is read.

    `tables` by their names without prefix; `strangers` are tables, `extra_columns` columns that osTicket has not.
    """

    version: str
    signature: str
    time_zone: str
    time_zone_explanation: str
    tables: Mapping[str, FoundTable]
    strangers: tuple[str, ...]
    extra_columns: tuple[str, ...]


@contextmanager
def source_errors() -> Iterator[None]:
    """Say what happened when the source does not answer, or not as expected."""
    try:
        yield
    except (pymysql.MySQLError, DatabaseError, OSError) as error:
        text = str(error.args[-1] if error.args else error).partition("\n")[0]
        raise Conflict(f"osTicket's database does not answer: {text}", code="source-lost") from error


class Source:
    """A MySQL database of osTicket with a table prefix; close it in the end."""

    def __init__(self, database: Mapping[str, Any], prefix: str) -> None:
        """Take an entry as of `DATABASES`; raises ValidationFailed when it is not MySQL."""
        if not str(database["ENGINE"]).endswith("mysql"):
            raise ValidationFailed("osTicket's databases are MySQL or MariaDB: use mysql://…", code="source-not-mysql")
        self.prefix = prefix
        self.connection: BaseDatabaseWrapper = ConnectionHandler({DEFAULT_DB_ALIAS: dict(database)})[DEFAULT_DB_ALIAS]
        self._snapshot: pymysql.Connection[Any] | None = None

    @property
    def identity(self) -> str:
        """Which database this is, without user and password: the same text means the same source."""
        settings = self.connection.settings_dict
        return f"mysql://{settings['HOST'] or 'localhost'}:{settings['PORT'] or 3306}/{settings['NAME']} {self.prefix}"

    def close(self) -> None:
        """End both connections."""
        if self._snapshot is not None and self._snapshot.open:
            self._snapshot.close()
        self._snapshot = None
        self.connection.close()

    # --- Before the first row ---

    def examine(self, *, now: datetime, time_zone: str = "") -> SourceFacts:
        """Read version, tables and clock; `time_zone` overrides what the clock says.

        Raises NotFound, ValidationFailed or Conflict for what cannot be imported.
        """
        self._connect()
        found = read_mysql_tables(self.connection)
        self._require_prefix(found)
        tables = without_prefix(found, self.prefix)
        signature, version = self._version()
        require_tables(tables, self.prefix)
        zone, explanation = self._time_zone(now, time_zone)
        return SourceFacts(
            version=version,
            signature=signature,
            time_zone=zone,
            time_zone_explanation=explanation,
            tables=tables,
            strangers=tuple(sorted(self.prefix + name for name in tables if is_stranger(name))),
            extra_columns=tuple(sorted(extra_columns(tables))),
        )

    def _connect(self) -> None:
        try:
            self.connection.ensure_connection()
        except (DatabaseError, NotSupportedError, ImproperlyConfigured) as error:
            text = str(error.args[-1] if error.args else error).partition("\n")[0]
            raise NotFound(f"No connection to osTicket's database: {text}", code="source-unreachable") from error

    def _require_prefix(self, tables: Mapping[str, FoundTable]) -> None:
        prefixes = find_prefixes(tables)
        if self.prefix in prefixes:
            return
        name = self.connection.settings_dict["NAME"]
        if prefixes:
            known = ", ".join(f"--prefix {prefix}" if prefix else "--prefix ''" for prefix in prefixes)
            text = f"“{name}” has no osTicket tables with the prefix “{self.prefix}”; there are some with: {known}."
        else:
            text = f"“{name}” holds no tables of osTicket."
        raise NotFound(text, code="source-not-osticket")

    def _version(self) -> tuple[str, str]:
        sql = f"SELECT value FROM `{self.prefix}config` WHERE namespace = 'core' AND `key` = 'schema_signature'"
        rows = fetch_rows(self.connection, sql)
        signature = str(rows[0][0]) if rows else ""
        version = SIGNATURES.get(signature)
        if version is None or not version.is_supported:
            what = (
                f"osTicket {version.name}" if version else f"an unknown osTicket (signature {signature or 'missing'})"
            )
            raise ValidationFailed(
                f"This database is of {what}; those of 1.17 and 1.18 can be imported. Upgrade osTicket itself first.",
                code="source-version",
            )
        return signature, version.name

    def _time_zone(self, now: datetime, wanted: str) -> tuple[str, str]:
        """Give the zone in which osTicket wrote its datetimes, and how it was found."""
        if wanted:
            try:
                zoneinfo.ZoneInfo(wanted)
            except (zoneinfo.ZoneInfoNotFoundError, ValueError) as error:
                raise ValidationFailed(f"{wanted!r} is no time zone.", code="source-time-zone") from error
            agrees = fits(wanted, measure_offsets(self.connection, sample_moments(now)))
            return wanted, "as you said" + ("" if agrees else "; the server's own clock is in another zone")
        finding = detect_time_zone(self.connection, self.prefix, now)
        if not finding.name:
            some = f" Candidates: {', '.join(finding.candidates)}." if finding.candidates else ""
            raise ValidationFailed(
                f"{finding.explanation} Say in which zone osTicket's server was: --source-time-zone NAME.{some}",
                code="source-time-zone",
            )
        return finding.name, finding.explanation

    def names_same_server_and_database(self, other: BaseDatabaseWrapper) -> bool:
        """Whether the other connection leads to this very database."""
        if other.vendor != "mysql":
            return False
        sql = "SELECT @@hostname, @@port, @@datadir, DATABASE()"
        return fetch_rows(self.connection, sql) == fetch_rows(other, sql)

    # --- Rows ---

    def open_snapshot(self) -> None:
        """See all tables as they are now from here on, whatever osTicket writes meanwhile."""
        parameters = self.connection.get_connection_params() | {
            "conv": ENCODERS, "use_unicode": False, "init_command": SESSION,
        }  # fmt: skip
        with source_errors():
            self._snapshot = pymysql.connect(**parameters)
        self._fetch("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self._fetch("START TRANSACTION WITH CONSISTENT SNAPSHOT")

    def _fetch(self, sql: str, values: Sequence[Any] = ()) -> tuple[RawRow, ...]:
        if self._snapshot is None:
            raise RuntimeError("open_snapshot() comes first")
        with source_errors(), self._snapshot.cursor() as cursor:
            cursor.execute(sql, values or None)
            return tuple(cursor.fetchall())

    def count(self, table: str) -> int:
        """Count the rows of a table in the snapshot."""
        ((number,),) = self._fetch(f"SELECT COUNT(*) FROM `{self.prefix}{table}`")
        return int(number or 0)

    def fingerprint(self, table: str) -> str:
        """Give the server's own checksum of a table in the snapshot: equal as long as nobody changes a row."""
        ((_name, checksum),) = self._fetch(f"CHECKSUM TABLE `{self.prefix}{table}`")
        return (checksum or b"").decode()

    def batches(self, shape: TableShape, position: Sequence[Any] | None, *, limit: int) -> Iterator[tuple[RawRow, ...]]:
        """Give the rows behind `position` (a key, None for the beginning) in the order of the key, `limit` at a time.

        Of tables that hold files it is a few rows at a time.
        """
        limit = min(limit, ROWS_WITH_CONTENT_PER_QUERY) if shape.bytes_positions else limit
        columns = ", ".join(f"`{name}`" for name in shape.column_names)
        order = ", ".join(f"`{name}`" for name in shape.key)
        while True:
            where, values = "", list[Any]()
            if position is not None:
                condition, values = after_key(self.connection, shape.key, position)
                where = f" WHERE {condition}"
            rows = self._fetch(
                f"SELECT {columns} FROM `{self.prefix}{shape.name}`{where} ORDER BY {order} LIMIT {limit}", values
            )
            if rows:
                yield rows
            if len(rows) < limit:
                return
            position = raw_key(shape, rows[-1])

    def rows_with(self, shape: TableShape, ids: Sequence[int], *columns: str) -> tuple[RawRow, ...]:
        """Give id and these columns of the rows with some ids, of which there are not many, in their order."""
        names = ", ".join(f"`{name}`" for name in (shape.key[0], *columns))
        return self._fetch(
            f"SELECT {names} FROM `{self.prefix}{shape.name}` WHERE `{shape.key[0]}` IN"
            f" ({', '.join(['%s'] * len(ids))}) ORDER BY 1",
            ids,
        )

    def rows_of_side_table(self, table: str, columns: Sequence[str], *, owner: str, limit: int) -> Iterator[RawRow]:
        """Give the rows of a table that Ostler made beside osTicket's, `limit` per query.

        There are none when nobody adopted the database, or only under another table prefix (`owner` notes it).
        """
        marks = (table, owner)
        ((present,),) = self._fetch(
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name IN (%s, %s)",
            marks,
        )
        if int(present or 0) < len(marks):
            return
        ((owned,),) = self._fetch(f"SELECT COUNT(*) FROM `{owner}` WHERE table_prefix = %s", [self.prefix])
        last = 0
        while int(owned or 0):
            names = ", ".join(f"`{name}`" for name in columns)
            rows = self._fetch(f"SELECT id, {names} FROM `{table}` WHERE id > %s ORDER BY id LIMIT {limit}", [last])
            yield from (row[1:] for row in rows)
            if len(rows) < limit:
                return
            last = int(rows[-1][0] or 0)


def raw_key(shape: TableShape, row: RawRow) -> list[int | str]:
    """Give the key of a row as the source has it: numbers, and texts for keys that are none."""
    return [
        int(row[place] or 0)
        if shape.columns[place].kind is ColumnKind.INTEGER
        else (row[place] or b"").decode(errors="replace")
        for place in shape.key_positions
    ]


def is_stranger(name: str) -> bool:
    """Whether a table is neither osTicket's own nor a cache nor left over from an older osTicket."""
    return name not in legacy_shapes() and name not in LEFTOVERS and not name.endswith("__cdata")


def extra_columns(tables: Mapping[str, FoundTable]) -> Iterator[str]:
    """Name the columns that osTicket's tables have beyond its own."""
    for name, shape in legacy_shapes().items():
        known = {column.lower() for column in shape.column_names}
        if name in tables:
            yield from (f"{tables[name].name}.{c.name}" for c in tables[name].columns if c.name.lower() not in known)


def require_tables(tables: Mapping[str, FoundTable], prefix: str) -> None:
    """Raise ValidationFailed when a table, a column or a key is missing that the import reads."""
    missing: list[str] = []
    for name, shape in legacy_shapes().items():
        if name not in tables:
            missing += [] if name in MADE_WHEN_NEEDED | NEVER_READ else [f"table {prefix}{name}"]
            continue
        have = {column.name.lower() for column in tables[name].columns}
        missing += [f"column {prefix}{name}.{column}" for column in shape.column_names if column not in have]
        primary = next((index.columns for index in tables[name].indexes if index.name == "PRIMARY"), ())
        if {column.lower() for column in primary} != set(shape.key):
            missing.append(f"primary key of {prefix}{name} ({', '.join(shape.key)})")
    if missing:
        raise ValidationFailed(
            f"osTicket's database is incomplete: {'; '.join(missing)}. Was the dump loaded to its end?",
            code="source-incomplete",
        )

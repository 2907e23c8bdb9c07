"""The rows of a fresh help desk on a database server: a test that commits costs what it wrote, not a new seed.

A sum of its rows tells of each table whether a test has changed it; those alone are emptied and filled again, in one
transaction. The counters of MariaDB go on behind the highest id, as after a flush.
"""

# ruff: noqa: S608 -- the names are those of the tables on the server, quoted
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from helpdesk.forms import cdata

Sums = Mapping[str, object]
ROOM_FOR_GIVEN_IDS = 10_000
"""A row with a given id does not move PostgreSQL's sequence: one that started at 1 would meet it some rows later."""


class TableRows(ABC):
    """The rows of all tables as they were when it was made."""

    def __init__(self) -> None:
        """Keep the rows."""
        with connection.cursor() as cursor:
            self.tables = [
                table.name for table in connection.introspection.get_table_list(cursor) if table.type in {"t", "p"}
            ]
            self.sums = self._sums(cursor, self.tables)
            for table in self.tables:
                self._keep(cursor, table)
            self.columns = self._cdata_columns(cursor)

    def put_back(self) -> None:
        """Let every table hold the kept rows; those for answers get the kept columns, too."""
        connection.close()  # whatever the test has left behind in this session goes with it
        with connection.cursor() as cursor:
            columns = self._cdata_columns(cursor)
            outdated = [table for table in cdata.TABLES.values() if columns != self.columns]
            others = {table.prefixed_name for table in outdated}
            tables = [table for table in self.tables if table not in others]
            found = self._sums(cursor, tables)
            changed = [table for table in tables if found.get(table) != self.sums[table]]
            with connection.constraint_checks_disabled(), transaction.atomic():
                self._before(cursor)
                for table in changed:
                    cursor.execute(f"DELETE FROM {quoted(table)}")
                for table in changed:
                    self._fill(cursor, table)
                self._after(cursor)
            now = self._sums(cursor, changed)
        for built in outdated:
            cdata.rebuild(built.object_type)
        if wrong := [table for table in changed if now.get(table) != self.sums[table]]:
            raise RuntimeError(f"Not as they were before the test: {', '.join(wrong)}")

    def forget(self) -> None:  # noqa: B027 -- most have nothing to do
        """Delete what was kept."""

    def _cdata_columns(self, cursor: CursorWrapper) -> Collection[tuple[object, ...]]:
        names = [table.prefixed_name for table in cdata.TABLES.values()]
        marks = ", ".join(["%s"] * len(names))
        cursor.execute(self.columns_sql.format(marks=marks), names)
        return set(cursor.fetchall())

    columns_sql: str

    @abstractmethod
    def _sums(self, cursor: CursorWrapper, tables: Collection[str]) -> Sums:
        """Give a sum of the rows of each table."""

    @abstractmethod
    def _keep(self, cursor: CursorWrapper, table: str) -> None:
        """Keep the rows of a table."""

    @abstractmethod
    def _fill(self, cursor: CursorWrapper, table: str) -> None:
        """Write the kept rows into the empty table."""

    def _before(self, cursor: CursorWrapper) -> None:  # noqa: B027
        """Prepare the transaction."""

    def _after(self, cursor: CursorWrapper) -> None:  # noqa: B027
        """Finish the transaction."""


class MariadbRows(TableRows):
    """Keeps the rows in a second database beside that of the tests: so no value passes through a driver."""

    columns_sql = (
        "SELECT table_name, column_name, column_type, column_key, ordinal_position FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND table_name IN ({marks})"
    )

    def __init__(self) -> None:
        """Make the second database."""
        self.database = quoted(f"{connection.settings_dict['NAME']}_rows")
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {self.database}")
            cursor.execute(f"CREATE DATABASE {self.database} CHARACTER SET utf8mb4")
        super().__init__()

    def forget(self) -> None:
        """Delete the second database."""
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {self.database}")

    def _sums(self, cursor: CursorWrapper, tables: Collection[str]) -> Sums:
        if not tables:
            return {}
        cursor.execute(f"CHECKSUM TABLE {', '.join(map(quoted, tables))}")
        return {name.partition(".")[2]: value for name, value in cursor.fetchall()}

    def _keep(self, cursor: CursorWrapper, table: str) -> None:
        if self.sums[table]:
            cursor.execute(f"CREATE TABLE {self.database}.{quoted(table)} SELECT * FROM {quoted(table)}")

    def _fill(self, cursor: CursorWrapper, table: str) -> None:
        if self.sums[table]:
            cursor.execute(f"INSERT INTO {quoted(table)} SELECT * FROM {self.database}.{quoted(table)}")


class PostgresqlRows(TableRows):
    """Keeps the rows in memory, as the server itself writes them, and where its sequences were."""

    columns_sql = (
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attnum,"
        " (SELECT string_agg(i.indkey::text, ',' ORDER BY i.indkey::text) FROM pg_index i WHERE i.indrelid = c.oid)"
        " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relnamespace = current_schema()::regnamespace AND c.relname IN ({marks})"
    )

    def __init__(self) -> None:
        """Note the sequences, which start behind the ids that tests write themselves."""
        self.kept: dict[str, bytes] = {}
        super().__init__()
        with connection.cursor() as cursor:
            self.sequences = {
                name: (max(value, ROOM_FOR_GIVEN_IDS), is_used)
                for name, (value, is_used) in self._sequences(cursor).items()
            }
            self._after(cursor)

    def _sums(self, cursor: CursorWrapper, tables: Collection[str]) -> Sums:
        if not tables:
            return {}
        one = "SELECT {}, count(*), sum(hashtextextended(one::text, 0)) FROM {} one"
        sums = " UNION ALL ".join(one.format(f"'{table}'", quoted(table)) for table in tables)
        cursor.execute(sums)
        return {name: (count, value) for name, count, value in cursor.fetchall()}

    def _keep(self, cursor: CursorWrapper, table: str) -> None:
        with cursor.copy(f"COPY {quoted(table)} TO STDOUT") as reading:
            self.kept[table] = b"".join(reading)

    def _before(self, cursor: CursorWrapper) -> None:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")

    def _fill(self, cursor: CursorWrapper, table: str) -> None:
        with cursor.copy(f"COPY {quoted(table)} FROM STDIN") as writing:
            writing.write(self.kept[table])

    def _sequences(self, cursor: CursorWrapper) -> dict[str, tuple[int, bool]]:
        cursor.execute(
            "SELECT quote_ident(sequencename), coalesce(last_value, start_value), last_value IS NOT NULL"
            " FROM pg_sequences WHERE schemaname = current_schema()"
        )
        return {name: (value, is_used) for name, value, is_used in cursor.fetchall()}

    def _after(self, cursor: CursorWrapper) -> None:
        found = self._sequences(cursor)
        for name, place in self.sequences.items():
            if name in found and found[name] != place:
                cursor.execute("SELECT setval(%s, %s, %s)", [name, *place])


def quoted(name: str) -> str:
    """Quote the name of a table or database."""
    return connection.ops.quote_name(name)


def rows_on_server() -> TableRows:
    """Keep the rows of the connected database server."""
    return MariadbRows() if connection.vendor == "mysql" else PostgresqlRows()

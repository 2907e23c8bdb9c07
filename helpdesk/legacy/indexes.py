"""Our own secondary indexes on osTicket's tables: what they are, which are missing, making and dropping them.

They are the one thing that may be added to a table of osTicket: PHP never sees them. A fresh help desk has them from
its first migration; in an adopted database they are made only when somebody says so (`manage.py legacy_indexes`).
Why each of them: docs/operations.md, section “Indexes”.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

MARK = "hd_"
"""What the names of all our indexes begin with."""
NO_ONLINE_BUILD = frozenset({1221, 1845, 1846})
"""MySQL's errors for a table that cannot be read and written while an index is made (MyISAM, full-text …)."""


@dataclass(frozen=True)
class LegacyIndex:
    """An index of ours on a table of osTicket (`table` without prefix), and the pages that need it."""

    name: str
    table: str
    columns: tuple[str, ...]
    purpose: str

    @property
    def table_name(self) -> str:
        """The name of the table in the database."""
        return f"{settings.TABLE_PREFIX}{self.table}"


_MERGED = ("ticket_pid", "flags")
"""What tells whether a ticket was merged into another one, which no number counts: counting reads the index alone."""


def _sorted_queue(column: str) -> LegacyIndex:
    counted = _MERGED if column == "closed" else ()
    columns = ("status_id", "dept_id", column, "ticket_id", *counted)
    return LegacyIndex(f"hd_ticket_by_{column}", "ticket", columns, f"queues sorted by {column}")


LEGACY_INDEXES = (
    LegacyIndex("hd_ticket_number", "ticket", ("number",), "finding a ticket by its number"),
    LegacyIndex(
        "hd_ticket_counts",
        "ticket",
        ("status_id", "dept_id", "staff_id", "team_id", "isanswered", "isoverdue", *_MERGED),
        "the numbers beside the queues",
    ),
    LegacyIndex("hd_ticket_updates", "ticket", ("status_id", "lastupdate", "ticket_id"), "queues over all departments"),
    *map(_sorted_queue, ("lastupdate", "created", "closed", "est_duedate")),
    LegacyIndex("hd_ticket_updated", "ticket", ("updated",), "what was saved lately, for queues sorted by priority"),
    LegacyIndex(
        "hd_ticket_due", "ticket", ("isoverdue", "status_id", "duedate", "est_duedate"), "finding what became overdue"
    ),
    LegacyIndex("hd_ticket_agent", "ticket", ("staff_id", "status_id"), "tickets assigned to an agent"),
    LegacyIndex("hd_ticket_team", "ticket", ("team_id", "status_id"), "tickets assigned to a team"),
)


@dataclass(frozen=True)
class _Found:
    """An index in the database whose name begins as ours do."""

    table_name: str
    is_usable: bool
    columns: tuple[str, ...]


def missing_indexes(connection: BaseDatabaseWrapper = connection) -> list[LegacyIndex]:
    """Give the indexes of ours that the database does not have, or not usable (one query)."""
    usable = {name for name, found in _present(connection).items() if found.is_usable}
    return [index for index in LEGACY_INDEXES if index.name not in usable]


def present_indexes(connection: BaseDatabaseWrapper = connection) -> list[LegacyIndex]:
    """Give those that are there, the half-made among them."""
    names = _present(connection)
    return [index for index in LEGACY_INDEXES if index.name in names]


def outdated_indexes(connection: BaseDatabaseWrapper = connection) -> list[LegacyIndex]:
    """Give those that an earlier version made, with other columns than they need to have now."""
    present = _present(connection)
    return [index for index in LEGACY_INDEXES if index.name in present and present[index.name].columns != index.columns]


def obsolete_indexes(connection: BaseDatabaseWrapper = connection) -> list[LegacyIndex]:
    """Give those that an earlier version made and that nothing uses now: they cost time at every change of a ticket."""
    known, cut = {index.name for index in LEGACY_INDEXES}, len(settings.TABLE_PREFIX)
    return [
        LegacyIndex(name, found.table_name[cut:], found.columns, "nothing any more")
        for name, found in sorted(_present(connection).items())
        if name not in known
    ]


def create_index(connection: BaseDatabaseWrapper, index: LegacyIndex) -> bool:
    """Make an index while the help desk goes on working; tell whether the table could be written to meanwhile.

    A half-made one is replaced. PostgreSQL and MySQL build beside the running work, SQLite lets writers wait. Must not
    be called inside a transaction.
    """
    if index.name in _present(connection):
        drop_index(connection, index)
    if connection.vendor == "postgresql":
        _execute(connection, create_sql(connection, index).replace("CREATE INDEX", "CREATE INDEX CONCURRENTLY", 1))
        return True
    if connection.vendor == "mysql":
        try:
            _execute(connection, f"{create_sql(connection, index)} ALGORITHM=INPLACE LOCK=NONE")
        except DatabaseError as error:
            if not error.args or error.args[0] not in NO_ONLINE_BUILD:
                raise
        else:
            return True
    _execute(connection, create_sql(connection, index))
    return False


def drop_index(connection: BaseDatabaseWrapper, index: LegacyIndex) -> None:
    """Drop an index; one that is not there is no error on any engine."""
    name = connection.ops.quote_name(index.name)
    if connection.vendor == "mysql":
        if index.name in _present(connection):
            _execute(connection, f"DROP INDEX {name} ON {connection.ops.quote_name(index.table_name)}")
        return
    online = "CONCURRENTLY " if connection.vendor == "postgresql" else ""
    _execute(connection, f"DROP INDEX {online}IF EXISTS {name}")


def create_sql(connection: BaseDatabaseWrapper, index: LegacyIndex) -> str:
    """Give the plain statement that makes an index."""
    quote = connection.ops.quote_name
    return f"CREATE INDEX {quote(index.name)} ON {quote(index.table_name)} ({', '.join(map(quote, index.columns))})"


def gather_statistics(connection: BaseDatabaseWrapper) -> None:
    """Let the optimiser know the new indexes."""
    tables: Iterator[str] = (
        connection.ops.quote_name(f"{settings.TABLE_PREFIX}{table}")
        for table in sorted({index.table for index in LEGACY_INDEXES})
    )
    for table in tables:
        if connection.vendor == "sqlite":
            _execute(connection, "PRAGMA analysis_limit = 1000")
        _execute(connection, f"ANALYZE {'TABLE ' if connection.vendor == 'mysql' else ''}{table}")


def _present(connection: BaseDatabaseWrapper) -> dict[str, _Found]:
    """Give the indexes by name that begin as ours and are on the tables that ours are on."""
    tables = sorted({index.table_name for index in LEGACY_INDEXES})
    marks = ", ".join(["%s"] * len(tables))
    with connection.cursor() as cursor:
        cursor.execute(_PRESENT_SQL[connection.vendor].format(marks=marks), [*tables, len(MARK), MARK])
        return {
            str(name): _Found(str(table), bool(is_usable), tuple(str(columns or "").split(",")))
            for name, table, is_usable, columns in cursor.fetchall()
        }


_PRESENT_SQL = {
    "mysql": "SELECT index_name, table_name, 1, GROUP_CONCAT(column_name ORDER BY seq_in_index)"
    " FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name IN ({marks})"
    " AND SUBSTR(index_name, 1, %s) = %s GROUP BY index_name, table_name",
    "postgresql": "SELECT c.relname, t.relname, i.indisvalid, (SELECT string_agg(a.attname, ',' ORDER BY k.place)"
    " FROM unnest(i.indkey) WITH ORDINALITY k (number, place)"
    " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number)"
    " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND t.relname IN ({marks})"
    " AND substr(c.relname, 1, %s) = %s",
    "sqlite": "SELECT m.name, m.tbl_name, 1, (SELECT group_concat(name, ',') FROM"
    " (SELECT name FROM pragma_index_info(m.name) ORDER BY seqno))"
    " FROM sqlite_master m WHERE m.type = 'index' AND m.tbl_name IN ({marks}) AND substr(m.name, 1, %s) = %s",
}


def _execute(connection: BaseDatabaseWrapper, sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)

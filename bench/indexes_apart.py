"""Takes the secondary indexes of tables away while history is written, and makes them again: sorted, they cost half."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True)
class IndexesOfTable:
    """The indexes of one table: the statements that drop them and those that make them again."""

    table: str
    drop: tuple[str, ...]
    create: tuple[str, ...]


def read_indexes(tables: Collection[str]) -> list[IndexesOfTable]:
    """Give the secondary indexes of these tables; on the engines where a constraint owns one, that one stays."""
    read = {"mysql": _of_mysql, "postgresql": _of_postgresql, "sqlite": _of_sqlite}[connection.vendor]
    return [indexes for indexes in map(read, tables) if indexes.drop]


def _of_mysql(table: str) -> IndexesOfTable:
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT index_name, non_unique, GROUP_CONCAT(column_name ORDER BY seq_in_index)"
            " FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = %s"
            " AND index_name <> 'PRIMARY' AND index_type = 'BTREE' GROUP BY index_name, non_unique",
            [table],
        )
        rows = [(name, int(non_unique), columns.split(",")) for name, non_unique, columns in cursor.fetchall()]
    if not rows:
        return IndexesOfTable(table, (), ())
    dropped = ", ".join(f"DROP INDEX {quote(name)}" for name, _unique, _columns in rows)
    added = ", ".join(
        f"ADD {'' if non_unique else 'UNIQUE '}INDEX {quote(name)} ({', '.join(map(quote, columns))})"
        for name, non_unique, columns in rows
    )
    return IndexesOfTable(table, (f"ALTER TABLE {quote(table)} {dropped}",), (f"ALTER TABLE {quote(table)} {added}",))


def _of_postgresql(table: str) -> IndexesOfTable:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = %s"
            " AND indexname NOT IN (SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(quote_ident(%s)))",
            [table, table],
        )
        rows = cursor.fetchall()
    quote = connection.ops.quote_name
    return IndexesOfTable(
        table, tuple(f"DROP INDEX {quote(name)}" for name, _ in rows), tuple(definition for _, definition in rows)
    )


def _of_sqlite(table: str) -> IndexesOfTable:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = %s AND sql IS NOT NULL", [table]
        )
        rows = cursor.fetchall()
    quote = connection.ops.quote_name
    return IndexesOfTable(
        table, tuple(f"DROP INDEX {quote(name)}" for name, _ in rows), tuple(definition for _, definition in rows)
    )

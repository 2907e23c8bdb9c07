"""Reads the tables of the database: on MySQL for the comparison with osTicket's own, elsewhere with our models."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from helpdesk.legacy.fields import Prefixed
from helpdesk.legacy.schema_check import (
    Difference,
    FoundColumn,
    FoundIndex,
    FoundTable,
    SchemaReport,
    Surroundings,
    Weight,
    compare_schema,
)
from helpdesk.legacy.table_description import legacy_tables

COLUMNS_SQL = """
    SELECT table_name, column_name, column_type, is_nullable, column_default, extra, character_set_name, collation_name
    FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position
"""
INDEXES_SQL = """
    SELECT table_name, index_name, non_unique, index_type, column_name, sub_part
    FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY table_name, index_name, seq_in_index
"""
TABLES_SQL = """
    SELECT table_name, engine, table_collation
    FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'
"""


def fetch_rows(connection: BaseDatabaseWrapper, sql: str, parameters: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
    """Run a query; texts that a driver hands over as bytes (MySQL 8's information_schema) come as text."""
    with connection.cursor() as cursor:
        cursor.execute(sql, list(parameters))
        return [
            tuple(value.decode() if isinstance(value, bytes) else value for value in row) for row in cursor.fetchall()
        ]


def read_mysql_tables(connection: BaseDatabaseWrapper) -> dict[str, FoundTable]:
    """Give all tables of the connected database by their full names."""
    columns: dict[str, list[FoundColumn]] = defaultdict(list)
    for table, name, type_, nullable, default, extra, charset, collation in fetch_rows(connection, COLUMNS_SQL):
        columns[table].append(FoundColumn(name, type_, nullable == "YES", default, extra or "", charset, collation))
    indexes: dict[str, dict[str, list[tuple[Any, ...]]]] = defaultdict(lambda: defaultdict(list))
    for table, index, *part in fetch_rows(connection, INDEXES_SQL):
        indexes[table][index].append(tuple(part))
    return {
        name: FoundTable(
            name=name,
            engine=engine or "",
            collation=collation or "",
            columns=tuple(columns[name]),
            indexes=tuple(_index(index, parts) for index, parts in indexes[name].items()),
        )
        for name, engine, collation in fetch_rows(connection, TABLES_SQL)
    }


def _index(name: str, parts: list[tuple[Any, ...]]) -> FoundIndex:
    non_unique, kind = parts[0][:2]
    return FoundIndex(
        name=name,
        unique=not int(non_unique),
        type=kind,
        columns=tuple(column or "(expression)" for _, _, column, _ in parts),
        lengths=tuple(None if length is None else int(length) for *_, length in parts),
    )


def table_name(connection: BaseDatabaseWrapper, name: str) -> str:
    """Give the name of a table as the server lists it: some servers keep names in lower case only."""
    return name.lower() if connection.features.ignores_table_name_case else name


def without_prefix(tables: Mapping[str, FoundTable], prefix: str) -> dict[str, FoundTable]:
    """Give the tables that begin with the prefix, by their names without it."""
    return {name[len(prefix) :]: table for name, table in tables.items() if name.startswith(prefix)}


def read_surroundings(connection: BaseDatabaseWrapper, *, osticket_version: str = "1.18") -> Surroundings:
    """Ask a MySQL server what the comparison has to know about it."""
    engines = fetch_rows(connection, "SELECT engine FROM information_schema.engines WHERE transactions = 'YES'")
    return Surroundings(
        is_mariadb=connection.mysql_is_mariadb,  # type: ignore[attr-defined]
        osticket_version=osticket_version,
        transactional_engines=frozenset(engine.upper() for (engine,) in engines),
    )


def check_schema(connection: BaseDatabaseWrapper, *, osticket_version: str = "1.18") -> SchemaReport:
    """Compare the legacy tables of the connected database with the description (MySQL) or with the models."""
    if connection.vendor != "mysql":
        return SchemaReport(tuple(compare_with_models(connection)))
    found = without_prefix(read_mysql_tables(connection), table_name(connection, settings.TABLE_PREFIX))
    surroundings = read_surroundings(connection, osticket_version=osticket_version)
    return compare_schema(legacy_tables(), found, surroundings)


def legacy_models() -> list[type[models.Model]]:
    """Give the models whose tables are osTicket's."""
    return [model for model in apps.get_models() if isinstance(model._meta.db_table, Prefixed)]


def side_table_names() -> frozenset[str]:
    """Give the names of our own and Django's tables, which have no prefix."""
    managed = (model for model in apps.get_models(include_auto_created=True) if model._meta.managed)
    names = {model._meta.db_table for model in managed if not isinstance(model._meta.db_table, Prefixed)}
    return frozenset({*names, "django_migrations"})


def compare_with_models(connection: BaseDatabaseWrapper) -> Iterator[Difference]:
    """Compare tables, columns and nullability with the models, on an engine that has no description of its own."""
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        for model in legacy_models():
            table = model._meta.db_table
            if table not in existing:
                yield Difference(table, "table is missing", "Ostler cannot work without it.", Weight.BREAKING)
                continue
            description = connection.introspection.get_table_description(cursor, table)
            found = {column.name: bool(column.null_ok) for column in description}
            yield from _compare_model(model, found)


def _compare_model(model: type[models.Model], found: Mapping[str, bool]) -> Iterator[Difference]:
    table = model._meta.db_table
    expected = {
        str(field.column): field.null and not getattr(field, "db_not_null", False)
        for field in model._meta.local_concrete_fields
    }
    for name, nullable in expected.items():
        if name not in found:
            yield Difference(f"{table}.{name}", "column is missing", "Ostler reads and writes it.", Weight.BREAKING)
        elif found[name] != nullable:
            what = "accepts NULL" if found[name] else "does not accept NULL"
            weight = Weight.TOLERABLE if found[name] else Weight.BREAKING
            yield Difference(f"{table}.{name}", what, "The model says otherwise.", weight)
    for name in found.keys() - expected.keys():
        yield Difference(f"{table}.{name}", "column is not ours", "Left alone.", Weight.TOLERABLE)

"""The SQL of the cdata tables on the three engines: names and columns come from the data, so the ORM cannot do it."""

# ruff: noqa: S608 -- identifiers are quoted by `quoted`, everything else is a parameter

import fcntl
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from helpdesk.forms.field_types.base import LIST_PREFIX
from helpdesk.forms.models import FormAnswer, FormEntry, FormField
from helpdesk.legacy.originals import columns_with_originals
from helpdesk.legacy.text_fields import stored_form

LOCK_WAIT_SECONDS = 600
NEW, OLD = "__new", "__old"
SLICED = "__sliced"
SLICE = 2000
"""Objects per transaction of SQLite: some tens of milliseconds."""
_MYSQL_OUTDATED = {1146, 1054}
_POSTGRESQL_OUTDATED = {"42P01", "42703"}
_ANSWERS = ("form_entry_values", "value")
_SQLITE_OUTDATED = ("no such table", "no such column", "has no column named")


@dataclass(frozen=True)
class Build:
    """What a cdata table is made of: its name with prefix, its key, whose answers, and each field with its column."""

    table: str
    key: str
    object_type: str
    columns: Sequence[tuple[FormField, str]]


def quoted(connection: BaseDatabaseWrapper, name: str) -> str:
    """Quote an identifier whatever it contains, for a statement that is run with parameters (so `%` is doubled)."""
    mark = "`" if connection.vendor == "mysql" else '"'
    return mark + name.replace(mark, mark * 2).replace("%", "%%") + mark


def longest_name(connection: BaseDatabaseWrapper) -> int:
    """Give the bytes that an identifier may have: PostgreSQL cuts longer ones silently."""
    return 63 if connection.vendor == "postgresql" else 64


def is_outdated_table(error: DatabaseError) -> bool:
    """Whether a statement failed because a table or a column of it is missing."""
    cause = error.__cause__ or error
    number = cause.args[0] if cause.args else None
    if isinstance(number, int):
        return number in _MYSQL_OUTDATED
    sql_state = getattr(cause, "sqlstate", None)
    if sql_state:
        return sql_state in _POSTGRESQL_OUTDATED
    return any(words in str(cause) for words in _SQLITE_OUTDATED)


def table_columns(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    """Give the columns of a table on the server in their order; none when there is no such table."""
    statements = {
        "mysql": "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND table_name = %s ORDER BY ordinal_position",
        "postgresql": "SELECT attname FROM pg_catalog.pg_attribute"
        " WHERE attrelid = to_regclass(quote_ident(%s)) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        "sqlite": "SELECT name FROM pragma_table_info(%s) ORDER BY cid",
    }
    with connection.cursor() as cursor:
        cursor.execute(statements[connection.vendor], [table])
        return [row[0] for row in cursor.fetchall()]


# --- Building ---------------------------------------------------------------------------------------------------------


def build_table(connection: BaseDatabaseWrapper, build: Build) -> None:
    """Make the table from all answers and put it in the place of the old one.

    Processes that build at the same time take turns. On MySQL this commits at every statement; on PostgreSQL it is one
    transaction, which keeps nobody from writing; on SQLite, where it would, the rows go in by slices.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        _build_by_slices(connection, build)
        return
    with _alone(connection, build.table), connection.cursor() as cursor:
        new, old = build.table + NEW, build.table + OLD
        _drop(connection, [new, old])
        cursor.execute(_create_sql(connection, build, new), [])
        sql, parameters = _answers_sql(connection, build)
        cursor.execute(f"INSERT INTO {quoted(connection, new)} {sql}", parameters)
        _put_in_place(connection, build.table)
        _drop(connection, [old])


def _build_by_slices(connection: BaseDatabaseWrapper, build: Build) -> None:
    """Build on SQLite, whose only writer may not be occupied for long: a short transaction for each slice of objects.

    What is answered meanwhile is carried over afterwards (`cdata.rebuild`).
    """
    new = build.table + SLICED + NEW
    with _only_builder(connection), connection.cursor() as cursor:
        with transaction.atomic():
            _drop(connection, [new])
            cursor.execute(_create_sql(connection, build, new), [])
        for span in _spans(connection, build):
            sql, parameters = _answers_sql(connection, build, span=span)
            with transaction.atomic():
                cursor.execute(f"INSERT INTO {quoted(connection, new)} {sql}", parameters)
        with transaction.atomic():
            _put_in_place(connection, build.table, new)


def _spans(connection: BaseDatabaseWrapper, build: Build) -> Iterator[tuple[int, int]]:
    """Cut the objects that have answers into slices; gives for each the id before its first and its last id."""
    entries = quoted(connection, FormEntry._meta.db_table)
    of_this_type = f"SELECT DISTINCT object_id FROM {entries} WHERE object_type = %s AND object_id > %s"
    statement = f"SELECT MAX(object_id) FROM ({of_this_type} ORDER BY object_id LIMIT {SLICE})"
    after = -1
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, [build.object_type, after])
            ((last,),) = cursor.fetchall()
        if last is None:
            return
        yield after, last
        after = last


@contextmanager
def _only_builder(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Keep other processes from building at the same time; the system frees the lock of a killed one."""
    database = Path(str(connection.settings_dict["NAME"]))
    if not database.exists():  # in memory, where nobody else is
        yield
        return
    descriptor = os.open(database.with_name(f"{database.name}.building"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _alone(connection: BaseDatabaseWrapper, table: str) -> Iterator[None]:
    if connection.vendor != "mysql":
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [table])
            yield
        return
    name = f"{connection.settings_dict['NAME']}.{table}"[-64:]
    with connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, %s)", [name, LOCK_WAIT_SECONDS])
        if cursor.fetchone()[0] != 1:
            raise DatabaseError(f"Somebody else has been building {table} for {LOCK_WAIT_SECONDS} seconds.")
        try:
            yield
        finally:
            cursor.execute("SELECT RELEASE_LOCK(%s)", [name])


def _drop(connection: BaseDatabaseWrapper, tables: Sequence[str]) -> None:
    with connection.cursor() as cursor:
        for table in tables:
            if table_columns(connection, table):  # IF EXISTS would make MySQL warn
                cursor.execute(f"DROP TABLE {quoted(connection, table)}", [])


def _create_sql(connection: BaseDatabaseWrapper, build: Build, table: str) -> str:
    key_type = {"mysql": "int(11) unsigned", "postgresql": "bigint", "sqlite": "integer"}[connection.vendor]
    text_type = "mediumtext" if connection.vendor == "mysql" else "text"
    parts = [
        f"{quoted(connection, build.key)} {key_type} NOT NULL",
        *(f"{quoted(connection, name)} {text_type} DEFAULT NULL" for _field, name in build.columns),
        f"PRIMARY KEY ({quoted(connection, build.key)})",
    ]
    return f"CREATE TABLE {quoted(connection, table)} ({', '.join(parts)}){_table_options(connection)}"


def _table_options(connection: BaseDatabaseWrapper) -> str:
    """On MySQL, the engine and the character set of the answers, so that every answer fits."""
    if connection.vendor != "mysql":
        return ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT character_set_name, collation_name FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND table_name = %s AND column_name = 'value'",
            [FormAnswer._meta.db_table],
        )
        charset, collation = cursor.fetchone()
    return f" ENGINE=InnoDB DEFAULT CHARSET={charset} COLLATE={collation}"


def _put_in_place(connection: BaseDatabaseWrapper, table: str, built: str | None = None) -> None:
    """Let the built table (`__new` unless told) take the place of the live one."""
    live, new, old = (quoted(connection, name) for name in (table, built or table + NEW, table + OLD))
    exists = bool(table_columns(connection, table))
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            cursor.execute(f"RENAME TABLE {f'{live} TO {old}, ' if exists else ''}{new} TO {live}", [])
            return
        if exists:
            cursor.execute(f"DROP TABLE {live}", [])
        cursor.execute(f"ALTER TABLE {new} RENAME TO {live}", [])


def _answers_sql(
    connection: BaseDatabaseWrapper,
    build: Build,
    ids: Collection[int] | None = None,
    span: tuple[int, int] | None = None,
) -> tuple[str, list[int | str]]:
    """Give the SELECT that turns answers into rows: key, then the columns in their order.

    Of all objects, of those with these `ids`, or of a `span` of ids (behind the first, up to the second).
    """
    as_text = "CHAR" if connection.vendor == "mysql" else "TEXT"
    columns = ", ".join(_column_sql(field, as_text) for field, _name in build.columns)
    some = f" AND entry.object_id IN ({_marks(ids)})" if ids is not None else ""
    if span is not None:
        some += " AND entry.object_id > %s AND entry.object_id <= %s"
    fields = [field.pk for field, _name in build.columns]
    sql = (
        f"SELECT entry.object_id{', ' if columns else ''}{columns}"
        f" FROM {quoted(connection, FormEntry._meta.db_table)} entry"
        f" JOIN {quoted(connection, FormAnswer._meta.db_table)} answer ON answer.entry_id = entry.id"
        f" WHERE entry.object_type = %s AND entry.object_id IS NOT NULL AND answer.field_id IN ({_marks(fields)}){some}"
        " GROUP BY entry.object_id"
    )
    return sql, [*fields, build.object_type, *(fields or [0]), *(ids or []), *(span or ())]


def _column_sql(field: FormField, as_text: str) -> str:
    value = f"COALESCE(CAST(answer.value_id AS {as_text}), answer.value)"
    if field.type == "choices" or field.type.startswith(LIST_PREFIX):
        # osTicket's rebuild: the JSON without braces and quotes, key and label separated by a comma.
        value = f"""REPLACE(REPLACE(REPLACE(REPLACE({value}, '{{', ''), '}}', ''), '"', ''), ':', ',')"""
    return f"MAX(CASE WHEN answer.field_id = %s THEN {value} END)"


def _marks(values: Collection[object]) -> str:
    return ", ".join(["%s"] * len(values)) if values else "%s"


# --- Rows -------------------------------------------------------------------------------------------------------------


def rows_from_answers(
    connection: BaseDatabaseWrapper, build: Build, ids: Collection[int]
) -> dict[int, dict[str, str | None]]:
    """Compute the rows of some objects from their answers."""
    sql, parameters = _answers_sql(connection, build, ids)
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return {row[0]: dict(zip([name for _field, name in build.columns], row[1:], strict=True)) for row in cursor}


def select_rows(
    connection: BaseDatabaseWrapper, build: Build, names: Sequence[str], ids: Collection[int]
) -> dict[int, dict[str, str | None]]:
    """Read some columns of some rows; of answers that old tables cannot hold, the originals."""
    table, key = quoted(connection, build.table), quoted(connection, build.key)
    columns = [quoted(connection, name) for name in names]
    if _ANSWERS in columns_with_originals(connection):
        fields = {name: field.pk for field, name in build.columns}
        pairs = zip(names, columns, strict=True)
        columns = [_original_sql(build, f"{table}.{key}", fields.get(name), column) for name, column in pairs]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join([key, *columns])} FROM {table} WHERE {key} IN ({_marks(ids)})", [*ids])
        return {row[0]: dict(zip(names, row[1:], strict=True)) for row in cursor}


def _original_sql(build: Build, object_id: str, field_id: int | None, column: str) -> str:
    """Give the SQL of the answer whose readable form stands in the column, else of the column."""
    if field_id is None:
        return column
    entry = FormEntry._meta.db_table
    return (
        f"COALESCE((SELECT hd_o.original FROM `{entry}` hd_e JOIN hd_original_text hd_o"
        f" ON hd_o.table_name = '{_ANSWERS[0]}' AND hd_o.column_name = '{_ANSWERS[1]}'"
        f" AND hd_o.row_id = hd_e.id AND hd_o.part_id = {field_id}"
        f" AND hd_o.stored_hash = SHA2(CONVERT({column} USING utf8mb4), 256)"
        f" WHERE hd_e.object_type = '{build.object_type}' AND hd_e.object_id = {object_id} LIMIT 1), {column})"
    )


def upsert_row(
    connection: BaseDatabaseWrapper, table: str, key: str, object_id: int, values: Mapping[str, str | None]
) -> None:
    """Write some columns of one row, which is made when there is none, as old tables can hold them."""
    answer = FormAnswer._meta.get_field("value")
    values = {name: text and stored_form(answer, text, connection) for name, text in values.items()}
    names = [quoted(connection, name) for name in (key, *values)]
    sql = f"INSERT INTO {quoted(connection, table)} ({', '.join(names)}) VALUES ({_marks(names)})"
    changed = ", ".join(f"{name} = %s" for name in names[1:] or names)
    if connection.vendor == "mysql":
        sql += f" ON DUPLICATE KEY UPDATE {changed}"
    else:
        sql += f" ON CONFLICT ({names[0]}) DO UPDATE SET {changed}"
    parameters = [*values.values()] if values else [object_id]
    with connection.cursor() as cursor:
        cursor.execute(sql, [object_id, *values.values(), *parameters])


def delete_rows(connection: BaseDatabaseWrapper, table: str, key: str, ids: Collection[int]) -> None:
    """Remove rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {quoted(connection, table)} WHERE {quoted(connection, key)} IN ({_marks(ids)})", [*ids]
        )

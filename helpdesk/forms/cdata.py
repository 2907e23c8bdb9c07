"""The cdata tables: one row per ticket, task, user or organization with the answers as columns (osticket/forms.md §8).

They are a cache of the form answers. osTicket drops a table when a field of its form changes and builds it again when
it is needed; so do we, and whoever reads or writes here must expect that the table is missing. On MySQL each DDL
statement commits the running transaction: tables are therefore built outside transactions only (`rebuild`), after the
commit otherwise (`rebuild_after_commit`); inside one the answers themselves are read.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from hashlib import md5
from itertools import islice
from typing import TypeVar

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from helpdesk.configuration.kept import Kept
from helpdesk.forms import cdata_sql
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import type_of
from helpdesk.forms.models import FormEntry, FormField

log = structlog.get_logger(__name__)

COLUMNS_KEPT_SECONDS = 60
READ_KEPT_SECONDS = 10
"""How long readers go on with the columns they know after PHP has changed a form; our own changes count at once."""
CLOCK_TOLERANCE = timedelta(minutes=2)
"""How far the clocks of the database server and of the programs that write answers may be apart."""
BATCH = 200
Row = dict[str, str | None]
Result = TypeVar("Result")


@dataclass(frozen=True)
class CdataTable:
    """A cdata table: `name` without prefix, the column with the object's id."""

    object_type: EntryObject
    name: str
    key: str

    @property
    def prefixed_name(self) -> str:
        """The name in the database."""
        return f"{settings.TABLE_PREFIX}{self.name}"


TABLES = {
    table.object_type: table
    for table in (
        CdataTable(EntryObject.TICKET, "ticket__cdata", "ticket_id"),
        CdataTable(EntryObject.TASK, "task__cdata", "task_id"),
        CdataTable(EntryObject.USER, "user__cdata", "user_id"),
        CdataTable(EntryObject.ORGANIZATION, "organization__cdata", "org_id"),
    )
}


class RebuildInTransactionError(RuntimeError):
    """Building a table was asked for inside a transaction, which the DDL would commit on MySQL."""


def cdata_fields(object_type: str) -> list[FormField]:
    """Give the fields that have a column, in their order (those that are stored elsewhere included)."""
    return _with_columns(FormField.objects.filter(form__type=object_type))


def _with_columns(fields: Iterable[FormField]) -> list[FormField]:
    """Give those of the first form that have a column. Where several forms have the type, the first one counts."""
    ordered = sorted(fields, key=lambda field: (field.form_id or 0, field.sort, field.pk))
    return [field for field in ordered if field.form_id == ordered[0].form_id and type_of(field).has_data]


def column_names(fields: Iterable[FormField], key: str) -> dict[int, str]:
    """Give the column of each field by its id: the name, or `field_<id>` where a name is missing, taken or too long."""
    names: dict[int, str] = {}
    taken = {key.casefold()}
    for field in fields:
        name = field.name
        if not name or name.casefold() in taken or len(name.encode()) > cdata_sql.longest_name(connection):
            name = f"field_{field.pk}"
        taken.add(name.casefold())
        names[field.pk] = name
    return names


# --- What the server has ----------------------------------------------------------------------------------------------


def columns(object_type: str) -> list[str] | None:
    """Give the columns that the table has on the server, without the key; None when there is no such table.

    Kept for a minute per version of the form, so that a change of the form is seen at once.
    """
    return _server_columns(TABLES[EntryObject(object_type)], cdata_fields(object_type))


def _server_columns(table: CdataTable, fields: Collection[FormField]) -> list[str] | None:
    return _columns(table.object_type, *_version(fields))


def _read_columns(object_type: EntryObject, *version: tuple[object, ...]) -> list[str] | None:
    table = TABLES[object_type]
    cache_key = _digest("cdata-columns", table, str(version))
    known: list[str] | None = cache.get(cache_key)
    if known is None:
        found = cdata_sql.table_columns(connection, table.prefixed_name)
        known = [name for name in found if name != table.key] if found else None
        if known is not None:
            cache.set(cache_key, known, COLUMNS_KEPT_SECONDS)
    return known


_columns = Kept(_read_columns)


def fields_by_column(object_type: str) -> dict[str, FormField]:
    """Give the fields of the built-in form by their columns, as they are or were a few seconds ago."""
    table = TABLES[EntryObject(object_type)]
    fields, _present = _form_to_read(table)
    names = column_names(fields, table.key)
    return {names[field.pk]: field for field in fields}


def _form_to_read(table: CdataTable) -> tuple[list[FormField], list[str]]:
    """Give the fields and the columns that a page may ask for, without asking the database for the form each time."""
    key = _reading_key(table)
    known: tuple[list[FormField], list[str]] | None = cache.get(key)
    return _kept_form(table, cdata_fields(table.object_type)) if known is None else known


def keep_form(object_type: str, fields: Iterable[FormField]) -> None:
    """Let readers go on with these fields of all forms of the type, which somebody has just read for something else."""
    _kept_form(TABLES[EntryObject(object_type)], _with_columns(fields))


def _kept_form(table: CdataTable, fields: list[FormField]) -> tuple[list[FormField], list[str]]:
    present = _server_columns(table, fields)
    if present is not None:
        cache.set(_reading_key(table), (fields, present), READ_KEPT_SECONDS)
    return fields, present or []


def forget_columns(**_: object) -> None:
    """Look at the forms again from now on, in every process (a receiver of model signals)."""
    keys = [_reading_key(table) for table in TABLES.values()]
    cache.delete_many(keys)
    transaction.on_commit(lambda: cache.delete_many(keys))


def _forget_table(table: CdataTable, fields: Collection[FormField]) -> None:
    """Ask the server again what columns the table has."""
    version = _version(fields)
    cache.delete_many([_digest("cdata-columns", table, str(version)), _reading_key(table)])
    _columns.forget_now()


def _version(fields: Collection[FormField]) -> tuple[tuple[object, ...], ...]:
    return tuple((field.pk, field.name, field.type, field.updated) for field in fields)


def _reading_key(table: CdataTable) -> str:
    return _digest("cdata-reading", table, "")


def _digest(name: str, table: CdataTable, version: str) -> str:
    where = f"{connection.settings_dict['HOST']}/{connection.settings_dict['NAME']}/{table.prefixed_name}"
    return f"{name}:{md5(f'{where}{version}'.encode(), usedforsecurity=False).hexdigest()}"


def batched(values: Iterable[int]) -> Iterator[list[int]]:
    """Cut ids into lists that fit into one statement and one short transaction."""
    iterator = iter(values)
    while batch := list(islice(iterator, BATCH)):
        yield batch


# --- Building ---------------------------------------------------------------------------------------------------------


def rebuild(object_type: str) -> None:
    """Build the table anew from all answers, in osTicket's encoding of a rebuild.

    The old table, if any, serves readers until the new one takes its place; answers given meanwhile are carried over.
    Raises RebuildInTransactionError inside a transaction of MySQL.
    """
    table = TABLES[EntryObject(object_type)]
    if not _may_build():
        raise RebuildInTransactionError(f"{table.name} cannot be built inside a transaction.")
    started = timezone.now()
    fields = cdata_fields(object_type)
    build = _build(table, fields)
    cdata_sql.build_table(connection, build)
    _forget_table(table, fields)
    changed = FormEntry.objects.filter(object_type=object_type, updated__gte=started - CLOCK_TOLERANCE)
    refresh(object_type, {object_id for object_id in changed.values_list("object_id", flat=True) if object_id})
    log.info("cdata_rebuilt", table=table.name)


def rebuild_after_commit(object_type: str) -> None:
    """Build a table that is missing or lacks a column, after the running transaction; at once when there is none."""
    transaction.on_commit(lambda: rebuild_if_stale(object_type), robust=True)


def rebuild_if_stale(object_type: str) -> bool:
    """Build the table when it is missing or lacks the column of a field; give whether it was built."""
    table = TABLES[EntryObject(object_type)]
    wanted = column_names(cdata_fields(object_type), table.key).values()
    present = cdata_sql.table_columns(connection, table.prefixed_name)
    if present and set(wanted) <= set(present):
        return False
    rebuild(object_type)
    return True


def build_missing() -> list[str]:
    """Build the tables that do not exist or lack a column; give their names without prefix."""
    return [table.name for table in TABLES.values() if rebuild_if_stale(table.object_type)]


def with_table(object_type: str, query: Callable[[], Result]) -> Result:
    """Run a query that joins the table; when PHP has just dropped it, build it and run the query once more.

    Inside a transaction of MySQL it cannot be built: the error goes on to the caller, and the table is built after it.
    """
    try:
        with _guarded():
            return query()
    except DatabaseError as error:
        if not cdata_sql.is_outdated_table(error):
            raise
        if not _may_build():
            rebuild_after_commit(object_type)
            raise
    rebuild(object_type)
    return query()


def _may_build() -> bool:
    return not connection.in_atomic_block or connection.features.can_rollback_ddl


def _guarded() -> AbstractContextManager[object]:
    """Let a statement fail without spoiling the transaction around it, which only PostgreSQL would."""
    is_fragile = connection.in_atomic_block and connection.vendor == "postgresql"
    return transaction.atomic() if is_fragile else nullcontext()


def _build(table: CdataTable, fields: Sequence[FormField]) -> cdata_sql.Build:
    names = column_names(fields, table.key)
    columns = [(field, names[field.pk]) for field in fields]
    return cdata_sql.Build(table.prefixed_name, table.key, str(table.object_type), columns)


# --- Rows -------------------------------------------------------------------------------------------------------------


def fetch(object_type: str, ids: Collection[int], names: Collection[str] | None = None) -> dict[int, Row]:
    """Give the rows of these objects by id: column to text, in either of osTicket's encodings (see `chosen_keys`).

    `names` says which columns; one that does not exist reads as None. Objects without answers are absent. Where the
    table is missing and cannot be built right now, the answers themselves are read.
    """
    if not ids:
        return {}
    table = TABLES[EntryObject(object_type)]

    def read() -> dict[int, Row]:
        fields, present = _form_to_read(table)
        wanted = [name for name in present if names is None or name in names]
        return cdata_sql.select_rows(connection, _build(table, fields), wanted, ids)

    try:
        rows = with_table(object_type, read)
    except DatabaseError as error:
        if not cdata_sql.is_outdated_table(error):
            raise
        rows = cdata_sql.rows_from_answers(connection, _build(table, cdata_fields(object_type)), ids)
    return {key: {name: row.get(name) for name in (row if names is None else names)} for key, row in rows.items()}


def update_row(
    object_type: str, object_id: int, answers: Mapping[int, str], *, fields: Sequence[FormField] | None = None
) -> None:
    """Write short answers (field id to `FieldType.cdata_value`) into an object's row, as osTicket does on a change.

    Fields without column are left out; a missing table is built after the commit, from the answers. `fields` are those
    of the built-in form in their order, for callers who have them; else they are read.
    """
    table = TABLES[EntryObject(object_type)]
    fields = cdata_fields(object_type) if fields is None else [one for one in fields if type_of(one).has_data]
    names = column_names(fields, table.key)
    values = {names[field_id]: value for field_id, value in answers.items() if field_id in names}
    if not values:
        return
    present = _server_columns(table, fields)
    if present is None or not set(values) <= set(present):
        rebuild_after_commit(object_type)
        return
    try:
        with _guarded():
            cdata_sql.upsert_row(connection, table.prefixed_name, table.key, object_id, values)
    except DatabaseError as error:
        if not cdata_sql.is_outdated_table(error):
            raise
        _forget_table(table, fields)
        rebuild_after_commit(object_type)


def refresh(object_type: str, ids: Collection[int]) -> None:
    """Compute the rows of these objects anew from their answers; rows of objects without answers are removed.

    Whoever answers at the same time waits, or is waited for: services lock the form entry before they write.
    """
    table = TABLES[EntryObject(object_type)]
    build = _build(table, cdata_fields(object_type))
    for batch in batched(sorted(ids)):
        with transaction.atomic():
            entries = FormEntry.objects.select_for_update().filter(object_type=object_type, object_id__in=batch)
            list(entries.order_by("id").values_list("id"))
            rows = cdata_sql.rows_from_answers(connection, build, batch)
            for object_id, row in rows.items():
                cdata_sql.upsert_row(connection, table.prefixed_name, table.key, object_id, row)
            gone = [object_id for object_id in batch if object_id not in rows]
            if gone:
                cdata_sql.delete_rows(connection, table.prefixed_name, table.key, gone)


def refresh_after_texts_put_back(row_ids: Collection[int], **_: object) -> None:
    """Compute the rows of whom answers with these entries belong to anew (a receiver of `texts_put_back`).

    A table that is missing is built with all its rows later.
    """
    objects: dict[str, set[int]] = {}
    for object_type, object_id in FormEntry.objects.filter(pk__in=row_ids).values_list("object_type", "object_id"):
        objects.setdefault(str(object_type), set()).add(object_id or 0)
    for table in TABLES.values():
        ids = objects.get(table.object_type, set()) - {0}
        if ids and cdata_sql.table_columns(connection, table.prefixed_name):
            refresh(table.object_type, ids)


def remove_rows(object_type: str, ids: Collection[int]) -> None:
    """Remove the rows of deleted objects; a missing table has none."""
    table = TABLES[EntryObject(object_type)]
    if ids and cdata_sql.table_columns(connection, table.prefixed_name):
        cdata_sql.delete_rows(connection, table.prefixed_name, table.key, ids)


# --- The two encodings ------------------------------------------------------------------------------------------------


def has_key(stored: str | None, key: str) -> bool:
    """Whether a choice or list column holds this key, in either encoding (`shop`, `shop,Shop`), as osTicket looks."""
    return re.search(rf'"?(?<![0-9]){re.escape(key)}("|,|$)', stored or "") is not None


def chosen_keys(stored: str | None, known: Collection[str]) -> list[str]:
    """Give the known keys in a choice or list column, in their order, whichever encoding it is in.

    After an incremental update the text is `1, 2`, after a rebuild `1,Laptop,2,Phone`: the words between are labels.
    """
    words = [word.strip() for word in (stored or "").split(",")]
    return list(dict.fromkeys(word for word in words if word in known))

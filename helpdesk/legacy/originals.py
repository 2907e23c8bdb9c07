"""The originals of texts of which a utf8mb3 column holds only the nearest readable form (`hd_original_text`).

Used by the fields of `text_fields` (reading) and by the compilers of the MySQL back end (writing): whatever goes
through the ORM, single rows or many, keeps its original in the same transaction. PHP may change or delete a row at any
time: an original is shown only while the column holds the text that it stands for, and `sweep` removes idle ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.dispatch import Signal

from helpdesk.legacy.characters import clean_text
from helpdesk.legacy.models import OriginalText
from helpdesk.legacy.text_fields import WholeText

if TYPE_CHECKING:
    TextField = models.Field[Any, Any]

COLUMNS_KNOWN_SECONDS = 5
"""How long a process may not notice the first original of a column that another process wrote."""
SLICE = 500
RowKey = tuple[int, int]
texts_put_back = Signal()
"""Sent by `put_back` with `sender`, the model, and `row_ids`, the first parts of the keys of rows whose texts changed:
in the transaction that changed them, so that what is derived from them is never behind."""
_NO_SUCH_TABLE = 1146
_PART_BITS = 32


@dataclass(frozen=True)
class Kept:
    """An original and what the column holds for it."""

    field: TextField
    key: RowKey
    stored: str
    original: str


def hash_of(stored: str) -> str:
    """Give the digest by which the text in the column is recognised."""
    return sha256(stored.encode()).hexdigest()


def table_of(model: type[models.Model]) -> str:
    """Give the name of a legacy table without prefix, '' for another table."""
    return str(getattr(model._meta.db_table, "base", ""))


@cache
def text_fields(model: type[models.Model]) -> tuple[TextField, ...]:
    """Give the columns of a model whose originals can be kept: those of tables whose keys are numbers."""
    if not table_of(model) or not all(_is_number(part) for part in model._meta.pk_fields):
        return ()
    return tuple(f for f in model._meta.concrete_fields if isinstance(f, WholeText))


def _is_number(field: TextField) -> bool:
    return field.get_internal_type() != "CharField"


def row_key(parts: Sequence[int]) -> RowKey:
    """Give the two numbers by which a row is remembered: the first part of its key, and the others."""
    rest = 0
    for part in parts[1:]:
        rest = (rest << _PART_BITS) + int(part)
    return int(parts[0]), rest


# --- Reading ----------------------------------------------------------------------------------------------------------


def with_original(field: TextField, sql: str, connection: BaseDatabaseWrapper) -> str:
    """Give the SQL that selects the original instead of the readable form in `sql`, where there is one.

    Only for a plain column of a table in the query; of expressions the stored text counts.
    """
    quote = connection.ops.quote_name
    alias, dot, column = sql.rpartition(".")
    if not dot or column != quote(str(field.column)) or "(" in alias or field not in text_fields(field.model):
        return sql
    if (table_of(field.model), str(field.column)) not in columns_with_originals(connection):
        return sql
    keys = [f"{alias}.{quote(str(part.column))}" for part in field.model._meta.pk_fields]
    rest = " + ".join(f"({key} << {_PART_BITS * place})" for place, key in enumerate(reversed(keys[1:]))) or "0"
    return original_or_stored(table_of(field.model), str(field.column), (keys[0], rest), sql)


def original_or_stored(table: str, column: str, key: tuple[str, str], stored: str) -> str:
    """Give the SQL of the original of a row whose key is given in SQL, else of the stored text."""
    return (
        "COALESCE((SELECT hd_o.original FROM hd_original_text hd_o"  # noqa: S608 -- names of models and their columns
        f" WHERE hd_o.table_name = '{table}' AND hd_o.column_name = '{column}'"
        f" AND hd_o.row_id = {key[0]} AND hd_o.part_id = {key[1]}"
        f" AND hd_o.stored_hash = SHA2(CONVERT({stored} USING utf8mb4), 256)), {stored})"
    )


def columns_with_originals(connection: BaseDatabaseWrapper) -> frozenset[tuple[str, str]]:
    """Give the columns (table without prefix, column) that have any original; asked for every few seconds."""
    if getattr(connection, "holds_every_character", True):
        return frozenset()
    known: tuple[float, frozenset[tuple[str, str]]] | None = getattr(connection, "known_originals", None)
    if known is None or known[0] < time.monotonic():
        known = (time.monotonic() + COLUMNS_KNOWN_SECONDS, _read_columns(connection))
        connection.known_originals = known  # type: ignore[attr-defined]
    return known[1]


def _read_columns(connection: BaseDatabaseWrapper) -> frozenset[tuple[str, str]]:
    with connection.cursor() as cursor:
        try:
            cursor.execute("SELECT DISTINCT table_name, column_name FROM hd_original_text")
        except DatabaseError as error:
            if error.args[:1] != (_NO_SUCH_TABLE,):
                raise
            return frozenset()  # an older Ostler's database, about to be migrated
        return frozenset((table, column) for table, column in cursor.fetchall())


def forget_columns(connection: BaseDatabaseWrapper) -> None:
    """Ask again which columns have originals."""
    connection.known_originals = None  # type: ignore[attr-defined]


# --- Writing ----------------------------------------------------------------------------------------------------------


def kept_text(field: TextField, value: object, key: RowKey, connection: BaseDatabaseWrapper) -> Kept | None:
    """Give what must be kept of a value that is written, None when the column holds all of it."""
    if not isinstance(value, str) or not isinstance(field, WholeText):
        return None
    original, stored = clean_text(value), field.stored_form(value, connection)
    return Kept(field, key, stored, original) if stored != original else None


def keep(connection: BaseDatabaseWrapper, kept: Collection[Kept]) -> None:
    """Remember originals, in the place of older ones of the same rows."""
    if not kept:
        return
    rows = [
        OriginalText(
            table_name=table_of(one.field.model),
            column_name=str(one.field.column),
            row_id=one.key[0],
            part_id=one.key[1],
            stored_hash=hash_of(one.stored),
            original=one.original,
        )
        for one in kept
    ]
    OriginalText.objects.using(connection.alias).bulk_create(
        rows, update_conflicts=True, update_fields=["stored_hash", "original"]
    )
    if {(row.table_name, row.column_name) for row in rows} - columns_with_originals(connection):
        forget_columns(connection)


def drop(connection: BaseDatabaseWrapper, fields: Iterable[TextField], keys: Collection[RowKey]) -> None:
    """Forget the originals of these columns of these rows."""
    known = columns_with_originals(connection)
    fields = [field for field in fields if (table_of(field.model), str(field.column)) in known]
    for field in fields:
        rows = OriginalText.objects.using(connection.alias).filter(
            table_name=table_of(field.model), column_name=field.column
        )
        for some in _slices(keys):
            found = rows.filter(row_id__in=[key[0] for key in some]).values_list("pk", "row_id", "part_id")
            gone = [pk for pk, *key in found if tuple(key) in some]
            if gone:
                rows.filter(pk__in=gone).delete()


def _slices(keys: Collection[RowKey]) -> Iterator[set[RowKey]]:
    ordered = sorted(keys)
    for start in range(0, len(ordered), SLICE):
        yield set(ordered[start : start + SLICE])


# --- Looking after them -----------------------------------------------------------------------------------------------


@dataclass
class _Group:
    """Originals of one column, with what the rows hold now."""

    field: TextField
    originals: list[OriginalText]
    stored: dict[RowKey, str | None]

    def is_current(self, original: OriginalText) -> bool:
        """Whether the row still holds the text that the original stands for."""
        stored = self.stored.get((original.row_id, original.part_id))
        return stored is not None and hash_of(stored) == original.stored_hash


def put_back(alias: str = DEFAULT_DB_ALIAS) -> dict[str, int]:
    """Put originals into their columns where the tables hold every character: after an import, a restore, a conversion.

    Works in slices, each a transaction of its own, and can be repeated; `texts_put_back` is sent in each. Gives the
    number of texts per table (without prefix); on an installation that needs the side table it does nothing.
    """
    connection = connections[alias]
    restored: dict[str, int] = {}
    if not getattr(connection, "holds_every_character", True):
        return restored

    def put(group: _Group) -> list[OriginalText]:
        row_ids = set[int]()
        for original in group.originals:
            if group.is_current(original):
                key = dict(zip(_key_names(group.field.model), _key_parts(group.field.model, original), strict=True))
                rows = group.field.model._base_manager.using(alias).filter(**key)
                rows.update(**{group.field.attname: original.original})
                table = original.table_name
                restored[table] = restored.get(table, 0) + 1
                row_ids.add(original.row_id)
        if row_ids:
            texts_put_back.send(sender=group.field.model, row_ids=row_ids)
        return group.originals

    _go_through(alias, put)
    return restored


def sweep(alias: str = DEFAULT_DB_ALIAS) -> int:
    """Remove originals whose row is gone or holds another text by now (PHP changed it); give their number."""
    return _go_through(alias, lambda group: [one for one in group.originals if not group.is_current(one)])


def _go_through(alias: str, work: Callable[[_Group], list[OriginalText]]) -> int:
    """Show all originals to `work` in slices, in the order of their ids, and remove those that it gives back."""
    removed, last = 0, 0
    rows = OriginalText.objects.using(alias).order_by("pk")
    while True:
        with transaction.atomic(using=alias):
            some = list(rows.filter(pk__gt=last)[:SLICE])
            for group in _groups(alias, some):
                done = work(group)
                rows.filter(pk__in=[original.pk for original in done]).delete()
                removed += len(done)
        if not some:
            return removed
        last = some[-1].pk


def _groups(alias: str, originals: Sequence[OriginalText]) -> Iterator[_Group]:
    by_column: dict[tuple[str, str], list[OriginalText]] = {}
    for original in originals:
        by_column.setdefault((original.table_name, original.column_name), []).append(original)
    fields = {(table_of(m), str(f.column)): f for m in apps.get_models() for f in text_fields(m)}
    for column, some in by_column.items():
        if column in fields:
            yield _Group(fields[column], some, _stored_texts(alias, fields[column], some))


def _stored_texts(alias: str, field: TextField, originals: Sequence[OriginalText]) -> dict[RowKey, str | None]:
    """Read what the columns hold, by a bare cursor: the ORM would give the originals."""
    connection = connections[alias]
    quote, meta = connection.ops.quote_name, field.model._meta
    names = [quote(str(part.column)) for part in meta.pk_fields]
    ids = sorted({original.row_id for original in originals})
    marks = ", ".join(["%s"] * len(ids))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(names)}, {quote(str(field.column))} FROM {quote(str(meta.db_table))}"  # noqa: S608
            f" WHERE {names[0]} IN ({marks})",
            ids,
        )
        return {row_key(row[:-1]): row[-1] for row in cursor.fetchall()}


def _key_names(model: type[models.Model]) -> list[str]:
    return [part.attname for part in model._meta.pk_fields]


def _key_parts(model: type[models.Model], original: OriginalText) -> list[int]:
    parts, rest = list[int](), original.part_id
    for _part in model._meta.pk_fields[1:]:
        parts.insert(0, rest & (2**_PART_BITS - 1))
        rest >>= _PART_BITS
    return [original.row_id, *parts]

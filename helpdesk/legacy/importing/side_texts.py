"""The originals that an adopted osTicket database has beside its utf8mb3 columns (`helpdesk.legacy.originals`)."""

from collections.abc import Iterator, Sequence
from itertools import groupby, islice

from django.db.backends.base.base import BaseDatabaseWrapper

from helpdesk.legacy.copying.shapes import legacy_shapes
from helpdesk.legacy.importing.source import RawRow, Source
from helpdesk.legacy.models import ImportProblem, ImportRun, Installation, OriginalText
from helpdesk.legacy.originals import row_key

ROWS_AT_ONCE = 500
_COLUMNS = ("table_name", "column_name", "row_id", "part_id", "stored_hash", "original")


def copy_originals(source: Source, connection: BaseDatabaseWrapper, run: ImportRun) -> None:
    """Copy the originals of the source into the target's side table, where `originals.put_back` finds them.

    A source that Ostler never worked on has none. What an interrupted run copied is copied anew. Those of rows that are
    not in are left out: the target has its own texts, and their originals, under these ids.
    """
    found = source.rows_of_side_table(
        OriginalText._meta.db_table, _COLUMNS, owner=Installation._meta.db_table, limit=ROWS_AT_ONCE
    )
    has_target = connection.features.supports_update_conflicts_with_target
    while rows := [_original(values) for values in islice(found, ROWS_AT_ONCE)]:
        OriginalText.objects.using(connection.alias).bulk_create(
            _of_imported_rows(rows, source, run) if run.is_into_non_empty else rows,
            update_conflicts=True,
            update_fields=["stored_hash", "original"],
            unique_fields=_COLUMNS[:4] if has_target else None,
        )


def _of_imported_rows(rows: Sequence[OriginalText], source: Source, run: ImportRun) -> Iterator[OriginalText]:
    tables = set(run.tables.values_list("table", flat=True))
    for name, of_table in groupby(sorted(rows, key=lambda row: row.table_name), key=lambda row: row.table_name):
        if name not in tables:
            continue
        some, shape = list(of_table), legacy_shapes()[name]
        wanted = {(row.row_id, row.part_id) for row in some}
        found = source.rows_with(shape, sorted({row_id for row_id, _part in wanted}), *shape.key[1:])
        keys = {row_key(key): ", ".join(map(str, key)) for key in ([int(part or 0) for part in row] for row in found)}
        keys = {key: text for key, text in keys.items() if key in wanted}
        left_out = run.problems.filter(kind=ImportProblem.Kind.LEFT_OUT, table=name, key__in=list(keys.values()))
        texts = set(left_out.values_list("key", flat=True))
        yield from (row for row in some if keys.get((row.row_id, row.part_id), "") not in {"", *texts})


def _original(values: RawRow) -> OriginalText:
    table, column, row_id, part_id, stored_hash, original = ((value or b"").decode() for value in values)
    return OriginalText(
        table_name=table,
        column_name=column,
        row_id=int(row_id),
        part_id=int(part_id),
        stored_hash=stored_hash,
        original=original,
    )

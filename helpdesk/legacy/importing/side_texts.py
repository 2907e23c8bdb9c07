"""The originals that an adopted osTicket database has beside its utf8mb3 columns (`helpdesk.legacy.originals`)."""

from itertools import islice

from django.db.backends.base.base import BaseDatabaseWrapper

from helpdesk.legacy.importing.source import RawRow, Source
from helpdesk.legacy.models import Installation, OriginalText

ROWS_AT_ONCE = 500
_COLUMNS = ("table_name", "column_name", "row_id", "part_id", "stored_hash", "original")


def copy_originals(source: Source, connection: BaseDatabaseWrapper) -> None:
    """Copy the originals of the source into the target's side table, where `originals.put_back` finds them.

    A source that Ostler never worked on has none. What an interrupted run copied is copied anew.
    """
    found = source.rows_of_side_table(
        OriginalText._meta.db_table, _COLUMNS, owner=Installation._meta.db_table, limit=ROWS_AT_ONCE
    )
    has_target = connection.features.supports_update_conflicts_with_target
    while rows := [_original(values) for values in islice(found, ROWS_AT_ONCE)]:
        OriginalText.objects.using(connection.alias).bulk_create(
            rows,
            update_conflicts=True,
            update_fields=["stored_hash", "original"],
            unique_fields=_COLUMNS[:4] if has_target else None,
        )


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

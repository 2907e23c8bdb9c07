"""Writes a backup of the configured database, as it is at one moment, while others go on working."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from helpdesk.legacy.backup.archive import (
    CONTENT_COMPRESSION,
    MANIFEST,
    TEXT_COMPRESSION,
    ArchiveWriter,
    Manifest,
    TableEntry,
)
from helpdesk.legacy.backup.installation_secrets import secret_marks
from helpdesk.legacy.copying.codec import RowSum, row_encoder
from helpdesk.legacy.copying.progress import Progress
from helpdesk.legacy.copying.reading import consistent_snapshot, count_rows, read_batches
from helpdesk.legacy.copying.shapes import TableShape, all_shapes
from helpdesk.legacy.errors import Conflict
from helpdesk.legacy.importing.target import OUR_OWN_NOTES
from helpdesk.legacy.models import ImportRun, Installation

BUILT_ANEW = ("__cdata", "__new", "__old")
WORDS = ("hd_search_words", "hd_search_parts")
"""SQLite's tables of words, and those in which it keeps them (`hd_search_words_idx`): written anew by a restore."""
DERIVED = frozenset({"hd_search_document"})
"""What searches look in beside the rows of `_search`, another thing on each engine: written anew by a restore."""
NOT_CONTENT = frozenset({"django_migrations", "sqlite_sequence", "sqlite_stat1", "sqlite_stat4"})


@dataclass(frozen=True)
class Saved:
    """What was written. `left_out` are tables of the database that are not Ostler's or osTicket's."""

    manifest: Manifest
    size: int
    left_out: tuple[str, ...]


def save_backup(
    connection: BaseDatabaseWrapper,
    path: Path,
    *,
    progress: Progress,
    now: datetime,
    secrets: Mapping[str, str],
    with_secrets: bool = False,
    may_overwrite: bool = False,
) -> Saved:
    """Write the backup of all tables to `path`; `secrets` by name go into it when `with_secrets`.

    Raises Conflict when the file exists or the database is half-filled, OSError when the file cannot be written.
    """
    existing = frozenset(connection.introspection.table_names())
    if ImportRun._meta.db_table not in existing:
        raise Conflict("This database is not prepared: run “manage.py migrate” first.", code="not-migrated")
    if ImportRun.objects.using(connection.alias).filter(finished=None).exists():
        raise Conflict("An import into this database is not finished; a backup would be half of it.", code="unfinished")
    wanted = existing - OUR_OWN_NOTES - DERIVED
    shapes = [shape for shape in all_shapes() if shape.database_name in wanted]
    with ArchiveWriter(path, may_overwrite=may_overwrite) as archive, consistent_snapshot(connection):
        entries = _write_tables(connection, archive, shapes, progress)
        if with_secrets:
            for name, value in secrets.items():
                archive.write(f"secrets/{name}", value.encode())
        manifest = _manifest(connection, entries, now, tuple(secrets) if with_secrets else (), secret_marks(secrets))
        archive.write(MANIFEST, manifest.to_json())
    ours = {s.database_name for s in shapes} | OUR_OWN_NOTES | DERIVED | NOT_CONTENT
    left_out = sorted(name for name in existing - ours if not (name.endswith(BUILT_ANEW) or name.startswith(WORDS)))
    return Saved(manifest, path.stat().st_size, tuple(left_out))


def _write_tables(
    connection: BaseDatabaseWrapper, archive: ArchiveWriter, shapes: Sequence[TableShape], progress: Progress
) -> list[TableEntry]:
    progress.begin("Counting rows", 0)
    progress.begin("Writing the backup", sum(count_rows(connection, shape) for shape in shapes))
    return [_write_table(connection, archive, shape, progress) for shape in shapes]


def _write_table(
    connection: BaseDatabaseWrapper, archive: ArchiveWriter, shape: TableShape, progress: Progress
) -> TableEntry:
    encode, total, number = row_encoder(shape), RowSum(), 0
    compression = CONTENT_COMPRESSION if shape.bytes_positions else TEXT_COMPRESSION
    member = TableEntry(shape, 0, "0").member
    with archive.member(member, compression=compression) as stream:
        for rows in read_batches(connection, shape):
            for row in rows:
                encoded = encode(row)
                total.add(encoded)
                stream.write(encoded)
            number += len(rows)
            progress.advance(len(rows))
    return TableEntry(shape, number, str(total))


def _manifest(
    connection: BaseDatabaseWrapper,
    entries: Sequence[TableEntry],
    now: datetime,
    secret_names: tuple[str, ...],
    marks: Mapping[str, str],
) -> Manifest:
    installation = Installation.objects.using(connection.alias).order_by("id").last()
    return Manifest(
        created=now,
        engine=connection.display_name,
        table_prefix=settings.TABLE_PREFIX,
        osticket_version=installation.osticket_version if installation else "",
        time_zone=installation.database_time_zone if installation else "UTC",
        migrations=frozenset(MigrationRecorder(connection).applied_migrations()),
        tables=tuple(entries),
        secrets=secret_names,
        secret_marks=marks,
    )

"""Fills an empty database from a backup. Killed at any point, the next call goes on behind the last committed row."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from helpdesk.legacy.backup.archive import Archive, Manifest, TableEntry
from helpdesk.legacy.copying.progress import Progress
from helpdesk.legacy.copying.reading import sum_of_table
from helpdesk.legacy.copying.shapes import TableShape, column_shape, models_by_table
from helpdesk.legacy.copying.writing import (
    RowWriter,
    continue_sequences,
    copying_session,
    explain_refusal,
    refresh_statistics,
)
from helpdesk.legacy.errors import Conflict, ValidationFailed
from helpdesk.legacy.importing import target
from helpdesk.legacy.models import ImportRun, ImportTable, Installation
from helpdesk.legacy.originals import put_back

# Filled by `migrate` on its own accord; the backup brings the same rows under the ids that its other rows name.
FILLED_BY_MIGRATE = ("auth_permission", "django_content_type")
ROWS_AT_ONCE = 2000
CONTENT_AT_ONCE = 4 * 2**20
OWN_APP = "hd_legacy"
EQUAL = "equal"
"""What `ImportTable.position` says of a table that was read back."""


@dataclass
class Restored:
    """What came of it: `unequal` names the tables that do not hold what the backup holds."""

    manifest: Manifest
    unequal: list[str] = field(default_factory=list)
    was_resumed: bool = False


class Restorer:
    """One restore of an archive into `connection`, new or continued."""

    def __init__(
        self,
        archive: Archive,
        connection: BaseDatabaseWrapper,
        *,
        progress: Progress,
        rebuild_caches: Callable[[], None],
    ) -> None:
        """`rebuild_caches` is called once when all rows are in (the cdata tables belong to a package above)."""
        self.archive = archive
        self.connection = connection
        self.progress = progress
        self.rebuild_caches = rebuild_caches

    def run(self, *, now: datetime) -> Restored:
        """Do all of it. Raises ValidationFailed for a damaged backup, Conflict for a target that cannot take it."""
        self.archive.check(self.progress)
        target.refuse_foreign_database(self.connection)
        self.progress.begin("Making the tables", 0)
        self._make_tables_of_then()
        if self.connection.vendor == "mysql" and not self.connection.settings_dict["TIME_ZONE"]:
            self.connection.use_time_zone(self.archive.manifest.time_zone)  # type: ignore[attr-defined]
        run, was_resumed = self._start_or_resume(now)
        with copying_session(self.connection):
            for table in self._tables(run).filter(is_complete=False):
                self._fill(table)
        restored = Restored(self.archive.manifest, was_resumed=was_resumed)
        self._finish(run, restored)
        return restored

    def _tables(self, run: ImportRun) -> Any:
        return ImportTable.objects.using(self.connection.alias).filter(run=run).order_by("id")

    # --- Tables ---

    def _make_tables_of_then(self) -> None:
        """Make the tables as they were when the backup was made; later migrations then run over its rows."""
        executor = MigrationExecutor(self.connection)
        known, applied = executor.loader.graph.nodes.keys(), set(executor.loader.applied_migrations)
        then = self.archive.manifest.migrations
        if unknown := then - known:
            app, name = min(unknown)
            raise ValidationFailed(
                f"The backup was made by a newer Ostler: {app} {name} is not known here. Install that one first.",
                code="backup-newer",
            )
        own = {node for node in known if node[0] == OWN_APP}
        if applied - then - own and not self._is_under_way():
            raise Conflict(
                "The target's tables are newer than the backup. Give a database without any tables.",
                code="target-newer",
            )
        if (then | own) - applied:
            target.make_tables(self.connection, newest_migrations(executor, then | own))

    def _is_under_way(self) -> bool:
        """Whether an interrupted restore stands in the target; its tables may already be newer than the backup."""
        if ImportRun._meta.db_table not in self.connection.introspection.table_names():
            return False
        return target.unfinished_run(self.connection, ImportRun.Kind.BACKUP, self.archive.identity) is not None

    def _start_or_resume(self, now: datetime) -> tuple[ImportRun, bool]:
        run = target.unfinished_run(self.connection, ImportRun.Kind.BACKUP, self.archive.identity)
        if run is not None:
            return run, True
        target.refuse_database_in_use(self.connection, "A backup is restored into an empty database only.")
        alias = self.connection.alias
        with transaction.atomic(using=alias):
            for name in FILLED_BY_MIGRATE:
                models_by_table()[name]._default_manager.using(alias).all().delete()
            run = ImportRun.objects.using(alias).create(
                kind=ImportRun.Kind.BACKUP,
                source=self.archive.identity,
                source_time_zone=self.archive.manifest.time_zone,
                started=now,
            )
            ImportTable.objects.using(alias).bulk_create(
                ImportTable(run=run, table=entry.shape.name, rows_expected=entry.rows)
                for entry in self.archive.manifest.tables
            )
        return run, False

    # --- Rows ---

    def _entry(self, table: ImportTable) -> TableEntry:
        return next(entry for entry in self.archive.manifest.tables if entry.shape.name == table.table)

    def _fill(self, table: ImportTable) -> None:
        entry = self._entry(table)
        if entry.rows:
            self.progress.begin(entry.shape.database_name, entry.rows, table.rows_copied)
        shape, added = with_later_columns(entry.shape)
        writer = RowWriter(self.connection, shape)
        for rows in slices(islice(self.archive.rows(entry), table.rows_copied, None)):
            self._write_slice(table, writer, [[*row, *added] for row in rows])
            self.progress.advance(len(rows))
        table.is_complete = True
        table.save(using=self.connection.alias, update_fields=["is_complete"])

    def _write_slice(self, table: ImportTable, writer: RowWriter, rows: list[list[Any]]) -> None:
        """Write rows and how far they reach in one transaction; `table` is only changed after the commit."""
        alias = self.connection.alias
        with transaction.atomic(using=alias):
            fresh = ImportTable.objects.using(alias).select_for_update().get(pk=table.pk)
            if fresh.rows_copied != table.rows_copied:
                raise Conflict("Another restore into this database is running.", code="import-running")
            for refusal in writer.write(rows):
                raise self._cannot_take(writer.shape, rows[refusal.place], refusal.error)
            fresh.rows_copied += len(rows)
            fresh.save(using=alias, update_fields=["rows_copied"])
        table.rows_copied = fresh.rows_copied

    def _cannot_take(self, shape: TableShape, row: list[Any], error: Exception) -> Conflict:
        values = dict(zip(shape.column_names, row, strict=True))
        key = ", ".join(str(values[name]) for name in shape.key)
        model = models_by_table().get(shape.database_name)
        reason = explain_refusal(self.connection, model, values, error) if model else str(error)
        return Conflict(
            f"{self.connection.display_name} cannot take the row {key} of {shape.database_name}: {reason}. Mend it in "
            "the database that the backup is of and make a new one, or restore into another engine.",
            code="row-refused",
        )

    # --- End ---

    def _finish(self, run: ImportRun, restored: Restored) -> None:
        self._verify(run, restored)
        if restored.unequal:
            return
        self.progress.begin("Bringing the tables up to date", 0)
        alias = self.connection.alias
        # The tables here are our own, whatever those of the backup were: they hold every character.
        Installation.objects.using(alias).filter(table_prefix=restored.manifest.table_prefix).update(
            table_prefix=settings.TABLE_PREFIX, utf8mb3_tables=False
        )
        if self.connection.vendor == "mysql":
            self.connection.forget_installation()  # type: ignore[attr-defined]
        names = [entry.shape.database_name for entry in restored.manifest.tables]
        present = [name for name in names if name in models_by_table()]
        continue_sequences(self.connection, target.copied_models(present))
        target.make_tables(self.connection)
        put_back(alias)
        self.rebuild_caches()
        refresh_statistics(self.connection, present)
        run.finished = timezone.now()
        run.save(using=alias, update_fields=["finished"])

    def _verify(self, run: ImportRun, restored: Restored) -> None:
        """Read every table back; those that were equal are noted, for later migrations may change them."""
        tables = list(self._tables(run).exclude(position=EQUAL))
        self.progress.begin("Reading everything back", sum(table.rows_expected for table in tables))
        for table in tables:
            entry = self._entry(table)
            count, total = sum_of_table(self.connection, entry.shape, self.progress.advance)
            if (count, str(total)) == (entry.rows, entry.sum):
                self._tables(run).filter(pk=table.pk).update(position=EQUAL, sum_copied=entry.sum)
            else:
                restored.unequal.append(entry.shape.database_name)


def newest_migrations(executor: MigrationExecutor, nodes: Collection[tuple[str, str]]) -> list[tuple[str, str]]:
    """Give those of the migrations that none of the others of the same app builds on."""
    graph = executor.loader.graph
    return sorted(
        node
        for node in nodes
        if not any(child.key in nodes and child.key[0] == node[0] for child in graph.node_map[node].children)
    )


def with_later_columns(shape: TableShape) -> tuple[TableShape, list[Any]]:
    """Add to a table of our own notes the columns that came after the backup, and give their values.

    The migrations of these notes alone run before the rows come in, because the progress is noted in them.
    """
    model = models_by_table().get(shape.database_name)
    if model is None or model._meta.app_label != OWN_APP:
        return shape, []
    later = [field for field in model._meta.local_concrete_fields if field.column not in shape.column_names]
    columns = tuple(column_shape(field) for field in later)
    return replace(shape, columns=(*shape.columns, *columns)), [field.get_default() for field in later]


def slices(rows: Iterable[tuple[list[Any], bytes]]) -> Iterator[list[list[Any]]]:
    """Group rows into what is committed at once: so many rows, or so many bytes."""
    group, size = list[list[Any]](), 0
    for row, encoded in rows:
        group.append(row)
        size += len(encoded)
        if len(group) >= ROWS_AT_ONCE or size >= CONTENT_AT_ONCE:
            yield group
            group, size = [], 0
    if group:
        yield group

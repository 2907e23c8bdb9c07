"""Copies osTicket's tables row by row, in slices that are committed together with how far they reach.

Killed at any point, the next run finds that position and goes on behind it: a slice is in with its position or not at
all. In the end every table is read back and its sum compared with that of what the source gave.
"""

import json
import time
import zoneinfo
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.utils import timezone

from helpdesk.legacy.adoption.secret_salt import read_evidence
from helpdesk.legacy.copying.codec import Row, RowSum, row_encoder
from helpdesk.legacy.copying.progress import Progress, Silence
from helpdesk.legacy.copying.reading import sum_of_table
from helpdesk.legacy.copying.shapes import TableShape, legacy_shapes, models_by_table
from helpdesk.legacy.copying.writing import (
    TAKEN,
    RowWriter,
    continue_sequences,
    copying_session,
    explain_refusal,
    refresh_statistics,
)
from helpdesk.legacy.errors import Conflict
from helpdesk.legacy.importing import target
from helpdesk.legacy.importing.dangling import count_references, dangling_references, existing_numbers
from helpdesk.legacy.importing.left_out import (
    ANOTHER_ROW,
    NOT_COPIED,
    SAME_BY,
    STANDS_FOR,
    LeftOut,
    ids_in_target,
    referred_configuration,
    referred_content,
)
from helpdesk.legacy.importing.outcome import Outcome, problems_by_table, table_outcome
from helpdesk.legacy.importing.references import parents_first
from helpdesk.legacy.importing.side_texts import copy_originals
from helpdesk.legacy.importing.source import RawRow, Source, SourceFacts, raw_key
from helpdesk.legacy.importing.values import DoesNotFit, Finding, RowConverter
from helpdesk.legacy.models import ImportProblem, ImportRun, ImportTable, Installation
from helpdesk.legacy.originals import put_back

LEFT_OUT_TABLES = {"session": "sign-ins of the PHP program; they mean nothing here"}
REBUILT = "a cache of form answers; built anew from the answers"
LEADS_NOWHERE = "is no row"
LONGEST_SLICE_SECONDS = 0.5
SHORT_SLICE_SECONDS = 0.1
MOST_BYTES = 4 * 2**20
FEWEST_BYTES = 2**16


@dataclass(frozen=True)
class ImportOptions:
    """What people choose. `time_zone`: in which osTicket wrote its datetimes, '' to find it out."""

    into_non_empty: bool = False
    batch_size: int = 2000
    time_zone: str = ""


@dataclass
class Pace:
    """How much is committed at once: little enough that nobody waits for it."""

    most_rows: int
    rows: int = field(init=False)
    content: int = MOST_BYTES

    def __post_init__(self) -> None:
        self.rows = self.most_rows

    def learn(self, seconds: float) -> None:
        """Take less after a slow slice, more after a quick one."""
        if seconds > LONGEST_SLICE_SECONDS:
            self.rows, self.content = max(1, self.rows // 2), max(FEWEST_BYTES, self.content // 2)
        elif seconds < SHORT_SLICE_SECONDS:
            self.rows, self.content = min(self.most_rows, self.rows * 2), min(MOST_BYTES, self.content * 2)


@dataclass
class Slice:
    """Rows that are committed together: copied form and encoding, findings about them, and where they end."""

    rows: list[Row] = field(default_factory=list)
    encoded: list[bytes] = field(default_factory=list)
    problems: list[ImportProblem] = field(default_factory=list)
    left_out: int = 0
    size: int = 0
    position: str = ""

    @property
    def number(self) -> int:
        """How many rows of the source it stands for."""
        return len(self.rows) + self.left_out


class Importer:
    """One import from `source` into `connection`, new or continued."""

    def __init__(
        self,
        source: Source,
        connection: BaseDatabaseWrapper,
        *,
        options: ImportOptions,
        rebuild_caches: Callable[[], None],
    ) -> None:
        """`rebuild_caches` is called once when all rows are in (the cdata tables belong to a package above)."""
        self.source = source
        self.connection = connection
        self.options = options
        self.progress: Progress = Silence()
        self.rebuild_caches = rebuild_caches
        self.pace = Pace(options.batch_size)
        self.left_out: LeftOut | None = None

    def run(self, progress: Progress, *, now: datetime) -> Outcome:
        """Do all of it, as of `now` (aware), except `conclude`, which comes when people have seen the outcome.

        Raises NotFound, ValidationFailed or Conflict; it can be run again then.
        """
        self.progress = progress
        self.progress.begin("Looking at osTicket's database", 0)
        facts = self.source.examine(now=now, time_zone=self.options.time_zone)
        if self.source.names_same_server_and_database(self.connection):
            raise Conflict("Source and target are the same database. To use it in place: manage.py adopt.", code="same")
        if not self.options.into_non_empty:
            target.refuse_foreign_database(self.connection)
        self.progress.begin("Making the tables", 0)
        target.make_tables(self.connection)
        self.source.open_snapshot()
        run, was_resumed = self._start_or_resume(facts, now)
        self.run_record = run
        # Only where rows are left out because others are there can an id come to mean a stranger.
        self.left_out = LeftOut.of(run) if run.is_into_non_empty else None
        with copying_session(self.connection):
            for table in self._tables().filter(is_complete=False):
                self._copy_table(table, facts)
        outcome = Outcome(run, facts.version, facts.signature, facts.time_zone_explanation, was_resumed=was_resumed)
        self._finish(outcome, facts)
        return outcome

    def _tables(self) -> Any:
        return ImportTable.objects.using(self.connection.alias).filter(run=self.run_record).order_by("id")

    def _tables_by_name(self) -> list[ImportTable]:
        return sorted(self._tables(), key=lambda table: str(table.table))

    # --- Begin ---

    def _start_or_resume(self, facts: SourceFacts, now: datetime) -> tuple[ImportRun, bool]:
        run = target.unfinished_run(self.connection, ImportRun.Kind.OSTICKET, self.source.identity)
        if run is None:
            return self._start(facts, now), False
        if run.source_time_zone != facts.time_zone:
            raise Conflict(
                f"This import began with the source in the time zone {run.source_time_zone}, now it is "
                f"{facts.time_zone}. Add --source-time-zone {run.source_time_zone}, or begin with an empty database.",
                code="time-zone-changed",
            )
        return run, True

    def _start(self, facts: SourceFacts, now: datetime) -> ImportRun:
        if not self.options.into_non_empty:
            target.refuse_second_import(self.connection, self.source.identity)
            target.refuse_database_in_use(
                self.connection,
                "Give an empty database (another DATABASE_URL), or --into-non-empty to keep these rows and add those "
                "whose ids are free.",
            )
        shapes = [shape for name, shape in legacy_shapes().items() if name in facts.tables]
        order = parents_first([shape.name for shape in shapes if shape.name not in LEFT_OUT_TABLES])
        tables = [self._first_look(legacy_shapes()[name]) for name in order]
        with transaction.atomic(using=self.connection.alias):
            run = ImportRun.objects.using(self.connection.alias).create(
                kind=ImportRun.Kind.OSTICKET,
                source=self.source.identity,
                source_time_zone=facts.time_zone,
                is_into_non_empty=self.options.into_non_empty,
                started=now,
            )
            for table in tables:
                table.run = run
            ImportTable.objects.using(self.connection.alias).bulk_create(tables)
            self.run_record = run
            for table in tables:
                if table.rows_before and table.table in referred_content():
                    self._name_taken(legacy_shapes()[table.table])
        return run

    def _name_taken(self, shape: TableShape) -> None:
        """Name the rows whose ids the target has already, before the first row that refers to one of them.

        Those of tables in `SAME_BY` are no strangers where both are called the same.
        """
        reason = f"{TAKEN} {shape.key[0]} already"
        columns = SAME_BY.get(shape.name, ())
        for here in ids_in_target(self.connection, shape, *columns):
            ids = [
                int(number or 0)
                for number, *names in self.source.rows_with(shape, list(here), *columns)
                if not names or [(name or b"").decode(errors="replace") for name in names] != here[int(number or 0)]
            ]
            ImportProblem.objects.using(self.connection.alias).bulk_create(
                [self._problem(shape, [key], Finding("", ImportProblem.Kind.LEFT_OUT, reason)) for key in ids],
                batch_size=500,
            )

    def _first_look(self, shape: TableShape) -> ImportTable:
        rows_before, sum_before = (0, RowSum())
        if self.options.into_non_empty:
            rows_before, sum_before = sum_of_table(self.connection, shape)
        return ImportTable(
            table=shape.name,
            rows_expected=self.source.count(shape.name),
            source_fingerprint=self.source.fingerprint(shape.name),
            rows_before=rows_before,
            sum_before=str(sum_before),
        )

    # --- Rows ---

    def _copy_table(self, table: ImportTable, facts: SourceFacts) -> None:
        shape = legacy_shapes()[table.table]
        if table.rows_expected:
            self.progress.begin(shape.database_name, table.rows_expected, table.rows_copied + table.rows_left_out)
        writer = RowWriter(self.connection, shape)
        position = json.loads(table.position) if table.position else None
        for raw_rows in self.source.batches(shape, position, limit=self.options.batch_size):
            for piece in self._slices(shape, raw_rows, self._converter(shape, facts)):
                started = time.monotonic()
                self._write_slice(table, writer, piece)
                self.pace.learn(time.monotonic() - started)
                self.progress.advance(piece.number)
        table.is_complete = True
        table.save(using=self.connection.alias, update_fields=["is_complete"])

    def _converter(self, shape: TableShape, facts: SourceFacts) -> RowConverter:
        columns = facts.tables[shape.name].columns
        return RowConverter(
            shape,
            zone=zoneinfo.ZoneInfo(facts.time_zone),
            timestamps=[column.name for column in columns if column.type.lower().startswith("timestamp")],
            refuses_nul=self.connection.vendor == "postgresql",
        )

    def _slices(self, shape: TableShape, raw_rows: Sequence[RawRow], converter: RowConverter) -> Iterator[Slice]:
        encode = row_encoder(shape)
        judge = self.left_out.judge(shape) if self.left_out else None
        piece = Slice()
        for raw in raw_rows:
            key = raw_key(shape, raw)
            reason: Finding | None = None
            try:
                row, findings = converter.convert(raw)
                reason = judge(row) if judge else None
            except DoesNotFit as misfit:
                row, findings = [], []
                reason = Finding(misfit.column, ImportProblem.Kind.LEFT_OUT, misfit.reason)
            if self.left_out and self.left_out.is_taken(shape.name, key):
                piece.left_out += 1  # and named when the run began
            elif reason:
                piece.left_out += 1
                if self.left_out and self._stands_for(shape, key):
                    why = f"{TAKEN} {shape.key[0]} already{STANDS_FOR}"
                    reason = Finding("", ImportProblem.Kind.LEFT_OUT, why)
                elif self.left_out:
                    self.left_out.add(shape.name, key, is_taken=False)
                piece.problems.append(self._problem(shape, key, reason))
            else:
                piece.rows.append(row)
                piece.encoded.append(encode(row))
                piece.size += len(piece.encoded[-1])
                piece.problems += [self._problem(shape, key, finding) for finding in findings]
            piece.position = json.dumps(key)
            if piece.number >= self.pace.rows or piece.size >= self.pace.content:
                yield piece
                piece = Slice()
        if piece.number:
            yield piece

    def _stands_for(self, shape: TableShape, key: Sequence[Any]) -> bool:
        """Whether the target has a row of configuration with this id, which rows that name it come to mean."""
        if shape.name not in (*referred_configuration(), *SAME_BY):
            return False
        return bool(existing_numbers(self.connection, shape, [int(key[0])]))

    def _problem(self, shape: TableShape, key: Sequence[Any], finding: Finding) -> ImportProblem:
        return ImportProblem(
            run=self.run_record,
            table=shape.name,
            key=", ".join(map(str, key)),
            column=finding.column,
            kind=finding.kind,
            reason=finding.reason,
        )

    def _write_slice(self, table: ImportTable, writer: RowWriter, piece: Slice) -> None:
        """Write rows, problems and position in one transaction; `table` is only changed after the commit."""
        alias = self.connection.alias
        with transaction.atomic(using=alias):
            fresh = ImportTable.objects.using(alias).select_for_update().get(pk=table.pk)
            if fresh.position != table.position:
                raise Conflict("Another import into this database is running.", code="import-running")
            refusals = {refusal.place: refusal.error for refusal in writer.write(piece.rows)}
            total = RowSum(fresh.sum_copied)
            for place, encoded in enumerate(piece.encoded):
                if place not in refusals:
                    total.add(encoded)
            refused = [self._refused(writer.shape, piece.rows[p], error) for p, error in refusals.items()]
            ImportProblem.objects.using(alias).bulk_create([*piece.problems, *refused])
            fresh.sum_copied = str(total)
            fresh.rows_copied += len(piece.rows) - len(refusals)
            fresh.rows_left_out += piece.left_out + len(refusals)
            fresh.position = piece.position
            fresh.save(using=alias)
        table.__dict__.update(fresh.__dict__)
        if self.left_out:
            for problem in refused:
                if not problem.reason.endswith(STANDS_FOR):
                    self.left_out.add(table.table, problem.key.split(", "), is_taken=problem.reason.startswith(TAKEN))

    def _refused(self, shape: TableShape, row: Row, error: Exception) -> ImportProblem:
        values = dict(zip(shape.column_names, row, strict=True))
        reason = explain_refusal(self.connection, models_by_table()[shape.database_name], values, error)
        key = [values[name] for name in shape.key]
        if self.left_out and reason.startswith(TAKEN) and shape.name in (*referred_configuration(), *SAME_BY):
            reason += STANDS_FOR
        return self._problem(shape, key, Finding("", ImportProblem.Kind.LEFT_OUT, reason))

    # --- End ---

    def _finish(self, outcome: Outcome, facts: SourceFacts) -> None:
        names = [legacy_shapes()[table.table].database_name for table in self._tables()]
        self.progress.begin("Sequences, statistics, answers as columns", 0)
        continue_sequences(self.connection, target.copied_models(names))
        self.rebuild_caches()
        refresh_statistics(self.connection, names)
        copy_originals(self.source, self.connection, self.run_record)
        self._name_dangling()
        self._verify(outcome)
        self._look_again(outcome)
        self._describe(outcome, facts)

    def _name_dangling(self) -> None:
        """Note the rows whose references lead nowhere; what an interrupted run noted is noted anew."""
        alias = self.connection.alias
        shapes = [legacy_shapes()[table.table] for table in self._tables_by_name()]
        self.progress.begin("Looking for references that lead nowhere", count_references(shapes))
        noted = ImportProblem.objects.using(alias).filter(run=self.run_record, kind=ImportProblem.Kind.NOTED)
        noted.filter(reason__contains=LEADS_NOWHERE).delete()
        for found in dangling_references(self.connection, shapes):
            if found is None:
                self.progress.advance(1)
                continue
            ImportProblem.objects.using(alias).bulk_create(
                [
                    self._problem(
                        found.shape,
                        key,
                        Finding(
                            found.column,
                            ImportProblem.Kind.NOTED,
                            f"{value} {LEADS_NOWHERE} of {found.target}; kept, and read as none",
                        ),
                    )
                    for key, value in found.rows
                ],
                batch_size=500,
            )

    def _verify(self, outcome: Outcome) -> None:
        problems = problems_by_table(self.run_record)
        tables = self._tables_by_name()
        self.progress.begin("Reading everything back", sum(t.rows_copied + t.rows_before for t in tables))
        for table in tables:
            count, total = sum_of_table(self.connection, legacy_shapes()[table.table], self.progress.advance)
            expected = RowSum(table.sum_before) + RowSum(table.sum_copied)
            is_equal = count == table.rows_before + table.rows_copied and total == expected
            outcome.tables.append(
                table_outcome(table, problems.get(table.table, {}), rows_in_target=count, is_equal=is_equal)
            )

    def _look_again(self, outcome: Outcome) -> None:
        """Find out whether the source is still as it was when the import began."""
        self.source.close()
        self.source.open_snapshot()
        tables = self._tables_by_name()
        self.progress.begin("Looking at osTicket's database once more", len(tables))
        for table in tables:
            self.progress.advance(1)
            if self.source.fingerprint(table.table) == table.source_fingerprint:
                continue
            name, count = f"{self.source.prefix}{table.table}", self.source.count(table.table)
            rows = f"{table.rows_expected} rows then, {count} now" if count != table.rows_expected else "other content"
            outcome.source_changes.append(f"{name}: {rows}")

    def _describe(self, outcome: Outcome, facts: SourceFacts) -> None:
        for name in sorted(facts.tables):
            if name in LEFT_OUT_TABLES:
                outcome.skipped[self.source.prefix + name] = LEFT_OUT_TABLES[name]
            elif name.endswith("__cdata"):
                outcome.skipped[self.source.prefix + name] = REBUILT
        outcome.skipped |= dict.fromkeys(facts.strangers, "not osTicket's own: a plugin's?")
        outcome.skipped |= dict.fromkeys(facts.extra_columns, "a column that is not osTicket's own")
        self._describe_left_out(outcome)
        evidence = read_evidence(self.source.connection, self.source.prefix, settings.SECRET_SALT)
        if evidence.is_refuted:
            outcome.remarks.append(
                "SECRET_SALT is not that of this osTicket: stored mail passwords and links in old mails do not open. "
                "Set it to the value in include/ost-config.php."
            )

    def _describe_left_out(self, outcome: Outcome) -> None:
        """Say how many rows the target's own rows kept out, and what that means."""
        if not outcome.run.is_into_non_empty:
            return
        left_out = outcome.run.problems.filter(kind=ImportProblem.Kind.LEFT_OUT)
        taken = left_out.filter(column="", reason__startswith=TAKEN)
        stand = taken.filter(reason__endswith=STANDS_FOR).count()
        follow = left_out.exclude(column="").filter(Q(reason__endswith=ANOTHER_ROW) | Q(reason__endswith=NOT_COPIED))
        outcome.remarks.append(
            f"The target had rows of its own: {taken.count():,} rows were left out because their ids are taken, and "
            f"{follow.count():,} because they refer to people or content that was left out. {stand:,} of the first are "
            "configuration: rows that name them now mean the target's."
        )

    def conclude(self, outcome: Outcome) -> None:
        """Note that the import is finished, unless something is wrong with it: then the next run looks again."""
        if outcome.unequal_tables:
            return
        alias = self.connection.alias
        zone = getattr(self.connection, "timezone_name", "UTC") if self.connection.vendor == "mysql" else "UTC"
        with transaction.atomic(using=alias):
            Installation.objects.using(alias).create(
                origin=Installation.Origin.IMPORTED,
                osticket_version=outcome.osticket_version,
                schema_signature=outcome.schema_signature,
                database_time_zone=zone,
            )
            outcome.run.finished = timezone.now()
            outcome.run.save(using=alias, update_fields=["finished"])
            # Only now: what was read back before is what osTicket's tables hold.
            put_back(alias)

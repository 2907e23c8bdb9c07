"""What came of an import: numbers per table, problems per row, and whether the source stood still."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from django.db.models import Count

from helpdesk.legacy.models import ImportProblem, ImportRun, ImportTable

PROBLEMS_AT_ONCE = 1000


@dataclass(frozen=True)
class TableOutcome:
    """One table. `is_equal`: what was read back from the target has the same sum as what the source gave."""

    name: str
    rows_in_source: int
    rows_copied: int
    rows_left_out: int
    problems: Mapping[str, int]
    rows_before: int
    rows_in_target: int
    sum_copied: str
    is_equal: bool


@dataclass
class Outcome:
    """The whole import. `skipped` tables with the reason, `source_changes` in sentences."""

    run: ImportRun
    osticket_version: str
    schema_signature: str
    time_zone_explanation: str
    tables: list[TableOutcome] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    source_changes: list[str] = field(default_factory=list)
    was_resumed: bool = False

    @property
    def unequal_tables(self) -> list[TableOutcome]:
        """The tables whose rows in the target are not those that were copied."""
        return [table for table in self.tables if not table.is_equal]

    @property
    def rows_copied(self) -> int:
        """All rows that are in."""
        return sum(table.rows_copied for table in self.tables)

    @property
    def rows_left_out(self) -> int:
        """All rows that are not."""
        return sum(table.rows_left_out for table in self.tables)

    @property
    def is_clean(self) -> bool:
        """Whether every row is in, as it was, from a source that stood still."""
        return not (self.unequal_tables or self.rows_left_out or self.source_changes)


def table_outcome(
    table: ImportTable, problems: Mapping[str, int], *, rows_in_target: int, is_equal: bool
) -> TableOutcome:
    """Describe a table whose rows in the target were counted and compared."""
    return TableOutcome(
        name=table.table,
        rows_in_source=table.rows_expected,
        rows_copied=table.rows_copied,
        rows_left_out=table.rows_left_out,
        problems=problems,
        rows_before=table.rows_before,
        rows_in_target=rows_in_target,
        sum_copied=table.sum_copied,
        is_equal=is_equal,
    )


def problems_by_table(run: ImportRun) -> dict[str, Counter[str]]:
    """Count the problems of each table by their kind."""
    counts: dict[str, Counter[str]] = {}
    for table, kind, number in run.problems.values_list("table", "kind").annotate(number=Count("id")).order_by():
        counts.setdefault(table, Counter())[kind] = number
    return counts


def _problems(run: ImportRun) -> Iterator[ImportProblem]:
    """Give all problems in their order, never many at once in memory, which MySQL's driver would need."""
    last = 0
    while problems := list(run.problems.filter(id__gt=last).order_by("id")[:PROBLEMS_AT_ONCE]):
        yield from problems
        last = problems[-1].pk


def write_report(run: ImportRun, path: Path) -> int:
    """Write one line of JSON per problem, for this user's eyes only; give their number. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number = 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        for problem in _problems(run):
            line = {
                "table": problem.table,
                "row": problem.key,
                "column": problem.column,
                "what": problem.kind,
                "why": problem.reason,
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            number += 1
    return number

"""References that lead nowhere: osTicket has no constraints, so deleted rows leave ids of theirs behind."""

# ruff: noqa: S608 -- names of our own models, quoted

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from helpdesk.legacy.copying.shapes import TableShape, models_by_table
from helpdesk.legacy.references import LegacyForeignKey

MOST_NAMED = 100
"""Rows named of one column; of the others only the number is given."""


@dataclass(frozen=True)
class DanglingReference:
    """A column with ids of rows of `target` that are not there: keys of the first rows with the id, and how many."""

    shape: TableShape
    column: str
    target: str
    rows: Sequence[tuple[list[Any], int]]
    number: int


def dangling_references(
    connection: BaseDatabaseWrapper, shapes: Sequence[TableShape]
) -> Iterator[DanglingReference | None]:
    """Look at the reference columns of these tables one by one; None for a column without such rows."""
    for shape in shapes:
        for reference in _references(shape):
            yield _look(connection, shape, reference)


def count_references(shapes: Sequence[TableShape]) -> int:
    """Give how many columns there are to look at."""
    return sum(len(_references(shape)) for shape in shapes)


def _references(shape: TableShape) -> "list[LegacyForeignKey[Any, Any]]":
    fields = models_by_table()[shape.database_name]._meta.local_fields
    return [field for field in fields if isinstance(field, LegacyForeignKey)]


def _look(
    connection: BaseDatabaseWrapper, shape: TableShape, reference: "LegacyForeignKey[Any, Any]"
) -> DanglingReference | None:
    quote = connection.ops.quote_name
    column, target = f"source.{quote(str(reference.column))}", reference.related_model._meta.db_table
    keys = [f"source.{quote(name)}" for name in shape.key]
    condition = (
        f"FROM {quote(shape.database_name)} source WHERE {column} <> 0 AND NOT EXISTS (SELECT 1 FROM {quote(target)}"
        f" target WHERE target.{quote(str(reference.target_field.column))} = {column})"
    )
    with connection.cursor() as cursor:
        listed = f"SELECT {', '.join([*keys, column])} {condition} ORDER BY {', '.join(keys)} LIMIT {MOST_NAMED + 1}"
        cursor.execute(listed)
        rows = [(list(row[:-1]), int(row[-1])) for row in cursor.fetchall()]
        number = len(rows)
        if number > MOST_NAMED:
            cursor.execute(f"SELECT COUNT(*) {condition}")
            ((number,),) = cursor.fetchall()
    return DanglingReference(shape, reference.column, target, rows[:MOST_NAMED], number) if rows else None

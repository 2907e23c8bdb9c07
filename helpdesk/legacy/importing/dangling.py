"""References that lead nowhere: osTicket has no constraints, so deleted rows leave ids of theirs behind."""

# ruff: noqa: S608 -- names of our own models, quoted

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from helpdesk.legacy.copying.reading import after_key
from helpdesk.legacy.copying.shapes import TableShape, legacy_shapes
from helpdesk.legacy.importing.references import Reference, all_references

ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class DanglingReferences:
    """Rows whose column has ids of rows of `target` (a name in the database) that are not there: keys and ids."""

    shape: TableShape
    column: str
    target: str
    rows: Sequence[tuple[list[Any], int]]


def dangling_references(
    connection: BaseDatabaseWrapper, shapes: Sequence[TableShape]
) -> Iterator[DanglingReferences | None]:
    """Look at the references of these tables one by one; give all such rows, some at a time, and None after each."""
    for shape in shapes:
        for reference in _references(shape):
            target = legacy_shapes()[reference.target].database_name
            for rows in _look(connection, shape, reference):
                yield DanglingReferences(shape, reference.column, target, rows)
            yield None


def count_references(shapes: Sequence[TableShape]) -> int:
    """Give how many references there are to look at."""
    return sum(len(_references(shape)) for shape in shapes)


def _references(shape: TableShape) -> list[Reference]:
    return [r for r in all_references()[shape.name] if not (r.is_memory or r.is_digest)]


def _look(
    connection: BaseDatabaseWrapper, shape: TableShape, reference: Reference
) -> Iterator[list[tuple[list[Any], int]]]:
    quote = connection.ops.quote_name
    keys = ", ".join(map(quote, shape.key))
    column = f"source.{quote(reference.column)}"
    usual, values = _condition(connection, reference)
    where, position = usual, list[Any]()
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {keys}, {column} FROM {quote(shape.database_name)} source WHERE {where} ORDER BY {keys}"
                f" LIMIT {ROWS_AT_ONCE}",
                [*position, *values],
            )
            fetched = cursor.fetchall()
        rows = [(list(row[:-1]), reference.number(row[-1])) for row in fetched]
        dangling = _without_row(connection, reference, rows) if reference.is_text else rows
        if dangling:
            yield dangling
        if len(rows) < ROWS_AT_ONCE:
            return
        behind, position = after_key(connection, shape.key, rows[-1][0])
        where = f"({behind}) AND {usual}"


def _condition(connection: BaseDatabaseWrapper, reference: Reference) -> tuple[str, list[Any]]:
    """Give which rows to look at: those that dangle, or all of a reference in a text."""
    quote = connection.ops.quote_name
    column, conditions, values = f"source.{quote(reference.column)}", list[str](), list[Any]()
    kind = f"source.{quote(reference.type_column)}"
    if reference.type_values:
        conditions.append(f"{kind} IN ({', '.join(['%s'] * len(reference.type_values))})")
        values += reference.type_values
    if reference.begins:
        conditions.append(f"{kind} LIKE %s")
        values.append(f"{reference.begins}%")
    if reference.unless_begins:
        conditions.append(f"{kind} NOT LIKE %s")
        values.append(f"{reference.unless_begins}%")
    if reference.is_text:
        conditions.append(f"{column} LIKE %s")
        values.append(f"{reference.text_before}%")
    else:
        conditions.append(f"{column} NOT IN ({', '.join(['%s'] * (1 + len(reference.nobody)))})")
        values += [0, *reference.nobody]
        target = quote(legacy_shapes()[reference.target].database_name)
        conditions.append(
            f"NOT EXISTS (SELECT 1 FROM {target} target WHERE target.{quote(reference.target_key)} = {column})"
        )
    return " AND ".join(conditions), values


def _without_row(
    connection: BaseDatabaseWrapper, reference: Reference, rows: Sequence[tuple[list[Any], int]]
) -> list[tuple[list[Any], int]]:
    numbers = {number for _, number in rows if number}
    there = existing_numbers(connection, legacy_shapes()[reference.target], sorted(numbers))
    return [(key, number) for key, number in rows if number and number not in there]


def existing_numbers(connection: BaseDatabaseWrapper, shape: TableShape, numbers: Sequence[int]) -> set[int]:
    """Give which of some ids, of which there are not many, a table has."""
    if not numbers:
        return set()
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {quote(shape.key[0])} FROM {quote(shape.database_name)}"
            f" WHERE {quote(shape.key[0])} IN ({', '.join(['%s'] * len(numbers))})",
            list(numbers),
        )
        return {int(row[0]) for row in cursor.fetchall()}

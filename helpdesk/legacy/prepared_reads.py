"""Querysets that are compiled once, for rows that are looked up by a few texts and numbers time and again.

Asking takes less than compiling.

Where the tables are utf8mb3, statements depend on which columns have originals; there a read is compiled each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from django.db import connections, models, router

from helpdesk.legacy.characters import clean_text
from helpdesk.legacy.json_rows import Rows, fits, rows_of

Row = TypeVar("Row", bound=models.Model)
Value = str | int | Sequence[int]
MOST_READS, MOST_STATEMENTS = 200, 200
"""Reads that a connection keeps, and statements of each: one for each number of ids."""
_FIRST_NUMBER, _NUMBERS_OF_ONE = 1_999_000_000, 10_000
"""Numbers that stand in a statement where the values go."""


class PreparedRead(Generic[Row]):
    """The rows of a queryset for some values: texts, numbers, and lists of ids that are not empty.

    `select_related`, `defer` and annotations count, prefetching does not. The queryset must depend on nothing but the
    values, and use each of them as it is: compared, in a list, or as a text that another one contains.
    """

    def __init__(self, model: type[Row], build: Callable[..., models.QuerySet[Row]]) -> None:
        """Take the model of the rows, and what gives the queryset for the values."""
        self._model = model
        self._build = build

    def first(self, *values: Value) -> Row | None:
        """Give the first row for these values, or None."""
        return next(iter(self._read(values, is_first=True)), None)

    def all(self, *values: Value) -> list[Row]:
        """Give all rows for these values."""
        return self._read(values, is_first=False)

    def _read(self, values: Sequence[Value], *, is_first: bool) -> list[Row]:
        alias = router.db_for_read(self._model)
        connection: Any = connections[alias]
        if not getattr(connection, "holds_every_character", True):
            return list(self._queryset(values, is_first=is_first))
        reads = connection.__dict__.setdefault("prepared_reads", {})
        if self not in reads and len(reads) >= MOST_READS:
            reads.clear()
        kept: dict[Any, Rows] = reads.setdefault(self, {})
        stand_ins = [stand_in(place, value) for place, value in enumerate(values)]
        key = (is_first, *(kind_of(value) for value in values))
        statement = kept.get(key)
        if statement is None:
            if len(kept) >= MOST_STATEMENTS:
                kept.clear()
            queryset = self._queryset(stand_ins, is_first=is_first)
            as_json = connection.vendor == "mysql" and fits(queryset, connection)
            statement = kept[key] = rows_of(queryset, connection, as_json=as_json)
        given = what_stands_for(stand_ins, values, connection)
        with connection.cursor() as cursor:
            cursor.execute(statement.text, [given.get(one, one) for one in statement.parameters])
            rows = cursor.fetchall()
        return [statement.made(row, connection) for row in rows]

    def _queryset(self, values: Sequence[Value], *, is_first: bool) -> models.QuerySet[Row]:
        found = self._build(*values)
        return found[:1] if is_first else found


def kind_of(value: Value) -> str | int:
    """Tell apart what makes another statement: a text, a number, and lists by their length."""
    if isinstance(value, str):
        return "text"
    return "number" if isinstance(value, int) else len(value)


def stand_in(place: int, value: Value) -> Any:
    """Give what stands in the statement for the value at this place."""
    if isinstance(value, str):
        return f"prepared read: the value {place} goes here"
    number = _FIRST_NUMBER + place * _NUMBERS_OF_ONE
    return number if isinstance(value, int) else tuple(range(number, number + len(value)))


def what_stands_for(stand_ins: Sequence[Any], values: Sequence[Value], connection: Any) -> dict[Any, Any]:
    """Give the parameters of a statement with the values, by those that it has with their stand-ins."""
    given: dict[Any, Any] = {}
    for one, value in zip(stand_ins, values, strict=True):
        if isinstance(value, str):
            text = clean_text(value)
            given |= {one: text, f"%{one}%": f"%{connection.ops.prep_for_like_query(text)}%"}
        elif isinstance(value, int):
            given[one] = value
        else:
            given.update(zip(one, value, strict=True))
    return given

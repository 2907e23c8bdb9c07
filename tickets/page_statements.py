"""The statements that find a page of tickets (`tickets.paging`): made once and run time and again.

Several sorted querysets become one statement, each repeated for the statuses, departments and urgencies in which its
index gives the rows in order. Making such a statement takes longer than running it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import QuerySet

from tickets.sorting import SortKey

Made = TypeVar("Made")
WHOM, STATUS, DEPARTMENT, URGENCY = 2_147_483_626, 2_147_483_629, 2_147_483_630, 2_147_483_631
"""Stand for an agent or a team (or what else a ticket may be of), a status, a department and an urgency in a queryset
that is compiled once for all of them."""
BY_ID = "PRIMARY"
"""Stands for an index where a part is found from few ids: SQLite would go through an index in the order asked for."""
MOST_ROWS = 1_987_654_321
"""Stands in a queryset for the number of rows that are wanted: `tickets[:MOST_ROWS]`."""
MOST_KEPT = 200
"""Pages whose statements a connection keeps: some for each agent's queues, the first pages and the others."""


@dataclass(frozen=True)
class Part:
    """Sorted rows, at most `MOST_ROWS`. `index`: which one to force; `places`: what the stand-ins stand for.

    `may_repeat`: the same row may come in more than one place, and counts once.
    """

    rows: QuerySet[Any, Any]
    index: str = ""
    places: Sequence[Mapping[int, int]] = ()
    may_repeat: bool = False


@dataclass(frozen=True)
class Statement:
    """The first rows of all parts together, compiled."""

    text: str
    parameters: tuple[Any, ...]
    converters: tuple[tuple[int, tuple[Any, ...], Any], ...]

    def rows(self, number: int, given: Mapping[Any, Any]) -> list[tuple[Any, ...]]:
        """Give at most so many rows; `given` says what goes in where the statement was compiled with stand-ins."""
        parameters = [given.get(one, one) for one in self.parameters] if given else self.parameters
        with connection.cursor() as cursor:
            cursor.execute(self.text.replace(str(MOST_ROWS), str(number)), parameters)
            found = cursor.fetchall()
        if not self.converters:
            return [tuple(row) for row in found]
        return [self._converted(row) for row in found]

    def _converted(self, found: Sequence[Any]) -> tuple[Any, ...]:
        row = list(found)
        for place, converters, column in self.converters:
            for convert in converters:
                row[place] = convert(row[place], column, connection)
        return tuple(row)


def union(parts: Iterable[Part], keys: Sequence[SortKey]) -> Statement | None:
    """Give the statement for the first rows, by these keys, of several parts; None when none of them has rows."""
    texts: list[str] = []
    parameters: list[Any] = []
    compiler: Any = None
    may_repeat = False
    for part in parts:
        candidate = part.rows.query.get_compiler(connection=connection)
        try:
            sql, values = candidate.as_sql()
        except EmptyResultSet:
            continue
        compiler, may_repeat = candidate, may_repeat or part.may_repeat
        if part.index and connection.vendor != "postgresql":  # which cannot be told
            sql = _with_hint(sql, part.index, part.rows.model._meta.db_table)
        _repeat(sql, values, part, keys, texts, parameters)
    if compiler is None:
        return None
    converters = compiler.get_converters([column for column, *_names in compiler.select]).items()
    return Statement(
        _joined(texts, keys, may_repeat=may_repeat),
        tuple(parameters),
        tuple((place, tuple(functions), column) for place, (functions, column) in converters),
    )


def kept(key: Hashable, make: Callable[[], Made]) -> Made:
    """Give what this connection keeps under a key, made anew where there is nothing; what nobody asked for lately goes.

    The key must say everything on which the statements depend besides the values of their stand-ins.
    """
    pages: dict[Hashable, Made] = vars(connections[DEFAULT_DB_ALIAS]).setdefault("ticket_pages", {})
    found = pages.pop(key, None)
    if found is None:
        found = make()
        if len(pages) >= MOST_KEPT:
            del pages[next(iter(pages))]
    pages[key] = found  # at the end
    return found


def _repeat(
    sql: str,
    parameters: Sequence[Any],
    part: Part,
    keys: Sequence[SortKey],
    texts: list[str],
    texts_parameters: list[Any],
) -> None:
    """Add a sorted statement once for each place, which says what stands for the ids in its parameters.

    PostgreSQL gets one statement that goes through the places: planning each of them would take longer than running it.
    """
    places = part.places or [{}]
    if connection.vendor != "postgresql" or len(places) == 1:
        for given in places:
            texts.append(sql)
            texts_parameters += [_given(value, given) for value in parameters]
        return
    columns = {stand_in: f"place.id{number}" for number, stand_in in enumerate(places[0])}
    left = iter(parameters)
    others: list[Any] = []

    def written(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%%"
        value = next(left)
        if isinstance(value, int) and value in columns:
            return columns[value]
        others.append(value)
        return "%s"

    inner = re.sub("%[s%]", written, sql)
    rows = ", ".join(f"({', '.join(f'{given[one]:d}' for one in columns)})" for given in places)
    names = ", ".join(name.removeprefix("place.") for name in columns.values())
    every = f"(VALUES {rows}) AS place ({names}) CROSS JOIN LATERAL ({inner}) AS part"
    distinct = "DISTINCT " if part.may_repeat else ""
    texts.append(f"SELECT {distinct}part.* FROM {every}{_first(keys)}")  # noqa: S608 -- compiled by Django
    texts_parameters += others


def _given(value: Any, given: Mapping[int, int]) -> Any:
    return given.get(value, value) if isinstance(value, int) else value


def _joined(texts: Sequence[str], keys: Sequence[SortKey], *, may_repeat: bool) -> str:
    """Take the first rows of several sorted statements."""
    if len(texts) == 1:
        return texts[0]
    operator = " UNION " if may_repeat else " UNION ALL "
    parts = operator.join(f"SELECT * FROM ({text}) AS part{place}" for place, text in enumerate(texts))  # noqa: S608
    return f"{parts}{_first(keys)}"


def _first(keys: Sequence[SortKey]) -> str:
    clauses = ", ".join(f"{place} {key.direction_sql()}" for place, key in enumerate(keys, 1))
    return f" ORDER BY {clauses} LIMIT {MOST_ROWS:d}"


def _with_hint(sql: str, index: str, table: str) -> str:
    """Force an index of ours: with `status = …` MariaDB walks from the newest ticket to the page instead of seeking.
    SQLite, whose statistics end at a thousand rows, goes through all departments for the tickets of one agent.
    """
    text, name = f" FROM {connection.ops.quote_name(table)} ", connection.ops.quote_name(index)
    if index == BY_ID:
        hint = "" if connection.vendor == "mysql" else "NOT INDEXED "
    else:
        hint = f"FORCE INDEX ({name}) " if connection.vendor == "mysql" else f"INDEXED BY {name} "
    return sql.replace(text, f"{text}{hint}", 1)

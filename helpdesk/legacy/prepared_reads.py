"""Querysets that are compiled once, for rows that are looked up by one text or number time and again.

Asking takes less than compiling.

Where the tables are utf8mb3, statements depend on which columns have originals; there a read is compiled each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import connections, models, router
from django.db.models.query import get_related_populators

from helpdesk.legacy.characters import clean_text

Row = TypeVar("Row", bound=models.Model)
_TEXT, _NUMBER = "prepared read: the value goes here", 1_999_999_973
"""What stands in a statement where its value goes."""


@dataclass(frozen=True)
class _Statement:
    text: str
    parameters: tuple[Any, ...]
    converters: tuple[tuple[int, tuple[Any, ...], Any], ...]
    attributes: list[str]
    populators: list[Any]


class PreparedRead(Generic[Row]):
    """The first row of a queryset for a text or a number; `select_related` and `defer` count, prefetching does not."""

    def __init__(self, model: type[Row], build: Callable[[Any], models.QuerySet[Row]]) -> None:
        """Take the model of the rows, and what gives the queryset for a value."""
        self._model = model
        self._build = build

    def first(self, value: str | int) -> Row | None:
        """Give the first row for this value, or None."""
        alias = router.db_for_read(self._model)
        connection: Any = connections[alias]
        if not getattr(connection, "holds_every_character", True):
            return next(iter(self._build(value)[:1]), None)
        kept: dict[Any, _Statement] = connection.__dict__.setdefault("prepared_reads", {})
        statement = kept.get(self)
        if statement is None:
            statement = kept[self] = _prepared(
                self._build(_TEXT if isinstance(value, str) else _NUMBER)[:1], connection
            )
        given = clean_text(value) if isinstance(value, str) else value
        with connection.cursor() as cursor:
            cursor.execute(statement.text, [given if one in {_TEXT, _NUMBER} else one for one in statement.parameters])
            found = cursor.fetchone()
        if found is None:
            return None
        row = list(found)
        for place, converters, column in statement.converters:
            for convert in converters:
                row[place] = convert(row[place], column, connection)
        instance = self._model.from_db(alias, statement.attributes, row[: len(statement.attributes)])
        for populator in statement.populators:
            populator.populate(row, instance)
        return instance


def _prepared(queryset: models.QuerySet[Any], connection: Any) -> _Statement:
    compiler: Any = queryset.query.get_compiler(connection=connection)
    text, parameters = compiler.as_sql()
    columns = [column for column, *_names in compiler.select]
    converters = compiler.get_converters(columns).items()
    own = compiler.klass_info["select_fields"]
    return _Statement(
        text,
        tuple(parameters),
        tuple((place, tuple(functions), column) for place, (functions, column) in converters),
        [columns[place].target.attname for place in own],
        get_related_populators(compiler.klass_info, compiler.select, queryset.db),  # type: ignore[call-arg]  # the stubs are of a later Django
    )

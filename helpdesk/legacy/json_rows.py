"""Statements that give each row as one JSON text: rows of several tables fit into one, and PyMySQL reads them faster.

That driver is written in Python and takes a call for each column of each row; decoding JSON does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import models
from django.db.models.query import get_related_populators

_ARRAYS = {"mysql": "JSON_ARRAY({})", "postgresql": "json_build_array({})::text", "sqlite": "json_array({})"}
_MOST_COLUMNS = {"mysql": 1000, "postgresql": 100, "sqlite": 100}
"""How many arguments a function takes."""
_AS_THEY_ARE = frozenset(
    {"BooleanField", "CharField", "FloatField", "IntegerField", "TextField", "AutoField", "BigAutoField"}
    | {f"{size}IntegerField" for size in ("Big", "Small", "Positive", "PositiveBig", "PositiveSmall")}
    | {"SmallAutoField"}
)
"""Kinds of columns whose values JSON holds as the drivers would give them."""


def fits(queryset: models.QuerySet[Any], connection: Any) -> bool:
    """Whether JSON can hold the rows, and they have no order, which would get lost."""
    compiler = queryset.query.get_compiler(connection=connection)
    compiler.pre_sql_setup()
    kinds = {_kind(column) for column, *_names in compiler.select}
    few = len(compiler.select) <= _MOST_COLUMNS[connection.vendor]
    return few and not queryset.ordered and kinds <= _AS_THEY_ARE | _READERS.keys()


@dataclass(frozen=True)
class Rows:
    """A statement, and what makes objects, or tuples for `values_list`, of what it gives."""

    text: str
    parameters: tuple[Any, ...]
    is_json: bool
    _model: type[models.Model]
    _alias: str
    _converters: tuple[tuple[int, tuple[Callable[..., Any], ...], Any], ...]
    _attributes: list[str] | None
    _annotations: tuple[tuple[str, int], ...]
    _populators: Sequence[Any]

    def made(self, given: Sequence[Any], connection: Any) -> Any:
        """Give what a row is of which the database gave this."""
        row = json.loads(given[0]) if self.is_json else list(given)
        for place, converters, column in self._converters:
            for convert in converters:
                row[place] = convert(row[place], column, connection)
        if self._attributes is None:
            return tuple(row)
        instance = self._model.from_db(self._alias, self._attributes, row[: len(self._attributes)])
        for populator in self._populators:
            populator.populate(row, instance)
        for name, place in self._annotations:
            setattr(instance, name, row[place])
        return instance


def rows_of(queryset: models.QuerySet[Any], connection: Any, *, as_json: bool) -> Rows:
    """Compile a queryset. With `as_json`, for which it must fit, the statement gives one column."""
    compiler: Any = queryset.query.get_compiler(connection=connection)
    text, parameters = compiler.as_sql(with_col_aliases=as_json)
    if as_json:
        names = ", ".join(connection.ops.quote_name(alias) for _column, _sql, alias in compiler.select)
        array = _ARRAYS[connection.vendor].format(names)
        text = f"SELECT {array} AS told FROM ({text}) AS inner_rows"  # noqa: S608 -- compiled by Django
    columns = [column for column, *_names in compiler.select]
    converters = {place: tuple(functions) for place, (functions, _column) in compiler.get_converters(columns).items()}
    if as_json:
        for place, column in enumerate(columns):
            if (reader := _READERS.get(_kind(column))) is not None:
                converters[place] = (reader, *converters.get(place, ()))
    is_of_objects = queryset.query.selected is None
    klass = compiler.klass_info if is_of_objects else None
    return Rows(
        text,
        tuple(parameters),
        as_json,
        queryset.model,
        queryset.db,
        tuple((place, functions, columns[place]) for place, functions in sorted(converters.items())),
        [columns[place].target.attname for place in klass["select_fields"]] if klass else None,
        tuple(compiler.annotation_col_map.items()),
        get_related_populators(klass, compiler.select, queryset.db) if klass else (),  # type: ignore[call-arg]  # the stubs are of a later Django
    )


def _kind(column: Any) -> str:
    field = column.output_field
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return str(field.get_internal_type())


def _moment(text: Any, *_: Any) -> datetime | None:
    """Read a moment; None for a zero or otherwise impossible one, which MySQL knows."""
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None


def _day(text: Any, *_: Any) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        return None


_READERS: dict[str, Callable[..., Any]] = {"DateTimeField": _moment, "DateField": _day}

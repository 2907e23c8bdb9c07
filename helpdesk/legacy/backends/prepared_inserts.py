"""INSERT statements whose text is made once: Django writes it anew for every row, which takes longer than the values.

The text depends on table, columns, number of rows and what happens on a conflict, never on the values as long as these
are plain. An expression among them, or a field that writes its own placeholder, goes Django's way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.operations import BaseDatabaseOperations

MOST_ROWS = 8
"""With more rows the text costs little beside the values."""
MOST_KEPT = 500
"""Texts that one connection keeps; a help desk has about 150 tables."""

if TYPE_CHECKING:
    Field = models.Field[Any, Any]

_column = attrgetter("column")
_plain = (models.IntegerField, int), (models.BooleanField, bool), (models.CharField, str), (models.TextField, str)


@dataclass(frozen=True)
class _Insert:
    """The text for rows of one kind, and of each field: the attribute to read, and the types that go as they are."""

    text: str
    returning: tuple[Any, ...]
    fields: tuple[tuple[Field, str, frozenset[type]], ...]


class PreparedInsertMixin:
    """A compiler that makes the text of an INSERT once for all rows of its kind, for each connection."""

    connection: Any
    query: Any
    returning_fields: Any
    returning_params: Any

    def as_sql(self) -> Any:
        """Give the statements with their parameters, as Django's compiler does."""
        if not self.query.fields or self.query.raw or len(self.query.objs) > MOST_ROWS:
            return super().as_sql()  # type: ignore[misc]
        kept: dict[Any, _Insert | None] = self.connection.__dict__.setdefault("prepared_inserts", {})
        kind = self._kind()
        insert = kept.get(kind)
        if insert is None:
            statements = super().as_sql()  # type: ignore[misc]
            if kind not in kept and not self._has_expressions():
                if len(kept) >= MOST_KEPT:
                    kept.clear()
                kept[kind] = self._insert_of(statements)
            return statements
        values = self._values(insert)
        if values is None:
            return super().as_sql()  # type: ignore[misc]
        self.returning_params = insert.returning
        return [(insert.text, (*values, *insert.returning))]

    def _kind(self) -> tuple[Any, ...]:
        """Give everything that the text depends on."""
        query = self.query
        return (
            query.get_meta().db_table,
            len(query.objs),
            query.on_conflict,
            tuple(map(_column, query.fields)),
            tuple(map(_column, query.update_fields)),
            tuple(map(_column, query.unique_fields)),
            tuple(map(_column, self.returning_fields or ())),
        )

    def _has_expressions(self) -> bool:
        fields = self.query.fields
        return any(hasattr(one.pre_save(row, True), "resolve_expression") for row in self.query.objs for one in fields)

    def _insert_of(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> _Insert | None:
        """Give what to keep of the statements that Django made; None where they are not one text and its values."""
        fields, returning = self.query.fields, tuple(self.returning_params)
        if len(statements) != 1 or any(hasattr(field, "get_placeholder") for field in fields):
            return None
        text, parameters = statements[0]
        if len(parameters) != len(fields) * len(self.query.objs) + len(returning):
            return None  # PostgreSQL takes several rows as one array for each column
        return _Insert(text, returning, tuple((one, _attribute(one), self._as_they_are(one)) for one in fields))

    def _as_they_are(self, field: Field) -> frozenset[type]:
        """Give the types whose values the field hands to this database unchanged."""
        kind = type(field)
        if kind.get_db_prep_save is models.Field.get_db_prep_save:
            wraps_numbers = (
                type(self.connection.ops).adapt_integerfield_value
                is not BaseDatabaseOperations.adapt_integerfield_value
            )
            for django, plain in _plain:
                if issubclass(kind, django) and _converts_like(kind, django) and not (plain is int and wraps_numbers):
                    return frozenset({plain, type(None)})
        return frozenset()

    def _values(self, insert: _Insert) -> list[Any] | None:
        """Give the values as the database takes them; None when there is an expression among them."""
        connection, values = self.connection, []
        for row in self.query.objs:
            attributes = row.__dict__
            for field, name, as_they_are in insert.fields:
                value = attributes[name] if name in attributes else field.pre_save(row, True)
                if type(value) in as_they_are:
                    values.append(value)
                elif hasattr(value, "resolve_expression"):
                    return None
                else:
                    values.append(field.get_db_prep_save(value, connection))
        return values


def _attribute(field: Field) -> str:
    """Give the attribute that holds what is saved, '' where the field decides when it is saved."""
    return field.attname if type(field).pre_save is models.Field.pre_save else ""


def _converts_like(kind: type[Field], django: type[Field]) -> bool:
    """Whether a kind of field converts values by the methods of one of Django's."""
    return all(
        getattr(kind, name) is getattr(django, name) for name in ("to_python", "get_prep_value", "get_db_prep_value")
    )

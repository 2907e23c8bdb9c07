"""What a table consists of: columns, their kinds and the key, taken from the models and kept in backups."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models

from helpdesk.legacy.fields import EnumField, LegacyDateTimeField, PhpJSONField, Prefixed


class ColumnKind(StrEnum):
    """How a column's values look in a copied row; None stands for NULL in all of them."""

    INTEGER = "integer"
    BOOLEAN = "boolean"  # 0 or 1
    TEXT = "text"
    BYTES = "bytes"
    MOMENT = "moment"  # text in UTC: 2026-01-31 23:59:59, with .ffffff where a fraction is stored
    DATE = "date"  # text
    TIME = "time"  # text
    JSON = "json"  # text, keys sorted
    UUID = "uuid"  # text, 32 hexadecimal digits
    DECIMAL = "decimal"  # text
    FLOAT = "float"
    DURATION = "duration"  # integer, microseconds


INTEGER_TYPES = (
    "AutoField", "BigAutoField", "SmallAutoField", "IntegerField", "BigIntegerField", "SmallIntegerField",
    "PositiveIntegerField", "PositiveSmallIntegerField", "PositiveBigIntegerField",
)  # fmt: skip
KINDS: Mapping[str, ColumnKind] = {
    **dict.fromkeys(INTEGER_TYPES, ColumnKind.INTEGER),
    **dict.fromkeys(
        ("CharField", "TextField", "SlugField", "FileField", "FilePathField", "GenericIPAddressField"), ColumnKind.TEXT
    ),
    "BooleanField": ColumnKind.BOOLEAN,
    "BinaryField": ColumnKind.BYTES,
    "DateTimeField": ColumnKind.MOMENT,
    "DateField": ColumnKind.DATE,
    "TimeField": ColumnKind.TIME,
    "JSONField": ColumnKind.JSON,
    "UUIDField": ColumnKind.UUID,
    "DecimalField": ColumnKind.DECIMAL,
    "FloatField": ColumnKind.FLOAT,
    "DurationField": ColumnKind.DURATION,
}


class UnknownColumnKind(TypeError):  # noqa: N818 -- what happened
    """A model has a field of a type that nobody taught to copy; a test names it before a user meets it."""


@dataclass(frozen=True)
class ColumnShape:
    """One column. `takes_zero_date`: on MySQL it has no NULL and holds a zero date instead."""

    name: str
    kind: ColumnKind
    is_nullable: bool = True
    takes_zero_date: bool = False
    decimal_places: int = 0
    is_php_json: bool = False
    values: tuple[str, ...] = ()

    def to_manifest(self) -> dict[str, Any]:
        """Give what a backup says of the column: all that writing it needs."""
        described: dict[str, Any] = {"name": self.name, "kind": str(self.kind), "nullable": self.is_nullable}
        if self.takes_zero_date:
            described["zero_date"] = True
        if self.decimal_places:
            described["decimal_places"] = self.decimal_places
        return described

    @classmethod
    def from_manifest(cls, described: Mapping[str, Any]) -> "ColumnShape":
        """Read it back. Raises KeyError, ValueError or TypeError for what is no such description."""
        return cls(
            name=str(described["name"]),
            kind=ColumnKind(described["kind"]),
            is_nullable=bool(described["nullable"]),
            takes_zero_date=bool(described.get("zero_date", False)),
            decimal_places=int(described.get("decimal_places", 0)),
        )


@dataclass(frozen=True)
class TableShape:
    """One table. `name` is without prefix where `is_legacy`; `references` are tables that must be filled before it."""

    name: str
    is_legacy: bool
    columns: tuple[ColumnShape, ...]
    key: tuple[str, ...]
    references: frozenset[str] = field(default_factory=frozenset)

    @property
    def database_name(self) -> str:
        """The name in the database of this installation."""
        return f"{settings.TABLE_PREFIX}{self.name}" if self.is_legacy else self.name

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns in their order."""
        return tuple(column.name for column in self.columns)

    @property
    def key_positions(self) -> tuple[int, ...]:
        """Where in a row the parts of the key are."""
        return tuple(self.column_names.index(name) for name in self.key)

    @property
    def bytes_positions(self) -> tuple[int, ...]:
        """Where in a row the columns of bytes are."""
        return tuple(i for i, column in enumerate(self.columns) if column.kind is ColumnKind.BYTES)


def _stored_field(model_field: "models.Field[Any, Any]") -> "models.Field[Any, Any]":
    """Give the field whose type the column has: for a reference, that of the key it points to."""
    while isinstance(model_field, models.ForeignKey):
        model_field = model_field.target_field
    return model_field


def column_shape(model_field: "models.Field[Any, Any]") -> ColumnShape:
    """Describe the column of a model's field; raises UnknownColumnKind for a type that is not in `KINDS`."""
    stored = _stored_field(model_field)
    kind = KINDS.get(stored.get_internal_type())
    if kind is None:
        raise UnknownColumnKind(f"{model_field}: no copying of {stored.get_internal_type()}")
    return ColumnShape(
        name=str(model_field.column),
        kind=kind,
        is_nullable=model_field.null and not getattr(model_field, "db_not_null", False),
        takes_zero_date=isinstance(stored, LegacyDateTimeField) and stored.zero_for_none,
        decimal_places=getattr(stored, "decimal_places", None) or 0,
        is_php_json=isinstance(stored, PhpJSONField),
        values=tuple(stored.values) if isinstance(stored, EnumField) else (),
    )


def table_shape(model: type[models.Model]) -> TableShape:
    """Describe the table of a model."""
    meta = model._meta
    fields = [model_field for model_field in meta.local_concrete_fields if model_field.column]
    table = meta.db_table
    return TableShape(
        name=table.base if isinstance(table, Prefixed) else str(table),
        is_legacy=isinstance(table, Prefixed),
        columns=tuple(column_shape(model_field) for model_field in fields),
        key=tuple(str(model_field.column) for model_field in meta.pk_fields),
        references=frozenset(_constrained_tables(fields) - {str(table)}),
    )


def _constrained_tables(fields: "Iterable[models.Field[Any, Any]]") -> set[str]:
    constrained = (f for f in fields if isinstance(f, models.ForeignKey) and getattr(f, "db_constraint", False))
    return {f.related_model._meta.db_table for f in constrained if not isinstance(f.related_model, str)}


@cache
def models_by_table() -> Mapping[str, type[models.Model]]:
    """Give every model that has a table of its own, by the name of the table in the database."""
    return {str(m._meta.db_table): m for m in apps.get_models(include_auto_created=True) if m._meta.managed}


@cache
def legacy_shapes() -> Mapping[str, TableShape]:
    """Describe osTicket's tables by their names without prefix (not the cdata tables: those are caches)."""
    shapes = map(table_shape, models_by_table().values())
    return {shape.name: shape for shape in sorted(shapes, key=lambda shape: shape.name) if shape.is_legacy}


@cache
def all_shapes() -> tuple[TableShape, ...]:
    """Describe all tables, each after those that it has constrained references to."""
    waiting = sorted(map(table_shape, models_by_table().values()), key=lambda shape: (not shape.is_legacy, shape.name))
    ordered: list[TableShape] = []
    while waiting:
        placed = {shape.database_name for shape in ordered}
        ready = [shape for shape in waiting if shape.references <= placed] or waiting
        ordered += ready
        waiting = [shape for shape in waiting if shape not in ready]
    return tuple(ordered)

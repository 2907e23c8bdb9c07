"""Model fields for the encodings of osTicket's database (osticket/schema.md §1; docs/architecture.md, data layer)."""

import datetime
import json
from collections.abc import Sequence
from enum import IntFlag
from typing import Any

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Value
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute, ForwardManyToOneDescriptor
from django.db.models.fields.related_lookups import RelatedExact, RelatedIn, RelatedIsNull
from django.db.models.functions import Coalesce
from django.db.models.lookups import (
    Exact,
    In,
    IsNull,
    LessThan,
    LessThanOrEqual,
    Lookup,
)
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.constants import LOUTER
from django.utils.functional import Promise

ZERO_DATE = "0000-00-00 00:00:00"


class Prefixed(str):
    """A table name with the configured prefix, which migrations carry without it."""

    base: str

    def __new__(cls, base: str) -> "Prefixed":
        """Give `TABLE_PREFIX` + `base`."""
        self = super().__new__(cls, settings.TABLE_PREFIX + base)
        self.base = base
        return self

    def deconstruct(self) -> tuple[str, tuple[str], dict[str, Any]]:
        """Write the name into a migration as `Prefixed("ticket")`."""
        return ("helpdesk.legacy.fields.Prefixed", (self.base,), {})


class UnsignedAutoField(models.BigAutoField):
    """The key of a legacy table: `int unsigned` on MySQL, `bigint` elsewhere (ids reach 4,294,967,295)."""


class UnsignedIntegerField(models.PositiveBigIntegerField):
    """`int unsigned`: 0 to 4,294,967,295, of which PostgreSQL's integer holds only half."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """Give the column type of the engine."""
        return "int unsigned" if connection.vendor == "mysql" else super().db_type(connection)


class FlagsField(UnsignedIntegerField):
    """A set of bits that Python reads as members of an `enum.IntFlag` (unknown bits are kept)."""

    def __init__(self, *args: Any, flags: type[IntFlag] | None = None, **kwargs: Any) -> None:
        """Take the enumeration of the bits besides the usual arguments; migrations leave it out and see numbers."""
        self.flags: type[IntFlag] | type[int] = flags or int
        kwargs.setdefault("default", 0)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Write a plain number as default: enumerations move, migrations stay."""
        name, path, args, kwargs = super().deconstruct()
        kwargs["default"] = int(kwargs["default"])
        return name, path, args, kwargs

    def get_default(self) -> Any:
        """Give the default as members."""
        return self.flags(super().get_default())

    def from_db_value(self, value: int | None, *_: Any) -> int | None:
        """Give the members for the stored number."""
        return None if value is None else self.flags(value)

    def to_python(self, value: Any) -> Any:
        """Give the members for a number or text."""
        number = super().to_python(value)
        return None if number is None else self.flags(number)


class CaseInsensitiveCharField(models.CharField):
    """Text that compares without regard to case on every engine, as MySQL's collation does for osTicket."""


class UpperCaseMixin:
    """Compiles a comparison of both sides in upper case where the engine itself looks at case."""

    lhs: Any
    rhs: Any

    def process_lhs(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, lhs: Any = None) -> Any:
        """Wrap the column; MySQL's collation needs no help and keeps its index."""
        sql, params = super().process_lhs(compiler, connection, lhs)  # type: ignore[misc]
        return (sql, params) if connection.vendor == "mysql" else (f"UPPER({sql})", params)


@CaseInsensitiveCharField.register_lookup
class CaseInsensitiveExact(UpperCaseMixin, Exact):
    """`name="X"` finds `x`."""

    def process_rhs(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        """Wrap the value like the column."""
        sql, params = super().process_rhs(compiler, connection)
        return (sql, params) if connection.vendor == "mysql" else (f"UPPER({sql})", params)


@CaseInsensitiveCharField.register_lookup
class CaseInsensitiveIn(UpperCaseMixin, In):
    """`name__in=["X"]` finds `x`."""

    def get_prep_lookup(self) -> Any:
        """Give the values in upper case; a value in any case finds the same rows, on MySQL too."""
        prepared = super().get_prep_lookup()
        return [v.upper() if isinstance(v, str) else v for v in prepared] if isinstance(prepared, list) else prepared


class EnumField(models.CharField):
    """A MySQL `enum` column; text with choices elsewhere."""

    def __init__(self, *args: Any, values: Sequence[str], **kwargs: Any) -> None:
        """Take the values of the enumeration besides the usual arguments."""
        self.values = list(values)
        kwargs["choices"] = [(value, value) for value in values]
        kwargs["max_length"] = max(map(len, values))
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Write the values into migrations, from which the rest follows."""
        name, path, args, kwargs = super().deconstruct()
        del kwargs["choices"], kwargs["max_length"]
        return name, path, args, {**kwargs, "values": self.values}


class PhpJSONField(models.TextField):
    """JSON in a text column, encoded byte for byte as PHP's `json_encode` does; read in any form.

    NULL and '' read as None. Text that is no JSON reads as that text (older releases stored bare values).
    """

    def from_db_value(self, value: str | None, *_: Any) -> Any:
        """Decode the stored text."""
        return decode_php_json(value)

    def to_python(self, value: Any) -> Any:
        """Decode text from a form or fixture."""
        return decode_php_json(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        """Encode for storage; None becomes NULL, or '' where the column has no NULL."""
        if value is None:
            return None if self.null else ""
        return value if isinstance(value, Promise) else encode_php_json(value)

    def value_to_string(self, obj: models.Model) -> str:
        """Give the stored text for serialisers."""
        return self.get_prep_value(self.value_from_object(obj)) or ""


def encode_php_json(value: Any) -> str:
    """Encode as PHP does by default: no blanks, `/` as `\\/`, other than ASCII as `\\uXXXX` (osticket/forms.md §4)."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/")


def decode_php_json(value: str | None) -> Any:
    """Decode stored JSON; None for NULL and '', the text itself when it is no JSON."""
    if value is None or value == "":
        return None
    try:
        return json.loads(value)
    except ValueError:
        return value


class LegacyDateTimeField(models.DateTimeField):
    """A `datetime` or `timestamp` without fractions in the database's zone; aware UTC in Python.

    A zero date reads as None. With `zero_for_none` the column has no NULL on MySQL: None is written as a zero date
    there and as NULL on the other engines.
    """

    def __init__(self, *args: Any, zero_for_none: bool = False, **kwargs: Any) -> None:
        """Take `zero_for_none` besides the usual arguments."""
        self.zero_for_none = zero_for_none
        if zero_for_none:
            kwargs["null"] = True
            kwargs.setdefault("blank", True)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Keep `zero_for_none` in migrations."""
        name, path, args, kwargs = super().deconstruct()
        if self.zero_for_none:
            kwargs["zero_for_none"] = True
        return name, path, args, kwargs

    def get_prep_value(self, value: Any) -> Any:
        """Cut fractions of a second: MySQL would round them, sometimes into the future."""
        prepared = super().get_prep_value(value)
        return prepared.replace(microsecond=0) if isinstance(prepared, datetime.datetime) else prepared

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Write None as a zero date where the column cannot be NULL."""
        if value is None and self.zero_for_none and connection.vendor == "mysql":
            return ZERO_DATE
        return super().get_db_prep_value(value, connection, prepared)


def _column_sql(lookup: "Lookup[Any]", compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
    sql, params = lookup.process_lhs(compiler, connection)
    return sql, list(params)


@LegacyDateTimeField.register_lookup
class LegacyDateIsNull(IsNull):
    """On MySQL a zero date is "no date" just as NULL is."""

    def as_mysql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        """Test for NULL and for the zero date."""
        sql, params = _column_sql(self, compiler, connection)
        if self.rhs:
            return f"({sql} IS NULL OR {sql} = '{ZERO_DATE}')", params * 2
        return f"({sql} IS NOT NULL AND {sql} <> '{ZERO_DATE}')", params * 2


class NotZeroDateMixin:
    """Keeps zero dates out of "before": for MySQL they are smaller than every date."""

    def as_mysql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        """Add the exclusion of the zero date to the comparison."""
        sql, params = self.as_sql(compiler, connection)  # type: ignore[attr-defined]
        column, column_params = _column_sql(self, compiler, connection)  # type: ignore[arg-type]
        return f"({sql} AND {column} > '{ZERO_DATE}')", [*params, *column_params]


@LegacyDateTimeField.register_lookup
class LegacyDateLessThan(NotZeroDateMixin, LessThan):
    """`created__lt` without zero dates."""


@LegacyDateTimeField.register_lookup
class LegacyDateLessThanOrEqual(NotZeroDateMixin, LessThanOrEqual):
    """`created__lte` without zero dates."""


class LegacyForeignKey(models.ForeignKey):
    """A reference without a constraint in the database: the row it names may be missing, then the object is None.

    Python takes the column for nullable even where the table does not, because that decides the joins: an INNER JOIN
    would lose the rows whose reference dangles.
    """

    db_not_null = False

    def __init__(self, to: Any, on_delete: Any = models.DO_NOTHING, *, null: bool = False, **kwargs: Any) -> None:
        """Take the usual arguments; `on_delete` does nothing unless given, as no legacy table has constraints."""
        self.db_not_null = not null
        kwargs["db_constraint"] = False
        kwargs.setdefault("db_index", False)
        super().__init__(to, on_delete, null=True, **kwargs)

    def deconstruct(self) -> Any:
        """Leave the fixed arguments out of migrations, but name `db_index`, whose default differs from Django's."""
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("db_constraint", "db_index", "null"):
            kwargs.pop(fixed, None)
        if self.db_index:  # type: ignore[attr-defined]
            kwargs["db_index"] = True
        if not self.db_not_null:
            kwargs["null"] = True
        return name, path, args, kwargs

    def contribute_to_class(self, cls: type[models.Model], *args: Any, **kwargs: Any) -> None:
        """Stay not nullable inside a composite key, where Django insists on it."""
        super().contribute_to_class(cls, *args, **kwargs)
        key = cls._meta.pk
        if isinstance(key, models.CompositePrimaryKey) and {self.name, self.attname} & set(key.field_names):
            self.null = False


class DanglingAsNoneDescriptor(ForwardManyToOneDescriptor):
    """Gives None for an id whose row is missing, as `select_related` does, instead of raising."""

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        """Give the object, or None."""
        if instance is None:
            return self
        try:
            return super().__get__(instance, cls)
        except self.field.remote_field.model.DoesNotExist:
            self.field.set_cached_value(instance, None)
            return None


LegacyForeignKey.forward_related_accessor_class = DanglingAsNoneDescriptor


class ZeroAsNoneAttribute(ForeignKeyDeferredAttribute):
    """Keeps None where 0 is assigned to the id, so that an object in memory never refers to row 0."""

    def __set__(self, instance: models.Model, value: Any) -> None:
        """Take the id; 0 is None."""
        super().__set__(instance, None if value == 0 else value)


class ZeroForeignKey(LegacyForeignKey):
    """A reference whose column holds 0 where Python says None (osticket/schema.md §1, foreign keys).

    NOT NULL DEFAULT 0 in the table. 0 and None are one value on the way in; `isnull` and `=None` compile to `= 0`,
    and a comparison with another column is false where both hold 0, as it is with NULL. Aggregates see the column as
    it is: say `Count("pk", filter=Q(staff__isnull=False))`, for `Count("staff")` counts the zeros too.
    """

    descriptor_class = ZeroAsNoneAttribute

    def __init__(self, to: Any, on_delete: Any = models.DO_NOTHING, **kwargs: Any) -> None:
        """Take the usual arguments; the column is optional by nature."""
        kwargs["null"] = False
        kwargs.setdefault("blank", True)
        kwargs.setdefault("db_default", 0)
        super().__init__(to, on_delete, **kwargs)

    def deconstruct(self) -> Any:
        """Name `null`, as migrations have always done."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "null": True}

    def get_default(self) -> Any:
        """Give None: an object in memory has no reference rather than the database's default expression."""
        return None

    def from_db_value(self, value: Any, *_: Any) -> Any:
        """Read 0 as None."""
        return None if value == 0 else value

    def get_prep_value(self, value: Any) -> Any:
        """Treat 0 as None."""
        value = super().get_prep_value(value)
        return None if value == 0 else value

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Give 0 for None to the database."""
        if value is None or value == 0:
            return 0
        return super().get_db_prep_value(value, connection, prepared)

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Store 0 for None, and 0 where an expression (`Case`, a subquery) comes out as NULL."""
        if hasattr(value, "as_sql"):
            return Coalesce(value, Value(0))
        if value is None or value in ("", 0):
            return 0
        return super().get_db_prep_save(value, connection)


class ZeroIntegerField(UnsignedIntegerField):
    """A reference to a row of a package above this one: the bare number, 0 for none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the usual arguments; the default is 0."""
        kwargs.setdefault("default", 0)
        super().__init__(*args, **kwargs)


class ZeroNullMixin:
    """Compiles "is None" of a ZeroForeignKey column."""

    lhs: Any
    rhs: Any

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        """Compare with 0 on the own column, with 0 and NULL behind an outer join; leave reverse relations alone."""
        lhs = self.lhs
        if not isinstance(getattr(lhs, "target", None), ZeroForeignKey):
            return super().as_sql(compiler, connection)  # type: ignore[misc, no-any-return]
        sql, params = self.process_lhs(compiler, connection)  # type: ignore[attr-defined]
        join = compiler.query.alias_map.get(lhs.alias)
        if getattr(join, "join_type", None) != LOUTER:
            return f"{sql} {'=' if self.rhs else '<>'} 0", params
        # Never NULL as a whole: an exclude() puts NOT in front, and NOT NULL is no more true than NULL.
        both = f"({sql} = 0 OR {sql} IS NULL)" if self.rhs else f"({sql} <> 0 AND {sql} IS NOT NULL)"
        return both, [*params, *params]


@ZeroForeignKey.register_lookup
class ZeroIsNull(ZeroNullMixin, RelatedIsNull):
    """`ticket__staff=None`."""

    lookup_name = "isnull"


@models.SmallAutoField.register_lookup
@models.BigAutoField.register_lookup
@models.AutoField.register_lookup
class TrimmedKeyIsNull(ZeroNullMixin, IsNull):
    """`ticket__staff__pk__isnull`, of which Django trims the join; other key columns compile as ever."""

    lookup_name = "isnull"


@ZeroForeignKey.register_lookup
class ZeroExact(RelatedExact):
    """`staff=F("editor")`: two columns that both hold 0 refer to nobody, not to the same person."""

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        """Add `<> 0` to a comparison with anything but a value or a key, which is never 0."""
        sql, params = super().as_sql(compiler, connection)
        target = getattr(self.rhs, "target", None)
        if not hasattr(self.rhs, "as_sql") or getattr(target, "primary_key", False):
            return sql, params
        column, column_params = self.process_lhs(compiler, connection)
        return f"({sql} AND {column} <> 0)", [*params, *column_params]


@ZeroForeignKey.register_lookup
class ZeroIn(RelatedIn):
    """`staff__in=[0, 7]`: a 0 among the ids finds the rows of nobody; None finds nothing, as everywhere in Django."""

    def get_prep_lookup(self) -> Any:
        """Keep the zeros that preparing the values turns into None."""
        given = list(self.rhs) if self.rhs_is_direct_value() else []
        prepared = super().get_prep_lookup()
        if not given:
            return prepared
        pairs = zip(given, prepared, strict=True)
        return [0 if value is None and original == 0 else value for original, value in pairs]


__all__ = [
    "CaseInsensitiveCharField",
    "EnumField",
    "FlagsField",
    "LegacyDateTimeField",
    "LegacyForeignKey",
    "PhpJSONField",
    "Prefixed",
    "UnsignedAutoField",
    "UnsignedIntegerField",
    "ZeroForeignKey",
    "ZeroIntegerField",
    "decode_php_json",
    "encode_php_json",
]

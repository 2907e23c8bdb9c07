"""Model fields for the encodings of osTicket's database (osticket/schema.md §1; docs/architecture.md, data layer)."""

import datetime
import json
from collections.abc import Sequence
from enum import IntFlag
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    IsNull,
    LessThan,
    LessThanOrEqual,
    Lookup,
)
from django.db.models.sql.compiler import SQLCompiler
from django.utils.functional import Promise

from helpdesk.legacy.characters import clean_text, needs_care, readable_text
from helpdesk.legacy.folding import FUNCTION
from helpdesk.legacy.references import LegacyForeignKey, ZeroForeignKey
from helpdesk.legacy.text_fields import LegacyCharField, LegacyTextField, LimitedText

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

    def __getnewargs__(self) -> tuple[str]:
        """Copy and pickle by the name without prefix, or a copy would get a second one."""
        return (self.base,)


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


class BitLookup(Lookup):
    """Compares the bits of a column with those of a number or of enumeration members."""

    template: str

    def get_prep_lookup(self) -> int:
        """Give the bits as a plain number."""
        return int(self.rhs)

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        """Mask the column; the number goes in as often as the template says."""
        sql, params = self.process_lhs(compiler, connection)
        return self.template % {"column": sql}, [*params, *[self.rhs] * self.template.count("%%s")]


@FlagsField.register_lookup
class HasAllBits(BitLookup):
    """`flags__has=A | B` finds the rows where both are set (and every row for no bits at all)."""

    lookup_name = "has"
    template = "(%(column)s & %%s) = %%s"


@FlagsField.register_lookup
class HasAnyBit(BitLookup):
    """`flags__has_any=A | B` finds the rows where at least one of them is set."""

    lookup_name = "has_any"
    template = "(%(column)s & %%s) <> 0"


class CaseInsensitiveCharField(LegacyCharField):
    """Text that compares without regard to case and accents on every engine, as MySQL's collation does for osTicket."""


class Folded(Func):
    """A text as it compares (`helpdesk.legacy.folding`), for unique constraints and indexes.

    MySQL's collation does that for the text itself; UPPER is what its indexes on expressions need.
    """

    function = FUNCTION
    arity = 1
    output_field = models.TextField()

    def as_mysql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        """Leave folding to the collation."""
        return self.as_sql(compiler, connection, function="UPPER", **context)


class FoldedMixin:
    """Compiles a comparison of both sides folded where the engine itself looks at case and accents."""

    lhs: Any
    rhs: Any

    def process_lhs(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, lhs: Any = None) -> Any:
        """Wrap the column; MySQL's collation needs no help and keeps its index."""
        sql, params = super().process_lhs(compiler, connection, lhs)  # type: ignore[misc]
        return (sql, params) if connection.vendor == "mysql" else (f"{FUNCTION}({sql})", params)


@CaseInsensitiveCharField.register_lookup
class CaseInsensitiveExact(FoldedMixin, Exact):
    """`name="É"` finds `e`."""

    def process_rhs(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        """Wrap the value like the column."""
        sql, params = super().process_rhs(compiler, connection)
        return (sql, params) if connection.vendor == "mysql" else (f"{FUNCTION}({sql})", params)


@CaseInsensitiveCharField.register_lookup
class CaseInsensitiveIn(FoldedMixin, In):
    """`name__in=["É"]` finds `e`. Against a subquery the engine's own comparison decides."""

    def process_lhs(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, lhs: Any = None) -> Any:
        """Wrap the column where the values can be wrapped too."""
        if self.rhs_is_direct_value():
            return super().process_lhs(compiler, connection, lhs)
        return In.process_lhs(self, compiler, connection, lhs)

    def batch_process_rhs(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, rhs: Any = None) -> Any:
        """Wrap every value."""
        sqls, params = super().batch_process_rhs(compiler, connection, rhs)
        return (sqls if connection.vendor == "mysql" else [f"{FUNCTION}({sql})" for sql in sqls]), params


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

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Give what is no value, and looked for all the same, in characters that every column can be compared with."""
        value = super().get_db_prep_value(value, connection, prepared)
        return readable_text(clean_text(value)) if isinstance(value, str) and needs_care(value) else value


class PhpJSONField(LimitedText, models.TextField):
    """JSON in a text column, encoded byte for byte as PHP's `json_encode` does; read in any form.

    NULL and '' read as None. Text that is no JSON reads as `NotJSON` and is written back unchanged (older releases
    stored bare values).
    """

    # For the type checker (django-stubs): any JSON goes in and comes out.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any
    _pyi_lookup_exact_type: Any

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


class NotJSON(str):
    """Text from a JSON column that is none."""

    __slots__ = ()


def encode_php_json(value: Any) -> str:
    """Encode as PHP does by default: no blanks, `/` as `\\/`, other than ASCII as `\\uXXXX` (osticket/forms.md §4).

    Raises ValueError for infinities and for what is no number, which JSON cannot say.
    """
    if isinstance(value, NotJSON):
        return str(value)
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).replace("/", "\\/")


def decode_php_json(value: str | None) -> Any:
    """Decode stored JSON; None for NULL and '', the text itself as `NotJSON` when it is no JSON."""
    if value is None or value == "":
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):  # the latter: lists within lists, more than any reader goes down
        return NotJSON(value)


class LegacyDateTimeField(models.DateTimeField):
    """A `datetime` or `timestamp` without fractions in the database's zone; aware UTC in Python.

    A zero date reads as None. With `zero_for_none` the column has no NULL on MySQL: None is written as a zero date
    there and as NULL on the other engines. Sorted with `F(name).asc(nulls_first=True)` or `.desc(nulls_last=True)` no
    date is the earliest on every engine; the two other orders cannot tell a zero date on MySQL.
    """

    # For the type checker (django-stubs): None may be assigned to every date.
    _pyi_private_set_type: str | datetime.date | Combinable | None  # type: ignore[assignment]
    _pyi_private_get_type: datetime.datetime

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

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Write a zero date, too, where an expression (`Case`, a subquery) comes out as NULL."""
        if type(value) is datetime.datetime and value.tzinfo is not None and connection.vendor != "postgresql":
            return _local_text(value, connection.timezone)
        if self.zero_for_none and connection.vendor == "mysql" and hasattr(value, "as_sql"):
            return Coalesce(value, Value(ZERO_DATE))
        return super().get_db_prep_save(value, connection)


@lru_cache(maxsize=256)
def _local_text(moment: datetime.datetime, zone: datetime.tzinfo) -> str:
    """Give a moment as MySQL and SQLite store it; most rows of a request have the same one."""
    return str(moment.replace(microsecond=0).astimezone(zone).replace(tzinfo=None))


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
    """Keeps zero dates out of comparisons: for MySQL they are dates, smaller than every other one."""

    lhs: Any
    rhs: Any

    def as_mysql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        """Add the exclusion of zero dates on the smaller side, where that is a column."""
        sql, params = self.as_sql(compiler, connection)  # type: ignore[attr-defined]
        smaller, smaller_params = self.smaller_side(compiler, connection)
        return (f"({sql} AND {smaller} > '{ZERO_DATE}')", [*params, *smaller_params]) if smaller else (sql, params)

    def smaller_side(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        """Give the SQL of the left side."""
        return _column_sql(self, compiler, connection)  # type: ignore[arg-type]


class NotZeroDateRightMixin(NotZeroDateMixin):
    """The same where the right side is the smaller one; a value from Python is never a zero date."""

    def smaller_side(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        """Give the SQL of the right side, '' for a value."""
        if not hasattr(self.rhs, "as_sql"):
            return "", []
        sql, params = self.process_rhs(compiler, connection)  # type: ignore[attr-defined]
        return sql, list(params)


@LegacyDateTimeField.register_lookup
class LegacyDateLessThan(NotZeroDateMixin, LessThan):
    """`created__lt` without zero dates."""


@LegacyDateTimeField.register_lookup
class LegacyDateLessThanOrEqual(NotZeroDateMixin, LessThanOrEqual):
    """`created__lte` without zero dates."""


@LegacyDateTimeField.register_lookup
class LegacyDateGreaterThan(NotZeroDateRightMixin, GreaterThan):
    """`updated__gt=F("created")` without zero dates."""


@LegacyDateTimeField.register_lookup
class LegacyDateGreaterThanOrEqual(NotZeroDateRightMixin, GreaterThanOrEqual):
    """`updated__gte=F("created")` without zero dates."""


class ZeroIntegerField(UnsignedIntegerField):
    """A reference to a row of a package above this one: the bare number, 0 for none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take the usual arguments; the default is 0."""
        kwargs.setdefault("default", 0)
        super().__init__(*args, **kwargs)


__all__ = [
    "CaseInsensitiveCharField",
    "EnumField",
    "FlagsField",
    "Folded",
    "LegacyCharField",
    "LegacyDateTimeField",
    "LegacyForeignKey",
    "LegacyTextField",
    "PhpJSONField",
    "Prefixed",
    "UnsignedAutoField",
    "UnsignedIntegerField",
    "ZeroForeignKey",
    "ZeroIntegerField",
    "decode_php_json",
    "encode_php_json",
]

"""References of osTicket's tables: no constraints, 0 for none, ids whose row is gone (osticket/schema.md §1).

`helpdesk.legacy.fields` offers these fields beside the others; docs/architecture.md says what they promise.
"""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Value
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute, ForwardManyToOneDescriptor
from django.db.models.fields.related_lookups import RelatedExact, RelatedIn, RelatedIsNull
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.constants import LOUTER
from django.utils.functional import cached_property


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

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        """Let 0 pass, which some of these columns hold, too; MySQL's automatic keys would refuse it."""
        return 0 if value == 0 else super().get_db_prep_value(value, connection, prepared)

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Let 0 pass into the row as well."""
        if type(value) is int and self.goes_as_it_is(connection):
            return value
        is_zero = not hasattr(value, "as_sql") and value == 0
        return 0 if is_zero else super().get_db_prep_save(value, connection)

    def goes_as_it_is(self, connection: BaseDatabaseWrapper) -> bool:
        """Whether the database takes the number of a row without any conversion; PostgreSQL is told its size."""
        return self._refers_by_number and connection.vendor != "postgresql"

    @cached_property
    def _refers_by_number(self) -> bool:
        return isinstance(self.target_field, models.AutoField)


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
    and a comparison with another column is false where both hold 0, as it is with NULL. Aggregates leave the zeros out:
    `Count("staff")`, `Min("staff")` and a `Case` that chooses the column. Inside any other expression
    (`F("staff") + 1`, `Coalesce`) the column is what it is in the table.
    """

    descriptor_class = ZeroAsNoneAttribute
    zero_refers_to_none = True
    """Read by `helpdesk.legacy.backends.zero_aggregates`."""
    db_returning = False
    """Nobody leaves the column to the database, so an INSERT need not give it back."""

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
        return 0 if value is None else super().get_db_prep_value(value, connection, prepared)

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        """Store 0 for None, and 0 where an expression (`Case`, a subquery) comes out as NULL."""
        if value is None:
            return 0
        if hasattr(value, "as_sql"):
            return Coalesce(value, Value(0))
        return 0 if value == "" else super().get_db_prep_save(value, connection)


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

"""Aggregates over references whose column holds 0 for none: 0 counts as little as NULL does (osticket/schema.md §1).

Django has no place where a field says how it is aggregated, so the compilers of our back ends look for it.
"""

from functools import cache
from typing import Any

from django.db.models import Aggregate, Case, Value
from django.db.models.expressions import Col, Ref
from django.db.models.functions import NullIf
from django.db.models.sql.compiler import SQLInsertCompiler

from helpdesk.legacy.backends.prepared_inserts import PreparedInsertMixin


class ZeroAsNullMixin:
    """A compiler that gives `NULLIF(column, 0)` to aggregates in place of a `ZeroForeignKey`'s column."""

    def compile(self, node: Any) -> Any:
        """Compile an expression."""
        return super().compile(_without_zeros(node) if isinstance(node, Aggregate) else node)  # type: ignore[misc]


def _without_zeros(aggregate: Aggregate) -> Aggregate:
    *sources, condition = aggregate.get_source_expressions()
    if not any(map(_gives_zero_for_none, sources)):
        return aggregate
    changed = aggregate.copy()
    changed.set_source_expressions(
        [NullIf(source, Value(0)) if _gives_zero_for_none(source) else source for source in sources] + [condition]
    )
    return changed


def _gives_zero_for_none(expression: Any) -> bool:
    """Tell whether the expression is such a column, names one of an inner query, or chooses one."""
    if isinstance(expression, Col):
        return getattr(expression.target, "zero_refers_to_none", False)
    if isinstance(expression, Ref):
        return _gives_zero_for_none(expression.source)  # type: ignore[attr-defined]
    if isinstance(expression, Case):
        return any(
            _gives_zero_for_none(choice) for choice in (*(c.result for c in expression.cases), expression.default)
        )
    return False


@cache
def _of_ours(compiler: type[Any]) -> type[Any]:
    mixins = (PreparedInsertMixin, ZeroAsNullMixin) if issubclass(compiler, SQLInsertCompiler) else (ZeroAsNullMixin,)
    return type(compiler.__name__, (*mixins, compiler), {})


class ZeroAsNullOperationsMixin:
    """The operations of a back end whose compilers know zero references."""

    def compiler(self, compiler_name: str) -> type[Any]:
        """Give the compiler class of this name, with what our back ends add to it."""
        return _of_ours(super().compiler(compiler_name))  # type: ignore[misc]

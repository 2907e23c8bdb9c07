"""The order of queues and its pages: sort definitions, cursors, conditions (osticket/queues.md §5).

Pages are found by the values of their last row, never by counting rows to skip. What is empty counts as smaller than
everything on all engines; the ticket id decides between equals.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, IntegerField, OrderBy, Q
from django.db.models.expressions import Func
from django.db.models.sql.compiler import SQLCompiler
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import NotFound
from tickets.querysets import TicketQuerySet
from tickets.reference_data import PriorityRow

URGENCY = "urgency"
LEAST_URGENT = 1000
DATE_COLUMNS = ("created", "duedate", "est_duedate", "reopened", "closed", "lastupdate")
DEFAULT_PATHS = ("-created",)


@dataclass(frozen=True)
class SortKey:
    """One column of an order. `name` is a field or annotation of the query."""

    name: str
    descending: bool
    is_date: bool = False
    may_be_empty: bool = False

    @property
    def reversed(self) -> SortKey:
        """The same column the other way round."""
        return SortKey(self.name, not self.descending, self.is_date, self.may_be_empty)

    def order(self) -> OrderBy:
        """Give the clause; PostgreSQL is told to put empty values where the others put them by themselves."""
        if self.may_be_empty and connection.vendor == "postgresql":
            nulls = {"nulls_last": True} if self.descending else {"nulls_first": True}
            return OrderBy(F(self.name), descending=self.descending, **nulls)
        return OrderBy(F(self.name), descending=self.descending)

    def equal(self, value: Any) -> Q:
        """Give the condition that the column has this value."""
        return Q(**{f"{self.name}__isnull": True}) if value is None else Q(**{self.name: value})

    def beyond(self, value: Any) -> Q | None:
        """Give the condition that the column comes after this value; None when nothing can."""
        if value is None:
            return None if self.descending else Q(**{f"{self.name}__isnull": False})
        condition = Q(**{f"{self.name}__{'lt' if self.descending else 'gt'}": value})
        if self.descending and self.may_be_empty:
            condition |= Q(**{f"{self.name}__isnull": True})
        return condition


@dataclass(frozen=True)
class TicketOrder:
    """An order of tickets: its keys, the id as the last of them."""

    keys: tuple[SortKey, ...]

    @property
    def needs_urgency(self) -> bool:
        """Whether the priority takes part."""
        return any(key.name == URGENCY for key in self.keys)

    @property
    def names(self) -> list[str]:
        """The names of the keys, `pk` as the last one."""
        return [key.name for key in self.keys]

    def annotated(self, tickets: TicketQuerySet, priorities: Mapping[int, PriorityRow]) -> TicketQuerySet:
        """Add what the keys need to the query."""
        if not self.needs_urgency:
            return tickets
        urgencies = {row.id: row.urgency for row in priorities.values()}
        return tickets.annotate(**{URGENCY: PriorityUrgency(urgencies)})

    def ordered(self, tickets: TicketQuerySet, *, backwards: bool = False) -> TicketQuerySet:
        """Sort the query."""
        return tickets.order_by(*(key.order() for key in self._keys(backwards)))

    def after(self, values: Sequence[Any], *, backwards: bool = False) -> Q:
        """Give the condition that a ticket comes after (backwards: before) the one with these values."""
        condition, equal = Q(pk__in=()), Q()
        for key, value in zip(self._keys(backwards), values, strict=True):
            beyond = key.beyond(value)
            if beyond is not None:
                condition |= equal & beyond
            equal &= key.equal(value)
        return condition

    def cursor(self, values: Sequence[Any]) -> str:
        """Give the text that stands for a place in the order."""
        plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
        return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")

    def values(self, cursor: str) -> list[Any]:
        """Read a cursor. Raises NotFound (`cursor_invalid`) for what is none of this order."""
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            plain = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        except (binascii.Error, ValueError):
            plain = None
        if not isinstance(plain, list) or len(plain) != len(self.keys):
            raise _invalid_cursor()
        return [_value(key, value) for key, value in zip(self.keys, plain, strict=True)]

    def _keys(self, backwards: bool) -> tuple[SortKey, ...]:
        return tuple(key.reversed for key in self.keys) if backwards else self.keys


def order_of(paths: Sequence[str]) -> TicketOrder:
    """Give the order for the paths of a sort definition; unknown paths are skipped."""
    keys = [key for path in paths if (key := _sort_key(path)) is not None]
    if not keys:
        keys = [key for path in DEFAULT_PATHS if (key := _sort_key(path)) is not None]
    return TicketOrder((*keys, SortKey("pk", descending=keys[-1].descending)))


class PriorityUrgency(Func):
    """The urgency of a ticket's priority, read from the cdata row; tickets without a known one come last."""

    output_field = IntegerField()

    def __init__(self, urgencies: Mapping[int, int]) -> None:
        """Take the urgency by priority id."""
        self.urgencies = dict(urgencies)
        super().__init__(F("pk"))

    def as_sql(  # type: ignore[override]
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_kwargs: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        """Look up the row by its primary key, for one ticket after the other."""
        ticket_id, params = compiler.compile(self.get_source_expressions()[0])
        if not self.urgencies:
            return "%s", (LEAST_URGENT,)
        quote = connection.ops.quote_name
        table = quote(f"{settings.TABLE_PREFIX}ticket__cdata")
        cases = " ".join("WHEN %s THEN %s" for _urgency in self.urgencies)
        pairs = [part for key, urgency in self.urgencies.items() for part in (str(key), urgency)]
        sql = (
            f"COALESCE((SELECT CASE answers.{quote('priority')} {cases} ELSE %s END FROM {table} answers"  # noqa: S608
            f" WHERE answers.{quote('ticket_id')} = {ticket_id}), %s)"
        )
        return sql, (*pairs, LEAST_URGENT, *params, LEAST_URGENT)


def _sort_key(path: str) -> SortKey | None:
    descending, name = path.startswith("-"), path.removeprefix("-")
    if name == "cdata__priority":
        # osTicket's "descending priority" is the most urgent first, and that is the smallest number.
        return SortKey(URGENCY, descending=not descending)
    if name in DATE_COLUMNS:
        return SortKey(name, descending, is_date=True, may_be_empty=True)
    return SortKey(name, descending, may_be_empty=True) if name == "number" else None


def _value(key: SortKey, plain: Any) -> Any:
    if plain is None and key.may_be_empty:
        return None
    if key.is_date:
        moment = parse_datetime(plain) if isinstance(plain, str) else None
        if moment is None or moment.tzinfo is None:
            raise _invalid_cursor()
        return moment
    wanted: type = str if key.name == "number" else int
    if not isinstance(plain, wanted) or isinstance(plain, bool):
        raise _invalid_cursor()
    return plain


def _invalid_cursor() -> NotFound:
    return NotFound(_("This page does not exist."), code="cursor_invalid")

"""The order of queues and its pages: sort definitions, cursors, conditions (osticket/queues.md §5).

Pages are found by the values of their last row, never by counting rows to skip. What is empty counts as smaller than
everything on all engines; the ticket id decides between equals.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, DateTimeField, F, IntegerField, OrderBy, Q, Value
from django.db.models.expressions import Combinable, Func
from django.db.models.functions import Coalesce, Concat, NullIf
from django.db.models.sql.compiler import SQLCompiler
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.legacy.errors import NotFound
from helpdesk.legacy.ids import LARGEST_ID
from tickets.criteria_operands import AnswerText
from tickets.querysets import TicketQuerySet
from tickets.reference_data import PriorityRow, priorities

URGENCY = "urgency"
LEAST_URGENT = 1000
DATE_COLUMNS = ("created", "duedate", "est_duedate", "reopened", "closed", "lastupdate")
DEFAULT_PATHS = ("-created",)
LAST_TEXT = "zzz"
"""Where columns that show nothing stand."""


@dataclass(frozen=True)
class SortKey:
    """One column of an order. `name` is a field or annotation of the query."""

    name: str
    descending: bool
    is_date: bool = False
    may_be_empty: bool = False
    is_text: bool = False
    expression: Combinable | None = None
    """What `name` stands for where that is no field."""

    @property
    def reversed(self) -> SortKey:
        """The same column the other way round."""
        return replace(self, descending=not self.descending)

    def order(self) -> OrderBy:
        """Give the clause; PostgreSQL is told to put empty values where the others put them by themselves."""
        if self.may_be_empty and connection.vendor == "postgresql":
            nulls = {"nulls_last": True} if self.descending else {"nulls_first": True}
            return OrderBy(F(self.name), descending=self.descending, **nulls)
        return OrderBy(F(self.name), descending=self.descending)

    def direction_sql(self) -> str:
        """Give the direction for an ORDER BY that names columns by their place."""
        direction = "DESC" if self.descending else "ASC"
        if self.may_be_empty and connection.vendor == "postgresql":
            direction += " NULLS LAST" if self.descending else " NULLS FIRST"
        return direction

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
class Phase:
    """A part of an order: the condition for it, and what is left to sort by.

    `found_by` is another date than that of the order, whose index finds these tickets; `hidden` is one whose index
    must not be used. `rest` comes right behind and is found by the same statement.
    """

    keys: tuple[SortKey, ...]
    condition: Q
    found_by: str = ""
    hidden: str = ""
    rest: Phase | None = None


@dataclass(frozen=True)
class Since:
    """What is asked for of all tickets: that this date lies at this moment or later."""

    date: str
    moment: datetime

    def parts(self, dated: Phase, without: Phase) -> Iterator[Phase]:
        """Take what is sorted by another date, the latest first, apart where that passes the moment.

        What was closed this year was changed this year: before the moment nearly everything would be looked at for
        nothing, back to the oldest ticket. But that is no rule, for imported rows may say anything. So what may be left
        there is found by the date that must lie behind the moment, and only if the others fill no page.
        """
        name = dated.keys[0].name
        near, far = Q(**{f"{name}__gte": _unforeseen(self.moment)}), Q(**{f"{name}__lt": self.moment})
        yield replace(dated, condition=dated.condition & near, hidden=self.date)
        yield replace(dated, condition=dated.condition & far, found_by=self.date, rest=without)


def _unforeseen(moment: datetime) -> datetime | Func:
    """Give a moment that PostgreSQL learns when the statement runs: of a few hundred tickets behind one that it knows
    it would read all, found by their date alone, for each status and department anew."""
    if connection.vendor != "postgresql":
        return moment
    return Func(Value(moment, output_field=DateTimeField()), template="(SELECT %(expressions)s)")


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
        expressions = {key.name: key.expression for key in self.keys if key.expression is not None}
        tickets = tickets.annotate(**expressions) if expressions else tickets
        if not self.needs_urgency:
            return tickets
        urgencies = {row.id: row.urgency for row in priorities.values()}
        return tickets.annotate(**{URGENCY: PriorityUrgency(urgencies)})

    def rows(self, tickets: TicketQuerySet) -> list[tuple[Any, ...]]:
        """Give the values of the keys for all of these tickets, in this order; meant for few."""
        sorted_tickets = self.annotated(tickets, priorities()).order_by(*(key.order() for key in self.keys))
        return list(sorted_tickets.values_list(*self.names))

    def after(self, values: Sequence[Any], *, backwards: bool = False) -> Q:
        """Give the condition that a ticket comes after (backwards: before) the one with these values."""
        condition, equal = Q(pk__in=()), Q()
        for key, value in zip(self.directed(backwards), values, strict=True):
            beyond = key.beyond(value)
            if beyond is not None:
                condition |= equal & beyond
            equal &= key.equal(value)
        return condition

    @property
    def only_date(self) -> SortKey | None:
        """The date, where nothing but a date and then the id decides: that is the order of an index."""
        dates = len(self.keys) == 2 and self.keys[0].is_date and self.keys[0].expression is None
        return self.keys[0] if dates and self.keys[0].descending == self.keys[1].descending else None

    def directed(self, backwards: bool) -> tuple[SortKey, ...]:
        """Give the keys in the direction of reading."""
        return tuple(key.reversed for key in self.keys) if backwards else self.keys

    def phases(self, values: Sequence[Any] | None, *, backwards: bool, since: Since | None = None) -> Iterator[Phase]:
        """Give what follows the ticket with these values (None: everything) in parts that come one after the other.

        Sorting by a date has two parts, tickets with and without one, because no engine finds both in the order of one
        index; `since`, which holds for all tickets that are asked for, may take the first one apart.
        """
        keys = self.directed(backwards)
        if self.only_date is None:
            yield Phase(keys, Q() if values is None else self.after(values, backwards=backwards))
            return
        date, last = SortKey(keys[0].name, keys[0].descending, is_date=True), keys[1]
        # MySQL has two kinds of no date, one after the other in an index; the other engines need to be led to theirs.
        without = Phase((last,) if connection.vendor == "mysql" else (date, last), Q(**{f"{date.name}__isnull": True}))
        dated = Phase((date, last), Q(**{f"{date.name}__isnull": False}))

        def latest_first(dated: Phase) -> Iterator[Phase]:
            if since is None or since.date == date.name:
                yield from (dated, without)
            else:
                yield from since.parts(dated, without)

        if values is None:
            yield from latest_first(dated) if date.descending else (without, dated)
            return
        beyond_id = last.beyond(values[1]) or Q()
        if values[0] is None:
            yield Phase(without.keys, without.condition & beyond_id)
            yield from () if date.descending else (dated,)
            return
        # The first condition is a range of the index, the second one cuts off those of the same moment.
        within = Q(**{f"{date.name}__{'lte' if date.descending else 'gte'}": values[0]})
        dated = Phase(dated.keys, within & ((date.beyond(values[0]) or Q()) | beyond_id))
        yield from latest_first(dated) if date.descending else (dated,)

    def cursor(self, values: Sequence[Any]) -> str:
        """Give the text that stands for a place in the order."""
        plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
        return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")

    def values(self, cursor: str) -> list[Any]:
        """Read a cursor. Raises NotFound (`cursor_invalid`) for what is none of this order."""
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            plain = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        except (binascii.Error, ValueError, RecursionError):
            plain = None
        if (
            not isinstance(plain, list)
            or len(plain) != len(self.keys)
            or any("\0" in value for value in plain if isinstance(value, str))
        ):
            raise _invalid_cursor()
        return [_value(key, value) for key, value in zip(self.keys, plain, strict=True)]


def order_of(paths: Sequence[str], *, is_reversed: bool = False) -> TicketOrder:
    """Give the order for the paths of a sort definition; unknown paths are skipped."""
    if is_reversed:
        paths = [path.removeprefix("-") if path.startswith("-") else f"-{path}" for path in paths]
    keys = [key for path in paths if (key := _sort_key(path)) is not None]
    if not keys:
        keys = [key for path in DEFAULT_PATHS if (key := _sort_key(path)) is not None]
    return TicketOrder((*keys, SortKey("pk", descending=keys[-1].descending)))


def order_of_column(primary: str, secondary: str, *, is_descending: bool = False) -> TicketOrder:
    """Give the order of a column: by what it shows, which is the second field where the first one is empty (§5).

    Two dates and two texts can be sorted as one; of other pairs the first field alone counts.
    """
    path = f"-{primary}" if is_descending else primary
    first, second = _sort_key(path), _sort_key(secondary) if secondary else None
    expressions = [_filled(key, name) for key, name in ((first, primary), (second, secondary)) if key is not None]
    shown = [expression for expression in expressions if expression is not None]
    if first is None or second is None or len(shown) < 2 or first.is_date != second.is_date:
        return order_of([path])
    either = Coalesce(*shown) if first.is_date else Coalesce(*shown, Value(LAST_TEXT), output_field=CharField())
    key = replace(first, name="by_column", may_be_empty=first.is_date, expression=either)
    return TicketOrder((key, SortKey("pk", descending=key.descending)))


def _filled(key: SortKey, path: str) -> Combinable | None:
    """Give what a key sorts by, NULL where it is empty; None where it is neither a date nor a text."""
    if key.is_date:
        return F(key.name)
    if not key.is_text:
        return None
    whole = _assignee_name() if path == "assignee" else key.expression or F(key.name)
    return NullIf(whole, Value(""), output_field=CharField())


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
    if name in _TEXTS:
        return SortKey(_TEXTS[name], descending, may_be_empty=True, is_text=True)
    if name in _NUMBERS:
        return SortKey(name, descending)
    expression = _expression(name)
    if expression is None:
        return None
    return SortKey(f"by_{name}", descending, may_be_empty=True, is_text=True, expression=expression)


_TEXTS = {
    "number": "number",
    "ip_address": "ip_address",
    "source": "source",
    "user__name": "user__name",
    "user__org__name": "user__org__name",
    "user__emails__address": "user__default_email__address",
    "dept_id": "dept__name",
    "dept__name": "dept__name",
    "status__id": "status__name",
    "team_id": "team__name",
    "topic_id": "topic__topic",
    "sla_id": "sla__name",
}
_NUMBERS = ("isoverdue", "isanswered")
INDEXED = frozenset({"created", "closed", "lastupdate", "est_duedate", "cdata__priority"})
"""What queues sort by at the same cost however many tickets they hold."""


def is_sortable(path: str) -> bool:
    """Whether tickets can be sorted by this path."""
    return _sort_key(path) is not None


def _expression(name: str) -> Combinable | None:
    """Give what tickets are sorted by where no column of theirs says it."""
    if name == "staff_id":
        return _agent_name()
    if name == "assignee":
        return Coalesce(_assignee_name(), Value(LAST_TEXT), output_field=CharField())
    field = (
        cdata.fields_by_column(EntryObject.TICKET).get(name.removeprefix("cdata__"))
        if name.startswith("cdata__")
        else None
    )
    return None if field is None else AnswerText(EntryObject.TICKET, name.removeprefix("cdata__"), F("pk"))


def _assignee_name() -> Combinable:
    return Coalesce(_agent_name(), "team__name", output_field=CharField())


def _agent_name() -> Combinable:
    """Sort agents by the part of their names that comes first in the configured format."""
    by_last = configuration.current().text("agent_name_format", "full").startswith("last")
    parts = ("staff__lastname", "staff__firstname") if by_last else ("staff__firstname", "staff__lastname")
    # PostgreSQL joins texts of one type alone.
    first, last = (Coalesce(part, Value(""), output_field=CharField()) for part in parts)
    return NullIf(Concat(first, Value(" "), last, output_field=CharField()), Value(" "))


def _value(key: SortKey, plain: Any) -> Any:
    if plain is None and key.may_be_empty:
        return None
    if key.is_date:
        return _moment(plain)
    wanted: type = str if key.is_text else bool if key.name in _NUMBERS else int
    if not isinstance(plain, wanted) or isinstance(plain, bool) != (wanted is bool):
        raise _invalid_cursor()
    if isinstance(plain, int) and abs(plain) > LARGEST_ID:
        raise _invalid_cursor()
    return plain


def _moment(plain: Any) -> datetime:
    try:
        moment = parse_datetime(plain) if isinstance(plain, str) else None
        if moment is None or moment.tzinfo is None:
            raise _invalid_cursor()
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the 30th of February; the first hours of the first year, east of Greenwich
        raise _invalid_cursor() from None


def _invalid_cursor() -> NotFound:
    return NotFound(_("This page does not exist."), code="cursor_invalid")

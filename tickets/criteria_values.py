"""Kinds of fields with free values: texts, dates, counted numbers, choices among answers (osticket/queues.md §3).

NULL never fulfils a negated comparison, as in SQL.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, connection, transaction
from django.db.models import Q
from django.db.models.expressions import Combinable
from django.db.models.lookups import Exact, GreaterThan, LessThan
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.patterns import LONGEST_PATTERN, Pattern, UnusablePattern
from tickets.criteria import CriteriaContext, Criterion, FieldKind, chosen, field_of
from tickets.criteria_kinds import INCLUDES, PRESENCE, Choices, missing_choices
from tickets.criteria_operands import Column, Operand, Related, keys_in_answer
from tickets.periods import period_range

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LONGEST_INTERVAL = 100_000
Range = tuple[datetime | None, datetime | None, bool]
"""From, until, and whether the end belongs to it."""


# --- Texts ------------------------------------------------------------------------------------------------------------


class TextKind(FieldKind):
    """A text; compared without regard to case and accents."""

    methods = ("contains", "equal", "nequal", "match", *PRESENCE)
    unoffered = ("!contains", "!equal")

    def __init__(self, operand: Operand, *, has_index: bool = False) -> None:
        """Take what is compared; `has_index`: exact look-ups find it, as ticket numbers."""
        self.operand = operand
        self.has_index = has_index

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Compile all methods of texts."""
        if method in PRESENCE:
            return self.operand.present() if method == "set" else ~self.operand.present()
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            return None
        text = str(value).replace("\0", "")  # which PostgreSQL takes in no text
        if method == "contains":
            return self.operand.test("folded_contains", text)
        if method == "!contains":
            return self.operand.lacks("folded_contains", text)
        if method == "match":
            return None if pattern_problem(text) else self.operand.test("pattern", text)
        if method not in {"equal", "nequal", "!equal"}:
            return None
        asked: tuple[str, Any] = ("folded", text)
        if self.has_index:
            text = text.rstrip(" ")  # which counts nowhere
            asked = ("in", sorted({text, text.lower(), text.upper()}))
        if method == "!equal":
            return self.operand.lacks(*asked)
        equal = self.operand.test(*asked)
        return equal if method == "equal" else self.operand.present() & ~equal

    def leads_to_few(self, method: str, value: Any) -> bool:
        """People, organizations and whole numbers do, unless they are not wanted."""
        if method == "equal" and self.has_index:
            return True
        return isinstance(self.operand, Related) and method in {"contains", "equal", "match"}

    def problem(self, method: str, value: Any, context: CriteriaContext) -> StrOrPromise:
        """Say why a pattern cannot be used."""
        return pattern_problem(str(value)) if method == "match" else ""


@lru_cache(maxsize=256)
def pattern_problem(pattern: str) -> StrOrPromise:
    """Say why a regular expression cannot be searched for; '' when it can.

    The engine has the last word, as its expressions are not quite those of others.
    """
    try:
        Pattern(pattern, "i")
    except UnusablePattern as error:
        return _("broken regular expression: %(reason)s") % {"reason": error}
    if len(pattern) > LONGEST_PATTERN:
        return _("the regular expression is too long")
    if connection.vendor != "sqlite":
        operator = "REGEXP" if connection.vendor == "mysql" else "~*"
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SELECT '' {operator} %s", [pattern])
        except DatabaseError:
            return _("the database does not understand the regular expression")
    return ""


# --- Choices among answers --------------------------------------------------------------------------------------------


class ChoiceKind(FieldKind):
    """A choice or list answer."""

    methods = (*INCLUDES, *PRESENCE)
    unoffered = ("!chosen",)

    def __init__(self, answer: Operand, choices: Choices) -> None:
        """Take the answer and what can be chosen."""
        self.answer = answer
        self._choices = choices

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Compile `set`, `nset`, `includes`, `!includes` and `!chosen`, which includes what has no answer."""
        if method in PRESENCE:
            return self.answer.present() if method == "set" else ~self.answer.present()
        if method not in (*INCLUDES, *self.unoffered) or not chosen(value):
            return None
        named = keys_in_answer(self.answer, chosen(value))
        if method == "includes":
            return named
        return self.answer.present() & ~named if method == "!includes" else ~self.answer.present() | ~named

    def problem(self, method: str, value: Any, context: CriteriaContext) -> StrOrPromise:
        """Name choices that are gone."""
        return missing_choices(value, dict(self.choices())) if method in (*INCLUDES, *self.unoffered) else ""

    def choices(self) -> list[tuple[str, str]]:
        """Give what can be chosen."""
        return self._choices()


class TickKind(FieldKind):
    """A yes-or-no answer."""

    methods = PRESENCE

    def __init__(self, answer: Operand) -> None:
        """Take the answer."""
        self.answer = answer

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Compile `set` and `nset`."""
        return self.answer.test("exact", "1" if method == "set" else "0") if method in PRESENCE else None


# --- Counted numbers --------------------------------------------------------------------------------------------------


class CountKind(FieldKind):
    """How many of something hang on a ticket."""

    methods = ("equal", "greater", "less")
    _LOOKUPS = {"equal": Exact, "greater": GreaterThan, "less": LessThan}

    def __init__(self, count: Callable[[], Combinable]) -> None:
        """Take what makes the expression that counts."""
        self.count = count

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Compile the three comparisons."""
        lookup, number = self._LOOKUPS.get(method), whole_number(value)
        return None if lookup is None or number is None else Q(lookup(self.count(), number))

    def problem(self, method: str, value: Any, context: CriteriaContext) -> StrOrPromise:
        """Ask for a number."""
        return _("%(value)s is not a number") % {"value": value} if whole_number(value) is None else ""


def whole_number(value: Any) -> int | None:
    """Read a whole number of moderate size; None for anything else."""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else None


# --- Dates ------------------------------------------------------------------------------------------------------------


_INDEXED_DATES = frozenset({"created", "closed", "duedate"})
"""Columns by which osTicket's own indexes find tickets."""


class DateKind(FieldKind):
    """A date with time; `is_past_only` for what cannot lie ahead, of which forms do not ask whether it does."""

    _PAST = ("before", "after", "between", "equal", "nequal", "past", "ndaysago", "distpast", "period")
    _AHEAD = ("future", "ndays", "distfut")

    def __init__(self, operand: Operand, *, is_past_only: bool = True) -> None:
        """Take the column."""
        self.operand = operand
        self.methods = (*self._PAST, *(() if is_past_only else self._AHEAD), *PRESENCE)

    def lasts(self, method: str) -> bool:
        """Those of a column that are not counted from this moment."""
        return isinstance(self.operand, Column) and method in {"before", "after", "between", "period", *PRESENCE}

    def present(self) -> Q:
        """Give the condition that there is a date."""
        return self.operand.present()

    def leads_to_few(self, method: str, value: Any) -> bool:
        """The ends of history do, as far as osTicket has an index."""
        is_indexed = isinstance(self.operand, Column) and self.operand.path in _INDEXED_DATES
        return is_indexed and method in {"after", "between", "equal", "future", "ndaysago", "ndays", "period"}

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Compile all methods of dates: NULL tests, and ranges."""
        if method in PRESENCE:
            return self.present() if method == "set" else ~self.present()
        if method == "nequal":
            day = self.bounds("equal", value, context)
            return None if day is None else self.present() & ~self.within(day)
        bounds = self.asked(method, value, context)
        return None if bounds is None else self.within(bounds)

    def asked(self, method: str, value: Any, context: CriteriaContext) -> Range | None:
        """Give the range in which the date must lie; None where no single one says it."""
        if method == "period":
            ranges = (self.bounds("period", code, context) for code in chosen(value))
            return next((found for found in ranges if found is not None), None)
        return self.bounds(method, value, context)

    def bounds(self, method: str, value: Any, context: CriteriaContext) -> Range | None:
        """Give the range that a method means; None for none, or a value that cannot be read."""
        now, zone = context.now.replace(microsecond=0), context.zone
        if method == "past":
            return None, now, False
        if method == "future":
            return now, None, False
        if method in {"before", "after"}:
            moment = read_moment(value, zone)
            return None if moment is None else (None, moment, False) if method == "before" else (moment, None, False)
        if method == "equal":
            moment = read_moment(value, zone)
            return None if moment is None else (*_day(moment.astimezone(zone).date(), zone), False)
        if method == "between" and isinstance(value, dict):
            left, right = read_moment(value.get("left"), zone), read_moment(value.get("right"), zone)
            if left is None or right is None:
                return None
            return _day(left.astimezone(zone).date(), zone)[0], _day(right.astimezone(zone).date(), zone)[1], False
        if method == "period" and isinstance(value, str):
            period = period_range(value, now=context.now, zone=zone)
            return None if period is None else (*period, True)
        return _around(method, value, now)

    def within(self, bounds: Range) -> Q:
        """Give the condition that the date lies in a range."""
        start, end, is_inclusive = bounds
        condition = Q()
        if start is not None:
            condition &= self.operand.test("gte", start)
        if end is not None:
            condition &= self.operand.test("lte" if is_inclusive else "lt", end)
        return self.operand.present() & condition

    def problem(self, method: str, value: Any, context: CriteriaContext) -> StrOrPromise:
        """Ask for a date, a period or an interval that can be read."""
        if method in PRESENCE or method not in (*self._PAST, *self._AHEAD):
            return ""
        asked = "equal" if method == "nequal" else method
        if any(self.bounds(asked, one, context) is not None for one in (value, *chosen(value))):
            return ""
        return _("the date or time span cannot be read")


def asked_since(criteria: Iterable[Criterion], context: CriteriaContext, path: str) -> datetime | None:
    """Give the moment since which the date of a path must lie by the criteria; None when it may be any."""
    found: list[datetime] = []
    for criterion in criteria:
        field = field_of(criterion.path) if criterion.path == path else None
        if field is not None and isinstance(field.kind, DateKind):
            bounds = field.kind.asked(criterion.method, criterion.value, context)
            found += [bounds[0]] if bounds is not None and bounds[0] is not None else []
    return max(found, default=None)


def read_moment(value: Any, zone: tzinfo) -> datetime | None:
    """Read a date, a date with time, or a Unix time as forms store them; without a zone they are of this one."""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    try:
        if text.isdecimal() and text.isascii() and 9 <= len(text) <= 10:
            return datetime.fromtimestamp(int(text), UTC)
        moment = parse_datetime(text)
        if moment is None:
            day = parse_date(text)
            moment = None if day is None else datetime.combine(day, time())
        return None if moment is None else (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _day(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    try:
        following = day + timedelta(days=1)
    except OverflowError:
        following = day
    return tuple(datetime.combine(one, time(), zone).astimezone(UTC) for one in (day, following))  # type: ignore[return-value]


def _around(method: str, value: Any, now: datetime) -> Range | None:
    """Give the range of `ndaysago`, `ndays`, `distpast` and `distfut`."""
    if method not in {"ndaysago", "ndays", "distpast", "distfut"} or not isinstance(value, dict):
        return None
    number, unit = whole_number(value.get("until")), str(value.get("int") or "d")
    if number is None or number > LONGEST_INTERVAL or unit not in _UNITS:
        return None
    try:
        other = moved(now, number if method in {"ndays", "distfut"} else -number, unit)
    except OverflowError:
        return None
    ranges: dict[str, Range] = {
        "ndaysago": (other, now, True),
        "ndays": (now, other, True),
        "distpast": (None, other, True),
        "distfut": (other, None, True),
    }
    return ranges[method]


_UNITS = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "i": timedelta(minutes=1),
    "m": timedelta(0),
}


def moved(moment: datetime, number: int, unit: str) -> datetime:
    """Move a moment by months (to the last day where the month is too short), weeks, days, hours or minutes."""
    if unit != "m":
        return moment + number * _UNITS[unit]
    years, month = divmod(moment.year * 12 + moment.month - 1 + number, 12)
    if not 1 <= years <= 9999:
        raise OverflowError
    return moment.replace(year=years, month=month + 1, day=min(moment.day, calendar.monthrange(years, month + 1)[1]))

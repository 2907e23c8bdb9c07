"""The quick filter of a queue: one field whose values stand above the list (osticket/queues.md §7)."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.criteria import CriteriaContext, Field, field_of
from tickets.criteria_kinds import AssigneeKind, BooleanKind, FlagKind, ReferenceKind, SourceKind
from tickets.criteria_values import ChoiceKind, DateKind, TickKind

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

INHERITED = "::"
"""Stands in `queue.filter` for the field of the parent."""
MOST_CHOICES = 200
_ASSIGNMENT = {"assigned": _("Assigned"), "!assigned": _("Unassigned")}
_DAYS: dict[str, tuple[int, int, StrOrPromise]] = {
    "h": (0, 1, _("Today")),
    "m": (1, 2, _("Tomorrow")),
    "g": (-1, 0, _("Yesterday")),
    "l7": (-7, 0, _("Last 7 days")),
    "l30": (-30, 0, _("Last 30 days")),
    "n7": (0, 7, _("Next 7 days")),
    "n30": (0, 30, _("Next 30 days")),
}
"""First and last day from today of a value for dates; those of whole days, the others count from this moment."""
_FROM_NOW = frozenset({"l7", "l30", "n7", "n30"})


def filter_field(path: str) -> Field | None:
    """Give the field of a quick filter; None for paths that have none."""
    field = field_of(path) if path else None
    kinds = (AssigneeKind, BooleanKind, FlagKind, ReferenceKind, SourceKind, ChoiceKind, TickKind, DateKind)
    return field if field is not None and isinstance(field.kind, kinds) else None


def filter_choices(field: Field) -> list[tuple[str, StrOrPromise]]:
    """Give the values that a quick filter offers, with their names."""
    kind = field.kind
    if isinstance(kind, DateKind):
        ahead = "future" in kind.methods
        return [(key, name) for key, (start, _end, name) in _DAYS.items() if ahead or start < 0 or key == "h"]
    if isinstance(kind, BooleanKind | FlagKind | TickKind):
        return [("1", _("Yes")), ("0", _("No"))]
    choices: list[tuple[str, StrOrPromise]] = list(kind.choices()[:MOST_CHOICES])
    return [*_ASSIGNMENT.items(), *choices] if isinstance(kind, AssigneeKind) else choices


def filter_condition(field: Field, value: str, context: CriteriaContext) -> Q | None:
    """Give the condition of a value of a quick filter; None for a value that it does not have."""
    kind = field.kind
    if isinstance(kind, DateKind):
        bounds = _bounds(value, context)
        return None if bounds is None else kind.within(bounds)
    if isinstance(kind, BooleanKind | FlagKind | TickKind):
        method = {"1": "set", "0": "nset"}.get(value)
        return None if method is None else kind.condition(method, None, context)
    if isinstance(kind, AssigneeKind) and value in _ASSIGNMENT:
        return kind.condition(value, None, context)
    return kind.condition("includes", {value: ""}, context)


def _bounds(value: str, context: CriteriaContext) -> tuple[datetime, datetime, bool] | None:
    """Give the range of a value for dates: whole days in the agent's zone, or spans from this moment."""
    if value not in _DAYS:
        return None
    first, last, _name = _DAYS[value]
    if value in _FROM_NOW:
        now = context.now.replace(microsecond=0)
        return now + timedelta(days=first), now + timedelta(days=last), True
    today = context.now.astimezone(context.zone).date()
    start, end = (
        datetime.combine(today + timedelta(days=days), time(), context.zone).astimezone(UTC) for days in (first, last)
    )
    return start, end, False

"""Criteria as rows of a form: field, method, value. Each row is drawn by the server for what was chosen in it.

Posted names are `c-<n>-path`, `-method`, `-value` (several for choices), `-left`, `-right`, `-until` and `-int`; those
of the conditions of a style begin with `m`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.criteria import KEYWORDS, CriteriaContext, Criterion, Field, chosen, field_of, fixed_fields
from tickets.criteria_fields import UNOFFERED, answered_fields, custom_fields
from tickets.criteria_values import CountKind, DateKind

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MOST_ROWS = 30
CONDITION, MARK = "c", "m"
"""First letter of the names: conditions of a queue, and those of its styles."""
_NAME = re.compile(r"([cm])-(\d{1,4})-path")
METHOD_NAMES: dict[str, StrOrPromise] = {
    "set": gettext_lazy("is set"),
    "nset": gettext_lazy("is not set"),
    "assigned": gettext_lazy("is assigned"),
    "!assigned": gettext_lazy("is not assigned"),
    "!contains": gettext_lazy("does not contain"),
    "!equal": gettext_lazy("is not, or nothing"),
    "!chosen": gettext_lazy("is none of, or nothing"),
    "includes": gettext_lazy("is one of"),
    "!includes": gettext_lazy("is none of"),
    "contains": gettext_lazy("contains"),
    "equal": gettext_lazy("is"),
    "nequal": gettext_lazy("is not"),
    "match": gettext_lazy("matches the pattern"),
    "greater": gettext_lazy("is more than"),
    "less": gettext_lazy("is less than"),
    "before": gettext_lazy("before"),
    "after": gettext_lazy("from … on"),
    "between": gettext_lazy("between"),
    "past": gettext_lazy("is in the past"),
    "future": gettext_lazy("is in the future"),
    "ndaysago": gettext_lazy("in the last"),
    "ndays": gettext_lazy("in the next"),
    "distpast": gettext_lazy("longer ago than"),
    "distfut": gettext_lazy("further ahead than"),
    "period": gettext_lazy("in the period"),
    "": gettext_lazy("contains the words"),
}
_YES_NO = {"set": gettext_lazy("is yes"), "nset": gettext_lazy("is no")}
PERIOD_NAMES: dict[str, StrOrPromise] = {
    "td": gettext_lazy("today"),
    "yd": gettext_lazy("yesterday"),
    "tw": gettext_lazy("this week"),
    "lw": gettext_lazy("last week"),
    "tm": gettext_lazy("this month"),
    "lm": gettext_lazy("last month"),
    "tq": gettext_lazy("this quarter"),
    "lq": gettext_lazy("last quarter"),
    "ty": gettext_lazy("this year"),
    "ly": gettext_lazy("last year"),
}
UNIT_NAMES: dict[str, StrOrPromise] = {
    "i": gettext_lazy("minutes"),
    "h": gettext_lazy("hours"),
    "d": gettext_lazy("days"),
    "w": gettext_lazy("weeks"),
    "m": gettext_lazy("months"),
}
_WIDGETS = {
    **dict.fromkeys(("includes", "!includes", "!chosen"), "choices"),
    **dict.fromkeys(("greater", "less"), "number"),
    **dict.fromkeys(("before", "after"), "moment"),
    **dict.fromkeys(("ndaysago", "ndays", "distpast", "distfut"), "interval"),
    **dict.fromkeys(("contains", "match", ""), "text"),
    **dict.fromkeys(("set", "nset", "assigned", "!assigned", "past", "future"), "nothing"),
    "between": "range",
    "period": "period",
}


@dataclass(frozen=True)
class Option:
    """Something to choose in a row."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True)
class CriterionRow:
    """A row of the form: its number, what is chosen in it and what can be."""

    number: int
    path: str = ""
    method: str = ""
    widget: str = "nothing"
    groups: list[tuple[str, list[Option]]] = field(default_factory=list)
    methods: list[Option] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    value: str = ""
    left: str = ""
    right: str = ""
    problem: str = ""
    letter: str = CONDITION

    @property
    def prefix(self) -> str:
        """What the names of the row's inputs begin with."""
        return f"{self.letter}-{self.number}"

    @property
    def may_go(self) -> bool:
        """Whether the row has a button that removes it; that of a style goes with the style."""
        return self.letter == CONDITION


def offered_fields() -> list[Field]:
    """Give the fields that forms offer: fixed ones, then answers to the built-in forms and to those of help topics."""
    fixed = [one for one in fixed_fields() if one.path not in UNOFFERED]
    return [*fixed, *answered_fields(), *custom_fields()]


def criteria_from(data: QueryDict) -> list[Criterion]:
    """Read the rows of a form; rows without a field are left out."""
    found = [criterion_at(prefix, data) for prefix in prefixes(data, CONDITION)]
    return [criterion for criterion in found if criterion.path][:MOST_ROWS]


def prefixes(data: QueryDict, letter: str) -> list[str]:
    """Give what the names of each row begin with (`c-0`), in the order of their numbers."""
    numbers = {int(found[2]) for name in data if (found := _NAME.fullmatch(name)) and found[1] == letter}
    return [f"{letter}-{number}" for number in sorted(numbers)]


def criterion_at(prefix: str, data: QueryDict) -> Criterion:
    """Read one row; its path is '' where no field was chosen."""
    path = data.get(f"{prefix}-path", "")
    return _criterion(prefix, path, data) if path else Criterion("", "")


def rows_of(criteria: Iterable[Criterion], context: CriteriaContext) -> list[CriterionRow]:
    """Give a row for each criterion."""
    return [row_of(number, criterion, context) for number, criterion in enumerate(criteria)]


def row_of(number: int, criterion: Criterion, context: CriteriaContext, letter: str = CONDITION) -> CriterionRow:
    """Give the row of a criterion, an empty one where its path is ''."""
    known = field_of(criterion.path) if criterion.path else None
    groups = _field_groups(criterion.path, known)
    if known is None:
        problem = _("there is no such field") if criterion.path else ""
        return CriterionRow(number, criterion.path, groups=groups, problem=problem, letter=letter)
    names = methods_of(known, criterion.method)
    method = criterion.method if criterion.method in names else next(iter(names))
    widget = _widget(known, method)
    value = criterion.value if method == criterion.method else None
    pair = value if isinstance(value, dict) else {}
    return CriterionRow(
        number=number,
        path=criterion.path,
        method=method,
        widget=widget,
        groups=groups,
        methods=[Option(key, str(name), key == method) for key, name in names.items()],
        options=_options(known, widget, value),
        value=str(pair.get("until", "")) if widget == "interval" else _shown(value, widget),
        left=str(pair.get("left", ""))[:10],
        right=str(pair.get("right", ""))[:10],
        problem=str(known.kind.problem(method, value, context)) if value not in (None, "", {}) else "",
        letter=letter,
    )


def describe(criterion: Criterion) -> str:
    """Say a criterion in words, for the lists of conditions."""
    known = field_of(criterion.path)
    if known is None:
        return f"{criterion.path} {criterion.method}"
    names = methods_of(known, criterion.method)
    widget, value = _widget(known, criterion.method), criterion.value
    if widget == "choices":
        labels = dict(known.kind.choices())
        given = value if isinstance(value, dict) else {}
        text = ", ".join(labels.get(key) or str(given.get(key) or key) for key in chosen(value))
    elif widget == "interval" and isinstance(value, dict):
        text = f"{value.get('until')} {UNIT_NAMES.get(str(value.get('int') or 'd'), '')}"
    elif widget == "range" and isinstance(value, dict):
        text = f"{value.get('left')} … {value.get('right')}"
    elif widget == "period":
        text = ", ".join(str(PERIOD_NAMES.get(code, code)) for code in chosen(value))
    else:
        text = "" if widget == "nothing" or value is None else str(value)
    return f"{known.label} {names.get(criterion.method, criterion.method)} {text}".strip()


def methods_of(known: Field, method: str = "") -> dict[str, StrOrPromise]:
    """Give the methods of a field with their names; with the one in use, where forms offer others only."""
    methods = known.kind.methods
    if method in known.kind.unoffered:
        methods = (*methods, method)
    yes_no = methods == ("set", "nset")
    return {method: (_YES_NO if yes_no else METHOD_NAMES)[method] for method in methods}


def _criterion(prefix: str, path: str, data: QueryDict) -> Criterion:
    known = field_of(path)
    if known is None:
        return Criterion(path, data.get(f"{prefix}-method", ""))
    method = data.get(f"{prefix}-method", "")
    names = methods_of(known, method)
    if method not in names:
        method = next(iter(names))
    widget = _widget(known, method)

    def given(name: str) -> str:
        return data.get(f"{prefix}-{name}", "").strip()[:500]

    value: Any = given("value")
    if widget == "nothing":
        value = None
    elif widget == "choices":
        labels = dict(known.kind.choices())
        keys = [key for key in data.getlist(f"{prefix}-value") if key in labels]
        value = {key: labels[key] for key in keys}
    elif widget == "interval":
        value = {"until": given("until"), "int": given("int") or "d"}
    elif widget == "range":
        value = {"left": given("left"), "right": given("right")}
    elif widget == "moment":
        value = given("value").replace("T", " ")
    return Criterion(path, method, value)


def _widget(known: Field, method: str) -> str:
    if method in {"equal", "nequal"}:
        if isinstance(known.kind, DateKind):
            return "day"
        return "number" if isinstance(known.kind, CountKind) else "text"
    return _WIDGETS.get(method, "text")


def _options(known: Field, widget: str, value: Any) -> list[Option]:
    if widget == "choices":
        keys = set(chosen(value))
        options = [Option(key, name, key in keys) for key, name in known.kind.choices()]
        gone = keys - {option.value for option in options}
        labels = value if isinstance(value, dict) else {}
        return [*options, *(Option(key, f"{labels.get(key) or key} ({_('gone')})", True) for key in sorted(gone))]
    if widget == "period":
        codes = chosen(value)
        return [Option(code, str(name), code in codes) for code, name in PERIOD_NAMES.items()]
    if widget == "interval":
        unit = str(value.get("int") or "d") if isinstance(value, dict) else "d"
        return [Option(code, str(name), code == unit) for code, name in UNIT_NAMES.items()]
    return []


def _shown(value: Any, widget: str) -> str:
    if value is None or isinstance(value, dict | list):
        return ""
    if widget == "moment":
        moment = parse_datetime(str(value))
        return f"{moment:%Y-%m-%dT%H:%M}" if moment else f"{value}T00:00"
    return str(value)[:10] if widget == "day" else str(value)


def _field_groups(path: str, known: Field | None) -> list[tuple[str, list[Option]]]:
    groups: dict[str, list[Option]] = {}
    for one in offered_fields():
        is_answer = "cdata__" in one.path or one.path.startswith("entries__")
        title = _("Answers") if is_answer else _("Related") if "__" in one.path else _("Ticket")
        if one.path in {KEYWORDS, "status__state", "status__id", "cdata__subject", "cdata__priority"}:
            title = _("Ticket")
        if one.path.endswith("_count"):
            title = _("Numbers")
        groups.setdefault(title, []).append(Option(one.path, str(one.label), one.path == path))
    if path and all(option.value != path for options in groups.values() for option in options):
        label = str(known.label) if known else path
        groups.setdefault(_("Others"), []).append(Option(path, label, True))
    return list(groups.items())

"""How queues mark rows and cells that fulfil a condition (osticket/queues.md §6): their styles as classes of ours.

osTicket writes colours and fonts into each cell. Our pages allow no style within HTML, and have a dark side: a colour
becomes the nearest one of a small palette that can be read on both.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.db.models import Case, IntegerField, Q, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.legacy.errors import ValidationFailed
from tickets.criteria import KEYWORDS, CriteriaContext, Criterion, field_of
from tickets.criteria_checks import problems
from tickets.querysets import TicketQuerySet
from tickets.reference_data import ColumnRow, StyleCondition

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

_NAMED = {
    "black": "#000000",
    "white": "#ffffff",
    "gray": "#808080",
    "grey": "#808080",
    "red": "#ff0000",
    "orange": "#ffa500",
    "yellow": "#ffff00",
    "green": "#008000",
    "blue": "#0000ff",
    "purple": "#800080",
    "pink": "#ffc0cb",
}
_HUES = ((20, "red"), (45, "orange"), (70, "yellow"), (165, "green"), (200, "teal"), (255, "blue"), (335, "purple"))
_WORDS = {
    ("font-weight", "bold"): "mark-bold",
    ("font-weight", "bolder"): "mark-bold",
    ("font-weight", "lighter"): "mark-light",
    ("font-style", "italic"): "mark-italic",
    ("font-style", "oblique"): "mark-italic",
    ("text-decoration", "underline"): "mark-underline",
    ("text-transform", "uppercase"): "mark-uppercase",
    ("text-transform", "lowercase"): "mark-lowercase",
    ("text-transform", "captalize"): "mark-capitalize",
    ("font-size", "small"): "mark-small",
    ("font-size", "smaller"): "mark-small",
    ("font-size", "large"): "mark-large",
    ("font-size", "larger"): "mark-large",
    ("font-family", "monospace"): "mark-monospace",
    ("font-family", "serif"): "mark-serif",
}
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")
_PALETTE: tuple[tuple[StrOrPromise, str, str], ...] = (
    (gettext_lazy("red"), "#b42318", "#ffd6d6"),
    (gettext_lazy("orange"), "#a15c07", "#ffe3c2"),
    (gettext_lazy("yellow"), "#7a6200", "#fff3bf"),
    (gettext_lazy("green"), "#14703a", "#d3f9d8"),
    (gettext_lazy("teal"), "#0b6b75", "#c5f6fa"),
    (gettext_lazy("blue"), "#1a56b8", "#d0e3ff"),
    (gettext_lazy("purple"), "#7a2fa0", "#efdbff"),
    (gettext_lazy("grey"), "#606060", "#e8e8e8"),
)
"""What editors offer: name, ink and ground as osTicket shows them."""
STYLES: tuple[tuple[str, StrOrPromise, tuple[tuple[str, StrOrPromise], ...]], ...] = (
    ("color", gettext_lazy("Colour of the text"), tuple((ink, name) for name, ink, _ground in _PALETTE)),
    ("background-color", gettext_lazy("Background"), tuple((ground, name) for name, _ink, ground in _PALETTE)),
    (
        "font-weight",
        gettext_lazy("Weight"),
        (
            ("bold", gettext_lazy("bold")),
            ("bolder", gettext_lazy("bolder")),
            ("lighter", gettext_lazy("light")),
            ("normal", gettext_lazy("normal")),
        ),
    ),
    (
        "font-style",
        gettext_lazy("Slant"),
        (
            ("italic", gettext_lazy("italic")),
            ("oblique", gettext_lazy("oblique")),
            ("normal", gettext_lazy("normal")),
        ),
    ),
    (
        "text-decoration",
        gettext_lazy("Line"),
        (("underline", gettext_lazy("underlined")), ("none", gettext_lazy("none"))),
    ),
    (
        "text-transform",
        gettext_lazy("Letters"),
        (
            ("uppercase", gettext_lazy("capitals")),
            ("lowercase", gettext_lazy("small letters")),
            ("captalize", gettext_lazy("first letters capital")),
        ),
    ),
    (
        "font-size",
        gettext_lazy("Size"),
        (
            ("small", gettext_lazy("small")),
            ("smaller", gettext_lazy("smaller")),
            ("medium", gettext_lazy("normal")),
            ("large", gettext_lazy("large")),
            ("larger", gettext_lazy("larger")),
        ),
    ),
    (
        "font-family",
        gettext_lazy("Font"),
        (
            ("monospace", gettext_lazy("typewriter")),
            ("serif", gettext_lazy("with serifs")),
            ("sans-serif", gettext_lazy("without serifs")),
            ("cursive", gettext_lazy("handwriting")),
            ("fantasy", gettext_lazy("decorated")),
        ),
    ),
)
"""Properties that a style may have, each with its values; those of colours besides are any colour (§6)."""
_COLOURED = frozenset({"color", "background-color"})


def classes_of(style: Sequence[tuple[str, str]]) -> str:
    """Give the classes of a style; what none of them says is left out."""
    found = []
    for name, value in style:
        text = value.strip().lower()
        if name in _COLOURED:
            colour = _colour(text)
            found += [f"{'mark-ink' if name == 'color' else 'mark-ground'}-{colour}"] if colour else []
        elif (name, text) in _WORDS:
            found.append(_WORDS[name, text])
    return " ".join(dict.fromkeys(found))


Marks = tuple[tuple[str, Q], ...]
"""Names of marks and the conditions for them."""


def marks_for(
    columns: Sequence[ColumnRow], of_rows: Sequence[StyleCondition], context: CriteriaContext
) -> tuple[Marks, bool]:
    """Give the marks that a list needs, and whether they are the same whoever looks at it, at any moment."""
    marks, are_settled = [], True
    for number, condition in enumerate(_conditions(columns, of_rows)):
        path, method, value = condition.criterion
        field = field_of(path) if path != KEYWORDS else None
        found = field.kind.condition(method, value, context) if field else None
        if field is not None and found is not None:
            marks.append((f"mark_{number}", found))
            are_settled = are_settled and field.kind.is_settled
    return tuple(marks), are_settled


def with_marks(tickets: TicketQuerySet, marks: Marks) -> TicketQuerySet:
    """Let the query say of each ticket which of the conditions it fulfils; costs no statement of its own."""
    cases = {
        name: Case(When(condition, then=Value(1)), default=Value(0), output_field=IntegerField())
        for name, condition in marks
    }
    return tickets.annotate(**cases) if cases else tickets


def marks_of(ticket: object, columns: Sequence[ColumnRow], of_rows: Sequence[StyleCondition]) -> tuple[str, list[str]]:
    """Give the classes of the row and of each column's cell for a ticket of `with_marks`.

    The background of a row belongs to all of it; what else is said of a row its cells say, which have a look already.
    """
    values: Mapping[str, object] = vars(ticket)
    classes = [
        classes_of(condition.style) if values.get(f"mark_{number}") else ""
        for number, condition in enumerate(_conditions(columns, of_rows))
    ]
    place = len(of_rows)
    words = " ".join(classes[:place]).split()
    grounds = [word for word in words if word.startswith("mark-ground-")]
    whole = [word for word in words if word not in grounds]
    found = []
    for column in columns:
        own = classes[place : place + len(column.conditions)]
        place += len(column.conditions)
        found.append(" ".join(filter(None, [*whole, *own])))
    return grounds[-1] if grounds else "", found


def check_marks(marks: Sequence[StyleCondition], context: CriteriaContext) -> None:
    """Raise ValidationFailed (field `marks`) for styles without condition or property, and for what cannot be used."""
    known = {name: {value for value, _label in values} for name, _label, values in STYLES}
    for number, mark in enumerate(marks, 1):
        path, method, value = mark.criterion
        faults = problems([Criterion(path, method, value)], context) if path else [_("it has no condition")]
        if not mark.style:
            faults.append(_("it says nothing about the look"))
        for name, chosen in mark.style:
            if chosen not in known.get(name, ()) and not (name in _COLOURED and _colour(chosen.strip().lower())):
                faults.append(_("%(name)s cannot be “%(value)s”") % {"name": name, "value": chosen})
        if faults:
            message = _("Style %(number)s: %(faults)s") % {"number": number, "faults": "; ".join(faults)}
            raise ValidationFailed(message, code="mark_unusable", field="marks")


def _conditions(columns: Sequence[ColumnRow], of_rows: Sequence[StyleCondition]) -> list[StyleCondition]:
    return [*of_rows, *(condition for column in columns for condition in column.conditions)]


def _colour(text: str) -> str:
    """Give the nearest colour of the palette; '' for what is no colour."""
    code = _NAMED.get(text, text)
    if not _HEX.fullmatch(code):
        return ""
    digits = code[1:] if len(code) == 7 else "".join(digit * 2 for digit in code[1:])
    red, green, blue = (int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    hue, _lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    if saturation < 0.15:
        return "gray"
    return next((name for limit, name in _HUES if hue * 360 < limit), "red")

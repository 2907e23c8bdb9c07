"""Rows of the forms of queues: columns at their places, exported fields, styles. Read from and shown for one request.

Rows stand densely, with one blank row at the end. Buttons named `do` post the whole form, with scripts and without, to
move a row (`column-up-2`) or take it out, and it is shown again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.http import QueryDict
from django.utils.translation import gettext as _

from helpdesk.legacy.ids import id_in
from tickets.criteria import CriteriaContext, Criterion
from tickets.criteria_rows import MARK, CriterionRow, Option, criterion_at, prefixes, row_of
from tickets.reference_data import ColumnRow, StyleCondition
from tickets.row_styles import STYLES
from tickets.services.queue_parts import MOST_COLUMNS, MOST_EXPORTED, PlacedColumn

Row = TypeVar("Row")
MOST_MARKS = 20
LONGEST_READ = 200
"""Characters that are read of a heading; the service says how many it may have."""


# --- Rows that move ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verb:
    """What a button of the form says: `column-up-2`, `column-remove-0`, `column-own`."""

    kind: str = ""
    what: str = ""
    number: int = 0

    @classmethod
    def of(cls, data: QueryDict) -> Verb:
        """Read it."""
        kind, what, number = (*data.get("do", "").split("-"), "", "")[:3]
        return cls(kind, what, id_in(number) or 0)


NO_VERB = Verb()


def moved(rows: Sequence[tuple[int, Row]], verb: Verb, kind: str) -> list[Row]:
    """Give rows (with their numbers on the page) after what a button says: one goes up, down or out."""
    numbers, found = [number for number, _row in rows], [row for _number, row in rows]
    if verb.kind != kind or verb.number not in numbers:
        return found
    at = numbers.index(verb.number)
    other = {"up": at - 1, "down": at + 1}.get(verb.what, -1)
    if 0 <= other < len(found):
        found[at], found[other] = found[other], found[at]
    elif verb.what == "remove":
        del found[at]
    return found


# --- Columns ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ColumnInput:
    """The inputs of one place; `options` are all columns, one of them chosen but in a blank row."""

    number: int
    options: Sequence[Option]
    heading: str = ""
    width: int = 0
    is_sortable: bool = True
    column_id: int = 0


def posted_columns(data: QueryDict) -> list[PlacedColumn]:
    """Read the columns. One that was exchanged for another does not leave its heading and width behind."""
    found = []
    for number in range(MOST_COLUMNS + 1):
        column_id = id_in(data.get(f"column-{number}", ""))
        if not column_id:
            continue
        was = data.get(f"was-{number}", "")
        if was not in {"", str(column_id)} or f"heading-{number}" not in data:
            found.append((number, PlacedColumn(column_id)))
            continue
        heading = data.get(f"heading-{number}", "").replace("\0", "").strip()[:LONGEST_READ]
        width = id_in(data.get(f"width-{number}", "").strip()) or 0
        found.append((number, PlacedColumn(column_id, heading, width, f"sortable-{number}" in data)))
    return moved(found, Verb.of(data), "column")


def placed(columns: Iterable[ColumnRow]) -> list[PlacedColumn]:
    """Give stored columns as they can be placed again; the built-in ones, which have no row, are left out."""
    return [PlacedColumn(one.id, one.heading, one.width, one.is_sortable) for one in columns if one.id]


def column_inputs(names: Mapping[int, str], columns: Sequence[PlacedColumn]) -> list[ColumnInput]:
    """Give the rows for these columns and a blank one."""
    rows = [
        ColumnInput(
            number, options(names, one.column_id), one.heading, one.width, one.is_sortable, column_id=one.column_id
        )
        for number, one in enumerate(columns)
        if one.column_id in names
    ]
    blank = [ColumnInput(len(rows), options(names, 0))] if len(rows) < MOST_COLUMNS else []
    return [*rows, *blank]


# --- Exported fields --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ExportInput:
    """The inputs of one exported field."""

    number: int
    options: Sequence[Option]
    heading: str = ""
    path: str = ""


def posted_export(data: QueryDict) -> list[tuple[str, str]]:
    """Read path and heading of the exported fields; an exchanged one gets its usual heading."""
    found = []
    for number in range(MOST_EXPORTED + 1):
        path = data.get(f"export-{number}", "").replace("\0", "")[:64]
        if path:
            is_same = data.get(f"exported-{number}", "") in {"", path}
            heading = data.get(f"export-heading-{number}", "").replace("\0", "").strip()[:LONGEST_READ]
            found.append((number, (path, heading if is_same else "")))
    return moved(found, Verb.of(data), "export")


def export_inputs(names: Mapping[str, str], fields: Sequence[tuple[str, str]]) -> list[ExportInput]:
    """Give the rows for these fields and a blank one; a field that is not offered any more stays in its row."""
    rows = [
        ExportInput(number, options(names, path), heading or names.get(path, ""), path)
        for number, (path, heading) in enumerate(fields)
    ]
    blank = [ExportInput(len(rows), options(names, ""))] if len(rows) < MOST_EXPORTED else []
    return [*rows, *blank]


# --- Styles -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StyleInput:
    """One property of a style."""

    name: str
    label: str
    options: Sequence[Option]


@dataclass(frozen=True)
class MarkInput:
    """The inputs of a style: its condition and its properties."""

    number: int
    criterion: CriterionRow
    styles: Sequence[StyleInput]


def posted_marks(data: QueryDict) -> list[StyleCondition]:
    """Read the styles; a row in which nothing was chosen is left out."""
    found = []
    for number, prefix in enumerate(prefixes(data, MARK)):
        criterion = criterion_at(prefix, data)
        posted = ((name, data.get(f"{prefix}-style-{name}", "")[:64]) for name, _label, _values in STYLES)
        style = tuple((name, value) for name, value in posted if value)
        if criterion.path or style:
            found.append((number, StyleCondition((criterion.path, criterion.method, criterion.value), style)))
    return moved(found, Verb.of(data), "mark")


def mark_inputs(marks: Sequence[StyleCondition], context: CriteriaContext, verb: Verb) -> list[MarkInput]:
    """Give the rows for these styles, and a blank one where it was asked for."""
    rows = [_mark(number, mark, context) for number, mark in enumerate(marks)]
    blank = (verb.kind, verb.what) == ("mark", "own") and len(rows) < MOST_MARKS
    return [*rows, _mark(len(rows), StyleCondition(("", "", None), ()), context)] if blank else rows


def _mark(number: int, mark: StyleCondition, context: CriteriaContext) -> MarkInput:
    path, method, value = mark.criterion
    style = dict(mark.style)
    return MarkInput(
        number,
        row_of(number, Criterion(path, method, value), context, MARK),
        [
            StyleInput(name, str(label), options({value: str(said) for value, said in values}, style.get(name, "")))
            for name, label, values in STYLES
        ],
    )


def options(names: Mapping[Any, str], chosen: Any) -> list[Option]:
    """Give the options of a menu; what is chosen stays among them though nobody offers it any more."""
    found = [Option(str(key), str(name), key == chosen) for key, name in names.items()]
    if chosen and chosen not in names:
        found.append(Option(str(chosen), _("%(value)s (not offered)") % {"value": chosen}, True))
    return found

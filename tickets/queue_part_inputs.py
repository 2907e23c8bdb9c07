"""The forms of columns and orders, which queues are put together from: read from and shown for one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.annotations import KINDS, PLACES
from tickets.criteria import CriteriaContext, field_of
from tickets.criteria_rows import Option, offered_fields
from tickets.models import QueueColumn, QueueSort
from tickets.queue_inputs import MarkInput, Verb, mark_inputs, moved, options, posted_marks
from tickets.queue_page import showable_fields, why_idle
from tickets.reference_data import column_row
from tickets.services.queue_columns import LINKS, MOST_PATHS, TRUNCATIONS, ColumnDraft, SortDraft
from tickets.sorting import DATE_COLUMNS, is_sortable

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MOST_ANNOTATIONS = len(KINDS)
_LINK_NAMES: Mapping[str, StrOrPromise] = {
    "": gettext_lazy("The value as it is"),
    "link:ticket": gettext_lazy("A link to the ticket"),
    "link:ticketP": gettext_lazy("A link to the ticket, in osTicket with a preview"),
    "link:user": gettext_lazy("A link to the requester"),
    "link:org": gettext_lazy("A link to the organization"),
    "date:full": gettext_lazy("Date and time of day"),
    "date:human": gettext_lazy("How long ago"),
}
_TRUNCATION_NAMES: Mapping[str, StrOrPromise] = {
    "wrap": gettext_lazy("Further lines"),
    "ellipsis": gettext_lazy("Cut with an ellipsis"),
    "clip": gettext_lazy("Cut off"),
    "lclip": gettext_lazy("Cut off at the front"),
}


# --- Columns ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AnnotationInput:
    """The inputs of one annotation."""

    number: int
    kinds: Sequence[Option]
    places: Sequence[Option]
    kind: str = ""


@dataclass(frozen=True)
class ColumnForm:
    """What the page of a column shows."""

    draft: ColumnDraft
    primaries: Sequence[Option]
    secondaries: Sequence[Option]
    filters: Sequence[Option]
    filter_note: str
    """Why the chosen one changes nothing, '' where it does."""
    truncations: Sequence[Option]
    annotations: Sequence[AnnotationInput]
    marks: Sequence[MarkInput]


def posted_column(data: QueryDict) -> ColumnDraft:
    """Read the draft of a column from a posted form."""

    def given(name: str) -> str:
        return data.get(name, "").replace("\0", "")[:200]

    annotations = [
        (number, (kind, data.get(f"annotation-place-{number}", "a")[:1]))
        for number in range(MOST_ANNOTATIONS + 1)
        if (kind := given(f"annotation-{number}"))
    ]
    return ColumnDraft(
        name=given("name"),
        primary=given("primary"),
        secondary=given("secondary"),
        filter=given("filter"),
        truncate=given("truncate") or "wrap",
        annotations=moved(annotations, Verb.of(data), "annotation"),
        marks=posted_marks(data),
    )


def stored_column(column: QueueColumn) -> ColumnDraft:
    """Give the draft that a stored column was made from."""
    row = column_row(column)
    places = [(kind, place if place in PLACES else "a") for kind, place in row.annotations]
    return ColumnDraft(
        column.name, row.primary, row.secondary, row.filter, column.truncate or "wrap", places, row.conditions
    )


def column_form(draft: ColumnDraft, context: CriteriaContext, verb: Verb) -> ColumnForm:
    """Give the form of a column."""
    known = dict(showable_fields())
    kinds = {name: str(kind.label) for name, kind in KINDS.items()}
    places = {key: str(name) for key, name in PLACES.items()}
    rows = [
        AnnotationInput(number, options(kinds, kind), options(places, place), kind)
        for number, (kind, place) in enumerate(draft.annotations)
    ]
    if len(rows) < MOST_ANNOTATIONS:
        rows.append(AnnotationInput(len(rows), options(kinds, ""), options(places, "a")))
    return ColumnForm(
        draft=draft,
        primaries=options(known, draft.primary),
        secondaries=options(known, draft.secondary),
        filters=options({key: str(_LINK_NAMES[key]) for key in LINKS}, draft.filter),
        filter_note=why_idle(draft.filter, draft.primary, draft.secondary) if draft.primary else "",
        truncations=options({key: str(_TRUNCATION_NAMES[key]) for key in TRUNCATIONS}, draft.truncate),
        annotations=rows,
        marks=mark_inputs(draft.marks, context, verb),
    )


def column_of(draft: ColumnDraft) -> QueueColumn:
    """Give the row that a draft would be, unsaved, to look at."""
    return QueueColumn(
        name=draft.name or _("Column"),
        primary=draft.primary,
        secondary=draft.secondary,
        filter=draft.filter,
        truncate=draft.truncate,
        annotations=[{"c": kind, "p": place} for kind, place in draft.annotations],
        conditions=[mark.as_json() for mark in draft.marks],
    )


# --- Orders -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PathInput:
    """The inputs of one field to sort by."""

    number: int
    paths: Sequence[Option]
    is_descending: bool = False
    path: str = ""


@dataclass(frozen=True)
class SortForm:
    """What the page of an order shows."""

    draft: SortDraft
    paths: Sequence[PathInput]


def posted_sort(data: QueryDict) -> SortDraft:
    """Read the draft of an order from a posted form."""
    paths = [
        (number, f"-{path}" if data.get(f"direction-{number}") == "down" else path)
        for number in range(MOST_PATHS + 1)
        if (path := data.get(f"path-{number}", "").replace("\0", "")[:80])
    ]
    return SortDraft(data.get("name", "").replace("\0", "")[:200], moved(paths, Verb.of(data), "path"))


def stored_sort(sort: QueueSort) -> SortDraft:
    """Give the draft that a stored order was made from."""
    columns = sort.columns if isinstance(sort.columns, list) else []
    return SortDraft(sort.name, [path for path in columns if isinstance(path, str)])


def sort_form(draft: SortDraft) -> SortForm:
    """Give the form of an order."""
    known = sortable_fields()
    rows = []
    for number, path in enumerate(draft.paths):
        name = path.removeprefix("-")
        rows.append(PathInput(number, options(known, name), path.startswith("-"), name))
    blank = PathInput(len(rows), options(known, ""))
    return SortForm(draft, [*rows, blank] if len(rows) < MOST_PATHS else rows)


def sortable_fields() -> dict[str, str]:
    """Give path and name of everything that tickets can be sorted by, by name."""
    paths = [*DATE_COLUMNS, *(field.path for field in offered_fields())]
    fields = (field_of(path) for path in dict.fromkeys(paths) if is_sortable(path))
    return dict(sorted(((one.path, str(one.label)) for one in fields if one is not None), key=lambda one: one[1]))


def without_stray(draft: SortDraft) -> SortDraft:
    """Give an order without the fields that cannot be sorted by, to look at."""
    return replace(draft, paths=[path for path in draft.paths if is_sortable(path.removeprefix("-"))])

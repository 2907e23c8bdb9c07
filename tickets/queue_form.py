"""The form of a queue or saved search: its values as they were posted, or as they are stored."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from helpdesk.legacy.ids import id_in
from helpdesk.people.access import AgentAccess
from tickets.constants import QueueFlag
from tickets.criteria import CriteriaContext, Criterion, parse_criteria
from tickets.criteria_rows import CriterionRow, Option, criteria_from, offered_fields, row_of, rows_of
from tickets.models import Queue, QueueColumn
from tickets.queue_export import export_columns, exportable_fields
from tickets.queue_inputs import (
    NO_VERB,
    ColumnInput,
    ExportInput,
    MarkInput,
    Verb,
    column_inputs,
    export_inputs,
    mark_inputs,
    placed,
    posted_columns,
    posted_export,
    posted_marks,
)
from tickets.queues import STANDARD_COLUMNS, children_of, definition_of
from tickets.quick_filters import INHERITED, filter_field
from tickets.reference_data import (
    ColumnRow,
    QueueRow,
    QueueTables,
    column_row,
    queue_exports,
    queue_tables,
    style_conditions,
)
from tickets.services.queue_parts import PlacedColumn
from tickets.services.queues import NEWEST_FIRST, QueueDraft

PERSONAL, SHARED, QUEUE = "personal", "shared", "queue"
_MOMENTS = frozenset({"created", "updated"})


@dataclass(frozen=True)
class QueueForm:
    """What the page shows: the draft, and the choices of each field."""

    draft: QueueDraft
    rows: list[CriterionRow]
    kinds: list[Option]
    parents: list[Option]
    sorts: list[Option]
    offered_sorts: list[Option]
    filters: list[Option]
    columns: list[ColumnInput]
    exports: list[ExportInput]
    marks: list[MarkInput]
    has_parent: bool


def posted_draft(data: QueryDict, access: AgentAccess) -> QueueDraft:
    """Read the draft from a posted form."""
    kind = data.get("kind", PERSONAL) if access.agent.isadmin else PERSONAL
    draft = QueueDraft(
        title=data.get("title", "").replace("\0", "")[:200],
        criteria=criteria_from(data),
        is_queue=kind == QUEUE,
        is_shared=kind == SHARED,
        is_enabled=data.get("disabled") != "1",
        parent_id=id_in(data.get("parent", "")),
        sort_id=id_in(data.get("sort_id", "")),
        filter=data.get("filter", "")[:64],
        columns=posted_columns(data),
        sort=id_in(data.get("place", "")) or 0,
        sort_ids=[number for text in data.getlist("sorts") if (number := id_in(text))],
        export=posted_export(data),
        marks=posted_marks(data),
    )
    return _with_own_rows(draft, Verb.of(data))


def _with_own_rows(draft: QueueDraft, verb: Verb) -> QueueDraft:
    """Begin with what the queue would inherit where its own columns or fields are asked for; or go back to that."""
    if verb.what == "inherit":
        return replace(draft, columns=[]) if verb.kind == "column" else replace(draft, export=[])
    if verb.what != "own":
        return draft
    tables = queue_tables()
    parent = parent_row(draft, tables)
    if verb.kind == "column" and not draft.columns:
        inherited = definition_of(parent, tables).columns if parent is not None else ()
        return replace(draft, columns=placed(inherited) or standard_places())
    if verb.kind == "export" and not draft.export:
        inherited_fields = export_columns(parent.id) if parent is not None else export_columns(0)
        return replace(draft, export=[(one.path, one.heading) for one in inherited_fields])
    return draft


def parent_row(draft: QueueDraft, tables: QueueTables) -> QueueRow | None:
    """Give the queue above a draft; None for none, and for what cannot be one: searches of somebody else, too."""
    row = tables.queues.get(draft.parent_id or 0)
    return row if row is not None and row.flags & QueueFlag.PUBLIC else None


def standard_places() -> list[PlacedColumn]:
    """Give the columns that show what the built-in ones do, as far as there are such."""
    rows = {column.primary: column.pk for column in QueueColumn.objects.order_by("-id")}
    known = [(rows.get(one.primary), one) for one in STANDARD_COLUMNS]
    return [PlacedColumn(pk, one.heading, one.width) for pk, one in known if pk]


def stored_draft(queue: Queue) -> QueueDraft:
    """Give the draft that a stored queue was made from."""
    tables = queue_tables()
    row = tables.queues.get(queue.pk)
    inherited = queue.flags if queue.parent_id in tables.queues else QueueFlag(0)
    default_sort = queue.default_sort_id or NEWEST_FIRST
    return QueueDraft(
        title=html.unescape(queue.title or ""),
        criteria=parse_criteria(queue.config),
        is_queue=bool(queue.flags & QueueFlag.QUEUE),
        is_shared=bool(queue.flags & QueueFlag.PUBLIC) and not queue.flags & QueueFlag.QUEUE,
        is_enabled=not queue.flags & QueueFlag.DISABLED,
        parent_id=queue.parent_id,
        sort_id=None if inherited & QueueFlag.INHERIT_DEFAULT_SORT else default_sort,
        filter=queue.filter or "",
        columns=placed(row.columns) if row and not inherited & QueueFlag.INHERIT_COLUMNS else [],
        sort=queue.sort,
        sort_ids=list(row.sort_choices) if row and not inherited & QueueFlag.INHERIT_SORTING else [],
        export=queue_exports().get(queue.pk, ()) if not inherited & QueueFlag.INHERIT_EXPORT else [],
        marks=style_conditions(queue.config.get("conditions") if isinstance(queue.config, dict) else None),
    )


def stored_parts(queue: Queue) -> list[Any]:
    """Give everything that the form of a queue shows and changes, as the tables hold it at this moment."""
    of_all = queue.column_placements.filter(staff_id=0)
    return [
        [getattr(queue, field.attname) for field in Queue._meta.concrete_fields if field.name not in _MOMENTS],
        list(of_all.order_by("sort", "column_id").values_list("column_id", "heading", "width", "bits")),
        list(queue.sort_choices.order_by("sort", "queue_sort_id").values_list("queue_sort_id")),
        list(queue.export_fields.order_by("sort", "id").values_list("path", "heading")),
    ]


def queue_form(
    draft: QueueDraft, access: AgentAccess, context: CriteriaContext, *, own_id: int | None, verb: Verb = NO_VERB
) -> QueueForm:
    """Give the form of a draft; `own_id` is the queue itself, which cannot be its own parent.

    `verb` is the button that led to it, if any.
    """
    tables = queue_tables()
    kind = QUEUE if draft.is_queue else SHARED if draft.is_shared else PERSONAL
    kinds = {PERSONAL: _("My search"), SHARED: _("Search for everybody"), QUEUE: _("Queue for everybody")}
    sorts = {row.id: row.name for row in tables.named_sorts.values()}
    defaults = {NEWEST_FIRST: _("The newest first"), **sorts}
    rows = rows_of(draft.criteria, context) or [row_of(0, Criterion("", ""), context)]
    return QueueForm(
        draft=draft,
        rows=rows,
        kinds=[
            Option(value, label, value == kind)
            for value, label in kinds.items()
            if access.agent.isadmin or value == PERSONAL
        ],
        parents=_parents(tables, draft.parent_id, own_id),
        sorts=_options(defaults, draft.sort_id),
        offered_sorts=[Option(str(pk), name, pk in draft.sort_ids) for pk, name in sorts.items()],
        filters=_filters(draft.filter),
        columns=column_inputs(column_names(), draft.columns) if draft.columns else [],
        exports=export_inputs(dict(exportable_fields()), draft.export) if draft.export else [],
        marks=mark_inputs(draft.marks, context, verb),
        has_parent=draft.parent_id is not None,
    )


def placed_rows(columns: Sequence[PlacedColumn]) -> tuple[ColumnRow, ...]:
    """Give the columns of a draft as a list shows them; those that do not exist are left out."""
    rows = QueueColumn.objects.in_bulk([one.column_id for one in columns])
    return tuple(
        column_row(rows[one.column_id], heading=one.heading, width=one.width, bits=int(one.is_sortable))
        for one in columns
        if one.column_id in rows
    )


def column_names() -> dict[int, str]:
    """Give the names of all columns by id."""
    return {column.pk: column.name for column in QueueColumn.objects.order_by("name", "id")}


def _options(names: dict[Any, str], chosen: int | None) -> list[Option]:
    return [Option(str(pk), name, pk == chosen) for pk, name in names.items()]


def _parents(tables: QueueTables, chosen: int | None, own_id: int | None) -> list[Option]:
    found: list[Option] = []

    def add(parent_id: int | None, depth: int) -> None:
        for row in children_of(parent_id, tables):
            if row.flags & QueueFlag.PUBLIC and row.id != own_id and depth < 4:
                found.append(Option(str(row.id), f"{'· ' * depth}{row.title}", row.id == chosen))
                add(row.id, depth + 1)

    add(None, 0)
    return found


def _filters(chosen: str) -> list[Option]:
    fields = [field for field in offered_fields() if filter_field(field.path) is not None]
    options = [Option(INHERITED, _("As in the queue above"), chosen == INHERITED)]
    return [*options, *(Option(field.path, str(field.label), field.path == chosen) for field in fields)]

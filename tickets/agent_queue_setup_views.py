"""What queues are put together from, for administrators: all queues at a glance, columns, orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.audit.meanwhile import Guard
from helpdesk.legacy.errors import DomainError
from tickets.agent_pages import status_of
from tickets.constants import QueueFlag
from tickets.criteria import CriteriaContext, field_of
from tickets.criteria_checks import malformed_problems, problems
from tickets.field_values import SUBJECT
from tickets.models import QueueColumn, QueueColumnPlacement, QueueSort
from tickets.navigation import context_for
from tickets.queue_export import export_problems
from tickets.queue_inputs import Verb
from tickets.queue_page import column_problems, queue_page
from tickets.queue_part_inputs import (
    column_form,
    column_of,
    posted_column,
    posted_sort,
    sort_form,
    stored_column,
    stored_sort,
    without_stray,
)
from tickets.queues import STANDARD_COLUMNS, QueueDefinition, children_of, definition_of
from tickets.reference_data import QueueTables, column_row, queue_tables
from tickets.screens import QueuePage
from tickets.services.queue_columns import ColumnDraft, SortDraft, delete_column, delete_sort, store_column, store_sort
from tickets.sorting import DEFAULT_PATHS

P = ParamSpec("P")
PREVIEWED = 8
"""Tickets that a preview shows."""


@dataclass(frozen=True)
class ListedQueue:
    """A queue among all of them."""

    id: int
    title: str
    depth: int
    is_search: bool
    is_hidden: bool
    problems: Sequence[str] = ()


def administrators_only(
    view: Callable[Concatenate[AgentRequest, P], HttpResponse],
) -> Callable[Concatenate[AgentRequest, P], HttpResponse]:
    """Refuse other agents."""

    @wraps(view)
    def guarded(request: AgentRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.agent.isadmin:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@agent_required
@never_cache
@require_safe
@administrators_only
def setup(request: AgentRequest) -> HttpResponse:
    """Show all queues, the hidden ones too, with the columns and orders that there are."""
    tables = queue_tables()
    used = dict.fromkeys(QueueColumnPlacement.objects.values_list("column_id", flat=True), True)
    columns = [
        (column, column.pk in used, [_label(path) for path in (column.primary, column.secondary) if path])
        for column in QueueColumn.objects.order_by("name", "id")
    ]
    sorts = [(row, [_label(path) for path in row.paths]) for row in tables.named_sorts.values()]
    criteria_context = context_for(request.access, timezone.now())
    context = {"queues": _listed(tables, criteria_context), "columns": columns, "sorts": sorts}
    return render(request, "tickets/agent/queue_setup.html", context)


@agent_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def column(request: AgentRequest, column_id: int | None = None) -> HttpResponse:
    """Make a column, or show, change and delete one."""
    stored = get_object_or_404(QueueColumn, pk=column_id) if column_id else None
    guard = Guard(request.POST, stored, stored_column)
    if request.method != "POST":
        return _show_column(request, stored, stored_column(stored) if stored else ColumnDraft("", ""), guard)
    draft, refusal = posted_column(request.POST), None
    try:
        if stored is not None and "delete" in request.POST:
            delete_column(stored, actor=request.actor)
            messages.success(request, _("“%(title)s” was deleted.") % {"title": stored.name})
            return redirect("agent:queue_setup")
        if not {"do", "preview"} & set(request.POST):
            with guard.saving():
                saved = store_column(draft, actor=request.actor, column=stored)
            messages.success(request, _("“%(title)s” is saved.") % {"title": saved.name})
            return redirect("agent:queue_setup")
    except DomainError as error:
        refusal = error
    return _show_column(request, stored, draft, guard, refusal)


@agent_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def order(request: AgentRequest, sort_id: int | None = None) -> HttpResponse:
    """Make an order, or show, change and delete one."""
    stored = get_object_or_404(QueueSort, pk=sort_id) if sort_id else None
    guard = Guard(request.POST, stored, stored_sort)
    if request.method != "POST":
        return _show_order(request, stored, stored_sort(stored) if stored else SortDraft("", []), guard)
    draft, refusal = posted_sort(request.POST), None
    try:
        if stored is not None and "delete" in request.POST:
            delete_sort(stored, actor=request.actor)
            messages.success(request, _("“%(title)s” was deleted.") % {"title": stored.name})
            return redirect("agent:queue_setup")
        if not {"do", "preview"} & set(request.POST):
            with guard.saving():
                saved = store_sort(draft, actor=request.actor, sort=stored)
            messages.success(request, _("“%(title)s” is saved.") % {"title": saved.name})
            return redirect("agent:queue_setup")
    except DomainError as error:
        refusal = error
    return _show_order(request, stored, draft, guard, refusal)


# --- Showing ----------------------------------------------------------------------------------------------------------


def _label(path: str) -> str:
    """Give the name of a field, with an arrow where it is sorted by."""
    name = path.removeprefix("-")
    known = field_of(name)
    label = str(known.label) if known is not None else name
    return f"{label} ↓" if path.startswith("-") else label


def _listed(tables: QueueTables, context: CriteriaContext) -> list[ListedQueue]:
    found: list[ListedQueue] = []

    def add(parent_id: int | None, depth: int) -> None:
        for row in children_of(parent_id, tables):
            is_queue = bool(row.flags & QueueFlag.QUEUE)
            if is_queue or row.flags & QueueFlag.PUBLIC:
                is_hidden = bool(row.flags & QueueFlag.DISABLED)
                definition = definition_of(row, tables)
                shown = [*column_problems(definition.columns), *export_problems(row.id)]
                of_criteria = [*malformed_problems(definition.malformed), *problems(definition.criteria, context)]
                faults = list(dict.fromkeys([*of_criteria, *shown]))
                found.append(ListedQueue(row.id, row.title, depth, not is_queue, is_hidden, faults))
                add(row.id, min(depth + 1, 3))

    add(None, 0)
    return found


def _show_column(
    request: AgentRequest,
    stored: QueueColumn | None,
    draft: ColumnDraft,
    guard: Guard[QueueColumn],
    refusal: DomainError | None = None,
) -> HttpResponse:
    criteria_context = context_for(request.access, timezone.now())
    shown = column_row(column_of(draft))
    others = [one for one in STANDARD_COLUMNS if one.primary in {"number", SUBJECT} and one.primary != draft.primary]
    preview = _preview(request, columns=(*others, shown)) if draft.primary else None
    form = column_form(draft, criteria_context, Verb.of(request.POST))
    context = {"stored": stored, "guard": guard, "form": form}
    return _show(request, "tickets/agent/queue_column.html", context, preview, refusal)


def _show_order(
    request: AgentRequest,
    stored: QueueSort | None,
    draft: SortDraft,
    guard: Guard[QueueSort],
    refusal: DomainError | None = None,
) -> HttpResponse:
    paths = tuple(without_stray(draft).paths)
    standard = {one.primary: one for one in STANDARD_COLUMNS}
    columns = [
        standard.get(path) or column_row(QueueColumn(name=name, primary=path), width=150)
        for path, name in {**dict.fromkeys(("number", SUBJECT), ""), **dict(_shown_paths(draft))}.items()
    ]
    preview = _preview(request, columns=tuple(columns), sort_paths=paths or DEFAULT_PATHS)
    context = {"stored": stored, "guard": guard, "form": sort_form(draft)}
    return _show(request, "tickets/agent/queue_order.html", context, preview, refusal)


def _shown_paths(draft: SortDraft) -> list[tuple[str, str]]:
    """Give path and name of the fields that an order sorts by."""
    rows = sort_form(without_stray(draft)).paths
    return [(row.path, option.label) for row in rows for option in row.paths if row.path and option.is_chosen]


def _preview(request: AgentRequest, **changes: Any) -> QueuePage | None:
    """Give the first tickets of the first queue with other columns or in another order."""
    tables = queue_tables()
    rows = [row for row in children_of(None, tables) if row.flags & QueueFlag.QUEUE]
    if not rows:
        return None
    definition: QueueDefinition = replace(definition_of(rows[0], tables), id=0, conditions=(), **changes)
    return queue_page(request.access, definition, now=timezone.now()).first(PREVIEWED)


def _show(
    request: AgentRequest,
    template: str,
    context: dict[str, Any],
    preview: QueuePage | None,
    refusal: DomainError | None,
) -> HttpResponse:
    context |= {
        "refusal": refusal,
        "previewed": preview is not None,
        "preview_page": preview,
        "preview_number": None,
    }
    return render(request, template, context, status=status_of(refusal) if refusal else 200)

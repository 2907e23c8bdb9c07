"""Making, changing and deleting queues and saved searches; arranging a queue for oneself; downloading it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk import configuration
from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.audit.meanwhile import Guard
from helpdesk.exports.responses import ExportFormat, export_response
from helpdesk.legacy.errors import DomainError, NotFound
from helpdesk.legacy.ids import id_in
from tickets.agent_pages import not_found_is_404, status_of
from tickets.criteria import Criterion, parse_criteria
from tickets.criteria_checks import problems
from tickets.list_options import ListOptions
from tickets.models import Queue
from tickets.navigation import context_for
from tickets.queue_counts import MOST_COUNTED, bounded_count
from tickets.queue_export import file_name, queue_table
from tickets.queue_form import (
    QUEUE,
    column_names,
    parent_row,
    placed_rows,
    posted_draft,
    queue_form,
    standard_places,
    stored_draft,
    stored_parts,
)
from tickets.queue_inputs import NO_VERB, Verb, column_inputs, placed, posted_columns
from tickets.queue_page import queue_page
from tickets.queues import STANDARD_COLUMNS, SUPPLEMENTAL, QueueDefinition, definition_of, is_inherited, queue_for
from tickets.quick_filters import filter_field
from tickets.reference_data import queue_preferences, queue_tables
from tickets.search.language import LONGEST_TEXT, read_query
from tickets.search.page import criteria_in, search_definition
from tickets.services.queues import (
    QueueDraft,
    change_queue,
    create_queue,
    delete_queue,
    may_change_queue,
    set_preference,
)
from tickets.sorting import DEFAULT_PATHS

_ANSWERS = {"set": "1", "nset": "0", "assigned": "1", "!assigned": "0"}
PREVIEWED = 8
"""Tickets that a preview shows."""


@agent_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@not_found_is_404
def new_queue(request: AgentRequest) -> HttpResponse:
    """Make a saved search or queue; `q` and `c` carry what was searched for, `kind` what it is to be."""
    if request.method == "POST":
        draft = posted_draft(request.POST, request.access)
        return _store(request, draft, None)
    context = context_for(request.access, timezone.now())
    typed = read_query(request.GET.get("q", "")[:LONGEST_TEXT], context)
    criteria = [*criteria_in(request.GET.get("c", "")), *typed.criteria]
    is_queue = request.access.agent.isadmin and request.GET.get("kind") == QUEUE
    draft = QueueDraft(title="", criteria=criteria, is_queue=is_queue)
    return _show(request, draft, None, Guard({}, None, stored_parts))


@agent_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@not_found_is_404
def edit_queue(request: AgentRequest, queue_id: int) -> HttpResponse:
    """Change a saved search or queue."""
    queue = _changeable(request, queue_id)
    if request.method == "POST":
        return _store(request, posted_draft(request.POST, request.access), queue)
    return _show(request, stored_draft(queue), queue, Guard({}, queue, stored_parts))


@agent_required
@require_POST
@not_found_is_404
def remove_queue(request: AgentRequest, queue_id: int) -> HttpResponse:
    """Delete a saved search or queue."""
    queue = _changeable(request, queue_id)
    title = stored_draft(queue).title
    delete_queue(queue, actor=request.actor)
    messages.success(request, _("“%(title)s” was deleted.") % {"title": title})
    return redirect("agent:index")


@agent_required
@never_cache
@require_POST
def preview(request: AgentRequest) -> HttpResponse:
    """Show what a queue would list, without saving it."""
    draft = posted_draft(request.POST, request.access)
    return render(request, "tickets/agent/_queue_preview.html", _preview(request, draft))


@agent_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@not_found_is_404
def arrange_queue(request: AgentRequest, queue_id: int) -> HttpResponse:
    """Choose columns, order, quick filter and a few more conditions of a queue, for oneself alone."""
    definition = queue_for(request.access, queue_id)
    queue = Queue.objects.get(pk=queue_id)
    if request.method == "POST" and "do" not in request.POST:
        try:
            set_preference(queue, actor=request.actor, **_posted_preference(request))
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return _show_arrangement(request, queue, definition, status=status_of(refusal))
        messages.success(request, _("Your arrangement of “%(title)s” is saved.") % {"title": definition.title})
        return redirect("agent:queue", queue_id)
    return _show_arrangement(request, queue, definition)


@agent_required
@require_safe
@not_found_is_404
def export_queue(request: AgentRequest, queue_id: int, export_format: str) -> HttpResponseBase:
    """Give all tickets of a queue that the agent sees as a table."""
    queue, now = queue_for(request.access, queue_id), timezone.now()
    zone = context_for(request.access, now).zone
    table = queue_table(request.access, queue, now=now, zone=zone, options=ListOptions.of_request(request.GET))
    return export_response(table, ExportFormat(export_format), name=file_name(queue, now=now, zone=zone))


# --- Editing ----------------------------------------------------------------------------------------------------------


def _changeable(request: AgentRequest, queue_id: int) -> Queue:
    """Give a queue that the agent may change; NotFound for the others alike."""
    queue = Queue.objects.filter(pk=queue_id).first()
    if queue is None or not may_change_queue(request.actor, queue):
        raise NotFound(_("No such queue."), code="queue_not_found")
    return queue


def _store(request: AgentRequest, draft: QueueDraft, queue: Queue | None) -> HttpResponse:
    guard = Guard(request.POST, queue, stored_parts)
    if "preview" in request.POST or "do" in request.POST:
        return _show(request, draft, queue, guard, previewed=True, verb=Verb.of(request.POST))
    try:
        with guard.saving():
            if queue is None:
                stored = create_queue(draft, actor=request.actor)
            else:
                stored = change_queue(queue, draft, actor=request.actor)
    except DomainError as refusal:
        return _show(request, draft, queue, guard, refusal=refusal)
    messages.success(request, _("“%(title)s” is saved.") % {"title": draft.title})
    return redirect("agent:queue", stored.pk)


def _show(
    request: AgentRequest,
    draft: QueueDraft,
    queue: Queue | None,
    guard: Guard[Queue],
    *,
    refusal: DomainError | None = None,
    previewed: bool = False,
    verb: Verb = NO_VERB,
) -> HttpResponse:
    context_of_criteria = context_for(request.access, timezone.now())
    form = queue_form(draft, request.access, context_of_criteria, own_id=queue.pk if queue else None, verb=verb)
    context: dict[str, Any] = {
        "form": form,
        "queue": queue,
        "guard": guard,
        "refusal": refusal,
        "is_admin": request.agent.isadmin,
        "below_count": Queue.objects.filter(parent=queue).count() if queue else 0,
        "is_first": queue is not None and configuration.current().integer("default_ticket_queue") == queue.pk,
        **(_preview(request, draft) if draft.criteria or previewed else {}),
    }
    status = 200 if refusal is None else status_of(refusal)
    return render(request, "tickets/agent/queue_form.html", context, status=status)


def _preview(request: AgentRequest, draft: QueueDraft) -> dict[str, Any]:
    """Give the first tickets of a draft with its columns, their number, and what is wrong with its conditions."""
    now = timezone.now()
    context = context_for(request.access, now)
    definition = _definition(request, draft)
    faults = problems(definition.criteria, context)
    if not definition.criteria:
        return {"previewed": True, "preview_problems": faults}
    page = queue_page(request.access, definition, now=now, context=context).first(PREVIEWED)
    number = bounded_count(definition, request.access, context)
    return {
        "previewed": True,
        "preview_problems": faults,
        "preview_page": page,
        "preview_number": min(number, MOST_COUNTED) if number is not None else None,
        "preview_has_more": number is not None and number > MOST_COUNTED,
    }


def _definition(request: AgentRequest, draft: QueueDraft) -> QueueDefinition:
    """Give the queue that a draft would be, with what it inherits."""
    tables = queue_tables()
    parent = parent_row(draft, tables)
    above = definition_of(parent, tables) if parent is not None else None
    found = search_definition(request.access, [*(above.criteria if above else ()), *draft.criteria])
    inherited_sort = above.sort_paths if above and draft.sort_id is None else DEFAULT_PATHS
    return replace(
        found,
        is_queue=draft.is_queue,
        columns=placed_rows(draft.columns) or (above.columns if above else STANDARD_COLUMNS),
        sort_paths=tables.sorts.get(draft.sort_id or 0) or inherited_sort,
        conditions=tuple(draft.marks),
    )


# --- Arranging --------------------------------------------------------------------------------------------------------


def _posted_preference(request: AgentRequest) -> dict[str, Any]:
    if "reset" in request.POST:
        return {"sort_id": None, "quick_filter": "", "criteria": [], "columns": []}
    data = request.POST
    methods = {"1": "set", "0": "nset"}
    assigned = {"1": "assigned", "0": "!assigned"}
    return {
        "sort_id": id_in(data.get("sort_id", "")),
        "quick_filter": data.get("filter", "")[:64],
        "criteria": [
            Criterion(path, (assigned if path == "isassigned" else methods)[data.get(f"only-{path}", "")])
            for path in SUPPLEMENTAL
            if data.get(f"only-{path}", "") in methods
        ],
        "columns": posted_columns(data),
    }


def _show_arrangement(
    request: AgentRequest, queue: Queue, definition: QueueDefinition, *, status: int = 200
) -> HttpResponse:
    tables = queue_tables()
    setting: Any = queue_preferences().get((queue.pk, request.agent.pk))
    setting = setting if isinstance(setting, dict) else {}
    chosen_sort = None if is_inherited(setting, "sort") else id_in(str(setting.get("sort_id") or ""))
    more = {criterion.path: criterion.method for criterion in parse_criteria(setting.get("criteria"))}
    used = {criterion.path for criterion in definition.criteria}
    labels = {"isoverdue": _("Overdue"), "isassigned": _("Assigned"), "isanswered": _("Answered")}
    shown = placed(definition.columns) or standard_places()
    columns = posted_columns(request.POST) if "do" in request.POST else shown
    chosen_filter = str(setting.get("filter") or "")
    if "do" in request.POST:
        posted = _posted_preference(request)
        chosen_sort, chosen_filter = posted["sort_id"], posted["quick_filter"]
        more = {criterion.path: criterion.method for criterion in posted["criteria"]}
    form = queue_form(
        QueueDraft(title="", criteria=(), filter=chosen_filter),
        request.access,
        context_for(request.access, timezone.now()),
        own_id=queue.pk,
    )
    context = {
        "queue": queue,
        "definition": definition,
        "sorts": [(row.id, row.name, row.id == chosen_sort) for row in tables.named_sorts.values()],
        "filters": [option for option in form.filters if filter_field(option.value) is not None],
        "columns": column_inputs(column_names(), columns),
        "extras": [
            (
                path,
                labels[path],
                _ANSWERS.get(more.get(path, ""), ""),
            )
            for path in SUPPLEMENTAL
            if path not in used
        ],
    }
    return render(request, "tickets/agent/arrange_queue.html", context, status=status)

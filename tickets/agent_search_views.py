"""The search page, what the search box offers while one types, and the numbers beside the queues."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.exports.responses import ExportFormat, export_response
from helpdesk.legacy.errors import NotFound
from helpdesk.legacy.ids import id_in
from tickets.agent_actions.registry import bulk_bar
from tickets.agent_pages import not_found_is_404, wants_part
from tickets.criteria import Criterion
from tickets.criteria_rows import CONDITION, MARK, criteria_from, criterion_at, describe, prefixes, row_of, rows_of
from tickets.list_options import RELEVANCE, ListOptions
from tickets.lookup import ticket_id_by_number
from tickets.navigation import context_for, navigation_for
from tickets.people_search import people
from tickets.queue_export import file_name, queue_table
from tickets.search.language import LONGEST_TEXT
from tickets.search.page import criteria_in, criteria_text, search_definition, search_page
from tickets.search.suggestions import MOST, people_ids, suggest_tickets

TEXT, CRITERIA = "q", "c"
"""Parameters: what was typed, what was chosen field by field (JSON)."""


EXAMPLES = (
    ("printer toner", gettext_lazy("both words")),
    ('"exact words"', gettext_lazy("these words side by side")),
    ("print*", gettext_lazy("words that begin so")),
    ("-fax", gettext_lazy("not this word")),
    ("from:ada@acme.test", gettext_lazy("of this requester; from:ada finds names")),
    ("status:open dept:support", gettext_lazy("open, in the department whose name begins so")),
    ("assignee:me", gettext_lazy("also none, my-teams, or a name")),
    ("is:overdue is:unanswered", gettext_lazy("also answered, assigned, unassigned, merged, linked")),
    ("created:<7d", gettext_lazy("in the last seven days; >2w is longer ago than two weeks")),
    ("closed:2026-05-01..2026-05-14", gettext_lazy("between two days; also >2026-05-01, today, last-month")),
    ("due:<2d", gettext_lazy("due within two days")),
    ("priority:high topic:billing source:email", gettext_lazy("by name")),
    ("subject:invoice number:123456", gettext_lazy("in the subject; with this number")),
    ("has:attachments", gettext_lazy("also collaborators, tasks")),
)


@agent_required
@never_cache
@require_safe
@not_found_is_404
def search(request: AgentRequest) -> HttpResponse:
    """Show what was found; a ticket number alone leads to its ticket."""
    text = _text(request)
    criteria = criteria_in(request.GET.get(CRITERIA, ""))
    now, options = timezone.now(), ListOptions.of_request(request.GET)
    if text and not criteria and (ticket_id := _ticket_named(request, text)):
        return redirect("agent:ticket", ticket_id)
    found = search_page(
        request.access,
        text,
        criteria,
        now=now,
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        options=options,
    )
    own = {TEXT: text, CRITERIA: criteria_text(criteria)}
    page = found.page
    if page is not None:
        page = page.with_parameters(options.query(**own))
    context = {
        "search": found,
        "queue_page": page,
        "bulk_bar": bulk_bar(request.access),
        "conditions": [describe(criterion) for criterion in criteria],
        "text": text,
        "criteria_text": own[CRITERIA],
        "newest_url": f"?{urlencode({key: value for key, value in own.items() if value})}",
        "best_url": f"?{urlencode({**{key: value for key, value in own.items() if value}, 'sort': RELEVANCE})}",
        "list_actions": _list_actions(own) if page is not None else [],
        "kept_parameters": [(key, value) for key, value in own.items() if value],
        "search_examples": EXAMPLES,
    }
    template = "tickets/agent/_search_results.html" if wants_part(request) else "tickets/agent/search.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _list_actions(own: dict[str, str]) -> list[dict[str, str]]:
    query = urlencode({key: value for key, value in own.items() if value})
    return [
        {"label": _("Save this search"), "icon": "bookmark", "url": f"{reverse('agent:new_queue')}?{query}"},
        {"label": "CSV", "icon": "download", "url": f"{reverse('agent:search_export', args=['csv'])}?{query}"},
        {"label": "XLSX", "icon": "download", "url": f"{reverse('agent:search_export', args=['xlsx'])}?{query}"},
    ]


@agent_required
@never_cache
@require_safe
def advanced(request: AgentRequest) -> HttpResponse:
    """Show the form that asks field by field; sent, it leads to the results."""
    context = context_for(request.access, timezone.now())
    text = _text(request)
    if "find" in request.GET:
        chosen = [criterion for criterion in criteria_from(request.GET) if criterion.path]
        query = {TEXT: text, CRITERIA: criteria_text(chosen)}
        return redirect(f"{reverse('agent:search')}?{urlencode({key: value for key, value in query.items() if value})}")
    criteria = criteria_in(request.GET.get(CRITERIA, "")) or criteria_from(request.GET)
    rows = rows_of(criteria, context) or [row_of(0, Criterion("status__state", "includes"), context)]
    return render(request, "tickets/agent/advanced_search.html", {"rows": rows, "text": text})


@agent_required
@require_safe
def criterion_row(request: AgentRequest) -> HttpResponse:
    """Draw a row of conditions for what was chosen in it, or a new one (`new`)."""
    if "remove" in request.GET:
        return HttpResponse("")
    if "new" in request.GET:  # a number that no row of the form has
        prefix, criterion = f"{CONDITION}-{1000 + secrets.randbelow(9000)}", Criterion("", "")
    else:
        posted = [*prefixes(request.GET, CONDITION), *prefixes(request.GET, MARK)]
        prefix = posted[0] if posted else f"{CONDITION}-0"
        criterion = criterion_at(prefix, request.GET)
    letter, _dash, number = prefix.partition("-")
    row = row_of(int(number), criterion, context_for(request.access, timezone.now()), letter)
    return render(request, "tickets/agent/_criterion_row.html", {"row": row})


@agent_required
@require_safe
def suggest(request: AgentRequest) -> HttpResponse:
    """Offer tickets whose number and people whose name or address begins so."""
    text = _text(request)[:100]
    tickets = suggest_tickets(request.access, text)
    found = people(people_ids(text, most=MOST)) if len(tickets) < MOST else []
    return render(request, "tickets/agent/_suggestions.html", {"tickets": tickets, "people": found, "text": text})


@agent_required
@require_safe
@not_found_is_404
def export_search(request: AgentRequest, export_format: str) -> HttpResponseBase:
    """Give everything that a search finds as a table."""
    now = timezone.now()
    context = context_for(request.access, now)
    text, criteria = _text(request), criteria_in(request.GET.get(CRITERIA, ""))
    found = search_page(request.access, text, criteria, now=now)
    if not found.all_criteria:
        raise NotFound(_("There is nothing to search for."), code="search_empty")
    queue = search_definition(request.access, found.all_criteria)
    options = ListOptions.of_request(request.GET)
    table = queue_table(request.access, queue, now=now, zone=context.zone, options=options)
    return export_response(table, ExportFormat(export_format), name=file_name(queue, now=now, zone=context.zone))


@agent_required
@never_cache
@require_safe
def queue_navigation(request: AgentRequest) -> HttpResponse:
    """Draw the queues with all their numbers, or with those alone that open tickets tell (`part=open`), which are soon
    there."""
    is_complete = request.GET.get("part") != "open"
    context = {
        "navigation": navigation_for(request.access, now=timezone.now(), is_complete=is_complete),
        "current_queue_id": id_in(request.GET.get("queue", "")),
    }
    return render(request, "components/queue_navigation.html", context)


def _text(request: AgentRequest) -> str:
    """Give what was typed, without what no text may hold."""
    return request.GET.get(TEXT, "").replace("\0", "")[:LONGEST_TEXT].strip()


def _ticket_named(request: AgentRequest, text: str) -> int | None:
    """Give the ticket of which this is the number, None for other texts."""
    number = text.lstrip("#")
    if not number or " " in number or len(number) > 20 or not any(letter.isdigit() for letter in number):
        return None
    try:
        return ticket_id_by_number(request.access, number)
    except NotFound:
        return None

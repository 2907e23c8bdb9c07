"""What the views of agents' ticket pages share: 404 for "not found", the way back, the page of a ticket."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from helpdesk.accounts.gate import AgentRequest
from helpdesk.files.links import LinkMaker
from helpdesk.legacy.errors import Conflict, DomainError, NotFound, PermissionRefused
from helpdesk.legacy.ids import id_in
from tickets.agent_actions.base import Subject
from tickets.agent_actions.registry import allowed, grouped, in_toolbar
from tickets.agent_forms import NoteForm, ReplyForm, WritingForm
from tickets.models import Ticket
from tickets.screens import TicketPage
from tickets.ticket_page import ticket_page

P = ParamSpec("P")
Answer = TypeVar("Answer", bound=HttpResponseBase)

QUEUE_COOKIE = "queue"
"""The queue that an agent looked at last, so that a ticket page knows where it was opened from."""
SEEN = "seen"
"""The parameter with the mark of what the agent has seen (`tickets.changes`)."""
FORMS: dict[str, type[WritingForm]] = {"reply_form": ReplyForm, "note_form": NoteForm}
"""The forms of the ticket page by their names in its templates."""


def not_found_is_404(
    view: Callable[Concatenate[AgentRequest, P], Answer],
) -> Callable[Concatenate[AgentRequest, P], Answer]:
    """Answer 404 when the domain says that something does not exist, or not for this agent."""

    def answered(request: AgentRequest, /, *args: P.args, **kwargs: P.kwargs) -> Answer:
        try:
            return view(request, *args, **kwargs)
        except NotFound as error:
            raise Http404(str(error)) from error

    return answered


def status_of(refusal: DomainError) -> int:
    """Give the HTTP status of a page that shows why a service refused."""
    known: dict[type[DomainError], int] = {PermissionRefused: 403, Conflict: 409}
    return known.get(type(refusal), 422)


def wants_part(request: AgentRequest) -> bool:
    """Whether htmx swaps a part; when it restores a page from the browser's history it needs the whole."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


def last_queue_id(request: AgentRequest) -> int | None:
    """Give the queue that the agent looked at last."""
    return id_in(request.COOKIES.get(QUEUE_COOKIE, ""))


def way_back(request: AgentRequest) -> str:
    """Give the address of the queue that the agent looked at last, or of the first one."""
    queue_id = last_queue_id(request)
    return reverse("agent:queue", args=[queue_id]) if queue_id else reverse("agent:index")


def page_of(request: AgentRequest, ticket: Ticket, *, before: int | None = None) -> TicketPage:
    """Give what the page of the ticket shows to this agent."""
    links = LinkMaker(reverse("agent:file"), timezone.now())
    return ticket_page(request.access, ticket, links=links, before=before)


def ticket_context(
    request: AgentRequest, ticket: Ticket, page: TicketPage, bound: dict[str, WritingForm] | None = None
) -> dict[str, Any]:
    """Give the context of the ticket page: empty forms, except those that carry what was entered, and the actions."""
    forms = {name: form_class(page) for name, form_class in FORMS.items()} | (bound or {})
    composing = {"reply_form": "reply", "note_form": "note"}
    subject = Subject(request.access, ticket)
    subject.allowed = page.allowed
    actions = allowed(subject)
    return {
        "ticket": ticket,
        "ticket_page": page,
        "toolbar_actions": in_toolbar(actions),
        "menu_actions": grouped(actions),
        "current_queue_id": last_queue_id(request),
        "compose_active": next((composing[name] for name in bound or {} if name in composing), ""),
        **forms,
    }


def show_ticket(
    request: AgentRequest,
    ticket: Ticket,
    page: TicketPage,
    bound: dict[str, WritingForm] | None = None,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """Render the whole page of a ticket."""
    context = ticket_context(request, ticket, page, bound) | more
    return render(request, "tickets/agent/ticket.html", context, status=status)

"""Queues and tickets of the agent portal. Reads come from the selectors, changes go through the services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from helpdesk import configuration
from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.configuration.selectors import agent_settings
from helpdesk.files.links import LinkMaker
from helpdesk.legacy.errors import Conflict, DomainError, NotFound, PermissionRefused
from helpdesk.threads.bodies import TEXT
from tickets import services
from tickets.agent_forms import AssignForm, CloseForm, NoteForm, ReopenForm, ReplyForm, TicketActionForm, new_files
from tickets.constants import TicketState
from tickets.lookup import ticket_id_by_number
from tickets.models import Ticket
from tickets.policies import is_accessible
from tickets.selectors import TicketPage, get_ticket_for_agent, navigation_for, queue_for, queue_page, ticket_page
from tickets.services import Posted

P = ParamSpec("P")

QUEUE_COOKIE = "queue"
"""The queue that an agent looked at last, so that a ticket page knows where it was opened from."""
STATUS_OF_REFUSAL: dict[type[DomainError], int] = {PermissionRefused: 403, Conflict: 409}
"""HTTP status of the page that shows why a service refused; for any other reason 422."""
FORMS: dict[str, type[TicketActionForm]] = {
    "reply_form": ReplyForm,
    "note_form": NoteForm,
    "assign_form": AssignForm,
    "close_form": CloseForm,
    "reopen_form": ReopenForm,
}
"""The forms of the ticket page by their names in its templates."""


def not_found_is_404(
    view: Callable[Concatenate[AgentRequest, P], HttpResponse],
) -> Callable[Concatenate[AgentRequest, P], HttpResponse]:
    """Answer 404 when the domain says that something does not exist, or not for this agent."""

    def answered(request: AgentRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except NotFound as error:
            raise Http404(str(error)) from error

    return answered


@agent_required
@require_safe
@not_found_is_404
def index(request: AgentRequest) -> HttpResponse:
    """Send the agent to the queue that he, or else the administrator, chose as the first one."""
    own = agent_settings(request.agent.pk).integer("default_ticket_queue_id")
    for queue_id in (own, configuration.current().integer("default_ticket_queue")):
        if queue_id and _may_open(request, queue_id):
            return redirect("agent:queue", queue_id)
    queues = navigation_for(request.access, now=timezone.now())
    if not queues:
        raise NotFound(_("There is no queue for you."), code="queue_not_found")
    return redirect("agent:queue", queues[0].id)


@agent_required
@never_cache
@require_safe
@not_found_is_404
def queue(request: AgentRequest, queue_id: int) -> HttpResponse:
    """Show a page of a queue; only the table when htmx asks for it."""
    page = queue_page(
        request.access,
        queue_for(request.access, queue_id),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        now=timezone.now(),
    )
    template = "tickets/agent/_queue_table.html" if _wants_part(request) else "tickets/agent/queue.html"
    response = render(request, template, {"queue_page": page, "current_queue_id": queue_id})
    response.set_cookie(
        QUEUE_COOKIE,
        str(queue_id),
        path=reverse("agent:index"),
        httponly=True,
        secure=request.is_secure(),
        samesite="Lax",
    )
    patch_vary_headers(response, ["HX-Request"])
    return response


@agent_required
@require_safe
def find_ticket(request: AgentRequest) -> HttpResponse:
    """Go to the ticket with a `number`, or back to where the agent was with a message."""
    try:
        return redirect("agent:ticket", ticket_id_by_number(request.access, request.GET.get("number", "")))
    except NotFound as error:
        messages.error(request, str(error))
        return redirect(_way_back(request))


@agent_required
@never_cache
@require_safe
@not_found_is_404
def ticket(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Show a ticket with its thread and what the agent may do with it."""
    found = get_ticket_for_agent(request.access, ticket_id)
    return _show(request, _page_of(request, found))


@agent_required
@require_POST
@not_found_is_404
def reply(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Answer the requester, then show the ticket, or the queue if the agent wants that or is done with it."""

    def post(ticket: Ticket, data: dict[str, Any]) -> str:
        posted = services.post_reply(
            ticket,
            actor=request.actor,
            body=data["body"],
            format=TEXT,
            files=new_files(data["attachments"]),
            reply_to=data["reply_to"],
            status=data["new_status"],
        )
        _tell_status_refusal(request, posted)
        return _("Reply on #%(number)s posted.")

    def is_done(ticket: Ticket) -> bool:
        """The choice that osTicket gives its agents (osticket/tickets.md §10.3, step 8)."""
        wants_queue = agent_settings(request.agent.pk).text("reply_redirect") == "Queue"
        return wants_queue or ticket.status is None or ticket.status.state != TicketState.OPEN

    return _carry_out(request, ticket_id, "reply_form", post, is_done=is_done)


@agent_required
@require_POST
@not_found_is_404
def note(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Write an internal note."""

    def post(ticket: Ticket, data: dict[str, Any]) -> str:
        services.post_note(
            ticket,
            actor=request.actor,
            body=data["body"],
            format=TEXT,
            title=data["title"],
            files=new_files(data["attachments"]),
        )
        return _("Note on #%(number)s added.")

    return _carry_out(request, ticket_id, "note_form", post)


@agent_required
@require_POST
@not_found_is_404
def claim(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Take a ticket that no agent has."""
    found = get_ticket_for_agent(request.access, ticket_id)
    try:
        services.claim_ticket(found, actor=request.actor)
    except (Conflict, PermissionRefused) as refusal:
        messages.error(request, str(refusal))
        return _show(request, _page_of(request, found), status=STATUS_OF_REFUSAL[type(refusal)])
    messages.success(request, _("#%(number)s is yours.") % {"number": found.number})
    return redirect("agent:ticket", ticket_id)


@agent_required
@require_POST
@not_found_is_404
def assign(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Give the ticket to an agent or a team."""

    def give(ticket: Ticket, data: dict[str, Any]) -> str:
        services.assign_ticket(ticket, actor=request.actor, comments=data["comments"], format=TEXT, **data["assignee"])
        return _("#%(number)s assigned.")

    return _carry_out(request, ticket_id, "assign_form", give)


@agent_required
@require_POST
@not_found_is_404
def close(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Close the ticket with a status and go on to the queue."""

    def set_closed(ticket: Ticket, data: dict[str, Any]) -> str:
        services.close_ticket(
            ticket, actor=request.actor, status=data["status"], comments=data["comments"], format=TEXT
        )
        return _("#%(number)s closed.")

    return _carry_out(request, ticket_id, "close_form", set_closed, is_done=lambda ticket: True)


@agent_required
@require_POST
@not_found_is_404
def reopen(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Open a closed ticket again."""

    def set_open(ticket: Ticket, data: dict[str, Any]) -> str:
        services.reopen_ticket(ticket, actor=request.actor, comments=data["comments"], format=TEXT)
        return _("#%(number)s reopened.")

    return _carry_out(request, ticket_id, "reopen_form", set_open)


@agent_required
@require_safe
def legacy_tickets_page(request: AgentRequest) -> HttpResponse:
    """Lead bookmarks and links in old e-mails on: `tickets.php?id=`, `?queue=`, `?a=search&query=`."""
    if ticket_id := _number(request.GET.get("id", "")):
        return redirect("agent:ticket", ticket_id)
    if queue_id := _number(request.GET.get("queue", "")):
        return redirect("agent:queue", queue_id)
    if request.GET.get("a") == "search":
        return redirect(f"{reverse('agent:find_ticket')}?{urlencode({'number': request.GET.get('query', '')})}")
    return redirect("agent:index")


def _carry_out(
    request: AgentRequest,
    ticket_id: int,
    form_name: str,
    service: Callable[[Ticket, dict[str, Any]], str],
    *,
    is_done: Callable[[Ticket], bool] = lambda ticket: False,
) -> HttpResponse:
    """Check a form of the ticket page and call the service; on refusal show the page again with what was entered.

    `service` takes the ticket and the cleaned data and gives the message of success with a place for `number`;
    `is_done` tells whether the agent goes on to the queue afterwards.
    """
    ticket = get_ticket_for_agent(request.access, ticket_id)
    page = _page_of(request, ticket)
    form = FORMS[form_name](page, request.POST, request.FILES)
    status = 422
    if form.is_valid():
        try:
            message = service(ticket, form.cleaned_data)
        except NotFound:
            raise
        except DomainError as refusal:
            form.show_refusal(refusal)
            status = STATUS_OF_REFUSAL.get(type(refusal), status)
            if form.action not in page.allowed:  # the page has no such form to show it in
                messages.error(request, str(refusal))
        else:
            messages.success(request, message % {"number": ticket.number})
            stays = not is_done(ticket) and is_accessible(request.access, ticket)
            return redirect("agent:ticket", ticket_id) if stays else redirect(_way_back(request))
    form.ask_for_files_again()
    return _show(request, page, {form_name: form}, status=status)


def _show(
    request: AgentRequest, page: TicketPage, bound: dict[str, TicketActionForm] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render the ticket page with empty forms, except those that carry what was entered."""
    forms = {name: form_class(page) for name, form_class in FORMS.items()} | (bound or {})
    composing = {"reply_form": "reply", "note_form": "note"}
    context = {
        "ticket_page": page,
        "current_queue_id": _last_queue_id(request),
        "compose_active": next((composing[name] for name in bound or {} if name in composing), ""),
        **forms,
    }
    return render(request, "tickets/agent/ticket.html", context, status=status)


def _page_of(request: AgentRequest, ticket: Ticket) -> TicketPage:
    return ticket_page(request.access, ticket, links=LinkMaker(reverse("agent:file"), timezone.now()))


def _way_back(request: AgentRequest) -> str:
    """The queue that the agent looked at last, or the first one."""
    queue_id = _last_queue_id(request)
    return reverse("agent:queue", args=[queue_id]) if queue_id else reverse("agent:index")


def _last_queue_id(request: AgentRequest) -> int | None:
    return _number(request.COOKIES.get(QUEUE_COOKIE, ""))


def _may_open(request: AgentRequest, queue_id: int) -> bool:
    try:
        queue_for(request.access, queue_id)
    except NotFound:
        return False
    return True


def _tell_status_refusal(request: AgentRequest, posted: Posted) -> None:
    if posted.status_refusal is not None:
        messages.warning(
            request, _("The status was not changed: %(reason)s") % {"reason": posted.status_refusal.message}
        )


def _number(text: str) -> int | None:
    """The number in a parameter or cookie, None for anything that is not an id."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None


def _wants_part(request: AgentRequest) -> bool:
    """Whether htmx swaps a part; when it restores a page from the browser's history it needs the whole."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers

"""The dialog of an action on a ticket, and what happens when it is sent.

Without script each dialog is a page of its own. With htmx a refusal is the dialog again, and success brings the changed
parts of the ticket page, so that what the agent was writing stays; an agent who is done with the ticket goes on to the
queue.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.legacy.errors import DomainError, NotFound
from helpdesk.legacy.ids import id_in
from tickets.agent_actions.base import ActionForm, Subject, TicketAction
from tickets.agent_pages import (
    SEEN,
    not_found_is_404,
    page_of,
    status_of,
    ticket_context,
    wants_part,
    way_back,
)
from tickets.changes import Change, changes_since, mark_of
from tickets.models import Ticket
from tickets.policies import get_ticket_for_agent, is_accessible
from tickets.screens import Action
from tickets.states import find_thread

MOST_FAMILY = 100
GO = "go"
"""The input of a dialog that was opened elsewhere: afterwards the agent is led to the ticket."""


def action_view(action: TicketAction) -> Callable[..., HttpResponseBase]:
    """Make the view of an action."""

    @agent_required
    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    @not_found_is_404
    def view(request: AgentRequest, /, ticket_id: int, **part: Any) -> HttpResponse:
        ticket = get_ticket_for_agent(request.access, ticket_id)
        dialog = _Dialog(request, action, Subject(request.access, ticket, action.part_of(ticket, **part)))
        return dialog.send() if request.method == "POST" else dialog.open()

    return view


def family_view(action: TicketAction) -> Callable[..., HttpResponseBase]:
    """Make the view that merges or links tickets chosen in a queue: the dialog of the oldest with the others in it."""

    @agent_required
    @never_cache
    @require_safe
    @not_found_is_404
    def view(request: AgentRequest) -> HttpResponse:
        ids = sorted({number for text in request.GET.getlist("ticket") if (number := id_in(text))})[:MOST_FAMILY]
        found = list(Ticket.objects.accessible_to(request.access).filter(pk__in=ids).order_by("pk"))
        if not found:
            raise NotFound(_("You must select at least one ticket."), code="tickets_required")
        ticket = get_ticket_for_agent(request.access, found[0].pk)
        dialog = _Dialog(request, action, Subject(request.access, ticket))
        return dialog.open_with({"tickets": ", ".join(str(one.number) for one in found[1:])})

    return view


class _Dialog:
    """One request for the dialog of an action."""

    def __init__(self, request: AgentRequest, action: TicketAction, subject: Subject) -> None:
        self.request, self.action, self.subject, self.ticket = request, action, subject, subject.the_ticket
        given = request.POST if request.method == "POST" else request.GET
        self.changes: list[Change] = changes_since(self.ticket, given.get(SEEN, ""), agent=request.agent)

    def open(self) -> HttpResponse:
        """Show the form, or why the action is not possible."""
        if self.action.is_allowed(self.subject):
            return self._show(self.action.form(self.subject))
        return self._show(None, status=403)

    def open_with(self, initial: dict[str, Any]) -> HttpResponse:
        """Show the form, filled in, on a page that is not the ticket's."""
        if not self.action.is_allowed(self.subject):
            return self._show(None, status=403)
        return self._show(self.action.form(self.subject, initial=initial), is_elsewhere=True)

    def send(self) -> HttpResponse:
        """Do it, unless others did something that the agent has not seen yet: then he is told and asked again."""
        form = self.action.form(self.subject, self.request.POST, self.request.FILES)
        if not form.is_valid():
            is_allowed = self.action.is_allowed(self.subject)
            return self._show(form, status=422) if is_allowed else self._show(None, status=403)
        if self.changes:
            return self._show(form, status=409)
        before = self.subject.allowed
        try:
            warnings = self.action.perform(self.subject, self.request.actor, form.cleaned_data)
        except NotFound:
            raise
        except DomainError as refusal:
            form.show_refusal(refusal)
            return self._show(form, status=status_of(refusal))
        done = self.action.done_text(self.subject, form.cleaned_data)
        messages.success(self.request, done % {"number": self.ticket.number})
        for warning in warnings or ():
            messages.warning(self.request, warning)
        return self._done(before)

    def _done(self, before: frozenset[Action]) -> HttpResponse:
        if self.action.leaves or not is_accessible(self.request.access, self.ticket):
            return self._go(way_back(self.request))
        if not wants_part(self.request) or GO in self.request.POST:
            return self._go(reverse("agent:ticket", args=[self.ticket.pk]))
        ticket = get_ticket_for_agent(self.request.access, self.ticket.pk)
        page = page_of(self.request, ticket)
        writing = {Action.REPLY, Action.NOTE}
        if page.allowed & writing != before & writing:  # the composer itself must change
            return self._go(reverse("agent:ticket", args=[ticket.pk]))
        return render(self.request, "tickets/agent/_ticket_parts.html", ticket_context(self.request, ticket, page))

    def _go(self, address: str) -> HttpResponse:
        if wants_part(self.request):
            return HttpResponse(headers={"HX-Redirect": address})
        return redirect(address)

    def _show(self, form: ActionForm | None, *, status: int = 200, is_elsewhere: bool = False) -> HttpResponse:
        context: dict[str, Any] = {
            "action": self.action,
            "address": self.action.address(self.subject),
            "submit_label": self.action.submit_label(self.subject),
            "subject": self.subject,
            "is_elsewhere": is_elsewhere or GO in self.request.POST,
            "ticket": self.ticket,
            "form": form,
            "changes": self.changes,
            "mark": mark_of(find_thread(self.ticket)),
            "obstacle": self.action.obstacle(self.subject) if form is not None else _impossible(),
            "warning": self.action.warning(self.subject) if form is not None else "",
        }
        template = "_action_dialog.html" if wants_part(self.request) else "action.html"
        response = render(self.request, f"tickets/agent/{template}", context, status=status)
        patch_vary_headers(response, ["HX-Request"])
        return response


def _impossible() -> str:
    return _("This is not possible with this ticket as it is now, or you may not do it.")

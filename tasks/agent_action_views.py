"""The dialog of an action on a task, and what happens when it is sent.

Without script each dialog is a page of its own. With htmx a refusal is the dialog again, and success leads to the page.
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.legacy.errors import DomainError, NotFound
from tasks.agent_actions import DialogForm, TaskDialog
from tasks.models import Task
from tasks.policies import get_task_for_agent, is_accessible
from tasks.states import find_thread, ticket_of
from tasks.task_page import NEEDED, allowed_actions
from tickets.agent_pages import SEEN, not_found_is_404, status_of, wants_part
from tickets.changes import changes_of, mark_of
from tickets.policies import is_accessible as is_accessible_ticket

FROM_TICKET = "ticket"
"""The value of `back` in forms on the page of a ticket."""


def dialog_view(dialog: TaskDialog) -> Callable[..., HttpResponseBase]:
    """Make the view of an action."""

    @agent_required
    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    @not_found_is_404
    def view(request: AgentRequest, task_id: int) -> HttpResponse:
        task = get_task_for_agent(request.access, task_id)
        return _send(request, dialog, task) if request.method == "POST" else _open(request, dialog, task)

    return view


def _open(request: AgentRequest, dialog: TaskDialog, task: Task) -> HttpResponse:
    """Show the form, or that the action is not possible."""
    if dialog.action not in allowed_actions(request.access, task):
        return _show(request, dialog, task, None, status=403)
    return _show(request, dialog, task, dialog.form(request.access, task))


def _send(request: AgentRequest, dialog: TaskDialog, task: Task) -> HttpResponse:
    """Do it, unless others did something that the agent has not seen yet: then he is told and asked again."""
    if dialog.action in NEEDED and dialog.action not in allowed_actions(request.access, task):
        return _show(request, dialog, task, None, status=403)
    form = dialog.form(request.access, task, request.POST)
    if not form.is_valid():
        return _show(request, dialog, task, form, status=422)
    if changes_of(find_thread(task), request.POST.get(SEEN, ""), agent=request.agent):
        return _show(request, dialog, task, form, status=409)
    number, ticket = task.number, ticket_of(task)
    try:
        dialog.perform(task, request.actor, form.cleaned_data)
    except NotFound:
        raise
    except DomainError as refusal:
        form.show_refusal(refusal)
        return _show(request, dialog, task, form, status=status_of(refusal))
    messages.success(request, dialog.done % {"number": number})
    may_open_ticket = ticket is not None and is_accessible_ticket(request.access, ticket)
    if is_accessible(request.access, task) and not (request.POST.get("back") == FROM_TICKET and may_open_ticket):
        return _go(request, reverse("agent:task", args=[task.pk]))
    if ticket is not None and may_open_ticket:
        return _go(request, f"{reverse('agent:ticket', args=[ticket.pk])}#tasks")
    return _go(request, reverse("agent:tasks"))


def _go(request: AgentRequest, address: str) -> HttpResponse:
    if wants_part(request):
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


def _show(
    request: AgentRequest, dialog: TaskDialog, task: Task, form: DialogForm | None, *, status: int = 200
) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    thread = find_thread(task)
    context = {
        "action": dialog,
        "task": task,
        "form": form,
        "changes": changes_of(thread, given.get(SEEN, ""), agent=request.agent),
        "mark": mark_of(thread),
        "obstacle": dialog.obstacle(task) if form is not None else _impossible(),
        "back": given.get("back", ""),
    }
    template = "_action_dialog.html" if wants_part(request) else "action.html"
    response = render(request, f"tasks/agent/{template}", context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _impossible() -> str:
    return _("This is not possible with this task as it is now, or you may not do it.")

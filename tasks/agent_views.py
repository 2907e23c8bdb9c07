"""The page of a task and what agents do there. Reads come from the selectors, changes go through the services."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.files.links import LinkMaker
from helpdesk.forms.bound import BoundForm
from helpdesk.forms.bound import Origin as FormOrigin
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import Asked, agent_owner
from helpdesk.forms.submission_services import parts_of
from helpdesk.forms.uploads import keep_uploads
from helpdesk.legacy.errors import DomainError, NotFound
from helpdesk.legacy.ids import id_in
from helpdesk.threads.bodies import TEXT
from tasks import services
from tasks.agent_actions import DIALOGS
from tasks.agent_forms import NoteForm, TaskForm, UpdateForm
from tasks.models import Task
from tasks.policies import get_task_for_agent
from tasks.screens import TaskAction, TaskPage
from tasks.services import TaskPosted
from tasks.states import find_thread
from tasks.task_list import ListKey
from tasks.task_page import NEEDED, task_page
from tickets.agent_pages import SEEN, not_found_is_404, status_of, wants_part
from tickets.changes import Change, changes_of

FORMS: dict[str, type[TaskForm]] = {"update_form": UpdateForm, "note_form": NoteForm}
"""The forms of the task page by their names in its templates."""


@agent_required
@never_cache
@require_safe
@not_found_is_404
def task(request: AgentRequest, task_id: int) -> HttpResponse:
    """Show a task with its thread and what the agent may do with it; only older entries when htmx asks for them."""
    found = get_task_for_agent(request.access, task_id)
    page = _page_of(request, found, before=id_in(request.GET.get("before", "")))
    if wants_part(request):
        response = render(request, "tasks/agent/_thread_items.html", {"task_page": page})
    else:
        response = _show(request, page)
    patch_vary_headers(response, ["HX-Request"])
    return response


@agent_required
@require_POST
@not_found_is_404
def update(request: AgentRequest, task_id: int) -> HttpResponse:
    """Write an update, by mail to the collaborators if the agent wants that."""

    def post(task: Task, data: dict[str, Any]) -> str:
        posted = services.post_task_update(
            task,
            actor=request.actor,
            body=data["body"],
            format=data["format"],
            files=data["attachments"],
            status=data["new_state"],
            tell_collaborators=data.get("tell_collaborators", False),
        )
        _tell_status_refusal(request, posted)
        return _("Update of task #%(number)s posted.")

    return _carry_out(request, task_id, "update_form", post)


@agent_required
@require_POST
@not_found_is_404
def note(request: AgentRequest, task_id: int) -> HttpResponse:
    """Write an internal note."""

    def post(task: Task, data: dict[str, Any]) -> str:
        posted = services.post_task_note(
            task,
            actor=request.actor,
            body=data["body"],
            format=data["format"],
            title=data["title"],
            files=data["attachments"],
            status=data["new_state"],
        )
        _tell_status_refusal(request, posted)
        return _("Note on task #%(number)s added.")

    return _carry_out(request, task_id, "note_form", post)


@agent_required
@require_POST
@not_found_is_404
def claim(request: AgentRequest, task_id: int) -> HttpResponse:
    """Take a task that nobody has, or take it over from the agent whom the page has shown (`from`)."""
    found = get_task_for_agent(request.access, task_id)
    try:
        services.claim_task(found, actor=request.actor, taken_from=id_in(request.POST.get("from", "")))
    except NotFound:
        raise
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return _show(request, _page_of(request, found), status=status_of(refusal))
    messages.success(request, _("Task #%(number)s is yours.") % {"number": found.number})
    return redirect("agent:task", task_id)


@agent_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@not_found_is_404
def edit(request: AgentRequest, task_id: int) -> HttpResponse:
    """Show and save the forms of the task."""
    found = get_task_for_agent(request.access, task_id)
    page = _page_of(request, found)
    if TaskAction.EDIT not in page.allowed:
        messages.error(request, _("Permission denied"))
        return _show(request, page, status=403)
    is_posted = request.method == "POST"
    form = BoundForm(
        parts_of(EntryObject.TASK, found.pk),
        asked=Asked(is_agent=True, agent=request.agent),
        origin=FormOrigin.AGENT_UPDATE,
        data=request.POST if is_posted else None,
        files=request.FILES if is_posted else None,
    )
    note_text, general_errors, status = request.POST.get("note", ""), [], 200
    changes = _changes_since_seen(request, found)
    if is_posted:
        status = 409 if changes else 422
        if form.is_valid() and not changes:
            try:
                services.edit_task(found, form, actor=request.actor, note=note_text, format=TEXT)
            except NotFound:
                raise
            except DomainError as refusal:
                general_errors.append(str(refusal.message))
                status = status_of(refusal)
            else:
                messages.success(request, _("Task #%(number)s updated.") % {"number": found.number})
                return redirect("agent:task", task_id)
        keep_uploads(form)
    context = {
        "task_page": page,
        "form": form,
        "note": note_text,
        "general_errors": general_errors,
        "changes": changes,
        "current_task_list": ListKey.OPEN,
    }
    return render(request, "tasks/agent/edit.html", context, status=status)


def _carry_out(
    request: AgentRequest, task_id: int, form_name: str, service: Callable[[Task, dict[str, Any]], str]
) -> HttpResponse:
    """Check a form of the task page and call the service; on refusal show the page again with what was entered.

    `service` takes the task and the cleaned data and gives the message of success with a place for `number`.
    """
    task = get_task_for_agent(request.access, task_id)
    page = _page_of(request, task)
    form = FORMS[form_name](page, request.POST, request.FILES, owner=agent_owner(request.agent))
    if form.action in NEEDED and form.action not in page.allowed:
        messages.error(request, _("Permission denied"))
        return _show(request, page, status=403)
    is_valid = form.is_valid()
    minds_changes = form_name == "update_form" or bool(form["new_state"].data)
    changes = _changes_since_seen(request, task) if minds_changes else []
    status = 409 if changes else 422
    if is_valid and not changes:
        number = task.number
        try:
            message = service(task, form.cleaned_data)
        except NotFound:
            raise
        except DomainError as refusal:
            form.show_refusal(refusal)
            status = status_of(refusal)
            page = _page_of(request, get_task_for_agent(request.access, task_id))
            if form.action not in page.allowed:  # the page has no such form to show it in
                messages.error(request, str(refusal))
        else:
            messages.success(request, message % {"number": number})
            return redirect("agent:task", task_id)
    form.keep_files()
    return _show(request, page, {form_name: form}, status=status, changes=changes)


def _changes_since_seen(request: AgentRequest, task: Task) -> list[Change]:
    """Give what others did to the task since the page was made from which the agent comes."""
    given = request.POST if request.method == "POST" else request.GET
    return changes_of(find_thread(task), given.get(SEEN, ""), agent=request.agent)


def _show(
    request: AgentRequest,
    page: TaskPage,
    bound: dict[str, TaskForm] | None = None,
    *,
    status: int = 200,
    changes: Sequence[Change] = (),
) -> HttpResponse:
    """Render the task page with empty forms, except those that carry what was entered."""
    forms = {name: form_class(page) for name, form_class in FORMS.items()} | (bound or {})
    composing = {"update_form": "reply", "note_form": "note"}
    context = {
        "task_page": page,
        "toolbar_actions": [one for one in DIALOGS if one.in_toolbar and one.action in page.allowed],
        "current_task_list": ListKey.OPEN if page.is_open else ListKey.CLOSED,
        "changes": changes,
        "compose_active": next((composing[name] for name in bound or {} if name in composing), ""),
        **forms,
    }
    return render(request, "tasks/agent/task.html", context, status=status)


def _page_of(request: AgentRequest, task: Task, *, before: int | None = None) -> TaskPage:
    now = timezone.now()
    return task_page(request.access, task, links=LinkMaker(reverse("agent:file"), now), now=now, before=before)


def _tell_status_refusal(request: AgentRequest, posted: TaskPosted) -> None:
    if posted.status_refusal is not None:
        messages.warning(request, _("The task was not changed: %(reason)s") % {"reason": posted.status_refusal.message})

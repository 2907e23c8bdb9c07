"""Correcting an entry of a task, and looking at how it was before: dialogs, and pages where there is no script."""

from __future__ import annotations

from html import unescape
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.files.links import LinkMaker
from helpdesk.forms.rich_text import html_as_typed, typed_as_html
from helpdesk.legacy.errors import DomainError, NotFound
from helpdesk.people.access import AgentAccess
from helpdesk.threads.bodies import HTML
from helpdesk.threads.models import ThreadEntry
from tasks import services
from tasks.agent_actions import DialogForm
from tasks.models import Task
from tasks.policies import get_task_for_agent
from tasks.services.entries import may_edit
from tasks.states import find_thread
from tickets.agent_pages import SEEN, not_found_is_404, status_of, wants_part
from tickets.changes import changes_of, mark_of
from tickets.thread_items import full_body, shown_entry, versions_of


class EntryForm(DialogForm):
    """Title and text of an entry, as HTML where it is more than paragraphs."""

    title = forms.CharField(label=gettext_lazy("Title"), required=False, max_length=255)
    body = forms.CharField(label=gettext_lazy("Text"), strip=False, widget=forms.Textarea(attrs={"rows": 10}))

    def __init__(self, access: AgentAccess, task: Task, entry: ThreadEntry, *args: Any, **kwargs: Any) -> None:
        """Begin with the entry as it is."""
        super().__init__(access, task, *args, **kwargs)
        text = full_body(entry)
        self.initial["title"] = entry.title or ""
        self.initial["body"] = html_as_typed(text) if entry.format == HTML else unescape(text)
        if entry.format == HTML and self.initial["body"] == text and "<" in text:
            self.fields["body"].help_text = _("This text has formatting: you see its HTML.")


@agent_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@not_found_is_404
def edit(request: AgentRequest, task_id: int, task_entry_id: int) -> HttpResponse:
    """Show an entry for correction and save it, unless others did something meanwhile: then say what, and ask again."""
    task = get_task_for_agent(request.access, task_id)
    entry = shown_entry(find_thread(task), task_entry_id, is_followed=True)
    if not may_edit(request.actor, task, entry):
        return _show(request, task, entry, None, status=403)
    if request.method != "POST":
        return _show(request, task, entry, EntryForm(request.access, task, entry))
    form = EntryForm(request.access, task, entry, request.POST)
    if not form.is_valid():
        return _show(request, task, entry, form, status=422)
    if changes_of(find_thread(task), request.POST.get(SEEN, ""), agent=request.agent):
        return _show(request, task, entry, form, status=409)
    body = form.cleaned_data["body"]
    try:
        services.edit_task_entry(
            task,
            actor=request.actor,
            entry=entry,
            body=typed_as_html(body) if entry.format == HTML else body,
            title=form.cleaned_data["title"],
            format=entry.format,
        )
    except NotFound:
        raise
    except DomainError as refusal:
        form.show_refusal(refusal)
        return _show(request, task, entry, form, status=status_of(refusal))
    messages.success(request, _("The entry has been changed."))
    # Without a fragment: to another one of the same page a browser would only scroll.
    address = reverse("agent:task", args=[task.pk])
    return HttpResponse(headers={"HX-Redirect": address}) if wants_part(request) else redirect(address)


@agent_required
@never_cache
@require_safe
@not_found_is_404
def history(request: AgentRequest, task_id: int, task_entry_id: int) -> HttpResponse:
    """Show how an entry was before it was changed, as a dialog or a page."""
    task = get_task_for_agent(request.access, task_id)
    entry = shown_entry(find_thread(task), task_entry_id)
    links = LinkMaker(reverse("agent:file"), timezone.now())
    context = {
        "number": task.number,
        "back": reverse("agent:task", args=[task.pk]),
        "versions": versions_of(entry, links=links),
    }
    return _rendered(request, "tickets/agent/_history_dialog.html", "tickets/agent/history.html", context)


def _show(
    request: AgentRequest, task: Task, entry: ThreadEntry, form: EntryForm | None, *, status: int = 200
) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    thread = find_thread(task)
    context = {
        "action": {
            "name": f"edit-{entry.pk}",
            "title": _("Edit entry"),
            "submit": _("Save"),
            "is_wide": True,
            "address": reverse("agent:task_edit-entry", args=[task.pk, entry.pk]),
        },
        "task": task,
        "form": form,
        "changes": changes_of(thread, given.get(SEEN, ""), agent=request.agent),
        "mark": mark_of(thread),
        "obstacle": "" if form is not None else _("You may not change this entry."),
    }
    return _rendered(request, "tasks/agent/_action_dialog.html", "tasks/agent/action.html", context, status=status)


def _rendered(
    request: AgentRequest, dialog: str, page: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    response = render(request, dialog if wants_part(request) else page, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response

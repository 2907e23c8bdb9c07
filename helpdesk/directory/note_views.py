"""Quick notes on users and organizations."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk.accounts.gate import AgentRequest
from helpdesk.audit.meanwhile import Guard
from helpdesk.configuration.models import QuickNote
from helpdesk.directory import selectors
from helpdesk.directory.forms import NoteForm
from helpdesk.directory.gate import attempt, directory_required, posted, status_of
from helpdesk.directory.organization_views import show_organization
from helpdesk.directory.user_views import show_user
from helpdesk.forms.rich_text import html_as_typed, typed_as_html
from helpdesk.legacy.errors import DomainError
from helpdesk.people.services import add_note, change_note, delete_note


@directory_required
@require_POST
def add_user_note(request: AgentRequest, user_id: int) -> HttpResponse:
    """Note something on a user."""
    found, form = selectors.get_user(user_id), NoteForm(request.POST)
    if form.is_valid():
        attempt(request, lambda: add_note(found, _typed(form), actor=request.actor), _("Note added."))
        return redirect("agent:user", found.pk)
    return show_user(request, found, status=422, note_form=form)


@directory_required
@require_POST
def add_organization_note(request: AgentRequest, organization_id: int) -> HttpResponse:
    """Note something on an organization."""
    found, form = selectors.get_organization(organization_id), NoteForm(request.POST)
    if form.is_valid():
        attempt(request, lambda: add_note(found, _typed(form), actor=request.actor), _("Note added."))
        return redirect("agent:organization", found.pk)
    return show_organization(request, found, status=422, note_form=form)


@directory_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit_note(request: AgentRequest, note_id: int) -> HttpResponse:
    """Write a note anew, or delete it."""
    note = selectors.get_note(note_id)
    back = _page_of(note)
    if request.POST.get("do") == "delete":
        attempt(request, lambda: delete_note(note, actor=request.actor), _("Note deleted."))
        return redirect(*back)
    form = NoteForm(posted(request), initial={"note": html_as_typed(note.body or "")})
    guard = Guard(request.POST, note, lambda row: row.body)
    status = 200 if request.method != "POST" else 422
    if request.method == "POST" and form.is_valid():
        try:
            with guard.saving():
                change_note(note, _typed(form), actor=request.actor)
        except DomainError as refusal:
            form.add_error("note", str(refusal))
            status = status_of(refusal)
        else:
            messages.success(request, _("Changes saved."))
            return redirect(*back)
    context = {"form": form, "guard": guard, "back": back[0], "back_id": back[1], "current_area": f"{back[0]}s"}
    return render(request, "directory/note.html", context, status=status)


def _typed(form: NoteForm) -> str:
    return typed_as_html(form.cleaned_data["note"])


def _page_of(note: QuickNote) -> tuple[str, int]:
    """Give the page that shows a note; one of an object that is gone leads to nothing."""
    kind, number = (note.ext_id or "")[:1], (note.ext_id or "")[1:]
    if kind == "O" and number.isdigit():
        return "agent:organization", selectors.get_organization(int(number)).pk
    return "agent:user", selectors.get_user(int(number) if number.isdigit() else 0).pk

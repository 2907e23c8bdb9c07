"""Importing users from a list: bring it, look at it, let it run, read what became of each row."""

from __future__ import annotations

from itertools import islice

from django.db.models import Count
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk.accounts.gate import AgentRequest
from helpdesk.directory.columns import targets
from helpdesk.directory.csv_table import LONGEST_FILE, lines_of
from helpdesk.directory.exports import report_table
from helpdesk.directory.forms import PlanForm, UploadForm, organization_names
from helpdesk.directory.gate import attempt, directory_required, posted, require, status_of
from helpdesk.directory.jobs import wake_importer
from helpdesk.directory.models import UserImport, UserImportRow
from helpdesk.directory.services import ImportPlan, cancel_import, go_on_with_import, prepare_import, start_import
from helpdesk.directory.services.imports import MOST_ROWS_OF_A_PAGE
from helpdesk.directory.user_views import AREA
from helpdesk.exports.responses import ExportFormat, export_response
from helpdesk.health.selectors import is_worker_there
from helpdesk.legacy.errors import DomainError, NotFound
from helpdesk.people.models import Organization
from helpdesk.people.permissions import AgentPermission

ROWS_SHOWN = 8
REFUSALS_SHOWN = 200
State = UserImport.State


@directory_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: AgentRequest) -> HttpResponse:
    """Take a list in: a file, or pasted text."""
    require(request, AgentPermission.USER_CREATE)
    form = UploadForm(posted(request), request.FILES)
    earlier = UserImport.objects.filter(agent_id=request.agent.pk).order_by("-pk")[:5]
    context = {"form": form, "earlier": earlier, "current_area": AREA}
    if request.method != "POST":
        return render(request, "directory/import_upload.html", context)
    if form.is_valid():
        file = form.cleaned_data["file"]
        # One byte more than a list may have tells that it is too large, without reading all of it.
        data = file.read(LONGEST_FILE + 1) if file else form.cleaned_data["pasted"].encode()
        try:
            found = prepare_import(
                data,
                actor=request.actor,
                file_name=file.name if file else _("pasted list"),
                encoding=form.cleaned_data["encoding"] if file else "utf-8",
            )
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else "file", str(refusal))
        else:
            return redirect("agent:user_import", found.pk)
    return render(request, "directory/import_upload.html", context, status=422)


@directory_required
@require_safe
def user_import(request: AgentRequest, import_id: int) -> HttpResponse:
    """Show a list: how it would be read, how far it is, or what became of it; only the progress for htmx."""
    found = _own(request, import_id)
    if found.state == State.PREPARED:
        return _show_plan(request, found, _plan_form(found))
    return _show_progress(request, found)


@directory_required
@require_POST
def start(request: AgentRequest, import_id: int) -> HttpResponse:
    """Let a list begin, read as the page says."""
    found = _own(request, import_id)
    if found.state != State.PREPARED:
        return redirect("agent:user_import", found.pk)
    form = _plan_form(found, request)
    if not form.is_valid():
        return _show_plan(request, found, form, status=422)
    organization: Organization | None = form.cleaned_data["organization"]
    plan = ImportPlan(
        columns=form.columns(),
        has_headings=form.cleaned_data["has_headings"],
        updates_known=form.cleaned_data["updates_known"],
        organization_id=organization.pk if organization else None,
    )
    try:
        start_import(found, plan, actor=request.actor)
    except DomainError as refusal:
        form.add_error(None, str(refusal))
        return _show_plan(request, found, form, status=status_of(refusal))
    if _is_for_a_worker(found):
        wake_importer()
    return redirect("agent:user_import", found.pk)


@directory_required
@require_POST
def go_on(request: AgentRequest, import_id: int) -> HttpResponse:
    """Import the next rows and show how far it is; the page of a short list asks for more as long as it is open."""
    found = _own(request, import_id)
    attempt_failed = ""
    try:
        found = go_on_with_import(found, actor=request.actor)
    except DomainError as refusal:
        attempt_failed = str(refusal)
    if request.headers.get("HX-Request") != "true":
        return redirect("agent:user_import", found.pk)
    return _show_progress(request, found, failure=attempt_failed)


@directory_required
@require_POST
def cancel(request: AgentRequest, import_id: int) -> HttpResponse:
    """Stop a list for good."""
    found = _own(request, import_id)
    attempt(request, lambda: cancel_import(found, actor=request.actor), _("The import has been stopped."))
    return redirect("agent:user_import", found.pk)


@directory_required
@require_safe
def report(request: AgentRequest, import_id: int) -> HttpResponseBase:
    """Download what became of each row."""
    found = _own(request, import_id)
    export_format = request.GET.get("format", "")
    if export_format not in set(ExportFormat):
        raise NotFound(_("There is no such format."), code="format_unknown")
    return export_response(report_table(found), ExportFormat(export_format), name=f"{_('Import')}-{found.pk}")


def _is_for_a_worker(found: UserImport) -> bool:
    return found.total > MOST_ROWS_OF_A_PAGE and is_worker_there(now=timezone.now())


def _own(request: AgentRequest, import_id: int) -> UserImport:
    """Give a list of this agent; that of another one does not exist for him."""
    require(request, AgentPermission.USER_CREATE)
    found = UserImport.objects.filter(pk=import_id, agent_id=request.agent.pk).first()
    if found is None:
        raise NotFound(_("There is no such list."), code="import_unknown")
    return found


def _plan_form(found: UserImport, request: AgentRequest | None = None) -> PlanForm:
    initial = {f"column_{number}": key for number, key in enumerate(found.columns)}
    return PlanForm(
        request.POST if request is not None else None,
        columns=len(found.columns),
        offered=targets(),
        initial={**initial, "has_headings": found.has_headings, "updates_known": found.updates_known},
    )


def _show_plan(request: AgentRequest, found: UserImport, form: PlanForm, *, status: int = 200) -> HttpResponse:
    lines = list(islice(lines_of(found.content, found.separator), ROWS_SHOWN))
    context = {
        "found": found,
        "form": form,
        "lines": lines,
        "organization_names": organization_names,
        "current_area": AREA,
    }
    return render(request, "directory/import_plan.html", context, status=status)


def _show_progress(request: AgentRequest, found: UserImport, *, failure: str = "") -> HttpResponse:
    numbers = dict(found.rows.order_by().values_list("outcome").annotate(number=Count("pk")))
    refused = found.rows.filter(outcome=UserImportRow.Outcome.REFUSED).order_by("pk")
    context = {
        "found": found,
        "is_running": found.state == State.RUNNING,
        "is_for_a_worker": found.state == State.RUNNING and _is_for_a_worker(found),
        "counts": [(outcome.label, numbers.get(outcome.value, 0)) for outcome in UserImportRow.Outcome],
        "refused": refused[:REFUSALS_SHOWN],
        "failure": failure,
        "current_area": AREA,
    }
    is_part = request.headers.get("HX-Request") == "true"
    template = "directory/_import_progress.html" if is_part else "directory/import_progress.html"
    return render(request, template, context)

"""The lists of tasks, their export, and new tasks."""

from __future__ import annotations

from datetime import UTC
from html import unescape
from urllib.parse import urlencode

from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.exports.responses import ExportFormat, export_response
from helpdesk.files.selectors import attachments_of
from helpdesk.forms.uploads import keep_uploads
from helpdesk.legacy.errors import DomainError, NotFound
from helpdesk.legacy.ids import id_in
from helpdesk.threads.bodies import TEXT, offloaded_bodies
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.html import text_as_html
from helpdesk.threads.models import ThreadEntry
from tasks import services
from tasks.choices import agent_choices, department_choices, team_choices
from tasks.exports import task_table
from tasks.new_task_form import NewTaskForm
from tasks.policies import get_task_for_agent, may_create, may_create_on
from tasks.task_list import LONGEST_QUERY, ListKey, task_list
from tickets.agent_pages import not_found_is_404, status_of, wants_part
from tickets.models import Ticket
from tickets.open_form import form_key
from tickets.policies import get_ticket_for_agent
from tickets.states import find_thread

KEY_SECONDS = 3600
SHOWN_REFUSALS = 10


BULK_PERMISSIONS = ("assign", "transfer", "close", "create", "edit", "delete")


@agent_required
@never_cache
@require_safe
@not_found_is_404
def tasks(request: AgentRequest, list_key: str = ListKey.OPEN) -> HttpResponse:
    """Show a page of a list of tasks; only the table when htmx asks for it."""
    page = task_list(
        request.access,
        _list_key(list_key),
        now=timezone.now(),
        query=request.GET.get("q", "")[:LONGEST_QUERY],
        after=request.GET.get("after"),
        before=request.GET.get("before"),
    )
    access = request.access
    context = {
        "task_list": page,
        "current_task_list": page.key,
        "may_create_tasks": may_create(request.actor),
        "may": {name: access.has_permission_anywhere(f"task.{name}") for name in BULK_PERMISSIONS},
        "bulk_agents": agent_choices(access, None) if access.has_permission_anywhere("task.assign") else [],
        "bulk_teams": team_choices(),
        "bulk_departments": department_choices(access) if access.has_permission_anywhere("task.transfer") else [],
        "query_string": f"?{urlencode({'q': page.query})}" if page.query else "",
    }
    template = "tasks/agent/_list_table.html" if wants_part(request) else "tasks/agent/list.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@agent_required
@require_safe
def legacy_tasks_page(request: AgentRequest) -> HttpResponse:
    """Lead bookmarks and links in old e-mails on: `tasks.php?id=`, `?status=`, `?a=search&query=`, `?a=add`."""
    if task_id := id_in(request.GET.get("id", "")):
        return redirect("agent:task", task_id)
    if request.GET.get("a") == "search" or request.GET.get("query"):
        return redirect(
            f"{reverse('agent:task_list', args=['search'])}?{urlencode({'q': request.GET.get('query', '')})}"
        )
    of_php = {"assigned": ListKey.MINE, "overdue": ListKey.OVERDUE, "closed": ListKey.CLOSED}
    key = of_php.get(request.GET.get("status", ""))
    return redirect("agent:task_list", key) if key is not None else redirect("agent:tasks")


@agent_required
@require_safe
def export(request: AgentRequest, list_key: str, export_format: str) -> HttpResponseBase:
    """Download a list as a table."""
    if export_format not in set(ExportFormat):
        raise Http404(_("There is no such format."))
    if list_key not in set(ListKey):
        raise Http404(_("There is no such list."))
    key, query, now = ListKey(list_key), request.GET.get("q", "")[:LONGEST_QUERY], timezone.now()
    table = task_table(request.access, key, query=query, now=now, zone=timezone.get_current_timezone() or UTC)
    name = f"{table.title}-{timezone.localtime(now):%Y%m%d}"
    return export_response(table, ExportFormat(export_format), name=name)


# --- New tasks --------------------------------------------------------------------------------------------------------


@agent_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@not_found_is_404
def new_task(request: AgentRequest) -> HttpResponse:
    """Show and take the form for a task, on a ticket (`ticket`) and from one of its entries (`entry`) or on its own."""
    ticket = _ticket(request)
    if not (may_create_on(request.access, ticket) if ticket is not None else may_create(request.actor)):
        messages.error(request, _("You do not have permission to create tasks"))
        return redirect("agent:ticket", ticket.pk) if ticket is not None else redirect("agent:tasks")
    entry = _entry(request, ticket)
    if request.method != "POST":
        initial: dict[str | int, str] = {"description": _html_of(entry)} if entry is not None else {}
        return _show_new(request, NewTaskForm(request.access, ticket=ticket, initial=initial), ticket, entry)
    key = f"tasks.new.{request.agent.pk}.{form_key(request)}"
    if earlier := cache.get(key):
        return redirect("agent:task", earlier)
    form = NewTaskForm(request.access, data=request.POST, files=request.FILES, ticket=ticket)
    if not form.is_valid():
        return _show_new(request, form, ticket, entry, status=422)
    try:
        created = services.create_task(form.new_task(from_entry=entry), actor=request.actor)
    except NotFound:
        raise
    except DomainError as refusal:
        form.show_refusal(refusal)
        return _show_new(request, form, ticket, entry, status=status_of(refusal))
    cache.set(key, created.task.pk, KEY_SECONDS)
    messages.success(request, _("Task #%(number)s has been created.") % {"number": created.task.number})
    if created.assign_refusal is not None:
        messages.warning(
            request, _("The task was not assigned: %(reason)s") % {"reason": created.assign_refusal.message}
        )
    if ticket is not None:
        return redirect(f"{reverse('agent:ticket', args=[ticket.pk])}#tasks")
    try:
        get_task_for_agent(request.access, created.task.pk)
    except NotFound:  # it went to a department that the agent does not see
        return redirect("agent:tasks")
    return redirect("agent:task", created.task.pk)


def _show_new(
    request: AgentRequest, form: NewTaskForm, ticket: Ticket | None, entry: ThreadEntry | None, *, status: int = 200
) -> HttpResponse:
    if form.bound.is_bound:
        keep_uploads(form.bound)
    context = {
        "new_form": form,
        "form": form.bound,
        "where": form.where,
        "ticket": ticket,
        "entry": entry,
        "form_key": form_key(request),
        "current_task_list": ListKey.OPEN,
    }
    return render(request, "tasks/agent/new.html", context, status=status)


def _ticket(request: AgentRequest) -> Ticket | None:
    given = request.POST.get("ticket", "") or request.GET.get("ticket", "")
    return get_ticket_for_agent(request.access, id_in(given) or 0) if given else None


def _entry(request: AgentRequest, ticket: Ticket | None) -> ThreadEntry | None:
    """Give the entry of the ticket's thread that the task is made from; another one counts as none."""
    number = id_in(request.POST.get("entry", "") or request.GET.get("entry", ""))
    thread = find_thread(ticket) if ticket is not None else None
    return thread.entries.filter(pk=number).first() if thread is not None and number else None


def _html_of(entry: ThreadEntry) -> str:
    """Give what an entry says as HTML, also where it is so long that a file holds it."""
    body = entry.body
    if not body:
        attachments = attachments_of(ObjectType.THREAD_ENTRY, [entry.pk])
        body = offloaded_bodies(attachments, [entry.pk]).get(entry.pk, "")
    return text_as_html(unescape(body)) if entry.format == TEXT else body


def _list_key(key: str) -> ListKey:
    if key not in set(ListKey):
        raise NotFound(_("There is no such list."), code="list_not_found")
    return ListKey(key)

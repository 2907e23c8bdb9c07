"""What is done to many tasks at once: a message where all was done, else a page with the result of each that was not.

A task that others changed since the list was made is left alone, and what they did is told (as with tickets).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.legacy.errors import Conflict, DomainError, ValidationFailed
from helpdesk.legacy.ids import id_in, ids_in
from helpdesk.threads.constants import ObjectType
from tasks import services
from tasks.choices import agent_choices, chosen_assignee, departments_for, team_choices
from tasks.models import Task
from tasks.services.bulk import MOST_TASKS, BulkResult
from tickets.agent_pages import not_found_is_404
from tickets.changes import SHOWN_CHANGES, Change, changes_among

CHOSEN, OPERATION, BACK = "tids", "do", "back"
SINCE = "since"
"""The parameter with the moment at which the agent saw the tasks, in seconds."""
INPUTS = ("assignee", "department", "duedate")
"""What operations ask for beside the tasks."""
STALE = "task_changed"
Operation = Callable[[Task], object]


@agent_required
@never_cache
@require_POST
@not_found_is_404
def bulk(request: AgentRequest) -> HttpResponse:
    """Do the same to all chosen tasks, and say what became of each that it could not be done to."""
    chosen = list(dict.fromkeys(ids_in(request.POST.getlist(CHOSEN))))
    back = _way_back(request)
    try:
        if not chosen:
            raise ValidationFailed(_("You must select at least one task."), code="tasks_required")
        if len(chosen) > MOST_TASKS:
            raise ValidationFailed(_("At most %(count)d tasks at once.") % {"count": MOST_TASKS}, code="too_many_tasks")
        operation = _operation(request)
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect(back)
    results = services.for_each_task(request.access, chosen, _unless_changed(request, chosen, operation))
    result = _in_words(request.POST.get(OPERATION, ""), results)
    if all(one.refusal is None for one in results):
        messages.success(request, result)
        return redirect(back)
    return _show_results(request, results, result, back)


def _operation(request: AgentRequest) -> Operation:
    """Give what is to be done to each task. Raises ValidationFailed for what nobody knows or has chosen."""
    actor, name = request.actor, request.POST.get(OPERATION, "")
    if name == "assign":
        assignee = _chosen_assignee(request)
        return lambda task: services.assign_task(task, actor=actor, **assignee)
    if name == "transfer":
        department = departments_for(request.access).filter(pk=id_in(request.POST.get("department", "")) or 0).first()
        if department is None:
            raise ValidationFailed(_("Department selection is required"), code="department_required")
        return lambda task: services.transfer_task(task, actor=actor, department=department)
    if name == "due":
        duedate = _chosen_due_date(request)
        return lambda task: services.change_due_date(task, duedate, actor=actor)
    operations: dict[str, Operation] = {
        "claim": lambda task: services.claim_task(task, actor=actor),
        "close": lambda task: services.close_task(task, actor=actor),
        "reopen": lambda task: services.reopen_task(task, actor=actor),
        "delete": lambda task: services.delete_task(task, actor=actor),
    }
    if name not in operations:
        raise ValidationFailed(_("Choose what to do with the tasks."), code="operation_unknown")
    return operations[name]


def _chosen_assignee(request: AgentRequest) -> dict[str, Any]:
    value = request.POST.get("assignee", "")
    offered = [*agent_choices(request.access, None), *team_choices()]
    if not any(choice.value == value for choice in offered):
        raise ValidationFailed(_("Unknown assignee"), code="assignee_unknown")
    return {**chosen_assignee(value)}


def _chosen_due_date(request: AgentRequest) -> datetime:
    """Give the due date; to take away those of many at once would be a slip."""
    field = forms.DateTimeField(error_messages={"required": _("Choose a due date.")})
    try:
        chosen: datetime = field.clean(request.POST.get("duedate", ""))
    except forms.ValidationError as error:
        raise ValidationFailed(" ".join(error.messages), code="duedate_invalid", field="duedate") from error
    return chosen


def _unless_changed(request: AgentRequest, chosen: Sequence[int], operation: Operation) -> Operation:
    """Give the operation that refuses tasks to which others did something since the agent saw them."""
    seconds = id_in(request.POST.get(SINCE, ""))
    if not seconds:
        return operation
    since = datetime.fromtimestamp(seconds, UTC)
    changes = changes_among(chosen, since, agent=request.agent, object_type=ObjectType.TASK)

    def do(task: Task) -> object:
        if task.pk in changes:
            raise Conflict(_("Meanwhile: %(changes)s") % {"changes": _told(changes[task.pk])}, code=STALE)
        return operation(task)

    return do


def _told(changes: Sequence[Change]) -> str:
    return "; ".join(change.text for change in changes[-SHOWN_CHANGES:])


# --- What came of it --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Refused:
    """A task that stays as it was, and why; `number` is '' for one that the agent does not see."""

    task_id: int
    number: str
    reason: str


def _in_words(name: str, results: Sequence[BulkResult]) -> str:
    done = sum(one.refusal is None for one in results)
    verbs = {
        "assign": _("assigned"),
        "claim": _("claimed"),
        "transfer": _("transferred"),
        "due": _("changed"),
        "close": _("closed"),
        "reopen": _("reopened"),
        "delete": _("deleted"),
    }
    values = {"count": done, "total": len(results), "verb": verbs[name]}
    if done < len(results):
        return _("%(count)d of %(total)d selected tasks %(verb)s") % values
    text = ngettext(
        "Successfully %(verb)s %(count)d selected task.", "Successfully %(verb)s %(count)d selected tasks.", done
    )
    return text % values


def _show_results(request: AgentRequest, results: Sequence[BulkResult], result: str, back: str) -> HttpResponse:
    refused = [Refused(one.task_id, one.number, str(one.refusal.message)) for one in results if one.refusal is not None]
    stale = [one.task_id for one in results if one.refusal is not None and one.refusal.code == STALE]
    context = {
        "result": result,
        "refused": refused,
        "stale": stale,
        "sent": [(name, request.POST.get(name, "")) for name in (OPERATION, *INPUTS) if request.POST.get(name)],
        "now": int(timezone.now().timestamp()),
        "way_back": back,
    }
    return render(request, "tasks/agent/bulk_results.html", context)


def _way_back(request: AgentRequest) -> str:
    given = request.POST.get(BACK, "")
    is_ours = url_has_allowed_host_and_scheme(given, allowed_hosts=None, require_https=request.is_secure())
    return given if is_ours and given.startswith(reverse("agent:index")) else reverse("agent:tasks")

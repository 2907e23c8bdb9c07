"""Who may download files from tasks (`helpdesk.threads.access`, `helpdesk.forms.attached`; osticket/tasks.md §2)."""

from __future__ import annotations

from django.http import HttpRequest

from helpdesk.forms.constants import FieldFlag
from helpdesk.forms.models import FormField
from helpdesk.people.access import AgentAccess
from helpdesk.threads.models import Thread, ThreadEntry
from tasks.models import Task


def may_see_entry(request: HttpRequest, thread: Thread, entry: ThreadEntry) -> bool:
    """Whether the agent may open the task; end users see no tasks."""
    return _may_see(request, thread.object_id)


def may_see_answer(request: HttpRequest, task_id: int, field: FormField) -> bool:
    """Whether the agent may open the task and agents see the field."""
    return bool((field.flags or 0) & FieldFlag.AGENT_VIEW) and _may_see(request, task_id)


def _may_see(request: HttpRequest, task_id: int) -> bool:
    access: AgentAccess | None = getattr(request, "access", None)
    return access is not None and Task.objects.accessible_to(access).filter(pk=task_id).exists()

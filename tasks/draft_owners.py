"""Who keeps drafts on tasks, and under which names (`helpdesk.threads.drafts`; osticket/tickets.md §15.4)."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest

from helpdesk.legacy.ids import LARGEST_ID
from helpdesk.people.access import AgentAccess
from helpdesk.threads.drafts import register_drafts
from tasks.models import Task

ON_A_TASK = (r"task\.(?:response|note)\.([1-9]\d{0,9})", r"task\.([1-9]\d{0,9})\.edit")
OF_ANY_AGENT = r"task\.add"


def register_namespaces() -> None:
    """Let agents keep updates, notes, edits and new tasks."""
    for pattern in ON_A_TASK:
        register_drafts(pattern, _agent_on_task)
    register_drafts(OF_ANY_AGENT, _agent)


def _agent(request: HttpRequest, groups: Sequence[str]) -> int | None:
    access: AgentAccess | None = getattr(request, "access", None)
    return access.agent.pk if access is not None else None


def _agent_on_task(request: HttpRequest, groups: Sequence[str]) -> int | None:
    access: AgentAccess | None = getattr(request, "access", None)
    task_id = int(groups[0])
    if access is None or task_id > LARGEST_ID:
        return None
    return access.agent.pk if Task.objects.accessible_to(access).filter(pk=task_id).exists() else None

"""Who may download files from tasks (`helpdesk.threads.access`; osticket/tasks.md §2).

osTicket shows a closed task to every agent who knows its number; files of tasks are not given away that easily.
"""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest

from helpdesk.people.access import AgentAccess
from helpdesk.threads.models import Thread, ThreadEntry
from tasks.models import Task


def may_see_entry(request: HttpRequest, thread: Thread, entry: ThreadEntry) -> bool:
    """Whether the agent has the task, or it is in a department whose tasks the agent sees; end users see no tasks."""
    access: AgentAccess | None = getattr(request, "access", None)
    if access is None:
        return False
    condition = Q(staff=access.agent.pk) | Q(team__in=access.team_ids)
    if not access.agent.assigned_only:
        condition |= Q(dept__in=access.department_ids)
    return Task.objects.filter(condition, pk=thread.object_id).exists()

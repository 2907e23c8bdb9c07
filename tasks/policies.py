"""Who may do what to a task (osticket/tasks.md §2, §3). The list and the single check share one definition.

Differences from osTicket: a closed task is seen by whoever saw it open, not by every agent; an update demands
`task.reply`, which osTicket asks only when it shows the form; closing and reopening beside a text demand what they
demand alone.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import NotFound, PermissionRefused
from helpdesk.legacy.ids import LARGEST_ID
from helpdesk.people.access import AgentAccess, access_of
from helpdesk.people.actor import Actor, ActorKind
from helpdesk.people.permissions import RolePermission
from tasks.models import Task
from tickets.models import Ticket
from tickets.policies import can as can_on_ticket
from tickets.policies import permissions_on as permissions_on_ticket


def can(actor: Actor, permission: str | None, task: Task) -> bool:
    """Whether the actor may do to the task what the permission key (`task.close`) names; None asks for viewing.

    The system and API keys may do everything here; end users never see tasks.
    """
    if actor.kind in {ActorKind.SYSTEM, ActorKind.API_KEY}:
        return True
    if actor.agent is None:
        return False
    return may_agent(access_of(actor.agent), permission, task)


def may_agent(access: AgentAccess, permission: str | None, task: Task) -> bool:
    """Whether the agent may see the task (None) or holds this permission on it."""
    if not is_accessible(access, task):
        return False
    return permission is None or permission in permissions_on(access, task)


def is_accessible(access: AgentAccess, task: Task) -> bool:
    """Whether the agent may open the task."""
    return Task.objects.accessible_to(access).filter(pk=task.pk).exists()


def permissions_on(access: AgentAccess, task: Task) -> frozenset[str]:
    """Give the permission keys that hold on a task that the agent may open (check that first).

    They are those of the role in its department: being assigned to a task gives none (osticket/tasks.md §2).
    """
    return access.permissions_in(task.dept_id)


def require(actor: Actor, permission: str | None, task: Task) -> None:
    """Raise NotFound unless the actor may see the task, PermissionRefused without the permission."""
    if can(actor, permission, task):
        return
    if permission is not None and can(actor, None, task):
        raise PermissionRefused(_("Permission denied"), code="permission_denied")
    raise NotFound(_("No such task"), code="task_not_found")


def get_task_for_agent(access: AgentAccess, task_id: int) -> Task:
    """Give the task with this id, with its department and assignees.

    Raises NotFound alike when there is no such task and when the agent may not see it.
    """
    if 0 < task_id <= LARGEST_ID:
        tasks = Task.objects.accessible_to(access).select_related("dept", "staff", "team")
        task = tasks.filter(pk=task_id).first()
        if task is not None:
            return task
    raise NotFound(_("No such task"), code="task_not_found")


def may_create(actor: Actor, ticket: Ticket | None = None) -> bool:
    """Whether the actor may make tasks, on this ticket or on their own (osticket/tasks.md §3)."""
    if actor.kind in {ActorKind.SYSTEM, ActorKind.API_KEY}:
        return True
    if actor.agent is None or not access_of(actor.agent).has_permission_anywhere(RolePermission.TASK_CREATE):
        return False
    return ticket is None or can_on_ticket(actor, RolePermission.TASK_CREATE, ticket)


def may_create_on(access: AgentAccess, ticket: Ticket) -> bool:
    """Whether the agent may put tasks on a ticket that he may open (check that first)."""
    anywhere = access.has_permission_anywhere(RolePermission.TASK_CREATE)
    return anywhere and RolePermission.TASK_CREATE in permissions_on_ticket(access, ticket)


def require_create(actor: Actor, ticket: Ticket | None = None) -> None:
    """Raise PermissionRefused unless the actor may make tasks there, NotFound for a ticket that he may not see."""
    if may_create(actor, ticket):
        return
    if ticket is not None and not can_on_ticket(actor, None, ticket):
        raise NotFound(_("No such ticket."), code="ticket_not_found")
    raise PermissionRefused(_("You do not have permission to create tasks"), code="permission_denied")

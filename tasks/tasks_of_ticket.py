"""The tasks of a ticket, as its page shows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from helpdesk.people.access import AgentAccess
from helpdesk.people.permissions import RolePermission
from tasks.constants import TaskFlag
from tasks.models import Task
from tasks.policies import may_create_on
from tasks.screens import TicketTasks
from tasks.task_list import task_rows
from tickets.models import Ticket

MOST_SHOWN = 50
TaskFacts = tuple[int, int, int | None]
"""Id, flags and department of a task."""
_KEY = "_tasks"


def read_tasks(ticket: Ticket) -> list[TaskFacts]:
    """Read what tasks the ticket has, in one statement, and remember it for its page, which is made a moment later."""
    tasks = Task.objects.of_ticket(ticket.pk).order_by("pk")
    found: list[TaskFacts] = [*tasks.values_list("pk", "flags", "dept_id")]
    ticket.__dict__[_KEY] = found
    return found


def tasks_of_ticket(access: AgentAccess, ticket: Ticket, *, now: datetime) -> TicketTasks:
    """Give the tasks of a ticket that the agent may open, open ones first, the newest of the closed ones after them.

    Whoever sees the ticket sees that there is a task; only those who may open it learn what it is about. One statement
    for a ticket without tasks, none where `read_tasks` has just asked.
    """
    remembered: list[TaskFacts] | None = ticket.__dict__.pop(_KEY, None)
    found = read_tasks(ticket) if remembered is None else remembered
    open_ids = [pk for pk, flags, _dept in found if flags & TaskFlag.OPEN]
    closed_ids = [pk for pk, flags, _dept in found if not flags & TaskFlag.OPEN][::-1]
    shown = [*open_ids, *closed_ids][:MOST_SHOWN]
    visible: frozenset[int] = frozenset()
    if shown:
        visible = frozenset(Task.objects.accessible_to(access).filter(pk__in=shown).values_list("pk", flat=True))
    departments = {pk: department for pk, _flags, department in found}

    def may_close(pk: int) -> bool:
        return pk in visible and RolePermission.TASK_CLOSE in access.permissions_in(departments[pk])

    rows = task_rows(shown, now=now, visible=visible, numbers={ticket.pk: ticket.number})
    return TicketTasks(
        ticket_id=ticket.pk,
        rows=[replace(row, may_close=row.is_open and may_close(row.task_id)) for row in rows],
        open_count=len(open_ids),
        more=len(found) - len(shown),
        may_add=may_create_on(access, ticket),
    )

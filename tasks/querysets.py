"""Which tasks: `Task.objects.visible_to(…)` is the only way to a list of them (osticket/tasks.md §2)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q, QuerySet

from helpdesk.people.access import AgentAccess, access_of
from helpdesk.people.models import Agent
from helpdesk.threads.constants import ObjectType
from tasks.constants import OPEN_FLAGS
from tickets.constants import TicketState
from tickets.models import Ticket

if TYPE_CHECKING:
    from tasks.models import Task  # noqa: F401 -- the type argument of the class

NOTHING = Q(pk__in=())
IS_OPEN = Q(flags__in=OPEN_FLAGS)
"""Open tasks, found by osTicket's index of the flags."""


class TaskQuerySet(QuerySet["Task"]):
    """Tasks, restricted to what somebody may see."""

    def visible_to(self, who: Agent | AgentAccess) -> TaskQuerySet:
        """Give the tasks that this agent sees in lists.

        Open ones of the agent, of a team, and of open tickets that the agent has; all of the agent's departments.
        """
        access = _access(who)
        return self.filter((IS_OPEN & _assigned_to(access)) | _of_own_tickets(access) | _in_departments_of(access))

    def accessible_to(self, who: Agent | AgentAccess) -> TaskQuerySet:
        """Give the tasks that this agent may open by address: those of the lists, and closed ones that he had.

        osTicket shows a closed task to every agent who knows its id; a closed task is no less private than an open one.
        """
        access = _access(who)
        return self.filter(_assigned_to(access) | _of_own_tickets(access) | _in_departments_of(access))

    def counted_for(self, who: Agent | AgentAccess) -> TaskQuerySet:
        """Give the tasks that the counters of an agent count: as in the lists, without those of his tickets."""
        access = _access(who)
        return self.filter((IS_OPEN & _assigned_to(access)) | _in_departments_of(access))

    def open(self) -> TaskQuerySet:
        """Those that are to be done."""
        return self.filter(IS_OPEN)

    def closed(self) -> TaskQuerySet:
        """Those that are done."""
        return self.exclude(IS_OPEN)

    def overdue(self, now: datetime) -> TaskQuerySet:
        """Open ones whose due date has passed, marked or not (osticket/tasks.md §1)."""
        return self.open().filter(duedate__lte=now)

    def of_ticket(self, ticket_id: int) -> TaskQuerySet:
        """Those of a ticket."""
        return self.filter(object_id=ticket_id, object_type=ObjectType.TICKET)


def _access(who: Agent | AgentAccess) -> AgentAccess:
    return who if isinstance(who, AgentAccess) else access_of(who)


def _assigned_to(access: AgentAccess) -> Q:
    condition = Q(staff=access.agent.pk)
    return condition | Q(team__in=access.team_ids) if access.team_ids else condition


def _in_departments_of(access: AgentAccess) -> Q:
    if access.agent.assigned_only or not access.department_ids:
        return NOTHING
    return Q(dept__in=access.department_ids)


def _of_own_tickets(access: AgentAccess) -> Q:
    """Whether the task belongs to an open ticket that the agent has."""
    tickets = Ticket.objects.filter(pk=OuterRef("object_id"), staff=access.agent.pk, status__state=TicketState.OPEN)
    return Q(Exists(tickets)) & Q(object_type=ObjectType.TICKET)

"""What tasks have against closing their ticket (`tickets.registries`; osticket/tickets.md §9.2)."""

from __future__ import annotations

from django.db.models import F
from django.utils.translation import ngettext

from helpdesk.legacy.errors import Conflict
from helpdesk.threads.constants import ObjectType
from tasks.constants import TaskFlag
from tasks.models import Task
from tickets.models import Ticket


def open_tasks_obstacle(ticket: Ticket) -> Conflict | None:
    """Refuse as long as tasks of the ticket are open."""
    tasks = Task.objects.alias(open=F("flags").bitand(int(TaskFlag.OPEN)))
    count = tasks.filter(object_id=ticket.pk, object_type=ObjectType.TICKET, open=int(TaskFlag.OPEN)).count()
    if count == 0:
        return None
    message = ngettext(
        "This ticket has %(count)d open task and cannot be closed",
        "This ticket has %(count)d open tasks and cannot be closed",
        count,
    )
    return Conflict(message % {"count": count}, code="open_tasks")

"""What tasks have against closing their ticket (`tickets.registries`; osticket/tickets.md §9.2)."""

from __future__ import annotations

from django.utils.translation import ngettext

from helpdesk.legacy.errors import Conflict
from tasks.constants import TaskFlag
from tasks.tasks_of_ticket import read_tasks
from tickets.models import Ticket


def open_tasks_obstacle(ticket: Ticket) -> Conflict | None:
    """Refuse as long as tasks of the ticket are open."""
    count = sum(bool(flags & TaskFlag.OPEN) for _pk, flags, _department in read_tasks(ticket))
    if count == 0:
        return None
    message = ngettext(
        "This ticket has %(count)d open task and cannot be closed",
        "This ticket has %(count)d open tasks and cannot be closed",
        count,
    )
    return Conflict(message % {"count": count}, code="open_tasks")

"""What tasks have against closing their ticket (`tickets.registries`; osticket/tickets.md §9.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django.utils.translation import ngettext

from helpdesk.legacy.errors import Conflict
from helpdesk.threads.constants import ObjectType
from tasks.constants import TaskFlag
from tasks.models import Task
from tasks.tasks_of_ticket import read_tasks
from tickets.models import Ticket

_KEY = "_open_tasks"


def count_open_tasks(tickets: Sequence[Ticket]) -> None:
    """Count the open tasks of many tickets at once; `open_tasks_obstacle` takes the number from the ticket, once."""
    open_tasks = Task.objects.open().filter(
        object_id__in=[ticket.pk for ticket in tickets], object_type=ObjectType.TICKET
    )
    counts = Counter(open_tasks.values_list("object_id", flat=True))
    for ticket in tickets:
        ticket.__dict__[_KEY] = counts[ticket.pk]


def open_tasks_obstacle(ticket: Ticket) -> Conflict | None:
    """Refuse as long as tasks of the ticket are open."""
    count: int | None = ticket.__dict__.pop(_KEY, None)
    if count is None:
        count = sum(bool(flags & TaskFlag.OPEN) for _pk, flags, _department in read_tasks(ticket))
    if count == 0:
        return None
    message = ngettext(
        "This ticket has %(count)d open task and cannot be closed",
        "This ticket has %(count)d open tasks and cannot be closed",
        count,
    )
    return Conflict(message % {"count": count}, code="open_tasks")

"""What becomes of tasks when their ticket is merged into another one (osticket/tickets.md §14, step 7)."""

from helpdesk.threads.constants import ObjectType
from tasks.models import Task
from tickets.models import Ticket


def follow_merge(child: Ticket, parent: Ticket) -> None:
    """Move the tasks of the merged ticket to its parent."""
    Task.objects.filter(object_type=ObjectType.TICKET, object_id=child.pk).update(object_id=parent.pk)

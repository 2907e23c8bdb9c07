"""What tickets show of their tasks."""

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from helpdesk.threads.constants import ObjectType
from tasks.models import Task
from tickets.criteria import register_field
from tickets.criteria_values import CountKind
from tickets.ticket_counts import count_of


def task_count() -> Subquery:
    """Count the tasks of the outer ticket."""
    return count_of(Task.objects.filter(object_id=OuterRef("pk"), object_type=ObjectType.TICKET))


def register_task_count() -> None:
    """Let queues ask how many tasks a ticket has."""
    register_field("task_count", CountKind(task_count), _("Number of tasks"))

"""Numbers of tasks (osticket/tickets.md §16.1)."""

from __future__ import annotations

from helpdesk.configuration.selectors import current
from helpdesk.threads.constants import ObjectType
from tasks.models import Task
from tickets.number_register import NumberRegister
from tickets.numbers import next_number

DEFAULT_FORMAT = "#"
DEFAULT_SEQUENCE = 2
"""The sequence of a fresh installation; 0 gives random numbers."""
TASKS = NumberRegister(ObjectType.TASK, Task)


def new_task_number() -> str:
    """Give the number of a new task, reserved for the running transaction."""
    settings = current()
    sequence = settings.integer("task_sequence_id", DEFAULT_SEQUENCE)
    return next_number(sequence, settings.text("task_number_format") or DEFAULT_FORMAT, TASKS)

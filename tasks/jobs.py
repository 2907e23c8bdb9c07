"""Recurring jobs of tasks."""

from celery import shared_task

from tasks.numbers import TASKS
from tasks.services.overdue import mark_overdue_tasks

SLICES_PER_RUN = 200


@shared_task
def mark_overdue() -> int:
    """Mark the open tasks whose due date has passed; gives how many."""
    return mark_overdue_tasks()


@shared_task
def note_numbers() -> int:
    """Enter the numbers of tasks that osTicket made, or that were there before us; gives how many it looked at."""
    return TASKS.note_all(slices=SLICES_PER_RUN)

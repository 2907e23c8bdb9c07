"""What kind of task it is at the moment, and where its conversation is."""

from __future__ import annotations

from datetime import datetime

from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import Thread
from helpdesk.threads.services import create_thread
from tasks.constants import TaskFlag
from tasks.models import Task
from tickets.models import Ticket


def is_open(task: Task) -> bool:
    """Whether the task is to be done."""
    return bool(task.flags & TaskFlag.OPEN)


def is_overdue(task: Task, now: datetime) -> bool:
    """Whether the task is open and its due date has passed, marked or not (osticket/tasks.md §1)."""
    return is_open(task) and task.duedate is not None and task.duedate <= now


def find_thread(task: Task) -> Thread | None:
    """Give the thread of a task, read once per task object."""
    known: Thread | None = task.__dict__.get("_thread")
    if known is None:
        known = Thread.objects.filter(object_id=task.pk, object_type=ObjectType.TASK).order_by("pk").first()
        remember_thread(task, known)
    return known


def own_thread(task: Task, *, now: datetime) -> Thread:
    """Give the thread of a task for writing; one that is missing is made anew."""
    thread = find_thread(task)
    if thread is None:
        thread = create_thread(ObjectType.TASK, task.pk, now=now)
        remember_thread(task, thread)
    return thread


def remember_thread(task: Task, thread: Thread | None) -> None:
    """Keep the thread on the task object; None makes the next reader look again."""
    task.__dict__["_thread"] = thread


def ticket_of(task: Task) -> Ticket | None:
    """Give the ticket that the task belongs to; None for one on its own, and when the ticket is gone."""
    if task.object_type != ObjectType.TICKET or not task.object_id:
        return None
    if "_ticket" not in task.__dict__:
        task.__dict__["_ticket"] = Ticket.objects.filter(pk=task.object_id).first()
    found: Ticket | None = task.__dict__["_ticket"]
    return found

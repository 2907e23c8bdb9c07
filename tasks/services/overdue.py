"""Marking tasks that passed their due date: osTicket has the flag, the settings and the mail for it, but no job."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F, prefetch_related_objects
from django.utils import timezone

from helpdesk.mail.outgoing import mail_effects
from helpdesk.outbox.services import NewEffect, enqueue
from helpdesk.people.actor import Actor
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.events import SYSTEM_NAME, event_id
from helpdesk.threads.models import Thread, ThreadEvent
from helpdesk.threads.own_rows import note_events_of_system
from tasks.constants import TaskFlag
from tasks.models import Task
from tasks.notices import overdue_alert
from tasks.services.common import logger, send_after_commit
from tasks.signals import task_overdue

SLICE = 200
"""Tasks marked in one transaction."""


def mark_overdue_tasks(*, now: datetime | None = None) -> int:
    """Mark open tasks whose due date has passed, with event and alerts; give how many.

    Runs as often as one likes: what is marked stays so until its due date changes or it is closed. A slice costs the
    same number of statements however many tasks are in it, besides the alerts where settings want them.
    """
    now = now or timezone.now()
    _clear_outdated(now)
    marked = 0
    while True:
        with transaction.atomic():
            count = _mark_slice(now)
        marked += count
        if count < SLICE:
            break
    if marked:
        logger.info("tasks_overdue", count=marked)
    return marked


def _clear_outdated(now: datetime) -> None:
    """Take the mark from tasks whose due date PHP has moved or cleared: it knows nothing of the mark."""
    marked = Task.objects.open().alias(late=F("flags").bitand(int(TaskFlag.OVERDUE))).exclude(late=0)
    ids = list(marked.exclude(duedate__lte=now).order_by("pk").values_list("pk", flat=True)[:SLICE])
    if ids:
        still = Task.objects.filter(pk__in=ids).exclude(duedate__lte=now)
        still.update(flags=F("flags").bitand(~int(TaskFlag.OVERDUE) & 0xFFFFFFFF))


def _mark_slice(now: datetime) -> int:
    due = Task.objects.open().alias(late=F("flags").bitand(int(TaskFlag.OVERDUE)))
    due = due.filter(late=0, duedate__lte=now).order_by("pk")
    ids = list(due.values_list("pk", flat=True)[:SLICE])
    if not ids:
        return 0
    # Locked and looked at once more: somebody may have closed one or moved its date in this moment.
    tasks = list(due.filter(pk__in=ids).select_for_update())
    prefetch_related_objects(tasks, "dept__manager", "staff", "team")
    locked = [task.pk for task in tasks]
    Task.objects.filter(pk__in=locked).update(flags=F("flags").bitor(int(TaskFlag.OVERDUE)))
    threads = dict(
        Thread.objects.filter(object_id__in=locked, object_type=ObjectType.TASK).values_list("object_id", "pk")
    )
    ThreadEvent.objects.bulk_create(_event(task, threads.get(task.pk), now) for task in tasks)
    note_events_of_system(list(threads.values()), event_id("overdue"), now=now)
    enqueue(*(effect for task in tasks for effect in _alerts(task)), now=now)
    for task in tasks:
        send_after_commit(task_overdue, task=task, actor=Actor.system())
    return len(ids)


def _event(task: Task, thread_id: int | None, now: datetime) -> ThreadEvent:
    return ThreadEvent(
        thread_id=thread_id,
        thread_type=ObjectType.TASK,
        event_id=event_id("overdue"),
        staff_id=task.staff_id,
        team_id=task.team_id,
        dept_id=task.dept_id,
        username=SYSTEM_NAME,
        timestamp=now,
    )


def _alerts(task: Task) -> list[NewEffect]:
    return mail_effects(overdue_alert(task), object_type="task", object_id=task.pk)

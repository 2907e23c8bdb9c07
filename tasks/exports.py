"""Lists of tasks as tables (osticket/tasks.md §6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from helpdesk.exports.cells import Cell
from helpdesk.exports.files import Table
from helpdesk.files.models import Attachment
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject, FieldFlag
from helpdesk.forms.field_types import StoredAnswer, has_answers, type_of
from helpdesk.forms.models import FormAnswer, FormField
from helpdesk.forms.selectors import fields_of, form_for
from helpdesk.people.access import AgentAccess
from helpdesk.threads.constants import EntryFlag, ObjectType
from helpdesk.threads.models import ThreadEntry
from tasks.models import Task
from tasks.states import is_open
from tasks.task_list import TITLES, ListKey, tasks_of_list
from tickets.names import full_name

SLICE = 200
"""Tasks read at once: memory does not grow with the list."""


def task_table(access: AgentAccess, key: ListKey, *, query: str, now: datetime, zone: tzinfo) -> Table:
    """Give a list of tasks with osTicket's columns, then the other fields of the task form that agents see."""
    fields = _further_fields()
    headings = [
        _("Task Number"),
        _("Date Created"),
        _("Title"),
        _("Department"),
        _("Current Status"),
        _("Due Date"),
        _("Agent Assigned"),
        _("Team Assigned"),
        _("Thread Count"),
        _("Attachment Count"),
        *(field.label for field in fields),
    ]
    return Table(
        title=str(TITLES[key]),
        headings=headings,
        rows=_rows(access, key, fields, query=query, now=now),
        zone=zone,
    )


def _rows(
    access: AgentAccess, key: ListKey, fields: Sequence[FormField], *, query: str, now: datetime
) -> Iterator[list[Cell]]:
    """Go through the list from the newest task on, a slice at a time by its key."""
    tasks = tasks_of_list(access, key, now=now, query=query).select_related("dept", "staff", "team").order_by("-pk")
    last: int | None = None
    while True:
        some = list((tasks if last is None else tasks.filter(pk__lt=last))[:SLICE])
        yield from _cells(some, fields)
        if len(some) < SLICE:
            break
        last = some[-1].pk


def _cells(tasks: Sequence[Task], fields: Sequence[FormField]) -> Iterator[list[Cell]]:
    ids = [task.pk for task in tasks]
    titles = cdata.fetch(EntryObject.TASK, ids, {"title"}) if ids else {}
    entries, attachments = _counts(ids)
    answers = _answers(ids, fields)
    for task in tasks:
        yield [
            task.number or "",
            task.created,
            titles.get(task.pk, {}).get("title") or "",
            task.dept.name if task.dept else "",
            _("Open") if is_open(task) else _("Completed"),
            task.duedate,
            full_name(task.staff) if task.staff else "",
            task.team.name if task.team else "",
            entries.get(task.pk) or None,
            attachments.get(task.pk) or None,
            *(answers.get((task.pk, field.pk), "") for field in fields),
        ]


def _counts(ids: Sequence[int]) -> tuple[dict[int, int], dict[int, int]]:
    """Count visible entries and files that are attached to them, by task."""
    if not ids:
        return {}, {}
    visible = ThreadEntry.objects.filter(
        ~Q(flags__has=EntryFlag.HIDDEN), thread__object_type=ObjectType.TASK, thread__object_id__in=ids
    )
    of_entries = dict(visible.values_list("pk", "thread__object_id"))
    entries: dict[int, int] = {}
    for task_id in of_entries.values():
        entries[task_id] = entries.get(task_id, 0) + 1
    files = Attachment.objects.filter(type=ObjectType.THREAD_ENTRY, inline=False, object_id__in=list(of_entries))
    attachments: dict[int, int] = {}
    for entry_id, count in files.values_list("object_id").annotate(count=Count("pk")).order_by():
        task_id = of_entries[entry_id]
        attachments[task_id] = attachments.get(task_id, 0) + count
    return entries, attachments


def _further_fields() -> list[FormField]:
    form = form_for(EntryObject.TASK)
    if form is None:
        return []
    needed = FieldFlag.ENABLED | FieldFlag.AGENT_VIEW
    return [
        field
        for field in fields_of(form)
        if has_answers(field) and field.name != "title" and (field.flags or 0) & needed == needed
    ]


def _answers(ids: Sequence[int], fields: Sequence[FormField]) -> dict[tuple[int, int], str]:
    if not ids or not fields:
        return {}
    known = {field.pk: field for field in fields}
    rows = FormAnswer.objects.filter(
        entry__object_type=EntryObject.TASK, entry__object_id__in=ids, field__in=known
    ).values_list("entry__object_id", "field_id", "value", "value_id")
    found: dict[tuple[int, int], str] = {}
    for task_id, field_id, value, value_id in rows:
        field = known[field_id or 0]
        field_type = type_of(field)
        clean = field_type.from_database(field, StoredAnswer(value, value_id))
        found[(task_id or 0, field.pk)] = field_type.to_string(field, clean)
    return found

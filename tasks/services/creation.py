"""Making tasks (osticket/tasks.md §4.1)."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.selectors import fields_of, form_for
from helpdesk.legacy.errors import DomainError, PermissionRefused, ValidationFailed
from helpdesk.legacy.retrying import retried
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent
from helpdesk.people.permissions import RolePermission
from helpdesk.threads.bodies import NewFile, is_empty, stored_files
from helpdesk.threads.constants import EntryFlag, EntryType, ObjectType
from helpdesk.threads.html import clean_html
from helpdesk.threads.models import Thread, ThreadEntry
from helpdesk.threads.services import NewEntry, delete_drafts, post_entry
from tasks.constants import TaskFlag
from tasks.models import Task
from tasks.new_task import NewTask
from tasks.notices import new_task_alert
from tasks.numbers import new_task_number
from tasks.policies import can, require_create
from tasks.services.assignment import assign_to_agent, assign_to_team
from tasks.services.common import log, post_note_of, queue, record, send_after_commit
from tasks.services.ticket_notes import note_on_ticket
from tasks.signals import task_created
from tasks.states import remember_thread
from tickets.filled_forms import Asked, FilledForm, Part, Problem, fill, problems_of
from tickets.intake import FormInUse
from tickets.models import Ticket
from tickets.services.common import lock as lock_ticket
from tickets.services.common import poster_of
from tickets.services.first_answers import insert_answers

FROM_ENTRY = "Task Created From Thread Entry"


class TaskInvalid(ValidationFailed):
    """A task that cannot be made as it is; `problems` says everything that is wrong, in the order of the form."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems[0].message, code="task_invalid", field=problems[0].name)
        self.problems = problems


@dataclass(frozen=True)
class Created:
    """A new task. `assign_refusal` says why it was not given to the wanted assignee; it is there nevertheless."""

    task: Task
    assign_refusal: DomainError | None = None


@retried
def create_task(new: NewTask, *, actor: Actor, now: datetime | None = None) -> Created:
    """Make a task with its thread, description, answers and event, and give it to the wanted assignee.

    Raises TaskInvalid with everything that is wrong in the form, ValidationFailed for a missing department and a due
    date in the past or after the ticket's, PermissionRefused without `task.create`, NotFound for a ticket that is gone.
    Source: §4.1.
    """
    now = now or timezone.now()
    require_create(actor, new.ticket)
    if new.department is None:
        raise ValidationFailed(_("Department selection is required"), code="department_required", field="department")
    check_due_date(new.duedate, now=now, ticket=new.ticket)
    filled = _filled(new)
    files = stored_files(new.files)
    if filled is not None:
        filled.prepare()
    with transaction.atomic():
        if new.ticket is not None:
            lock_ticket(new.ticket)
        task = _insert(new, now)
        if filled is not None:
            insert_answers([(filled, task.pk)], now=now)
        entry = _describe(task, new, files, _title(filled), actor, now)
        record(task, "created", actor=actor, now=now)
        _link_with_entry(task, new, actor, now)
        queue(task, new_task_alert(task, entry, creator=actor.agent), now=now)
        refusal = _assign(task, new, actor, now)
        if actor.agent is not None:
            namespace = f"ticket.{new.ticket.pk}.task" if new.ticket is not None else "task.add"
            delete_drafts(namespace, owner_id=actor.agent.pk)
        log("task_created", task, actor, ticket_id=new.ticket.pk if new.ticket else None)
        send_after_commit(task_created, task=task, actor=actor)
    return Created(task, refusal)


def check_due_date(duedate: datetime | None, *, now: datetime, ticket: Ticket | None = None) -> None:
    """Raise ValidationFailed for a due date in the past, or after the one of the ticket that lies ahead."""
    if duedate is None:
        return
    if duedate <= now:
        raise ValidationFailed(_("Due date must be in the future"), code="due_date_past", field="duedate")
    latest = (ticket.duedate or ticket.est_duedate) if ticket is not None else None
    if latest is not None and now < latest < duedate:
        raise ValidationFailed(
            _("The task must be due before its ticket."), code="due_date_after_ticket", field="duedate"
        )


def _filled(new: NewTask) -> FilledForm | None:
    form = form_for(EntryObject.TASK)
    if form is None:
        return None
    by_key = {str(key).casefold(): value for key, value in new.answers.items()}
    filled = fill(FilledForm(FormInUse(form, fields_of(form)), EntryObject.TASK), by_key)
    problems = problems_of(filled, Asked.AGENT, Part.REQUEST)
    if problems:
        raise TaskInvalid(problems)
    return filled


def _title(filled: FilledForm | None) -> str:
    known = filled.form.field_named("title") if filled is not None else None
    return str(filled.clean.get(known.pk) or "") if filled is not None and known is not None else ""


def _insert(new: NewTask, now: datetime) -> Task:
    ticket = new.ticket
    task = Task.objects.create(
        number=new_task_number(),
        object_id=ticket.pk if ticket is not None else 0,
        object_type=ObjectType.TICKET if ticket is not None else "",
        dept=new.department,
        flags=TaskFlag.OPEN,
        duedate=new.duedate,
        created=now,
        updated=now,
    )
    remember_thread(task, Thread.objects.create(object_type=ObjectType.TASK, object_id=task.pk, created=now))
    return task


def _describe(
    task: Task, new: NewTask, files: list[NewFile], title: str, actor: Actor, now: datetime
) -> ThreadEntry | None:
    """Write the description as the first entry; without text and files there is none."""
    text = clean_html(new.description).html if new.format == "html" else new.description
    if is_empty(text, new.format) and not files:
        return None
    entry = NewEntry(
        type=EntryType.MESSAGE,
        body=new.description,
        format=new.format,
        title=html.escape(title, quote=False) if new.has_entry_title and title else None,
        agent=actor.agent,
        poster=poster_of(actor),
        flags=EntryFlag.ORIGINAL_MESSAGE,
        ip_address=actor.ip_address,
        files=files,
    )
    return post_entry(_thread(task), entry, now=now, is_first=True)


def _thread(task: Task) -> Thread:
    thread: Thread = task.__dict__["_thread"]
    return thread


def _link_with_entry(task: Task, new: NewTask, actor: Actor, now: datetime) -> None:
    """Say on both sides where the task comes from."""
    ticket = new.ticket
    if new.from_entry is None or ticket is None:
        return
    root = f"{configuration.current().text('helpdesk_url').rstrip('/')}/scp"
    links = {
        "task": f'<a href="{root}/tasks.php?id={task.pk}">#{html.escape(str(task.number))}</a>',
        "ticket": f'<a href="{root}/tickets.php?id={ticket.pk}">#{html.escape(str(ticket.number))}</a>',
    }
    on_ticket = f"Task {links['task']} created from an entry of this ticket"
    on_task = f"Created from an entry of ticket {links['ticket']}"
    note_on_ticket(ticket, actor=actor, title=FROM_ENTRY, body=on_ticket, now=now, alert=False)
    post_note_of(task, actor=actor, title=FROM_ENTRY, body=on_task, now=now)


def _assign(task: Task, new: NewTask, actor: Actor, now: datetime) -> DomainError | None:
    """Give the new task to the wanted assignee, or say why not: osTicket drops the wish in silence."""
    assignee = new.assign_to
    if assignee is None:
        return None
    try:
        with transaction.atomic():
            if not can(actor, RolePermission.TASK_ASSIGN, task):
                raise PermissionRefused(
                    _("You do not have permission to assign tasks"), code="permission_denied", field="assignee"
                )
            if isinstance(assignee, Agent):
                assign_to_agent(task, assignee, actor=actor, now=now)
            else:
                assign_to_team(task, assignee, actor=actor, now=now)
    except DomainError as refusal:
        return refusal
    return None

"""Calls of the services of tasks."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from helpdesk.forms.bound import BoundForm, bind
from helpdesk.forms.field_types import Asked
from helpdesk.forms.submission_services import parts_of
from helpdesk.threads.models import ThreadEntry
from tasks.new_task import NewTask
from tasks.services import assignment, collaborators, creation, deletion, editing, entries, posting, status
from tasks.states import find_thread
from tests.permissions.world import Call, World


def _form(world: World) -> BoundForm:
    parts = parts_of("A", world.task.pk)
    title = next(field for part in parts for field in part.form.fields.all() if field.name == "title")
    asked = Asked(is_agent=True, agent=world.actor.agent)
    return bind(parts, asked=asked, data={f"field-{title.pk}": "Another title"}, only={title.pk})


def _closed(world: World) -> World:
    status.close_task(world.task, actor=World(world.numbers, "system").actor)
    return world


def _description(world: World) -> ThreadEntry:
    thread = find_thread(world.task)
    assert thread is not None
    entry = thread.entries.order_by("id").first()
    assert entry is not None
    ThreadEntry.objects.filter(pk=entry.pk).update(staff=world.agent.pk)
    return entry


CALLS: dict[str, Call] = {
    "tasks.services.assignment.assign_task": lambda w: assignment.assign_task(w.task, actor=w.actor, agent=w.agent),
    "tasks.services.assignment.claim_task": lambda w: assignment.claim_task(w.task, actor=w.actor),
    "tasks.services.assignment.transfer_task": lambda w: assignment.transfer_task(
        w.task, actor=w.actor, department=w.support
    ),
    "tasks.services.collaborators.add_task_collaborator": lambda w: collaborators.add_task_collaborator(
        w.task, w.somebody, actor=w.actor
    ),
    "tasks.services.collaborators.update_task_collaborators": lambda w: collaborators.update_task_collaborators(
        w.task, actor=w.actor, active=[]
    ),
    "tasks.services.creation.create_task": lambda w: creation.create_task(
        NewTask(department=w.department, answers={"title": "New"}, description="x"), actor=w.actor
    ),
    "tasks.services.deletion.delete_task": lambda w: deletion.delete_task(w.task, actor=w.actor),
    "tasks.services.editing.change_due_date": lambda w: editing.change_due_date(
        w.task, timezone.now() + timedelta(days=2), actor=w.actor
    ),
    "tasks.services.editing.edit_task": lambda w: editing.edit_task(w.task, _form(w), actor=w.actor),
    "tasks.services.editing.edit_task_answer": lambda w: editing.edit_task_answer(w.task, _form(w), actor=w.actor),
    "tasks.services.entries.edit_task_entry": lambda w: entries.edit_task_entry(
        w.task, actor=w.actor, entry=_description(w), body="<p>Better</p>"
    ),
    "tasks.services.posting.post_task_note": lambda w: posting.post_task_note(w.task, actor=w.actor, body="<p>x</p>"),
    "tasks.services.posting.post_task_update": lambda w: posting.post_task_update(
        w.task, actor=w.actor, body="<p>x</p>"
    ),
    "tasks.services.status.close_task": lambda w: status.close_task(w.task, actor=w.actor),
    "tasks.services.status.reopen_task": lambda w: status.reopen_task(_closed(w).task, actor=w.actor),
}

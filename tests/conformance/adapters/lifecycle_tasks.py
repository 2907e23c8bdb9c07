"""Operations of `lifecycle.json` on tasks (osticket/tasks.md §4)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from helpdesk.forms.bound import BoundForm
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import Asked
from helpdesk.forms.submission_services import parts_of
from helpdesk.legacy.errors import NotFound, ValidationFailed
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Team
from tasks.counters import count_tasks
from tasks.models import Task
from tasks.policies import can
from tasks.services import (
    BulkResult,
    NewTask,
    add_task_collaborator,
    assign_task,
    change_due_date,
    claim_task,
    close_task,
    create_task,
    delete_task,
    edit_task,
    edit_task_answer,
    for_each_task,
    post_task_note,
    post_task_update,
    reopen_task,
    transfer_task,
)
from tests.conformance.lifecycle.operations import Step, operation

DUE_DATE = "duedate"


# --- Routines ---------------------------------------------------------------------------------------------------------


@operation("task.create")
def create(step: Step) -> dict[str, Any]:
    values = step.args["vars"]
    where = values["internal_formdata"]
    assignee = values.get("assignee") or where.get("assignee")
    created = create_task(
        NewTask(
            department=step.world.department(where["dept_id"]),
            answers=values["default_formdata"],
            ticket=step.world.ticket(values["object_id"]) if values.get("object_id") else None,
            description=values.get("description", ""),
            duedate=_moment(where.get("duedate")),
            assign_to=_assignee(step, assignee) if assignee else None,
            has_entry_title=False,
        ),
        actor=step.actor,
    )
    return {"task_id": created.task.pk}


@operation("task.set_status")
def set_status(step: Step) -> bool:
    change = close_task if step.args["status"] == "closed" else reopen_task
    change(_task(step.args["task"]), actor=step.actor, comments=step.args.get("comments", ""))
    return True


@operation("task.post_note")
def note(step: Step) -> dict[str, Any]:
    values = step.args["vars"]
    posted = post_task_note(
        _task(step.args["task"]), actor=step.actor, body=values["note"], title=values.get("title", "")
    )
    return {"entry_id": posted.entry.pk}


@operation("task.post_update")
def update(step: Step) -> dict[str, Any]:
    values = step.args["vars"]
    posted = post_task_update(
        _task(step.args["task"]),
        actor=step.actor,
        body=values["response"],
        tell_collaborators=bool(values.get("emailcollab")),
    )
    return {"entry_id": posted.entry.pk}


@operation("task.add_collaborator")
def add_collaborator(step: Step) -> Any:
    user = step.world.user(step.args["user"])
    return add_task_collaborator(_task(step.args["task"]), user, actor=step.actor) is not None


@operation("query.task_counters")
def counters(step: Step) -> dict[str, str]:
    access = access_of(step.world.agent(step.args["staff"]))
    counts = count_tasks(access, now=timezone.now())
    closed = Task.objects.counted_for(access).closed().count()
    return {
        "open": str(counts.open),
        "overdue": str(counts.overdue),
        "assigned": str(counts.mine),
        "closed": str(closed),
    }


@operation("query.check_staff_permission type=A")
def permissions_on_a_task(step: Step) -> dict[str, Any]:
    def held(agent: Agent) -> dict[str, bool]:
        actor, task = Actor.for_agent(agent), _task(step.args["id"])
        return {key or "(view)": can(actor, key, task) for key in step.args["perms"]}

    return {agent.username: held(agent) for agent in Agent.objects.filter(pk__in=step.args["staff"])}


# --- Addresses --------------------------------------------------------------------------------------------------------


@operation("POST /scp/ajax.php/tickets/<id>/add-task", "POST /scp/ajax.php/tasks/add")
def add(step: Step) -> Any:
    assignee = step.args.get("assignee")
    return create_task(
        NewTask(
            department=step.world.department(step.args["dept_id"]) if step.args.get("dept_id") else None,
            answers={"title": step.args.get("title", "")},
            ticket=step.world.ticket(step.ids[0]) if step.ids else None,
            description=step.args.get("description", ""),
            duedate=_moment(step.args.get(DUE_DATE)),
            assign_to=_assignee(step, assignee) if assignee else None,
        ),
        actor=step.actor,
    )


@operation("POST /scp/ajax.php/tasks/<id>/assign/agents", "POST /scp/ajax.php/tasks/<id>/assign/teams")
def assign(step: Step) -> Any:
    return assign_task(
        _task(step.ids[0]),
        actor=step.actor,
        comments=step.args.get("comments", ""),
        **_assignee_argument(step, step.args["assignee"]),
    )


@operation("POST /scp/ajax.php/tasks/<id>/claim")
def claim(step: Step) -> Any:
    task, agent = _task(step.ids[0]), step.actor.agent
    if agent is None or step.args.get("assignee") != f"s{agent.pk}":
        raise ValidationFailed("Unknown assignee", code="assignee_unknown", field="assignee")
    return claim_task(task, actor=step.actor, taken_from=task.staff_id, comments=step.args.get("comments", ""))


@operation("POST /scp/ajax.php/tasks/<id>/transfer")
def transfer(step: Step) -> Any:
    department = step.world.department(step.args["dept"]) if step.args.get("dept") else None
    comments = step.args.get("comments", "")
    return transfer_task(_task(step.ids[0]), actor=step.actor, department=department, comments=comments)


@operation("POST /scp/ajax.php/tasks/<id>/close")
def close(step: Step) -> Any:
    return close_task(_task(step.ids[0]), actor=step.actor, comments=step.args.get("comments", ""))


@operation("POST /scp/ajax.php/tasks/<id>/reopen")
def reopen(step: Step) -> Any:
    return reopen_task(_task(step.ids[0]), actor=step.actor, comments=step.args.get("comments", ""))


@operation("POST /scp/ajax.php/tasks/<id>/delete")
def delete(step: Step) -> Any:
    return delete_task(_task(step.ids[0]), actor=step.actor, comments=step.args.get("comments", ""))


@operation("POST /scp/ajax.php/tasks/<id>/edit", measured=False)
def edit(step: Step) -> Any:
    task = _task(step.ids[0])
    return edit_task(task, _form(task, step.args), actor=step.actor, note=step.args.get("note", ""))


@operation("POST /scp/ajax.php/tasks/<id>/field/duedate/edit")
def edit_due_date(step: Step) -> Any:
    moment, comments = _moment(step.args.get(DUE_DATE)), step.args.get("comments", "")
    return change_due_date(_task(step.ids[0]), moment, actor=step.actor, comments=comments)


@operation("POST /scp/ajax.php/tasks/<id>/field/<id>/edit", measured=False)
def edit_field(step: Step) -> Any:
    task = _task(step.ids[0])
    form = _form(task, step.args, only=step.ids[1])
    return edit_task_answer(task, form, actor=step.actor, comments=step.args.get("comments", ""))


# --- Many at once -----------------------------------------------------------------------------------------------------


@operation("POST /scp/ajax.php/tasks/mass/close")
def close_many(step: Step) -> Any:
    return _for_each(step, lambda task: close_task(task, actor=step.actor, comments=step.args.get("comments", "")))


@operation("POST /scp/ajax.php/tasks/mass/reopen", measured=False)
def reopen_many(step: Step) -> Any:
    return _for_each(step, lambda task: reopen_task(task, actor=step.actor, comments=step.args.get("comments", "")))


@operation("POST /scp/ajax.php/tasks/mass/delete", measured=False)
def delete_many(step: Step) -> Any:
    return _for_each(step, lambda task: delete_task(task, actor=step.actor, comments=step.args.get("comments", "")))


@operation("POST /scp/ajax.php/tasks/mass/claim", measured=False)
def claim_many(step: Step) -> Any:
    return _for_each(step, lambda task: claim_task(task, actor=step.actor, taken_from=task.staff_id))


@operation("POST /scp/ajax.php/tasks/mass/transfer", measured=False)
def transfer_many(step: Step) -> Any:
    department = step.world.department(step.args["dept"])
    return _for_each(step, lambda task: transfer_task(task, actor=step.actor, department=department))


@operation("POST /scp/ajax.php/tasks/mass/assign/agents", "POST /scp/ajax.php/tasks/mass/assign/teams", measured=False)
def assign_many(step: Step) -> Any:
    assignee = _assignee_argument(step, step.args["assignee"])
    return _for_each(step, lambda task: assign_task(task, actor=step.actor, **assignee))


def _for_each(step: Step, change: Any) -> list[BulkResult]:
    """Give the results; where nothing was done at all, raise the first refusal, as the pages say it."""
    assert step.actor.agent is not None
    results = for_each_task(access_of(step.actor.agent), [int(one) for one in step.args["tids"]], change)
    refusals = [result.refusal for result in results if result.refusal is not None]
    if len(refusals) == len(results):
        raise refusals[0]
    return results


# --- Values -----------------------------------------------------------------------------------------------------------


def _task(number: Any) -> Task:
    task = Task.objects.filter(pk=int(number)).first()
    if task is None:
        raise NotFound("No such task", code="task_not_found")
    return task


def _assignee(step: Step, value: str) -> Agent | Team:
    return step.world.agent(value[1:]) if value[0] == "s" else step.world.team(value[1:])


def _assignee_argument(step: Step, value: str) -> dict[str, Any]:
    return {"agent" if value[0] == "s" else "team": _assignee(step, value)}


def _form(task: Task, args: Any, *, only: int | None = None) -> BoundForm:
    return BoundForm(
        parts_of(EntryObject.TASK, task.pk),
        asked=Asked(is_agent=True),
        data=args,
        only=None if only is None else {only},
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None

"""Giving tasks to agents and teams, claiming them, moving them to departments (osticket/tasks.md §4.2 to §4.4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import Conflict, PermissionRefused, ValidationFailed
from helpdesk.legacy.retrying import retried
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, Team
from helpdesk.people.permissions import RolePermission
from tasks.choices import departments_for
from tasks.models import Task
from tasks.names import name_object
from tasks.notices import assignment_alert, transfer_alert
from tasks.policies import require
from tasks.services.common import lock, log, post_note_of, queue, record, save_changes, send_after_commit
from tasks.signals import task_assigned, task_transferred
from tickets.assignees import assignable_agents, assignable_teams, is_available, may_be_assigned
from tickets.names import full_name


@retried
def assign_task(
    task: Task,
    *,
    actor: Actor,
    agent: Agent | None = None,
    team: Team | None = None,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    now: datetime | None = None,
) -> Task:
    """Give the task to an agent or to a team (exactly one of them); the other kind of assignee stays.

    A closed task stays closed. Raises ValidationFailed (`assignee`) for somebody who cannot have it, Conflict for the
    one who has it, PermissionRefused without `task.assign`. Source: §4.2.
    """
    if (agent is None) == (team is None):
        raise ValidationFailed(_("Unknown assignee"), code="assignee_unknown", field="assignee")
    now = now or timezone.now()
    with transaction.atomic():
        lock(task)
        require(actor, RolePermission.TASK_ASSIGN, task)
        if agent is not None:
            assign_to_agent(task, agent, actor=actor, comments=comments, format=format, now=now)
        if team is not None:
            assign_to_team(task, team, actor=actor, comments=comments, format=format, now=now)
    return task


@retried
def claim_task(
    task: Task,
    *,
    actor: Actor,
    taken_from: int | None = None,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    now: datetime | None = None,
) -> Task:
    """Take a task; of several agents who try at once exactly one gets it, the others are told who did.

    A task of another agent is taken over only from the agent whose id is `taken_from`: the one whom the claiming agent
    saw. Raises Conflict when somebody else has it, PermissionRefused without `task.assign` or where the department does
    not let the agent have tasks. Source: §4.3.
    """
    now = now or timezone.now()
    agent = actor.agent
    if agent is None:
        raise PermissionRefused(_("Only agents can claim tasks."), code="agent_required")
    with transaction.atomic():
        lock(task)
        require(actor, RolePermission.TASK_ASSIGN, task)
        if task.staff_id == agent.pk:
            raise Conflict(_("The task is yours already."), code="already_assigned", field="assignee")
        holder = task.staff  # None too where the agent is gone and the number stayed
        if holder is not None and holder.pk != taken_from:
            raise Conflict(_("%(agent)s has this task already.") % {"agent": full_name(holder)}, code="not_claimable")
        _check_agent(agent, task)
        _set_agent(task, agent, actor=actor, comments=comments, body_format=format, now=now)
    return task


@retried
def transfer_task(
    task: Task,
    *,
    actor: Actor,
    department: Department | None,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    now: datetime | None = None,
) -> Task:
    """Move the task to another department; its assignees stay, a closed one stays closed.

    Raises ValidationFailed (`department`) without a department, or for one that the actor cannot choose, Conflict for
    the one that it is in, PermissionRefused without `task.transfer`. Source: §4.4.
    """
    now = now or timezone.now()
    if department is None:
        raise ValidationFailed(_("Department selection is required"), code="department_required", field="department")
    with transaction.atomic():
        lock(task)
        require(actor, RolePermission.TASK_TRANSFER, task)
        if task.dept_id == department.pk:
            raise Conflict(_("Task already in the department"), code="already_in_department", field="department")
        if actor.agent is not None and not departments_for(access_of(actor.agent)).filter(pk=department.pk).exists():
            raise ValidationFailed(_("Unknown department"), code="department_unknown", field="department")
        former = task.dept
        save_changes(task, dept=department)
        event = record(task, "transferred", actor=actor, now=now, data={"dept": department.name})
        title = f"Task transferred from {former.name if former else ''} to {department.name}"
        note = post_note_of(task, actor=actor, title=title, body=comments, format=format, now=now)
        queue(task, transfer_alert(task, event_id=event.pk, actor=actor.agent, note=note), now=now)
        log("task_transferred", task, actor, dept_id=department.pk)
        send_after_commit(task_transferred, task=task, actor=actor, department=former)
    return task


def assign_to_agent(
    task: Task,
    agent: Agent,
    *,
    actor: Actor,
    now: datetime,
    comments: str = "",
    format: str = "html",  # noqa: A002
) -> None:
    """Give a task to an agent whom the actor may choose; the task is locked or new, and who may do so was checked."""
    if actor.agent is not None:
        choices = assignable_agents(access_of(actor.agent), task.dept)
        if not choices.filter(pk=agent.pk).exists():
            raise ValidationFailed(_("Unknown assignee"), code="assignee_unknown", field="assignee")
    if task.staff_id == agent.pk:
        raise Conflict(_("Task already assigned to the agent"), code="already_assigned", field="assignee")
    _check_agent(agent, task)
    _set_agent(task, agent, actor=actor, comments=comments, body_format=format, now=now)


def assign_to_team(
    task: Task,
    team: Team,
    *,
    actor: Actor,
    now: datetime,
    comments: str = "",
    format: str = "html",  # noqa: A002
) -> None:
    """Give a task to a team; the task is locked or new, and who may do so was checked."""
    if not assignable_teams().filter(pk=team.pk).exists():
        raise ValidationFailed(_("Unknown assignee"), code="assignee_unknown", field="assignee")
    if task.team_id == team.pk:
        raise Conflict(_("Task already assigned to the team"), code="already_assigned", field="assignee")
    save_changes(task, team=team)
    event = record(task, "assigned", actor=actor, now=now, data={"team": team.pk})
    title = f"Task assigned to {team.name}"
    note = post_note_of(task, actor=actor, title=title, body=comments, format=format, now=now)
    alerts = assignment_alert(task, team=team, event_id=event.pk, assigner=actor.agent, note=note)
    queue(task, alerts, now=now)
    log("task_assigned", task, actor, team_id=team.pk)
    send_after_commit(task_assigned, task=task, actor=actor, staff=None, team=team)


def _check_agent(agent: Agent, task: Task) -> None:
    if not is_available(agent):
        raise ValidationFailed(_("Agent is unavailable for assignment"), code="assignee_unavailable", field="assignee")
    if not may_be_assigned(agent, task.dept):
        raise PermissionRefused(_("Permission denied"), code="assignee_not_a_member", field="assignee")


def _set_agent(task: Task, agent: Agent, *, actor: Actor, comments: str, body_format: str, now: datetime) -> None:
    is_own = actor.agent is not None and actor.agent.pk == agent.pk
    data: dict[str, Any] = {"claim": True} if is_own else {"staff": [agent.pk, name_object(agent)]}
    save_changes(task, staff=agent)
    event = record(task, "assigned", actor=actor, now=now, data=data)
    title = f"Task assigned to {full_name(agent)}"
    note = post_note_of(task, actor=actor, title=title, body=comments, format=body_format, now=now)
    if not is_own:
        alerts = assignment_alert(task, agent=agent, event_id=event.pk, assigner=actor.agent, note=note)
        queue(task, alerts, now=now)
    log("task_assigned", task, actor, staff_id=agent.pk)
    send_after_commit(task_assigned, task=task, actor=actor, staff=agent, team=None)

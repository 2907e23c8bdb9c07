"""Who gets which mail about a task (osticket/mail.md §7, osticket/tasks.md §4).

Decided in the transaction of the cause. Nobody is mailed twice, whoever did it is not told of a new task or of
activity, and agents who cannot see the task are left out. Differences from osTicket: the agent who answered last is
looked for in the task (it took one of any task), the administrator is not mailed again who was mailed as agent, and the
account manager hears of tasks of a ticket where the settings say so (it has the setting and never reads it).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from helpdesk import configuration
from helpdesk.mail.outgoing import NewMail, Recipient, RecipientKind
from helpdesk.people.access import access_of
from helpdesk.people.constants import AlertMembership, TeamFlag
from helpdesk.people.models import Agent, Department, Team
from helpdesk.threads.constants import CollaboratorFlag, EntryType
from helpdesk.threads.models import ThreadEntry
from helpdesk.threads.services import SYSTEM_POSTER
from tasks.models import Task
from tasks.policies import is_accessible
from tasks.states import find_thread, ticket_of
from tickets.assignees import is_available
from tickets.names import address_of, full_name
from tickets.notices import account_managers, alert_members, alert_sender, department_sender, team_members


def new_task_alert(task: Task, entry: ThreadEntry | None, *, creator: Agent | None) -> list[NewMail]:
    """Give the alerts for a new task (§4.1 step 6)."""
    department = task.dept
    membership = department.group_membership if department is not None else AlertMembership.PRIMARY_MEMBERS
    if not _setting("task_alert_active") or membership == AlertMembership.NOBODY:
        return []
    agents: list[Agent] = []
    if department is not None and membership != AlertMembership.ADMINISTRATOR:
        agents += _manager(department, "task_alert_dept_manager")
        agents += alert_members(department) if _setting("task_alert_dept_members") else []
        ticket = ticket_of(task) if _setting("task_alert_acct_manager") else None
        agents += account_managers(ticket) if ticket is not None else []
    recipients = _agents_once(task, agents, without=creator)
    if _setting("task_alert_admin"):
        recipients = _with_administrator(recipients)
    context = {"task": task.pk, "message": entry.pk if entry is not None else ""}
    return [NewMail([one], f"task {task.pk}", "task.alert", alert_sender(), context=context) for one in recipients]


def assignment_alert(
    task: Task,
    *,
    agent: Agent | None = None,
    team: Team | None = None,
    event_id: int,
    assigner: Agent | None,
    note: ThreadEntry | None = None,
) -> list[NewMail]:
    """Give the alerts for a new assignee (§4.2); settings of the department do not matter."""
    if not _setting("task_assignment_alert_active"):
        return []
    told: list[Agent] = []
    if agent is not None and _setting("task_assignment_alert_staff"):
        told = [agent]
    if team is not None and not (team.flags or TeamFlag(0)) & TeamFlag.NO_ALERTS:
        if _setting("task_assignment_alert_team_members"):
            told = team_members(team)
        elif _setting("task_assignment_alert_team_lead") and team.lead is not None:
            told = [team.lead]
    assignee = _person(agent) if agent is not None else str(team)
    context = {"assigner": _person(assigner), "assignee": assignee, **_comments(note)}
    return _alerts(task, "task.assignment.alert", told, f"event {event_id}", context, check_access=False)


def transfer_alert(task: Task, *, event_id: int, actor: Agent | None, note: ThreadEntry | None = None) -> list[NewMail]:
    """Give the alerts about a transfer, in the new department (§4.4)."""
    if not _setting("task_transfer_alert_active"):
        return []
    department = task.dept
    agents: list[Agent] = []
    if task.staff_id is not None or task.team_id is not None:
        agents += _assignees(task) if _setting("task_transfer_alert_assigned") else []
    elif department is not None and _setting("task_transfer_alert_dept_members"):
        agents += alert_members(department)
    agents += _manager(department, "task_transfer_alert_dept_manager")
    context = {"staff": _person(actor), **_comments(note)}
    return _alerts(task, "task.transfer.alert", agents, f"event {event_id}", context, without=actor, check_access=True)


def activity_alert(
    task: Task, entry: ThreadEntry, *, activity: str, assigned_before: Agent | None = None
) -> list[NewMail]:
    """Give the alerts about a note or an update; whoever wrote it is not told (§4.7)."""
    if not _setting("task_activity_alert_active"):
        return []
    agents: list[Agent] = []
    if _setting("task_activity_alert_laststaff"):
        agents += _last_respondent(task, before=entry)
    if _setting("task_activity_alert_assigned"):
        agents += [assigned_before] if assigned_before is not None else []
        agents += [task.staff] if task.staff is not None else []
        agents += team_members(task.team) if task.team is not None else []
    agents += _manager(task.dept, "task_activity_alert_dept_manager")
    recipients = _agents_once(task, agents, without=entry.staff)
    context = {
        "task": task.pk,
        "note": entry.pk,
        "message": entry.pk,
        "comments": entry.pk,
        "activity": {"title": activity, "description": _described(activity, entry)},
    }
    return [
        NewMail([one], f"entry {entry.pk}", "task.activity.alert", alert_sender(), context=context)
        for one in recipients
    ]


def overdue_alert(task: Task) -> list[NewMail]:
    """Give the alerts for a task that became overdue, by the settings that osTicket has and never reads (§5)."""
    key = f"task {task.pk} due {task.duedate:%Y-%m-%dT%H:%M:%S}" if task.duedate else f"task {task.pk}"
    department = task.dept
    silent = department is not None and department.group_membership == AlertMembership.NOBODY
    if silent or not _setting("task_overdue_alert_active"):
        return []
    agents: list[Agent] = []
    if task.staff_id is not None or task.team_id is not None:
        agents += _assignees(task) if _setting("task_overdue_alert_assigned") else []
    elif department is not None and _setting("task_overdue_alert_dept_members"):
        agents += alert_members(department)
    agents += _manager(department, "task_overdue_alert_dept_manager")
    return _alerts(task, "task.overdue.alert", agents, key, _comments(None), check_access=True)


def collaborator_notices(task: Task, entry: ThreadEntry) -> list[NewMail]:
    """Give the mails with an update for the active collaborators, one each (§4.7)."""
    thread = find_thread(task)
    if thread is None:
        return []
    rows = thread.collaborators.select_related("user__default_email").order_by("id")
    active = [row for row in rows if row.flags & CollaboratorFlag.ACTIVE and row.user is not None]
    recipients = [
        Recipient(RecipientKind.COLLABORATOR, address_of(row.user), row.user.name, row.pk) for row in active if row.user
    ]
    context = {"task": task.pk, "message": entry.pk, "poster": _person(entry.staff), "signature": ""}
    sender = department_sender(task.dept)
    return [
        NewMail([one], f"entry {entry.pk}", "task.activity.notice", sender, context=context)
        for one in recipients
        if one.address
    ]


def _alerts(
    task: Task,
    template: str,
    agents: Iterable[Agent],
    key: str,
    context: dict[str, Any],
    *,
    check_access: bool,
    without: Agent | None = None,
) -> list[NewMail]:
    sender = department_sender(task.dept)
    recipients = _agents_once(task, agents, without=without, check_access=check_access)
    return [NewMail([one], key, template, sender, context={"task": task.pk, **context}) for one in recipients]


def _agents_once(
    task: Task, agents: Iterable[Agent], *, without: Agent | None = None, check_access: bool = True
) -> list[Recipient]:
    """Give available agents who see the task as recipients, each address once."""
    found: dict[str, Recipient] = {}
    for agent in agents:
        address = (agent.email or "").strip()
        is_left_out = without is not None and agent.pk == without.pk
        if not address or is_left_out or not is_available(agent) or address.lower() in found:
            continue
        if check_access and not _sees(agent, task):
            continue
        found[address.lower()] = Recipient(RecipientKind.AGENT, address, full_name(agent), agent.pk)
    return list(found.values())


def _sees(agent: Agent, task: Task) -> bool:
    """Whether the agent sees the task; asks the database only about those who do not work in its department."""
    if agent.pk == task.staff_id:
        return True
    if not agent.assigned_only and agent.dept_id == task.dept_id:
        return True
    return is_accessible(access_of(agent), task)


def _with_administrator(recipients: list[Recipient]) -> list[Recipient]:
    address = configuration.current().text("admin_email").strip()
    is_told = any(one.address.lower() == address.lower() for one in recipients)
    return recipients if is_told or not address else [*recipients, Recipient(RecipientKind.ADDRESS, address)]


def _manager(department: Department | None, setting: str) -> list[Agent]:
    if department is None or department.manager is None or not _setting(setting):
        return []
    return [department.manager]


def _assignees(task: Task) -> list[Agent]:
    """Give the agent who has the task, else the members of the team."""
    if task.staff is not None:
        return [task.staff]
    return team_members(task.team) if task.team is not None else []


def _last_respondent(task: Task, *, before: ThreadEntry) -> list[Agent]:
    thread = find_thread(task)
    if thread is None:
        return []
    responses = thread.entries.filter(type=EntryType.RESPONSE, staff__isnull=False, pk__lt=before.pk)
    newest = responses.select_related("staff").order_by("-id").first()
    return [newest.staff] if newest is not None and newest.staff is not None else []


def _person(agent: Agent | None) -> dict[str, int] | str:
    """Name somebody for the templates; jobs and programs are nobody."""
    return {"agent": agent.pk} if agent is not None else SYSTEM_POSTER


def _described(activity: str, entry: ThreadEntry) -> str:
    return _("%(activity)s posted by %(name)s") % {"activity": activity, "name": entry.poster}


def _comments(note: ThreadEntry | None) -> dict[str, Any]:
    return {"comments": note.pk if note is not None else ""}


def _setting(name: str) -> bool:
    return configuration.current().boolean(name)

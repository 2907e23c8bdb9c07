"""What agents may choose for tasks, as select boxes offer it."""

from __future__ import annotations

from django.db.models import QuerySet

from helpdesk.people.access import AgentAccess
from helpdesk.people.models import Agent, Department, Team
from helpdesk.people.permissions import AgentPermission
from helpdesk.people.selectors import department_names
from tasks.models import Task
from tickets.assignees import assignable_agents
from tickets.names import full_name
from tickets.reference_data import assignable_team_names
from tickets.screens import Choice


def departments_for(access: AgentAccess) -> QuerySet[Department]:
    """Give the departments to which this agent may give tasks: active ones, or only his own without the permission."""
    departments = Department.objects.active()
    if not access.has_agent_permission(AgentPermission.VISIBILITY_DEPARTMENTS):
        departments = departments.filter(pk__in=access.department_ids)
    return departments


def department_choices(access: AgentAccess, *, without: int | None = None) -> list[Choice]:
    """Give them with their full names, in the order of these."""
    names = department_names()
    ids = departments_for(access).exclude(pk=without or 0).values_list("pk", flat=True)
    found = [Choice(str(pk), names[pk]) for pk in ids if pk in names]
    return sorted(found, key=lambda choice: choice.label.casefold())


def agent_choices(access: AgentAccess, department: Department | None, *, without: int | None = None) -> list[Choice]:
    """Give the agents that this agent may choose for tasks of the department: `s<id>`, by name."""
    agents = assignable_agents(access, department).exclude(pk=without or 0)
    return [Choice(f"s{agent.pk}", full_name(agent)) for agent in agents]


def team_choices() -> list[Choice]:
    """Give the teams that can be chosen: `t<id>`, by name."""
    return [Choice(f"t{pk}", name) for pk, name in assignable_team_names().items()]


def chosen_assignee(value: str) -> dict[str, Agent | Team]:
    """Give the choice as the argument of `assign_task` that it is: `agent` or `team`; the value was offered."""
    kind, pk = value[0], int(value[1:])
    return {"agent": Agent.objects.get(pk=pk)} if kind == "s" else {"team": Team.objects.get(pk=pk)}


def assignees_of(access: AgentAccess, task: Task) -> tuple[list[Choice], list[Choice]]:
    """Give the agents and teams that a task may go to."""
    teams = [choice for choice in team_choices() if choice.value != f"t{task.team_id}"]
    return agent_choices(access, task.dept, without=task.staff_id), teams

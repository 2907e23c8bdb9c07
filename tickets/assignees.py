"""To whom a ticket may be given (osticket/tickets.md §7.1, osticket/routing.md §1)."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from helpdesk.people.access import AgentAccess
from helpdesk.people.constants import DepartmentFlag, TeamFlag
from helpdesk.people.models import Agent, Department, DepartmentAccess, Organization, Team, TeamMember
from helpdesk.people.permissions import AgentPermission


def is_available(agent: Agent) -> bool:
    """Whether the agent works at present."""
    return agent.isactive and not agent.onvacation


def agents_for(department: Department | None) -> QuerySet[Agent]:
    """Give the available agents to whom tickets of this department may be given."""
    available = Agent.objects.filter(isactive=True, onvacation=False)
    if department is None:
        return available
    flags = department.flags or DepartmentFlag(0)
    if flags & DepartmentFlag.ASSIGN_PRIMARY_ONLY:
        return available.filter(dept=department)
    if flags & DepartmentFlag.ASSIGN_MEMBERS_ONLY:
        return available.filter(_member_of(Q(dept=department)) | Q(pk=department.manager_id or 0))
    return available


def may_be_assigned(agent: Agent, department: Department | None) -> bool:
    """Whether the department lets tickets be given to this agent (who may be unavailable)."""
    if department is None:
        return True
    flags = department.flags or DepartmentFlag(0)
    if flags & DepartmentFlag.ASSIGN_PRIMARY_ONLY:
        return bool(agent.dept_id == department.pk)
    if flags & DepartmentFlag.ASSIGN_MEMBERS_ONLY:
        is_member = agent.dept_id == department.pk or department.manager_id == agent.pk
        return is_member or DepartmentAccess.objects.filter(staff=agent, dept=department).exists()
    return True


def assignable_agents(access: AgentAccess, department: Department | None) -> QuerySet[Agent]:
    """Give the agents that this agent may choose for tickets of the department, by name.

    Without the permission `visibility.agents` only those who share a department with the agent.
    """
    agents = agents_for(department)
    if not access.has_agent_permission(AgentPermission.VISIBILITY_AGENTS):
        agents = agents.filter(_member_of(Q(dept__in=access.department_ids)))
    return agents.order_by("firstname", "lastname", "username")


def assignable_teams() -> QuerySet[Team]:
    """Give the teams that can be chosen, by name: enabled ones with members."""
    enabled = Team.objects.alias(enabled=F("flags").bitand(int(TeamFlag.ENABLED)))
    members = TeamMember.objects.filter(team=OuterRef("pk"))
    return enabled.filter(Exists(members), enabled=int(TeamFlag.ENABLED)).order_by("name")


def transfer_targets(access: AgentAccess) -> QuerySet[Department]:
    """Give the departments to which this agent may move tickets, by name: active ones.

    Without the permission `visibility.departments` only those that the agent belongs to (osticket/tickets.md §8.1).
    """
    bits = F("flags").bitand(int(DepartmentFlag.ACTIVE | DepartmentFlag.ARCHIVED))
    departments = Department.objects.alias(activity=bits).filter(activity=int(DepartmentFlag.ACTIVE))
    if not access.has_agent_permission(AgentPermission.VISIBILITY_DEPARTMENTS):
        departments = departments.filter(pk__in=access.department_ids)
    return departments.order_by("name")


def manager_of(organization: Organization | None) -> Agent | Team | None:
    """Give the account manager of an organization: the agent (`s<id>`) or team (`t<id>`) that its row names."""
    kind, number = (organization.manager[:1], organization.manager[1:]) if organization else ("", "")
    if not (number.isascii() and number.isdecimal()):
        return None
    if kind == "s":
        return Agent.objects.filter(pk=int(number)).first()
    return Team.objects.filter(pk=int(number)).first() if kind == "t" else None


def is_enabled(team: Team) -> bool:
    """Whether the team is enabled."""
    return bool((team.flags or TeamFlag(0)) & TeamFlag.ENABLED)


def has_members(team: Team) -> bool:
    """Whether anybody is in the team."""
    return TeamMember.objects.filter(team=team).exists()


def _member_of(departments: Q) -> Q:
    """Primary members of the departments, and those with extended access to them."""
    extended = DepartmentAccess.objects.filter(departments, staff=OuterRef("pk"))
    return departments | Q(Exists(extended))

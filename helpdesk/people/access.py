"""What one agent may reach: departments, teams, and the role in each department (osticket/tickets.md §3.2 and §4.1)."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from django.db.models import Q, QuerySet

from helpdesk.configuration.snapshot import is_true
from helpdesk.legacy.joint_reads import JointRead
from helpdesk.people.models import Agent, Department, DepartmentAccess, Role, TeamMember
from helpdesk.people.permissions import RolePermission, granted

CREATE_ONLY = frozenset({RolePermission.TICKET_CREATE.value})
"""Permissions of the synthetic role in departments where the agent holds none."""


def _departments(agent_id: int, *roots: str) -> QuerySet[Department, tuple[int, int | None]]:
    """Give the departments that the agent manages, and those whose path goes through one of these steps."""
    condition = Q(manager=agent_id)
    for root in roots:
        condition |= Q(path__contains=root)
    return Department.objects.filter(condition).order_by().values_list("pk", "manager_id")


_reach_of = JointRead(
    _departments,
    lambda agent_id, *_roots: TeamMember.objects.filter(staff=agent_id).order_by().values_list("team_id"),
)


class AgentAccess:
    """The reach of one agent, read once and then kept: at most two queries, none after that.

    Make one per request or job with `access_of`; it never notices later changes. The role of the agent costs a third
    query unless it came with the agent (`select_related("role")`). What `selectors.first_with_access` gives has its
    roles already.
    """

    def __init__(self, agent: Agent, extended: Sequence[DepartmentAccess] | None = None) -> None:
        """Take the agent, and the extended accesses with their roles where they are at hand; the rest is read later."""
        self.agent = agent
        if extended is not None:
            self._extended = list(extended)

    @property
    def department_ids(self) -> frozenset[int]:
        """The departments whose tickets and tasks the agent sees: own, managed and extended ones with all below them.

        Inactive departments are among them. Whether the agent is restricted to assigned tickets is another question.
        """
        return self._reach[0]

    @property
    def team_ids(self) -> frozenset[int]:
        """The teams that the agent is a member of."""
        return self._reach[1]

    @property
    def is_manager(self) -> bool:
        """Whether the agent is the manager of any department."""
        return self._reach[2]

    @cached_property
    def _reach(self) -> tuple[frozenset[int], frozenset[int], bool]:
        """Departments, teams, and whether one of the departments is managed, in one query."""
        roots = {pk for pk in (self.agent.dept_id, *(row.dept_id for row in self._extended)) if pk is not None}
        departments, teams = _reach_of(self.agent.pk, *(f"/{root}/" for root in sorted(roots)))
        return (
            frozenset(pk for pk, _manager in departments),
            frozenset(pk for (pk,) in teams),
            any(manager == self.agent.pk for _pk, manager in departments),
        )

    @cached_property
    def roles(self) -> Mapping[int, Role]:
        """The role by department id, by exact department: extended access overrides the primary role."""
        roles: dict[int, Role] = {}
        if self.agent.dept_id and self.agent.role:
            roles[self.agent.dept_id] = self.agent.role
        for row in self._extended:
            if row.role is not None:  # role 0 or a deleted role counts as no entry
                roles[row.dept_id] = row.role
        return roles

    def role_in(self, department_id: int | None, *, assigned: bool = False) -> Role | None:
        """Give the role that holds for an object of this department; None where only creating tickets is allowed.

        `assigned`: it is an open ticket assigned to the agent or one of the agent's teams; then the primary role holds
        where the agent has no other, unless the agent's `def_assn_role` says no.
        """
        if department_id is not None and department_id in self.roles:
            return self.roles[department_id]
        return self.agent.role if assigned and self._primary_role_for_assigned else None

    def permissions_in(self, department_id: int | None, *, assigned: bool = False) -> frozenset[str]:
        """Give the role permissions that hold for an object of this department (`assigned` as in `role_in`)."""
        role = self.role_in(department_id, assigned=assigned)
        return CREATE_ONLY if role is None else self._permissions[role.pk]

    def has_permission_anywhere(self, key: str) -> bool:
        """Whether the primary role or the role of any extended access grants this key (menus, bulk actions)."""
        primary = self.agent.role
        if primary is not None and key in granted(primary.permissions):
            return True
        return any(row.role is not None and key in granted(row.role.permissions) for row in self._extended)

    def has_agent_permission(self, key: str) -> bool:
        """Whether the agent holds this global permission (`staff.permissions`)."""
        return key in self.agent_permissions

    @cached_property
    def agent_permissions(self) -> frozenset[str]:
        """The global permissions of the agent."""
        return granted(self.agent.permissions)

    def manages(self, department: Department | None) -> bool:
        """Whether the agent is the manager of this department."""
        return department is not None and department.manager_id == self.agent.pk

    @cached_property
    def _extended(self) -> list[DepartmentAccess]:
        return list(DepartmentAccess.objects.filter(staff=self.agent).select_related("role"))

    @cached_property
    def _permissions(self) -> Mapping[int, frozenset[str]]:
        """By role id."""
        known = [*self.roles.values(), *([self.agent.role] if self.agent.role else [])]
        return {role.pk: granted(role.permissions) for role in known}

    @property
    def _primary_role_for_assigned(self) -> bool:
        extra = self.agent.extra
        return is_true(extra.get("def_assn_role", True)) if isinstance(extra, dict) else True


def access_of(agent: Agent) -> AgentAccess:
    """Give the reach of this agent object, read at most once per object (one object serves one request or job)."""
    access: AgentAccess | None = agent.__dict__.get("_access")
    return access or remember_access(AgentAccess(agent))


def remember_access(access: AgentAccess) -> AgentAccess:
    """Make this the reach that `access_of` gives for its agent object."""
    access.agent.__dict__["_access"] = access
    return access


def forget_access(agent: Agent) -> None:
    """Drop what `access_of` keeps on this object, after its departments, roles or teams changed."""
    agent.__dict__.pop("_access", None)

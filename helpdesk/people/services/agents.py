"""Agents and what they may reach: departments with roles, teams (osticket/routing.md §3)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from helpdesk.audit.services import Action, ObjectType, difference, record_change, row_difference, values_of
from helpdesk.legacy.errors import Conflict, NotFound, ValidationFailed
from helpdesk.legacy.passwords import check_new_password, hash_password
from helpdesk.people.access import forget_access
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentAccessFlag, TeamMemberFlag
from helpdesk.people.models import Agent, Department, DepartmentAccess, Organization, Role, Team, TeamMember
from helpdesk.people.permissions import AgentPermission, replaced, stored_form
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.removal import release_agent
from helpdesk.people.services.teams import set_membership
from helpdesk.people.validation import checked_address, checked_text, checked_username

FORMER_PAGE_SIZE = 25
PRIMARY_ROLE_FOR_ASSIGNED = "def_assn_role"
"""Key of `staff.extra`: whether the primary role holds for assigned tickets of departments without another one."""


class Access(NamedTuple):
    """The role in one further department, and whether its alerts of new tickets come."""

    role_id: int
    alerts: bool


@dataclass(frozen=True, kw_only=True)
class AgentDraft:
    """Everything that an administrator says about an agent except the password; numbers are ids.

    `access` maps departments to the role there, None for no access; `teams` maps teams to whether their alerts come,
    None for no membership. Departments and teams that are not named stay as they are.
    """

    username: str
    email: str
    department_id: int
    role_id: int
    firstname: str = ""
    lastname: str = ""
    phone: str = ""
    phone_ext: str = ""
    mobile: str = ""
    backend: str = ""
    signature: str = ""
    notes: str = ""
    isactive: bool = True
    isadmin: bool = False
    isvisible: bool = True
    onvacation: bool = False
    assigned_only: bool = False
    change_passwd: bool = False
    primary_role_for_assigned: bool = True
    permissions: frozenset[AgentPermission] = field(default_factory=frozenset)
    access: Mapping[int, Access | None] = field(default_factory=dict)
    teams: Mapping[int, bool | None] = field(default_factory=dict)


TEXTS = {"firstname": 32, "lastname": 32, "phone": 24, "phone_ext": 6, "mobile": 24, "backend": 32}
"""Columns of short texts and what they hold."""


@transaction.atomic
def create_agent(
    username: str,
    *,
    email: str,
    department: Department,
    role: Role,
    actor: Actor,
    firstname: str = "",
    lastname: str = "",
    password: str | None = None,
    isadmin: bool = False,
    permissions: Iterable[AgentPermission] = (),
    signature: str = "",
    change_passwd: bool = False,
) -> Agent:
    """Create an active agent with a primary department and the role there.

    Without a `password` nobody can sign in as this agent until one is set. Raises PermissionRefused, ValidationFailed.
    """
    check_is_administrator(actor)
    agent = Agent(
        username=_free("username", checked_username(username), _("Username already in use")),
        email=_free("email", checked_address(email), _("Email already in use by another agent")),
        firstname=checked_text(firstname, field="firstname", longest=32, required=False),
        lastname=checked_text(lastname, field="lastname", longest=32, required=False),
        passwd=_hash_of(password),
        dept=department,
        role=role,
        isadmin=isadmin,
        permissions=stored_form(permissions),
        signature=signature,
        change_passwd=change_passwd,
        max_page_size=FORMER_PAGE_SIZE,
        passwdreset=now() if password is not None else None,
    )
    agent.save()
    _record(actor, Action.CREATED, agent, row_difference({}, values_of(agent)))
    return agent


@transaction.atomic
def store_agent(draft: AgentDraft, *, actor: Actor, agent: Agent | None = None) -> Agent:
    """Create an agent from a draft, or change the given one into it, access and teams included, and give it.

    Permission keys of other programs are kept, and so are references to rows that no longer exist as long as the draft
    still names them. Raises PermissionRefused, ValidationFailed; Conflict when an administrator would lock himself out
    or no active administrator would be left.
    """
    check_is_administrator(actor)
    is_new = agent is None
    agent = Agent(max_page_size=FORMER_PAGE_SIZE) if agent is None else _locked(agent)
    before = {} if is_new else values_of(agent)
    reach = {} if is_new else _reach(agent)
    if not is_new:
        _check_administrators_remain(agent, draft, actor)
    _take(agent, draft)
    changes = row_difference(before, values_of(agent))
    if is_new or changes:
        agent.updated = now()
        agent.save()
    _check_not_primary(agent, draft.access)
    _set_access(agent, draft.access)
    for team_id, alerts in draft.teams.items():
        if alerts is not None and not Team.objects.filter(pk=team_id).exists():
            continue  # a membership of a team that is gone stays as it is
        set_membership(team_id, agent.pk, alerts)
    forget_access(agent)
    action = Action.CREATED if is_new else Action.CHANGED
    _record(actor, action, agent, {**changes, **difference(reach, _reach(agent))})
    return agent


@transaction.atomic
def delete_agent(agent: Agent, *, actor: Actor) -> None:
    """Delete an agent for good: his tickets belong to nobody then, what he wrote keeps his name (tickets.md §15.7).

    Raises PermissionRefused; Conflict for oneself and for the last active administrator.
    """
    check_is_administrator(actor)
    agent = _locked(agent)
    if actor.agent is not None and actor.agent.pk == agent.pk:
        raise Conflict(_("You cannot delete yourself."), code="agent_is_oneself")
    _check_another_administrator(agent, field=None)
    release_agent(agent)
    changes = {**row_difference(values_of(agent), {}), **difference(_reach(agent), {})}
    Department.objects.filter(manager=agent).update(manager=None, updated=now())
    Team.objects.filter(lead=agent).update(lead=None, updated=now())
    Organization.objects.filter(manager=f"s{agent.pk}").update(manager="", updated=now())
    DepartmentAccess.objects.filter(staff=agent).delete()
    TeamMember.objects.filter(staff=agent).delete()
    _record(actor, Action.DELETED, agent, changes)
    agent.delete()


@transaction.atomic
def set_department_access(
    agent: Agent, department: Department, role: Role, *, actor: Actor, alerts: bool = True
) -> None:
    """Let an agent work in another department with this role; `alerts`: tell the agent about its new tickets.

    A second call changes role and alerts. Raises PermissionRefused.
    """
    check_is_administrator(actor)
    _record_reach(agent, {department.pk: Access(role.pk, alerts)}, actor)


@transaction.atomic
def remove_department_access(agent: Agent, department: Department, *, actor: Actor) -> None:
    """Take the extended access to a department away. Raises PermissionRefused."""
    check_is_administrator(actor)
    _record_reach(agent, {department.pk: None}, actor)


@transaction.atomic
def set_primary_department(agent: Agent, department: Department, role: Role, *, actor: Actor) -> None:
    """Give an agent another primary department and the role there. Raises PermissionRefused."""
    check_is_administrator(actor)
    before = values_of(agent)
    agent.dept, agent.role, agent.updated = department, role, now()
    agent.save(update_fields=["dept", "role", "updated"])
    forget_access(agent)
    _record(actor, Action.CHANGED, agent, row_difference(before, values_of(agent)))


@transaction.atomic
def set_agent_permissions(agent: Agent, permissions: Iterable[AgentPermission], *, actor: Actor) -> None:
    """Replace the global permissions of an agent. Raises PermissionRefused."""
    check_is_administrator(actor)
    before = values_of(agent)
    agent.permissions, agent.updated = replaced(agent.permissions, permissions, known=AgentPermission), now()
    agent.save(update_fields=["permissions", "updated"])
    forget_access(agent)
    _record(actor, Action.CHANGED, agent, row_difference(before, values_of(agent)))


def _take(agent: Agent, draft: AgentDraft) -> None:
    if draft.username != agent.username:
        username = checked_username(draft.username)
        agent.username = _free("username", username, _("Username already in use"), but=agent)
    if draft.email != (agent.email or ""):
        email = checked_address(draft.email)
        agent.email = _free("email", email, _("Email already in use by another agent"), but=agent)
    for column, longest in TEXTS.items():
        text = checked_text(getattr(draft, column), field=column, longest=longest, required=False)
        if text != (getattr(agent, column) or ""):
            setattr(agent, column, text or (None if column == "backend" else ""))
    for column in ("signature", "notes"):
        if getattr(draft, column) != (getattr(agent, column) or ""):
            setattr(agent, column, getattr(draft, column))
    for column in ("isactive", "isadmin", "isvisible", "onvacation", "assigned_only", "change_passwd"):
        setattr(agent, column, getattr(draft, column))
    if draft.department_id != agent.dept_id:
        agent.dept = _existing(Department, draft.department_id, "department")
    if draft.role_id != agent.role_id:
        agent.role = _existing(Role, draft.role_id, "role")
    agent.permissions = replaced(agent.permissions, draft.permissions, known=AgentPermission)
    _take_extra(agent, draft.primary_role_for_assigned)


def _take_extra(agent: Agent, primary_role_for_assigned: bool) -> None:
    """Say in `extra` whether the primary role holds for assigned tickets, unless it says so already (default: yes)."""
    extra: dict[str, Any] = agent.extra if isinstance(agent.extra, dict) else {}
    if bool(extra.get(PRIMARY_ROLE_FOR_ASSIGNED, True)) != primary_role_for_assigned:
        agent.extra = {**extra, PRIMARY_ROLE_FOR_ASSIGNED: primary_role_for_assigned}


def _existing(model: Any, number: int, field_name: str) -> Any:
    row = model.objects.filter(pk=number).first() if number else None
    if row is None:
        raise ValidationFailed(_("This field is required"), code="required", field=field_name)
    return row


def _set_access(agent: Agent, wanted: Mapping[int, Access | None]) -> None:
    rows = {row.dept_id: row for row in DepartmentAccess.objects.filter(staff=agent)}
    for department_id, access in wanted.items():
        row = rows.get(department_id)
        if access is None:
            if row is not None:
                DepartmentAccess.objects.filter(staff=agent, dept_id=department_id).delete()
            continue
        flags = DepartmentAccessFlag.ALERTS if access.alerts else DepartmentAccessFlag(0)
        if row is None:
            _check_new_access(department_id, access)
            DepartmentAccess.objects.create(
                staff=agent, dept_id=department_id, role_id=access.role_id or None, flags=flags
            )
        elif (row.role_id or 0, bool(DepartmentAccessFlag.ALERTS & row.flags)) != access:
            DepartmentAccess.objects.filter(staff=agent, dept_id=department_id).update(
                role_id=access.role_id, flags=(int(row.flags) & ~int(DepartmentAccessFlag.ALERTS)) | int(flags)
            )


def _check_new_access(department_id: int, access: Access) -> None:
    known = Department.objects.filter(pk=department_id).exists() and Role.objects.filter(pk=access.role_id).exists()
    if not known:
        message = _("This department or role no longer exists.")
        raise ValidationFailed(message, code="access_unknown", field="access")


def _check_not_primary(agent: Agent, wanted: Mapping[int, Access | None]) -> None:
    """Refuse a second role in the primary department, which would hold instead of the first; old rows may stay."""
    is_wanted = wanted.get(agent.dept_id or 0) is not None
    if is_wanted and not DepartmentAccess.objects.filter(staff=agent, dept_id=agent.dept_id).exists():
        message = _("This is the primary department: its role stands above.")
        raise ValidationFailed(message, code="access_to_primary", field="access")


def _check_administrators_remain(agent: Agent, draft: AgentDraft, actor: Actor) -> None:
    """Refuse that an administrator locks himself out, and that none is left."""
    for column, message in (
        ("isactive", _("You cannot lock yourself.")),
        ("isadmin", _("You cannot take the administration from yourself.")),
    ):
        if getattr(agent, column) and not getattr(draft, column):
            if actor.agent is not None and actor.agent.pk == agent.pk:
                raise Conflict(message, code="agent_is_oneself", field=column)
            _check_another_administrator(agent, field=column)


def _check_another_administrator(agent: Agent, *, field: str | None) -> None:
    # A locking read, though the rows are locked already: it sees what others committed, whatever the isolation.
    active = set(Agent.objects.select_for_update().filter(isadmin=True, isactive=True).values_list("pk", flat=True))
    if active == {agent.pk}:
        raise Conflict(_("This is the last active administrator."), code="last_administrator", field=field)


def _locked(agent: Agent) -> Agent:
    """Read the agent anew, with the rows of all agents locked.

    Two administrators who demote each other at the same moment wait for one another then, and always in the same
    order: locking only the own row first ends in a deadlock on MariaDB.
    """
    rows = {row.pk: row for row in Agent.objects.select_for_update().order_by("pk")}
    if agent.pk not in rows:
        raise NotFound(_("This agent no longer exists."), code="agent_unknown")
    return rows[agent.pk]


def _record_reach(agent: Agent, wanted: Mapping[int, Access | None], actor: Actor) -> None:
    before = _reach(agent)
    _set_access(agent, wanted)
    forget_access(agent)
    _record(actor, Action.CHANGED, agent, difference(before, _reach(agent)))


def _reach(agent: Agent) -> dict[str, str]:
    """The further departments and the teams as the trail shows them."""
    access = DepartmentAccess.objects.filter(staff=agent).select_related("dept", "role").order_by("dept_id")
    teams = TeamMember.objects.filter(staff=agent).select_related("team").order_by("team_id")
    return {
        **{
            f"access to {row.dept or '?'} ({row.dept_id})": (
                f"{row.role or '?'} ({row.role_id or 0}), {_alerts(DepartmentAccessFlag.ALERTS & row.flags)}"
            )
            for row in access
        },
        **{f"team {row.team or '?'} ({row.team_id})": _alerts(TeamMemberFlag.ALERTS & row.flags) for row in teams},
    }


def _alerts(flag: int) -> str:
    return "with alerts" if flag else "no alerts"


def _record(actor: Actor, action: Action, agent: Agent, changes: Mapping[str, Any]) -> None:
    record_change(actor, action, ObjectType.AGENT, agent.pk, agent.username, changes)


def _free(column: str, value: str, message: object, *, but: Agent | None = None) -> str:
    if any(other != but for other in Agent.objects.filter(**{column: value})):
        raise ValidationFailed(str(message), code=f"{column}_taken", field=column)
    return value


def _hash_of(password: str | None) -> str | None:
    if password is None:
        return None
    check_new_password(password)
    return hash_password(password)

"""Agents and what they may reach: departments with roles, teams (osticket/routing.md §3)."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import ValidationFailed
from helpdesk.legacy.passwords import check_new_password, hash_password
from helpdesk.people.access import forget_access
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentAccessFlag
from helpdesk.people.models import Agent, Department, DepartmentAccess, Role
from helpdesk.people.permissions import AgentPermission, stored_form
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.validation import checked_address, checked_text, checked_username

FORMER_PAGE_SIZE = 25


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
    return agent


@transaction.atomic
def set_department_access(
    agent: Agent, department: Department, role: Role, *, actor: Actor, alerts: bool = True
) -> None:
    """Let an agent work in another department with this role; `alerts`: tell the agent about its new tickets.

    A second call changes role and alerts. Raises PermissionRefused.
    """
    check_is_administrator(actor)
    DepartmentAccess.objects.update_or_create(
        staff=agent,
        dept=department,
        defaults={"role": role, "flags": DepartmentAccessFlag.ALERTS if alerts else DepartmentAccessFlag(0)},
    )
    forget_access(agent)


@transaction.atomic
def remove_department_access(agent: Agent, department: Department, *, actor: Actor) -> None:
    """Take the extended access to a department away. Raises PermissionRefused."""
    check_is_administrator(actor)
    DepartmentAccess.objects.filter(staff=agent, dept=department).delete()
    forget_access(agent)


@transaction.atomic
def set_primary_department(agent: Agent, department: Department, role: Role, *, actor: Actor) -> None:
    """Give an agent another primary department and the role there. Raises PermissionRefused."""
    check_is_administrator(actor)
    agent.dept, agent.role, agent.updated = department, role, now()
    agent.save(update_fields=["dept", "role", "updated"])
    forget_access(agent)


@transaction.atomic
def set_agent_permissions(agent: Agent, permissions: Iterable[AgentPermission], *, actor: Actor) -> None:
    """Replace the global permissions of an agent. Raises PermissionRefused."""
    check_is_administrator(actor)
    agent.permissions, agent.updated = stored_form(permissions), now()
    agent.save(update_fields=["permissions", "updated"])
    forget_access(agent)


def _free(column: str, value: str, message: object) -> str:
    if Agent.objects.filter(**{column: value}).exists():
        raise ValidationFailed(str(message), code=f"{column}_taken", field=column)
    return value


def _hash_of(password: str | None) -> str | None:
    if password is None:
        return None
    check_new_password(password)
    return hash_password(password)

"""The verbs of people. Each room below holds one subject; import from here."""

from helpdesk.people.services.agents import (
    create_agent,
    remove_department_access,
    set_agent_permissions,
    set_department_access,
    set_primary_department,
)
from helpdesk.people.services.departments import create_department, move_department, rename_department
from helpdesk.people.services.end_users import create_end_user, create_organization, find_or_create_user
from helpdesk.people.services.roles import create_role, set_role_permissions
from helpdesk.people.services.teams import add_team_member, create_team, remove_team_member

__all__ = [
    "add_team_member",
    "create_agent",
    "create_department",
    "create_end_user",
    "create_organization",
    "create_role",
    "create_team",
    "find_or_create_user",
    "move_department",
    "remove_department_access",
    "remove_team_member",
    "rename_department",
    "set_agent_permissions",
    "set_department_access",
    "set_primary_department",
    "set_role_permissions",
]

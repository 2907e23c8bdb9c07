"""Adapters for the questions of `lifecycle.json` that concern people alone (osticket/tickets.md §3.2 and §4.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from helpdesk.people.access import CREATE_ONLY, AgentAccess
from helpdesk.people.models import Agent
from helpdesk.people.permissions import RolePermission, granted, stored_form
from tests.conformance.base_rows import replace_rows
from tests.conformance.comparison import differences
from tests.conformance.recorded import RecordedCase
from tests.conformance.registry import adapter

FILE = "lifecycle.json"


@adapter(FILE, "query.agent_departments", uses_database=True)
def departments_of_agents(case: RecordedCase) -> dict[str, Any]:
    access = _access_of_agents(case)
    return _observed(lambda: {name: sorted(reach.department_ids) for name, reach in access.items()})


def _compare_permissions_as_sets(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    return differences(_sorted_permissions(expected), _sorted_permissions(found))


@adapter(FILE, "query.effective_role", compare=_compare_permissions_as_sets, uses_database=True)
def roles_of_agents(case: RecordedCase) -> dict[str, Any]:
    access = _access_of_agents(case)
    departments = case.input["args"]["depts"]
    return _observed(
        lambda: {name: {str(pk): _roles(reach, pk) for pk in departments} for name, reach in access.items()}
    )


def _observed(read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer; `changes` are the statements that did more than read."""
    with CaptureQueriesContext(connection) as queries:
        result = read()
    changes = [query["sql"] for query in queries if not query["sql"].lstrip("(").startswith("SELECT")]
    return {"result": result, "changes": changes, "mails": mail.outbox}


def _roles(access: AgentAccess, department_id: int) -> dict[str, Any]:
    return {
        "not_assigned": _role(access, department_id, assigned=False),
        "assigned": _role(access, department_id, assigned=True),
    }


def _role(access: AgentAccess, department_id: int, *, assigned: bool) -> dict[str, Any]:
    role = access.role_in(department_id, assigned=assigned)
    permissions = access.permissions_in(department_id, assigned=assigned)
    assert permissions == (CREATE_ONLY if role is None else granted(role.permissions))
    return {"id": role.pk if role else None, "permissions": list(permissions)}


def _sorted_permissions(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted_permissions(item) for key, item in value.items()}
    return sorted(value) if isinstance(value, list) else value


def _access_of_agents(case: RecordedCase) -> dict[str, AgentAccess]:
    """Put the people of the case into the database; their reach by login name."""
    base = case.given["base"]
    roles = [{"id": role["id"], "name": role["name"], "permissions": _stored(role)} for role in base["roles"]]
    agents = [{**agent, "permissions": stored_form(agent["permissions"])} for agent in base["agents"]]
    replace_rows(
        {
            "department": base["departments"],
            "role": roles,
            "staff": agents,
            "staff_dept_access": base["dept_access"],
            "team": base["teams"],
            "team_member": base["team_members"],
        }
    )
    asked = Agent.objects.select_related("role").filter(pk__in=case.input["args"]["staff"])
    return {agent.username: AgentAccess(agent) for agent in asked}


def _stored(role: dict[str, Any]) -> dict[str, int]:
    if "all_except" in role:
        return stored_form(set(RolePermission) - set(role["all_except"]))
    given = role["permissions"]
    return stored_form(RolePermission if given == "all role permissions" else given)

"""The first administrator of a fresh help desk."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.legacy.errors import Conflict
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, Role
from helpdesk.people.permissions import AgentPermission
from helpdesk.people.services import create_agent, set_department_access

ROLE_OF_ADMINISTRATORS = 1
"""Id of the role "All Access" in osTicket's initial rows."""
INSTALLERS_PERMISSIONS = frozenset(AgentPermission) - {AgentPermission.STATS_AGENTS, AgentPermission.SEARCH_ALL}
"""What osTicket's installer grants the agent that it creates."""


@transaction.atomic
def create_administrator(username: str, password: str, email: str) -> tuple[Agent, bool]:
    """Create the administrator as osTicket's installer does; give the agent and whether it is new.

    The primary department is the default one, and the role "All Access" holds in every department. An agent who has
    this user name already is left as is, password included. Raises ValidationFailed, Conflict without departments or
    roles (`manage.py setup` makes them).
    """
    known = Agent.objects.filter(username=username.strip()).first()
    if known is not None:
        return known, False
    role = Role.objects.filter(pk=ROLE_OF_ADMINISTRATORS).first() or Role.objects.order_by("pk").first()
    departments = list(Department.objects.order_by("pk"))
    if role is None or not departments:
        raise Conflict(_("There are no departments or roles yet; run “manage.py setup” first."), code="not_set_up")
    default_id = configuration.current().integer("default_dept_id")
    primary = next((department for department in departments if department.pk == default_id), departments[0])
    system = Actor.system()
    agent = create_agent(
        username,
        email=email,
        password=password,
        department=primary,
        role=role,
        isadmin=True,
        permissions=INSTALLERS_PERMISSIONS,
        actor=system,
    )
    for department in departments:
        if department != primary:
            set_department_access(agent, department, role, actor=system)
    return agent, True

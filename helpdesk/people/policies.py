"""Who may manage people (osticket/tickets.md §3.1): administrators the structure, agents the users as far as granted.

What agents may do with tickets is decided in `tickets.policies`, on top of `access.AgentAccess`.
"""

from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import PermissionRefused
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor, ActorKind
from helpdesk.people.models import EndUser
from helpdesk.people.permissions import AgentPermission


def is_administrator(actor: Actor) -> bool:
    """Whether the actor may change departments, agents, roles and teams: the system and active administrators."""
    if actor.kind is ActorKind.SYSTEM:
        return True
    return actor.agent is not None and actor.agent.isactive and actor.agent.isadmin


def has_agent_permission(actor: Actor, permission: AgentPermission) -> bool:
    """Whether the actor holds a global permission: the system holds all, an active agent those of the own row.

    Being an administrator grants none of them. An API key may create users, which is how tickets come in.
    """
    if actor.kind is ActorKind.SYSTEM:
        return True
    if actor.kind is ActorKind.API_KEY:
        return permission is AgentPermission.USER_CREATE
    agent = actor.agent
    return agent is not None and agent.isactive and access_of(agent).has_agent_permission(permission)


def check_is_administrator(actor: Actor) -> None:
    """Raise PermissionRefused unless the actor may change departments, agents, roles and teams."""
    if not is_administrator(actor):
        raise PermissionRefused(_("Only administrators may do this."), code="administrators_only")


def check_agent_permission(actor: Actor, permission: AgentPermission) -> None:
    """Raise PermissionRefused unless the actor holds the global permission."""
    if not has_agent_permission(actor, permission):
        raise PermissionRefused(_("Permission denied"), code=f"needs_{permission.value}")


def check_may_change_user(actor: Actor, user: EndUser) -> None:
    """Raise PermissionRefused unless the actor is that user, or may edit users."""
    if actor.user is None or actor.user.pk != user.pk:
        check_agent_permission(actor, AgentPermission.USER_EDIT)

"""Who may change canned responses (osticket/kb.md §4)."""

from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import PermissionRefused
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor, ActorKind
from helpdesk.people.permissions import RolePermission


def may_manage_canned(actor: Actor) -> bool:
    """Whether the actor may manage canned responses: the system, and agents with the permission in any department."""
    if actor.kind is ActorKind.SYSTEM:
        return True
    agent = actor.agent
    return (
        agent is not None and agent.isactive and access_of(agent).has_permission_anywhere(RolePermission.CANNED_MANAGE)
    )


def check_may_manage_canned(actor: Actor) -> None:
    """Raise PermissionRefused unless the actor may manage canned responses."""
    if not may_manage_canned(actor):
        raise PermissionRefused(_("Permission denied"), code=f"needs_{RolePermission.CANNED_MANAGE.value}")

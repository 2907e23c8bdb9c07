"""Who may read the knowledge base, and who may change it and canned responses (osticket/kb.md §2 and §4)."""

from django.utils.translation import gettext as _

from helpdesk import configuration
from helpdesk.knowledge.models import Faq
from helpdesk.legacy.errors import PermissionRefused
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor, ActorKind
from helpdesk.people.permissions import AgentPermission, RolePermission
from helpdesk.people.policies import has_agent_permission


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


def may_manage_faqs(actor: Actor) -> bool:
    """Whether the actor may write FAQs and categories."""
    return has_agent_permission(actor, AgentPermission.FAQ_MANAGE)


def reason_to_be_closed(*, is_signed_in: bool) -> str:
    """Say why end users find no knowledge base: switched off, for members only, nothing published; '' where they do.

    `is_signed_in` means with a password; somebody whom a link let into one ticket is a guest (osticket/kb.md §2).
    """
    current = configuration.current()
    if not current.boolean("enable_kb"):
        return _("The knowledge base is switched off.")
    if current.boolean("restrict_kb") and not is_signed_in:
        return _("The knowledge base is for those who are signed in.")
    return "" if Faq.objects.public().exists() else _("Nothing is published in the knowledge base at present.")

"""The areas of the agent portal besides the queues: what stands below these on every page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from helpdesk.people.access import AgentAccess
from helpdesk.people.permissions import AgentPermission, RolePermission


@dataclass(frozen=True)
class Area:
    """A page to go to, for those who may: `url_name` of the page, `icon` of the sprite."""

    url_name: str
    label: str | Promise
    icon: str
    is_open_to: Callable[[AgentAccess], bool] = lambda access: True


def _sees_directory(access: AgentAccess) -> bool:
    return access.has_agent_permission(AgentPermission.USER_DIRECTORY)


def _may_ban(access: AgentAccess) -> bool:
    return access.agent.isadmin or access.has_agent_permission(AgentPermission.EMAILS_BANLIST)


def _manages_canned(access: AgentAccess) -> bool:
    return access.has_permission_anywhere(RolePermission.CANNED_MANAGE)


AREAS = (
    Area("agent:users", _("Users"), "users", _sees_directory),
    Area("agent:organizations", _("Organizations"), "building", _sees_directory),
    Area("agent:kb", _("Knowledge base"), "book-2"),
    Area("agent:canned_responses", _("Canned responses"), "message-2", _manages_canned),
    Area("agent:statistics", _("Statistics"), "chart-bar"),
    Area("agent:ban_list", _("Ban list"), "ban", _may_ban),
)


def areas_for(access: AgentAccess) -> list[Area]:
    """Give the areas that an agent may open; costs no query."""
    return [area for area in AREAS if area.is_open_to(access)]

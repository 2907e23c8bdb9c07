"""Who may change settings: administrators and the system everything, an agent the own preferences."""

from dataclasses import dataclass
from typing import Protocol

from django.utils.translation import gettext_lazy as _

from helpdesk.configuration.defaults import agent_namespace
from helpdesk.legacy.errors import PermissionRefused


class SettingsAgent(Protocol):
    """What must be known of an agent here (this package is below `people`)."""

    staff_id: int
    isadmin: bool
    isactive: bool


class SettingsActor(Protocol):
    """Who changes a setting; `people.actor.Actor` fits."""

    @property
    def kind(self) -> str:
        """The kind of actor: `agent`, `system`, …"""

    @property
    def name(self) -> str:
        """The name of the actor."""

    @property
    def agent(self) -> SettingsAgent | None:
        """The agent, for actors of that kind."""

    @property
    def ip_address(self) -> str:
        """Where the request came from, '' when there was none."""


def may_change_setting(actor: SettingsActor, namespace: str) -> bool:
    """Whether the actor may write to this namespace."""
    if actor.kind == "system":
        return True
    agent = actor.agent
    if agent is None or not agent.isactive:
        return False
    return agent.isadmin or namespace == agent_namespace(agent.staff_id)


def check_may_change_setting(actor: SettingsActor, namespace: str) -> None:
    """Raise PermissionRefused when the actor may not write to this namespace."""
    if not may_change_setting(actor, namespace):
        raise PermissionRefused(_("Only administrators may change this setting."), code="setting_refused")


@dataclass(frozen=True)
class JobActor:
    """The system, for the jobs of this package, which is below the one that knows all actors."""

    kind: str = "system"
    name: str = "SYSTEM"
    agent: SettingsAgent | None = None
    ip_address: str = ""

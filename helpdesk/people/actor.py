"""Who does something: the one type that every service takes."""

from dataclasses import dataclass
from enum import StrEnum

from helpdesk.people.models import Agent, EndUser


class ActorKind(StrEnum):
    """The four kinds of actors."""

    AGENT = "agent"
    END_USER = "end user"
    SYSTEM = "system"
    API_KEY = "API key"


@dataclass(frozen=True)
class Actor:
    """An agent, an end user, the system (a job, filter or integration; `name` says which) or an API key.

    `ip_address` is where the request came from, '' when there was none.
    """

    kind: ActorKind
    name: str
    agent: Agent | None = None
    user: EndUser | None = None
    ip_address: str = ""

    @classmethod
    def for_agent(cls, agent: Agent, *, ip_address: str = "") -> "Actor":
        """Give the actor for an agent; its name is the login name, as events record it."""
        return cls(ActorKind.AGENT, agent.username, agent=agent, ip_address=ip_address)

    @classmethod
    def for_user(cls, user: EndUser, *, ip_address: str = "") -> "Actor":
        """Give the actor for an end user."""
        return cls(ActorKind.END_USER, user.name, user=user, ip_address=ip_address)

    @classmethod
    def system(cls, name: str = "SYSTEM") -> "Actor":
        """Give the actor for a job, a filter or an integration."""
        return cls(ActorKind.SYSTEM, name)

    @classmethod
    def for_api_key(cls, name: str, *, ip_address: str = "") -> "Actor":
        """Give the actor for a program that came with an API key."""
        return cls(ActorKind.API_KEY, name, ip_address=ip_address)

"""Names as ticket pages and thread entries show them."""

from __future__ import annotations

from helpdesk.people.models import Agent, EndUser
from helpdesk.people.names import agent_name, user_name


def full_name(agent: Agent) -> str:
    """Give the name of an agent in the configured format."""
    return agent_name(agent.firstname, agent.lastname, username=agent.username)


def shown_user(user: EndUser | None) -> str:
    """Give the name of an end user in the configured format, '' for nobody."""
    return user_name(user.name) if user is not None else ""


def address_of(user: EndUser | None) -> str:
    """Give the default address of an end user, '' without one."""
    email = user.default_email if user is not None else None
    return email.address if email is not None else ""

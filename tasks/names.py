"""Names of agents as events of tasks store them."""

from __future__ import annotations

from typing import Any

from helpdesk import configuration
from helpdesk.people.models import Agent
from helpdesk.people.names import DEFAULT_AGENT_FORMAT


def name_object(agent: Agent) -> dict[str, Any]:
    """Give the name as osTicket's own object, which it writes into events of tasks (osticket/tasks.md §4.2)."""
    parts = {"first": _capitalised(agent.firstname), "last": _capitalised(agent.lastname)}
    chosen = configuration.current().text("agent_name_format") or DEFAULT_AGENT_FORMAT
    return {"format": chosen, "parts": parts, "name": " ".join(parts.values())}


def _capitalised(text: str | None) -> str:
    return f"{text[:1].upper()}{text[1:]}" if text else ""

"""What an agent can do with a list itself, as links above it."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from helpdesk.people.actor import Actor
from tickets.constants import QueueFlag
from tickets.reference_data import queue_tables


def list_actions(actor: Actor, queue_id: int, parameters: str) -> list[dict[str, str]]:
    """Give label, address and icon of what this agent can do with a queue; `parameters` are those of the list."""
    row = queue_tables().queues.get(queue_id)
    query = f"?{parameters}" if parameters else ""
    arrange = reverse("agent:arrange_queue", args=[queue_id])
    actions = [{"label": _("Arrange"), "icon": "adjustments-horizontal", "url": arrange}]
    agent = actor.agent
    if row is not None and agent is not None:
        is_public = bool(row.flags & (QueueFlag.PUBLIC | QueueFlag.QUEUE))
        if agent.isadmin if is_public else row.staff_id == agent.pk:
            actions.append({"label": _("Edit"), "icon": "pencil", "url": reverse("agent:edit_queue", args=[queue_id])})
    if agent is not None and agent.isadmin:
        actions.append({"label": _("All queues"), "icon": "list", "url": reverse("agent:queue_setup")})
    for export_format in ("csv", "xlsx"):
        address = reverse("agent:queue_export", args=[queue_id, export_format])
        actions.append({"label": export_format.upper(), "icon": "download", "url": f"{address}{query}"})
    return actions

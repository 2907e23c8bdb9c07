"""Which status follows which (osticket/tickets.md §1.4)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.configuration.snapshot import is_true
from helpdesk.legacy.errors import NotFound
from tickets.constants import TicketState
from tickets.models import TicketStatus


def default_status() -> TicketStatus:
    """Give the status of new and reopened tickets: the one of the settings, else the first open one.

    Raises NotFound when there is no open status at all.
    """
    configured = _open_status(configuration.current().integer("default_ticket_status_id", 1))
    status = configured or TicketStatus.objects.filter(state=TicketState.OPEN).order_by("sort", "id").first()
    if status is None:
        raise NotFound(_("There is no open status."), code="open_status_missing")
    return status


def is_reopenable(status: TicketStatus | None) -> bool:
    """Whether a message may open a ticket of this status again; what is not closed always is."""
    if status is None or status.state != TicketState.CLOSED:
        return True
    properties = _properties(status)
    return is_true(properties.get("allowreopen")) and "reopenstatus" in properties


def reopen_status(status: TicketStatus | None) -> TicketStatus:
    """Give the status that a ticket of this status gets when it opens again by itself."""
    wanted = _properties(status).get("reopenstatus") if status is not None else None
    return _open_status(wanted) or default_status()


def _open_status(status_id: Any) -> TicketStatus | None:
    if not str(status_id or "").isdecimal():
        return None
    return TicketStatus.objects.filter(pk=int(status_id), state=TicketState.OPEN).first()


def _properties(status: TicketStatus) -> dict[str, Any]:
    return status.properties if isinstance(status.properties, dict) else {}

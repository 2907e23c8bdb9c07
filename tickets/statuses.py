"""Which status follows which (osticket/tickets.md §1.4)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.configuration.snapshot import is_true
from helpdesk.legacy.errors import NotFound
from tickets.constants import StatusMode, TicketState
from tickets.intake import by_id, intake
from tickets.models import TicketStatus
from tickets.reference_data import statuses
from tickets.screens import Choice


def default_status() -> TicketStatus:
    """Give the status of new and reopened tickets: the one of the settings, else the first open one.

    Raises NotFound when there is no open status at all.
    """
    configured = _open_status(configuration.current().integer("default_ticket_status_id", 1))
    status = configured or next((row for row in intake().statuses.values() if row.state == TicketState.OPEN), None)
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


def choosable_statuses(state: TicketState) -> list[Choice]:
    """Give the statuses of a state that agents may set, in their order."""
    return [
        Choice(str(row.id), row.name)
        for row in statuses().values()
        if row.state == state and row.mode & StatusMode.ENABLED
    ]


def status_for_users() -> TicketStatus:
    """Give the status that end users close their tickets with: the first closed one that lets them open them again.

    Raises NotFound when there is no closed status at all.
    """
    closed = [row for row in intake().statuses.values() if row.state == TicketState.CLOSED]
    usable = [row for row in closed if row.mode & StatusMode.ENABLED] or closed
    ordered = sorted(usable, key=lambda row: (not is_reopenable(row), row.sort, row.pk))
    if not ordered:
        raise NotFound(_("There is no closed status."), code="closed_status_missing")
    return ordered[0]


def _open_status(status_id: Any) -> TicketStatus | None:
    status: TicketStatus | None = by_id(intake().statuses, status_id)
    return status if status is not None and status.state == TicketState.OPEN else None


def _properties(status: TicketStatus) -> dict[str, Any]:
    return status.properties if isinstance(status.properties, dict) else {}

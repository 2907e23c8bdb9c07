"""From what people have in hand, a ticket number, to the ticket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import NotFound, ValidationFailed
from tickets.intake import by_id, intake
from tickets.models import Ticket, TicketStatus

if TYPE_CHECKING:
    from helpdesk.people.access import AgentAccess


def status_by_id(status_id: object) -> TicketStatus:
    """Give the status of this id, as a form names it. Raises ValidationFailed for one that does not exist."""
    status: TicketStatus | None = by_id(intake().statuses, status_id)
    if status is None:
        raise ValidationFailed(_("Unknown or invalid status"), code="status_unknown", field="status")
    return status


def ticket_id_by_number(access: AgentAccess, number: str) -> int:
    """Give the id of the newest ticket with this number that the agent may open; `#` and blanks around it are ignored.

    Numbers are unique by check only (osticket/tickets.md §1.1). Raises NotFound.
    """
    tickets = Ticket.objects.accessible_to(access).filter(number=number.strip().lstrip("#").strip())
    ticket_id: int | None = tickets.order_by("-pk").values_list("pk", flat=True).first()
    if ticket_id is None:
        raise NotFound(_("There is no ticket with this number, or you may not see it."), code="ticket_not_found")
    return ticket_id

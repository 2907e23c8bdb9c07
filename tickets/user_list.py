"""The list of an end user's tickets in the portal (osticket/tickets.md §5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from helpdesk.forms.selectors import subjects_of
from helpdesk.people.models import EndUser
from tickets.constants import TicketState
from tickets.models import Ticket
from tickets.names import shown_user
from tickets.querysets import TicketQuerySet
from tickets.reference_data import status_ids

PAGE_LENGTH = 25
STATES = (TicketState.OPEN, TicketState.CLOSED)


@dataclass(frozen=True)
class UserListRow:
    """One ticket; `requester_name` only where it is somebody else's."""

    ticket_id: int
    number: str
    subject: str
    status_name: str
    status_state: str
    requester_name: str
    created: datetime | None
    updated: datetime | None


@dataclass(frozen=True)
class UserTicketList:
    """A page of tickets of one state, newest first; `after` leads to older ones, on the first page nothing is newer."""

    state: str
    rows: list[UserListRow]
    after: int | None
    is_first: bool


def user_ticket_list(user: EndUser, *, state: str, after: int | None = None) -> UserTicketList:
    """Give the tickets of a state (anything but `closed` means open) that come after the ticket with the id `after`.

    The parts of the list are found on their own and put together here: a few statements, however many tickets.
    """
    wanted = TicketState.CLOSED if state == TicketState.CLOSED else TicketState.OPEN
    found: dict[int, Ticket] = {}
    for part in _parts(user, wanted):
        older = part if after is None else part.filter(pk__lt=after)
        rows = older.select_related("status", "user").order_by("-pk")[: PAGE_LENGTH + 1]
        found |= {ticket.pk: ticket for ticket in rows}
    tickets = sorted(found.values(), key=lambda ticket: -ticket.pk)
    shown = tickets[:PAGE_LENGTH]
    subjects = subjects_of([ticket.pk for ticket in shown])
    return UserTicketList(
        state=str(wanted),
        rows=[_row(ticket, subjects.get(ticket.pk, ""), user) for ticket in shown],
        after=shown[-1].pk if len(tickets) > PAGE_LENGTH else None,
        is_first=after is None,
    )


def listed_ids(user: EndUser, *, state: str) -> set[int]:
    """Give the ids of all tickets of a state that the portal lists for the user."""
    return {pk for part in _parts(user, state) for pk in part.values_list("pk", flat=True)}


def _parts(user: EndUser, state: str) -> list[TicketQuerySet]:
    return [part.filter(status__in=status_ids(state)) for part in Ticket.objects.listed_for_user(user)]


def _row(ticket: Ticket, subject: str, user: EndUser) -> UserListRow:
    return UserListRow(
        ticket_id=ticket.pk,
        number=ticket.number or "",
        subject=subject or _("(no subject)"),
        status_name=ticket.status.name if ticket.status else "",
        status_state=(ticket.status.state or "") if ticket.status else "",
        requester_name=shown_user(ticket.user) if ticket.user_id != user.pk else "",
        created=ticket.created,
        updated=ticket.lastupdate,
    )

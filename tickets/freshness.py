"""Whether a form was made from the ticket as it is, and if not, what happened meanwhile.

A form carries `version_of(ticket)`; the service gets it back as `seen` and calls `check_fresh` under the lock.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import Conflict
from helpdesk.legacy.ids import id_in
from helpdesk.threads.models import ThreadEvent
from tickets.models import Ticket
from tickets.states import find_thread

SHOWN_EVENTS = 5


class TicketChanged(Conflict):
    """Somebody changed the ticket after the form was made; `events` says what, the newest first."""

    def __init__(self, ticket: Ticket, events: list[ThreadEvent]) -> None:
        who = ", ".join(dict.fromkeys(event.username for event in events))
        unnamed = _("The ticket was changed meanwhile. Please look at it again.")
        named = _("%(who)s changed the ticket meanwhile. Please look at it again.") % {"who": who}
        super().__init__(named if who else unnamed, code="ticket_changed")
        self.ticket = ticket
        self.events = events


def version_of(ticket: Ticket) -> str:
    """Give a text that is another one after every change of the ticket's row, in whole seconds."""
    return str(int(ticket.updated.timestamp())) if ticket.updated else "0"


def check_fresh(ticket: Ticket, seen: str | None) -> None:
    """Raise TicketChanged unless the ticket still has the version that was seen; None is for who has seen no page.

    The ticket is locked by the caller.
    """
    if not seen or seen == version_of(ticket):
        return
    thread = find_thread(ticket)
    newest = list(thread.events.select_related("event").order_by("-id")[:SHOWN_EVENTS]) if thread is not None else []
    since = id_in(seen) or 0  # seconds are numbers of the same size
    raise TicketChanged(ticket, [event for event in newest if event.timestamp.timestamp() > since])

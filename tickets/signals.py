"""What happened to tickets, for plug-ins and integrations. Sent after the commit; receivers cannot spoil the operation.

Every signal carries `ticket` (Ticket), `actor` (Actor) and what is named beside it. Errors of receivers are logged by
Django and do not reach the person who acted.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django.db import transaction
from django.dispatch import Signal

ticket_created = Signal()
"""A ticket was opened; `entry`: its first message, or None."""
ticket_closed = Signal()
"""`status`: the closed status."""
ticket_reopened = Signal()
"""`status`: the open status."""
ticket_assigned = Signal()
"""`staff` or `team`: the new assignee; the other one is None."""
ticket_transferred = Signal()
"""`department`: the new one; `former`: the one before, or None."""
ticket_referred = Signal()
"""`referee`: the agent, team or department that may see the ticket now."""
ticket_edited = Signal()
"""`changes`: what the event `edited` says (osticket/tickets.md §2)."""
ticket_deleted = Signal()
"""`ticket_id`: the id that it had; `ticket` is the row as it was."""
ticket_overdue = Signal()
"""The ticket was marked as overdue."""
ticket_merged = Signal()
"""`children`: the tickets that were merged into it."""
entry_posted = Signal()
"""`entry`: a message, response or internal note."""

CHANGING_COUNTS = (
    *(ticket_created, ticket_closed, ticket_reopened, ticket_assigned, ticket_merged, entry_posted),
    *(ticket_transferred, ticket_referred, ticket_edited, ticket_deleted),
)
"""The signals after which the numbers beside the queues may be others."""


def send_after_commit(signal: Signal, **values: Any) -> None:
    """Send a signal when the running transaction has committed, at once when there is none."""
    send: Callable[[], object] = partial(signal.send_robust, sender=None, **values)
    transaction.on_commit(send, robust=True)


def send_for_each_after_commit(signal: Signal, tickets: Iterable[Any], **values: Any) -> None:
    """Send a signal for each of many tickets, one after another, when the running transaction has committed."""

    def send() -> None:
        for ticket in tickets:
            signal.send_robust(sender=None, ticket=ticket, **values)

    transaction.on_commit(send, robust=True)

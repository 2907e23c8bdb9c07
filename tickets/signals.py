"""What happened to tickets, for plug-ins and integrations. Sent after the commit; receivers cannot spoil the operation.

Every signal carries `ticket` (Ticket), `actor` (Actor) and what is named beside it. Errors of receivers are logged by
Django and do not reach the person who acted.
"""

from collections.abc import Callable
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
ticket_overdue = Signal()
"""The ticket was marked as overdue."""
entry_posted = Signal()
"""`entry`: a message, response or internal note."""

CHANGING_COUNTS = (ticket_created, ticket_closed, ticket_reopened, ticket_assigned, entry_posted)
"""The signals after which the numbers beside the queues may be others."""


def send_after_commit(signal: Signal, **values: Any) -> None:
    """Send a signal when the running transaction has committed, at once when there is none."""
    send: Callable[[], object] = partial(signal.send_robust, sender=None, **values)
    transaction.on_commit(send, robust=True)

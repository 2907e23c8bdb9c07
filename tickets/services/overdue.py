"""Marking tickets that passed their due date (osticket/tickets.md §11.2)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import PermissionRefused
from helpdesk.legacy.retrying import retried
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor, ActorKind
from tickets.due_dates import cleared
from tickets.models import Ticket
from tickets.notices import overdue_alert
from tickets.policies import require
from tickets.services.common import lock, log, post_system_note, poster_of, queue, record, save_changes
from tickets.signals import send_after_commit, ticket_edited, ticket_overdue
from tickets.states import is_open


@retried
def mark_overdue(ticket: Ticket, *, actor: Actor, now: datetime | None = None) -> bool:
    """Mark an open ticket as overdue, with its event; give whether that changed anything.

    The system does so when the due date has passed, the manager of its department whenever it seems right: then a note
    says who did. Tickets that are closed or marked already stay as they are. Raises PermissionRefused for everybody
    else. Source: §11.2.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(ticket)
        _require_manager(actor, ticket)
        if ticket.isoverdue or not is_open(ticket):
            return False
        save_changes(ticket, now=now, isoverdue=True)
        record(ticket, "overdue", actor=actor, now=now)
        queue(ticket, overdue_alert(ticket, now=now), now=now)
        if actor.agent is not None:
            said = f"Ticket flagged as overdue by {poster_of(actor)}"
            post_system_note(ticket, actor=actor, title="Ticket Marked Overdue", text=said, now=now)
        log("ticket_overdue", ticket, actor)
        send_after_commit(ticket_overdue, ticket=ticket, actor=actor)
    return True


@retried
def clear_overdue(ticket: Ticket, *, actor: Actor, now: datetime | None = None) -> bool:
    """Take the mark back, and due dates that have passed with it; give whether that changed anything.

    The event of the mark stays, and none tells of this. Raises PermissionRefused for agents who do not manage the
    department. Source: §11.3.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(ticket)
        _require_manager(actor, ticket)
        if not ticket.isoverdue:
            return False
        save_changes(ticket, now=now, **cleared(ticket, now=now))
        log("ticket_not_overdue", ticket, actor)
        send_after_commit(ticket_edited, ticket=ticket, actor=actor, changes={"isoverdue": [True, False]})
    return True


def _require_manager(actor: Actor, ticket: Ticket) -> None:
    require(actor, None, ticket)
    if actor.kind is ActorKind.SYSTEM:
        return
    if actor.agent is None or not access_of(actor.agent).manages(ticket.dept):
        raise PermissionRefused(_("You do not have permission to flag tickets overdue"), code="permission_denied")

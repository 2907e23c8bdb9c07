"""Marking tickets as answered or unanswered by hand (osticket/tickets.md §11.1)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import Conflict, PermissionRefused
from helpdesk.legacy.retrying import retried
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.permissions import RolePermission
from tickets.models import Ticket
from tickets.policies import can, require
from tickets.services.common import lock, log, post_note_of, post_system_note, poster_of, save_changes


@retried
def mark_answered(
    ticket: Ticket,
    *,
    actor: Actor,
    answered: bool = True,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    now: datetime | None = None,
) -> Ticket:
    """Mark the ticket as answered, or as unanswered; a note of the system says who did.

    Raises Conflict when it is so already, PermissionRefused without `ticket.markanswered` (the manager of the ticket's
    department needs none). Source: §11.1.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(ticket)
        _require(actor, ticket)
        if ticket.isanswered == answered:
            message = (
                _("Ticket is already marked as answered") if answered else _("Ticket is already marked as unanswered")
            )
            raise Conflict(message, code="already_answered" if answered else "already_unanswered")
        save_changes(ticket, now=now, isanswered=answered)
        title = "Ticket Marked Answered" if answered else "Ticket Marked Unanswered"
        if comments.strip():
            post_note_of(ticket, actor=actor, title=title, body=comments, format=format, now=now)
        said = f"Ticket flagged as {'answered' if answered else 'unanswered'} by {poster_of(actor)}"
        post_system_note(ticket, actor=actor, title=title, text=said, now=now)
        log("ticket_marked_answered", ticket, actor, answered=answered)
    return ticket


def _require(actor: Actor, ticket: Ticket) -> None:
    require(actor, None, ticket)
    is_manager = actor.agent is not None and access_of(actor.agent).manages(ticket.dept)
    if not is_manager and not can(actor, RolePermission.TICKET_MARK_ANSWERED, ticket):
        raise PermissionRefused(_("Permission denied"), code="permission_denied")

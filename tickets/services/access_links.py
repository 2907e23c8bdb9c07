"""Mailing somebody the link into a ticket (osticket/auth.md §6.1)."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction
from django.utils import timezone

from helpdesk.mail.outgoing import NewMail, Recipient, RecipientKind, queue_mails
from helpdesk.people.actor import Actor
from tickets.access_links import Pass, pass_of_number
from tickets.names import address_of
from tickets.notices import department_sender
from tickets.states import find_thread
from tickets.visitors import may_come_in

TEMPLATE = "access-link"
"""The page of this type is the text of the mail (osticket/mail.md §8)."""
SECONDS_BETWEEN_MAILS = 300

log = structlog.get_logger(__name__)


def send_access_link(address: str, number: str, *, actor: Actor, now: datetime | None = None) -> None:
    """Mail the link into the ticket to the person with this address, if the ticket is his; at most one in five minutes.

    Nothing tells the caller whether there is such a ticket, and the same statements run where there is none: the mail
    is then written down for nobody and taken back.
    """
    now = now or timezone.now()
    found = pass_of_number(address, number)
    is_welcome = found is not None and may_come_in(found.user)
    with transaction.atomic():
        queue_mails([_mail(found, now)], object_type="ticket", object_id=found.ticket.pk if found else 0, now=now)
        if not is_welcome:
            transaction.set_rollback(True)
    log.info("access_link_requested", ip_address=actor.ip_address, is_sent=is_welcome)


def _mail(found: Pass | None, now: datetime) -> NewMail:
    slot = int(now.timestamp()) // SECONDS_BETWEEN_MAILS
    if found is None:
        return NewMail([Recipient(RecipientKind.ADDRESS, "nobody@invalid")], f"nobody {slot}", TEMPLATE)
    recipient = _recipient(found)
    return NewMail(
        [recipient],
        f"ticket {found.ticket.pk} {slot}",
        TEMPLATE,
        department_sender(found.ticket.dept),
        context={"ticket": found.ticket.pk, "opens": True},
    )


def _recipient(found: Pass) -> Recipient:
    """Give the owner as a user and a collaborator by his row, which their links are made of."""
    user, ticket = found.user, found.ticket
    if ticket.user_id == user.pk:
        return Recipient(RecipientKind.USER, address_of(user), user.name, user.pk)
    thread = find_thread(ticket)
    row = thread.collaborators.filter(user=user).first() if thread else None
    return Recipient(RecipientKind.COLLABORATOR, address_of(user), user.name, row.pk if row else 0)

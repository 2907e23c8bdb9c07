"""Mails that filters send about a new ticket (osticket/filters.md §5, action `email`)."""

from __future__ import annotations

from filters.actions import Configuration
from filters.matching import ReadyFilter
from filters.recipients import listed_recipients
from helpdesk.mail.outgoing import NewMail, Recipient, RecipientKind
from tickets.intake import by_id, intake
from tickets.models import Ticket
from tickets.notices import user_recipient

KEY = "email"
MOST_RECIPIENTS = 50


def mails_of(ticket: Ticket, one: ReadyFilter) -> list[NewMail]:
    """Give the mails of one filter, one for each recipient; variables are replaced when they are sent."""
    actions = [action.row.configuration for action in one.actions if action.row.type == KEY]
    return [
        _mail(ticket, recipient, configuration, f"filter {one.row.id}.{number} ticket {ticket.pk}")
        for number, configuration in enumerate(actions)
        for recipient in recipients_of(ticket, str(configuration.get("recipients") or ""))
    ]


def recipients_of(ticket: Ticket, listed: str) -> list[Recipient]:
    """Give the recipients of a list with commas, each once; `%{user}` is the owner of the ticket."""
    found: dict[str, Recipient] = {}
    recipients = listed_recipients(listed)
    if recipients.has_owner and ticket.user is not None:
        owner = user_recipient(ticket.user)
        found[owner.address.lower()] = owner
    for name, address in recipients.addresses:
        found.setdefault(address.lower(), Recipient(RecipientKind.ADDRESS, address, name))
    found.pop("", None)
    return list(found.values())[:MOST_RECIPIENTS]


def _mail(ticket: Ticket, recipient: Recipient, configuration: Configuration, key: str) -> NewMail:
    sender = by_id(intake().mailboxes, configuration.get("from"))
    return NewMail(
        to=[recipient],
        key=key,
        sender=sender.pk if sender is not None else 0,
        subject=str(configuration.get("subject") or ""),
        html=str(configuration.get("message") or ""),
        context={"ticket": ticket.pk},
    )

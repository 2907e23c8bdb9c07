"""The verbs of tickets. Everything that changes a ticket goes through one of these."""

from tickets.services.assignment import assign_automatically, assign_ticket, claim_ticket, release_ticket
from tickets.services.creation import NewTicket, Origin, create_ticket
from tickets.services.overdue import mark_overdue
from tickets.services.posting import Posted, ReplyTo, post_message, post_note, post_reply
from tickets.services.status import change_status, close_ticket, reopen_ticket

__all__ = [
    "NewTicket",
    "Origin",
    "Posted",
    "ReplyTo",
    "assign_automatically",
    "assign_ticket",
    "change_status",
    "claim_ticket",
    "close_ticket",
    "create_ticket",
    "mark_overdue",
    "post_message",
    "post_note",
    "post_reply",
    "release_ticket",
    "reopen_ticket",
]

"""The verbs of tickets. Everything that changes a ticket goes through one of these."""

from tickets.new_ticket import NewTicket, Origin, ReplyTo, Signature
from tickets.services.answered import mark_answered
from tickets.services.assignment import assign_automatically, assign_ticket, claim_ticket, release_ticket
from tickets.services.bulk import (
    BulkResult,
    assign_tickets,
    change_status_of_family,
    change_status_of_tickets,
    claim_tickets,
    delete_tickets,
    for_each_ticket,
    mark_tickets_answered,
    release_tickets,
    transfer_tickets,
)
from tickets.services.collaborators import add_collaborator, remove_collaborator, update_collaborators
from tickets.services.creation import create_ticket
from tickets.services.deletion import delete_ticket
from tickets.services.editing import TicketEdit, update_ticket
from tickets.services.entries import Edited, edit_entry, resend_entry
from tickets.services.field_edits import change_answer, change_due_date, change_sla, change_source, change_topic
from tickets.services.merging import Merged, MergeKind, Participants, link_tickets, merge_tickets, unlink_ticket
from tickets.services.overdue import clear_overdue, mark_overdue
from tickets.services.overdue_job import mark_all_overdue
from tickets.services.ownership import ban_owner, change_owner, unban_owner
from tickets.services.posting import Posted, post_message, post_note, post_reply
from tickets.services.referrals import refer_ticket, withdraw_referrals
from tickets.services.status import change_status, close_ticket, reopen_ticket
from tickets.services.ticket_forms import change_forms
from tickets.services.transfer import transfer_ticket

__all__ = [
    "BulkResult",
    "Edited",
    "MergeKind",
    "Merged",
    "NewTicket",
    "Origin",
    "Participants",
    "Posted",
    "ReplyTo",
    "Signature",
    "TicketEdit",
    "add_collaborator",
    "assign_automatically",
    "assign_ticket",
    "assign_tickets",
    "ban_owner",
    "change_answer",
    "change_due_date",
    "change_forms",
    "change_owner",
    "change_sla",
    "change_source",
    "change_status",
    "change_status_of_family",
    "change_status_of_tickets",
    "change_topic",
    "claim_ticket",
    "claim_tickets",
    "clear_overdue",
    "close_ticket",
    "create_ticket",
    "delete_ticket",
    "delete_tickets",
    "edit_entry",
    "for_each_ticket",
    "link_tickets",
    "mark_all_overdue",
    "mark_answered",
    "mark_overdue",
    "mark_tickets_answered",
    "merge_tickets",
    "post_message",
    "post_note",
    "post_reply",
    "refer_ticket",
    "release_ticket",
    "release_tickets",
    "remove_collaborator",
    "reopen_ticket",
    "resend_entry",
    "transfer_ticket",
    "transfer_tickets",
    "unban_owner",
    "unlink_ticket",
    "update_collaborators",
    "update_ticket",
    "withdraw_referrals",
]

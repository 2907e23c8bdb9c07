"""What happens to a task is noted on its ticket (osticket/tasks.md §4.5, §4.6)."""

from __future__ import annotations

from datetime import datetime

from helpdesk.legacy.errors import NotFound
from helpdesk.people.actor import Actor
from helpdesk.threads.models import ThreadEntry
from tasks.models import Task
from tasks.services.common import lock
from tasks.states import ticket_of
from tickets.models import Ticket
from tickets.notices import activity_alert
from tickets.services.common import lock as lock_ticket
from tickets.services.common import post_note_of, queue
from tickets.signals import entry_posted, send_after_commit


def lock_with_ticket(task: Task) -> Ticket | None:
    """Lock the task, its ticket first, and give the ticket: whoever moves tasks with a ticket locks in this order."""
    ticket = _locked(ticket_of(task))
    before = task.object_id
    lock(task)
    if task.object_id != before:  # moved by a merge in this moment
        ticket = _locked(ticket_of(task))
    return ticket


def note_on_ticket(
    ticket: Ticket, *, actor: Actor, title: str, body: str, now: datetime, alert: bool = True
) -> ThreadEntry:
    """Write an internal note on the ticket of a task; whoever may work on the task need not see the ticket."""
    entry = post_note_of(ticket, actor=actor, title=title, body=body, now=now)
    if alert:
        queue(ticket, activity_alert(ticket, entry, assigned_before=ticket.staff), now=now)
    send_after_commit(entry_posted, ticket=ticket, actor=actor, entry=entry)
    return entry


def _locked(ticket: Ticket | None) -> Ticket | None:
    if ticket is None:
        return None
    try:
        return lock_ticket(ticket)
    except NotFound:
        return None

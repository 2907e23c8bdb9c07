"""What all services of tickets do alike: lock the row, save what changed, record events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import structlog
from django.db.models import Model
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import NotFound
from helpdesk.mail.outgoing import NewMail, queue_mails
from helpdesk.people.actor import Actor
from helpdesk.threads.constants import EntryType, ObjectType
from helpdesk.threads.events import EventFacts, record_event
from helpdesk.threads.models import Thread, ThreadEntry, ThreadEvent
from helpdesk.threads.services import SYSTEM_POSTER, NewEntry, create_thread, post_entry
from tickets.intake import by_id, intake
from tickets.models import Ticket
from tickets.names import full_name
from tickets.states import find_thread, remember_thread

logger = structlog.get_logger("tickets")
_IS_LOCKED = "_is_locked"


def lock(ticket: Ticket) -> Ticket:
    """Lock the row of the ticket until the transaction ends and read it anew into the same object.

    Its status comes from memory. Raises NotFound when somebody has deleted it meanwhile. One that `lock_together` has
    just locked is as it was read then: only once, as what follows may change it.
    """
    if ticket.__dict__.pop(_IS_LOCKED, False):
        return ticket
    remember_thread(ticket, None)
    try:
        ticket.refresh_from_db(from_queryset=Ticket.objects.select_for_update())
    except Ticket.DoesNotExist:
        raise NotFound(_("No such ticket."), code="ticket_not_found") from None
    _take_status(ticket)
    return ticket


def lock_together(ticket_ids: Collection[int]) -> list[Ticket]:
    """Lock the rows of several tickets and read them in one statement, for operations that change no other of them.

    The order of ids, in which everybody locks several, keeps two who do so from waiting for each other.
    """
    tickets = list(Ticket.objects.filter(pk__in=ticket_ids).order_by("pk").select_for_update())
    for ticket in tickets:
        _take_status(ticket)
        ticket.__dict__[_IS_LOCKED] = True
    return tickets


def _take_status(ticket: Ticket) -> None:
    status = by_id(intake().statuses, ticket.status_id)
    if status is not None:
        ticket.status = status


def save_changes(ticket: Ticket, *, now: datetime, **columns: Any) -> bool:
    """Set columns and save those that differ, with `updated`; give whether anything did.

    osTicket's rule: every save with a changed column sets `updated`, a save without changes writes nothing
    (osticket/tickets.md §1.1).
    """
    changed = [name for name, value in columns.items() if _differs(ticket, name, value)]
    for name in changed:
        setattr(ticket, name, columns[name])
    if changed:
        ticket.updated = now
        ticket.save(update_fields=[*changed, "updated"])
    return bool(changed)


def _differs(ticket: Ticket, name: str, value: Any) -> bool:
    """Whether a column holds something else; an agent or team is not read only to be compared."""
    if isinstance(value, Model):
        return bool(getattr(ticket, f"{name}_id") != value.pk)
    return bool(getattr(ticket, name) != value)


def own_thread(ticket: Ticket, *, now: datetime) -> Thread:
    """Give the thread of a ticket for writing; one that is missing is made anew."""
    thread = find_thread(ticket)
    if thread is None:
        thread = create_thread(ObjectType.TICKET, ticket.pk, now=now)
        remember_thread(ticket, thread)
    return thread


def facts_of(ticket: Ticket) -> EventFacts:
    """Give the columns of the ticket that its events repeat."""
    return EventFacts(
        dept_id=ticket.dept_id, team_id=ticket.team_id, staff_id=ticket.staff_id, topic_id=ticket.topic_id
    )


def record(
    ticket: Ticket,
    name: str,
    *,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    annul: str | None = None,
    username: str | None = None,
) -> ThreadEvent:
    """Record an event of the ticket with its columns as they are now (osticket/tickets.md §2)."""
    thread = own_thread(ticket, now=now)
    return record_event(
        thread, name, actor=actor, facts=facts_of(ticket), now=now, data=data, annul=annul, username=username
    )


def post_note_of(
    ticket: Ticket,
    *,
    actor: Actor,
    title: str,
    body: str,
    now: datetime,
    format: str = "html",  # noqa: A002
) -> ThreadEntry:
    """Write an internal note that goes with an operation (comments on a status change, an assignment …)."""
    new = NewEntry(
        type=EntryType.NOTE,
        title=title,
        body=body,
        format=format,
        agent=actor.agent,
        poster=poster_of(actor),
        ip_address=actor.ip_address,
    )
    return post_entry(own_thread(ticket, now=now), new, now=now)


def post_system_note(ticket: Ticket, *, actor: Actor, title: str, text: str, now: datetime) -> ThreadEntry:
    """Write an internal note of the system about what the actor did; `text` is no HTML, whatever stands in it."""
    new = NewEntry(type=EntryType.NOTE, title=title, body=escape(text), ip_address=actor.ip_address)
    return post_entry(own_thread(ticket, now=now), new, now=now)


def queue(ticket: Ticket, mails: Iterable[NewMail], *, now: datetime) -> None:
    """Write mails about the ticket down, to be sent after the commit."""
    queue_mails(mails, object_type="ticket", object_id=ticket.pk, now=now)


def poster_of(actor: Actor) -> str:
    """Give the name shown with what the actor writes."""
    if actor.agent is not None:
        return full_name(actor.agent)
    return actor.user.name if actor.user else SYSTEM_POSTER


def log(event: str, ticket: Ticket, actor: Actor, **values: Any) -> None:
    """Log what was done: ids and kinds, no names, addresses or texts."""
    logger.info(event, ticket_id=ticket.pk, actor_kind=actor.kind.value, **values)

"""What becomes of events and entries of tickets that osTicket wrote beside us: our signals, and the search's index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from helpdesk.legacy.ids import id_in
from helpdesk.people.models import Agent, Department, Team
from helpdesk.threads.constants import EntryFlag, EntryType, ObjectType
from helpdesk.threads.following import Followed, raise_followed, register_follower
from helpdesk.threads.models import Thread, ThreadEntry
from tickets import signals
from tickets.models import Ticket, TicketStatus
from tickets.search.rows import reindex
from tickets.services.search_index import unindex

SEARCHED = {"created", "edited"}
"""The events after which the row of the ticket in the index may be another."""


def register() -> None:
    """Follow tickets, and the conversations that merged ones left."""
    for object_type in (ObjectType.TICKET, ObjectType.MERGED_TICKET):
        register_follower(object_type, event=event_written, entry=entry_written)


def event_written(followed: Followed) -> None:
    """Raise the signal of an event; those that no signal of ours tells have none."""
    ticket = Ticket.objects.filter(pk=followed.thread.object_id).first()
    if ticket is None:
        return
    if followed.name in SEARCHED:
        reindex(ObjectType.TICKET, [ticket.pk])
    send = _SENDERS.get(followed.name)
    if send is not None:
        send(ticket, followed)


def entry_written(followed: Followed) -> None:
    """Index an entry and say that it was posted; a first message comes with `ticket_created`, corrections silently."""
    entry: ThreadEntry = followed.row
    reindex(ObjectType.THREAD_ENTRY, [entry.pk])
    if entry.flags & EntryFlag.EDITED:
        if entry.parent_id:
            unindex(ObjectType.THREAD_ENTRY, _hidden(entry.parent_id))
        return
    ticket = Ticket.objects.filter(pk=followed.thread.object_id).first()
    first = _first_message(followed.thread)
    if ticket is not None and (first is None or first.pk != entry.pk):
        raise_followed(signals.entry_posted, followed, ticket=ticket, entry=entry)


def referenced(data: Any, key: str) -> int:
    """Give the id in an event's data, which is `id`, `"id"` or `[id, name]` (osticket/tickets.md §2); 0 for none."""
    value = data.get(key) if isinstance(data, dict) else None
    if isinstance(value, list) and value:
        value = value[0]
    return id_in(value) or 0 if isinstance(value, int | str) else 0


def assignee(followed: Followed) -> dict[str, Any]:
    """Give `staff` and `team` as the event `assigned` names them; one of them is None, both where they are gone."""
    data = followed.row.data
    agent = followed.actor.agent if isinstance(data, dict) and data.get("claim") else None
    if agent is None:
        agent = Agent.objects.filter(pk=referenced(data, "staff")).first()
    team = None if agent else Team.objects.filter(pk=referenced(data, "team")).first()
    return {"staff": agent, "team": team}


def _hidden(entry_id: int) -> list[int]:
    flags = ThreadEntry.objects.filter(pk=entry_id).values_list("flags", flat=True).first()
    return [entry_id] if flags is not None and flags & EntryFlag.HIDDEN else []


def _first_message(thread: Thread) -> ThreadEntry | None:
    first = thread.entries.order_by("pk").first()
    return first if first is not None and first.type == EntryType.MESSAGE else None


def _created(ticket: Ticket, followed: Followed) -> None:
    raise_followed(signals.ticket_created, followed, ticket=ticket, entry=_first_message(followed.thread))


def _closed(ticket: Ticket, followed: Followed) -> None:
    status = TicketStatus.objects.filter(pk=referenced(followed.row.data, "status")).first() or ticket.status
    raise_followed(signals.ticket_closed, followed, ticket=ticket, status=status)


def _reopened(ticket: Ticket, followed: Followed) -> None:
    raise_followed(signals.ticket_reopened, followed, ticket=ticket, status=ticket.status)


def _assigned(ticket: Ticket, followed: Followed) -> None:
    named = assignee(followed)
    if any(named.values()):
        raise_followed(signals.ticket_assigned, followed, ticket=ticket, **named)


def _transferred(ticket: Ticket, followed: Followed) -> None:
    department = Department.objects.filter(pk=followed.row.dept_id).first() or ticket.dept
    raise_followed(signals.ticket_transferred, followed, ticket=ticket, department=department, former=None)


def _referred(ticket: Ticket, followed: Followed) -> None:
    for key, model in (("staff", Agent), ("team", Team), ("dept", Department)):
        referee = model._default_manager.filter(pk=referenced(followed.row.data, key)).first()
        if referee is not None:
            raise_followed(signals.ticket_referred, followed, ticket=ticket, referee=referee)
            return


def _edited(ticket: Ticket, followed: Followed) -> None:
    raise_followed(signals.ticket_edited, followed, ticket=ticket, changes=followed.row.data or {})


def _merged(ticket: Ticket, followed: Followed) -> None:
    child = Ticket.objects.filter(pk=referenced(followed.row.data, "id"), parent=ticket).first()
    if child is not None:
        raise_followed(signals.ticket_merged, followed, ticket=ticket, children=[child])


def _overdue(ticket: Ticket, followed: Followed) -> None:
    raise_followed(signals.ticket_overdue, followed, ticket=ticket)


_SENDERS: dict[str, Callable[[Ticket, Followed], None]] = {
    "created": _created,
    "closed": _closed,
    "reopened": _reopened,
    "assigned": _assigned,
    "transferred": _transferred,
    "referred": _referred,
    "edited": _edited,
    "merged": _merged,
    "overdue": _overdue,
}

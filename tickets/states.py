"""What kind of ticket it is at the moment, and where its conversation is."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import NotFound
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import Thread
from tickets.constants import TicketFlag, TicketState
from tickets.models import Ticket
from tickets.querysets import TicketQuerySet

MERGED = TicketFlag.COMBINE_THREADS | TicketFlag.SEPARATE_THREADS
_THREAD_TYPES = (ObjectType.TICKET, ObjectType.MERGED_TICKET)


def is_open(ticket: Ticket) -> bool:
    """Whether the ticket's status is an open one."""
    return ticket.status is not None and ticket.status.state == TicketState.OPEN


def is_closed(ticket: Ticket) -> bool:
    """Whether the ticket's status is a closed one."""
    return ticket.status is not None and ticket.status.state == TicketState.CLOSED


def is_merged_child(ticket: Ticket) -> bool:
    """Whether the ticket was merged into another one (a linked one was not)."""
    return ticket.parent_id is not None and bool(ticket.flags & MERGED)


def is_merge_parent(ticket: Ticket) -> bool:
    """Whether other tickets were merged into this one."""
    return bool(ticket.flags & MERGED) and bool(ticket.flags & TicketFlag.PARENT)


def find_thread(ticket: Ticket) -> Thread | None:
    """Give the thread of a ticket; of a merged one the thread it left. It is read once per ticket object."""
    known = remembered_thread(ticket)
    if known is None:
        threads = Thread.objects.filter(object_id=ticket.pk, object_type__in=_THREAD_TYPES)
        found = sorted(threads, key=_rank)
        known = found[0] if found else None
        remember_thread(ticket, known)
    return known


def _rank(thread: Thread) -> tuple[int, int]:
    return _THREAD_TYPES.index(ObjectType(thread.object_type)), thread.pk


def thread_of(ticket: Ticket) -> Thread:
    """Give the thread of a ticket. Raises NotFound when it has lost it."""
    thread = find_thread(ticket)
    if thread is None:
        raise NotFound(_("The ticket has no thread."), code="thread_missing")
    return thread


def remember_thread(ticket: Ticket, thread: Thread | None) -> None:
    """Keep the thread on the ticket object; None makes the next reader look again."""
    ticket.__dict__["_thread"] = thread


def remembered_thread(ticket: Ticket) -> Thread | None:
    """Give the thread that is kept on the ticket object; None where none was read."""
    known: Thread | None = ticket.__dict__.get("_thread")
    return known


def remember_threads(tickets: Iterable[Ticket]) -> None:
    """Read the threads of several tickets at once and keep each on its object, as `find_thread` does."""
    by_id = {ticket.pk: ticket for ticket in tickets}
    threads = Thread.objects.filter(object_id__in=by_id, object_type__in=_THREAD_TYPES)
    for thread in sorted(threads, key=_rank, reverse=True):
        remember_thread(by_id[thread.object_id], thread)


def with_thread(tickets: TicketQuerySet) -> TicketQuerySet:
    """Read the ids of the threads together with the tickets; see `remember_thread_read_with`."""
    threads = Thread.objects.filter(object_id=OuterRef("pk"), object_type__in=_THREAD_TYPES)
    # "T", the own thread, comes after "C", the one that a merged ticket left.
    return tickets.annotate(known_thread_id=Subquery(threads.order_by("-object_type", "pk").values("pk")[:1]))


def remember_thread_read_with(ticket: Ticket) -> Ticket:
    """Spare `find_thread` its query for a ticket of `with_thread`; other columns of the thread are read when asked."""
    thread_id: int | None = ticket.__dict__.get("known_thread_id")
    remember_thread(ticket, Thread.from_db(None, ["id"], [thread_id]) if thread_id is not None else None)
    return ticket

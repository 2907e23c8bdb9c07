"""Where a page of a queue begins in the list of the agent who looks at it: found before anything is measured.

Every page is full wherever the agent's list holds a page: the last one begins a page before the end of the list, that
of the middle at the ticket in the middle, or earlier where less than a page would follow. In a shorter list all begin
with the first ticket.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from helpdesk.people.access import access_of
from helpdesk.people.models import Agent
from tickets.constants import TicketState
from tickets.criteria import compile_criteria
from tickets.list_options import ListOptions, order_for
from tickets.models import Ticket
from tickets.navigation import context_for
from tickets.querysets import TicketQuerySet
from tickets.queue_page import page_size
from tickets.queues import queue_for, with_preferences
from tickets.reference_data import priorities, status_ids
from tickets.sorting import TicketOrder

FIRST, MIDDLE, END = "first", "middle", "end"
PLACES = (FIRST, MIDDLE, END)


def place_in_queue(agent_id: int, queue_id: int, place: str, *, now: datetime) -> str:
    """Give the end of the address of the page at this place, '' for the beginning of the list.

    The agent's list is in the order that the agent prefers at this moment.
    """
    if place == FIRST:
        return ""
    access = access_of(Agent.objects.select_related("role").get(pk=agent_id))
    queue = with_preferences(queue_for(access, queue_id), access)
    context = context_for(access, now)
    tickets = Ticket.objects.filter(compile_criteria(queue.criteria, context))
    tickets = tickets.visible_to(access, open_status_ids=status_ids(TicketState.OPEN)).without_merged_children()
    number = tickets.count()
    start = start_of(place, number, page_size(access))
    if not start:
        return ""
    order = order_for(queue, ListOptions(), context)
    return f"?{urlencode({'after': order.cursor(_row(tickets, order, start - 1, number))})}"


def start_of(place: str, number: int, size: int) -> int:
    """Give how many of so many tickets stand before the page at this place."""
    latest = max(number - size, 0)
    return {FIRST: 0, MIDDLE: min(number // 2, latest), END: latest}[place]


def _row(tickets: TicketQuerySet, order: TicketOrder, place: int, number: int) -> tuple[Any, ...]:
    """Give what the ticket at this place, counted from 0, is sorted by; looked for from the nearer end."""
    backwards = place > number // 2
    clauses = (key.order() for key in order.directed(backwards))
    rows = order.annotated(tickets, priorities()).order_by(*clauses).values_list(*order.names)
    found: tuple[Any, ...] = rows[number - 1 - place if backwards else place]
    return found

"""What is measured: pages, through the eyes of agents with different reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.cache import cache

from bench.plan import PERSONAS, Persona, Plan, agent_id
from helpdesk.reports.models import CountedDay
from tickets.constants import TicketState
from tickets.models import Queue, QueuePreference, Ticket
from tickets.reference_data import queue_tables, status_ids
from tickets.sorting import order_of

OPEN, MY_TICKETS, CLOSED, CLOSED_THIS_MONTH, CLOSED_THIS_QUARTER, CLOSED_THIS_YEAR = 1, 5, 8, 12, 13, 14
"""The queues of a new help desk."""
BY_DUE_DATE, BY_CREATED, BY_UPDATE = 4, 6, 7
"""Sorts that every queue offers."""
STATISTICS_DAYS = 30
"""What the page of statistics shows unless another period is chosen."""
PLACES = ("first", "middle", "end")


@dataclass(frozen=True)
class Case:
    """One page as one agent sees it. `prepare` is called before each request, outside the measured time."""

    key: str
    persona: Persona
    address: str
    status: int = 200
    prepare: Callable[[], None] = lambda: None
    set_up: Callable[[], None] = lambda: None


def cases(plan: Plan, forget_everything: Callable[[], None]) -> Iterator[Case]:
    """Give all cases for a generated help desk."""
    everything, large, few, small, assigned, referred = PERSONAS
    for persona in PERSONAS:
        yield from _queue(plan, "open", OPEN, persona, places=PLACES if persona in {everything, few} else ("first",))
        yield from _queue(plan, "closed", CLOSED, persona, places=PLACES)
    for persona in (everything, few, small, referred):
        for name, sort in (("due", BY_DUE_DATE), ("created", BY_CREATED), ("updated", BY_UPDATE)):
            yield from _queue(plan, f"open by {name}", OPEN, persona, sort=sort, places=("first", "middle"))
    for persona in (everything, few, small):
        for name, sort in (("created", BY_CREATED), ("updated", BY_UPDATE)):
            yield from _queue(plan, f"closed by {name}", CLOSED, persona, sort=sort, places=("first", "middle"))
    for persona in (everything, large, assigned):
        yield from _queue(plan, "my tickets", MY_TICKETS, persona, places=("first",))
    for name, queue in (
        ("closed this month", CLOSED_THIS_MONTH),
        ("closed this quarter", CLOSED_THIS_QUARTER),
        ("closed this year", CLOSED_THIS_YEAR),
    ):
        yield from _queue(plan, name, queue, everything, places=("first",))
    for name, ticket_id in (("ticket, 20 entries", plan.ordinary_ticket), ("ticket, long thread", plan.long_ticket)):
        yield Case(name, everything, f"/scp/tickets/{ticket_id}/")
    number = Ticket.objects.values_list("number", flat=True).get(pk=plan.tickets // 2)
    for persona in (everything, small):
        yield Case("number found" if persona is everything else "number, other's", persona, _find(number), 302)
    yield Case("number unknown", everything, _find("0000000X"), 302)
    yield from _searches(everything, small, number or "")
    for persona in (everything, few):
        yield _statistics(plan, persona)
    yield Case("open, nothing cached", everything, f"/scp/queues/{OPEN}/", prepare=forget_everything)


def _searches(everything: Persona, small: Persona, number: str) -> Iterator[Case]:
    """Two words that each stand in one per cent of the entries, common words, typing, and the numbers of all queues."""
    words = {"q": f"rare{7} odd{9}"}
    for persona in (everything, small):
        yield Case("two words, newest", persona, f"/scp/search/?{urlencode(words)}")
    yield Case("two words, ranked", everything, f"/scp/search/?{urlencode({**words, 'sort': 'relevance'})}")
    # Nobody writes the names of requesters, so they never stand beside the other word.
    yield Case("words apart", everything, f"/scp/search/?{urlencode({'q': 'rare7 kowalski'})}")
    yield Case("common words", everything, f"/scp/search/?{urlencode({'q': 'yesterday nobody changed'})}")
    for name, text in (("person", "kowal"), ("address", "ada"), ("number", number[:3])):
        yield Case(f"typing, {name}", everything, f"/scp/search/suggestions/?{urlencode({'q': text})}")
    yield Case("all numbers", everything, "/scp/queues/navigation/")
    yield Case("all numbers, anew", everything, "/scp/queues/navigation/", prepare=_forget_numbers)


def _statistics(plan: Plan, persona: Persona) -> Case:
    """The last 30 days as the first agent who opens them finds them: none has been counted yet."""
    last = plan.until.date() - timedelta(days=1)
    first = last - timedelta(days=STATISTICS_DAYS - 1)
    days = urlencode({"period": "own", "first": first.isoformat(), "last": last.isoformat()})
    return Case(
        f"statistics, {STATISTICS_DAYS} days not counted",
        persona,
        f"/scp/statistics/?{days}",
        prepare=lambda: _forget_counted(first, last),
    )


def _forget_counted(first: date, last: date) -> None:
    """Take the days, and those beside them that the agent's time zone may touch, for not counted."""
    CountedDay.objects.filter(day__range=(first - timedelta(days=1), last + timedelta(days=1))).delete()


def _forget_numbers() -> None:
    cache.clear()


def _find(number: str | None) -> str:
    return f"/scp/tickets/find/?{urlencode({'number': number or ''})}"


def _queue(
    plan: Plan, name: str, queue_id: int, persona: Persona, *, places: tuple[str, ...], sort: int = 0
) -> Iterator[Case]:
    for place in places:
        cursor = f"?{urlencode({'after': _cursor(plan, queue_id, sort, place)})}" if place != "first" else ""
        yield Case(
            key=f"{name}, {place}",
            persona=persona,
            address=f"/scp/queues/{queue_id}/{cursor}",
            set_up=lambda: _prefer(persona, queue_id, sort),
        )


def _prefer(persona: Persona, queue_id: int, sort: int) -> None:
    """Let the agent prefer a sort, as the menu of the queue does; 0 for the queue's own."""
    QueuePreference.objects.filter(queue_id=queue_id, staff_id=agent_id(persona)).delete()
    if sort:
        setting = {"sort_id": str(sort), "inherit-sort": False}
        QueuePreference.objects.create(queue_id=queue_id, staff_id=agent_id(persona), setting=setting)


def _cursor(plan: Plan, queue_id: int, sort: int, place: str) -> str:
    """Give the cursor of a ticket about in the middle, or near the end, of what everybody together sees."""
    queue = Queue.objects.get(pk=queue_id)
    order = order_of(queue_tables().sorts.get(sort or queue.default_sort_id or BY_CREATED, ()))
    is_open = queue_id == OPEN
    # Most open tickets are among the newest twentieth.
    oldest = {"middle": plan.tickets - plan.tickets // 33 if is_open else plan.tickets // 2, "end": plan.tickets // 50}
    state = TicketState.OPEN if is_open else TicketState.CLOSED
    tickets = Ticket.objects.filter(status__in=status_ids(state), pk__gte=oldest[place]).order_by("pk")
    dates: list[str] = [key.name for key in order.keys if key.is_date]
    row = tickets.exclude(**{f"{name}__isnull": True for name in dates}).values_list(*dates, "pk")[0]
    values: dict[str, Any] = dict(zip([*dates, "pk"], row, strict=True))
    # A normal priority in the middle, a low one at the end.
    values["urgency"] = 3 if place == "middle" else 4
    return order.cursor([values[name] for name in order.names])

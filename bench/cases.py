"""What is measured: pages, through the eyes of agents with different reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from urllib.parse import urlencode

from django.core.cache import cache
from django.utils import timezone

from bench.places import FIRST, MIDDLE, PLACES, place_in_queue
from bench.plan import PERSONAS, Persona, Plan, agent_id
from helpdesk.reports.models import CountedDay
from tickets.models import QueuePreference, Ticket

OPEN, MY_TICKETS, CLOSED, CLOSED_THIS_MONTH, CLOSED_THIS_QUARTER, CLOSED_THIS_YEAR = 1, 5, 8, 12, 13, 14
"""The queues of a new help desk."""
BY_DUE_DATE, BY_CREATED, BY_UPDATE = 4, 6, 7
"""Sorts that every queue offers."""
STATISTICS_DAYS = 30
"""What the page of statistics shows unless another period is chosen."""


@dataclass(frozen=True)
class Case:
    """One page as one agent sees it. `prepare` is called before each request, outside the measured time.

    `set_up` is called once before the first request and gives the rest of the address.
    """

    key: str
    persona: Persona
    address: str
    status: int = 200
    prepare: Callable[[], None] = lambda: None
    set_up: Callable[[], str] = lambda: ""


def cases(plan: Plan, forget_everything: Callable[[], None]) -> Iterator[Case]:
    """Give all cases for a generated help desk."""
    everything, large, few, small, assigned, referred = PERSONAS
    for persona in PERSONAS:
        yield from _queue("open", OPEN, persona, places=PLACES if persona in {everything, few} else (FIRST,))
        yield from _queue("closed", CLOSED, persona, places=PLACES)
    for persona in (everything, few, small, referred):
        for name, sort in (("due", BY_DUE_DATE), ("created", BY_CREATED), ("updated", BY_UPDATE)):
            yield from _queue(f"open by {name}", OPEN, persona, sort=sort, places=(FIRST, MIDDLE))
    for persona in (everything, few, small):
        for name, sort in (("created", BY_CREATED), ("updated", BY_UPDATE)):
            yield from _queue(f"closed by {name}", CLOSED, persona, sort=sort, places=(FIRST, MIDDLE))
    for persona in (everything, large, assigned):
        yield from _queue("my tickets", MY_TICKETS, persona, places=(FIRST,))
    for name, queue in (
        ("closed this month", CLOSED_THIS_MONTH),
        ("closed this quarter", CLOSED_THIS_QUARTER),
        ("closed this year", CLOSED_THIS_YEAR),
    ):
        yield from _queue(name, queue, everything, places=(FIRST,))
    for name, ticket_id in (("ticket, 20 entries", plan.ordinary_ticket), ("ticket, long thread", plan.long_ticket)):
        yield Case(name, everything, f"/scp/tickets/{ticket_id}/")
    number = Ticket.objects.values_list("number", flat=True).get(pk=plan.tickets // 2)
    for persona in (everything, small):
        yield Case("number found" if persona is everything else "number, other's", persona, _find(number), 302)
    yield Case("number unknown", everything, _find("0000000X"), 302)
    yield from _searches(everything, small, number or "")
    yield Case("all numbers", everything, "/scp/queues/navigation/")
    for persona in (everything, few):
        yield Case("all numbers, anew", persona, "/scp/queues/navigation/", prepare=_forget_numbers)
    for persona in (everything, few):
        yield _statistics(plan, persona)
    yield Case("open, nothing cached", everything, f"/scp/queues/{OPEN}/", prepare=forget_everything)


def _searches(everything: Persona, small: Persona, number: str) -> Iterator[Case]:
    """Two words that each stand in one per cent of the entries, common words, and typing."""
    words = {"q": f"rare{7} odd{9}"}
    for persona in (everything, small):
        yield Case("two words, newest", persona, f"/scp/search/?{urlencode(words)}")
    yield Case("two words, ranked", everything, f"/scp/search/?{urlencode({**words, 'sort': 'relevance'})}")
    # Nobody writes the names of requesters, so they never stand beside the other word.
    yield Case("words apart", everything, f"/scp/search/?{urlencode({'q': 'rare7 kowalski'})}")
    yield Case("common words", everything, f"/scp/search/?{urlencode({'q': 'yesterday nobody changed'})}")
    for name, text in (("person", "kowal"), ("address", "ada"), ("number", number[:3])):
        yield Case(f"typing, {name}", everything, f"/scp/search/suggestions/?{urlencode({'q': text})}")


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


def _queue(name: str, queue_id: int, persona: Persona, *, places: tuple[str, ...], sort: int = 0) -> Iterator[Case]:
    for place in places:
        yield Case(
            key=f"{name}, {place}",
            persona=persona,
            address=f"/scp/queues/{queue_id}/",
            set_up=partial(_begin, persona, queue_id, sort, place),
        )


def _begin(persona: Persona, queue_id: int, sort: int, place: str) -> str:
    """Let the agent prefer a sort, as the menu of the queue does, 0 for the queue's own; give the rest of the address
    of the page at this place."""
    QueuePreference.objects.filter(queue_id=queue_id, staff_id=agent_id(persona)).delete()
    if sort:
        setting = {"sort_id": str(sort), "inherit-sort": False}
        QueuePreference.objects.create(queue_id=queue_id, staff_id=agent_id(persona), setting=setting)
    return place_in_queue(agent_id(persona), queue_id, place, now=timezone.now())

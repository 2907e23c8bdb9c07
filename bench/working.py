"""Measuring what agents do all day: answer, assign, close many at once. It writes, as `measure-creating` may."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

RUNS = 20
WARMING_UP = 3
MANY = 500
"""Tickets that are closed at once."""
REPLY = "<p>Please switch the printer off and on again.</p><p>It should print then.</p>"


def measure_work(runs: int = RUNS, many: int = MANY) -> list[dict[str, Any]]:
    """Give the figures of each operation: the service with its transaction, as views and programs call it.

    Raises RuntimeError when there are too few tickets to work on.
    """
    from helpdesk.people.access import access_of
    from helpdesk.people.models import Agent
    from tickets.constants import TicketState
    from tickets.models import Ticket, TicketStatus
    from tickets.services import assign_ticket, change_status_of_tickets, claim_ticket, post_reply
    from tickets.statuses import default_status

    worker = _worker()
    access = access_of(worker)
    needed = 3 * (runs + WARMING_UP) + many
    mine = Ticket.objects.filter(parent=None).visible_to(access)
    ids = list(mine.order_by("-pk").values_list("pk", flat=True)[:needed])
    if len(ids) < needed:
        raise RuntimeError(f"The database has too few tickets: {len(ids)} of {needed}.")
    # Few of a long history are open: these are opened for it, as rows.
    Ticket.objects.filter(pk__in=ids).update(status=default_status(), closed=None)
    colleague = Agent.objects.available().exclude(pk=worker.pk).filter(dept=worker.dept).order_by("pk").first()
    closed = TicketStatus.objects.filter(state=TicketState.CLOSED).order_by("pk").first()
    if closed is None:
        raise RuntimeError("The database has no closed status.")
    left = iter(ids)

    def claim() -> object:
        Ticket.objects.filter(pk=(pk := next(left))).update(staff=None)
        return claim_ticket(Ticket.objects.get(pk=pk), actor=_actor())

    def assign() -> object:
        Ticket.objects.filter(pk=(pk := next(left))).update(staff=None)
        return assign_ticket(Ticket.objects.get(pk=pk), agent=colleague or worker, actor=_actor())

    return [
        figures_of("reply", lambda: post_reply(Ticket.objects.get(pk=next(left)), body=REPLY, actor=_actor()), runs),
        figures_of("assign", assign, runs),
        figures_of("claim", claim, runs),
        figures_of(
            f"close {many} at once",
            lambda: _all_done(change_status_of_tickets(list(_take(left, many)), status=closed, actor=_actor())),
            runs=1,
            warming_up=0,
        ),
    ]


def figures_of(name: str, act: Callable[[], object], runs: int, warming_up: int = WARMING_UP) -> dict[str, Any]:
    """Give the figures of an operation that is done so often, after `warming_up`."""
    from bench.counting import taking_down

    for _ in range(warming_up - 1):
        act()
    statements = None
    if warming_up:
        with taking_down() as taken:
            act()
        statements = len(taken.statements)
    times, busy = [], []
    for _ in range(runs):
        started, started_busy = time.perf_counter(), time.process_time()
        act()
        times.append((time.perf_counter() - started) * 1000)
        busy.append((time.process_time() - started_busy) * 1000)
    return {
        "key": name,
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(sorted(times)[max(-(-len(times) * 95 // 100) - 1, 0)], 1),
        "cpu_ms": round(statistics.median(busy), 1),
        "runs": len(times),
        "statements": statements,
    }


def _worker() -> Any:
    """Give the agent who sees and may everything."""
    from bench.plan import PERSONAS
    from helpdesk.people.models import Agent

    return Agent.objects.select_related("role", "dept").get(username=f"bench-{PERSONAS[0].name}")


def _actor() -> Any:
    """Give the actor as a request has him: nothing of his reach is known yet."""
    from helpdesk.people.actor import Actor

    return Actor.for_agent(_worker())


def _take(left: Iterator[int], count: int) -> Iterator[int]:
    return (next(left) for _ in range(count))


def _all_done(results: list[Any]) -> None:
    """Raise RuntimeError when a ticket stayed open: closing fewer would be faster."""
    refused = [result for result in results if result.refusal is not None]
    if refused:
        raise RuntimeError(f"{len(refused)} of {len(results)} tickets stayed open: {refused[0].refusal}")

"""`python -m bench measure-creating`: measures how programs open tickets over `POST /api/tickets.json` (internal).

What agents do to tickets is measured in the same database afterwards (`bench.working`).

It writes, so it gets a database of its own, made for it and dropped afterwards. The clients are threads of one process,
as in a web worker: what they reach together is what one core does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import threading
import time
from collections.abc import Mapping
from typing import Any

ADDRESS = "/api/tickets.json"
KEY = "BENCHMARKBENCHMARKBENCHMARKBENCH"
CLIENTS = (1, 4)
WARMING_UP = 20
FILTERS = 50
"""Ticket filters for the second half of the figures: every one of them is asked, none matches."""
TOPIC = 2
"""A help topic of a new help desk."""
MESSAGE = "Hello,\n\nour printer shows the error 0x1F since this morning. Please help.\n\n" + "It is urgent. " * 20


def main(arguments: argparse.Namespace) -> int:
    """Measure and write the figures as JSON."""
    import django

    django.setup()

    from bench.submitting import measure_submitting
    from bench.working import RUNS, WARMING_UP, measure_work
    from helpdesk.serving import collect_static_files

    collect_static_files()
    from helpdesk.wsgi import application  # as the web server loads it

    allow_programs()
    work = [measure_submitting(application, RUNS, WARMING_UP)]
    creates = [measure(application, clients, arguments.creates) for clients in CLIENTS]
    make_filters()
    creates += [measure(application, clients, arguments.creates) | {"filters": FILTERS} for clients in CLIENTS]
    figures = {
        "engine": arguments.engine,
        "tickets": arguments.tickets,
        "creates": creates,
        "work": [*work, *measure_work()],
    }
    arguments.output.write_text(json.dumps(figures, indent=1))
    return 0


def allow_programs() -> None:
    """Make the API key of the benchmark, for this machine."""
    from bench.browser import HOST
    from helpdesk.api.models import ApiKey

    ApiKey.objects.get_or_create(apikey=KEY, defaults={"ipaddr": HOST})


def make_filters() -> None:
    """Make filters that look at subject, message, sender and name, two of three of them with a pattern."""
    from filters.models import FilterAction, FilterRule, TicketFilter

    for number in range(FILTERS):
        made = TicketFilter.objects.create(name=f"Benchmark {number}", execorder=number)
        for what, how, val in (
            ("field.20", "contains", f"order {number}"),
            ("field.21", "match", rf"/invoice\s+{number}\d+/i"),
            ("email", "match", rf"/@partner{number}\.test$/iu"),
            ("name", "equal", f"Nobody {number}"),
        ):
            FilterRule.objects.create(filter=made, what=what, how=how, val=val)
        FilterAction.objects.create(filter=made, sort=1, type="pri", configuration={"priority": "4"})


def measure(application: Any, clients: int, creates: int) -> dict[str, Any]:
    """Open about `creates` tickets of known requesters by so many clients at once, and give the figures of one size.

    `per_second` counts tickets by the clock, `cpu_ms` is the processor time of this process for one of them.
    """
    from bench.counting import taking_down

    addresses = _addresses()
    for number in range(WARMING_UP):
        _create(application, addresses[number % len(addresses)], number)
    with taking_down() as taken:
        _create(application, addresses[0], 0)
    share = -(-creates // clients)
    times: list[float] = []
    errors: list[BaseException] = []
    barrier = threading.Barrier(clients + 1)
    threads = [
        threading.Thread(target=_work, args=(application, addresses[place::clients], share, barrier, times, errors))
        for place in range(clients)
    ]
    for thread in threads:
        thread.start()
    barrier.wait()
    started, started_busy = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.join()
    seconds, busy = time.perf_counter() - started, time.process_time() - started_busy
    if errors:
        raise errors[0]
    return {
        "clients": clients,
        "runs": len(times),
        "statements": len(taken.statements),
        "per_second": round(len(times) / seconds, 1),
        "cpu_ms": round(busy * 1000 / len(times), 2),
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(sorted(times)[max(-(-len(times) * 95 // 100) - 1, 0)], 1),
    }


def _work(
    application: Any,
    addresses: list[str],
    share: int,
    barrier: threading.Barrier,
    times: list[float],
    errors: list[BaseException],
) -> None:
    """Be one client: each thread has a connection to the database of its own."""
    from django.db import connection

    try:
        _create(application, addresses[0], 0)
        barrier.wait()
        for number in range(share):
            started = time.perf_counter()
            _create(application, addresses[number % len(addresses)], number)
            times.append((time.perf_counter() - started) * 1000)
    except BaseException as error:  # noqa: BLE001 -- raised again by the thread that waits
        errors.append(error)
        barrier.abort()
    finally:
        connection.close()


def _addresses() -> list[str]:
    from helpdesk.people.models import EndUser

    users = EndUser.objects.filter(default_email__isnull=False).order_by("pk")
    addresses = list(users.values_list("default_email__address", flat=True)[:200])
    if len(addresses) < max(CLIENTS):
        raise RuntimeError("The database has too few users to open tickets for.")
    return addresses


def _create(application: Any, address: str, number: int) -> None:
    from bench.browser import Browser

    document: Mapping[str, Any] = {
        "name": "Benchmark",
        "email": address,
        "subject": f"Printer does not print, {number}",
        "message": MESSAGE,
        "topicId": TOPIC,
        "ip": "192.0.2.7",
    }
    answer = Browser(application).request("POST", ADDRESS, json.dumps(document).encode(), headers={"X-API-Key": KEY})
    if answer.status != 201:
        raise RuntimeError(f"{ADDRESS} answers {answer.status}: {answer.body.decode(errors='replace')[:300]}")

"""`python -m bench measure`: measures the pages of one database, in the process of the application (internal).

What it writes are single times, which `bench/passes.py` joins with those of other passes.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import statistics
import sys
import time
from datetime import UTC, datetime
from typing import Any

SLOW_SECONDS = 1.0
FEWEST_RUNS = 3
COUNTING_PASSES = 3
"""Small tables are read anew every ten seconds, counts every five: the fewest statements are the usual ones."""
DATABASE_PASSES = 7
"""The time in the database is the median of so many requests, as one alone may have been disturbed."""
ROW = re.compile(rb'<tr class="queue-row\b')
"""Where a ticket begins in a list (templates/tickets/agent/_queue_rows.html)."""
PASSWORD = "bench-agent"  # noqa: S105 -- of generated agents


def main(arguments: argparse.Namespace) -> int:
    """Measure and write the figures as JSON."""
    import django

    django.setup()
    from django.core.cache import cache
    from django.db import connection
    from django.utils import timezone

    from bench.browser import Browser
    from bench.cases import Case, cases
    from bench.counting import UNIT
    from bench.plan import PERSONAS, Plan
    from helpdesk.serving import collect_static_files
    from tickets import ranking

    collect_static_files()
    from helpdesk.wsgi import application  # as the web server loads it

    _prepare_agents()
    ranking.keep_up(
        now=timezone.now()
    )  # as the job of every minute: a run of the overdue job before this one saved much
    until = datetime.fromisoformat(arguments.until).replace(tzinfo=UTC)
    plan = Plan(tickets=arguments.tickets, entries=arguments.entries, seed=arguments.seed, until=until)
    browsers = {persona.name: Browser(application) for persona in PERSONAS}
    for name, browser in browsers.items():
        browser.sign_in(f"bench-{name}", PASSWORD)
    wanted: list[Case] = [
        case for case in cases(plan, cache.clear) if re.search(arguments.only, f"{case.key} ({case.persona.name})")
    ]
    results = []
    for number, case in enumerate(wanted, 1):
        result = _measure(case, browsers[case.persona.name], arguments.runs)
        results.append(result)
        print(
            f"  {number}/{len(wanted)} {case.key} ({case.persona.name}):"
            f" {statistics.median(result['ms']):.1f} ms, {statistics.median(result['cpu']):.1f} ms CPU,"
            f" {result['rows']} rows, {result['statements']} statements, {result['read']} read",
            file=sys.stderr,
            flush=True,
        )
    figures = {
        "engine": arguments.engine,
        "version": _version(connection),
        "unit": UNIT[connection.vendor],
        "tickets": plan.tickets,
        "cases": results,
        "process_peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    arguments.output.write_text(json.dumps(figures, indent=1))
    return 0


def _prepare_agents() -> None:
    """Give the agents a password, and nothing else that a run before may have left."""
    from helpdesk.legacy.passwords import hash_password
    from helpdesk.people.models import Agent
    from tickets.models import QueuePreference

    QueuePreference.objects.all().delete()
    agents = Agent.objects.filter(username__startswith="bench-")
    if agents.filter(passwd__isnull=True).exists():
        agents.update(passwd=hash_password(PASSWORD))


def _version(connection: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if connection.vendor == "sqlite" else "SELECT version()")
        return str(cursor.fetchone()[0])


def _measure(case: Any, browser: Any, runs: int) -> dict[str, Any]:
    from django.db import connection

    from bench.counting import rows_read, seconds_reading
    from bench.pace import slowness

    address = case.address + case.set_up()
    for _warm in range(2):
        case.prepare()
        started = time.perf_counter()
        answer = browser.get(address)
        first = time.perf_counter() - started
    if answer.status != case.status:
        raise RuntimeError(f"{case.key} ({case.persona.name}) at {address}: status {answer.status}")
    times, busy, paces = [], [], []
    for _run in range(FEWEST_RUNS if first > SLOW_SECONDS else runs):
        case.prepare()
        paces.append(slowness())
        started, started_busy = time.perf_counter(), time.process_time()
        browser.get(address)
        times.append((time.perf_counter() - started) * 1000)
        busy.append((time.process_time() - started_busy) * 1000)
    passes = [_taken(case, address, browser) for _pass in range(DATABASE_PASSES)]
    taken = min(passes[:COUNTING_PASSES], key=lambda one: len(one.statements))
    read = rows_read(taken.statements)
    is_sqlite = connection.vendor == "sqlite"
    seconds = statistics.median(seconds_reading(one.statements) if is_sqlite else one.seconds for one in passes)
    return {
        "key": case.key,
        "agent": case.persona.name,
        "rows": rows_shown(browser.get(address, compressed=False).body),
        "ms": [round(ms, 2) for ms in times],
        "cpu": [round(ms, 2) for ms in busy],
        "slowness": [round(pace, 3) for pace in paces],
        "statements": len(taken.statements),
        "database_ms": round(seconds * 1000, 1),
        "read": sum(read),
        "read_most": max(read, default=0),
        "bytes": len(answer.body),
    }


def rows_shown(page: bytes) -> int:
    """Count the tickets in a list of a page."""
    return len(ROW.findall(page))


def _taken(case: Any, address: str, browser: Any) -> Any:
    """Take down the statements of one request."""
    from bench.counting import taking_down

    case.prepare()
    with taking_down() as taken:
        browser.get(address)
    return taken

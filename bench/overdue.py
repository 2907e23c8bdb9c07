"""`python -m bench measure-overdue`: measures the job that marks overdue tickets (internal).

It writes, and takes back afterwards what it wrote: making a database of its own would take longer than all the rest.
A run that is interrupted leaves the database marked as unfinished, so that the next one makes it anew.
"""

# ruff: noqa: S608 -- names of tables of ours
from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

RUNS = 20
"""Runs with nothing to do."""


def main(arguments: argparse.Namespace) -> int:
    """Measure and write the figures as JSON."""
    import django

    django.setup()
    from django.db import connection
    from django.utils import timezone

    from helpdesk.legacy.indexes import gather_statistics
    from tickets import ranking
    from tickets.models import Ticket

    undo = _remember(arguments.overdue)
    figures = {"engine": arguments.engine, "tickets": arguments.tickets, "overdue": measure(arguments.overdue)}
    undo()
    ranking.keep_up(now=timezone.now())
    gather_statistics(connection)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # or pages measured next read what was taken back, too
            cursor.execute(f"VACUUM {Ticket._meta.db_table}")
    arguments.output.write_text(json.dumps(figures, indent=1))
    return 0


def _remember(wanted: int) -> Callable[[], None]:
    """Note the newest tickets and those that are open and not marked, as they are; give what takes back all that is
    written from now on."""
    from django.db import connection
    from django.db.models import Max

    from helpdesk.outbox.models import Effect
    from helpdesk.threads.models import ThreadEvent
    from tickets.constants import TicketState
    from tickets.models import Ticket
    from tickets.reference_data import status_ids

    ticket, noted = Ticket._meta.db_table, "bench_noted_tickets"
    columns = ("status_id", "closed", "isoverdue", "duedate", "est_duedate", "updated")
    lowest = list(Ticket.objects.order_by("-pk").values_list("pk", flat=True)[:wanted])[-1]
    newest = {model: model.objects.aggregate(newest=Max("pk"))["newest"] or 0 for model in (Effect, ThreadEvent)}
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {noted}")
        cursor.execute(
            f"CREATE TABLE {noted} AS SELECT ticket_id, {', '.join(columns)} FROM {ticket} WHERE ticket_id >= %s"
            f" OR (isoverdue = FALSE AND status_id IN ({', '.join(map(str, status_ids(TicketState.OPEN)))}))",
            [lowest],
        )
        cursor.execute(f"CREATE INDEX {noted}_id ON {noted} (ticket_id)")

    def undo() -> None:
        found = f"FROM {noted} WHERE {noted}.ticket_id = {ticket}.ticket_id"
        with connection.cursor() as cursor:
            values = ", ".join(f"{column} = (SELECT {noted}.{column} {found})" for column in columns)
            cursor.execute(f"UPDATE {ticket} SET {values} WHERE ticket_id IN (SELECT ticket_id FROM {noted})")
            for model, last in newest.items():
                cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE id > %s", [last])
            cursor.execute(f"DROP TABLE {noted}")

    return undo


def measure(wanted: int) -> dict[str, Any]:
    """Let about `wanted` tickets become due and mark them; give the figures.

    `none_ms` is a run that finds nothing, `due` the tickets that were marked in `seconds`, `slice_ms` how long a
    transaction took on average.
    """
    from django.db import connection
    from django.utils import timezone

    from helpdesk.legacy.indexes import gather_statistics
    from tickets.services import mark_all_overdue
    from tickets.services.overdue_job import SLICE

    now = timezone.now()
    mark_all_overdue(now=now)  # what the generated history has left
    _let_become_due(wanted, now - timedelta(minutes=1))
    gather_statistics(connection)
    started, started_busy = time.perf_counter(), time.process_time()
    due = mark_all_overdue(now=now)
    seconds, busy = time.perf_counter() - started, time.process_time() - started_busy
    times = []
    for _run in range(RUNS):
        started = time.perf_counter()
        if mark_all_overdue(now=now):
            raise RuntimeError("The job has left something to do.")
        times.append((time.perf_counter() - started) * 1000)
    return {
        "due": due,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(busy, 2),
        "slice_ms": round(seconds * 1000 / max(1, math.ceil(due / SLICE)), 1),
        "none_ms": round(statistics.median(times), 2),
    }


def _let_become_due(wanted: int, moment: Any) -> None:
    """Open the newest tickets, due at a moment: what becomes due was opened lately."""
    from tickets.models import Ticket
    from tickets.statuses import default_status

    chosen = list(Ticket.objects.order_by("-pk").values_list("pk", flat=True)[:wanted])
    for start in range(0, len(chosen), 500):
        Ticket.objects.filter(pk__in=chosen[start : start + 500]).update(
            status=default_status(), closed=None, isoverdue=False, duedate=None, est_duedate=moment
        )

"""Measuring the job for overdue tickets: it marks what was made due, and reports what it did."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.generator import generate
from bench.overdue import main, measure
from bench.plan import Plan
from bench.report import markdown
from helpdesk.legacy.copying.progress import Silence
from helpdesk.outbox.models import Effect
from helpdesk.threads.models import ThreadEvent
from tickets.models import Ticket

PLAN = Plan(tickets=300, long_thread=60, until=datetime(2026, 11, 1, tzinfo=UTC))


@pytest.mark.django_db(transaction=True)
def test_what_becomes_due_is_marked() -> None:
    generate(PLAN, Silence(), is_whole_database=False)
    figures = measure(15)
    assert figures["due"] == 15
    assert Ticket.objects.filter(isoverdue=True).count() >= 15
    assert ThreadEvent.objects.filter(event__name="overdue").count() >= 15
    assert min(figures["seconds"], figures["slice_ms"], figures["none_ms"]) > 0


@pytest.mark.django_db(transaction=True)
def test_the_database_is_as_before_afterwards(tmp_path: Path) -> None:
    generate(PLAN, Silence(), is_whole_database=False)
    columns = ("pk", "status", "closed", "isoverdue", "duedate", "est_duedate", "updated")
    before = list(Ticket.objects.order_by("pk").values_list(*columns))
    counted = (ThreadEvent.objects.count(), Effect.objects.count())
    output = tmp_path / "figures.json"
    main(argparse.Namespace(engine="x", tickets=PLAN.tickets, overdue=15, output=output))
    assert json.loads(output.read_text())["overdue"]["due"] == 15
    assert list(Ticket.objects.order_by("pk").values_list(*columns)) == before
    assert (ThreadEvent.objects.count(), Effect.objects.count()) == counted


def test_the_report_has_a_line_for_each_database() -> None:
    one = {"due": 50000, "seconds": 8.1, "cpu_seconds": 6.2, "slice_ms": 81.0, "none_ms": 0.6}
    run = {
        "date": "2026-11-29", "commit": "abc", "machine": "-", "load": 0, "databases": [],
        "overdue": [{"engine": "sqlite", "tickets": 1000000, "overdue": one}],
    }  # fmt: skip
    assert "| sqlite, 1,000,000 | 0.6 | 50,000 | 8.1 | 6.2 s | 81.0 |" in markdown(run)

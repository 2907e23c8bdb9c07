"""Measuring what agents do: it is really done, and what is reported are the figures."""

from __future__ import annotations

import pytest

from bench.plan import PERSONAS
from bench.report import markdown, summary
from bench.working import WARMING_UP, measure_work
from helpdesk.threads.constants import EntryType
from helpdesk.threads.models import ThreadEntry
from tests.factories import AgentFactory, DepartmentFactory, new_ticket
from tickets.models import Ticket

RUNS, MANY = 1, 4


@pytest.mark.django_db
def test_work_is_done_and_counted() -> None:
    department = DepartmentFactory.new()
    AgentFactory.new(username=f"bench-{PERSONAS[0].name}", dept=department)
    for number in range(3 * (RUNS + WARMING_UP) + MANY):
        new_ticket(department=department, closed=number % 2 == 0)
    figures = {one["key"]: one for one in measure_work(runs=RUNS, many=MANY)}
    assert list(figures) == ["reply", "assign", "claim", f"close {MANY} at once"]
    assert ThreadEntry.objects.filter(type=EntryType.RESPONSE).count() == RUNS + WARMING_UP
    assert Ticket.objects.filter(closed__isnull=False).count() == MANY
    assert all(one["median_ms"] > 0 for one in figures.values())
    assert figures["reply"]["statements"] > 0


@pytest.mark.django_db
def test_too_few_tickets_are_said() -> None:
    AgentFactory.new(username=f"bench-{PERSONAS[0].name}")
    with pytest.raises(RuntimeError, match="too few tickets"):
        measure_work()


def test_the_report_shows_them_and_names_those_above_the_aim() -> None:
    one = {"key": "reply", "median_ms": 130.5, "p95_ms": 160.0, "cpu_ms": 30.0, "runs": 20, "statements": 19}
    many = {**one, "key": "close 500 at once", "median_ms": 2000.0, "statements": None}
    run = {"date": "2026-11-01", "commit": "abc", "machine": "2 processors", "load": 0.1, "databases": []}
    run["creating"] = [{"engine": "sqlite", "tickets": 10_000, "creates": [], "work": [one, many]}]
    assert "| sqlite, 10,000 | reply | 130.5 / 160.0 | 30.0 ms | 19 |" in markdown(run)
    assert "| sqlite, 10,000 | close 500 at once | 2000.0 / 160.0 | 30.0 ms |  |" in markdown(run)
    assert list(summary(run)) == ["sqlite, 10,000: reply in 130.5 ms"]

"""Measuring how programs open tickets: what is opened are tickets, and what is reported are the figures."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.handlers.wsgi import WSGIHandler

from bench.creating import WARMING_UP, allow_programs, measure
from bench.databases import BenchDatabase
from bench.report import markdown
from tests.factories import EndUserFactory
from tickets.models import Ticket

BUDGET = 14
"""Statements of a create for a known requester (docs/operations.md)."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("warm")
def test_each_client_opens_its_share() -> None:
    EndUserFactory.create_batch(4)
    allow_programs()
    figures = measure(WSGIHandler(), clients=2, creates=6)
    assert Ticket.objects.count() == WARMING_UP + 1 + 2 + 6
    assert (figures["clients"], figures["runs"]) == (2, 6)
    assert 0 < figures["statements"] <= BUDGET
    assert min(figures["per_second"], figures["cpu_ms"], figures["median_ms"]) > 0


@pytest.mark.django_db
def test_too_few_users_are_said() -> None:
    with pytest.raises(RuntimeError, match="too few users"):
        measure(WSGIHandler(), clients=1, creates=1)


def test_its_database_is_none_of_the_kept_ones_and_goes(tmp_path: Path) -> None:
    pages, own = (BenchDatabase("sqlite", 10, tmp_path, purpose) for purpose in ("", "creating"))
    assert pages.name != own.name
    for database in (pages, own):
        database.create_empty()
        database.file.touch()
        database.note_finished({})
    own.throw_away()
    assert own.marker() is None
    assert not own.data_directory.exists()
    assert pages.marker() == {}


def test_the_report_has_a_line_for_each_number_of_clients() -> None:
    one = {"clients": 4, "per_second": 210.5, "cpu_ms": 3.9, "median_ms": 17.0, "p95_ms": 25.0, "statements": 12}
    run = {"date": "2026-11-01", "commit": "abc", "machine": "2 processors", "load": 0.1, "databases": []}
    run["creating"] = [{"engine": "mariadb", "tickets": 10_000, "creates": [one, {**one, "filters": 50}]}]
    for filters in (0, 50):
        assert f"| mariadb, 10,000 | {filters} | 4 | 210.5 | 3.9 ms | 17.0 / 25.0 | 12 |" in markdown(run)

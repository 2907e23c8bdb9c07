"""Weekly optimisation of tables: where it happens, and that the engine takes it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, connections, transaction

from helpdesk.configuration.jobs import optimize_tables
from helpdesk.configuration.optimization import is_wanted, optimize
from helpdesk.legacy.models import Installation

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_is_done_where_the_engine_needs_it() -> None:
    expected = {"sqlite": 1, "mysql": 5, "postgresql": 0}[connection.vendor]
    assert optimize_tables.apply().result == expected


def test_adopted_databases_are_left_alone_unless_somebody_says_so(settings: Any) -> None:
    assert is_wanted()
    Installation.objects.create(
        origin=Installation.Origin.ADOPTED, osticket_version="1.18", schema_signature="x", database_time_zone="UTC"
    )
    assert not is_wanted()
    assert optimize_tables.apply().result == 0
    settings.OPTIMIZE_TABLES = True
    assert is_wanted()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the others do not optimise by writing statistics at once")
def test_it_waits_for_whoever_writes() -> None:
    """A worker that starts writes its first rows while cron calls the job."""
    finished: list[int] = []
    begun = threading.Event()

    def optimise() -> None:
        begun.set()
        finished.append(optimize())
        connections.close_all()

    with transaction.atomic():
        Installation.objects.create(osticket_version="1.18", schema_signature="x", database_time_zone="UTC")
        job = threading.Thread(target=optimise)
        job.start()
        begun.wait()
        job.join(0.3)
        assert not finished
    job.join()
    assert finished == [1]

"""Weekly optimisation of tables: where it happens, and that the engine takes it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from helpdesk.configuration.jobs import optimize_tables
from helpdesk.configuration.optimization import is_wanted
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

"""Adapters for `queues.json`: periods."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.conformance.comparison import DATABASE_TIME
from tests.conformance.recorded import RecordedCase
from tests.conformance.registry import adapter
from tickets.periods import period_range, zone_named

FILE = "queues.json"


@adapter(FILE, "period")
def range_of_period(case: RecordedCase) -> dict[str, Any]:
    now = datetime.strptime(case.input["now_utc"], DATABASE_TIME).replace(tzinfo=UTC)
    found = period_range(case.input["period"], now=now, zone=zone_named(case.given["timezone"]))
    assert found is not None
    return {"start_utc": found[0].strftime(DATABASE_TIME), "end_utc": found[1].strftime(DATABASE_TIME)}

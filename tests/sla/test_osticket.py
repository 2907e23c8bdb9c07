"""osTicket's calculator beyond the recorded cases: it always ends."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.business_hours import BusinessHours, HolidayList
from sla.calculators import Outcome
from sla.calculators.osticket import OsticketCalculator
from tests.sla.schedules import BERLIN, at, business_hours, entry, moments

pytestmark = pytest.mark.once

CALCULATOR = OsticketCalculator()


@settings(max_examples=200, deadline=None)
@given(business_hours(), moments, st.integers(0, 200))
def test_it_always_ends(hours: BusinessHours, start: datetime, allowed: int) -> None:
    found = CALCULATOR.calculate(start, allowed, hours)
    assert (found.due is None) == (found.outcome is Outcome.NEVER)


@pytest.mark.parametrize(
    "hours",
    [
        pytest.param(
            BusinessHours(
                BERLIN,
                [entry("daily", "08:00", "17:00")],
                [HolidayList(BERLIN, [entry("daily", "00:00", "23:59:59")])],
            ),
            id="every day is a holiday",
        ),
        pytest.param(BusinessHours(BERLIN, [entry("daily", "08:00", "08:00")]), id="entries of no length"),
        pytest.param(
            BusinessHours(
                BERLIN, [entry("daily", "08:00", "12:00")], [HolidayList(BERLIN, [entry("daily", "07:00", "13:00")])]
            ),
            id="holidays that end after closing time, which takes hours away",
        ),
    ],
)
def test_where_osticket_loops_without_end_nothing_is_ever_due(hours: BusinessHours) -> None:
    found = CALCULATOR.calculate(at("2026-05-04 09:00"), 100, hours)
    assert (found.due, found.outcome) == (None, Outcome.NEVER)


def test_no_entries_are_no_schedule() -> None:
    found = CALCULATOR.calculate(at("2026-05-04 09:00"), 4, BusinessHours(BERLIN, []))
    assert (found.due, found.outcome) == (at("2026-05-04 13:00"), Outcome.ELAPSED)


def test_hours_beyond_every_calendar_are_never_due() -> None:
    assert CALCULATOR.calculate(at("2026-05-04 09:00"), 4_000_000_000, None).outcome is Outcome.NEVER

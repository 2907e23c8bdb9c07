"""From rows to what the calculators take: whatever stands in the columns, counting never fails."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.book import as_stored, clock_time, entry_of, known_zone, listed_holidays
from sla.business_hours import BusinessHours, HolidayList, Repeat
from sla.calculators import CALCULATORS, Outcome
from sla.models import ScheduleEntry
from tests.sla.schedules import ZONES

pytestmark = pytest.mark.once

numbers = st.none() | st.integers(-128, 127)
rows = st.builds(
    ScheduleEntry,
    name=st.just("x"),
    repeats=st.sampled_from([*Repeat, "", "sometimes"]),
    starts_on=st.none() | st.dates(),
    starts_at=st.none() | st.times(),
    ends_on=st.none() | st.dates(),
    ends_at=st.none() | st.times(),
    stops_on=st.none() | st.datetimes(timezones=st.just(UTC)),
    day=numbers,
    week=numbers,
    month=numbers,
) | st.builds(
    ScheduleEntry,
    name=st.just("y"),
    repeats=st.sampled_from(Repeat),
    starts_on=st.just(date(2024, 2, 29)),
    starts_at=st.times(),
    ends_on=st.just(date(2024, 2, 29)),
    ends_at=st.times(),
    day=st.integers(0, 32),
    week=st.none() | st.integers(-2, 6),
    month=st.integers(0, 13),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(rows, max_size=3), st.lists(rows, max_size=3), st.sampled_from(ZONES), st.integers(0, 60))
def test_no_row_makes_counting_fail(work: list[Any], free: list[Any], zone: str, hours: int) -> None:
    clock = ZoneInfo(zone)
    entries = [entry for row in work if (entry := entry_of(row)) is not None]
    holidays = HolidayList(clock, [entry for row in free if (entry := entry_of(row)) is not None])
    business = BusinessHours(clock, entries, [holidays])
    for calculator in CALCULATORS.values():
        found = calculator.calculate(datetime(2026, 3, 28, 23, 30, 59, 5, tzinfo=UTC), hours, business)
        assert (found.due is None) == (found.outcome is Outcome.NEVER)


@pytest.mark.parametrize(
    ("stored", "ids"),
    [
        ('{"holidays":[4]}', (4,)),
        ('{"holidays":["4","5"]}', (4, 5)),
        ('{"holidays":{"0":4}}', (4,)),
        ('{"holidays":[-1,null,"x",4]}', (4,)),
        ('{"holidays":null}', ()),
        ("[]", ()),
        ("no JSON", ()),
        ("", ()),
    ],
)
def test_lists_of_holidays_are_read_as_php_may_have_written_them(stored: str, ids: tuple[int, ...]) -> None:
    assert listed_holidays(stored) == ids


def test_a_last_day_keeps_what_the_clock_shows() -> None:
    noon = datetime(2030, 6, 30, 12)  # noqa: DTZ001 -- on a schedule's clock
    assert clock_time(as_stored(noon)) == noon
    assert clock_time(None) is None
    assert clock_time(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)) is None


@pytest.mark.parametrize("name", ["", None, "Mars/Olympus", "../etc/passwd", "a\0b", "Europe"])
def test_what_is_no_zone_is_none(name: str | None) -> None:
    assert known_zone(name) is None


def test_whole_days_and_times_of_day_are_read_as_they_stand() -> None:
    row = ScheduleEntry(repeats="daily", starts_on=date(2026, 1, 1), starts_at=time(8), ends_at=time(17))
    entry = entry_of(row)
    assert entry is not None
    assert (entry.ends_on, entry.name, entry.week) == (date(2026, 1, 1), "", None)

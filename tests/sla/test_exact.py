"""The exact calculator: against a counter of minutes, and where osTicket's goes wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule
from hypothesis import given, settings
from hypothesis import strategies as st

from sla.business_hours import BusinessHours, Entry, HolidayList, Repeat
from sla.calculators import Outcome
from sla.calculators.exact import ExactCalculator, occurs_on
from tests.sla.schedules import BERLIN, at, business_hours, entries, entry, moments

pytestmark = pytest.mark.once

CALCULATOR = ExactCalculator()
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
FREQUENCIES = {
    Repeat.MONTHLY: rrule.MONTHLY,
    Repeat.YEARLY: rrule.YEARLY,
}


def days_by_rule(entry: Entry, first: date, last: date) -> set[date]:
    """Give the days of an entry as the calendar library counts them."""
    start = datetime.combine(entry.starts_on, datetime.min.time())
    end = datetime.combine(last, datetime.min.time())
    if entry.stops_on is not None:
        end = min(end, datetime.combine(entry.stops_on.date(), datetime.min.time()))
    if entry.repeats is Repeat.NEVER:
        return {entry.starts_on} if start <= end and first <= entry.starts_on else set()
    weekdays = {Repeat.DAILY: range(7), Repeat.WEEKDAYS: range(5), Repeat.WEEKENDS: (5, 6)}
    if entry.repeats in weekdays:
        rule = rrule.rrule(rrule.DAILY, dtstart=start, until=end, byweekday=weekdays[entry.repeats])
    elif entry.repeats is Repeat.WEEKLY:
        assert entry.day
        rule = rrule.rrule(rrule.DAILY, dtstart=start, until=end, byweekday=entry.day - 1)
    else:
        assert entry.day
        place = {"bymonthday": entry.day}
        if entry.week is not None:
            place = {"byweekday": rrule.weekday(entry.day - 1)(entry.week)}
        if entry.month is not None:
            place["bymonth"] = entry.month
        rule = rrule.rrule(FREQUENCIES[entry.repeats], dtstart=start, until=end, **place)
    return {moment.date() for moment in rule if moment.date() >= first}


def shows(entry: Entry, day: date, clock: datetime) -> bool:
    """Whether the clock is within the occurrence of an entry that begins on a day."""
    opens = datetime.combine(day, entry.starts_at)
    closes = datetime.combine(day + (entry.ends_on - entry.starts_on), entry.ends_at)
    return opens <= clock < (closes + timedelta(seconds=1) if entry.ends_at.second == 59 else closes)


def worked_minutes(hours: BusinessHours, start: datetime, end: datetime) -> list[datetime]:
    """Give the minutes between two moments at which somebody works, looking at the clock in each of them."""
    first, last = start.astimezone(hours.zone).date() - 4 * DAY, end.astimezone(hours.zone).date() + 4 * DAY
    work = [(one, days_by_rule(one, first, last)) for one in hours.entries]
    free = [(one, days_by_rule(one, first, last)) for listed in hours.holidays for one in listed.entries]
    busy = {day + n * DAY for _, on in work for day in on for n in range(4)}
    found, minute = [], start
    while minute < end:
        clock = minute.astimezone(hours.zone).replace(tzinfo=None)
        if clock.date() not in busy and clock.hour < 20:
            minute += timedelta(hours=3)  # nobody begins to work before the clock shows another day
            continue
        around = [clock.date() - n * DAY for n in range(4)]

        def is_in(listed: list[tuple[Entry, set[date]]], clock: datetime = clock, around: list[date] = around) -> bool:
            return any(day in on and shows(one, day, clock) for one, on in listed for day in around)

        if is_in(work) and not is_in(free):
            found.append(minute)
        minute += MINUTE
    return found


@settings(max_examples=150, deadline=None)
@given(business_hours(), moments, st.integers(1, 30))
def test_as_many_minutes_are_worked_as_are_allowed_and_the_last_one_is_worked(
    hours: BusinessHours, start: datetime, allowed: int
) -> None:
    found = CALCULATOR.calculate(start, allowed, hours)
    if found.due is None:
        assert found.outcome is Outcome.NEVER
        assert len(worked_minutes(hours, start, start + timedelta(days=40))) < allowed * 60
        return
    if found.due - start > timedelta(days=120):
        return  # right, but long to count
    minutes = worked_minutes(hours, start, found.due)
    assert len(minutes) == allowed * 60
    assert minutes[-1] + MINUTE == found.due
    assert sum(step.seconds for step in found.steps) == allowed * 3600


@settings(max_examples=300, deadline=None)
@given(entries(), st.dates(date(2024, 1, 1), date(2026, 12, 31)))
def test_days_are_those_of_the_calendar_library(one: Entry, first: date) -> None:
    last = first + timedelta(days=70)
    assert {first + n * DAY for n in range(71) if occurs_on(one, first + n * DAY)} == days_by_rule(one, first, last)


@settings(max_examples=100, deadline=None)
@given(business_hours(), moments, st.integers(1, 20), st.integers(0, 59))
def test_seconds_count(hours: BusinessHours, start: datetime, allowed: int, second: int) -> None:
    """A later start is never due earlier, and at most by what it is later plus the time the desk is closed."""
    exact = CALCULATOR.calculate(start, allowed, hours).due
    later = CALCULATOR.calculate(start + timedelta(seconds=second), allowed, hours).due
    assert (exact is None and later is None) or later is None or (exact is not None and later >= exact)


TWO_SHIFTS = BusinessHours(BERLIN, [entry("weekdays", "08:00", "12:00"), entry("weekdays", "13:00", "17:00")])


@pytest.mark.parametrize(
    ("hours", "start", "allowed", "due"),
    [
        pytest.param(TWO_SHIFTS, "2026-03-02 11:00", 3, "2026-03-02 15:00", id="the afternoon counts"),
        pytest.param(TWO_SHIFTS, "2026-03-06 16:00", 2, "2026-03-09 09:00", id="over the weekend"),
        pytest.param(TWO_SHIFTS, "2026-03-02 08:00", 8, "2026-03-02 17:00", id="exactly a day ends with it"),
        pytest.param(
            BusinessHours(BERLIN, [entry("daily", "00:00", "23:59:59")]),
            *("2026-03-28 12:00", 24, "2026-03-29 13:00"),
            id="a day without two o'clock",
        ),
        pytest.param(
            BusinessHours(BERLIN, [entry("daily", "00:00", "23:59:59")]),
            *("2026-05-04 10:00", 48, "2026-05-06 10:00"),
            id="midnight costs no second",
        ),
        pytest.param(
            BusinessHours(BERLIN, [entry("weekly", "08:00", "10:00", day=1)]),
            *("2026-03-02 08:00", 6, "2026-03-16 10:00"),
            id="one morning a week",
        ),
        pytest.param(
            BusinessHours(BERLIN, [entry("monthly", "08:00", "12:00", day=5, week=2)]),
            *("2026-05-01 08:00", 4, "2026-05-08 12:00"),
            id="the second Friday of a month that begins with one",
        ),
        pytest.param(
            BusinessHours(BERLIN, [entry("monthly", "08:00", "12:00", day=31)]),
            *("2026-04-01 08:00", 4, "2026-05-31 12:00"),
            id="April has no 31st",
        ),
        pytest.param(
            BusinessHours(BERLIN, [entry("daily", "22:00", "06:00", ends_on=date(2019, 1, 2))]),
            *("2026-05-04 23:00", 8, "2026-05-05 23:00"),
            id="night shifts",
        ),
        pytest.param(
            BusinessHours(BERLIN, [entry("weekdays", "08:00", "17:30:59")]),
            *("2026-05-04 17:00", 1, "2026-05-05 08:30"),
            id="half past five as osTicket stores it",
        ),
        pytest.param(
            BusinessHours(
                BERLIN,
                [entry("weekdays", "08:00", "17:00")],
                [HolidayList(BERLIN, [entry("never", "10:00", "12:00", starts_on=date(2026, 5, 4))])],
            ),
            *("2026-05-04 09:00", 3, "2026-05-04 14:00"),
            id="two hours off",
        ),
    ],
)
def test_what_people_expect(hours: BusinessHours, start: str, allowed: int, due: str) -> None:
    assert CALCULATOR.calculate(at(start, BERLIN), allowed, hours).due == at(due, BERLIN).astimezone(UTC)


def test_holidays_that_never_end_are_no_loop() -> None:
    closed = HolidayList(BERLIN, [entry("daily", "00:00", "23:59:59")])
    hours = BusinessHours(BERLIN, [entry("weekdays", "08:00", "17:00")], [closed])
    found = CALCULATOR.calculate(at("2026-05-04 09:00"), 1, hours)
    assert (found.due, found.outcome) == (None, Outcome.NEVER)


def test_a_leap_day_is_waited_for() -> None:
    hours = BusinessHours(ZoneInfo("UTC"), [entry("yearly", "08:00", "17:00", day=29, month=2)])
    assert CALCULATOR.calculate(at("2024-03-01 09:00"), 1, hours).due == at("2028-02-29 09:00")

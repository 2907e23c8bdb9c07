"""Schedules for tests: by hand, and at random."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from sla.business_hours import BusinessHours, Entry, HolidayList, Repeat

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    *("UTC", "Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata", "Africa/Casablanca"),
    *("America/Havana", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia"),  # midnights that are skipped, half hours
]


def entry(repeats: str, opens: str, closes: str, **values: Any) -> Entry:
    """Give an entry from 1 January 2019 on."""
    starts_on = values.pop("starts_on", date(2019, 1, 1))
    return Entry(
        repeats=Repeat(repeats),
        starts_on=starts_on,
        starts_at=time.fromisoformat(opens),
        ends_on=values.pop("ends_on", starts_on),
        ends_at=time.fromisoformat(closes),
        **values,
    )


def at(text: str, zone: Any = UTC) -> datetime:
    """Give a moment by what the clock of a zone shows."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


quarters = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
days = st.dates(date(2023, 10, 1), date(2025, 12, 31))
PLACES: dict[Repeat, st.SearchStrategy[Any]] = {
    Repeat.WEEKLY: st.fixed_dictionaries({"day": st.integers(1, 7)}),
    Repeat.MONTHLY: st.fixed_dictionaries({"day": st.integers(1, 31)})
    | st.fixed_dictionaries({"day": st.integers(1, 7), "week": st.sampled_from([1, 2, 3, 4, 5, -1])}),
    Repeat.YEARLY: st.fixed_dictionaries({"day": st.integers(1, 31), "month": st.integers(1, 12)})
    | st.fixed_dictionaries(
        {"day": st.integers(1, 7), "week": st.sampled_from([1, 2, 3, 4, 5, -1]), "month": st.integers(1, 12)}
    ),
}


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Draw an entry: of a day, over midnight, or all day."""
    repeats = draw(st.sampled_from(Repeat))
    place = draw(PLACES.get(repeats, st.just({})))
    starts_on, opens, closes = draw(days), draw(quarters), draw(quarters)
    kind = draw(st.sampled_from(["all day", "hours", "hours", "hours", "night"]))
    ends_on = starts_on
    if kind == "all day":
        opens, closes = time(), time(23, 59, 59)
    elif kind == "night":
        ends_on += timedelta(days=draw(st.integers(1, 2)))
    elif closes < opens:
        opens, closes = closes, opens
    stops_on = draw(st.none() | st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31)))  # noqa: DTZ001
    return Entry(repeats, starts_on, opens, ends_on, closes, stops_on, **place)


@st.composite
def business_hours(draw: st.DrawFn) -> BusinessHours:
    """Draw business hours with up to two lists of holidays."""
    zones = st.sampled_from(ZONES).map(ZoneInfo)
    holidays = st.builds(HolidayList, zones, st.lists(entries(), max_size=3).map(tuple))
    worked = st.lists(entries(), min_size=1, max_size=4).map(tuple)
    return BusinessHours(draw(zones), draw(worked), tuple(draw(st.lists(holidays, max_size=2))))


moments = st.datetimes(datetime(2023, 12, 1), datetime(2025, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(second=0, microsecond=0, tzinfo=UTC)
)

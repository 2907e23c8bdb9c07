"""On which days osTicket thinks that an entry of a schedule occurs (osticket/sla.md §4, "Occurrences of an entry").

Its mistakes are wanted here: the same ticket gets the same due date from both programs.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo

from sla.business_hours import (
    MIDNIGHT,
    Entry,
    Repeat,
    at_clock,
    first_of_next_month,
    is_before,
    weekday_in_month,
)

MOST_DAYS = 5
"""Days that are looked up at once."""
MOST_PERIODS = 1000
"""A guard: between the start and the last day that is asked for lie a few periods at most."""
DAY = timedelta(days=1)


def occurrences(entry: Entry, own_zone: tzinfo, start: datetime, until: date) -> list[date]:
    """Give the first days, at most five, of an entry from a moment on until a day.

    `own_zone` is that of the entry's schedule; the clock of `start` is the one that counts.
    """
    if entry.repeats is Repeat.NEVER and entry.stops_on is None and entry.ends_on + 2 * DAY < start.date():
        return []  # over in every zone: spares the many past days of a list of holidays their work
    first = at_clock(entry.starts_on, entry.starts_at, own_zone)
    cursor = first if is_before(start, first) else start
    stop = _stop(entry, own_zone)
    if stop is not None and is_before(stop, cursor):
        return []
    found: list[date] = []
    cursor = _align(entry, cursor)
    for _period in range(MOST_PERIODS):
        day = cursor.date()
        if day > until or len(found) == MOST_DAYS:
            break
        if day >= start.date():
            found.append(day)
        if entry.repeats is Repeat.NEVER:
            break
        cursor = _align(entry, _next_period(entry.repeats, cursor))
        if stop is not None and is_before(stop, cursor):
            break
    return found


def _stop(entry: Entry, zone: tzinfo) -> datetime | None:
    if entry.stops_on is not None:
        return at_clock(entry.stops_on.date(), entry.stops_on.time(), zone)
    return at_clock(entry.ends_on, entry.ends_at, zone) if entry.repeats is Repeat.NEVER else None


def _align(entry: Entry, cursor: datetime) -> datetime:
    """Give the occurrence in the period of a moment; some keep its time of day, others begin at midnight."""
    zone = cursor.tzinfo
    assert zone is not None  # noqa: S101 -- for the type checker
    keeps_time = entry.repeats is Repeat.NEVER or (
        entry.repeats in (Repeat.MONTHLY, Repeat.YEARLY) and entry.week is None
    )
    return at_clock(_ALIGNED[entry.repeats](entry, cursor.date()), cursor.time() if keeps_time else MIDNIGHT, zone)


def _weekday(_entry: Entry, day: date) -> date:
    return day + timedelta(days=(8 - day.isoweekday()) % 7) if day.isoweekday() > 5 else day


def _weekend(_entry: Entry, day: date) -> date:
    return day + timedelta(days=6 - day.isoweekday()) if day.isoweekday() < 6 else day


def _weekly(entry: Entry, day: date) -> date:
    return day + timedelta(days=((entry.day or 1) - day.isoweekday()) % 7)


def _monthly(entry: Entry, day: date) -> date:
    """A day that the month does not have lies in the next one."""
    number = entry.day or 1
    if entry.week is None:
        return day.replace(day=1) + timedelta(days=number - 1)
    return weekday_in_month(day.year, day.month, number, entry.week)


def _yearly(entry: Entry, day: date) -> date:
    """The n-th weekday is counted from the second of the month: wrong when the month begins with that weekday."""
    number, month = entry.day or 1, entry.month or 1
    if entry.week is None:
        return date(day.year, month, 1) + timedelta(days=number - 1)
    found = weekday_in_month(day.year, month, number, entry.week)
    begins_with_it = entry.week != -1 and date(day.year, month, 1).isoweekday() == number
    return found + timedelta(days=7) if begins_with_it else found


_ALIGNED: dict[Repeat, Callable[[Entry, date], date]] = {
    Repeat.NEVER: lambda entry, _day: entry.starts_on,
    Repeat.DAILY: lambda _entry, day: day,
    Repeat.WEEKDAYS: _weekday,
    Repeat.WEEKENDS: _weekend,
    Repeat.WEEKLY: _weekly,
    Repeat.MONTHLY: _monthly,
    Repeat.YEARLY: _yearly,
}


def _next_period(repeats: Repeat, cursor: datetime) -> datetime:
    """Give the same time a day, week, month or year later; 31 January and a month are 3 March, as in PHP."""
    day, zone = cursor.date(), cursor.tzinfo
    assert zone is not None  # noqa: S101 -- for the type checker
    if repeats is Repeat.MONTHLY:
        following = first_of_next_month(day.year, day.month) + timedelta(days=day.day - 1)
    elif repeats is Repeat.YEARLY:
        following = date(day.year + 1, day.month, 1) + timedelta(days=day.day - 1)
    elif repeats is Repeat.WEEKLY:
        following = day + 7 * DAY
    elif repeats is Repeat.WEEKDAYS:
        following = day + (DAY if day.isoweekday() < 5 else timedelta(days=8 - day.isoweekday()))
    else:
        following = day + DAY
    return at_clock(following, cursor.time(), zone)

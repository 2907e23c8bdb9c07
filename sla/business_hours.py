"""Business hours and holidays as plain values, and times on the clock of a zone: what the calculators work on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

MIDNIGHT = time()
SECOND = timedelta(seconds=1)
FULL_DAY = timedelta(days=1) - SECOND
"""How long an entry "all day" is: from 00:00:00 to 23:59:59."""


class Repeat(StrEnum):
    """`schedule_entry.repeats` (osticket/sla.md §2)."""

    NEVER = "never"
    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WEEKENDS = "weekends"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


@dataclass(frozen=True)
class Entry:
    """One rule of a schedule: on which days, from when to when.

    `starts_on` and `ends_on` differ for a shift over midnight. `stops_on` is a time on the clock of the schedule's
    zone. `day` is a weekday (Monday 1) or, without `week`, the day of the month; `week` -1 is the last one.
    """

    repeats: Repeat
    starts_on: date
    starts_at: time
    ends_on: date
    ends_at: time
    stops_on: datetime | None = None
    day: int | None = None
    week: int | None = None
    month: int | None = None
    name: str = ""

    def length(self, zone: tzinfo) -> timedelta:
        """Give the time that passes between start and end of the first occurrence."""
        return elapsed(at_clock(self.starts_on, self.starts_at, zone), at_clock(self.ends_on, self.ends_at, zone))


@dataclass(frozen=True)
class HolidayList:
    """Days, or parts of days, on which nobody works."""

    zone: tzinfo
    entries: Sequence[Entry]
    name: str = ""


@dataclass(frozen=True)
class BusinessHours:
    """When people work. Times are those of the clock in `zone`; the order of the entries is that of their ids."""

    zone: tzinfo
    entries: Sequence[Entry]
    holidays: Sequence[HolidayList] = ()
    name: str = ""


def at_clock(day: date, at: time, zone: tzinfo) -> datetime:
    """Give the moment at which the clock of a zone shows this.

    A time that the clock skips is later by what it skips; of one that it shows twice it is the first.
    """
    return datetime.combine(day, at, zone).astimezone(UTC).astimezone(zone)


def elapsed(start: datetime, end: datetime) -> timedelta:
    """Give the time that really passes (Python subtracts times of the same zone by the clock)."""
    return end.astimezone(UTC) - start.astimezone(UTC)


def is_before(one: datetime, other: datetime) -> bool:
    """Whether one moment is before another (Python compares times of the same zone by the clock)."""
    return one.astimezone(UTC) < other.astimezone(UTC)


def seconds_of(at: time) -> int:
    """Give the seconds that a clock showing this has counted since midnight."""
    return at.hour * 3600 + at.minute * 60 + at.second


def weekday_in_month(year: int, month: int, weekday: int, number: int) -> date:
    """Give the `number`-th weekday (Monday 1) of a month, counted from 1, or the last one for -1.

    One that the month does not have lies in the next.
    """
    if number == -1:
        last = first_of_next_month(year, month) - timedelta(days=1)
        return last - timedelta(days=(last.isoweekday() - weekday) % 7)
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.isoweekday()) % 7 + 7 * (number - 1))


def first_of_next_month(year: int, month: int) -> date:
    """Give the first day of the month after this one."""
    return date(year + month // 12, month % 12 + 1, 1)

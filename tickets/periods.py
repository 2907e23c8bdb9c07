"""The ranges of period codes in queue criteria (osticket/queues.md §3), as calendars have them.

osTicket miscounts some on certain days (`lw` on Mondays, `lm`, `lq` and `tq` at the end of long months); we do not.
"""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

PERIODS = ("td", "yd", "tw", "tm", "tq", "ty", "lw", "lm", "lq", "ly")


def period_range(
    code: str, *, now: datetime.datetime, zone: datetime.tzinfo
) -> tuple[datetime.datetime, datetime.datetime] | None:
    """Give the first and the last second of a period around `now` (aware) in `zone`, as UTC; None for unknown codes.

    `t` is this, `l` the last week (from Monday), month, quarter or year; `td` is today, `yd` yesterday.
    """
    days = _first_and_last(code, now.astimezone(zone).date())
    if days is None:
        return None
    start = datetime.datetime.combine(days[0], datetime.time(), zone)
    end = datetime.datetime.combine(days[1], datetime.time(23, 59, 59), zone)
    return start.astimezone(datetime.UTC), end.astimezone(datetime.UTC)


def zone_named(name: str | None) -> datetime.tzinfo:
    """Give the time zone with this IANA name; UTC for an empty or unknown one."""
    try:
        return ZoneInfo(name) if name else datetime.UTC
    except (KeyError, ValueError, OSError):  # what zoneinfo raises for names that are none
        return datetime.UTC


def _first_and_last(code: str, today: datetime.date) -> tuple[datetime.date, datetime.date] | None:
    day = datetime.timedelta(days=1)
    if code in {"td", "yd"}:
        date = today if code == "td" else today - day
        return date, date
    if code not in PERIODS:
        return None
    first = _first_of(code[1], today)
    if code[0] == "l":
        first = _first_of(code[1], first - day)
    return first, _first_of(code[1], first + 32 * day * _MONTHS[code[1]] if code[1] != "w" else first + 7 * day) - day


_MONTHS = {"w": 0, "m": 1, "q": 3, "y": 12}


def _first_of(unit: str, date: datetime.date) -> datetime.date:
    """Give the first day of the week, month, quarter or year around a date."""
    if unit == "w":
        return date - datetime.timedelta(days=date.weekday())
    months = _MONTHS[unit]
    return date.replace(month=(date.month - 1) // months * months + 1, day=1)

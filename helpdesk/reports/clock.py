"""Days on the clock of the database, and stretches of time made of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from helpdesk.reports.periods import Period

DAY = dt.timedelta(days=1)
SECOND = dt.timedelta(seconds=1)


@dataclass(frozen=True)
class Stretch:
    """From one moment to another, both included, on the clock of the database."""

    start: dt.datetime
    end: dt.datetime

    @property
    def stored(self) -> tuple[dt.datetime, dt.datetime]:
        """The two moments, aware."""
        return _aware(self.start), _aware(self.end)


def stretch_of(period: Period) -> Stretch:
    """Give a period on the clock of the database."""
    return Stretch(on_the_clock(period.start), on_the_clock(period.end))


def stretch_of_days(first: dt.date, last: dt.date) -> Stretch:
    """Give whole days."""
    return Stretch(_midnight(first), _midnight(last + DAY) - SECOND)


def on_the_clock(moment: dt.datetime) -> dt.datetime:
    """Give what the clock of the database shows at an aware moment."""
    return timezone.make_naive(moment, clock_zone())


def day_for(zone: dt.tzinfo, day: dt.date, quarter: int) -> dt.date:
    """Give the day that it is in a zone when the clock of the database shows this quarter of an hour of a day."""
    naive = dt.datetime.combine(day, dt.time(quarter // 4, quarter % 4 * 15))
    return _aware(naive).astimezone(zone).date()


def whole_days(stretch: Stretch) -> tuple[dt.date, dt.date]:
    """Give the first and the last day that lie within; the last comes before the first when there is none."""
    first = stretch.start.date() + (DAY if stretch.start.time() != dt.time() else dt.timedelta())
    return first, (stretch.end + SECOND).date() - DAY


def gaps(stretch: Stretch, taken: Collection[dt.date]) -> Iterator[Stretch]:
    """Give what remains of a stretch without some whole days, as few stretches as possible."""
    at = stretch.start
    for day in sorted(taken):
        midnight = _midnight(day)
        if at < midnight:
            yield Stretch(at, midnight - SECOND)
        at = midnight + DAY
    if at <= stretch.end:
        yield Stretch(at, stretch.end)


def runs_of(days: Collection[dt.date], longest: int) -> Iterator[tuple[dt.date, dt.date]]:
    """Give the first and last days of runs without a gap, from the newest to the oldest, none longer than so many."""
    first = last = None
    for day in sorted(days, reverse=True):
        if first is not None and last is not None:
            if first - day == DAY and (last - day).days < longest:
                first = day
                continue
            yield first, last
        first = last = day
    if first is not None and last is not None:
        yield first, last


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time())


def _aware(naive: dt.datetime) -> dt.datetime:
    return timezone.make_aware(naive, clock_zone())


def clock_zone() -> dt.tzinfo:
    """Give the zone in which the database notes moments."""
    if connection.features.supports_timezones or connection.timezone is None:
        return dt.UTC
    return connection.timezone

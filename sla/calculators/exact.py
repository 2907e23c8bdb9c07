"""Working hours as people mean them: every minute at which the clock on the wall shows opening hours, and no other.

Split shifts and shifts over midnight count whole, the second Friday is the second Friday, a 31st that a month does not
have is none, and it does not matter how long the desk stays closed before it opens again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from sla.business_hours import BusinessHours, Entry, Repeat
from sla.calculators.base import HORIZON, LONGEST_CLOSED, Calculation, Outcome, Step, without_schedule

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
END_OF_DAY = time(23, 59)

Span = tuple[datetime, datetime]


class ExactCalculator:
    """Counts whole minutes of opening hours; due is the first moment at which the hours have passed."""

    def calculate(self, start: datetime, hours: int, business: BusinessHours | None) -> Calculation:
        """See `Calculator`."""
        simple = without_schedule(start, hours, business)
        if simple is not None or business is None:
            return simple or Calculation(None, Outcome.NEVER)
        moment, days = start.astimezone(UTC).replace(microsecond=0), Workdays(business)
        need, steps = timedelta(hours=hours), list[Step]()
        first = moment.astimezone(business.zone).date()
        day, last_day, last_open = first - days.longest_shift - DAY, first + HORIZON, first
        while day <= last_day and day - last_open <= LONGEST_CLOSED:
            is_open = False
            for opens, closes, entry in days.open_hours(day):
                is_open, opens = True, max(opens, moment)
                if closes <= opens:
                    continue
                last_open, worked = day, min(need, closes - opens)
                need, moment = need - worked, opens + worked
                steps.append(Step(day, entry.name, int(worked.total_seconds()), days.holiday_on(day)))
                if not need:
                    return Calculation(moment, Outcome.WORKED, tuple(steps))
            if day >= first and not is_open and (shift := days.shift_on(day)) is not None:
                steps.append(Step(day, shift.name, 0, days.holiday_on(day)))
            day += DAY
        return Calculation(None, Outcome.NEVER, tuple(steps))


class Workdays:
    """The days of a schedule, with holidays taken off; what it knows of them is worked out once."""

    def __init__(self, business: BusinessHours) -> None:
        """Sort the holidays: hundreds of past ones cost nothing on the other days."""
        self.zone = business.zone
        self.longest_shift = _longest_shift(business.entries)
        self._entries = business.entries
        holidays = [entry for listed in business.holidays for entry in listed.entries]
        self._longest_holiday = _longest_shift(holidays)
        self._repeating = [entry for entry in holidays if entry.repeats is not Repeat.NEVER]
        self._once: dict[date, list[Entry]] = {}
        for entry in holidays:
            if entry.repeats is Repeat.NEVER:
                self._once.setdefault(entry.starts_on, []).append(entry)
        self._has_holidays = bool(holidays)

    def open_hours(self, day: date) -> Iterator[tuple[datetime, datetime, Entry]]:
        """Give the spans, in UTC, of the shifts that begin on a day, in the order of their beginning."""
        shifts = [(_on_clock(entry, day), entry) for entry in self._entries if occurs_on(entry, day)]
        for shift, entry in sorted(shifts, key=lambda shift: shift[0]):
            for opens, closes in self._without_holidays(shift):
                for span in _moments(opens, closes, self.zone):
                    yield *span, entry

    def shift_on(self, day: date) -> Entry | None:
        """Give a shift that begins on a day, if it is a holiday or not."""
        return next((entry for entry in self._entries if occurs_on(entry, day)), None)

    def holiday_on(self, day: date) -> str:
        """Give the name of a holiday that begins on a day, '' for none."""
        return next((entry.name for entry in self._holidays_on(day)), "")

    def _holidays_on(self, day: date) -> Iterator[Entry]:
        listed = (*self._repeating, *self._once.get(day, ())) if self._has_holidays else ()
        return (entry for entry in listed if occurs_on(entry, day))

    def _without_holidays(self, shift: Span) -> list[Span]:
        """Cut the holidays out of a shift; both by what the clock shows."""
        spans = [shift]
        if not self._has_holidays:
            return spans
        day = shift[0].date() - self._longest_holiday - DAY
        while day <= shift[1].date():
            for entry in self._holidays_on(day):
                free = _on_clock(entry, day)
                spans = [part for span in spans for part in _cut(span, free)]
            day += DAY
        return spans


def occurs_on(entry: Entry, day: date) -> bool:
    """Whether an entry begins on this day; the day of `stops_on` is the last one."""
    if day < entry.starts_on or (entry.stops_on is not None and day > entry.stops_on.date()):
        return False
    match entry.repeats:
        case Repeat.NEVER:
            return day == entry.starts_on
        case Repeat.DAILY:
            return True
        case Repeat.WEEKDAYS:
            return day.isoweekday() <= 5
        case Repeat.WEEKENDS:
            return day.isoweekday() > 5
        case Repeat.WEEKLY:
            return day.isoweekday() == entry.day
        case Repeat.YEARLY if day.month != entry.month:
            return False
        case _:
            return _is_day_of_month(entry, day)


def _is_day_of_month(entry: Entry, day: date) -> bool:
    if entry.week is None:
        return day.day == entry.day
    if day.isoweekday() != entry.day:
        return False
    if entry.week == -1:
        return (day + 7 * DAY).month != day.month
    return (day.day - 1) // 7 + 1 == entry.week


def _on_clock(entry: Entry, day: date) -> Span:
    """Give what the clock shows at the beginning and the end of an occurrence; "until 23:59" is until midnight."""
    ends_on = day + (entry.ends_on - entry.starts_on)
    closes = datetime.combine(ends_on, _minute(entry.ends_at))
    if closes.time() == END_OF_DAY:
        closes += MINUTE
    return datetime.combine(day, _minute(entry.starts_at)), closes


def _minute(at: time) -> time:
    """Give the minute that was chosen; osTicket stores 17:30 as the end of a shift as 17:30:59."""
    return at.replace(second=0, microsecond=0)


def _cut(span: Span, free: Span) -> list[Span]:
    parts = [(span[0], min(span[1], free[0])), (max(span[0], free[1]), span[1])]
    return [part for part in parts if part[0] < part[1]]


def _moments(opens: datetime, closes: datetime, zone: tzinfo) -> list[Span]:
    """Give the moments at which the clock of a zone shows a time of this span, the end excluded, in UTC.

    Where the clock skips or repeats one of its ends they are found minute by minute.
    """
    if opens >= closes:
        return []
    beginnings, ends = _readings(opens, zone), _readings(closes, zone)
    if beginnings[0] == beginnings[1] and ends[0] == ends[1]:
        return [(beginnings[0], ends[0])] if beginnings[0] < ends[0] else []
    spans: list[Span] = []
    moment, last = min(beginnings), max(ends)
    while moment < last:
        if opens <= moment.astimezone(zone).replace(tzinfo=None) < closes:
            if spans and spans[-1][1] == moment:
                spans[-1] = (spans[-1][0], moment + MINUTE)
            else:
                spans.append((moment, moment + MINUTE))
        moment += MINUTE
    return spans


def _readings(at: datetime, zone: tzinfo) -> Span:
    """Give the two moments that a time on the clock may mean; nearly always they are one."""
    first = at.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return first, at.replace(tzinfo=zone, fold=1).astimezone(UTC)


def _longest_shift(entries: Sequence[Entry]) -> timedelta:
    """Give the days that the longest entry reaches beyond the one on which it begins."""
    return max((entry.ends_on - entry.starts_on for entry in entries), default=timedelta(0))

"""Working hours as osTicket counts them, mistakes included (osticket/sla.md §4), for databases that both use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sla.business_hours import FULL_DAY, BusinessHours, Entry, HolidayList, at_clock, elapsed, is_before, seconds_of
from sla.calculators.base import HORIZON, LONGEST_CLOSED, Calculation, Outcome, Step, without_schedule
from sla.calculators.osticket_days import occurrences

LOOK_AHEAD = timedelta(hours=72)
MOST_ROUNDS_WITHOUT_GAIN = 600
"""Each looks a day further at least, unless it never will."""

Holiday = tuple[HolidayList, Entry]


@dataclass
class _Count:
    """How far the counting is: the moment, the seconds so far, what made them."""

    moment: datetime
    got: float = 0
    steps: list[Step] = field(default_factory=list)


class OsticketCalculator:
    """osTicket's own arithmetic: one entry a day, a table of three days at a time, full days a second short.

    Where osTicket loops without end, this one says that the hours never come together.
    """

    def calculate(self, start: datetime, hours: int, business: BusinessHours | None) -> Calculation:
        """See `Calculator`."""
        simple = without_schedule(start, hours, business)
        if simple is not None or business is None:
            return simple or Calculation(None, Outcome.NEVER)
        count = _Count(start.astimezone(UTC).replace(microsecond=0).astimezone(business.zone))
        need, most, gained_at, barren = hours * 3600, 0.0, count.moment, 0
        last_day, gives_up_at = start + HORIZON, MOST_ROUNDS_WITHOUT_GAIN
        work: Mapping[date, Entry] = {}
        while count.got < need:
            work, holidays = _look_ahead(business, count.moment, work)
            if not work:
                return Calculation(count.moment.astimezone(UTC), Outcome.RAN_OUT, tuple(count.steps))
            _count_days(business, work, holidays, count, need)
            if count.got > most:
                most, gained_at, barren = count.got, count.moment, 0
            barren += 1
            is_stuck = barren > gives_up_at or elapsed(gained_at, count.moment) > LONGEST_CLOSED
            if count.got < need and (is_stuck or is_before(last_day, count.moment)):
                return Calculation(None, Outcome.NEVER, tuple(count.steps))
        return Calculation(count.moment.astimezone(UTC), Outcome.WORKED, tuple(count.steps))


def _look_ahead(
    business: BusinessHours, moment: datetime, known: Mapping[date, Entry]
) -> tuple[dict[date, Entry], dict[date, Holiday]]:
    """Give the working days of the next 72 hours with the entry that owns each, and the holidays among them."""
    start = moment
    if moment.date() in known:
        start = at_clock(moment.date() + timedelta(days=1), moment.time(), business.zone)
    until = (start.astimezone(UTC) + LOOK_AHEAD).astimezone(business.zone).date()
    work: dict[date, Entry] = {}
    for entry in business.entries:
        for day in occurrences(entry, business.zone, start, until):
            work.setdefault(day, entry)
    if not work:
        return {}, {}
    holidays: dict[date, Holiday] = {}
    for listed in business.holidays:
        for entry in listed.entries:
            for day in occurrences(entry, listed.zone, start, max(work)):
                holidays.setdefault(day, (listed, entry))
    return dict(sorted(work.items())), holidays


def _count_days(
    business: BusinessHours, work: Mapping[date, Entry], holidays: Mapping[date, Holiday], count: _Count, need: int
) -> None:
    """Go through the days of the table until the hours are there."""
    zone = business.zone
    for day, entry in work.items():
        at, is_partial = count.moment.time(), False
        if day == count.moment.date():
            if at > entry.ends_at:
                continue
            is_partial = at >= entry.starts_at
        elif is_before(datetime.combine(day, entry.ends_at, UTC), count.moment):
            continue  # osTicket reads the closing time as UTC here
        holiday = holidays.get(day)
        lead = 0
        if holiday is not None:
            listed, free = holiday
            count.moment = at_clock(day, free.ends_at, zone)
            if free.length(listed.zone) >= FULL_DAY:
                count.steps.append(Step(day, entry.name, 0, free.name))
                continue
            is_partial = True
            lead = max(0, seconds_of(free.starts_at) - seconds_of(entry.starts_at))
        gained = lead + (_rest(entry, count.moment, business) if is_partial else entry.length(zone)).total_seconds()
        count.got += gained
        count.moment = at_clock(day, entry.ends_at, zone)
        surplus = max(0, round(count.got - need))
        count.steps.append(Step(day, entry.name, round(gained) - surplus, holiday[1].name if holiday else ""))
        if count.got > need:
            count.moment = (count.moment.astimezone(UTC) - timedelta(seconds=surplus)).astimezone(zone)
            return


def _rest(entry: Entry, moment: datetime, business: BusinessHours) -> timedelta:
    """Give what is left of the first occurrence at this time of day; less than nothing after its end."""
    now = at_clock(entry.starts_on, moment.time(), business.zone)
    return elapsed(now, at_clock(entry.ends_on, entry.ends_at, business.zone))

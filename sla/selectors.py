"""What administrators see of schedules: the days ahead, who uses them, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _

from helpdesk import configuration
from helpdesk.people.models import Department
from sla.book import KnownSchedule, book, entry_of, known_zone, zone_of
from sla.business_hours import Entry, Repeat
from sla.calculators import OSTICKET
from sla.calculators.exact import Workdays, occurs_on
from sla.constants import ScheduleFlag
from sla.due_dates import chosen_calculator
from sla.models import Schedule, ScheduleEntry, SlaPlan
from sla.wording import span_in_words

DAYS_AHEAD = 14
LONGEST_SEARCH = 366 * 9
"""Days in which the next occurrence of an entry is looked for: a leap day is up to eight years off."""


@dataclass(frozen=True)
class DayAhead:
    """A day with its opening hours on the schedule's clock; `holiday` names what takes hours off."""

    day: date
    spans: Sequence[tuple[time, time]]
    holiday: str = ""

    @property
    def hours(self) -> list[str]:
        """The opening hours in words."""
        return [span_in_words(opens, closes) for opens, closes in self.spans]


def days_ahead(schedule: KnownSchedule, now: datetime, days: int = DAYS_AHEAD) -> list[DayAhead]:
    """Give the next days of business hours, today first."""
    hours = book().hours_of(schedule)
    today = now.astimezone(hours.zone).date()
    workdays = Workdays(hours)
    return [_day(workdays, today + timedelta(days=number)) for number in range(days)]


def _day(workdays: Workdays, day: date) -> DayAhead:
    def clock(moment: datetime) -> time:
        return moment.astimezone(workdays.zone).time()

    spans = [(clock(opens), clock(closes)) for opens, closes, _entry in workdays.open_hours(day)]
    return DayAhead(day, spans, workdays.holiday_on(day))


def next_days(entry: Entry, start: date, count: int) -> list[date]:
    """Give the next days on which an entry begins, at most `count`."""
    return list(_next_days(entry, start, count))


def _next_days(entry: Entry, start: date, count: int) -> Iterator[date]:
    found, day = 0, max(start, entry.starts_on)
    last = entry.starts_on if entry.repeats is Repeat.NEVER else day + timedelta(days=LONGEST_SEARCH)
    if entry.stops_on is not None:
        last = min(last, entry.stops_on.date())
    while found < count and day <= last:
        if occurs_on(entry, day):
            found += 1
            yield day
        day += timedelta(days=1)


def users_of(schedule: Schedule) -> list[str]:
    """Give in words who uses a schedule: the help desk, departments, SLA plans, other schedules."""
    found: list[str] = []
    if configuration.current().integer("schedule_id") == schedule.pk:
        found.append(_("the help desk"))
    departments = Department.objects.filter(schedule_id=schedule.pk).order_by("name").values_list("name", flat=True)
    plans = SlaPlan.objects.filter(schedule=schedule).order_by("name").values_list("name", flat=True)
    others = [other.name for other in book().schedules.values() if schedule.pk in other.holidays]
    found += [_("department %(name)s") % {"name": name} for name in departments]
    found += [_("SLA plan %(name)s") % {"name": name} for name in plans]
    return [*found, *(_("schedule %(name)s") % {"name": name} for name in others)]


def problems_of(schedule: Schedule, rows: Sequence[ScheduleEntry], today: date) -> list[str]:
    """Give in sentences what an administrator should look at; [] for a schedule that does what it seems to."""
    found: list[str] = []
    entries = {row.pk: entry_of(row) for row in rows}
    if schedule.timezone and known_zone(schedule.timezone) is None:
        text = _("%(name)s is no time zone: the help desk's is used instead.")
        found.append(text % {"name": schedule.timezone})
    incomplete = _("The entry “%(name)s” is incomplete and counts for nothing.")
    found += [incomplete % {"name": row.name} for row in rows if entries[row.pk] is None]
    usable = [entry for entry in entries.values() if entry is not None]
    is_business_hours = bool(schedule.flags & ScheduleFlag.BUSINESS_HOURS)
    if not usable and is_business_hours:
        found.append(_("It has no entries: the hours of a plan are counted around the clock."))
    elif not usable:
        found.append(_("It has no entries: there are no holidays."))
    elif not any(next_days(entry, today, 1) for entry in usable):
        found.append(_("All its entries are over: there are no days left."))
    if is_business_hours and chosen_calculator() == OSTICKET:
        found += _osticket_mistakes(usable, today)
    return found


def _osticket_mistakes(entries: Sequence[Entry], today: date) -> Iterator[str]:
    """Give what the chosen way of counting, osTicket's, makes of these entries."""
    week = [today + timedelta(days=number) for number in range(7)]
    if any(sum(occurs_on(entry, day) for entry in entries) > 1 for day in week):
        yield _("Of several entries for one day osTicket counts only the first. Count exactly, or make it one entry.")
    if any(entry.ends_on > entry.starts_on for entry in entries):
        yield _("osTicket does not count shifts over midnight right.")
    weekly = {Repeat.DAILY, Repeat.WEEKDAYS, Repeat.WEEKENDS, Repeat.WEEKLY}
    open_days = {day.isoweekday() for day in week for one in entries if one.repeats in weekly and occurs_on(one, day)}
    if open_days and any(not open_days & {(day + ahead) % 7 + 1 for ahead in range(4)} for day in range(7)):
        yield _("After four closed days in a row osTicket stops counting: tickets are due too early.")


def zone_name_of(schedule: Schedule) -> str:
    """Give the name of the zone whose clock a schedule follows."""
    return str(zone_of(schedule.timezone))

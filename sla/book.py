"""All SLA plans and schedules as the calculators need them, kept in memory: new tickets cost no query for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.db import connection

from helpdesk import configuration
from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.versioned import Versioned
from helpdesk.legacy.fields import decode_php_json
from helpdesk.legacy.models import Installation
from sla.business_hours import BusinessHours, Entry, HolidayList, Repeat
from sla.constants import ScheduleFlag
from sla.models import Schedule, ScheduleEntry, SlaPlan

HOLIDAYS_KEY = "configuration"
LONGEST_SHIFT = timedelta(days=366)
"""A template occurrence that lasts longer is a slip."""
FIRST_YEAR, LAST_YEAR = 1900, 9000
"""Dates beyond cannot be counted with."""

logger = structlog.get_logger("sla")


@dataclass(frozen=True)
class KnownSchedule:
    """A schedule with its usable entries in the order of their ids; `holidays` are ids of others."""

    id: int
    name: str
    is_business_hours: bool
    zone_name: str
    entries: Sequence[Entry]
    holidays: Sequence[int] = ()


@dataclass(frozen=True)
class Book:
    """Plans and schedules by id; where the database comes from (`Installation.Origin`), '' when nobody noted it."""

    plans: Mapping[int, SlaPlan]
    schedules: Mapping[int, KnownSchedule]
    origin: str = ""

    def chosen(self, *ids: int | None) -> KnownSchedule | None:
        """Give the first of these that exists and holds business hours (osticket/sla.md §3)."""
        found = (self.schedules.get(schedule_id or 0) for schedule_id in ids)
        return next((schedule for schedule in found if schedule is not None and schedule.is_business_hours), None)

    def hours_of(self, schedule: KnownSchedule) -> BusinessHours:
        """Give the business hours; a schedule without a zone of its own follows the help desk's clock.

        osTicket takes the zone of whoever is signed in, so that the same ticket is due at different times.
        """
        holidays = [self.schedules[one] for one in schedule.holidays if one in self.schedules]
        return BusinessHours(
            zone=zone_of(schedule.zone_name),
            entries=schedule.entries,
            holidays=tuple(HolidayList(zone_of(one.zone_name), one.entries, one.name) for one in holidays),
            name=schedule.name,
        )


def zone_of(name: str | None) -> tzinfo:
    """Give the zone of this name; that of the help desk for an empty or unknown one, or else UTC."""
    for candidate in (name, configuration.current().text("default_timezone")):
        zone = known_zone(candidate)
        if zone is not None:
            return zone
    return ZoneInfo("UTC")


def known_zone(name: str | None) -> ZoneInfo | None:
    """Give the zone with this IANA name, None for what is none."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):  # what zoneinfo raises for names that are none
        return None


def clock_time(stored: datetime | None) -> datetime | None:
    """Give `stops_on` as its schedule means it: a time on the schedule's own clock, which osTicket stores as it is.

    The field has taken it for one in the database's zone.
    """
    if stored is None or stored.year > LAST_YEAR:
        return None  # "for ever", in the words of some
    return stored.astimezone(connection.timezone).replace(tzinfo=None)


def as_stored(at_clock: datetime | None) -> datetime | None:
    """Give a time on the schedule's own clock in the form in which the field stores it as it is."""
    return None if at_clock is None else at_clock.replace(tzinfo=connection.timezone)


def entry_of(row: ScheduleEntry) -> Entry | None:
    """Give an entry as the calculators take it; None for a row that says nothing usable."""
    if row.starts_on is None or row.starts_at is None or row.ends_at is None or row.repeats not in set(Repeat):
        return None
    repeats, ends_on = Repeat(row.repeats), row.ends_on or row.starts_on
    needed = {Repeat.WEEKLY: (row.day,), Repeat.MONTHLY: (row.day,), Repeat.YEARLY: (row.day, row.month)}
    if not timedelta(0) <= ends_on - row.starts_on <= LONGEST_SHIFT or not all(needed.get(repeats, (1,))):
        return None
    if not _is_in_calendar(row):
        return None
    return Entry(
        repeats=repeats,
        starts_on=row.starts_on,
        starts_at=row.starts_at,
        ends_on=ends_on,
        ends_at=row.ends_at,
        stops_on=clock_time(row.stops_on),
        day=row.day,
        week=row.week or None,
        month=row.month,
        name=row.name,
    )


def _is_in_calendar(row: ScheduleEntry) -> bool:
    is_week = not row.week or row.week in (-1, 1, 2, 3, 4, 5)
    is_near = row.starts_on is not None and FIRST_YEAR <= row.starts_on.year <= LAST_YEAR
    return is_near and is_week and 1 <= (row.day or 1) <= 31 and 1 <= (row.month or 1) <= 12


def _read() -> Book:
    entries: dict[int, list[Entry]] = {}
    for row in ScheduleEntry.objects.order_by("id"):
        entry = entry_of(row)
        if entry is None:
            logger.warning("schedule_entry_unusable", entry_id=row.pk, schedule_id=row.schedule_id)
        elif row.schedule_id is not None:
            entries.setdefault(row.schedule_id, []).append(entry)
    holidays = {
        item.namespace: listed_holidays(item.value)
        for item in ConfigItem.objects.filter(namespace__startswith="schedule.", key=HOLIDAYS_KEY)
    }
    installation = Installation.objects.order_by("pk").last()
    return Book(
        plans={plan.pk: plan for plan in SlaPlan.objects.all()},
        schedules={
            row.pk: KnownSchedule(
                id=row.pk,
                name=row.name,
                is_business_hours=bool(row.flags & ScheduleFlag.BUSINESS_HOURS),
                zone_name=row.timezone or "",
                entries=tuple(entries.get(row.pk, ())),
                holidays=holidays.get(namespace_of(row.pk), ()),
            )
            for row in Schedule.objects.all()
        },
        origin=installation.origin if installation is not None else "",
    )


def namespace_of(schedule_id: int) -> str:
    """Give the namespace of the settings of a schedule."""
    return f"schedule.{schedule_id}"


def listed_holidays(stored: str) -> tuple[int, ...]:
    """Give the ids of holiday schedules from the stored setting of a schedule; () for what cannot be read."""
    value: Any = decode_php_json(stored)
    listed = value.get("holidays") if isinstance(value, dict) else None
    found = listed.values() if isinstance(listed, dict) else listed if isinstance(listed, list) else ()
    return tuple(int(one) for one in found if str(one).isascii() and str(one).isdecimal())


book = Versioned("sla.book", _read)
TABLES = (Schedule, ScheduleEntry, SlaPlan, ConfigItem)
"""The models whose changes make this module read anew."""

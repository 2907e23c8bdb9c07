"""Holidays from elsewhere: public ones by country, and those of an iCalendar file, as drafts of entries.

The libraries are loaded when they are used: few processes ever do, and they take 15 MB.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import islice, takewhile
from typing import Any

from babel import Locale, UnknownLocaleError
from dateutil.rrule import rrulestr
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import ValidationFailed
from sla.book import FIRST_YEAR
from sla.business_hours import Repeat
from sla.services.entries import EntryDraft, stored_end

FIRST_LEAP_YEAR = 1904
"""Of those in which entries of schedules may begin."""
YEARS_LOOKED_AT = 6
"""A holiday on the same date in all of these years is one of that date."""
MOST_ENTRIES = 1000
MOST_YEARS = 10
LARGEST_FILE = 1024 * 1024
MOST_STEPS = 60_000
"""Days, weeks, months or years that the rules of one file are followed through, with or without a holiday in them."""
_FREQUENCIES = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
_WITHIN_A_DAY = {"BYHOUR", "BYMINUTE", "BYSECOND"}


def countries() -> list[tuple[str, str]]:
    """Give the countries whose public holidays are known, by name in the current language."""
    names = _territories()
    return sorted(((code, names.get(code, code)) for code in _known() if len(code) == 2), key=lambda choice: choice[1])


def regions(country: str) -> list[str]:
    """Give the codes of the regions of a country that have holidays of their own."""
    return list(_known().get(country, []))


def _known() -> dict[str, list[str]]:
    import holidays

    return holidays.list_supported_countries(include_aliases=False)


def public_holidays(country: str, region: str, *, first_year: int, years: int) -> list[EntryDraft]:
    """Give the public holidays of a country: those of a fixed date repeat every year, the others once a year each.

    Raises ValidationFailed for a country or region that is not known, and for too many years.
    """
    import holidays

    if country not in _known():
        raise ValidationFailed(_("This country is not known."), code="unknown_country", field="country")
    if region and region not in regions(country):
        message = _("This country has no such region: it has %(regions)s.")
        known = ", ".join(regions(country)) or "-"
        raise ValidationFailed(message % {"regions": known}, code="unknown_region", field="region")
    if not 1 <= years <= MOST_YEARS:
        limits = {"smallest": 1, "largest": MOST_YEARS}
        message = _("Enter a number from %(smallest)d to %(largest)d.")
        raise ValidationFailed(message % limits, code="out_of_range", field="years")
    by_name: dict[str, set[date]] = defaultdict(set)
    looked_at = range(first_year, first_year + max(years, YEARS_LOOKED_AT))
    found = holidays.country_holidays(country, subdiv=region or None, years=looked_at, language=_language(country))
    for day, names in found.items():
        for name in str(names).split("; "):
            by_name[name].add(day)
    last = date(first_year + years, 1, 1)
    drafts = [draft for name, days in by_name.items() for draft in _of_days(name, days, len(looked_at), last)]
    return sorted(drafts, key=lambda draft: draft.starts_on)


def _of_days(name: str, days: set[date], years: int, last: date) -> Iterator[EntryDraft]:
    fixed = {(day.month, day.day) for day in days}
    if len(days) == years and len(fixed) == 1:
        ((month, number),) = fixed
        yield EntryDraft(name=name, repeats=Repeat.YEARLY, starts_on=min(days), day=number, month=month)
        return
    for day in sorted(days):
        if day < last:
            yield EntryDraft(name=f"{name} {day.year}", repeats=Repeat.NEVER, starts_on=day)


def calendar_holidays(content: bytes, *, zone: tzinfo, first_year: int, years: int) -> list[EntryDraft]:
    """Give the events of an iCalendar file that fall into these years; `zone` is that of the holiday list.

    Yearly events on a fixed date repeat for ever, all others are given day by day. Raises ValidationFailed for what is
    no calendar, too large, or repeats in a way that is no holiday's.
    """
    from icalendar import Calendar
    from icalendar.error import BrokenCalendarProperty

    if len(content) > LARGEST_FILE:
        raise _refused(_("The file is too large: at most 1 MB."), "too_large")
    try:
        calendars = Calendar.from_ical(_text_of(content), multiple=True)
        events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise _refused(_("This is no iCalendar file."), "no_calendar") from error
    if not events:
        raise _refused(_("This file contains no events."), "no_events")
    begin, end = datetime(first_year, 1, 1), datetime(first_year + years, 1, 1)  # noqa: DTZ001 -- on the list's clock
    found: list[EntryDraft] = []
    patience = _Patience(MOST_STEPS)
    moved = _moved(events)
    for event in events:
        try:
            found += _of_event(event, zone, begin, end, moved, patience)
        except (BrokenCalendarProperty, AttributeError, OverflowError, TypeError, ValueError) as error:
            message = _("The event “%(name)s” cannot be read.") % {"name": _name_of(event)[:100]}
            raise _refused(message, "bad_event") from error
        if len(found) > MOST_ENTRIES:
            message = _("The file contains more than %(count)d holidays.") % {"count": MOST_ENTRIES}
            raise _refused(message, "too_many")
    return found


def _text_of(content: bytes) -> str:
    """Give the text: UTF-8, UTF-16 where the file says so, else what programs of the West wrote before."""
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


class _Patience:
    """How many more steps the rules of a file may take."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def step(self) -> None:
        """Take one. Raises ValidationFailed when the file has taken too many."""
        self.steps -= 1
        if self.steps < 0:
            raise _refused(_("The events of this file repeat too often, or never come."), "repeats_too_often")


class _Interval(int):
    """The interval of a rule, by which the library goes on: also past all the years in which nothing comes."""

    patience: _Patience

    def __radd__(self, other: int) -> int:
        self.patience.step()
        return other + int(self)

    def __mul__(self, other: int) -> int:
        self.patience.step()
        return int(self) * other


def _moved(events: list[Any]) -> dict[str, list[Any]]:
    """Give the days, by the name of the event, on which a repeated event was changed by another one."""
    found: dict[str, list[Any]] = defaultdict(list)
    for event in events:
        if event.get("RECURRENCE-ID") is not None:
            found[str(event.get("UID", ""))].append(event["RECURRENCE-ID"])
    return found


def _of_event(
    event: Any, zone: tzinfo, begin: datetime, end: datetime, moved: dict[str, list[Any]], patience: _Patience
) -> list[EntryDraft]:
    if event.get("DTSTART") is None or str(event.get("STATUS", "")).upper() == "CANCELLED":
        return []
    name = _name_of(event)
    value = _value_of(event["DTSTART"])
    is_all_day = not isinstance(value, datetime)
    start = _on_clock(value, zone)
    length = _length(event, start, zone, is_all_day=is_all_day)
    rule = event.get("RRULE")
    if rule is not None:
        _check_comes_by_days(rule, name)
    changed = moved.get(str(event.get("UID", "")), []) if event.get("RECURRENCE-ID") is None else []
    added, left_out = _listed(event, "RDATE"), [*_listed(event, "EXDATE"), *changed]
    is_the_same_every_year = rule is not None and _is_fixed_date(rule) and not added and not left_out
    if is_the_same_every_year and is_all_day and length <= timedelta(days=1):
        # Calendars write 1601 or 1604 for birthdays and the like whose first year nobody knows.
        first = start.date() if start.year >= FIRST_YEAR else date(FIRST_LEAP_YEAR, start.month, start.day)
        return [EntryDraft(name=name, repeats=Repeat.YEARLY, starts_on=first, day=start.day, month=start.month)]
    days = [start] if rule is None else _repeated(rule, start, zone, begin, end, patience)
    days += [_on_clock(one.dt, zone) for one in added if isinstance(one.dt, date)]
    excluded = {_on_clock(_value_of(one), zone) for one in left_out}
    wanted = (day for day in dict.fromkeys(days) if begin <= day + length and day < end and day not in excluded)
    return [draft for day in wanted for draft in _days_of(name, day, length, begin, end, is_all_day=is_all_day)]


def _name_of(event: Any) -> str:
    """Give the name of an event, the first where it has several."""
    name = event.get("SUMMARY", "")
    return str(name[0] if isinstance(name, list) else name).strip() or str(_("Holiday"))


def _is_fixed_date(rule: Any) -> bool:
    """Whether a rule says nothing but "every year"."""
    said = {str(key).upper(): [str(one).upper() for one in values] for key, values in rule.items()}
    return said.pop("FREQ", []) == ["YEARLY"] and said.pop("INTERVAL", ["1"]) == ["1"] and not said


def _check_comes_by_days(rule: Any, name: str) -> None:
    said = {str(key).upper() for key in rule}
    if _WITHIN_A_DAY & said or {str(one).upper() for one in rule.get("FREQ", [])} - _FREQUENCIES:
        message = _("The event “%(name)s” repeats within a day: holidays do not.") % {"name": name[:100]}
        raise _refused(message, "repeats_too_often")


def _repeated(
    rule: Any, start: datetime, zone: tzinfo, begin: datetime, end: datetime, patience: _Patience
) -> list[datetime]:
    parts = [part for part in rule.to_ical().decode().split(";") if not part.upper().startswith("UNTIL=")]
    last = min([end, *(_on_clock(one, zone) + timedelta(days=1) for one in rule.get("UNTIL", []))])
    if last <= begin:
        return []
    if "COUNT" not in {str(key).upper() for key in rule}:
        parts.append(f"UNTIL={last:%Y%m%dT%H%M%S}")
    interval = _Interval(max(1, *(int(one) for one in rule.get("INTERVAL", [1])), 1))
    interval.patience = patience
    times: Any = rrulestr(";".join(parts), dtstart=start)
    found = takewhile(lambda day: day < last, times.replace(interval=interval).xafter(begin, inc=True))
    return list(islice(found, MOST_ENTRIES + 1))


def _listed(event: Any, name: str) -> list[Any]:
    value = event.get(name)
    properties = value if isinstance(value, list) else [value] if value is not None else []
    return [one for each in properties for one in each.dts]


def _length(event: Any, start: datetime, zone: tzinfo, *, is_all_day: bool) -> timedelta:
    if event.get("DTEND") is not None:
        return max(_on_clock(_value_of(event["DTEND"]), zone) - start, timedelta(0))
    if event.get("DURATION") is not None:
        duration: timedelta = event["DURATION"].dt
        return max(timedelta(0), duration)
    return timedelta(days=1 if is_all_day else 0)


def _days_of(
    name: str, start: datetime, length: timedelta, begin: datetime, end: datetime, *, is_all_day: bool
) -> Iterator[EntryDraft]:
    """Give an entry for each day of an event between `begin` and `end`; at most a year of them."""
    stop = start + (max(length, timedelta(days=1)) if is_all_day else length)
    first, last = max(start, begin), min(stop, end, max(start, begin) + timedelta(days=366))
    day = first.date()
    while datetime.combine(day, time()) < last:
        opens = first.time() if day == first.date() else time()
        closes = last.time() if day == last.date() else time(23, 59, 59)
        if opens.replace(second=0) < stored_end(closes):
            yield EntryDraft(
                name=f"{name} {day.isoformat()}", repeats=Repeat.NEVER, starts_on=day, starts_at=opens, ends_at=closes
            )
        day += timedelta(days=1)


def _value_of(moment: Any) -> Any:
    """Give the day or time that a property holds; a day is none of any zone, whatever the file says of one."""
    is_day = str(moment.params.get("VALUE", "")).upper() == "DATE"
    return moment.dt.date() if is_day and isinstance(moment.dt, datetime) else moment.dt


def _on_clock(value: date | datetime, zone: tzinfo) -> datetime:
    """Give what the clock of the zone shows; a time without zone is one of that clock."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time())
    return value.astimezone(zone).replace(tzinfo=None) if value.tzinfo is not None else value


def _language(country: str) -> str | None:
    """Give the language of the names: the current one where the library has it, else the country's own."""
    import holidays

    known = holidays.list_localized_countries().get(country, [])
    wanted = (get_language() or "en").replace("-", "_")
    for language in known:
        if language.lower() == wanted.lower() or language.split("_")[0] == wanted.split("_")[0]:
            return str(language)
    return None


def _territories() -> dict[str, str]:
    try:
        locale = Locale.parse((get_language() or "en").replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    return {str(code): str(name) for code, name in locale.territories.items()}


def _refused(message: Any, code: str) -> ValidationFailed:
    return ValidationFailed(message, code=code, field="file")

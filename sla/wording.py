"""Entries of schedules in words."""

from __future__ import annotations

from datetime import time

from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sla.business_hours import Entry, Repeat

WEEKS = {
    1: lazy("first"),
    2: lazy("second"),
    3: lazy("third"),
    4: lazy("fourth"),
    5: lazy("fifth"),
    -1: lazy("last"),
}


def weekday_name(number: int | None) -> str:
    """Give the name of a weekday, Monday 1; '?' for what is none."""
    return str(WEEKDAYS[number - 1]) if number and 1 <= number <= 7 else "?"


def month_name(number: int | None) -> str:
    """Give the name of a month; '?' for what is none."""
    return str(MONTHS[number]) if number and 1 <= number <= 12 else "?"


def days_in_words(entry: Entry) -> str:
    """Say on which days an entry occurs."""
    names = {
        "weekday": weekday_name(entry.day),
        "week": WEEKS.get(entry.week or 0, "?"),
        "month": month_name(entry.month),
        "day": entry.day,
        "date": date_format(entry.starts_on, "DATE_FORMAT"),
    }
    return _text(entry) % names


def _text(entry: Entry) -> str:
    match entry.repeats:
        case Repeat.NEVER:
            return _("Once, on %(date)s")
        case Repeat.DAILY:
            return _("Every day")
        case Repeat.WEEKDAYS:
            return _("Monday to Friday")
        case Repeat.WEEKENDS:
            return _("Saturday and Sunday")
        case Repeat.WEEKLY:
            return _("Every %(weekday)s")
        case Repeat.MONTHLY if entry.week is None:
            return _("Day %(day)s of every month")
        case Repeat.MONTHLY:
            return _("The %(week)s %(weekday)s of every month")
        case _ if entry.week is None:
            return _("Every year on %(day)s %(month)s")
        case _:
            return _("The %(week)s %(weekday)s in %(month)s")


def span_in_words(opens: time, closes: time) -> str:
    """Say from when to when it is open on one day; midnight at the end is 24:00."""
    if opens == closes == time():
        return _("all day")
    end = "24:00" if closes == time() else f"{closes:%H:%M}"
    return f"{opens:%H:%M}–{end}"  # noqa: RUF001 -- a range


def hours_in_words(entry: Entry) -> str:
    """Say from when to when an entry lasts."""
    opens, closes = f"{entry.starts_at:%H:%M}", f"{entry.ends_at:%H:%M}"
    if (opens, closes) == ("00:00", "23:59") and entry.ends_on == entry.starts_on:
        return _("all day")
    if entry.ends_on > entry.starts_on:
        return _("%(opens)s to %(closes)s of the next day") % {"opens": opens, "closes": closes}
    return f"{opens}–{closes}"  # noqa: RUF001 -- a range

"""Dates in the formats that the administrator chose (`date_formats`, `default_locale` …; osticket/config.md §2).

`date_formats` is '' for the short forms of the locale, '24' for those with a clock of 24 hours, 'custom' for the four
ICU patterns in the settings.
"""

from __future__ import annotations

import datetime

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.configuration.selectors import current

DEFAULT_LOCALE = "en_US"


def short_date(moment: datetime.datetime | datetime.date, zone: datetime.tzinfo | None = None) -> str:
    """Give the day, in `zone` or else in the zone of whoever looks: `3/4/26`."""
    settings = current()
    if settings.text("date_formats") == "custom" and settings.text("date_format"):
        return format_date(_local(moment, zone), settings.text("date_format"), locale=_locale())
    return format_date(_local(moment, zone), "short", locale=_locale())


def short_time(moment: datetime.datetime, zone: datetime.tzinfo | None = None) -> str:
    """Give the time of day: `3:30 PM`."""
    settings, local = current(), timezone.localtime(moment, zone)
    kind = settings.text("date_formats")
    if kind == "custom" and settings.text("time_format"):
        return format_time(local.timetz(), settings.text("time_format"), tzinfo=local.tzinfo, locale=_locale())
    if kind == "24":
        return format_time(local.timetz(), "HH:mm", tzinfo=local.tzinfo, locale=_locale())
    return format_time(local.timetz(), "short", tzinfo=local.tzinfo, locale=_locale()).replace("\u202f", " ")


def short_date_and_time(moment: datetime.datetime, zone: datetime.tzinfo | None = None) -> str:
    """Give day and time: `3/4/26 3:30 PM`."""
    settings = current()
    if settings.text("date_formats") == "custom" and settings.text("datetime_format"):
        local = timezone.localtime(moment, zone)
        return format_datetime(local, settings.text("datetime_format"), tzinfo=local.tzinfo, locale=_locale())
    return f"{short_date(moment, zone)} {short_time(moment, zone)}"


def full_date_and_time(moment: datetime.datetime, zone: datetime.tzinfo | None = None) -> str:
    """Give day of the week, day and time: `Wednesday, March 4, 2026 at 3:30 PM`."""
    settings, local = current(), timezone.localtime(moment, zone)
    if settings.text("date_formats") == "custom" and settings.text("daydatetime_format"):
        return format_datetime(local, settings.text("daydatetime_format"), tzinfo=local.tzinfo, locale=_locale())
    day = format_date(local, "full", locale=_locale())
    return _("%(day)s at %(time)s") % {"day": day, "time": short_time(moment, zone)}


def _local(moment: datetime.datetime | datetime.date, zone: datetime.tzinfo | None) -> datetime.date:
    return timezone.localtime(moment, zone) if isinstance(moment, datetime.datetime) else moment


def _locale() -> Locale:
    settings = current()
    for name in (settings.text("default_locale"), settings.text("system_language"), DEFAULT_LOCALE):
        try:
            return Locale.parse(name.replace("-", "_"))
        except (UnknownLocaleError, ValueError):
            continue
    raise AssertionError(DEFAULT_LOCALE)

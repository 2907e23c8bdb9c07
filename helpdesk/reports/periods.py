"""The period of a statistic: whole days in somebody's time zone, as aware moments."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import ValidationFailed

LONGEST_DAYS = 366
"""What a statistic covers at most: its cost grows with the events of the period, not with history."""
EARLIEST, LATEST = dt.date(1990, 1, 1), dt.date(2199, 12, 31)


class Preset(StrEnum):
    """Periods that end today, by their number of days."""

    WEEK = "7"
    MONTH = "30"
    QUARTER = "91"
    YEAR = "365"


LABELS = {
    Preset.WEEK: _("7 days"),
    Preset.MONTH: _("30 days"),
    Preset.QUARTER: _("3 months"),
    Preset.YEAR: _("1 year"),
}


@dataclass(frozen=True)
class Period:
    """From the beginning of one day to the end of another, both included, in a time zone."""

    first: dt.date
    last: dt.date
    zone: dt.tzinfo = dt.UTC

    @property
    def start(self) -> dt.datetime:
        """The first moment."""
        return dt.datetime.combine(self.first, dt.time(), self.zone).astimezone(dt.UTC)

    @property
    def end(self) -> dt.datetime:
        """The last second: osTicket's columns hold no fractions."""
        after = dt.datetime.combine(self.last + dt.timedelta(days=1), dt.time(), self.zone)
        return after.astimezone(dt.UTC) - dt.timedelta(seconds=1)

    @property
    def days(self) -> list[dt.date]:
        """Every day."""
        return [self.first + dt.timedelta(days=number) for number in range((self.last - self.first).days + 1)]

    @property
    def day_starts(self) -> list[dt.datetime]:
        """The first moment of every day."""
        return [dt.datetime.combine(day, dt.time(), self.zone).astimezone(dt.UTC) for day in self.days]


def preset_period(preset: Preset, *, today: dt.date, zone: dt.tzinfo) -> Period:
    """Give the period of so many days that ends today."""
    return Period(today - dt.timedelta(days=int(preset) - 1), today, zone)


def chosen_period(first: dt.date, last: dt.date, *, zone: dt.tzinfo) -> Period:
    """Give the period between two days. Raises ValidationFailed for one that runs backwards or is too long."""
    if last < first:
        raise ValidationFailed(_("The last day lies before the first one."), code="period_backwards", field="last")
    if first < EARLIEST:
        raise ValidationFailed(_("There were no tickets at that time."), code="period_too_early", field="first")
    if last > LATEST:
        raise ValidationFailed(_("This lies too far in the future."), code="period_too_late", field="last")
    if (last - first).days >= LONGEST_DAYS:
        message = _("Choose at most %(days)d days.") % {"days": LONGEST_DAYS}
        raise ValidationFailed(message, code="period_too_long", field="last")
    return Period(first, last, zone)

"""The forms of the pages for schedules: the schedule, an entry, where holidays come from."""

from __future__ import annotations

import json
from datetime import date, time
from typing import Any

from django import forms
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _

from helpdesk.administration import choices
from helpdesk.forms.conditions import Condition, differs, equals
from sla.book import clock_time
from sla.business_hours import Repeat
from sla.constants import ScheduleFlag
from sla.holiday_sources import MOST_YEARS, countries
from sla.models import Schedule, ScheduleEntry
from sla.services import EntryDraft, ScheduleDraft
from sla.services.entries import END_OF_DAY, LONGEST_NAME
from sla.services.schedules import LONGEST_DESCRIPTION, holidays_of
from sla.wording import WEEKS

KINDS = (
    ("weekdays", _("Monday to Friday")),
    ("daily", _("Every day")),
    ("weekends", _("Saturday and Sunday")),
    ("weekly", _("On a day of the week")),
    ("monthly", _("On a day of the month, such as the 15th")),
    ("monthly-week", _("On a weekday of the month, such as the second Friday")),
    ("yearly", _("On a date, every year")),
    ("yearly-week", _("On a weekday of a month, every year, such as the last Monday in May")),
    ("never", _("Once")),
)
"""Kinds of entries: the value of `repeats`, with `-week` where the n-th weekday is meant."""
FIRST_YEAR, LAST_YEAR = 1900, 2100
"""Years in which entries and tickets begin; before and after, days are counted to no end."""
WITH_WEEKDAY = ("weekly", "monthly-week", "yearly-week")


def _only_when(field: forms.Field, condition: Condition) -> None:
    """Let the script of the pages show a field only beside certain values of another one."""
    field.widget.attrs["data-shown-when"] = json.dumps(condition.as_json())


def check_year(value: date) -> None:
    """Raise ValidationError for a day that no ticket of a help desk has."""
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        limits = {"first": FIRST_YEAR, "last": LAST_YEAR}
        raise forms.ValidationError(_("Enter a year from %(first)d to %(last)d."), code="year", params=limits)


class ScheduleForm(forms.Form):
    """What a schedule is called, whose clock it follows, which holidays it observes."""

    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME)
    timezone = forms.CharField(
        label=_("Time zone"),
        required=False,
        max_length=64,
        help_text=_("Such as Europe/Berlin; empty for that of the help desk."),
    )
    description = forms.CharField(
        label=_("Description"), required=False, max_length=LONGEST_DESCRIPTION, widget=forms.Textarea(attrs={"rows": 2})
    )
    holidays = forms.MultipleChoiceField(
        label=_("Holidays"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Lists of days, or hours, on which nobody works."),
    )

    def __init__(self, *args: Any, schedule: Schedule, **kwargs: Any) -> None:
        """Take the schedule, whose kind decides whether there are holidays to choose."""
        self.schedule = schedule
        kwargs["initial"] = texts_of(schedule) if schedule.pk else {}
        super().__init__(*args, **kwargs)
        field: Any = self.fields["holidays"]
        field.choices = choices.holiday_lists(current=kwargs["initial"].get("holidays", ()))
        if not schedule.flags & ScheduleFlag.BUSINESS_HOURS or not field.choices:
            del self.fields["holidays"]

    def draft(self) -> ScheduleDraft:
        """Give what the service takes. A description that nobody changed stays as it is stored, with its HTML."""
        given, stored = self.cleaned_data, self.schedule.description or ""
        is_same = given["description"] == strip_tags(stored)
        return ScheduleDraft(
            name=given["name"],
            is_business_hours=bool(self.schedule.flags & ScheduleFlag.BUSINESS_HOURS),
            timezone=given["timezone"],
            description=stored if is_same else given["description"],
            holidays=[int(one) for one in given.get("holidays", ())],
        )


def texts_of(schedule: Schedule) -> dict[str, Any]:
    """Give what the form of a schedule shows."""
    return {
        "name": schedule.name,
        "timezone": schedule.timezone or "",
        "description": strip_tags(schedule.description or ""),
        "holidays": [str(one) for one in holidays_of(schedule)],
    }


class EntryForm(forms.Form):
    """When people work, or when they do not."""

    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME)
    kind = forms.ChoiceField(label=_("Days"), choices=KINDS)
    week = forms.TypedChoiceField(label=_("Which one"), choices=list(WEEKS.items()), coerce=int, required=False)
    weekday = forms.TypedChoiceField(
        label=_("Weekday"),
        choices=[(number + 1, name) for number, name in WEEKDAYS.items()],
        coerce=int,
        required=False,
    )
    day = forms.IntegerField(label=_("Day of the month"), min_value=1, max_value=31, required=False)
    month = forms.TypedChoiceField(label=_("Month"), choices=list(MONTHS.items()), coerce=int, required=False)
    all_day = forms.BooleanField(label=_("All day"), required=False)
    starts_at = forms.TimeField(
        label=_("From"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    ends_at = forms.TimeField(
        label=_("To"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    ends_next_day = forms.BooleanField(
        label=_("Ends on the next day"), required=False, help_text=_("For shifts over midnight.")
    )
    starts_on = forms.DateField(
        label=_("First day"),
        validators=[check_year],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("It counts from this day on; an entry that counts once counts on this day."),
    )
    stops_on = forms.DateField(
        label=_("Last day"),
        validators=[check_year],
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Empty for ever."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Say which fields belong to which kind of days."""
        super().__init__(*args, **kwargs)
        for name, kinds in {
            "week": ("monthly-week", "yearly-week"),
            "weekday": WITH_WEEKDAY,
            "day": ("monthly", "yearly"),
            "month": ("yearly", "yearly-week"),
        }.items():
            _only_when(self.fields[name], equals("kind", *kinds))
        _only_when(self.fields["stops_on"], differs("kind", "never"))
        for name in ("starts_at", "ends_at", "ends_next_day"):
            _only_when(self.fields[name], differs("all_day", "1"))

    def clean(self) -> dict[str, Any]:
        """Demand the times of an entry that is not all day."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if not given.get("all_day"):
            for name in ("starts_at", "ends_at"):
                if name not in self.errors and given.get(name) is None:
                    self.add_error(name, _("This field is required"))
        return given

    def draft(self) -> EntryDraft:
        """Give what the service takes."""
        given = self.cleaned_data
        repeats, _dash, nth = given["kind"].partition("-")
        is_all_day = given["all_day"]
        return EntryDraft(
            name=given["name"],
            repeats=Repeat(repeats),
            starts_on=given["starts_on"],
            starts_at=time() if is_all_day else given["starts_at"],
            ends_at=END_OF_DAY if is_all_day else given["ends_at"],
            ends_next_day=given["ends_next_day"] and not is_all_day,
            stops_on=given["stops_on"],
            day=(given["weekday"] if given["kind"] in WITH_WEEKDAY else given["day"]) or None,
            week=(given["week"] or None) if nth else None,
            month=given["month"] or None,
        )


def values_of_entry(row: ScheduleEntry) -> dict[str, Any]:
    """Give what the form of an entry shows."""
    is_weekday = row.repeats == Repeat.WEEKLY or bool(row.week)
    stops_on = clock_time(row.stops_on)
    opens, closes = row.starts_at or time(), row.ends_at or END_OF_DAY
    ends_later = bool(row.ends_on and row.starts_on and row.ends_on > row.starts_on)
    return {
        "name": row.name,
        "kind": f"{row.repeats}-week" if row.week else row.repeats,
        "week": row.week or 1,
        "weekday": row.day if is_weekday else 1,
        "day": None if is_weekday else row.day,
        "month": row.month or 1,
        "all_day": (opens, closes) == (time(), END_OF_DAY) and not ends_later,
        "starts_at": opens,
        "ends_at": closes,
        "ends_next_day": ends_later,
        "starts_on": row.starts_on,
        "stops_on": stops_on.date() if stops_on else None,
    }


def values_of_new_entry(today: date, *, is_business_hours: bool) -> dict[str, Any]:
    """Give what the form of a new entry shows: office hours, or a day off."""
    first = date(today.year, 1, 1)
    if not is_business_hours:
        return {"kind": "yearly", "all_day": True, "starts_on": first, "day": 1, "month": 1, "week": 1, "weekday": 1}
    hours = {"starts_at": time(8), "ends_at": time(17)}
    return {"kind": "weekdays", "starts_on": first, "week": 1, "weekday": 1, "month": 1, **hours}


class PublicHolidaysForm(forms.Form):
    """Public holidays of a country."""

    country = forms.ChoiceField(label=_("Country"))
    region = forms.CharField(
        label=_("Region"),
        required=False,
        max_length=10,
        help_text=_("Its code, such as BY for Bavaria or CA for California; empty for what holds in all of them."),
    )
    first_year = forms.IntegerField(label=_("From the year"), min_value=1990, max_value=2100)
    years = forms.IntegerField(
        label=_("Years"),
        min_value=1,
        max_value=MOST_YEARS,
        initial=3,
        help_text=_("Days of a fixed date are entered once, for ever; days that move once for each of these years."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the countries."""
        super().__init__(*args, **kwargs)
        field: Any = self.fields["country"]
        field.choices = [("", _("— choose a country —")), *countries()]


class CalendarForm(forms.Form):
    """Events of an iCalendar file."""

    file = forms.FileField(label=_("iCalendar file"), help_text=_("A file that ends in .ics, of at most 1 MB."))
    first_year = forms.IntegerField(label=_("From the year"), min_value=1990, max_value=2100)
    years = forms.IntegerField(label=_("Years"), min_value=1, max_value=MOST_YEARS, initial=3)

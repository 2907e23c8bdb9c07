"""What an agent chooses on the statistics page."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import ValidationFailed
from helpdesk.reports.periods import LABELS, Period, Preset, chosen_period, preset_period
from helpdesk.reports.statistics import Group

OWN_DAYS = "own"
GROUPS = {Group.DEPARTMENT: _("Department"), Group.TOPIC: _("Help Topic"), Group.AGENT: _("Agent")}


class StatisticsForm(forms.Form):
    """Period and grouping; what is missing is the last 30 days, by department."""

    period = forms.ChoiceField(
        label=_("Period"), choices=[*LABELS.items(), (OWN_DAYS, _("from … to …"))], required=False
    )
    first = forms.DateField(label=_("From"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    last = forms.DateField(label=_("To"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    group = forms.ChoiceField(choices=list(GROUPS.items()), required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, today: dt.date, zone: dt.tzinfo) -> None:
        """Take what the page asked for, and the viewer's day and zone."""
        self.today, self.zone = today, zone
        defaults = preset_period(Preset.MONTH, today=today, zone=zone)
        given = {name: data[name] for name in self.base_fields if data.get(name)}
        super().__init__(
            {
                "period": OWN_DAYS if {"first", "last"} & given.keys() and "period" not in given else Preset.MONTH,
                "group": Group.DEPARTMENT,
                "first": defaults.first.isoformat(),
                "last": today.isoformat(),
                **given,
            }
        )

    def clean(self) -> dict[str, Any]:
        """Work out the period; a wrong one is told at its field."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("period") != OWN_DAYS:
            return cleaned
        for name in ("first", "last"):
            if name not in self.errors and cleaned.get(name) is None:
                self.add_error(name, _("This field is required."))
        if not self.errors:
            try:
                chosen_period(cleaned["first"], cleaned["last"], zone=self.zone)
            except ValidationFailed as refusal:
                self.add_error(refusal.field, str(refusal))
        return cleaned

    @property
    def group_chosen(self) -> Group:
        """What the table is grouped by; departments while the choice is wrong."""
        return Group(self.cleaned_data.get("group") or Group.DEPARTMENT)

    @property
    def period_chosen(self) -> Period:
        """The period; the last 30 days while the choice is wrong."""
        if self.errors:
            return preset_period(Preset.MONTH, today=self.today, zone=self.zone)
        if self.cleaned_data["period"] == OWN_DAYS:
            return chosen_period(self.cleaned_data["first"], self.cleaned_data["last"], zone=self.zone)
        return preset_period(Preset(self.cleaned_data["period"]), today=self.today, zone=self.zone)

    def query(self, **changes: str) -> dict[str, str]:
        """Give the parameters of a link to the same period, with changes."""
        period = self.data["period"]
        own = {"first": self.data["first"], "last": self.data["last"]} if period == OWN_DAYS else {}
        return {"period": period, **own, "group": self.data["group"], **changes}

"""`/admin/due-dates/`: what would be due when, by both ways of counting, with the hours that were counted."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from django import forms
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from helpdesk.accounts.gate import AgentRequest
from helpdesk.administration import choices
from helpdesk.administration.schedule_forms import check_year
from helpdesk.administration.site import site
from helpdesk.people.models import Department
from sla.book import book, zone_of
from sla.calculators import CALCULATORS, EXACT, OSTICKET, Calculation, Outcome
from sla.constants import SlaFlag
from sla.due_dates import calculate, chosen_calculator, schedule_for

MOST_STEPS = 60
NAMES = {OSTICKET: _("As osTicket counts"), EXACT: _("Exactly")}
OUTCOMES = {
    Outcome.AT_ONCE: _("The plan allows no hours."),
    Outcome.ELAPSED: _("There are no business hours: the hours of the clock count."),
    Outcome.WORKED: _("The working hours were counted."),
    Outcome.RAN_OUT: _("osTicket found no working day within three days, and left the missing hours out."),
    Outcome.NEVER: _("The hours never come together: such tickets have no due date."),
}


class DueDateForm(forms.Form):
    """A ticket as far as its due date is concerned."""

    plan = forms.TypedChoiceField(label=_("SLA plan"), coerce=int)
    department = forms.TypedChoiceField(label=_("Department"), coerce=int)
    start = forms.DateTimeField(
        label=_("Opened or reopened at"),
        validators=[check_year],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("By the clock of the help desk."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer plans and departments."""
        super().__init__(*args, **kwargs)
        for name, offered in (("plan", choices.sla_plans), ("department", choices.departments)):
            field: Any = self.fields[name]
            field.choices = offered(none=None)


@require_safe
def due_date_page(request: AgentRequest) -> HttpResponse:
    """Show the form and, once it is filled in, both due dates. It reads only, so its address can be kept."""
    zone = zone_of(None)
    is_asked = "plan" in request.GET
    with timezone.override(zone):
        initial = {"start": timezone.localtime().replace(second=0, microsecond=0)}
        form = DueDateForm(request.GET if is_asked else None, initial=initial)
        answer = _answer(form.cleaned_data, zone) if is_asked and form.is_valid() else None
        context = site.page_context(request, title=_("Due dates"), form=form, answer=answer, zone=str(zone))
        return TemplateResponse(request, "administration/schedules/due_dates.html", context).render()


def _answer(asked: dict[str, Any], zone: tzinfo) -> dict[str, Any]:
    plan = book().plans[asked["plan"]]
    department = Department.objects.get(pk=asked["department"])
    schedule = schedule_for(plan.pk, schedule_id=department.schedule_id)
    chosen = chosen_calculator()
    found = []
    for name in CALCULATORS:
        calculation = calculate(plan.pk, schedule_id=department.schedule_id, start=asked["start"], calculator=name)
        if calculation is not None:
            found.append(_shown(name, calculation, is_chosen=name == chosen))
    return {
        "plan": plan,
        "is_active": bool(plan.flags & SlaFlag.ACTIVE),
        "schedule": schedule,
        "place": _place(department, plan, schedule),
        "zone": str(zone_of(schedule.zone_name)) if schedule is not None else "",
        "found": found,
        "differ": len({one["due"] for one in found}) > 1,
    }


def _place(department: Department, plan: Any, schedule: Any) -> Any:
    """Say why this schedule counts."""
    if schedule is None:
        return ""
    if department.schedule_id == schedule.id:
        return _("of the department")
    return _("of the SLA plan") if plan.schedule_id == schedule.id else _("of the help desk")


def _shown(name: str, calculation: Calculation, *, is_chosen: bool) -> dict[str, Any]:
    steps = [
        {"day": step.day, "entry": step.entry, "note": step.note, "hours": _hours(step.seconds)}
        for step in calculation.steps[:MOST_STEPS]
    ]
    return {
        "name": NAMES[name],
        "due": calculation.due,
        "outcome": OUTCOMES[calculation.outcome],
        "steps": steps,
        "left_out": max(0, len(calculation.steps) - MOST_STEPS),
        "is_chosen": is_chosen,
    }


def _hours(seconds: int) -> str:
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    text = f"{sign}{seconds // 3600}:{seconds // 60 % 60:02d}"
    return f"{text}:{seconds % 60:02d}" if seconds % 60 else text


site.add_page("due-dates/", due_date_page, name="due_dates")

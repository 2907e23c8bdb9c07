"""`/admin/schedules/`: business hours and holidays, with the days ahead (osticket/sla.md §2)."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from helpdesk.accounts.gate import AgentRequest
from helpdesk.administration.form_pages import add_refusal
from helpdesk.administration.schedule_forms import (
    CalendarForm,
    EntryForm,
    PublicHolidaysForm,
    ScheduleForm,
    texts_of,
    values_of_entry,
    values_of_new_entry,
)
from helpdesk.administration.site import site
from helpdesk.audit.meanwhile import Guard
from helpdesk.legacy.errors import DomainError
from helpdesk.legacy.ids import id_in
from sla.book import book, entry_of, zone_of
from sla.constants import ScheduleFlag
from sla.holiday_sources import LARGEST_FILE, calendar_holidays, public_holidays
from sla.models import Schedule, ScheduleEntry
from sla.selectors import days_ahead, next_days, problems_of, users_of, zone_name_of
from sla.services import add_entries, delete_entry, delete_schedule, store_entry, store_schedule
from sla.wording import days_in_words, hours_in_words

KINDS = {"hours": ScheduleFlag.BUSINESS_HOURS, "holidays": ScheduleFlag(0)}
NEXT_DAYS = 8


@require_safe
def schedule_list(request: AgentRequest) -> HttpResponse:
    """Show business hours first, then lists of holidays."""
    entries: dict[int, list[ScheduleEntry]] = {}
    for entry in ScheduleEntry.objects.order_by("id"):
        entries.setdefault(entry.schedule_id or 0, []).append(entry)
    today = timezone.localdate()
    rows = [
        {
            "schedule": schedule,
            "is_business_hours": bool(schedule.flags & ScheduleFlag.BUSINESS_HOURS),
            "zone": zone_name_of(schedule),
            "entries": len(entries.get(schedule.pk, ())),
            "problems": problems_of(schedule, entries.get(schedule.pk, []), today),
        }
        for schedule in Schedule.objects.order_by("name", "id")
    ]
    rows.sort(key=lambda row: not row["is_business_hours"])
    context = site.page_context(request, title=_("Schedules"), rows=rows)
    return TemplateResponse(request, "administration/schedules/list.html", context)


def schedule_add(request: AgentRequest, kind: str) -> HttpResponse:
    """Make a schedule, of business hours or of holidays."""
    form = ScheduleForm(request.POST or None, schedule=Schedule(flags=KINDS[kind]))
    if request.method == "POST" and form.is_valid():
        try:
            made = store_schedule(form.draft(), actor=request.actor)
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Now add entries: without any it does nothing."))
            return HttpResponseRedirect(reverse("admin:schedule", args=[made.pk]))
    title = _("New business hours") if kind == "hours" else _("New list of holidays")
    context = site.page_context(request, title=title, form=form)
    return TemplateResponse(request, "administration/schedules/add.html", context)


def schedule_page(request: AgentRequest, schedule_id: int) -> HttpResponse:
    """Show a schedule with its entries; every button posts an `action`."""
    schedule = get_object_or_404(Schedule, pk=schedule_id)
    action, _dash, argument = request.POST.get("action", "").partition("-")
    shown = _forms_of(request, schedule, action)
    form = shown.get(action)
    guard = Guard(request.POST if action == "texts" else {}, schedule, texts_of)
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            with guard.saving() if action == "texts" else nullcontext():
                return _act(request, schedule, action, argument, form)
        except DomainError as error:
            if form is not None:
                add_refusal(form, error)
            else:
                messages.error(request, str(error.message))
    facts = _facts_of(schedule)
    context = site.page_context(request, title=schedule.name, schedule=schedule, forms=shown, guard=guard, **facts)
    return TemplateResponse(request, "administration/schedules/schedule.html", context)


def _forms_of(request: AgentRequest, schedule: Schedule, action: str) -> dict[str, forms.Form]:
    """Give the forms of the page by the actions of their buttons; one of them has the input."""

    def data(name: str) -> Any:
        return request.POST if action == name else None

    year = {"first_year": timezone.localdate().year, "years": 3}
    found: dict[str, forms.Form] = {"texts": ScheduleForm(data("texts"), schedule=schedule)}
    if not schedule.flags & ScheduleFlag.BUSINESS_HOURS:
        found["public"] = PublicHolidaysForm(data("public"), initial=year, prefix="public")
        files = request.FILES if action == "calendar" else None
        found["calendar"] = CalendarForm(data("calendar"), files, initial=year, prefix="calendar")
    return found


def _facts_of(schedule: Schedule) -> dict[str, Any]:
    today, is_business_hours = timezone.localdate(), bool(schedule.flags & ScheduleFlag.BUSINESS_HOURS)
    rows = list(schedule.entries.order_by("sort", "id"))
    known = book().schedules.get(schedule.pk)
    return {
        "is_business_hours": is_business_hours,
        "zone": zone_name_of(schedule),
        "rows": [_row(row, today) for row in rows],
        "problems": problems_of(schedule, sorted(rows, key=lambda row: row.pk), today),
        "users": users_of(schedule),
        "ahead": days_ahead(known, timezone.now()) if known is not None and is_business_hours and rows else [],
    }


def _row(row: ScheduleEntry, today: Any) -> dict[str, Any]:
    entry = entry_of(row)
    following = next_days(entry, today, 1) if entry is not None else []
    return {
        "row": row,
        "days": days_in_words(entry) if entry is not None else _("incomplete"),
        "hours": hours_in_words(entry) if entry is not None else "",
        "next": following[0] if following else None,
    }


def _act(
    request: AgentRequest, schedule: Schedule, action: str, argument: str, form: forms.Form | None
) -> HttpResponse:
    here = reverse("admin:schedule", args=[schedule.pk])
    if isinstance(form, ScheduleForm):
        store_schedule(form.draft(), actor=request.actor, schedule=schedule)
        messages.success(request, _("The schedule has been saved. Due dates of present tickets stay as they are."))
    elif isinstance(form, PublicHolidaysForm):
        given = form.cleaned_data
        drafts = public_holidays(
            given["country"], given["region"].strip().upper(), first_year=given["first_year"], years=given["years"]
        )
        _tell(request, add_entries(schedule, drafts, actor=request.actor), len(drafts))
    elif isinstance(form, CalendarForm):
        given = form.cleaned_data
        zone = zone_of(schedule.timezone)
        content = given["file"].read(LARGEST_FILE + 1)
        drafts = calendar_holidays(content, zone=zone, first_year=given["first_year"], years=given["years"])
        _tell(request, add_entries(schedule, drafts, actor=request.actor), len(drafts))
    elif action == "remove":
        delete_entry(get_object_or_404(schedule.entries, pk=id_in(argument)), actor=request.actor)
        messages.success(request, _("The entry has been removed."))
    elif action == "delete":
        delete_schedule(schedule, actor=request.actor)
        messages.success(request, _("The schedule has been deleted."))
        here = reverse("admin:schedules")
    return HttpResponseRedirect(here)


def _tell(request: AgentRequest, added: int, found: int) -> None:
    message = ngettext("%(added)d holiday added", "%(added)d holidays added", added) % {"added": added}
    present = found - added
    known = ngettext("%(present)d was there already.", "%(present)d were there already.", present)
    messages.success(request, f"{message}; {known % {'present': present}}")


def entry_add(request: AgentRequest, schedule_id: int) -> HttpResponse:
    """Make an entry."""
    return _edit_entry(request, get_object_or_404(Schedule, pk=schedule_id), None)


def entry_page(request: AgentRequest, entry_id: int) -> HttpResponse:
    """Change an entry."""
    entry = get_object_or_404(ScheduleEntry, pk=entry_id)
    return _edit_entry(request, get_object_or_404(Schedule, pk=entry.schedule_id or 0), entry)


def _edit_entry(request: AgentRequest, schedule: Schedule, entry: ScheduleEntry | None) -> HttpResponse:
    """Show the form; “Preview” tells the next days without saving anything."""
    today, is_business_hours = timezone.localdate(), bool(schedule.flags & ScheduleFlag.BUSINESS_HOURS)
    initial = values_of_entry(entry) if entry else values_of_new_entry(today, is_business_hours=is_business_hours)
    form = EntryForm(request.POST if request.method == "POST" else None, initial=initial)
    guard = Guard(request.POST, entry, values_of_entry)
    preview: dict[str, Any] | None = None
    if request.method == "POST" and form.is_valid():
        try:
            if request.POST.get("action") == "preview":
                shown = form.draft().checked().as_entry()
                preview = {
                    "days": days_in_words(shown),
                    "hours": hours_in_words(shown),
                    "next": next_days(shown, today, NEXT_DAYS),
                }
            else:
                with guard.saving():
                    store_entry(schedule, form.draft(), actor=request.actor, entry=entry)
                messages.success(request, _("The entry has been saved."))
                return HttpResponseRedirect(reverse("admin:schedule", args=[schedule.pk]))
        except DomainError as error:
            add_refusal(form, error)
    title = entry.name if entry else _("New entry")
    context = site.page_context(request, title=title, schedule=schedule, form=form, preview=preview, guard=guard)
    return TemplateResponse(request, "administration/schedules/entry.html", context)


site.add_page("schedules/", schedule_list, name="schedules")
site.add_page("schedules/add/hours/", lambda request: schedule_add(request, "hours"), name="schedule_add")
site.add_page("schedules/add/holidays/", lambda request: schedule_add(request, "holidays"), name="holidays_add")
site.add_page("schedules/<int:schedule_id>/", schedule_page, name="schedule")
site.add_page("schedules/<int:schedule_id>/entries/add/", entry_add, name="schedule_entry_add")
site.add_page("schedules/entries/<int:entry_id>/", entry_page, name="schedule_entry")

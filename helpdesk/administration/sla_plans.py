"""SLA plans: how many hours until a ticket is due, on whose schedule."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.administration import choices
from helpdesk.administration.forms import ServiceForm
from helpdesk.administration.model_admin import ServiceAdmin
from helpdesk.administration.names import call
from helpdesk.administration.roles import EnabledFilter
from helpdesk.administration.site import site
from helpdesk.audit.services import ObjectType
from helpdesk.people.actor import Actor
from sla.constants import SlaFlag
from sla.models import Schedule, SlaPlan
from sla.services import PlanDraft, delete_plan, store_plan
from sla.services.plans import LONGEST_GRACE, LONGEST_NAME

call(SlaPlan, _("SLA plan"), _("SLA plans"), grace_period=_("hours"), schedule=_("business hours"))


class SlaPlanForm(ServiceForm):
    """Everything that can be said about a plan."""

    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME)
    grace_period = forms.IntegerField(
        label=_("Hours"),
        min_value=1,
        max_value=LONGEST_GRACE,
        help_text=_("Working hours until a ticket is due, from its opening or last reopening."),
    )
    schedule = forms.ChoiceField(
        label=_("Business hours"),
        required=False,
        help_text=_("Those of the ticket's department count more, those of the help desk less."),
    )
    is_active = forms.BooleanField(
        label=_("Active"), required=False, help_text=_("Tickets with a plan that is not active have no due date.")
    )
    is_transient = forms.BooleanField(
        label=_("Transient"), required=False, help_text=_("A new department or topic may replace it.")
    )
    has_alerts = forms.BooleanField(
        label=_("Alerts"), required=False, help_text=_("Agents are told when a ticket becomes overdue.")
    )
    notes = forms.CharField(label=_("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def initial_values(self, row: SlaPlan) -> dict[str, Any]:
        """Read the row."""
        return {
            "name": row.name,
            "grace_period": row.grace_period or "",
            "schedule": row.schedule_id or 0,
            "is_active": bool(SlaFlag.ACTIVE & row.flags),
            "is_transient": bool(SlaFlag.TRANSIENT & row.flags),
            "has_alerts": not SlaFlag.NO_ALERTS & row.flags,
            "notes": strip_tags(row.notes or ""),
        }

    def prepare(self, row: SlaPlan) -> None:
        """Offer the schedules."""
        none = str(_("— of the department or the help desk —"))
        self.choose("schedule", choices.schedules(none=none, current=row.schedule_id))

    def perform(self, actor: Actor) -> SlaPlan:
        """Store the plan. Notes that nobody changed stay as they are stored, with their HTML."""
        data, plan = self.cleaned_data, self.instance if self.instance.pk else None
        notes = data["notes"]
        if plan is not None and notes == strip_tags(plan.notes or ""):
            notes = plan.notes or ""
        draft = PlanDraft(
            name=data["name"],
            grace_period=data["grace_period"],
            schedule_id=self.number("schedule"),
            is_active=data["is_active"],
            is_transient=data["is_transient"],
            has_alerts=data["has_alerts"],
            notes=notes,
        )
        return store_plan(draft, actor=actor, plan=plan)


class ActiveFilter(EnabledFilter):
    """Active or not."""

    title = _("active")
    flag = SlaFlag.ACTIVE


@admin.register(SlaPlan, site=site)
class SlaPlanAdmin(ServiceAdmin):
    """SLA plans."""

    form = SlaPlanForm
    object_type = ObjectType.SLA_PLAN
    list_display = ("shown_name", "grace_period", "shown_schedule", "is_active", "has_alerts", "is_default")
    list_filter = (ActiveFilter,)
    list_select_related = ("schedule",)
    search_fields = ("name", "notes")
    ordering = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "grace_period", "schedule", "is_active")}),
        (_("Rules"), {"fields": ("is_transient", "has_alerts")}),
        (_("Internal"), {"fields": ("notes",)}),
    )

    @admin.display(description=_("SLA plan"), ordering="name")
    def shown_name(self, row: SlaPlan) -> str:
        """Give the name, or the number where there is none."""
        return row.name or f"({row.pk})"

    @admin.display(description=_("Business hours"))
    def shown_schedule(self, row: SlaPlan) -> str:
        """Give the name; a schedule that is gone by its number."""
        schedule: Schedule | None = row.schedule
        if schedule is None:
            return f"({row.schedule_id}?)" if row.schedule_id else ""
        return schedule.name

    @admin.display(description=_("Active"), boolean=True)
    def is_active(self, row: SlaPlan) -> bool:
        """Give the bit."""
        return bool(SlaFlag.ACTIVE & row.flags)

    @admin.display(description=_("Alerts"), boolean=True)
    def has_alerts(self, row: SlaPlan) -> bool:
        """Give the opposite of the bit."""
        return not SlaFlag.NO_ALERTS & row.flags

    @admin.display(description=_("Default"))
    def is_default(self, row: SlaPlan) -> str:
        """Mark the plan of tickets that get no other."""
        return str(_("default")) if configuration.current().integer("default_sla_id") == row.pk else ""

    def perform_deletion(self, obj: SlaPlan, actor: Actor) -> None:
        """Delete the plan."""
        delete_plan(obj, actor=actor)

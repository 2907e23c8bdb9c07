"""Departments: the tree, who manages them, what they inherit and how tickets in them behave."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from helpdesk.administration import choices
from helpdesk.administration.forms import ServiceForm
from helpdesk.administration.model_admin import ServiceAdmin
from helpdesk.administration.site import site
from helpdesk.audit.services import ObjectType
from helpdesk.people.actor import Actor
from helpdesk.people.constants import AlertMembership, DepartmentFlag
from helpdesk.people.models import Agent, Department
from helpdesk.people.selectors import department_names
from helpdesk.people.services import DepartmentDraft, delete_department, store_department

ACTIVE, ARCHIVED, DISABLED = "active", "archived", "disabled"
STATES = ((ACTIVE, _("Active")), (DISABLED, _("Disabled")), (ARCHIVED, _("Archived")))
RULES = {
    "assign_members_only": DepartmentFlag.ASSIGN_MEMBERS_ONLY,
    "assign_primary_only": DepartmentFlag.ASSIGN_PRIMARY_ONLY,
    "disable_auto_claim": DepartmentFlag.DISABLE_AUTO_CLAIM,
    "disable_reopen_auto_assign": DepartmentFlag.DISABLE_REOPEN_AUTO_ASSIGN,
}
"""Field to bit."""
REFERENCES = {
    "sla": ("sla_id", choices.sla_plans),
    "schedule": ("schedule_id", choices.schedules),
    "email": ("email_id", choices.addresses),
    "autoresp_email": ("autoresp_email_id", choices.addresses),
    "templates": ("tpl_id", choices.template_sets),
}
"""Field to column and to what may be chosen."""


def state_of(flags: int) -> str:
    """Say whether a department is in use."""
    if DepartmentFlag.ACTIVE & flags:
        return ACTIVE
    return ARCHIVED if DepartmentFlag.ARCHIVED & flags else DISABLED


class DepartmentForm(ServiceForm):
    """Everything that can be said about a department."""

    FIELDS_BY_NAME = {"group_membership": "alerts"}

    name = forms.CharField(label=_("Name"), max_length=128)
    parent = forms.ChoiceField(label=_("Part of"), required=False)
    state = forms.ChoiceField(
        label=_("State"),
        choices=STATES,
        help_text=_("Only active departments receive tickets. Archived ones are hidden, their tickets stay."),
    )
    ispublic = forms.BooleanField(
        label=_("Public"), required=False, help_text=_("Users see its name, and agents may sign with its signature.")
    )
    manager = forms.ChoiceField(
        label=_("Manager"), required=False, help_text=_("Sees all its tickets, may release and mark them.")
    )
    sla = forms.ChoiceField(label=_("SLA plan"), required=False)
    schedule = forms.ChoiceField(label=_("Business hours"), required=False)
    email = forms.ChoiceField(label=_("Outgoing address"), required=False)
    templates = forms.ChoiceField(label=_("Mail templates"), required=False)
    autoresp_email = forms.ChoiceField(label=_("Address of automatic answers"), required=False)
    ticket_auto_response = forms.BooleanField(
        label=_("Confirm new tickets"), required=False, help_text=_("Users get an automatic answer to a new ticket.")
    )
    message_auto_response = forms.BooleanField(
        label=_("Confirm messages"), required=False, help_text=_("Users get an automatic answer to a further message.")
    )
    alerts = forms.TypedChoiceField(label=_("Alerts go to"), choices=AlertMembership.choices, coerce=int)
    assign_members_only = forms.BooleanField(
        label=_("Assign to members only"), required=False, help_text=_("Primary and extended members, and the manager.")
    )
    assign_primary_only = forms.BooleanField(
        label=_("Assign to primary members only"), required=False, help_text=_("Counts more than the rule above.")
    )
    disable_auto_claim = forms.BooleanField(
        label=_("No claim by reply"), required=False, help_text=_("Replying to an unassigned ticket does not claim it.")
    )
    disable_reopen_auto_assign = forms.BooleanField(
        label=_("No assignment on reopening"),
        required=False,
        help_text=_("A reopened ticket does not go back to the agent who closed it."),
    )
    signature = forms.CharField(
        label=_("Signature"), required=False, widget=forms.Textarea(attrs={"rows": 5}), help_text=_("HTML is allowed.")
    )

    def initial_values(self, row: Department) -> dict[str, Any]:
        """Read the row; a new department starts as osTicket's does."""
        is_new = row.pk is None
        return {
            "name": row.name,
            "parent": row.parent_id or 0,
            "state": ACTIVE if is_new else state_of(row.flags),
            "ispublic": row.ispublic,
            "manager": row.manager_id or 0,
            "ticket_auto_response": row.ticket_auto_response,
            "message_auto_response": True if is_new else row.message_auto_response,
            "alerts": row.group_membership,
            "signature": row.signature,
            **{field: getattr(row, column) for field, (column, _offered) in REFERENCES.items()},
            **{field: bool(flag & row.flags) for field, flag in RULES.items()},
        }

    def prepare(self, row: Department) -> None:
        """Offer what exists; a department cannot be part of itself or of one below."""
        below = Department.objects.filter(path__contains=f"/{row.pk}/").values_list("pk", flat=True) if row.pk else ()
        top = str(_("— none: at the top —"))
        self.choose("parent", choices.departments(none=top, current=row.parent_id, but=[*below, row.pk or 0]))
        self.choose("manager", choices.agents(none=str(_("— nobody —")), current=row.manager_id))
        default = str(_("— as the help desk —"))
        for field, (column, offered) in REFERENCES.items():
            self.choose(field, offered(none=default, current=getattr(row, column)))

    def perform(self, actor: Actor) -> Department:
        """Store the department."""
        data = self.cleaned_data
        state = {ACTIVE: DepartmentFlag.ACTIVE, ARCHIVED: DepartmentFlag.ARCHIVED}.get(data["state"], DepartmentFlag(0))
        rules = sum((flag for field, flag in RULES.items() if data[field]), DepartmentFlag(0))
        draft = DepartmentDraft(
            name=data["name"],
            parent_id=self.number("parent"),
            manager_id=self.number("manager"),
            flags=state | rules,
            ispublic=data["ispublic"],
            signature=data["signature"],
            group_membership=data["alerts"],
            ticket_auto_response=data["ticket_auto_response"],
            message_auto_response=data["message_auto_response"],
            **{column: self.number(field) for field, (column, _offered) in REFERENCES.items()},
        )
        return store_department(draft, actor=actor, department=self.instance if self.instance.pk else None)


class StateFilter(admin.SimpleListFilter):
    """In use or not."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """Offer the three states."""
        return STATES

    def queryset(self, request: HttpRequest, queryset: QuerySet[Department]) -> QuerySet[Department]:
        """Filter by bits."""
        if self.value() == ACTIVE:
            return queryset.filter(flags__has=DepartmentFlag.ACTIVE)
        inactive = queryset.exclude(flags__has=DepartmentFlag.ACTIVE)
        if self.value() == ARCHIVED:
            return inactive.filter(flags__has=DepartmentFlag.ARCHIVED)
        if self.value() == DISABLED:
            return inactive.exclude(flags__has=DepartmentFlag.ARCHIVED)
        return queryset


@admin.register(Department, site=site)
class DepartmentAdmin(ServiceAdmin):
    """Departments, by their place in the tree."""

    form = DepartmentForm
    object_type = ObjectType.DEPARTMENT
    list_display = ("shown_manager", "shown_state", "ispublic", "members")
    list_filter = (StateFilter, "ispublic")
    list_select_related = ("manager",)
    search_fields = ("name",)
    ordering = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "parent", "state", "ispublic", "manager")}),
        (_("Defaults of its tickets"), {"fields": ("sla", "schedule")}),
        (_("Mail"), {"fields": ("email", "templates", "autoresp_email")}),
        (_("Automatic answers and alerts"), {"fields": ("ticket_auto_response", "message_auto_response", "alerts")}),
        (_("Rules"), {"fields": tuple(RULES)}),
        (_("Signature"), {"fields": ("signature",)}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """Count the primary members in the same statement."""
        members = (
            Agent.objects.filter(dept=OuterRef("pk")).order_by().values("dept").annotate(n=Count("pk")).values("n")
        )
        return super().get_queryset(request).annotate(member_count=Coalesce(Subquery(members), 0))

    def get_list_display(self, request: HttpRequest) -> Any:
        """Give the full names, read once for all rows of a list."""
        names: Any = SimpleLazyObject(department_names)

        @admin.display(description=_("Department"), ordering="name")
        def full_name(row: Department) -> str:
            return names.get(row.pk) or row.name or f"({row.pk})"

        return (full_name, *self.list_display)

    @admin.display(description=_("Manager"))
    def shown_manager(self, row: Department) -> str:
        """Give the name; a manager who is gone by his number."""
        if row.manager is None:
            return f"({row.manager_id}?)" if row.manager_id else ""
        return choices.agent_label(row.manager)

    @admin.display(description=_("State"), ordering="flags")
    def shown_state(self, row: Department) -> str:
        """Give the state."""
        return str(dict(STATES)[state_of(row.flags)])

    @admin.display(description=_("Primary members"), ordering="member_count")
    def members(self, row: Any) -> int:
        """Give the number of agents whose primary department it is."""
        return int(row.member_count)

    def perform_deletion(self, obj: Department, actor: Actor) -> None:
        """Delete the department."""
        delete_department(obj, actor=actor)

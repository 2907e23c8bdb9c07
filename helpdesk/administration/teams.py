"""Teams with their members."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from helpdesk.administration import choices
from helpdesk.administration.fields import Column, Row, RowsField
from helpdesk.administration.forms import ServiceForm
from helpdesk.administration.model_admin import ServiceAdmin
from helpdesk.administration.roles import EnabledFilter
from helpdesk.administration.site import site
from helpdesk.audit.services import ObjectType
from helpdesk.people.actor import Actor
from helpdesk.people.constants import TeamFlag, TeamMemberFlag
from helpdesk.people.models import Agent, Team, TeamMember
from helpdesk.people.services import TeamDraft, delete_team, store_team

COLUMNS = (Column("member", _("Member")), Column("alerts", _("Alerts")))


class TeamForm(ServiceForm):
    """Name, lead, members."""

    name = forms.CharField(label=_("Name"), max_length=125)
    lead = forms.ChoiceField(label=_("Lead"), required=False, help_text=_("Gets the alerts meant for team leads."))
    is_enabled = forms.BooleanField(label=_("Enabled"), required=False, help_text=_("Tickets can be assigned to it."))
    has_alerts = forms.BooleanField(
        label=_("Alerts"), required=False, help_text=_("Members hear of tickets that are assigned to the team.")
    )
    members = RowsField(COLUMNS, label=_("Members"), help_text=_("Untick “Member” to end a membership."))
    new_members = forms.MultipleChoiceField(
        label=_("Add members"),
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 8}),
        help_text=_("They get the team's alerts. Hold Ctrl or ⌘ to choose several."),
    )
    notes = forms.CharField(label=_("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def initial_values(self, row: Team) -> dict[str, Any]:
        """Read the row and the memberships."""
        self.memberships = (
            list(TeamMember.objects.filter(team=row).select_related("staff").order_by("staff_id")) if row.pk else []
        )
        return {
            "name": row.name,
            "lead": row.lead_id or 0,
            "is_enabled": bool(TeamFlag.ENABLED & row.flags),
            "has_alerts": not TeamFlag.NO_ALERTS & row.flags,
            "notes": row.notes or "",
            "members": {
                str(entry.staff_id): {"member": "on", "alerts": "on" if TeamMemberFlag.ALERTS & entry.flags else ""}
                for entry in self.memberships
            },
        }

    def prepare(self, row: Team) -> None:
        """Show the members, offer the other agents."""
        table: Any = self.fields["members"]
        table.show(_row(entry) for entry in self.memberships)
        agents = choices.agents(none=None)
        members = {str(entry.staff_id) for entry in self.memberships}
        self.choose("new_members", [choice for choice in agents if choice[0] not in members])
        self.choose("lead", choices.with_current([("0", str(_("— nobody —"))), *agents], row.lead_id, Agent.objects))

    def perform(self, actor: Actor) -> Team:
        """Store the team with its members."""
        data = self.cleaned_data
        members: dict[int, bool | None] = {
            key: (bool(cells["alerts"]) if cells["member"] else None) for key, cells in data["members"].items()
        }
        members |= dict.fromkeys(map(int, data["new_members"]), True)
        draft = TeamDraft(
            name=data["name"],
            lead_id=self.number("lead"),
            is_enabled=data["is_enabled"],
            has_alerts=data["has_alerts"],
            notes=data["notes"],
            members=members,
        )
        return store_team(draft, actor=actor, team=self.instance if self.instance.pk else None)


def _row(entry: TeamMember) -> Row:
    agent = entry.staff
    if agent is None:
        return Row(entry.staff_id or 0, f"({entry.staff_id})", _("this agent no longer exists"))
    return Row(agent.pk, choices.agent_label(agent), "" if agent.isactive else _("locked"))


class TeamEnabledFilter(EnabledFilter):
    """Enabled or not."""

    flag = TeamFlag.ENABLED


@admin.register(Team, site=site)
class TeamAdmin(ServiceAdmin):
    """Teams."""

    form = TeamForm
    object_type = ObjectType.TEAM
    list_display = ("shown_name", "shown_lead", "is_enabled", "members")
    list_filter = (TeamEnabledFilter,)
    list_select_related = ("lead",)
    search_fields = ("name", "notes")
    ordering = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "lead", "is_enabled", "has_alerts")}),
        (_("Members"), {"fields": ("members", "new_members")}),
        (_("Internal"), {"fields": ("notes",)}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """Count the members in the same statement."""
        rows = TeamMember.objects.filter(team=OuterRef("pk")).order_by().values("team")
        return (
            super()
            .get_queryset(request)
            .annotate(member_count=Coalesce(Subquery(rows.annotate(n=Count("staff_id")).values("n")), 0))
        )

    @admin.display(description=_("Team"), ordering="name")
    def shown_name(self, row: Team) -> str:
        """Give the name, or the number where there is none."""
        return row.name or f"({row.pk})"

    @admin.display(description=_("Lead"))
    def shown_lead(self, row: Team) -> str:
        """Give the name; a lead who is gone by his number."""
        if row.lead is None:
            return f"({row.lead_id}?)" if row.lead_id else ""
        return choices.agent_label(row.lead)

    @admin.display(description=_("Enabled"), boolean=True)
    def is_enabled(self, row: Team) -> bool:
        """Give the bit."""
        return bool(TeamFlag.ENABLED & row.flags)

    @admin.display(description=_("Members"), ordering="member_count")
    def members(self, row: Any) -> int:
        """Give the number of members."""
        return int(row.member_count)

    def perform_deletion(self, obj: Team, actor: Actor) -> None:
        """Delete the team."""
        delete_team(obj, actor=actor)

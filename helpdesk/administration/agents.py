"""Agents: the account, where they work and in which role, teams, permissions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from helpdesk.accounts.second_factor import second_factor_of
from helpdesk.accounts.services import reset_second_factor, set_agent_password
from helpdesk.administration import choices
from helpdesk.administration.fields import Column, PermissionsField, Row, RowsField
from helpdesk.administration.forms import ServiceForm
from helpdesk.administration.model_admin import ServiceAdmin
from helpdesk.administration.permission_texts import AGENT_GROUPS
from helpdesk.administration.site import site
from helpdesk.audit.services import ObjectType
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentAccessFlag, TeamMemberFlag
from helpdesk.people.models import Agent, DepartmentAccess, Role, Team, TeamMember
from helpdesk.people.permissions import AgentPermission, granted
from helpdesk.people.selectors import department_names
from helpdesk.people.services import Access, AgentDraft, delete_agent, store_agent

KNOWN = frozenset(permission.value for permission in AgentPermission)
NO_ACCESS = "-"
"""In the column of roles: no access. A row whose role is 0 gives access to see, and no role."""
TEAM_COLUMNS = (Column("member", _("Member")), Column("alerts", _("Alerts")))
PRIMARY_ROLE = "def_assn_role"


def access_columns(roles: choices.Choices) -> tuple[Column, ...]:
    """Give the columns of the access table."""
    return (Column("role", _("Role"), [(NO_ACCESS, _("— no access —")), *roles]), Column("alerts", _("Alerts")))


class AgentForm(ServiceForm):
    """Everything that can be said about an agent."""

    FIELDS_BY_NAME = {"backend": "backend", "passwd": "new_password"}

    username = forms.CharField(label=_("User name"), max_length=32)
    firstname = forms.CharField(label=_("First name"), max_length=32, required=False)
    lastname = forms.CharField(label=_("Last name"), max_length=32, required=False)
    email = forms.CharField(label=_("E-mail address"), max_length=255, widget=forms.EmailInput)
    phone = forms.CharField(label=_("Phone"), max_length=24, required=False)
    phone_ext = forms.CharField(label=_("Extension"), max_length=6, required=False)
    mobile = forms.CharField(label=_("Mobile"), max_length=24, required=False)
    new_password = forms.CharField(
        label=_("New password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Empty: the password stays. A new one ends every session of the agent."),
    )
    change_passwd = forms.BooleanField(
        label=_("Password due"), required=False, help_text=_("The agent must choose a new one at the next page.")
    )
    backend = forms.CharField(
        label=_("Sign-in by"),
        max_length=32,
        required=False,
        help_text=_("Empty for any way. “local” is the password kept here; others are names of osTicket's plugins."),
    )
    reset_second_step = forms.BooleanField(
        label=_("Reset the second step"),
        required=False,
        help_text=_("For an agent who lost the authenticator: the password alone opens the door again."),
    )
    isactive = forms.BooleanField(
        label=_("Active"), required=False, help_text=_("A locked agent is signed out at once and gets no new work.")
    )
    isadmin = forms.BooleanField(
        label=_("Administrator"), required=False, help_text=_("May see and change everything on these pages.")
    )
    department = forms.ChoiceField(label=_("Primary department"))
    role = forms.ChoiceField(label=_("Role there"))
    primary_role_for_assigned = forms.BooleanField(
        label=_("This role for assigned tickets"),
        required=False,
        help_text=_("Holds for tickets assigned to the agent in departments where he has no other role."),
    )
    access = RowsField((), label=_("Access to other departments"))
    assigned_only = forms.BooleanField(
        label=_("Assigned tickets only"), required=False, help_text=_("Sees no tickets but those assigned to him.")
    )
    onvacation = forms.BooleanField(
        label=_("On vacation"), required=False, help_text=_("Keeps his tickets, gets no alerts and no new ones.")
    )
    isvisible = forms.BooleanField(
        label=_("In the directory"), required=False, help_text=_("Other agents find him in the agent directory.")
    )
    teams = RowsField(TEAM_COLUMNS, label=_("Teams"))
    permissions = PermissionsField(AGENT_GROUPS, label=_("Permissions"))
    signature = forms.CharField(
        label=_("Signature"), required=False, widget=forms.Textarea(attrs={"rows": 4}), help_text=_("HTML is allowed.")
    )
    notes = forms.CharField(label=_("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def initial_values(self, row: Agent) -> dict[str, Any]:
        """Read the row, the access rows and the memberships."""
        self.access_rows = list(DepartmentAccess.objects.filter(staff=row)) if row.pk else []
        self.memberships = list(TeamMember.objects.filter(staff=row)) if row.pk else []
        extra = row.extra if isinstance(row.extra, dict) else {}
        columns = (
            *("username", "firstname", "lastname", "email", "phone", "phone_ext", "mobile", "backend"),
            *("change_passwd", "isactive", "isadmin", "assigned_only", "onvacation", "isvisible"),
            *("signature", "notes"),
        )
        return {
            **{column: "" if getattr(row, column) is None else getattr(row, column) for column in columns},
            "department": row.dept_id or 0,
            "role": row.role_id or 0,
            "primary_role_for_assigned": bool(extra.get(PRIMARY_ROLE, True)),
            "permissions": sorted(granted(row.permissions) & KNOWN),
            "access": {
                str(entry.dept_id): {
                    "role": str(entry.role_id or 0),
                    "alerts": "on" if DepartmentAccessFlag.ALERTS & entry.flags else "",
                }
                for entry in self.access_rows
            },
            "teams": {
                str(entry.team_id): {"member": "on", "alerts": "on" if TeamMemberFlag.ALERTS & entry.flags else ""}
                for entry in self.memberships
            },
        }

    def prepare(self, row: Agent) -> None:
        """Offer departments, roles and teams, and what old rows still name."""
        none = str(_("— choose —"))
        self.choose("department", choices.departments(none=none, current=row.dept_id))
        self.choose("role", choices.roles(none=none, current=row.role_id))
        self._prepare_access(row)
        teams: Any = self.fields["teams"]
        teams.show(Row(team.pk, team.name) for team in Team.objects.order_by("name"))
        permissions: Any = self.fields["permissions"].widget
        permissions.unknown = sorted(granted(row.permissions) - KNOWN)
        if row.pk is None or second_factor_of(row.pk) is None:
            self.fields["reset_second_step"].disabled = True
            self.fields["reset_second_step"].help_text = _("This agent has set up none.")

    def _prepare_access(self, row: Agent) -> None:
        held = {entry.dept_id: entry.role_id for entry in self.access_rows}
        offered = choices.roles(none=None)
        for role_id in sorted({role_id or 0 for role_id in held.values()}):
            offered = (
                choices.with_current(offered, role_id, Role.objects)
                if role_id
                else [("0", str(_("— see only, no role —"))), *offered]
            )
        departments = [(int(pk), name) for pk, name in choices.departments(none=None) if int(pk) != row.dept_id]
        rows = [Row(pk, name) for pk, name in departments]
        names, shown = department_names(), {pk for pk, _name in departments}
        for department_id in held:
            if department_id not in shown:
                note = _("inactive") if department_id in names else _("no longer exists")
                note = _("the primary department") if department_id == row.dept_id else note
                rows.append(Row(department_id or 0, names.get(department_id or 0, f"({department_id})"), note))
        table: Any = self.fields["access"]
        table.show(rows, access_columns(offered))

    def clean_new_password(self) -> str:
        """A new agent who signs in here needs one."""
        password: str = self.cleaned_data["new_password"]
        backend = self.data.get("backend", "").strip()
        if not password and self.instance.pk is None and backend in ("", "local"):
            raise ValidationError(_("A new agent needs a password, or another way to sign in."), code="required")
        return password

    def perform(self, actor: Actor) -> Agent:
        """Store the agent, then the password and the second step."""
        data = self.cleaned_data
        plain = (
            *("username", "email", "firstname", "lastname", "phone", "phone_ext", "mobile", "backend", "signature"),
            *("notes", "isactive", "isadmin", "isvisible", "onvacation", "assigned_only", "change_passwd"),
            "primary_role_for_assigned",
        )
        draft = AgentDraft(
            department_id=self.number("department"),
            role_id=self.number("role"),
            permissions=frozenset(map(AgentPermission, data["permissions"])),
            access={key: _access(cells) for key, cells in data["access"].items()},
            teams={key: bool(cells["alerts"]) if cells["member"] else None for key, cells in data["teams"].items()},
            **{column: data[column] for column in plain},
        )
        agent = store_agent(draft, actor=actor, agent=self.instance if self.instance.pk else None)
        if data["new_password"]:
            due = data["change_passwd"]
            set_agent_password(agent, new_password=data["new_password"], change_due=due, actor=actor)
        if data["reset_second_step"]:
            reset_second_factor(agent, actor=actor)
        return agent


def _access(cells: dict[str, str]) -> Access | None:
    return None if cells["role"] == NO_ACCESS else Access(int(cells["role"]), bool(cells["alerts"]))


@admin.register(Agent, site=site)
class AgentAdmin(ServiceAdmin):
    """Agents."""

    form = AgentForm
    object_type = ObjectType.AGENT
    list_display = ("shown_name", "email", "shown_department", "shown_role", "isactive", "isadmin", "lastlogin")
    list_filter = ("isactive", "isadmin", "onvacation", ("dept", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("dept", "role")
    search_fields = ("username", "firstname", "lastname", "email")
    ordering = ("username",)
    fieldsets = (
        (None, {"fields": ("username", "firstname", "lastname", "email", "phone", "phone_ext", "mobile")}),
        (
            _("Sign-in"),
            {"fields": ("isactive", "isadmin", "new_password", "change_passwd", "backend", "reset_second_step")},
        ),
        (_("Departments"), {"fields": ("department", "role", "primary_role_for_assigned", "access")}),
        (_("Work"), {"fields": ("assigned_only", "onvacation", "isvisible", "teams")}),
        (_("What the agent may do everywhere"), {"fields": ("permissions",)}),
        (_("Texts"), {"fields": ("signature", "notes")}),
    )

    @admin.display(description=_("Agent"), ordering="username")
    def shown_name(self, row: Agent) -> str:
        """Give the name with the user name."""
        return choices.agent_label(row) or f"({row.pk})"

    @admin.display(description=_("Department"), ordering="dept__name")
    def shown_department(self, row: Agent) -> str:
        """Give the primary department; one that is gone by its number."""
        return _name_or_number(row.dept, row.dept_id)

    @admin.display(description=_("Role"), ordering="role__name")
    def shown_role(self, row: Agent) -> str:
        """Give the role there; one that is gone by its number."""
        return _name_or_number(row.role, row.role_id)

    def perform_deletion(self, obj: Agent, actor: Actor) -> None:
        """Delete the agent."""
        delete_agent(obj, actor=actor)


def _name_or_number(row: Any, number: int | None) -> str:
    if row is not None:
        return str(row)
    return f"({number}?)" if number else ""

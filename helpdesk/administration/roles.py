"""Roles: the matrix of permissions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from helpdesk.administration.fields import PermissionsField
from helpdesk.administration.forms import ServiceForm
from helpdesk.administration.model_admin import ServiceAdmin
from helpdesk.administration.permission_texts import ROLE_GROUPS
from helpdesk.administration.site import site
from helpdesk.audit.services import ObjectType
from helpdesk.people.actor import Actor
from helpdesk.people.constants import RoleFlag
from helpdesk.people.models import Role
from helpdesk.people.permissions import RolePermission, granted
from helpdesk.people.services import RoleDraft, delete_role, store_role

KNOWN = frozenset(permission.value for permission in RolePermission)


class RoleForm(ServiceForm):
    """Name, state and permissions."""

    name = forms.CharField(label=_("Name"), max_length=64)
    is_enabled = forms.BooleanField(
        label=_("Enabled"),
        required=False,
        help_text=_("A disabled role is offered nowhere; agents who hold it keep it."),
    )
    permissions = PermissionsField(ROLE_GROUPS, label=_("Permissions"))
    notes = forms.CharField(label=_("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def initial_values(self, row: Role) -> dict[str, Any]:
        """Read the row."""
        return {
            "name": row.name,
            "is_enabled": bool(RoleFlag.ENABLED & row.flags),
            "permissions": sorted(granted(row.permissions) & KNOWN),
            "notes": row.notes or "",
        }

    def prepare(self, row: Role) -> None:
        """Name the keys that nobody here knows."""
        widget: Any = self.fields["permissions"].widget
        widget.unknown = sorted(granted(row.permissions) - KNOWN)

    def perform(self, actor: Actor) -> Role:
        """Store the role."""
        data = self.cleaned_data
        draft = RoleDraft(
            name=data["name"],
            permissions=frozenset(map(RolePermission, data["permissions"])),
            is_enabled=data["is_enabled"],
            notes=data["notes"],
        )
        return store_role(draft, actor=actor, role=self.instance if self.instance.pk else None)


class EnabledFilter(admin.SimpleListFilter):
    """Enabled or not."""

    title = _("state")
    parameter_name = "enabled"
    flag: Any = RoleFlag.ENABLED

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """Offer both."""
        return (("1", _("Enabled")), ("0", _("Disabled")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filter by the bit."""
        if self.value() == "1":
            return queryset.filter(flags__has=self.flag)
        return queryset.exclude(flags__has=self.flag) if self.value() == "0" else queryset


@admin.register(Role, site=site)
class RoleAdmin(ServiceAdmin):
    """Roles."""

    form = RoleForm
    object_type = ObjectType.ROLE
    list_display = ("shown_name", "is_enabled", "permission_count", "notes")
    list_filter = (EnabledFilter,)
    search_fields = ("name", "notes")
    ordering = ("name",)
    fieldsets = (
        (None, {"fields": ("name", "is_enabled")}),
        (_("What it allows in a department"), {"fields": ("permissions",)}),
        (_("Internal"), {"fields": ("notes",)}),
    )

    @admin.display(description=_("Role"), ordering="name")
    def shown_name(self, row: Role) -> str:
        """Give the name, or the number where there is none."""
        return row.name or f"({row.pk})"

    @admin.display(description=_("Enabled"), boolean=True)
    def is_enabled(self, row: Role) -> bool:
        """Give the bit."""
        return bool(RoleFlag.ENABLED & row.flags)

    @admin.display(description=_("Permissions"))
    def permission_count(self, row: Role) -> str:
        """Say how much it allows."""
        return _("%(count)d of %(all)d") % {"count": len(granted(row.permissions) & KNOWN), "all": len(KNOWN)}

    def perform_deletion(self, obj: Role, actor: Actor) -> None:
        """Delete the role."""
        delete_role(obj, actor=actor)

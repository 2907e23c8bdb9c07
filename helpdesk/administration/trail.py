"""The audit trail, to be read and never changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from helpdesk.administration.model_admin import ReadOnlyAdmin
from helpdesk.administration.site import site
from helpdesk.audit.models import AdministrativeChange

MOST_FIELDS_NAMED = 4


class ActorFilter(admin.SimpleListFilter):
    """Changes of one agent, or of the program itself."""

    title = _("who")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        """Offer everybody who ever changed something, under the name of the last time."""
        names = AdministrativeChange.objects.order_by("actor_name").values_list("actor_name", flat=True).distinct()
        return [(name, name) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filter by name."""
        return queryset.filter(actor_name=self.value()) if self.value() else queryset


@admin.register(AdministrativeChange, site=site)
class ChangeAdmin(ReadOnlyAdmin):
    """Who changed what."""

    list_display = ("created", "actor_name", "action", "object_type", "object_name", "what", "ip_address")
    list_filter = ("object_type", "action", ActorFilter, "created")
    search_fields = ("object_name", "actor_name", "ip_address")
    ordering = ("-pk",)
    fields = ("created", "actor_name", "ip_address", "action", "object_type", "object_name", "table")
    readonly_fields = fields

    @admin.display(description=_("fields"))
    def what(self, row: AdministrativeChange) -> str:
        """Name the fields."""
        names = list(row.changes)
        more = f" +{len(names) - MOST_FIELDS_NAMED}" if len(names) > MOST_FIELDS_NAMED else ""
        return ", ".join(names[:MOST_FIELDS_NAMED]) + more

    @admin.display(description=_("changes"))
    def table(self, row: AdministrativeChange) -> SafeString:
        """Show every field before and after."""
        return SafeString(render_to_string("administration/change.html", {"change": row, "heading": False}))

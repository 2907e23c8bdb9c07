"""The system log that osTicket and Ostler write: to be read, filtered, and cut."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from helpdesk.administration.model_admin import ReadOnlyAdmin, actor_of
from helpdesk.administration.site import site
from helpdesk.configuration.models import SystemLogEntry
from helpdesk.configuration.services import delete_log_entries, purge_log

AGES = (7, 30, 90, 365)
"""Days after which lines can be deleted at once."""


class LogDateFilter(admin.SimpleListFilter):
    """Lines of the last days, by ranges made here: the database's own zone need not be ours."""

    title = _("date")
    parameter_name = "days"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer a few spans."""
        return [("1", _("Last 24 hours")), ("7", _("Last 7 days")), ("30", _("Last 30 days"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Filter by time."""
        days = self.value()
        if days not in {"1", "7", "30"}:
            return queryset
        return queryset.filter(created__gte=timezone.now() - timedelta(days=int(days)))


@admin.register(SystemLogEntry, site=site)
class SystemLogAdmin(ReadOnlyAdmin):
    """Lines of the system log, the newest first."""

    list_display = ("title", "log_type", "created", "ip_address")
    list_filter = ("log_type", LogDateFilter)
    search_fields = ("title", "log", "ip_address")
    ordering = ("-pk",)
    fields = ("created", "log_type", "title", "log", "ip_address", "logger")
    readonly_fields = fields
    actions = ("delete_chosen",)
    change_list_template = "administration/system_log.html"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Offer the ages at which lines can be deleted."""
        return super().changelist_view(request, {**(extra_context or {}), "ages": AGES})

    @admin.action(description=_("Delete the chosen lines"))
    def delete_chosen(self, request: HttpRequest, queryset: QuerySet[SystemLogEntry]) -> None:
        """Delete lines."""
        deleted = delete_log_entries(queryset.values_list("pk", flat=True), actor_of(request))
        messages.success(request, _("Deleted lines: %(count)d") % {"count": deleted})


@require_POST
def purge_page(request: HttpRequest) -> HttpResponse:
    """Delete lines older than so many days (`days`)."""
    days = request.POST.get("days", "")
    if days not in map(str, AGES):
        messages.error(request, _("Choose one of the ages."))
    else:
        before = timezone.now() - timedelta(days=int(days))
        deleted = purge_log(before=before, actor=actor_of(request))
        messages.success(request, _("Deleted lines: %(count)d") % {"count": deleted})
    return HttpResponseRedirect(reverse("admin:hd_configuration_systemlogentry_changelist"))


site.add_page("system-log/purge/", purge_page, name="purge_system_log")

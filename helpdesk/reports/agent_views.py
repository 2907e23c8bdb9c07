"""The statistics page of the agent portal and its downloads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.exports.cells import Cell
from helpdesk.exports.files import Table
from helpdesk.exports.responses import ExportFormat, export_response
from helpdesk.legacy.errors import Conflict
from helpdesk.people.permissions import AgentPermission
from helpdesk.reports.chart import chart_of
from helpdesk.reports.event_names import event_label
from helpdesk.reports.forms import GROUPS, StatisticsForm
from helpdesk.reports.parts import Parts, parts_of
from helpdesk.reports.periods import Period
from helpdesk.reports.statistics import (
    Group,
    Plot,
    StatisticsRow,
    daily_plot,
    daily_rows,
    headings,
    statistics_table,
)

NOT_COUNTED = 409
"""The status of a page whose numbers are not there yet."""
DAYS = "days"
"""What may be downloaded besides the table: the numbers of each day."""


@agent_required
@never_cache
@require_safe
def statistics(request: AgentRequest) -> HttpResponse:
    """Show what happened in a period: a chart by day, a table by department, help topic or agent."""
    form = _form(request)
    is_valid = form.is_valid()
    group, period = form.group_chosen, form.period_chosen
    parts = parts_of(period)
    address = reverse("agent:statistics")
    status, refusal, plot, rows = (200 if is_valid else 422), "", Plot([], {}), list[StatisticsRow]()
    try:
        plot, rows = (
            daily_plot(period, parts=parts),
            statistics_table(group, period, access=request.access, parts=parts),
        )
    except Conflict as not_counted:
        status, refusal = NOT_COUNTED, str(not_counted)
    context = {
        "as_of": parts.as_of,
        "refusal": refusal,
        "current_area": "agent:statistics",
        "form": form,
        "period": period,
        "chart": chart_of(plot),
        "days": daily_rows(plot),
        "event_headings": [event_label(name) for name in plot.series],
        "headings": headings(group),
        "rows": rows,
        "group_label": GROUPS[group],
        "groups": [
            (label, f"{address}?{urlencode(form.query(group=str(each)))}", each == group)
            for each, label in GROUPS.items()
        ],
        "downloads": _downloads(form),
        "sees_only_own": group is Group.AGENT and not request.access.has_agent_permission(AgentPermission.STATS_AGENTS),
    }
    return render(request, "reports/statistics.html", context, status=status)


@agent_required
@require_safe
def export_statistics(request: AgentRequest) -> HttpResponseBase:
    """Download the table, or the numbers of each day, as CSV or XLSX."""
    form = _form(request)
    export_format = request.GET.get("format", "")
    if not form.is_valid() or export_format not in set(ExportFormat):
        return HttpResponseBadRequest(_("This period or format is not known."), content_type="text/plain")
    group, period = form.group_chosen, form.period_chosen
    parts = parts_of(period)
    try:
        return _download(request, group, period, parts, ExportFormat(export_format))
    except Conflict as not_counted:
        return HttpResponse(str(not_counted), content_type="text/plain", status=NOT_COUNTED)


def _download(
    request: AgentRequest, group: Group, period: Period, parts: Parts, export_format: ExportFormat
) -> HttpResponseBase:
    dates = f"{period.first:%Y%m%d}-{period.last:%Y%m%d}"
    if request.GET.get("table") == DAYS:
        plot = daily_plot(period, parts=parts)
        titles = [_("Day"), *(event_label(name) for name in plot.series)]
        table = Table(_("Days"), titles, daily_rows(plot))
        return export_response(table, export_format, name=f"{_('Days')}-{dates}")
    rows = statistics_table(group, period, access=request.access, parts=parts)
    cells: Iterator[Sequence[Cell]] = ([row.name, *row.counts, row.service_hours, row.response_hours] for row in rows)
    table = Table(str(GROUPS[group]), headings(group), cells)
    return export_response(table, export_format, name=f"{GROUPS[group]}-{dates}")


@agent_required
@require_safe
def legacy_dashboard(request: AgentRequest) -> HttpResponse:
    """Lead osTicket's address to the page."""
    return redirect("agent:statistics")


def _form(request: AgentRequest) -> StatisticsForm:
    return StatisticsForm(request.GET, today=timezone.localdate(), zone=timezone.get_current_timezone())


def _downloads(form: StatisticsForm) -> list[tuple[str, str]]:
    address = reverse("agent:statistics_export")
    choices = [
        (_("Table as spreadsheet (XLSX)"), {"format": "xlsx"}),
        (_("Table as CSV"), {"format": "csv"}),
        (_("Days as spreadsheet (XLSX)"), {"format": "xlsx", "table": DAYS}),
        (_("Days as CSV"), {"format": "csv", "table": DAYS}),
    ]
    return [(label, f"{address}?{urlencode(form.query(**changes))}") for label, changes in choices]

"""Operations of `lifecycle.json` that ask what end users see, and the statistics (osticket/tickets.md §5 and §16.2)."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

from django.utils import timezone

from helpdesk.people.access import access_of
from helpdesk.people.models import EndUser
from helpdesk.reports.periods import Period
from helpdesk.reports.statistics import Group, daily_plot, headings, statistics_table
from tests.conformance.lifecycle.operations import Step, operation
from tickets.constants import TicketState
from tickets.user_list import listed_ids


@operation("query.portal_list")
def lists_of_users(step: Step) -> dict[str, Any]:
    def listed(user: EndUser, state: TicketState) -> list[int]:
        return sorted(listed_ids(user, state=state))

    users = EndUser.objects.select_related("org").filter(pk__in=step.args["users"])
    return {
        str(user.pk): {"open": listed(user, TicketState.OPEN), "closed": listed(user, TicketState.CLOSED)}
        for user in users
    }


@operation("report.dashboard_table")
def dashboard_table(step: Step) -> dict[str, Any]:
    assert step.actor.agent is not None
    group = Group(step.args["group"])
    rows = statistics_table(group, _period(step), access=access_of(step.actor.agent))
    return {
        "columns": headings(group),
        "data": [
            [row.name, *map(str, row.counts), str(row.service_hours), str(row.response_hours)]
            for row in sorted(rows, key=lambda row: row.id)
        ],
    }


@operation("report.dashboard_plot")
def dashboard_plot(step: Step) -> dict[str, Any]:
    """The case was recorded on one day: days on which nothing happened are left out of the comparison."""
    plot = daily_plot(_period(step))
    busy = [place for place in range(len(plot.days)) if any(series[place] for series in plot.series.values())]
    return {
        "plots": {name: [series[place] for place in busy] for name, series in plot.series.items()},
        "events": list(plot.series),
    }


def _period(step: Step) -> Period:
    """Give the days that `-2 days` names, up to today."""
    days = int(step.args["start"].strip("-").split()[0])
    today = timezone.now().date()
    return Period(today - timedelta(days=days), today, UTC)

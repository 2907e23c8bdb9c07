"""The numbers of the statistics page, as osTicket's dashboard defines them (osticket/tickets.md §16.2)."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from itertools import pairwise

from django.db.models import Case, F, Q, Sum, Value, When
from django.utils.translation import gettext as _

from helpdesk.legacy.errors import Conflict
from helpdesk.legacy.time_limits import TookTooLong, time_limit
from helpdesk.people.access import AgentAccess
from helpdesk.people.constants import DepartmentFlag
from helpdesk.people.models import Agent, Department
from helpdesk.people.permissions import AgentPermission
from helpdesk.people.selectors import department_names
from helpdesk.reports.clock import Stretch, day_for, on_the_clock
from helpdesk.reports.counting import event_ids
from helpdesk.reports.models import GROUPED_BY_AGENT, GROUPED_BY_TOPIC, DaySum, QuarterCount
from helpdesk.reports.parts import Parts, parts_of
from helpdesk.reports.periods import Period
from helpdesk.reports.sql import COUNTED, HOURS, Condition, Sums, events_by_quarter, sums_by
from helpdesk.threads.models import Event
from tickets.constants import TopicFlag
from tickets.models import HelpTopic

SECONDS_WAITED = 8.0
"""How long days that were not counted yet are counted while somebody waits."""


class Group(StrEnum):
    """What the table is grouped by."""

    DEPARTMENT = "dept"
    TOPIC = "topic"
    AGENT = "staff"


_COLUMNS = {Group.DEPARTMENT: ["dept_id"], Group.TOPIC: ["topic_id"], Group.AGENT: ["staff_id"]}
_KEPT = {
    Group.DEPARTMENT: (GROUPED_BY_TOPIC, "dept_id"),
    Group.TOPIC: (GROUPED_BY_TOPIC, "member_id"),
    Group.AGENT: (GROUPED_BY_AGENT, "member_id"),
}
_NUMBERS = ("happened", *COUNTED, *HOURS)


@dataclass(frozen=True)
class StatisticsRow:
    """One department, help topic or agent: how often each event happened, and the average hours."""

    id: int
    name: str
    counts: tuple[int, ...]
    service_hours: Decimal
    response_hours: Decimal


@dataclass(frozen=True)
class Plot:
    """How often each event happened on each day."""

    days: list[dt.date]
    series: Mapping[str, list[int]]

    @property
    def highest(self) -> int:
        """The largest number of all."""
        return max((max(numbers) for numbers in self.series.values()), default=0)


def daily_plot(period: Period, *, parts: Parts | None = None) -> Plot:
    """Give what happened to tickets of all departments on each day; a day on which nothing happened has zeros.

    Events that have been annulled since do not count; named are those that happened at all. Three statements, and those
    of `parts_of` unless its parts are given. Raises Conflict (`statistics_not_counted`) as `statistics_table`.
    """
    parts = parts or parts_of(period)
    days = period.days
    places = {day: place for place, day in enumerate(days)}
    numbers: dict[int, list[int]] = defaultdict(lambda: [0] * len(days))
    known_places: dict[tuple[dt.date, int], int] = {}
    with _patience(parts):
        happened = [*_known_parts(period, parts), *_parts_of_rest(parts.rest)]
    for day, quarter, event_id, number in happened:
        at = (day, quarter)
        if at not in known_places:
            known_places[at] = places.get(day_for(period.zone, day, quarter), len(days) - 1)
        numbers[event_id][known_places[at]] += number
    names = Event.objects.filter(pk__in=list(numbers)).values_list("name", "pk")
    return Plot(days, {name: numbers[event_id] for name, event_id in sorted(names)})


def _known_parts(period: Period, parts: Parts) -> Iterator[tuple[dt.date, int, int, int]]:
    """Give (day, quarter of an hour with which a part of it begins, event id, number) of the days that are known.

    The days of the database are cut where those of the period begin: at midnight alone where both have one zone.
    """
    if not parts.known:
        return
    begins = sorted({0} | {_quarter_of(on_the_clock(start)) for start in period.day_starts})
    cuts = [When(at__lt=later, then=Value(begin)) for begin, later in pairwise(begins)]
    counted = QuarterCount.objects.filter(day__in=parts.known).annotate(at=F("hour") * 4 + F("quarter")).order_by()
    by_part = counted.annotate(part=Case(*cuts, default=Value(begins[-1]))).values_list("day", "part", "event_id")
    yield from by_part.annotate(number=Sum("valid"))


def _parts_of_rest(rest: Sequence[Stretch]) -> Iterator[tuple[dt.date, int, int, int]]:
    for day, quarter, event_id, _happened, valid in events_by_quarter(rest):
        yield day, quarter, event_id, valid


def _quarter_of(moment: dt.datetime) -> int:
    return moment.hour * 4 + moment.minute // 15


def statistics_table(
    group: Group, period: Period, *, access: AgentAccess, parts: Parts | None = None
) -> list[StatisticsRow]:
    """Give a row for each department, help topic or agent to whom something happened, by name.

    The agent sees the departments that he may work in; of agents, himself, those in departments that he manages, and
    with `stats.agents` everybody in his departments. Deleted tickets keep their counts and leave the averages. A fixed
    number of statements, whatever the number of rows. Raises Conflict (`statistics_not_counted`) when much of the
    period has not been counted yet and cannot be counted while somebody waits.
    """
    parts = parts or parts_of(period)
    condition, where = _visible(group, access)
    totals: dict[int, Sums] = defaultdict(Sums)
    if parts.known:
        kept, column = _KEPT[group]
        rows = DaySum.objects.filter(where, grouped_by=kept, day__in=parts.known).order_by().values_list(column)
        for number, happened, *numbers in rows.annotate(**{f"all_{name}": Sum(name) for name in _NUMBERS}):
            totals[number] += Sums(happened, tuple(numbers[: len(COUNTED)]), *numbers[len(COUNTED) :])
    with _patience(parts):
        for (number,), sums in sums_by(_COLUMNS[group], parts.rest, condition, event_ids=event_ids()).items():
            totals[number] += sums
    found = [number for number, sums in totals.items() if sums.happened]
    names = _names(group, found)
    shown = [_row(number, names[number], totals[number]) for number in found if number in names]
    return sorted(shown, key=lambda row: (row.name.casefold(), row.id))


@contextmanager
def _patience(parts: Parts) -> Iterator[None]:
    """Wait for what remains to be counted, but not for long."""
    if not parts.is_long:
        yield
        return
    try:
        with time_limit(SECONDS_WAITED):
            yield
    except TookTooLong:
        message = _("These days have not been counted yet. Choose a shorter period, or come back in some minutes.")
        raise Conflict(message, code="statistics_not_counted") from None


def headings(group: Group) -> list[str]:
    """Give the headings of the table, in osTicket's words."""
    first = {Group.DEPARTMENT: _("Department"), Group.TOPIC: _("Help Topic"), Group.AGENT: _("Agent")}[group]
    counts = [_("Opened"), _("Assigned"), _("Overdue"), _("Closed"), _("Reopened"), _("Deleted")]
    return [first, *counts, _("Service Time"), _("Response Time")]


def _row(number: int, name: str, sums: Sums) -> StatisticsRow:
    service = _average(sums.service_hours, sums.services)
    return StatisticsRow(number, name, sums.counts, service, _average(sums.response_hours, sums.responses))


def _average(hours: int, count: int) -> Decimal:
    value = Decimal(hours) / count if count else Decimal(0)
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP)


def _visible(group: Group, access: AgentAccess) -> tuple[Condition, Q]:
    """Give what the agent may see: of events, and of the sums that are kept."""
    departments = sorted(access.department_ids)
    if group is not Group.AGENT:
        topics = " AND e.topic_id > 0" if group is Group.TOPIC else ""
        where = Q(dept_id__in=departments)
        return _in("dept_id", departments, topics), where & Q(member_id__gt=0) if topics else where
    sees_all = access.has_agent_permission(AgentPermission.STATS_AGENTS)
    managed = Department.objects.filter(manager=access.agent).values_list("pk", flat=True)
    departments = departments if sees_all else sorted(managed)
    theirs = _in("dept_id", departments)
    condition = Condition(f"e.staff_id > 0 AND (e.staff_id = %s OR {theirs.sql})", [access.agent.pk, *theirs.params])
    return condition, Q(member_id__gt=0) & (Q(member_id=access.agent.pk) | Q(dept_id__in=departments))


def _in(column: str, ids: list[int], more: str = "") -> Condition:
    if not ids:
        return Condition("1 = 0")
    return Condition(f"e.{column} IN ({', '.join(['%s'] * len(ids))}){more}", ids)


def _names(group: Group, ids: list[int]) -> dict[int, str]:
    if group is Group.AGENT:
        known = {agent.pk: agent.name for agent in Agent.objects.filter(pk__in=ids)}
        return {pk: known.get(pk) or _("Agent %(number)d (deleted)") % {"number": pk} for pk in ids}
    if group is Group.TOPIC:
        return _topic_names(ids)
    flags = dict(Department.objects.filter(pk__in=ids).values_list("pk", "flags"))
    names = department_names()
    return {pk: f"{names[pk]}{_department_mark(flag)}" for pk, flag in flags.items() if pk in names}


def _topic_names(ids: list[int]) -> dict[int, str]:
    topics = {topic.pk: topic for topic in HelpTopic.objects.only("topic", "parent", "flags")}
    names = {}
    for pk in ids:
        if pk in topics:
            names[pk] = f"{_full_topic(topics, pk)}{_topic_mark(topics[pk].flags)}"
    return names


def _full_topic(topics: Mapping[int, HelpTopic], pk: int) -> str:
    """Give the name with those of the topics above, however wrongly these are linked."""
    words: list[str] = []
    seen: set[int] = set()
    at: int | None = pk
    while at is not None and at in topics and at not in seen:
        seen.add(at)
        words.append(str(topics[at].topic))
        at = topics[at].parent_id
    return " / ".join(reversed(words))


def _department_mark(flags: int) -> str:
    if flags & int(DepartmentFlag.ARCHIVED):
        return _(" - Archived")
    return "" if flags & int(DepartmentFlag.ACTIVE) else _(" - Disabled")


def _topic_mark(flags: int | None) -> str:
    if (flags or 0) & int(TopicFlag.ARCHIVED):
        return _(" - Archived")
    return "" if (flags or 0) & int(TopicFlag.ACTIVE) else _(" - Disabled")


def daily_rows(plot: Plot) -> list[list[dt.date | int]]:
    """Give the plot as rows, one for each day."""
    numbers: dict[int, list[dt.date | int]] = defaultdict(list)
    for place, day in enumerate(plot.days):
        numbers[place] = [day, *(series[place] for series in plot.series.values())]
    return list(numbers.values())

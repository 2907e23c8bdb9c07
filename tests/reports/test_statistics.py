"""Statistics: what counts, for whom, and what averages mean (osticket/tickets.md §16.2)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk.legacy.errors import ValidationFailed
from helpdesk.people.access import AgentAccess, access_of
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentFlag
from helpdesk.people.models import Agent, Department
from helpdesk.people.services import delete_agent
from helpdesk.reports.chart import chart_of
from helpdesk.reports.periods import LONGEST_DAYS, Period, Preset, chosen_period, preset_period
from helpdesk.reports.statistics import Group, Plot, StatisticsRow, daily_plot, statistics_table
from helpdesk.threads.models import Event, Thread, ThreadEntry, ThreadEvent
from tests.factories import AgentFactory, DepartmentFactory, HelpTopicFactory, give_access
from tickets.constants import TopicFlag

pytestmark = pytest.mark.django_db
DAY = Period(date(2026, 3, 2), date(2026, 3, 2))
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def event(name: str, *, at: datetime = NOON, **columns: Any) -> ThreadEvent:
    values = {"thread_type": "T", **columns}
    return ThreadEvent.objects.create(event=Event.objects.get(name=name), timestamp=at, **values)


def thread() -> Thread:
    return Thread.objects.create(object_id=1, object_type="T", created=NOON)


def exchange(on: Thread, *, asked: datetime, answered: datetime) -> None:
    message = ThreadEntry.objects.create(thread=on, type="M", created=asked)
    ThreadEntry.objects.create(thread=on, type="R", parent=message, created=answered)


def table(group: Group, access: AgentAccess, period: Period = DAY) -> dict[str, StatisticsRow]:
    return {row.name: row for row in statistics_table(group, period, access=access)}


def all_seeing(*departments: Department) -> Agent:
    agent = AgentFactory.new(permissions={"stats.agents": 1})
    for department in departments:
        give_access(agent, department)
    return agent


class TestCounts:
    def test_events_count_where_they_happened(self) -> None:
        first, second = DepartmentFactory.new(name="First"), DepartmentFactory.new(name="Second")
        for name in ("created", "created", "assigned", "closed"):
            event(name, dept=first)
        event("overdue", dept=second)
        rows = table(Group.DEPARTMENT, access_of(all_seeing(first, second)))
        assert {name: row.counts for name, row in rows.items()} == {
            "First": (2, 1, 0, 1, 0, 0),
            "Second": (0, 0, 1, 0, 0, 0),
        }

    def test_what_was_annulled_and_tasks_do_not_count(self) -> None:
        agent = AgentFactory.new()
        event("closed", dept=agent.dept, annulled=True)
        event("created", dept=agent.dept, thread_type="A")
        assert table(Group.DEPARTMENT, access_of(agent)) == {}

    def test_the_period_holds_its_last_second(self) -> None:
        agent = AgentFactory.new()
        for at in (DAY.start, DAY.end):
            event("created", dept=agent.dept, at=at)
        for at in (DAY.start - timedelta(seconds=1), DAY.end + timedelta(seconds=1)):
            event("closed", dept=agent.dept, at=at)
        [row] = statistics_table(Group.DEPARTMENT, DAY, access=access_of(agent))
        assert row.counts == (2, 0, 0, 0, 0, 0)

    def test_deleted_tickets_keep_their_counts(self) -> None:
        agent = AgentFactory.new()
        event("created", dept=agent.dept, thread=None)
        [row] = statistics_table(Group.DEPARTMENT, DAY, access=access_of(agent))
        assert (row.counts[0], row.service_hours, row.response_hours) == (1, Decimal("0.0"), Decimal("0.0"))


class TestAverages:
    def test_service_time_is_cut_to_whole_hours(self) -> None:
        agent, one = AgentFactory.new(), thread()
        event("created", dept=agent.dept, thread=one, at=NOON - 6 * HOUR)
        event("closed", dept=agent.dept, thread=one, at=NOON - timedelta(seconds=1))
        [row] = statistics_table(Group.DEPARTMENT, DAY, access=access_of(agent))
        assert row.service_hours == Decimal("5.0")

    def test_a_closing_counts_once_for_each_answer(self) -> None:
        agent, quick, slow = AgentFactory.new(), thread(), thread()
        event("created", dept=agent.dept, thread=quick, at=NOON - 1 * HOUR)
        event("closed", dept=agent.dept, thread=quick)
        event("created", dept=agent.dept, thread=slow, at=NOON - 10 * HOUR)
        event("closed", dept=agent.dept, thread=slow)
        for _ in range(3):
            exchange(slow, asked=NOON - 2 * HOUR, answered=NOON)
        [row] = statistics_table(Group.DEPARTMENT, DAY, access=access_of(agent))
        assert row.service_hours == Decimal("7.8")  # (1 + 3 * 10) / 4

    def test_an_answer_counts_once_for_each_event(self) -> None:
        agent, busy, calm = AgentFactory.new(), thread(), thread()
        exchange(busy, asked=NOON - 4 * HOUR, answered=NOON)
        exchange(calm, asked=NOON - 1 * HOUR, answered=NOON)
        for name in ("created", "assigned", "edited"):
            event(name, dept=agent.dept, thread=busy)
        event("created", dept=agent.dept, thread=calm)
        [row] = statistics_table(Group.DEPARTMENT, DAY, access=access_of(agent))
        assert row.response_hours == Decimal("3.3")  # (3 * 4 + 1) / 4

    def test_a_closing_that_was_undone_has_no_service_time(self) -> None:
        agent, one = AgentFactory.new(), thread()
        event("created", dept=agent.dept, thread=one, at=NOON - 6 * HOUR)
        event("closed", dept=agent.dept, thread=one, annulled=True)
        [row] = statistics_table(Group.DEPARTMENT, DAY, access=access_of(agent))
        assert row.service_hours == Decimal("0.0")

    def test_an_opening_before_the_period_counts(self) -> None:
        agent, one = AgentFactory.new(), thread()
        event("created", dept=agent.dept, thread=one, at=NOON - 100 * HOUR)
        event("closed", dept=agent.dept, thread=one)
        [row] = statistics_table(Group.DEPARTMENT, DAY, access=access_of(agent))
        assert (row.counts, row.service_hours) == ((0, 0, 0, 1, 0, 0), Decimal("100.0"))

    def test_answers_to_nothing_have_no_response_time(self) -> None:
        agent, one = AgentFactory.new(), thread()
        ThreadEntry.objects.create(thread=one, type="R", created=NOON)
        event("created", dept=agent.dept, thread=one)
        [row] = statistics_table(Group.DEPARTMENT, DAY, access=access_of(agent))
        assert row.response_hours == Decimal("0.0")


class TestWhoSeesWhat:
    def test_departments_of_others_stay_unseen(self) -> None:
        agent, elsewhere = AgentFactory.new(), DepartmentFactory.new()
        event("created", dept=agent.dept)
        event("created", dept=elsewhere)
        assert list(table(Group.DEPARTMENT, access_of(agent))) == [agent.dept.name]

    def test_agents_see_themselves(self) -> None:
        agent, colleague = AgentFactory.new(), AgentFactory.new()
        event("closed", dept=agent.dept, staff=agent)
        event("closed", dept=agent.dept, staff=colleague)
        event("closed", dept=agent.dept)
        assert list(table(Group.AGENT, access_of(agent))) == [agent.name]

    def test_managers_see_the_agents_of_their_department(self) -> None:
        agent, colleague, elsewhere = AgentFactory.new(), AgentFactory.new(), AgentFactory.new()
        Department.objects.filter(pk=colleague.dept.pk).update(manager=agent)
        event("closed", dept=colleague.dept, staff=colleague)
        event("closed", dept=agent.dept, staff=elsewhere)
        assert list(table(Group.AGENT, access_of(agent))) == [colleague.name]

    def test_the_permission_shows_everybody_in_ones_departments(self) -> None:
        agent, colleague, elsewhere = all_seeing(), AgentFactory.new(), AgentFactory.new()
        event("closed", dept=agent.dept, staff=colleague)
        event("closed", dept=elsewhere.dept, staff=elsewhere)
        assert list(table(Group.AGENT, access_of(agent))) == [colleague.name]

    def test_own_work_elsewhere_is_seen(self) -> None:
        agent, elsewhere = AgentFactory.new(), DepartmentFactory.new()
        event("closed", dept=elsewhere, staff=agent)
        assert list(table(Group.AGENT, access_of(agent))) == [agent.name]


class TestNames:
    def test_departments_and_topics_say_when_they_are_out_of_use(self) -> None:
        parent = DepartmentFactory.new(name="Support II")
        archived = DepartmentFactory.new(name="Old", parent=parent, flags=DepartmentFlag.ARCHIVED)
        disabled = DepartmentFactory.new(name="Shut", flags=DepartmentFlag(0))
        agent = all_seeing(archived, disabled)
        above = HelpTopicFactory.new(topic="Hardware")
        topic = HelpTopicFactory.new(topic="Printers", parent=above, flags=TopicFlag.ARCHIVED)
        for department in (archived, disabled):
            event("created", dept=department, topic_id=topic.pk)
        event("created", dept=archived)
        access = access_of(agent)
        assert list(table(Group.DEPARTMENT, access)) == ["Shut - Disabled", "Support II / Old - Archived"]
        rows = table(Group.TOPIC, access)
        assert {name: row.counts[0] for name, row in rows.items()} == {"Hardware / Printers - Archived": 2}

    def test_deleted_agents_keep_their_work(self) -> None:
        agent, gone = all_seeing(), AgentFactory.new()
        number = gone.pk
        event("closed", dept=agent.dept, staff=gone)
        delete_agent(gone, actor=Actor.system())
        assert list(table(Group.AGENT, access_of(agent))) == [f"Agent {number} (deleted)"]


class TestPlot:
    def test_days_are_those_of_the_viewer(self) -> None:
        berlin = ZoneInfo("Europe/Berlin")
        period = Period(date(2026, 3, 28), date(2026, 3, 30), berlin)  # clocks go forward on the 29th
        for moment, name in (
            (datetime(2026, 3, 27, 23, 0, tzinfo=UTC), "created"),  # midnight of the 28th
            (datetime(2026, 3, 28, 22, 59, 59, tzinfo=UTC), "created"),
            (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), "closed"),  # midnight of the 29th
            (datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC), "closed"),
            (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), "deleted"),  # midnight of the 30th
            (datetime(2026, 3, 30, 22, 0, tzinfo=UTC), "overdue"),  # after the period
        ):
            event(name, at=moment)
        plot = daily_plot(period)
        assert plot.days == [date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)]
        assert plot.series == {"closed": [0, 2, 0], "created": [2, 0, 0], "deleted": [0, 0, 1]}

    def test_clocks_of_half_hours(self) -> None:
        period = Period(date(2026, 3, 2), date(2026, 3, 3), ZoneInfo("Asia/Kathmandu"))
        event("created", at=datetime(2026, 3, 2, 18, 14, 59, tzinfo=UTC))
        event("created", at=datetime(2026, 3, 2, 18, 15, tzinfo=UTC))
        assert daily_plot(period).series == {"created": [1, 1]}

    def test_what_was_annulled_is_named_and_not_counted(self) -> None:
        event("closed", annulled=True)
        assert daily_plot(DAY).series == {"closed": [0]}

    def test_an_empty_period(self) -> None:
        plot = daily_plot(DAY)
        assert (plot.series, plot.highest) == ({}, 0)
        assert chart_of(plot).lines == []


class TestChart:
    @pytest.mark.parametrize(
        ("highest", "top"), [(0, 1), (1, 1), (3, 3), (4, 4), (5, 6), (9, 10), (37, 40), (99, 100), (1234, 1500)]
    )
    def test_heights_are_round(self, highest: int, top: int) -> None:
        chart = chart_of(Plot([date(2026, 3, 2)], {"created": [highest]}))
        assert chart.heights[-1].value == top
        assert len(chart.heights) <= 6

    def test_points_lie_in_the_drawing(self) -> None:
        days = [date(2026, 1, 1) + timedelta(days=n) for n in range(366)]
        chart = chart_of(Plot(days, {"created": list(range(366)), "edited": [9999] * 366}))
        [line] = chart.lines
        points = [tuple(map(float, point.split(","))) for point in line.points.split()]
        assert all(0 <= x <= chart.width and 0 <= y <= chart.bottom for x, y in points)
        assert [mark.value for mark in chart.days][-1] == days[-1]
        assert len(chart.days) <= 7


class TestPeriods:
    def test_presets_end_today(self) -> None:
        today = date(2026, 3, 2)
        period = preset_period(Preset.WEEK, today=today, zone=UTC)
        assert (period.first, period.last, len(period.days)) == (date(2026, 2, 24), today, 7)

    @pytest.mark.parametrize(
        ("first", "last", "field"),
        [
            (date(2026, 3, 2), date(2026, 3, 1), "last"),
            (date(2020, 1, 1), date(2020, 1, 1) + timedelta(days=LONGEST_DAYS), "last"),
            (date(1, 1, 1), date(1, 1, 2), "first"),
        ],
    )
    def test_periods_that_cannot_be(self, first: date, last: date, field: str) -> None:
        with pytest.raises(ValidationFailed) as refusal:
            chosen_period(first, last, zone=UTC)
        assert refusal.value.field == field


def test_the_cost_does_not_grow_with_the_rows() -> None:
    departments = [DepartmentFactory.new() for _ in range(3)]
    agent = all_seeing(*departments)

    def statements() -> int:
        access = AgentAccess(Agent.objects.select_related("role").get(pk=agent.pk))
        with CaptureQueriesContext(connection) as queries:
            for group in Group:
                statistics_table(group, DAY, access=access)
            daily_plot(DAY)
        return len(queries)

    event("created", dept=departments[0], topic_id=1, staff=agent)
    statements()  # what is kept after the first time
    few = statements()
    for department in departments:
        for topic in (1, 2):
            event("created", dept=department, topic_id=topic, staff=AgentFactory.new())
    assert statements() == few
    assert timezone.is_aware(DAY.start)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="plans of SQLite do not depend on the number of rows")
def test_nothing_is_read_from_end_to_end() -> None:
    access = access_of(all_seeing())
    with CaptureQueriesContext(connection) as queries:
        for group in Group:
            statistics_table(group, DAY, access=access)
        daily_plot(DAY)
    large = ("thread_event", "thread_entry", 'ost_thread"')
    statements = [query["sql"] for query in queries if any(table in query["sql"] for table in large)]
    assert len(statements) >= 7
    for statement in statements:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
            steps = [str(row[-1]) for row in cursor.fetchall()]
        scans = [step for step in steps if step.startswith("SCAN") and step.split()[1] in ("e", "c", "r", "p", "t")]
        assert scans == [], statement
        whole = [step for step in steps if step.startswith("SCAN ost_thread")]
        assert whole == [], statement

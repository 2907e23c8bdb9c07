"""Days that are counted once: the statistics say the same as the definition, whatever happens to old days later."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from helpdesk.legacy.errors import Conflict
from helpdesk.legacy.time_limits import TookTooLong
from helpdesk.people.access import AgentAccess, access_of
from helpdesk.people.models import Agent, Department
from helpdesk.reports import counting, parts, statistics
from helpdesk.reports.clock import gaps, on_the_clock, runs_of, stretch_of, stretch_of_days
from helpdesk.reports.models import CountedDay, CountingPosition, DaySum
from helpdesk.reports.parts import Parts, parts_of
from helpdesk.reports.periods import Period
from helpdesk.reports.statistics import Group, daily_plot, statistics_table
from helpdesk.threads.models import Event, Thread, ThreadEntry, ThreadEvent
from helpdesk.threads.removal import delete_thread
from tests.desk import set_up_desk
from tests.factories import AgentFactory, DepartmentFactory, HelpTopicFactory, give_access
from tests.sign_in import agent_client

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 20, 15, 30, tzinfo=UTC)
LATER = timedelta(minutes=10)
PERIODS = [
    Period(date(2026, 2, 20), date(2026, 3, 20)),
    Period(date(2026, 2, 25), date(2026, 3, 10), ZoneInfo("America/New_York")),  # clocks go forward on March 8th
    Period(date(2026, 2, 21), date(2026, 3, 21), ZoneInfo("Asia/Kathmandu")),
    Period(date(2026, 3, 5), date(2026, 3, 5), ZoneInfo("Asia/Tokyo")),
]
NAMES = ["created", "assigned", "overdue", "closed", "reopened", "deleted", "edited", "transferred"]


class World:
    """Threads in which anything happened during a month, some of them without ticket by now."""

    def __init__(self, seed: int, threads: int = 25) -> None:
        self.random = random.Random(seed)  # noqa: S311 -- chance, no secret
        self.departments = [DepartmentFactory.new() for _ in range(3)]
        self.agents = [AgentFactory.new() for _ in range(2)]
        self.topics = [0, HelpTopicFactory.new().pk, HelpTopicFactory.new().pk]
        self.events = {event.name: event for event in Event.objects.all()}
        self.threads = [self.thread() for _ in range(threads)]
        self.viewer = AgentFactory.new(permissions={"stats.agents": 1})
        for department in self.departments[:2]:
            give_access(self.viewer, department)
        self.limited = self.agents[0]
        Department.objects.filter(pk=self.departments[2].pk).update(manager=self.limited)

    def moment(self) -> datetime:
        return NOW - timedelta(seconds=self.random.randrange(28 * 86400))

    def thread(self) -> Thread:
        made = Thread.objects.create(object_id=1, object_type=self.random.choice("TTTA"), created=NOW)
        for _ in range(self.random.randrange(1, 7)):
            self.event(made, self.random.choice(NAMES), self.moment())
        for _ in range(self.random.randrange(4)):
            self.answer(made)
        return made

    def event(self, thread: Thread | None, name: str, at: datetime) -> None:
        ThreadEvent.objects.create(
            thread=thread,
            thread_type=thread.object_type if thread else "T",
            event=self.events[name],
            timestamp=at,
            dept=self.random.choice([*self.departments, None]),
            staff=self.random.choice([*self.agents, None]),
            topic_id=self.random.choice(self.topics),
            annulled=self.random.random() < 0.2,
        )

    def answer(self, thread: Thread) -> None:
        asked = self.moment()
        parent = self.random.choice([None, ThreadEntry.objects.create(thread=thread, type="M", created=asked)])
        answered = asked + timedelta(seconds=self.random.randrange(5 * 86400))
        ThreadEntry.objects.create(thread=thread, type="R", parent=parent, created=answered)

    def anything(self) -> None:
        """Let something happen that changes what days that are over count."""
        thread = self.random.choice(self.threads)
        kind = self.random.randrange(5)
        if kind == 0:
            self.answer(thread)
        elif kind == 1:  # reopened: closings are annulled
            ThreadEvent.objects.filter(thread=thread, event=self.events["closed"]).update(annulled=True)
            self.event(thread, "reopened", NOW)
        elif kind == 2:
            self.event(thread, "closed", NOW)
        elif kind == 3:  # deleted, by us or by osTicket
            delete_thread(thread)
            self.threads.remove(thread)
            self.event(self.random.choice([None, thread]), "deleted", NOW)
        else:  # merged
            into = self.random.choice(self.threads)
            ThreadEntry.objects.filter(thread=thread).update(thread=into)
            self.event(into, "edited", NOW)
            self.event(thread, "edited", NOW)


def seen(agent: Agent, period: Period, given: Parts | None = None) -> list[Any]:
    access = access_of(agent)
    tables = [statistics_table(group, period, access=access, parts=given) for group in Group]
    return [*tables, daily_plot(period, parts=given)]


def assert_as_defined(world: World) -> None:
    for period in PERIODS:
        direct = Parts((), (stretch_of(period),))
        for agent in (world.viewer, world.limited):
            assert seen(agent, period) == seen(agent, period, direct), period


@pytest.mark.parametrize("seed", range(3))
def test_counted_days_say_what_the_definition_says(seed: int) -> None:
    world = World(seed)
    assert counting.count_days(now=NOW) >= 20
    assert {day.day for day in CountedDay.objects.all()} <= {date(2026, 2, 20) + timedelta(days=n) for n in range(28)}
    assert_as_defined(world)
    for step in range(1, 6):
        world.anything()
        assert_as_defined(world)  # days that have changed are counted live
        counting.count_days(now=NOW + step * LATER)
        assert_as_defined(world)
    known = parts_of(PERIODS[0])
    assert len(known.known) > 10
    assert known.as_of is None


def test_what_was_written_late_is_counted() -> None:
    """A transaction was open while the days were counted, and its rows have lower numbers than what was seen."""
    world = World(7)
    counting.count_days(now=NOW)
    newest = ThreadEvent.objects.order_by("-pk").values_list("pk", flat=True)[0]
    CountingPosition.objects.update(next_event_id=newest + 1)
    world.event(world.threads[0], "closed", NOW - timedelta(days=3))
    counting.count_days(now=NOW + LATER)
    assert_as_defined(world)


def test_changes_by_other_hands_are_found_in_turn() -> None:
    world = World(8)
    counting.count_days(now=NOW)
    ThreadEvent.objects.filter(timestamp__lt=NOW - timedelta(days=2)).update(dept=world.departments[0].pk)
    for run in range(1, 4):
        counting.count_days(now=NOW + run * LATER)
    assert_as_defined(world)


def test_a_run_that_was_cut_off_is_gone_on_with() -> None:
    world = World(9)
    counting.count_days(now=NOW, seconds=0)
    assert not CountedDay.objects.exists()
    assert_as_defined(world)
    counting.count_days(now=NOW)
    known = CountedDay.objects.count()
    world.anything()
    counting.count_days(now=NOW + LATER, seconds=0)  # the position stays
    assert_as_defined(world)
    assert CountedDay.objects.count() == known


def test_counting_twice_changes_nothing() -> None:
    World(10, threads=8)
    counting.count_days(now=NOW)
    before = list(DaySum.objects.order_by("grouped_by", "day", "dept_id", "member_id").values_list())
    counting.count_days(now=NOW)
    after = list(DaySum.objects.order_by("grouped_by", "day", "dept_id", "member_id").values_list())
    assert [row[1:] for row in after] == [row[1:] for row in before]


def test_today_is_never_kept() -> None:
    world = World(11, threads=4)
    world.event(world.threads[0], "created", NOW)
    counting.count_days(now=NOW)
    assert CountedDay.objects.order_by("-day")[0].day == on_the_clock(NOW).date() - timedelta(days=1)


def test_an_older_state_of_the_database_is_counted_anew() -> None:
    world = World(12, threads=6)
    counting.count_days(now=NOW)
    ThreadEntry.objects.all().delete()
    CountingPosition.objects.update(event_id=10**9)
    counting.count_days(now=NOW + LATER)
    assert CountingPosition.objects.get().event_id < 10**9
    assert_as_defined(world)


def test_numbers_that_may_be_old_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(13)
    counting.count_days(now=NOW)
    for _ in range(8):
        world.answer(world.threads[0])
    monkeypatch.setattr(parts, "MOST_DAYS_AT_ONCE", 0)
    assert parts_of(PERIODS[0]).as_of == NOW
    monkeypatch.setattr(parts, "MOST_DAYS_AT_ONCE", 62)
    monkeypatch.setattr(parts, "MOST_ROWS_BEHIND", 3)
    assert parts_of(PERIODS[0]).as_of == NOW


def test_nobody_waits_for_a_year_that_was_never_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(*_: Any, **__: Any) -> Any:
        raise TookTooLong

    year = Period(date(2025, 4, 1), date(2026, 3, 31))
    agent = World(14, threads=2).viewer
    assert parts_of(year).is_long
    statistics_table(Group.TOPIC, year, access=access_of(agent))  # few events: at once
    monkeypatch.setattr(statistics, "sums_by", cut_off)
    with pytest.raises(Conflict) as refusal:
        statistics_table(Group.TOPIC, year, access=access_of(agent))
    assert refusal.value.code == "statistics_not_counted"


def test_the_page_says_when_days_have_not_been_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(*_: Any, **__: Any) -> Any:
        raise TookTooLong

    desk = set_up_desk()
    client: Client = agent_client(desk.grace)
    monkeypatch.setattr(statistics, "sums_by", cut_off)
    for address in ("/scp/statistics/", "/scp/statistics/export/"):
        answer = client.get(f"{address}?period=365&format=csv")
        assert answer.status_code == 409
        assert "not been counted yet" in answer.content.decode()


def test_a_year_that_was_counted_reads_no_event_of_it() -> None:
    world = World(15, threads=6)
    for run in range(3):
        counting.count_days(now=NOW + run * LATER)
    access = AgentAccess(world.viewer)
    period = Period(date(2026, 3, 1), date(2026, 3, 19))
    with CaptureQueriesContext(connection) as queries:
        known = parts_of(period)
        assert known.rest == ()
        for group in Group:
            statistics_table(group, period, access=access, parts=known)
    reading = [query["sql"] for query in queries if "BETWEEN" in query["sql"] and "thread_event" in query["sql"]]
    assert reading == []


@pytest.mark.django_db(transaction=True)
def test_two_who_count_at_once_count_once() -> None:
    """A worker and cron, or a run that took longer than its interval."""
    world = World(16, threads=10)
    start = threading.Barrier(2)

    def count(run: int) -> int:
        try:
            connection.ensure_connection()
            start.wait(timeout=120)
            return counting.count_days(now=NOW + run * LATER)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert all(done > 0 for done in pool.map(count, range(2)))
    assert CountingPosition.objects.count() == 1
    assert_as_defined(world)


class TestStretches:
    def test_what_remains_beside_whole_days(self) -> None:
        stretch = stretch_of(Period(date(2026, 3, 2), date(2026, 3, 6), ZoneInfo("Asia/Tokyo")))
        remain = list(gaps(stretch, {date(2026, 3, 3), date(2026, 3, 4)}))
        assert [each.stored for each in remain] == [
            (datetime(2026, 3, 1, 15, tzinfo=UTC), datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC)),
            (datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 6, 14, 59, 59, tzinfo=UTC)),
        ]

    def test_runs_of_days(self) -> None:
        days = {date(2026, 3, number) for number in (1, 2, 3, 4, 7, 9, 10)}
        runs = [(first.day, last.day) for first, last in runs_of(days, 3)]
        assert runs == [(9, 10), (7, 7), (2, 4), (1, 1)]
        assert list(runs_of((), 3)) == []

    def test_a_day_has_its_last_second(self) -> None:
        assert stretch_of_days(date(2026, 3, 2), date(2026, 3, 2)).end == datetime.fromisoformat("2026-03-02T23:59:59")

"""Due dates from rows: which schedule and calculator count, what is kept in memory, what the health page says."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from helpdesk.configuration.services import set_setting
from helpdesk.legacy.models import Installation
from helpdesk.people.actor import Actor
from sla.book import book
from sla.calculators import EXACT, OSTICKET
from sla.constants import ScheduleFlag, SlaFlag
from sla.due_dates import CALCULATOR, calculate, chosen_calculator, due_date
from sla.health import schedules
from sla.models import Schedule, ScheduleEntry, SlaPlan

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 5, 4, 11, tzinfo=UTC)
SYSTEM = Actor.system()


@pytest.fixture
def two_shifts() -> Schedule:
    schedule = Schedule.objects.create(name="Two shifts", timezone="UTC", flags=ScheduleFlag.BUSINESS_HOURS)
    for opens, closes in ((8, 12), (13, 17)):
        add(schedule, starts_at=time(opens), ends_at=time(closes))
    return schedule


def add(schedule: Schedule, **columns: Any) -> ScheduleEntry:
    day = date(2026, 1, 1)
    values = {"name": "x", "repeats": "weekdays", "starts_on": day, "ends_on": day, **columns}
    return ScheduleEntry.objects.create(schedule=schedule, **values)


def plan(**columns: Any) -> SlaPlan:
    return SlaPlan.objects.create(**{"name": "Gold", "grace_period": 3, **columns})


@pytest.mark.parametrize(
    ("origin", "setting", "calculator"),
    [
        ("fresh", "", EXACT),
        ("adopted", "", OSTICKET),
        ("imported", "", OSTICKET),
        ("adopted", EXACT, EXACT),
        ("fresh", OSTICKET, OSTICKET),
        ("fresh", "abacus", EXACT),
    ],
)
def test_a_database_of_osticket_is_counted_as_osticket_does(
    two_shifts: Schedule, origin: str, setting: str, calculator: str
) -> None:
    Installation.objects.update(origin=origin)
    book.forget()
    set_setting("core", CALCULATOR, setting, SYSTEM)
    assert chosen_calculator() == calculator
    due = due_date(plan(schedule=two_shifts).pk, schedule_id=0, start=MONDAY)
    # The afternoon counts, or only the next morning does.
    expected = {EXACT: datetime(2026, 5, 4, 15, tzinfo=UTC), OSTICKET: datetime(2026, 5, 5, 10, tzinfo=UTC)}
    assert due == expected[calculator]


def test_known_plans_and_schedules_cost_no_query(two_shifts: Schedule, django_assert_num_queries: Any) -> None:
    gold = plan(schedule=two_shifts)
    assert due_date(gold.pk, schedule_id=1, start=MONDAY) is not None
    with django_assert_num_queries(0):
        due_date(gold.pk, schedule_id=two_shifts.pk, start=MONDAY)


def test_a_change_counts_at_once(two_shifts: Schedule) -> None:
    gold = plan(schedule=two_shifts)
    before = due_date(gold.pk, schedule_id=0, start=MONDAY)
    gold.grace_period = 30
    gold.save()
    after = due_date(gold.pk, schedule_id=0, start=MONDAY)
    assert before is not None
    assert after is not None
    assert after > before
    gold.flags = SlaFlag(0)
    gold.save()
    assert due_date(gold.pk, schedule_id=0, start=MONDAY) is None
    assert due_date(None, schedule_id=0, start=MONDAY) is None
    assert due_date(99_999, schedule_id=0, start=MONDAY) is None


def test_a_schedule_without_zone_follows_the_help_desk(two_shifts: Schedule) -> None:
    Schedule.objects.filter(pk=two_shifts.pk).update(timezone=None)
    two_shifts.refresh_from_db()
    two_shifts.save()
    set_setting("core", "default_timezone", "America/New_York", SYSTEM)
    due = due_date(plan(schedule=two_shifts).pk, schedule_id=0, start=MONDAY)  # 7:00 in New York
    assert due == datetime(2026, 5, 4, 15, tzinfo=UTC)


def test_hours_that_never_come_are_no_due_date(two_shifts: Schedule) -> None:
    two_shifts.entries.all().delete()
    add(two_shifts, starts_at=time(8), ends_at=time(8))
    gold = plan(schedule=two_shifts)
    for calculator in (EXACT, OSTICKET):
        found = calculate(gold.pk, schedule_id=0, start=MONDAY, calculator=calculator)
        assert found is not None
        assert found.due is None


class TestHealth:
    def sentences(self) -> list[str]:
        found: Any = schedules(MONDAY)
        return [finding.sentence for finding in found]

    def test_the_schedules_of_a_new_help_desk_are_in_order(self) -> None:
        assert self.sentences() == ["All schedules can be used."]

    def test_what_is_wrong_is_named(self, two_shifts: Schedule) -> None:
        Schedule.objects.create(name="Empty", flags=ScheduleFlag.BUSINESS_HOURS)
        two_shifts.entries.all().delete()
        add(two_shifts, starts_at=time(8), ends_at=time(8))
        book.forget()
        found = self.sentences()
        assert "Schedule “Empty”: It has no entries: the hours of a plan are counted around the clock." in found
        assert "Schedule “Two shifts”: No hour ever passes on it: its tickets have no due date." in found

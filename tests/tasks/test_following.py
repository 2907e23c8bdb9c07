"""Following what osTicket does with tasks beside us: rows inserted by SQL, as PHP inserts them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from helpdesk.legacy.models import Installation
from helpdesk.threads import following, own_rows
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import FollowedTable, FollowPosition, KnownRow, Thread, ThreadEvent
from tasks import signals
from tasks.models import Task
from tasks.services.overdue import mark_overdue_tasks
from tests.tasks.conftest import NOW, Desk
from tests.tickets.test_following import follow, listening, php_entry, php_event
from tickets.models import SearchEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def task(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Task:
    """A task in an adopted database, followed since before it was made here."""
    monkeypatch.setattr(own_rows, "_followed", [])
    Installation.objects.create(
        origin=Installation.Origin.ADOPTED, osticket_version="1.18", schema_signature="0" * 32, database_time_zone="UTC"
    )
    follow()
    return desk.task(duedate=NOW + timedelta(hours=1))


def thread_of(task: Task) -> Thread:
    return Thread.objects.get(object_type=ObjectType.TASK, object_id=task.pk)


def test_what_php_does_with_a_task_is_told_once(task: Task, desk: Desk) -> None:
    assert follow() == 0
    thread, who = thread_of(task), desk.agent.pk
    php_event(thread, "assigned", f'{{"staff":[{desk.colleague.pk},{{"name":"Cora Clark"}}]}}', uid=who)
    php_event(thread, "transferred", '{"dept":"Sales"}', uid=who)
    php_event(thread, "closed", uid=who)
    note = php_entry(thread, "<p>A zeppelin</p>", staff_id=who, type="N")
    with listening(*signals.CHANGING_COUNTS, signals.task_entry_posted) as heard:
        assert follow() == 4
        assert follow() == 0
    assert {(told["task"], told["origin"], told["actor"].agent) for told in heard} == {(task, "php", desk.agent)}
    assigned, _transferred, _closed, posted = heard
    assert (assigned["staff"], assigned["team"]) == (desk.colleague, None)
    assert posted["entry"].pk == note
    assert SearchEntry.objects.filter(object_type=ObjectType.THREAD_ENTRY, object_id=note).exists()


def test_tasks_that_we_mark_as_overdue_are_not_followed(task: Task) -> None:
    mark_overdue_tasks()
    assert ThreadEvent.objects.filter(thread=thread_of(task), event__name="overdue").count() == 1
    assert follow() == 0


def test_notes_do_not_grow_for_ever_where_nobody_follows(
    task: Task, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_rows, "LOOKED_AFTER_EVERY", 1)
    monkeypatch.setattr(following, "WINDOW", 2)
    notes = KnownRow.objects.filter(table=FollowedTable.EVENTS)
    for number in range(5):
        desk.task(title=f"One {number}")
    noted = notes.count()
    assert noted > 5  # somebody looked a moment ago: they are needed
    FollowPosition.objects.update(looked=timezone.now() - timedelta(days=8))
    desk.task(title="The last one")
    assert notes.count() <= 4
    assert follow() == 0

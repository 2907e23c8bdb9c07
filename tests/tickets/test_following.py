"""Following what osTicket writes beside us: rows inserted by SQL, as PHP inserts them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.dispatch import Signal
from django.utils import timezone
from structlog.testing import capture_logs

from helpdesk.legacy.models import Installation
from helpdesk.outbox.models import Effect
from helpdesk.threads import following, own_rows
from helpdesk.threads.constants import EntryFlag, ObjectType
from helpdesk.threads.events import event_id
from helpdesk.threads.following import Followed
from helpdesk.threads.models import FollowedTable, FollowPosition, KnownRow, Thread, ThreadEntry, ThreadEvent
from helpdesk.threads.own_rows import forget_whether_followed
from tests.tickets.conftest import Desk
from tickets import signals
from tickets.following import event_written
from tickets.models import SearchEntry, Ticket
from tickets.services import assign_ticket, claim_ticket, mark_all_overdue
from tickets.states import thread_of

pytestmark = pytest.mark.django_db

Heard = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def _adopted(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_rows, "_followed", [])
    Installation.objects.create(
        origin=Installation.Origin.ADOPTED, osticket_version="1.18", schema_signature="0" * 32, database_time_zone="UTC"
    )


@contextmanager
def listening(*sent: Signal) -> Iterator[Heard]:
    heard: Heard = []

    def hear(sender: Any, **values: Any) -> None:
        heard.append(values)

    for signal in sent:
        signal.connect(hear)
    try:
        yield heard
    finally:
        for signal in sent:
            signal.disconnect(hear)


def follow() -> int:
    return following.follow(now=timezone.now(), slices=10)


def insert(model: Any, **columns: Any) -> int:
    """Insert a row by SQL, past everything that notes our own rows."""
    quote = connection.ops.quote_name
    names = ", ".join(quote(name) for name in columns)
    places = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({places})",  # noqa: S608
            list(columns.values()),
        )
    return int(columns.get("id") or model.objects.order_by("-pk").values_list("pk", flat=True)[0])


def php_event(thread: Thread, name: str, data: str | None = None, **columns: Any) -> int:
    values = {
        "thread_id": thread.pk,
        "thread_type": thread.object_type,
        "event_id": event_id(name),
        "data": data,
        "staff_id": 0,
        "team_id": 0,
        "dept_id": 0,
        "topic_id": 0,
        "username": "SYSTEM",
        "uid_type": "S",
        "annulled": False,
        "timestamp": "2026-05-04 10:00:00",
    }
    return insert(ThreadEvent, **values | columns)


def php_entry(thread: Thread, body: str, **columns: Any) -> int:
    values = {
        "thread_id": thread.pk,
        "pid": 0,
        "staff_id": 0,
        "user_id": 0,
        "type": "R",
        "flags": 0,
        "poster": "Ada",
        "source": "",
        "title": None,
        "body": body,
        "format": "html",
        "ip_address": "203.0.113.9",
        "created": "2026-05-04 10:00:00",
        "updated": "2026-05-04 10:00:00",
    }
    return insert(ThreadEntry, **values | columns)


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    """A ticket of a database that is followed since a moment."""
    made = desk.ticket()
    thread = thread_of(made)
    php_event(thread, "created")
    php_entry(thread, "long ago", staff_id=desk.agent.pk)
    assert follow() == 0
    return made


def test_history_is_not_replayed(ticket: Ticket) -> None:
    with listening(signals.entry_posted, signals.ticket_created) as heard:
        assert follow() == 0
    assert heard == []


def test_an_answer_of_php_is_told_once_and_sends_no_mail(ticket: Ticket, desk: Desk) -> None:
    entry = php_entry(thread_of(ticket), "<p>The zeppelin has landed</p>", staff_id=desk.agent.pk)
    mails = Effect.objects.count()
    with listening(signals.entry_posted) as heard:
        assert follow() == 1
        assert follow() == 0
    [told] = heard
    assert (told["ticket"], told["entry"].pk, told["origin"]) == (ticket, entry, "php")
    assert told["actor"].agent == desk.agent
    assert Effect.objects.count() == mails
    row = SearchEntry.objects.get(object_type=ObjectType.THREAD_ENTRY, object_id=entry)
    assert "zeppelin" in str(row.content)


def test_events_of_php_become_our_signals(ticket: Ticket, desk: Desk) -> None:
    thread, who = thread_of(ticket), desk.agent.pk
    php_event(thread, "assigned", f'{{"staff":[{desk.colleague.pk},"Cora Clark"]}}', uid=who, username="ada")
    php_event(thread, "assigned", '{"claim":true}', uid=who, username="ada")
    php_event(thread, "closed", f'{{"status":[{ticket.status_id},"Closed"]}}', uid=who, username="ada")
    php_event(thread, "transferred", '{"dept":"Sales"}', uid=who, dept_id=desk.department.pk)
    php_event(thread, "referred", f'{{"dept":{desk.department.pk}}}', uid=who)
    php_event(thread, "overdue")
    php_event(thread, "edited", '{"sla_id":[1,2]}', uid=who)
    php_event(thread, "released", f'{{"staff":[{who},"Ada Admin"]}}', uid=who)
    with listening(*signals.CHANGING_COUNTS, signals.ticket_overdue) as heard:
        assert follow() == 8
    assert {told["origin"] for told in heard} == {"php"}
    assigned, claimed, closed, transferred, referred, overdue, edited = heard
    assert (assigned["staff"], assigned["team"], assigned["actor"].agent) == (desk.colleague, None, desk.agent)
    assert claimed["staff"] == desk.agent
    assert closed["status"].pk == ticket.status_id
    assert transferred["department"] == desk.department
    assert referred["referee"] == desk.department
    assert overdue["actor"].agent is None
    assert edited["changes"] == {"sla_id": [1, 2]}


def test_a_ticket_that_php_opens_is_told_with_its_first_message(ticket: Ticket, desk: Desk) -> None:
    other = desk.ticket()
    thread = thread_of(other)
    SearchEntry.objects.filter(object_type=ObjectType.TICKET, object_id=other.pk).delete()
    ThreadEntry.objects.filter(thread=thread).delete()
    follow()
    message = php_entry(thread, "Help", user_id=other.user_id, type="M")
    php_event(thread, "created", uid=other.user_id, uid_type="U")
    with listening(signals.ticket_created, signals.entry_posted) as heard:
        assert follow() == 2
    [told] = heard
    assert (told["ticket"], told["entry"].pk, told["actor"].user) == (other, message, other.user)
    assert SearchEntry.objects.filter(object_type=ObjectType.TICKET, object_id=other.pk).exists()


def test_a_correction_is_indexed_and_not_told(ticket: Ticket, desk: Desk) -> None:
    thread = thread_of(ticket)
    old = php_entry(thread, "a wrong word", staff_id=desk.agent.pk)
    follow()
    ThreadEntry.objects.filter(pk=old).update(flags=EntryFlag.HIDDEN)
    new = php_entry(thread, "a right word", staff_id=desk.agent.pk, pid=old, flags=int(EntryFlag.EDITED))
    with listening(signals.entry_posted) as heard:
        assert follow() == 1
    assert heard == []
    indexed = SearchEntry.objects.filter(object_type=ObjectType.THREAD_ENTRY, object_id__in=[old, new])
    assert [row.object_id for row in indexed] == [new]


def test_what_we_do_ourselves_is_not_followed(ticket: Ticket, desk: Desk) -> None:
    assign_ticket(ticket, actor=desk.actor, agent=desk.colleague, comments="Please")
    Ticket.objects.filter(pk=ticket.pk).update(duedate="2026-01-01 00:00:00+00:00", isoverdue=False)
    assert mark_all_overdue(now=timezone.now()) >= 1
    assert follow() == 0


def test_a_row_that_appears_late_is_told_once(ticket: Ticket) -> None:
    thread = thread_of(ticket)
    newest = php_event(thread, "overdue")
    late, newer = newest + 1, newest + 2
    php_event(thread, "overdue", id=newer)
    assert follow() == 2
    php_event(thread, "reopened", id=late)
    with listening(signals.ticket_reopened, signals.ticket_overdue) as heard:
        assert follow() == 1
        assert follow() == 0
    assert len(heard) == 1


def test_rows_of_what_is_gone_are_passed(ticket: Ticket, desk: Desk) -> None:
    thread = Thread(pk=thread_of(ticket).pk + 1000, object_type="T")
    php_event(thread, "deleted")
    php_event(Thread(pk=0, object_type="T"), "closed")
    with listening(*signals.CHANGING_COUNTS) as heard:
        assert follow() == 2
        assert follow() == 0
    assert heard == []


def test_a_receiver_that_fails_keeps_nobody_from_the_next_row(ticket: Ticket) -> None:
    thread = thread_of(ticket)

    def spoil(sender: Any, **_: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM there_is_no_such_table")

    php_event(thread, "reopened")
    php_event(thread, "overdue")
    signals.ticket_reopened.connect(spoil)
    try:
        with listening(signals.ticket_overdue) as heard:
            assert follow() == 2
    finally:
        signals.ticket_reopened.disconnect(spoil)
    assert len(heard) == 1
    assert follow() == 0


def test_a_row_that_cannot_be_handed_over_is_named_and_keeps_nobody_from_the_next(
    ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = thread_of(ticket)

    def spoil(followed: Followed) -> None:
        if followed.name == "reopened":
            ThreadEntry.objects.filter(thread=thread).update(title="half done")
            raise ValueError("what is this?")
        event_written(followed)

    monkeypatch.setitem(following._followers, (str(ObjectType.TICKET), FollowedTable.EVENTS), spoil)
    bad = php_event(thread, "reopened")
    php_event(thread, "overdue")
    with listening(signals.ticket_overdue) as heard, capture_logs() as logs:
        assert follow() == 2
        assert follow() == 0
    assert len(heard) == 1
    assert not ThreadEntry.objects.filter(title="half done").exists()
    (line,) = [one for one in logs if one["event"] == "php_follow_failed"]
    assert (line["table"], line["row_id"], line["thread_id"]) == (FollowedTable.EVENTS, bad, thread.pk)


def test_a_run_that_dies_is_made_again(ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    php_event(thread_of(ticket), "overdue")
    before = FollowPosition.objects.get(table=FollowedTable.EVENTS).position

    class Killed(BaseException):
        pass

    def die(sender: Any, **_: Any) -> None:
        raise Killed

    signals.ticket_overdue.connect(die)
    try:
        with pytest.raises(Killed):
            follow()
    finally:
        signals.ticket_overdue.disconnect(die)
    assert FollowPosition.objects.get(table=FollowedTable.EVENTS).position == before
    with listening(signals.ticket_overdue) as heard:
        assert follow() == 1
    assert len(heard) == 1


def test_slices_end_and_go_on(ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "SLICE", 3)
    for _number in range(8):
        php_event(thread_of(ticket), "overdue")
    with listening(signals.ticket_overdue) as heard:
        assert following.follow(now=timezone.now(), slices=2) == 6
        assert following.follow(now=timezone.now(), slices=2) == 2
    assert len(heard) == 8


def test_what_is_known_is_forgotten_behind_the_window(ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "WINDOW", 2)
    for _number in range(5):
        php_event(thread_of(ticket), "overdue")
    assert follow() == 5
    assert KnownRow.objects.filter(table=FollowedTable.EVENTS).count() == 2
    assert follow() == 0


def test_a_database_of_our_own_is_not_followed(ticket: Ticket, desk: Desk) -> None:
    Installation.objects.update(origin=Installation.Origin.FRESH)
    forget_whether_followed()
    known = KnownRow.objects.count()
    claim_ticket(ticket, actor=desk.actor)
    php_event(thread_of(ticket), "overdue")
    assert follow() == 0
    assert KnownRow.objects.count() == known


@pytest.mark.django_db(transaction=True)
def test_two_workers_hand_each_row_over_once(ticket: Ticket) -> None:
    for _number in range(6):
        php_event(thread_of(ticket), "overdue")

    def work(_number: int) -> int:
        try:
            return follow()
        finally:
            connection.close()

    with listening(signals.ticket_overdue) as heard, ThreadPoolExecutor(2) as workers:
        assert sum(workers.map(work, range(2))) == 6
    assert len(heard) == 6

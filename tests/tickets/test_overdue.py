"""Marking tickets as overdue (osticket/tickets.md §11.2)."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from helpdesk.configuration.services import set_settings
from helpdesk.legacy.errors import NotFound, PermissionRefused
from helpdesk.legacy.fields import ZERO_DATE
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.people.constants import AlertMembership, TeamFlag, TeamMemberFlag
from helpdesk.people.models import Agent, Department, EndUser, Team, TeamMember
from helpdesk.threads.models import Thread, ThreadEvent
from sla.constants import SlaFlag
from sla.models import SlaPlan
from tickets.models import HelpTopic, Ticket, TicketStatus
from tickets.services import NewTicket, Origin, create_ticket, mark_all_overdue, mark_overdue
from tickets.signals import ticket_overdue

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)


@pytest.fixture
def ticket() -> Ticket:
    return another(0)


def write_zero_date(column: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {Ticket._meta.db_table} SET {column} = %s", [ZERO_DATE])  # noqa: S608


def another(number: int) -> Ticket:
    new = NewTicket(
        origin=Origin.WEB,
        message="<p>Help</p>",
        subject=f"Help {number}",
        email="eve@x.example",
        name="Eve",
        topic=HelpTopic.objects.get(topic="Feedback"),
    )
    return create_ticket(new, actor=Actor.for_user(EndUser(name="Eve")))


def events(ticket: Ticket) -> list[ThreadEvent]:
    return list(ThreadEvent.objects.filter(thread__object_id=ticket.pk, event__name="overdue"))


def test_the_system_marks_an_open_ticket_once(ticket: Ticket) -> None:
    assert mark_overdue(ticket, actor=Actor.system(), now=NOW)
    assert not mark_overdue(ticket, actor=Actor.system(), now=NOW)
    ticket.refresh_from_db()
    assert ticket.isoverdue
    [event] = events(ticket)
    assert (event.timestamp, event.data, event.username, event.annulled) == (NOW, None, "SYSTEM", False)


def test_closed_tickets_stay_as_they_are(ticket: Ticket) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(status=TicketStatus.objects.get(name="Closed"))
    assert not mark_overdue(ticket, actor=Actor.system(), now=NOW)
    assert not events(ticket)


def test_the_manager_of_the_department_may_a_colleague_may_not_and_a_stranger_sees_nothing(ticket: Ticket) -> None:
    manager, colleague, stranger = (
        Agent.objects.create(username=name, dept_id=dept, role_id=1)
        for name, dept in (("mia", 1), ("cleo", 1), ("sam", 3))
    )
    Department.objects.filter(pk=1).update(manager=manager)
    with pytest.raises(PermissionRefused):
        mark_overdue(ticket, actor=Actor.for_agent(colleague), now=NOW)
    with pytest.raises(NotFound):
        mark_overdue(ticket, actor=Actor.for_agent(stranger), now=NOW)
    assert mark_overdue(ticket, actor=Actor.for_agent(manager), now=NOW)


class TestJob:
    def due(self, ticket: Ticket, **columns: Any) -> Ticket:
        values = {"duedate": None, "est_duedate": None, "isoverdue": False, **columns}
        Ticket.objects.filter(pk=ticket.pk).update(**values)
        return ticket

    def test_everything_due_is_marked_in_one_run_and_once(self, ticket: Ticket) -> None:
        tickets = [self.due(another(n), est_duedate=NOW - timedelta(minutes=1)) for n in range(7)]
        self.due(ticket, duedate=NOW - timedelta(seconds=1), est_duedate=NOW + timedelta(1))
        assert mark_all_overdue(now=NOW, slice_size=3) == 8
        assert mark_all_overdue(now=NOW, slice_size=3) == 0
        assert Ticket.objects.filter(isoverdue=True, updated=NOW).count() == 8
        for one in [ticket, *tickets]:
            [event] = events(one)
            assert (event.timestamp, event.data, event.username, event.uid, event.uid_type, event.dept_id) == (
                *(NOW, None, "SYSTEM", None, "S"),
                one.dept_id,
            )

    def test_what_the_cron_of_osticket_has_marked_is_left_alone(self, ticket: Ticket) -> None:
        mine = self.due(another(1), est_duedate=NOW - timedelta(minutes=1))
        self.due(ticket, est_duedate=NOW - timedelta(minutes=1), isoverdue=True)
        assert mark_all_overdue(now=NOW) == 1
        assert (len(events(mine)), len(events(ticket))) == (1, 0)

    def test_a_date_in_the_future_that_somebody_set_protects(self, ticket: Ticket) -> None:
        self.due(ticket, duedate=NOW + timedelta(1), est_duedate=NOW - timedelta(1))
        assert mark_all_overdue(now=NOW) == 0

    def test_due_at_this_second_is_not_overdue_yet(self, ticket: Ticket) -> None:
        self.due(ticket, est_duedate=NOW)
        assert mark_all_overdue(now=NOW) == 0
        assert mark_all_overdue(now=NOW + timedelta(seconds=1)) == 1

    def test_closed_tickets_and_those_without_date_stay(self, ticket: Ticket) -> None:
        closed = self.due(another(1), est_duedate=NOW - timedelta(1))
        Ticket.objects.filter(pk=closed.pk).update(status=TicketStatus.objects.get(name="Closed"))
        self.due(ticket)
        assert mark_all_overdue(now=NOW) == 0

    @pytest.mark.mysql
    def test_a_zero_date_is_none(self, ticket: Ticket) -> None:
        self.due(ticket, est_duedate=NOW + timedelta(1))
        write_zero_date("duedate")
        assert mark_all_overdue(now=NOW) == 0
        write_zero_date("est_duedate")
        assert mark_all_overdue(now=NOW) == 0
        self.due(ticket, est_duedate=NOW - timedelta(1))
        write_zero_date("duedate")
        assert mark_all_overdue(now=NOW) == 1

    def test_alerts_go_where_the_settings_say_and_not_for_silent_plans(self, ticket: Ticket) -> None:
        manager = Agent.objects.create(username="mia", email="mia@x.example", dept_id=1, role_id=1, isactive=True)
        Department.objects.filter(pk=1).update(manager=manager, group_membership=AlertMembership.PRIMARY_MEMBERS)
        set_settings("core", {"overdue_alert_active": True, "overdue_alert_dept_manager": True}, Actor.system())
        silent = self.due(another(1), est_duedate=NOW - timedelta(1))
        plan = SlaPlan.objects.create(name="Quiet", grace_period=1, flags=SlaFlag.ACTIVE | SlaFlag.NO_ALERTS)
        Ticket.objects.filter(pk=silent.pk).update(sla=plan, dept_id=1)
        Ticket.objects.filter(pk=ticket.pk).update(dept_id=1)
        self.due(ticket, est_duedate=NOW - timedelta(1))
        assert mark_all_overdue(now=NOW) == 2
        [effect] = Effect.objects.filter(payload__template="ticket.overdue")
        assert (effect.object_id, effect.payload["to"][0]["address"]) == (ticket.pk, "mia@x.example")

    def test_those_who_are_told_are_asked_for_once(self) -> None:
        settings = ("overdue_alert_active", "overdue_alert_assigned", "overdue_alert_dept_members")
        set_settings("core", dict.fromkeys(settings, True), Actor.system())
        Department.objects.update(group_membership=AlertMembership.PRIMARY_MEMBERS)
        member = Agent.objects.create(username="tim", email="tim@x.example", dept_id=1, role_id=1, isactive=True)
        team = Team.objects.create(name="Night", flags=TeamFlag.ENABLED)
        TeamMember.objects.create(team=team, staff=member, flags=TeamMemberFlag.ALERTS)
        plans = [SlaPlan.objects.create(name=f"Plan {n}", grace_period=1, flags=SlaFlag.ACTIVE) for n in range(3)]
        for n in range(12):
            one = self.due(another(n), est_duedate=NOW - timedelta(minutes=1))
            Ticket.objects.filter(pk=one.pk).update(dept_id=1, team=team if n % 2 else None, sla=plans[n % 3])
        mark_all_overdue(now=NOW - timedelta(hours=1))  # reads what is kept in memory
        with CaptureQueriesContext(connection) as captured:
            assert mark_all_overdue(now=NOW, slice_size=4) == 12
        tables = (Agent._meta.db_table, Team._meta.db_table, TeamMember._meta.db_table)
        asked = [query["sql"] for query in captured if re.search(rf"FROM .({'|'.join(tables)})\b", query["sql"])]
        assert len(asked) == len(set(asked)) == 3
        told = Effect.objects.filter(payload__template="ticket.overdue")
        assert {one.payload["to"][0]["address"] for one in told} == {"tim@x.example"}
        assert told.count() == 12

    def test_the_signal_is_sent_after_the_commit(self, ticket: Ticket, django_capture_on_commit_callbacks: Any) -> None:
        seen: list[Ticket] = []

        def receiver(ticket: Ticket, **_: Any) -> None:
            seen.append(ticket)

        self.due(ticket, est_duedate=NOW - timedelta(1))
        ticket_overdue.connect(receiver)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                mark_all_overdue(now=NOW)
                assert seen == []
        finally:
            ticket_overdue.disconnect(receiver)
        assert [(one.pk, one.isoverdue) for one in seen] == [(ticket.pk, True)]

    def test_a_ticket_that_lost_its_thread_gets_one(self, ticket: Ticket) -> None:
        Thread.objects.filter(object_id=ticket.pk).delete()
        self.due(ticket, est_duedate=NOW - timedelta(1))
        assert mark_all_overdue(now=NOW) == 1
        assert len(events(ticket)) == 1

    def test_none_due_costs_three_small_statements(self, ticket: Ticket, django_assert_num_queries: Any) -> None:
        self.due(ticket, est_duedate=NOW + timedelta(1))
        with django_assert_num_queries(3):
            assert mark_all_overdue(now=NOW) == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_record_each_ticket_once(ticket: Ticket) -> None:
    tickets = [another(n) for n in range(40)]
    Ticket.objects.update(est_duedate=NOW - timedelta(1), isoverdue=False)
    barrier = threading.Barrier(2)

    def work(_: int) -> int:
        try:
            barrier.wait()
            return mark_all_overdue(now=NOW, slice_size=5)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(work, range(2)))
    mark_all_overdue(now=NOW)  # what one skipped while the other had it locked
    assert sum(counts) <= 41
    assert [len(events(one)) for one in [ticket, *tickets]] == [1] * 41


@pytest.mark.django_db(transaction=True)
def test_two_workers_and_the_cron_of_osticket_share_the_tickets_of_one_second(ticket: Ticket) -> None:
    """osTicket marks ticket by ticket, each by a statement of its own outside any transaction of ours."""
    tickets = [ticket, *(another(n) for n in range(40))]
    manager = Agent.objects.create(username="mia", email="mia@x.example", dept_id=1, role_id=1, isactive=True)
    department = Department.objects.get(pk=1)
    department.manager, department.group_membership = manager, AlertMembership.PRIMARY_MEMBERS
    department.save()
    set_settings("core", {"overdue_alert_active": True, "overdue_alert_dept_manager": True}, Actor.system())
    Ticket.objects.update(est_duedate=NOW - timedelta(1), isoverdue=False, dept_id=1)
    barrier = threading.Barrier(3)

    def work() -> int:
        return mark_all_overdue(now=NOW, slice_size=4)

    def osticket() -> list[int]:
        table, flag = Ticket._meta.db_table, Ticket._meta.get_field("isoverdue")
        yes, no = (flag.get_db_prep_save(value, connection) for value in (True, False))
        statement = f"UPDATE {table} SET isoverdue = %s, updated = %s WHERE ticket_id = %s AND isoverdue = %s"  # noqa: S608
        taken = []
        for one in reversed(tickets):
            with connection.cursor() as cursor:
                cursor.execute(statement, [yes, NOW.replace(tzinfo=None), one.pk, no])
                if cursor.rowcount:
                    taken.append(one.pk)
        return taken

    def at_once(job: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        *counts, taken = pool.map(at_once, [work, work, osticket])
    counts.append(mark_all_overdue(now=NOW))  # what one skipped while another had it locked
    assert not Ticket.objects.filter(isoverdue=False).exists()
    assert sum(counts) == len(tickets) - len(taken)
    assert [len(events(one)) for one in tickets] == [0 if one.pk in taken else 1 for one in tickets]
    told = Effect.objects.filter(payload__template="ticket.overdue").values_list("object_id", flat=True)
    assert sorted(told) == sorted(one.pk for one in tickets if one.pk not in taken)
    assert mark_all_overdue(now=NOW) == 0

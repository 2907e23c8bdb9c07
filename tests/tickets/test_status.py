"""Closing, reopening, other statuses (osticket/tickets.md §9)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from helpdesk.configuration.services import set_setting
from helpdesk.forms.constants import FieldFlag
from helpdesk.forms.models import FormAnswer, FormField
from helpdesk.legacy.errors import Conflict, DomainError, NotFound, PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentFlag
from helpdesk.threads.constants import EntryType
from helpdesk.threads.models import Draft, ThreadEvent
from tests.factories import AgentFactory, HelpTopicFactory, RoleFactory, new_task, open_status, resolved_status
from tests.tickets.conftest import NOW, Desk, entries, events, fresh, referrals
from tickets.constants import TicketState, TopicFlag
from tickets.models import TicketStatus
from tickets.services import change_status, close_ticket, post_reply, reopen_ticket
from tickets.signals import ticket_closed, ticket_reopened


def close(desk: Desk, ticket: Any, **values: Any) -> Any:
    return close_ticket(ticket, **{"actor": desk.actor, "status": resolved_status(), "now": NOW, **values})


def reopen(desk: Desk, ticket: Any, **values: Any) -> Any:
    return reopen_ticket(ticket, **{"actor": desk.actor, "now": NOW + timedelta(hours=1), **values})


class TestClosing:
    def test_columns_of_a_closed_ticket(self, desk: Desk) -> None:
        ticket = desk.ticket()
        ticket.isoverdue, ticket.staff = True, desk.colleague
        ticket.duedate, ticket.est_duedate = NOW - timedelta(1), NOW + timedelta(1)
        ticket.save()
        close(desk, ticket)
        row = fresh(ticket)
        assert (row.status.name if row.status else "", row.staff_id) == ("Resolved", desk.agent.pk)
        assert (row.closed, row.lastupdate, row.updated) == (NOW, NOW, NOW)
        assert (row.isoverdue, row.duedate, row.est_duedate) == (False, None, NOW + timedelta(1))

    def test_former_agent_keeps_access_by_referral(self, desk: Desk) -> None:
        ticket = desk.ticket()
        ticket.staff = desk.colleague
        ticket.save()
        close(desk, ticket)
        assert referrals(ticket) == {("S", desk.colleague.pk)}

    def test_unassigned_ticket_is_referred_to_its_closer(self, desk: Desk) -> None:
        ticket = desk.ticket()
        close(desk, ticket)
        assert referrals(ticket) == {("S", desk.agent.pk)}

    def test_nobody_is_referred_when_the_setting_is_off(self, desk: Desk) -> None:
        set_setting("core", "auto_refer_closed", "0", Actor.system())
        ticket = desk.ticket()
        close(desk, ticket)
        assert referrals(ticket) == set()

    def test_system_leaves_the_agent(self, desk: Desk) -> None:
        ticket = desk.ticket()
        ticket.staff = desk.colleague
        ticket.save()
        close(desk, ticket, actor=Actor.system())
        assert fresh(ticket).staff_id == desk.colleague.pk

    def test_event_note_and_drafts(self, desk: Desk) -> None:
        ticket = desk.ticket()
        for namespace in (f"ticket.response.{ticket.pk}", f"ticket.note.{ticket.pk}", f"ticket.note.{ticket.pk}0"):
            Draft.objects.create(staff_id=desk.colleague.pk, namespace=namespace, body="x")
        close(desk, ticket, comments="Solved by phone.")
        assert events(ticket)[-1] == ("closed", {"status": [resolved_status().pk, "Resolved"]})
        note = entries(ticket)[-1]
        assert (note.type, note.title, note.body) == (EntryType.NOTE, "Status Changed", "Solved by phone.")
        assert (note.poster, note.ip_address) == ("Ada Admin", "203.0.113.9")
        assert list(Draft.objects.values_list("namespace", flat=True)) == [f"ticket.note.{ticket.pk}0"]

    def test_closing_again_annuls_the_earlier_event(self, desk: Desk) -> None:
        ticket = desk.ticket()
        close(desk, ticket)
        close(desk, ticket, status=TicketStatus.objects.get(name="Closed"), now=NOW + timedelta(hours=2))
        closed = ThreadEvent.objects.filter(event__name="closed").order_by("id")
        assert [event.annulled for event in closed] == [True, False]
        assert fresh(ticket).closed == NOW + timedelta(hours=2)

    def test_signal_after_the_commit(self, desk: Desk, django_capture_on_commit_callbacks: Any) -> None:
        ticket, seen = desk.ticket(), []

        def receive(**values: Any) -> None:
            seen.append((values["ticket"].pk, values["actor"].agent, values["status"].name))

        ticket_closed.connect(receive)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                close(desk, ticket)
                assert seen == []
        finally:
            ticket_closed.disconnect(receive)
        assert seen == [(ticket.pk, desk.agent, "Resolved")]

    def test_three_actors(self, desk: Desk) -> None:
        ticket = desk.ticket()
        with pytest.raises(PermissionRefused) as refusal:
            close(desk, ticket, actor=Actor.for_agent(desk.viewer))
        assert str(refusal.value) == "You do not have permission to resolve/close tickets"
        with pytest.raises(NotFound):
            close(desk, ticket, actor=Actor.for_agent(desk.stranger))
        assert fresh(ticket).closed is None
        close(desk, ticket, actor=Actor.for_agent(desk.colleague))
        assert fresh(ticket).staff_id == desk.colleague.pk

    def test_open_status_closes_nothing(self, desk: Desk) -> None:
        with pytest.raises(ValidationFailed):
            close(desk, desk.ticket(), status=open_status())


class TestObstacles:
    """What is in the way of closing, in its order."""

    def refusal_of(self, desk: Desk, ticket: Any) -> str:
        with pytest.raises(Conflict) as refusal:
            close(desk, ticket)
        assert fresh(ticket).closed is None
        return str(refusal.value)

    @pytest.fixture
    def required_field(self) -> FormField:
        return FormField.objects.create(
            form_id=2, label="Order", name="order_no", sort=9, flags=FieldFlag.ENABLED | FieldFlag.CLOSE_REQUIRED
        )

    def test_required_field_without_answer(self, desk: Desk, required_field: FormField) -> None:
        ticket = desk.ticket()
        expected = "This ticket is missing data on one or more required fields and cannot be closed"
        assert self.refusal_of(desk, ticket) == expected
        FormAnswer.objects.filter(field=required_field).update(value="")
        close(desk, ticket)
        assert fresh(ticket).closed == NOW

    def test_open_tasks(self, desk: Desk) -> None:
        ticket = desk.ticket()
        new_task(ticket, is_open=False)
        tasks = [new_task(ticket), new_task(ticket)]
        assert self.refusal_of(desk, ticket) == "This ticket has 2 open tasks and cannot be closed"
        for task in tasks:
            task.delete()
        close(desk, ticket)

    def test_missing_topic_where_one_is_demanded(self, desk: Desk) -> None:
        ticket = desk.ticket()
        set_setting("core", "require_topic_to_close", "1", Actor.system())
        assert self.refusal_of(desk, ticket) == "This ticket is missing a Help Topic and cannot be closed"

    def test_force_skips_them(self, desk: Desk, required_field: FormField) -> None:
        ticket = desk.ticket()
        new_task(ticket)
        close(desk, ticket, force=True)
        assert fresh(ticket).closed == NOW


class TestReopening:
    def test_columns_and_event(self, desk: Desk) -> None:
        ticket = desk.ticket()
        close(desk, ticket)
        reopen(desk, ticket, comments="Not solved.")
        row, at = fresh(ticket), NOW + timedelta(hours=1)
        assert (row.status.name if row.status else "", row.closed, row.reopened, row.lastupdate) == (
            "Open",
            None,
            at,
            at,
        )
        assert not row.isanswered
        assert row.est_duedate is not None  # 18 hours of 8:00 to 17:00, from the reopening on
        assert (row.est_duedate - at) == timedelta(days=2)
        assert [name for name, _ in events(ticket)] == ["created", "closed", "reopened"]
        assert ThreadEvent.objects.get(event__name="closed").annulled
        assert entries(ticket)[-1].body == "Not solved."

    def test_closing_agent_gets_it_back(self, desk: Desk) -> None:
        ticket = desk.ticket()
        close(desk, ticket)
        reopen(desk, ticket)
        assert fresh(ticket).staff_id == desk.agent.pk

    def test_newest_respondent_gets_it_when_nobody_closed_it(self, desk: Desk) -> None:
        """osTicket means this and takes the second oldest response (osticket/tickets.md §9.5)."""
        ticket = desk.ticket()
        for agent in (desk.colleague, desk.colleague, desk.agent, desk.colleague, desk.agent):
            post_reply(ticket, actor=Actor.for_agent(agent), body="x", now=NOW)
        type(ticket).objects.filter(pk=ticket.pk).update(staff=None)
        close(desk, ticket, actor=Actor.system())
        reopen(desk, ticket)
        assert fresh(ticket).staff_id == desk.agent.pk

    @pytest.mark.parametrize("reason", ["away", "department", "assigned only", "setting"])
    def test_agent_who_cannot_have_it_does_not_get_it(self, desk: Desk, reason: str) -> None:
        ticket = desk.ticket()
        close(desk, ticket, actor=Actor.for_agent(desk.colleague))
        if reason == "away":
            desk.colleague.onvacation = True
        if reason == "assigned only":
            desk.colleague.assigned_only = True
        if reason == "department":
            desk.colleague.dept = desk.stranger.dept
        if reason == "setting":
            desk.department.flags |= DepartmentFlag.DISABLE_REOPEN_AUTO_ASSIGN
        desk.colleague.save()
        desk.department.save()
        reopen(desk, ticket)
        assert fresh(ticket).staff_id is None

    @pytest.mark.parametrize("archived", ["department", "topic", "status"])
    def test_agent_stays_when_only_an_agent_may_reopen(self, desk: Desk, archived: str) -> None:
        topic = HelpTopicFactory.new()
        ticket = desk.ticket(topic=topic)
        close(desk, ticket, actor=Actor.for_agent(desk.colleague))
        desk.colleague.onvacation = True
        desk.colleague.save()
        if archived == "department":
            desk.department.flags |= DepartmentFlag.ARCHIVED
            desk.department.save()
        elif archived == "topic":
            topic.flags = TopicFlag.ARCHIVED
            topic.save()
        else:
            status = resolved_status()
            status.properties = {"allowreopen": False}
            status.save()
        reopen(desk, ticket)
        assert fresh(ticket).staff_id == desk.colleague.pk

    def test_status_names_the_status_to_reopen_with(self, desk: Desk) -> None:
        waiting = TicketStatus.objects.create(name="Waiting", state=TicketState.OPEN, mode=1)
        TicketStatus.objects.filter(name="Resolved").update(
            properties={"allowreopen": True, "reopenstatus": waiting.pk}
        )
        ticket = desk.ticket()
        close(desk, ticket)
        reopen(desk, ticket)
        assert fresh(ticket).status == waiting

    def test_open_ticket_cannot_be_reopened(self, desk: Desk) -> None:
        with pytest.raises(Conflict):
            reopen(desk, desk.ticket())

    def test_three_actors(self, desk: Desk) -> None:
        ticket = desk.ticket()
        close(desk, ticket)
        with pytest.raises(PermissionRefused) as refusal:
            reopen(desk, ticket, actor=Actor.for_agent(desk.viewer))
        assert str(refusal.value) == "You do not have permission to reopen tickets"
        with pytest.raises(NotFound):
            reopen(desk, ticket, actor=Actor.for_agent(desk.stranger))
        creator = AgentFactory.new(dept=desk.department, role=RoleFactory.new(keys=["ticket.create"]))
        reopen(desk, ticket, actor=Actor.for_agent(creator))
        assert fresh(ticket).closed is None

    def test_signal(self, desk: Desk, django_capture_on_commit_callbacks: Any) -> None:
        ticket, seen = desk.ticket(), []

        def receive(**values: Any) -> None:
            seen.append(values["ticket"].pk)

        close(desk, ticket)
        ticket_reopened.connect(receive)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                reopen(desk, ticket)
        finally:
            ticket_reopened.disconnect(receive)
        assert seen == [ticket.pk]


class TestChangingStatus:
    def change(self, desk: Desk, ticket: Any, status: TicketStatus, **values: Any) -> Any:
        return change_status(ticket, **{"actor": desk.actor, "status": status, "now": NOW, **values})

    def test_it_closes_and_reopens(self, desk: Desk) -> None:
        ticket = desk.ticket()
        self.change(desk, ticket, resolved_status())
        self.change(desk, ticket, open_status())
        assert [name for name, _ in events(ticket)] == ["created", "closed", "reopened"]

    def test_from_open_to_open(self, desk: Desk) -> None:
        waiting = TicketStatus.objects.create(name="Waiting", state=TicketState.OPEN, mode=1)
        ticket = desk.ticket()
        ticket.isanswered = True
        ticket.save()
        self.change(desk, ticket, waiting, comments="Parts are ordered.")
        row = fresh(ticket)
        assert (row.status, row.isanswered, row.reopened) == (waiting, True, None)
        assert events(ticket)[-1] == ("edited", {"status": waiting.pk})
        assert entries(ticket)[-1].title == "Status Changed"

    @pytest.mark.parametrize(
        ("name", "code"),
        [("Open", "status_unchanged"), ("Archived", "status_invalid")],
    )
    def test_what_cannot_be_set(self, desk: Desk, name: str, code: str) -> None:
        with pytest.raises(DomainError) as refusal:
            self.change(desk, desk.ticket(), TicketStatus.objects.get(name=name))
        assert refusal.value.code == code

    def test_deleted_ticket_is_not_found(self, desk: Desk) -> None:
        ticket = desk.ticket()
        fresh(ticket).delete()
        with pytest.raises(NotFound):
            self.change(desk, ticket, resolved_status())

"""Making tasks: the rows, the numbers, who may, what is refused, who is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from helpdesk.configuration.services import set_settings
from helpdesk.files.models import Attachment
from helpdesk.forms import cdata
from helpdesk.forms.models import FormAnswer, FormEntry
from helpdesk.legacy.errors import NotFound, PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.constants import AlertMembership
from helpdesk.threads.bodies import NewFile
from helpdesk.threads.models import Draft
from tasks.constants import TaskFlag
from tasks.models import Task
from tasks.numbers import TASKS
from tasks.services import NewTask, TaskInvalid, create_task
from tests.factories import AgentFactory, EndUserFactory, OrganizationFactory, RoleFactory, TeamFactory, give_access
from tests.tasks.conftest import NOW, Desk, entries, events, fresh, mails, switch_on, thread_of
from tickets.models import Sequence, Ticket
from tickets.services import post_note
from tickets.states import thread_of as thread_of_ticket


def test_rows_of_a_task_on_a_ticket(desk: Desk) -> None:
    ticket = desk.ticket()
    task = desk.task(ticket=ticket, description="<p>Ask for a quote.</p>", duedate=NOW + timedelta(days=1))
    assert (task.object_id, task.object_type, task.number) == (ticket.pk, "T", "1")
    assert (task.dept_id, task.staff_id, task.team_id, task.flags) == (desk.department.pk, None, None, TaskFlag.OPEN)
    assert (task.created, task.updated, task.closed) == (NOW, NOW, None)
    assert task.duedate == NOW + timedelta(days=1)
    thread = thread_of(task)
    assert (thread.lastmessage, thread.lastresponse) == (None, None)
    [entry] = entries(task)
    assert (entry.type, entry.flags, entry.staff_id, entry.user_id) == ("M", 65, desk.agent.pk, None)
    assert (entry.title, entry.body, entry.ip_address) == ("Call the vendor", "<p>Ask for a quote.</p>", "203.0.113.9")
    assert events(task) == [("created", None)]
    event = thread.events.get()
    assert (event.thread_type, event.staff_id, event.uid, event.uid_type) == ("A", None, desk.agent.pk, "S")
    assert cdata.fetch("A", [task.pk]) == {task.pk: {"title": "Call the vendor"}}
    form = FormEntry.objects.get(object_type="A", object_id=task.pk)
    assert (form.sort, form.extra) == (1, None)
    assert [answer.value for answer in FormAnswer.objects.filter(entry=form)] == ["Call the vendor"]


def test_a_task_on_its_own_without_description_has_no_entry(desk: Desk) -> None:
    task = desk.task(description="<p> &nbsp;</p>")
    assert (task.object_id, task.object_type) == (0, "")
    assert entries(task) == []
    assert len(files_of(desk.task(files=[NewFile("a.txt", b"a")]))) == 1


def files_of(task: Task) -> list[Attachment]:
    return list(Attachment.objects.filter(type="H", object_id__in=[entry.pk for entry in entries(task)]))


def test_numbers_come_from_the_sequence_and_leave_out_those_that_php_gave(desk: Desk) -> None:
    Task.objects.create(number="2", dept=desk.department, flags=1)
    assert [desk.task().number for _ in range(3)] == ["1", "3", "4"]
    assert Sequence.objects.get(pk=2).next == 5
    assert TASKS.note_all() == 0  # the newest are left for the next time


def test_random_numbers(desk: Desk) -> None:
    set_settings("core", {"task_sequence_id": "0", "task_number_format": "T-####"}, Actor.system())
    number = desk.task().number or ""
    assert number.startswith("T-")
    assert len(number) == 8


class TestWhoMay:
    def test_nobody_without_the_permission(self, desk: Desk) -> None:
        new = NewTask(department=desk.department, answers={"title": "x"})
        with pytest.raises(PermissionRefused):
            create_task(new, actor=Actor.for_agent(desk.viewer))
        assert not Task.objects.exists()

    def test_the_role_on_the_ticket_counts_too(self, desk: Desk) -> None:
        ticket = desk.ticket()
        elsewhere = AgentFactory.new()
        give_access(elsewhere, desk.department, RoleFactory.new(keys=["ticket.reply"]))
        new = NewTask(department=elsewhere.dept, answers={"title": "x"}, ticket=ticket)
        with pytest.raises(PermissionRefused):
            create_task(new, actor=Actor.for_agent(elsewhere))
        with pytest.raises(NotFound):
            create_task(new, actor=Actor.for_agent(desk.stranger))
        assert not Task.objects.exists()

    def test_a_ticket_that_is_gone(self, desk: Desk) -> None:
        ticket = desk.ticket()
        Ticket.objects.filter(pk=ticket.pk).delete()
        with pytest.raises(NotFound):
            create_task(NewTask(department=desk.department, answers={"title": "x"}, ticket=ticket), actor=desk.actor)


class TestBadInput:
    def test_without_title(self, desk: Desk) -> None:
        with pytest.raises(TaskInvalid) as refused:
            create_task(NewTask(department=desk.department), actor=desk.actor)
        assert (refused.value.field, refused.value.code) == ("title", "task_invalid")
        assert not Task.objects.exists()

    def test_without_department(self, desk: Desk) -> None:
        with pytest.raises(ValidationFailed) as refused:
            create_task(NewTask(department=None, answers={"title": "x"}), actor=desk.actor)
        assert refused.value.field == "department"

    @pytest.mark.parametrize("hours", [-1, 0])
    def test_due_in_the_past(self, desk: Desk, hours: int) -> None:
        with pytest.raises(ValidationFailed) as refused:
            desk.task(duedate=NOW + timedelta(hours=hours))
        assert (refused.value.field, refused.value.code) == ("duedate", "due_date_past")

    def test_due_after_the_ticket(self, desk: Desk) -> None:
        ticket = desk.ticket()
        Ticket.objects.filter(pk=ticket.pk).update(duedate=NOW + timedelta(hours=2))
        ticket.refresh_from_db()
        with pytest.raises(ValidationFailed) as refused:
            desk.task(ticket=ticket, duedate=NOW + timedelta(hours=3))
        assert refused.value.code == "due_date_after_ticket"
        assert desk.task(ticket=ticket, duedate=NOW + timedelta(hours=1)).pk


class TestAssignee:
    def test_an_agent(self, desk: Desk) -> None:
        task = desk.task(assign_to=desk.colleague)
        assert task.staff_id == desk.colleague.pk
        name = {"format": "full", "parts": {"first": "Cora", "last": "Clark"}, "name": "Cora Clark"}
        assert events(task) == [("created", None), ("assigned", {"staff": [desk.colleague.pk, name]})]

    def test_oneself(self, desk: Desk) -> None:
        assert events(desk.task(assign_to=desk.agent))[-1] == ("assigned", {"claim": True})

    def test_a_team(self, desk: Desk) -> None:
        team = TeamFactory.new(members=[desk.agent])
        task = desk.task(assign_to=team)
        assert (task.team_id, events(task)[-1]) == (team.pk, ("assigned", {"team": team.pk}))

    def test_what_is_not_possible_is_said_and_the_task_is_made(self, desk: Desk) -> None:
        new = NewTask(department=desk.department, answers={"title": "x"}, assign_to=AgentFactory.new(away=True))
        created = create_task(new, actor=desk.actor)
        assert created.assign_refusal is not None
        assert created.assign_refusal.code == "assignee_unknown"
        assert fresh(created.task).staff_id is None
        creator = AgentFactory.new(dept=desk.department, role=RoleFactory.new(keys=["task.create"]))
        new = NewTask(department=desk.department, answers={"title": "x"}, assign_to=desk.agent)
        refusal = create_task(new, actor=Actor.for_agent(creator)).assign_refusal
        assert isinstance(refusal, PermissionRefused)


def test_from_an_entry_both_sides_say_so(desk: Desk) -> None:
    ticket = desk.ticket()
    entry = post_note(ticket, actor=desk.actor, body="<p>Order it</p>").entry
    task = desk.task(ticket=ticket, from_entry=entry)
    on_ticket = thread_of_ticket(ticket).entries.order_by("-id")[0]
    assert on_ticket.title == entries(task)[-1].title == "Task Created From Thread Entry"
    assert f"tasks.php?id={task.pk}" in on_ticket.body
    assert f"tickets.php?id={ticket.pk}" in entries(task)[-1].body


def test_the_draft_is_gone(desk: Desk) -> None:
    ticket = desk.ticket()
    for owner in (desk.agent.pk, desk.colleague.pk):
        Draft.objects.create(staff_id=owner, namespace=f"ticket.{ticket.pk}.task", body="x")
        Draft.objects.create(staff_id=owner, namespace="task.add", body="x")
    desk.task(ticket=ticket)
    desk.task()
    assert set(Draft.objects.values_list("staff_id", flat=True)) == {desk.colleague.pk}


class TestAlerts:
    def test_nobody_by_default(self, desk: Desk) -> None:
        desk.task()
        assert mails() == []

    def test_members_and_administrator_once_each_without_the_creator(self, desk: Desk) -> None:
        AgentFactory.new(dept=desk.department, assigned_only=True, username="only")
        AgentFactory.new(dept=desk.department, away=True)
        switch_on("task_alert_active", "task_alert_dept_members", "task_alert_admin")
        desk.task()
        told = [address for _template, address in mails()]
        assert told == ["cora@acme.test", desk.viewer.email, "ada@acme.test"]

    def test_the_account_manager_of_the_owner_hears_of_tasks_of_a_ticket(self, desk: Desk) -> None:
        organization = OrganizationFactory.new(manager=f"s{desk.colleague.pk}")
        ticket = desk.ticket(user=EndUserFactory.new(org=organization))
        switch_on("task_alert_active", "task_alert_acct_manager")
        desk.task()
        assert mails() == []
        desk.task(ticket=ticket)
        assert mails() == [("task.alert", "cora@acme.test")]

    @pytest.mark.parametrize(
        ("membership", "told"), [(AlertMembership.NOBODY, []), (AlertMembership.ADMINISTRATOR, ["ada@acme.test"])]
    )
    def test_departments_that_want_none(self, desk: Desk, membership: int, told: list[str]) -> None:
        desk.department.group_membership = membership
        desk.department.manager = desk.colleague
        desk.department.save()
        switch_on("task_alert_active", "task_alert_dept_members", "task_alert_dept_manager", "task_alert_admin")
        desk.task()
        assert [address for _template, address in mails()] == told

"""Assigning, claiming, transferring, closing, reopening and deleting tasks: rows, events, refusals, mails."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from helpdesk.configuration.models import SystemLogEntry
from helpdesk.files.models import Attachment
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject, FieldFlag
from helpdesk.forms.models import FormAnswer, FormEntry, FormField
from helpdesk.legacy.errors import Conflict, DomainError, NotFound, PermissionRefused, ValidationFailed
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentFlag
from helpdesk.threads.bodies import NewFile
from helpdesk.threads.models import Draft, Thread, ThreadEntry, ThreadEvent
from tasks.constants import TaskFlag
from tasks.models import Task
from tasks.policies import may_agent
from tasks.services import (
    assign_task,
    claim_task,
    close_task,
    delete_task,
    for_each_task,
    mark_overdue_tasks,
    reopen_task,
    transfer_task,
)
from tests.factories import AgentFactory, DepartmentFactory, RoleFactory, TeamFactory, give_access, resolved_status
from tests.tasks.conftest import NOW, Desk, entries, events, fresh, mails, switch_on, thread_of
from tickets.models import Ticket
from tickets.services import close_ticket
from tickets.states import thread_of as thread_of_ticket


def rows_of_cdata(task_id: int) -> int:
    table = cdata.TABLES[EntryObject.TASK].prefixed_name
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {table} WHERE task_id = %s", [task_id])  # noqa: S608 -- our table
        return int(cursor.fetchone()[0])


LATER = NOW + timedelta(hours=1)


def refusal(call: object, *arguments: object, **named: object) -> DomainError:
    with pytest.raises(DomainError) as refused:
        call(*arguments, **named)  # type: ignore[operator]
    return refused.value


class TestAssigning:
    def test_to_an_agent_with_comments(self, desk: Desk) -> None:
        switch_on("task_assignment_alert_active", "task_assignment_alert_staff")
        task = desk.task()
        assign_task(task, actor=desk.actor, agent=desk.colleague, comments="<p>Yours</p>", now=LATER)
        task = fresh(task)
        assert (task.staff_id, task.team_id, task.updated) == (desk.colleague.pk, None, NOW)
        [note] = entries(task)
        assert (note.type, note.title, note.flags, note.ip_address) == ("N", "Task assigned to Cora Clark", 64, "")
        event = thread_of(task).events.order_by("-id")[0]
        assert (event.staff_id, event.uid) == (desk.colleague.pk, desk.agent.pk)
        assert mails() == [("task.assignment.alert", "cora@acme.test")]

    def test_to_a_team_keeps_the_agent(self, desk: Desk) -> None:
        team = TeamFactory.new(members=[desk.colleague, desk.viewer], lead=desk.colleague)
        switch_on("task_assignment_alert_active", "task_assignment_alert_team_lead")
        task = desk.task(assign_to=desk.agent)
        assign_task(task, actor=desk.actor, team=team)
        assert (fresh(task).staff_id, fresh(task).team_id) == (desk.agent.pk, team.pk)
        assert mails() == [("task.assignment.alert", "cora@acme.test")]

    def test_a_closed_one_stays_closed(self, desk: Desk) -> None:
        task = close_task(desk.task(), actor=desk.actor)
        assign_task(task, actor=desk.actor, agent=desk.colleague)
        assert not fresh(task).flags & TaskFlag.OPEN

    def test_a_closed_one_is_shown_to_those_alone_who_saw_it_open(self, desk: Desk) -> None:
        task = close_task(desk.task(), actor=desk.actor)
        assert may_agent(access_of(desk.agent), None, task)
        assert not may_agent(access_of(desk.stranger), None, task)

    def test_a_deleted_one_leaves_no_answers(self, desk: Desk) -> None:
        task = desk.task()
        assert rows_of_cdata(task.pk) == 1
        pk = task.pk
        delete_task(task, actor=desk.actor)
        assert rows_of_cdata(pk) == 0

    def test_refusals(self, desk: Desk) -> None:
        task = desk.task(assign_to=desk.colleague)
        away = AgentFactory.new(dept=desk.department, away=True)
        empty, off = TeamFactory.new(), TeamFactory.new(disabled=True, members=[desk.agent])
        assert refusal(assign_task, task, actor=desk.actor, agent=desk.colleague).code == "already_assigned"
        assert refusal(assign_task, task, actor=desk.actor, agent=away).code == "assignee_unknown"
        for team in (empty, off):
            assert refusal(assign_task, task, actor=desk.actor, team=team).code == "assignee_unknown"
        assert refusal(assign_task, task, actor=desk.actor).code == "assignee_unknown"
        viewer = Actor.for_agent(desk.viewer)
        assert isinstance(refusal(assign_task, task, actor=viewer, agent=desk.agent), PermissionRefused)
        stranger = Actor.for_agent(desk.stranger)
        assert isinstance(refusal(assign_task, task, actor=stranger, agent=desk.agent), NotFound)
        Task.objects.filter(pk=task.pk).delete()
        assert isinstance(refusal(assign_task, task, actor=desk.actor, agent=desk.agent), NotFound)

    def test_members_only(self, desk: Desk) -> None:
        desk.department.flags |= DepartmentFlag.ASSIGN_MEMBERS_ONLY
        desk.department.save()
        task = desk.task()
        assert refusal(assign_task, task, actor=desk.actor, agent=desk.stranger).code == "assignee_unknown"
        helper = AgentFactory.new()
        team = TeamFactory.new(members=[helper])
        assign_task(task, actor=desk.actor, team=team)
        give_access(helper, desk.department)
        assert claim_task(task, actor=Actor.for_agent(helper)).staff_id == helper.pk


class TestClaiming:
    def test_a_free_one(self, desk: Desk) -> None:
        switch_on("task_assignment_alert_active", "task_assignment_alert_staff")
        task = claim_task(desk.task(), actor=desk.actor, comments="<p>Mine</p>")
        assert fresh(task).staff_id == desk.agent.pk
        assert events(task)[-1] == ("assigned", {"claim": True})
        assert [note.title for note in entries(task)] == ["Task assigned to ada Admin"]
        assert mails() == []

    def test_of_somebody_else_only_when_one_knows(self, desk: Desk) -> None:
        task = desk.task(assign_to=desk.colleague)
        refused = refusal(claim_task, task, actor=desk.actor)
        assert (type(refused), str(refused)) == (Conflict, "Cora Clark has this task already.")
        assert claim_task(task, actor=desk.actor, taken_from=desk.colleague.pk).staff_id == desk.agent.pk
        assert refusal(claim_task, task, actor=desk.actor).code == "already_assigned"

    def test_of_somebody_who_is_gone(self, desk: Desk) -> None:
        task = desk.task()
        Task.objects.filter(pk=task.pk).update(staff_id=9999)
        assert claim_task(fresh(task), actor=desk.actor).staff_id == desk.agent.pk

    def test_only_agents(self, desk: Desk) -> None:
        assert refusal(claim_task, desk.task(), actor=Actor.system()).code == "agent_required"


class TestTransferring:
    def test_keeps_the_assignee(self, desk: Desk) -> None:
        desk.agent.permissions = {"visibility.departments": 1, "visibility.agents": 1}
        desk.agent.save()
        target = DepartmentFactory.new(name="Sales")
        seller = AgentFactory.new(dept=target)
        switch_on("task_transfer_alert_active", "task_transfer_alert_dept_members", "task_transfer_alert_assigned")
        task = desk.task()
        transfer_task(task, actor=desk.actor, department=target, comments="<p>For you</p>", now=LATER)
        assert (fresh(task).dept_id, fresh(task).updated) == (target.pk, NOW)
        assert events(task)[-1] == ("transferred", {"dept": "Sales"})
        assert thread_of(task).events.order_by("-id")[0].dept_id == target.pk
        assert entries(task)[-1].title == f"Task transferred from {desk.department.name} to Sales"
        assert mails() == [("task.transfer.alert", seller.email)]
        assigned = desk.task(assign_to=desk.colleague)
        transfer_task(assigned, actor=desk.actor, department=target)
        assert fresh(assigned).staff_id == desk.colleague.pk
        assert mails()[1:] == [("task.transfer.alert", "cora@acme.test")]

    def test_refusals(self, desk: Desk) -> None:
        task, elsewhere = desk.task(), DepartmentFactory.new()
        archived = DepartmentFactory.new(flags=DepartmentFlag.ARCHIVED)
        assert refusal(transfer_task, task, actor=desk.actor, department=desk.department).field == "department"
        assert refusal(transfer_task, task, actor=desk.actor, department=None).code == "department_required"
        assert refusal(transfer_task, task, actor=desk.actor, department=elsewhere).code == "department_unknown"
        desk.agent.permissions = {"visibility.departments": 1}
        desk.agent.save()
        actor = Actor.for_agent(type(desk.agent).objects.get(pk=desk.agent.pk))
        assert refusal(transfer_task, task, actor=actor, department=archived).code == "department_unknown"
        assert transfer_task(task, actor=actor, department=elsewhere).dept_id == elsewhere.pk
        assert isinstance(refusal(transfer_task, task, actor=actor, department=archived), NotFound)


class TestClosing:
    def test_notes_it_on_the_ticket(self, desk: Desk) -> None:
        ticket = desk.ticket()
        task = desk.task(ticket=ticket)
        close_task(task, actor=desk.actor, comments="<p>Done</p>", now=LATER)
        task = fresh(task)
        assert (task.flags, task.closed, task.updated) == (TaskFlag(0), LATER, NOW)
        assert events(task)[-1] == ("closed", None)
        assert [note.title for note in entries(task)] == ["Status changed to Completed"]
        note = thread_of_ticket(ticket).entries.order_by("-id")[0]
        assert (note.title, note.body, note.type) == ("Task 1 Closed", "Task closed", "N")
        assert (note.staff_id, note.ip_address) == (desk.agent.pk, "203.0.113.9")

    def test_open_tasks_keep_the_ticket_open(self, desk: Desk) -> None:
        ticket = desk.ticket()
        first, second = desk.task(ticket=ticket), desk.task(ticket=ticket)
        assert "2 open tasks" in str(refusal(close_ticket, ticket, actor=desk.actor, status=resolved_status()))
        for task in (first, second):
            close_task(task, actor=desk.actor)
        close_ticket(ticket, actor=desk.actor, status=resolved_status())

    def test_an_agent_who_does_not_see_the_ticket(self, desk: Desk) -> None:
        elsewhere = AgentFactory.new()
        ticket = desk.ticket()
        task = desk.task(ticket=ticket)
        Task.objects.filter(pk=task.pk).update(dept=elsewhere.dept)
        close_task(task, actor=Actor.for_agent(elsewhere))
        assert thread_of_ticket(ticket).entries.order_by("-id")[0].staff_id == elsewhere.pk

    def test_whose_ticket_is_gone(self, desk: Desk) -> None:
        ticket = desk.ticket()
        task = desk.task(ticket=ticket)
        Ticket.objects.filter(pk=ticket.pk).delete()
        close_task(task, actor=desk.actor)
        reopen_task(task, actor=desk.actor)
        assert fresh(task).object_id == ticket.pk

    def test_refusals(self, desk: Desk) -> None:
        task = desk.task()
        assert isinstance(refusal(close_task, task, actor=Actor.for_agent(desk.viewer)), PermissionRefused)
        field = FormField.objects.get(form__type="A", name="title")
        FormField.objects.filter(pk=field.pk).update(flags=(field.flags or 0) | FieldFlag.CLOSE_REQUIRED)
        FormAnswer.objects.filter(entry__object_type="A").update(value=None)
        assert refusal(close_task, task, actor=desk.actor).code == "required_fields_missing"
        FormAnswer.objects.filter(entry__object_type="A").update(value="x")
        close_task(task, actor=desk.actor)
        assert refusal(close_task, task, actor=desk.actor).code == "already_closed"


class TestReopening:
    def test_reopens_the_ticket(self, desk: Desk) -> None:
        ticket = desk.ticket()
        task = desk.task(ticket=ticket)
        close_task(task, actor=desk.actor)
        close_ticket(ticket, actor=desk.actor, status=resolved_status())
        reopen_task(task, actor=desk.actor, comments="<p>Not yet</p>", now=LATER)
        task, ticket = fresh(task), Ticket.objects.get(pk=ticket.pk)
        assert (task.flags, task.closed) == (TaskFlag.OPEN, None)
        assert events(task)[-1] == ("reopened", None)
        assert [event.annulled for event in thread_of(task).events.order_by("id")] == [False, True, False]
        assert ticket.status is not None
        assert (ticket.status.state, ticket.reopened) == ("open", LATER)
        assert thread_of_ticket(ticket).entries.order_by("-id")[0].title == "Task 1 Reopened"
        assert entries(task)[-1].title == "Status changed to Open"

    def test_refusals(self, desk: Desk) -> None:
        task = desk.task()
        assert refusal(reopen_task, task, actor=desk.actor).code == "already_open"
        close_task(task, actor=desk.actor)
        closer = AgentFactory.new(dept=desk.department, role=RoleFactory.new(keys=["task.close"]))
        assert isinstance(refusal(reopen_task, task, actor=Actor.for_agent(closer)), PermissionRefused)


class TestDeleting:
    def test_leaves_nothing_but_the_statistics(self, desk: Desk) -> None:
        ticket = desk.ticket()
        task = desk.task(ticket=ticket, description="<p>x</p>", files=[NewFile("a.txt", b"a")])
        Draft.objects.create(staff_id=desk.colleague.pk, namespace=f"task.note.{task.pk}", body="x")
        pk, thread = task.pk, thread_of(task)
        others = (Thread.objects.count(), ThreadEntry.objects.count())
        delete_task(task, actor=desk.actor, comments="Twice")
        assert not Task.objects.filter(pk=pk).exists()
        assert (Thread.objects.count(), ThreadEntry.objects.count()) == (others[0] - 1, others[1] - 1)
        assert not FormEntry.objects.filter(object_type="A").exists()
        assert not Attachment.objects.filter(type="H").exists()
        assert not Draft.objects.exists()
        rows = ThreadEvent.objects.filter(thread_type="A").order_by("id").select_related("event")
        assert [(row.event.name if row.event else "", row.thread_id) for row in rows] == [
            ("created", None),
            ("deleted", thread.pk),
        ]
        assert not SystemLogEntry.objects.filter(title__contains="deleted").exists()  # not at this level

    def test_needs_the_permission(self, desk: Desk) -> None:
        role = RoleFactory.new(keys=["task.edit", "task.close"])
        agent = AgentFactory.new(dept=desk.department, role=role)
        assert isinstance(refusal(delete_task, desk.task(), actor=Actor.for_agent(agent)), PermissionRefused)


class TestOverdue:
    def test_marks_what_is_due_once(self, desk: Desk) -> None:
        switch_on("task_overdue_alert_active", "task_overdue_alert_assigned", "task_overdue_alert_dept_members")
        late = [desk.task(duedate=NOW + timedelta(minutes=5)) for _ in range(2)]
        assign_task(late[0], actor=desk.actor, agent=desk.colleague)
        desk.task(duedate=NOW + timedelta(days=5))
        desk.task()
        done = close_task(desk.task(duedate=NOW + timedelta(minutes=5)), actor=desk.actor)
        assert mark_overdue_tasks(now=LATER) == 2
        assert mark_overdue_tasks(now=LATER) == 0
        assert [fresh(task).flags for task in late] == [3, 3]
        assert fresh(done).flags == TaskFlag(0)
        event = thread_of(late[0]).events.order_by("-id").select_related("event")[0]
        assert event.event is not None
        assert (event.event.name, event.username, event.uid, event.staff_id) == (
            "overdue", "SYSTEM", None, desk.colleague.pk,
        )  # fmt: skip
        told = [address for template, address in mails() if template == "task.overdue.alert"]
        assert sorted(told) == sorted(["cora@acme.test", "ada@acme.test", "cora@acme.test", str(desk.viewer.email)])

    def test_closing_ends_it_and_reopening_begins_anew(self, desk: Desk) -> None:
        task = desk.task(duedate=NOW + timedelta(minutes=5))
        mark_overdue_tasks(now=LATER)
        close_task(task, actor=desk.actor, now=LATER)
        assert fresh(task).flags == TaskFlag(0)
        reopen_task(task, actor=desk.actor, now=LATER)
        assert mark_overdue_tasks(now=LATER) == 1

    def test_a_slice_costs_the_same_for_one_and_for_many(self, desk: Desk) -> None:
        costs = []
        for count in (1, 8):
            for _ in range(count):
                desk.task(duedate=NOW + timedelta(minutes=5))
            with CaptureQueriesContext(connection) as captured:
                assert mark_overdue_tasks(now=LATER) == count
            costs.append(len(captured))
        assert costs[0] == costs[1]


def test_many_tasks_have_a_result_each(desk: Desk) -> None:
    access = access_of(desk.agent)
    first, closed = desk.task(), close_task(desk.task(), actor=desk.actor)
    hidden = desk.task()
    Task.objects.filter(pk=hidden.pk).update(dept=desk.stranger.dept_id)
    results = for_each_task(
        access, [first.pk, closed.pk, hidden.pk, 999, first.pk], lambda task: close_task(task, actor=desk.actor)
    )
    assert [(one.task_id, one.refusal.code if one.refusal else None) for one in results] == [
        (first.pk, None),
        (closed.pk, "already_closed"),
        (hidden.pk, "task_not_found"),
        (999, "task_not_found"),
    ]
    assert not fresh(first).flags & TaskFlag.OPEN
    assert isinstance(results[2].refusal, NotFound)
    assert isinstance(results[1].refusal, Conflict)
    assert not isinstance(results[1].refusal, ValidationFailed)

"""What agents and collaborators write on a task, who is told, what is edited."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from helpdesk.forms.bound import BoundForm
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import Asked
from helpdesk.forms.models import FormField
from helpdesk.forms.submission_services import parts_of
from helpdesk.legacy.errors import Conflict, PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.threads.mails import MailFacts
from helpdesk.threads.models import Draft, EntryEmail
from tasks.constants import TaskFlag
from tasks.models import Task
from tasks.services import (
    TaskState,
    add_task_collaborator,
    assign_task,
    change_due_date,
    edit_task,
    edit_task_answer,
    post_task_message,
    post_task_note,
    post_task_update,
    update_task_collaborators,
)
from tests.factories import AgentFactory, EndUserFactory, RoleFactory, TeamFactory
from tests.tasks.conftest import NOW, Desk, entries, events, fresh, mails, switch_on, thread_of

LATER = NOW + timedelta(hours=1)


class TestUpdates:
    def test_an_update(self, desk: Desk) -> None:
        task = desk.task(description="<p>Do it</p>")
        posted = post_task_update(task, actor=desk.actor, body="<p>Done half</p>", now=LATER)
        entry = posted.entry
        assert (entry.type, entry.flags, entry.title, entry.recipients) == ("R", 64, None, None)
        assert (entry.parent_id, entry.ip_address) == (entries(task)[0].pk, "203.0.113.9")
        assert thread_of(task).lastresponse == LATER
        assert (fresh(task).staff_id, fresh(task).updated) == (None, NOW)

    def test_collaborators_get_it_when_they_shall(self, desk: Desk) -> None:
        task = desk.task()
        active, inactive = EndUserFactory.new(address="in@x.test"), EndUserFactory.new(address="out@x.test")
        add_task_collaborator(task, active, actor=desk.actor)
        row = add_task_collaborator(task, inactive, actor=desk.actor)
        assert row is not None
        kept = thread_of(task).collaborators.get(user=active)
        update_task_collaborators(task, actor=desk.actor, active=[kept.pk])
        post_task_update(task, actor=desk.actor, body="<p>x</p>", tell_collaborators=False)
        assert mails() == []
        post_task_update(task, actor=desk.actor, body="<p>x</p>")
        assert mails() == [("task.activity.notice", "in@x.test")]

    def test_needs_the_permission_and_a_text(self, desk: Desk) -> None:
        task = desk.task()
        with pytest.raises(PermissionRefused):
            post_task_update(task, actor=Actor.for_agent(desk.viewer), body="<p>x</p>")
        for body in ("", " ", "<p>&nbsp;</p>", "<script>x</script>"):
            with pytest.raises(ValidationFailed) as refused:
                post_task_update(task, actor=desk.actor, body=body)
            assert refused.value.field == "body"
        assert entries(task) == []

    def test_with_a_status(self, desk: Desk) -> None:
        task = desk.task()
        assert post_task_update(task, actor=desk.actor, body="x", format="text", status=TaskState.CLOSED)
        assert not fresh(task).flags & TaskFlag.OPEN
        writer = AgentFactory.new(dept=desk.department, role=RoleFactory.new(keys=["task.reply"]))
        posted = post_task_note(task, actor=Actor.for_agent(writer), body="y", format="text", status=TaskState.OPEN)
        assert isinstance(posted.status_refusal, PermissionRefused)
        assert entries(task)[-1].body == "y"
        assert not fresh(task).flags & TaskFlag.OPEN

    def test_own_drafts_go(self, desk: Desk) -> None:
        task = desk.task()
        for kind in ("note", "response"):
            for owner in (desk.agent.pk, desk.colleague.pk):
                Draft.objects.create(staff_id=owner, namespace=f"task.{kind}.{task.pk}", body="x")
        post_task_note(task, actor=desk.actor, body="<p>x</p>")
        assert Draft.objects.filter(staff_id=desk.agent.pk).count() == 1
        post_task_update(task, actor=desk.actor, body="<p>x</p>")
        assert set(Draft.objects.values_list("staff_id", flat=True)) == {desk.colleague.pk}


class TestAlerts:
    def test_of_activity_name_the_respondent_of_this_task(self, desk: Desk) -> None:
        switch_on("task_activity_alert_active", "task_activity_alert_laststaff")
        other, task = desk.task(), desk.task()
        viewer = Actor.for_agent(desk.viewer)
        post_task_update(task, actor=Actor.for_agent(desk.colleague), body="<p>mine</p>")
        post_task_update(other, actor=desk.actor, body="<p>other</p>")
        assert mails() == []
        post_task_note(task, actor=viewer, body="<p>x</p>")
        assert mails() == [("task.activity.alert", "cora@acme.test")]

    def test_of_activity_go_to_agent_team_and_manager_but_not_to_the_writer(self, desk: Desk) -> None:
        switch_on("task_activity_alert_active", "task_activity_alert_assigned", "task_activity_alert_dept_manager")
        desk.department.manager = desk.viewer
        desk.department.save()
        task = desk.task(assign_to=desk.colleague)
        assign_task(task, actor=desk.actor, team=TeamFactory.new(members=[desk.agent, desk.colleague]))
        post_task_note(fresh(task), actor=desk.actor, body="<p>x</p>")
        assert [address for _template, address in mails()] == ["cora@acme.test", desk.viewer.email]


def test_a_message_that_came_by_mail(desk: Desk) -> None:
    task = desk.task(description="<p>Do it</p>")
    user = EndUserFactory.new(name="Jo Doe")
    add_task_collaborator(task, user, actor=desk.actor)
    entry = post_task_message(
        task,
        actor=Actor.system(),
        user=user,
        body="any brand",
        format="text",
        source="Email",
        mail=MailFacts("<t1@x.test>", "Subject: x"),
        now=LATER,
    )
    assert (entry.type, entry.flags, entry.poster, entry.source) == ("M", 32, "Jo Doe", "Email")
    assert EntryEmail.objects.get(entry=entry).mid == "<t1@x.test>"
    assert thread_of(task).lastmessage == LATER
    assert mails() == []


class TestCollaborators:
    def test_events(self, desk: Desk) -> None:
        task, user = desk.task(), EndUserFactory.new(name="Jo Doe")
        row = add_task_collaborator(task, user, actor=desk.actor)
        assert row is not None
        assert add_task_collaborator(task, user, actor=desk.actor) is None
        update_task_collaborators(task, actor=desk.actor, active=[], removed=[row.pk, 99])
        assert events(task)[1:] == [
            ("collab", {"add": {str(user.pk): {"name": "Jo Doe"}}}),
            ("collab", {"del": {str(user.pk): {"name": "Jo Doe"}}}),
        ]
        assert not thread_of(task).collaborators.exists()

    def test_needs_the_permission(self, desk: Desk) -> None:
        task = desk.task()
        agent = AgentFactory.new(dept=desk.department, role=RoleFactory.new(keys=["task.edit"]))
        with pytest.raises(PermissionRefused):
            add_task_collaborator(task, EndUserFactory.new(), actor=Actor.for_agent(agent))
        with pytest.raises(PermissionRefused):
            update_task_collaborators(task, actor=Actor.for_agent(agent), active=[])


class TestEditing:
    def form(self, task: Task, only: int | None = None, **values: Any) -> BoundForm:
        return BoundForm(
            parts_of(EntryObject.TASK, task.pk),
            asked=Asked(is_agent=True),
            data={"description": "<p>x</p>", **values},
            only=None if only is None else {only},
        )

    def test_the_form(self, desk: Desk) -> None:
        task = desk.task("Old")
        field = FormField.objects.get(form__type="A", name="title")
        assert edit_task(task, self.form(task, title="New"), actor=desk.actor, note="<p>why</p>", now=LATER)
        assert events(task)[-1] == ("edited", {"fields": {str(field.pk): ["Old", "New"]}})
        assert entries(task)[-1].title == "Task Updated"
        assert fresh(task).updated == LATER
        before = events(task)
        assert not edit_task(task, self.form(task, title="New"), actor=desk.actor, now=LATER + timedelta(hours=1))
        assert (events(task), fresh(task).updated) == (before, LATER)

    def test_what_is_wrong(self, desk: Desk) -> None:
        task = desk.task("Old")
        with pytest.raises(ValidationFailed):
            edit_task(task, self.form(task, title=""), actor=desk.actor, note="<p>lost?</p>")
        with pytest.raises(PermissionRefused):
            edit_task(task, self.form(task, title="New"), actor=Actor.for_agent(desk.viewer))
        assert entries(task) == []
        assert len(events(task)) == 1

    def test_one_answer(self, desk: Desk) -> None:
        task = desk.task("Old")
        field = FormField.objects.get(form__type="A", name="title")
        edit_task_answer(task, self.form(task, only=field.pk, title="New"), actor=desk.actor, comments="<p>y</p>")
        data = {"0": "Old", "1": "New", "fields": {str(field.pk): ["Old", "New"]}}
        assert events(task)[-1] == ("edited", data)
        assert entries(task)[-1].title == "Title updated"
        with pytest.raises(Conflict):
            edit_task_answer(task, self.form(task, only=field.pk, title="New"), actor=desk.actor)

    def test_the_due_date(self, desk: Desk) -> None:
        task = desk.task()
        Task.objects.filter(pk=task.pk).update(flags=TaskFlag.OPEN | TaskFlag.OVERDUE, duedate=NOW)
        change_due_date(task, LATER, actor=desk.actor, comments="<p>late</p>", now=NOW)
        task = fresh(task)
        assert (task.duedate, task.flags, task.updated) == (LATER, TaskFlag.OPEN, NOW)
        assert events(task)[-1] == ("edited", None)
        assert entries(task)[-1].title == "Due Date updated"
        with pytest.raises(Conflict):
            change_due_date(task, LATER, actor=desk.actor, now=NOW)
        with pytest.raises(ValidationFailed):
            change_due_date(task, NOW - timedelta(days=1), actor=desk.actor, now=NOW)
        with pytest.raises(PermissionRefused):
            change_due_date(task, None, actor=Actor.for_agent(desk.viewer))
        assert change_due_date(task, None, actor=desk.actor).duedate is None

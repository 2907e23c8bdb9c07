"""The mails about tasks, made from their templates."""

from __future__ import annotations

from datetime import timedelta

import pytest

from helpdesk.mail.rendering import RenderedMail, render
from helpdesk.outbox.models import Effect
from tasks.services import (
    add_task_collaborator,
    assign_task,
    mark_overdue_tasks,
    post_task_note,
    post_task_update,
    transfer_task,
)
from tests.factories import AgentFactory, DepartmentFactory, EndUserFactory, TeamFactory
from tests.tasks.conftest import NOW, Desk, switch_on


def made() -> dict[str, RenderedMail]:
    """Make every mail about tasks that waits; give the last one of each template."""
    effects = Effect.objects.filter(kind="mail", object_type="task").order_by("pk")
    return {effect.payload["template"]: render(effect.payload, key=effect.key) for effect in effects}


@pytest.fixture
def told(desk: Desk) -> None:
    """Everybody is told of everything."""
    groups = {
        "task_alert": ("dept_members",),
        "task_activity_alert": ("assigned", "laststaff"),
        "task_assignment_alert": ("staff", "team_members"),
        "task_transfer_alert": ("assigned", "dept_members"),
        "task_overdue_alert": ("assigned", "dept_members"),
    }
    names = [f"{group}_{name}" for group, members in groups.items() for name in ("active", *members)]
    switch_on(*names)


def test_every_mail_says_what_happened(desk: Desk, told: None) -> None:
    desk.agent.permissions = {"visibility.departments": 1, "visibility.agents": 1}
    desk.agent.save()
    target = DepartmentFactory.new(name="Sales")
    AgentFactory.new(dept=target)
    task = desk.task("Call & ask", description="<p>Ask for a quote</p>", duedate=NOW + timedelta(minutes=5))
    add_task_collaborator(task, EndUserFactory.new(name="Jo Doe", address="jo@x.test"), actor=desk.actor)
    assign_task(task, actor=desk.actor, agent=desk.colleague, comments="<p>Please</p>")
    post_task_note(task, actor=desk.actor, body="<p>They are closed today</p>")
    post_task_update(task, actor=desk.actor, body="<p>Tomorrow again</p>")
    mark_overdue_tasks(now=NOW + timedelta(hours=1))
    transfer_task(desk.task("Sell"), actor=desk.actor, department=target)
    mails = made()
    assert mails.keys() == {
        "task.alert", "task.assignment.alert", "task.activity.alert", "task.activity.notice", "task.overdue.alert",
        "task.transfer.alert",
    }  # fmt: skip
    for template, mail in mails.items():
        assert "%{" not in f"{mail}", template
    assert "Ask for a quote" in f"{mails['task.alert']}" or "Sell" in f"{mails['task.alert']}"
    assert "Please" in f"{mails['task.assignment.alert']}"
    assert "Tomorrow again" in f"{mails['task.activity.notice']}"
    assert "Tomorrow again" in f"{mails['task.activity.alert']}"
    assert "Sales" in f"{mails['task.transfer.alert']}"


def test_a_team_is_addressed_by_its_members(desk: Desk, told: None) -> None:
    team = TeamFactory.new(members=[desk.colleague], name="Level I")
    assign_task(desk.task(), actor=desk.actor, team=team)
    assert "%{" not in f"{made()['task.assignment.alert']}"

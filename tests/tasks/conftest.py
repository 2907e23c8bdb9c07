"""One department with its agents, a stranger, and help to look at what happened to tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from helpdesk.configuration.services import set_settings
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department
from helpdesk.threads.models import Thread, ThreadEntry, ThreadEvent
from tasks.models import Task
from tasks.services import NewTask, create_task
from tests.factories import OPENED_AT, AgentFactory, DepartmentFactory, RoleFactory, new_ticket
from tickets.models import Ticket

NOW = OPENED_AT + timedelta(hours=3)


@dataclass
class Desk:
    """`agent` may everything in the department, `viewer` only look, `stranger` works elsewhere."""

    department: Department
    agent: Agent
    colleague: Agent
    viewer: Agent
    stranger: Agent

    @property
    def actor(self) -> Actor:
        return Actor.for_agent(self.agent, ip_address="203.0.113.9")

    def ticket(self, **values: Any) -> Ticket:
        """Give a ticket of the department as the database has it."""
        return Ticket.objects.get(pk=new_ticket(department=self.department, **values).pk)

    def task(self, title: str = "Call the vendor", **values: Any) -> Task:
        """Make a task of the department by the service and give it as the database has it."""
        now = values.pop("now", NOW)
        new = NewTask(**{"department": self.department, "answers": {"title": title}, **values})
        return fresh(create_task(new, actor=self.actor, now=now).task)


@pytest.fixture
def desk(db: None) -> Desk:
    return make_desk()


def make_desk() -> Desk:
    department = DepartmentFactory.new()
    role = RoleFactory.new()
    return Desk(
        department=department,
        agent=AgentFactory.new(dept=department, role=role, firstname="ada", lastname="Admin", username="ada"),
        colleague=AgentFactory.new(dept=department, role=role, firstname="Cora", lastname="Clark", username="cora"),
        viewer=AgentFactory.new(dept=department, role=RoleFactory.new(keys=[]), firstname="Vera", lastname="Rubin"),
        stranger=AgentFactory.new(firstname="Sam", lastname="Hill"),
    )


def fresh(task: Task) -> Task:
    """Read the task again."""
    return Task.objects.get(pk=task.pk)


def thread_of(task: Task) -> Thread:
    return Thread.objects.get(object_type="A", object_id=task.pk)


def events(task: Task) -> list[tuple[str, Any]]:
    """Give name and data of the events in their order."""
    rows = ThreadEvent.objects.filter(thread=thread_of(task)).order_by("id").select_related("event")
    return [(row.event.name if row.event else "", row.data) for row in rows]


def entries(task: Task) -> list[ThreadEntry]:
    """Give the entries in their order."""
    return list(thread_of(task).entries.order_by("id"))


def mails() -> list[tuple[str, str]]:
    """Give template and recipient of the mails that were written down, in order."""
    return [
        (effect.payload["template"], one["address"])
        for effect in Effect.objects.filter(kind="mail", object_type="task").order_by("pk")
        for one in effect.payload["to"]
    ]


def switch_on(*names: str) -> None:
    """Switch settings on."""
    set_settings("core", dict.fromkeys(names, "1"), Actor.system())

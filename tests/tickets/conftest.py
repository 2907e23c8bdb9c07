"""One department with its agents, a stranger, and help to look at what happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department
from helpdesk.threads.models import ThreadEntry, ThreadEvent
from tests.factories import OPENED_AT, AgentFactory, DepartmentFactory, RoleFactory, new_ticket
from tickets.models import Ticket
from tickets.states import thread_of

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
        made = new_ticket(department=self.department, **values)
        return fresh(made)


@pytest.fixture
def desk(db: None) -> Desk:
    department = DepartmentFactory.new()
    role = RoleFactory.new()
    return Desk(
        department=department,
        agent=AgentFactory.new(dept=department, role=role, firstname="Ada", lastname="Admin", username="ada"),
        colleague=AgentFactory.new(dept=department, role=role, firstname="Cora", lastname="Clark", username="cora"),
        viewer=AgentFactory.new(dept=department, role=RoleFactory.new(keys=[])),
        stranger=AgentFactory.new(),
    )


def fresh(ticket: Ticket) -> Ticket:
    """Read the ticket again."""
    return Ticket.objects.get(pk=ticket.pk)


def events(ticket: Ticket) -> list[tuple[str, Any]]:
    """Give name and data of the events in their order."""
    rows = ThreadEvent.objects.filter(thread=thread_of(ticket)).order_by("id").select_related("event")
    return [(row.event.name if row.event else "", row.data) for row in rows]


def entries(ticket: Ticket) -> list[ThreadEntry]:
    """Give the entries in their order."""
    return list(thread_of(ticket).entries.order_by("id"))


def referrals(ticket: Ticket) -> set[tuple[str, int]]:
    """Give letter and id of the referrals."""
    return set(thread_of(ticket).referrals.values_list("object_type", "object_id"))

"""Agents who do something to the same task in the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from helpdesk.legacy.errors import Conflict, DomainError
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent
from tasks.constants import TaskFlag
from tasks.services import (
    claim_task,
    close_task,
    mark_overdue_tasks,
    post_task_update,
    reopen_task,
    transfer_task,
)
from tests.factories import AgentFactory, DepartmentFactory, resolved_status
from tests.tasks.conftest import Desk, entries, events, fresh, make_desk
from tickets.models import Ticket
from tickets.services import close_ticket, post_note

pytestmark = pytest.mark.django_db(transaction=True)


def all_at_once(*works: Callable[[], object]) -> list[object]:
    """Do everything at the same moment; give what came out, or the refusals."""
    start = threading.Barrier(len(works))

    def begin(work: Callable[[], object]) -> object:
        try:
            connection.ensure_connection()
            start.wait(timeout=120)
            return work()
        except DomainError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(begin, works))


def actor_of(agent: Agent) -> Actor:
    """Give an actor with an object of its own: threads share none."""
    return Actor.for_agent(Agent.objects.get(pk=agent.pk))


@pytest.fixture
def office(transactional_db: None) -> Desk:
    return make_desk()


def test_of_several_who_claim_one_gets_it_and_the_others_are_told_who(office: Desk) -> None:
    agents = [AgentFactory.new(dept=office.department, role=office.agent.role) for _ in range(6)]
    task = office.task()

    def claim(agent: Agent) -> Callable[[], object]:
        return lambda: claim_task(fresh(task), actor=actor_of(agent))

    outcomes = all_at_once(*map(claim, agents))
    refusals = [one for one in outcomes if isinstance(one, DomainError)]
    winner = Agent.objects.get(pk=fresh(task).staff_id or 0)
    assert len(refusals) == len(agents) - 1
    assert all(isinstance(one, Conflict) and one.code == "not_claimable" for one in refusals)
    assert {str(one) for one in refusals} == {f"{winner.firstname} {winner.lastname} has this task already."}
    assert [name for name, _data in events(task)] == ["created", "assigned"]


def test_update_close_and_transfer_lose_nothing(office: Desk) -> None:
    office.agent.permissions = {"visibility.departments": 1}
    office.agent.save()
    target = DepartmentFactory.new()
    ticket = office.ticket()
    task = office.task(ticket=ticket)
    outcomes = all_at_once(
        lambda: post_task_update(fresh(task), actor=actor_of(office.agent), body="One", format="text"),
        lambda: post_task_update(fresh(task), actor=actor_of(office.colleague), body="Two", format="text"),
        lambda: close_task(fresh(task), actor=actor_of(office.colleague)),
        lambda: transfer_task(fresh(task), actor=Actor.system(), department=target),
        lambda: post_note(Ticket.objects.get(pk=ticket.pk), actor=Actor.system(), body="Three", format="text"),
    )
    # Whoever comes after the transfer may no longer see the task, and is told so.
    done = [one for one in outcomes if not isinstance(one, DomainError)]
    written = {entry.body for entry in entries(task)}
    task = fresh(task)
    assert task.dept_id == target.pk
    assert not isinstance(outcomes[3], DomainError)
    assert ("One" in written) == (outcomes[0] in done)
    assert ("Two" in written) == (outcomes[1] in done)
    assert (not task.flags & TaskFlag.OPEN) == (outcomes[2] in done)


def test_closing_and_reopening_beside_their_ticket_ends(office: Desk) -> None:
    """Both lock ticket and task; whoever waits goes on when the other one is done."""
    ticket = office.ticket()
    first, second = office.task(ticket=ticket), office.task(ticket=ticket)
    close_task(first, actor=office.actor)
    all_at_once(
        lambda: reopen_task(fresh(first), actor=actor_of(office.agent)),
        lambda: close_task(fresh(second), actor=actor_of(office.colleague)),
        lambda: close_ticket(Ticket.objects.get(pk=ticket.pk), actor=actor_of(office.agent), status=resolved_status()),
        lambda: post_note(Ticket.objects.get(pk=ticket.pk), actor=actor_of(office.colleague), body="x", format="text"),
    )
    assert fresh(first).flags & TaskFlag.OPEN
    assert not fresh(second).flags & TaskFlag.OPEN
    found = Ticket.objects.select_related("status").get(pk=ticket.pk)
    assert found.status is not None
    assert found.status.state == "open"


def test_two_jobs_mark_a_task_once(office: Desk) -> None:
    now = timezone.now()
    tasks = [office.task(now=now, duedate=now + timedelta(minutes=1)) for _ in range(5)]
    later = now + timedelta(hours=1)
    all_at_once(*[lambda: mark_overdue_tasks(now=later)] * 3)
    for task in tasks:
        assert [name for name, _data in events(task)] == ["created", "overdue"]

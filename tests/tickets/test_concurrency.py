"""Several people do something to one ticket at the same moment: nothing is lost, nothing done twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from helpdesk.legacy.errors import Conflict, DomainError
from helpdesk.legacy.retrying import retried
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent
from helpdesk.threads.models import Collaborator, Lock, ThreadEntry, ThreadEvent
from tests.factories import (
    AgentFactory,
    DepartmentFactory,
    EndUserFactory,
    RoleFactory,
    TeamFactory,
    new_ticket,
    resolved_status,
)
from tests.tickets.conftest import Desk
from tickets import services
from tickets.agent_actions.base import Subject, TicketAction
from tickets.agent_actions.moving import Refer
from tickets.agent_actions.people import Collaborators
from tickets.constants import TicketFlag
from tickets.models import Ticket
from tickets.services import (
    add_collaborator,
    claim_ticket,
    close_ticket,
    merge_tickets,
    post_reply,
    transfer_ticket,
)
from tickets.services.locks import acquire_lock
from tickets.states import is_closed, is_open, thread_of

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS = 2
Work = Callable[[], Any]


def at_once(*works: Work) -> list[Any]:
    """Do all of it at the same moment; give each result, or the DomainError that was its end."""
    start = threading.Barrier(len(works))

    def begin(work: Work) -> Any:
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


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def agents_of(department: Any, count: int) -> list[Agent]:
    role = RoleFactory.new()
    return [AgentFactory.new(dept=department, role=role, firstname=f"A{number}") for number in range(count)]


def event_names(ticket: Ticket) -> list[str]:
    rows = ThreadEvent.objects.filter(thread=thread_of(ticket)).order_by("pk").select_related("event")
    return [row.event.name for row in rows if row.event is not None]


def test_one_of_many_claims_wins_and_the_others_learn_who_did() -> None:
    department = DepartmentFactory.new()
    agents = agents_of(department, 4)
    for _round in range(ROUNDS):
        ticket = new_ticket(department=department)
        results = at_once(*(partial(claim_ticket, fresh(ticket), actor=Actor.for_agent(agent)) for agent in agents))
        (winner,) = (result.staff_id for result in results if not isinstance(result, DomainError))
        refusals = [result for result in results if isinstance(result, DomainError)]
        holder = Agent.objects.get(pk=winner)
        assert fresh(ticket).staff_id == winner
        assert all(isinstance(refusal, Conflict) for refusal in refusals)
        assert all(str(holder.firstname) in str(refusal) for refusal in refusals)
        assert event_names(ticket).count("assigned") == 1


def test_reply_close_and_transfer_lose_nothing_of_each_other() -> None:
    department, other = DepartmentFactory.new(), DepartmentFactory.new()
    (agent,) = agents_of(department, 1)
    actor = Actor.for_agent(agent)
    for _round in range(ROUNDS):
        ticket = new_ticket(department=department)
        results = at_once(
            partial(post_reply, fresh(ticket), actor=actor, body="Answer."),
            partial(close_ticket, fresh(ticket), actor=Actor.system(), status=resolved_status()),
            partial(transfer_ticket, fresh(ticket), actor=Actor.system(), department=other),
        )
        row, names = fresh(ticket), event_names(ticket)
        refused = [result for result in results if isinstance(result, DomainError)]
        assert row.dept_id == other.pk
        assert {"created", "closed", "transferred"} <= set(names)
        assert ThreadEntry.objects.filter(thread=thread_of(row), type="R").count() == 1 - len(refused)
        assert row.isanswered or refused or "reopened" in names
        assert is_open(row) == ("reopened" in names)
        assert is_closed(row) == (row.closed is not None)


def test_a_reply_to_a_ticket_that_is_being_merged_is_moved_or_refused() -> None:
    department = DepartmentFactory.new()
    (agent,) = agents_of(department, 1)
    actor = Actor.for_agent(agent)
    for _round in range(ROUNDS):
        parent, child = new_ticket(department=department), new_ticket(department=department)
        merged, replied = at_once(
            partial(merge_tickets, [fresh(parent), fresh(child)], actor=actor),
            partial(post_reply, fresh(child), actor=actor, body="Answer."),
        )
        assert not isinstance(merged, DomainError)
        left = thread_of(fresh(child)).entries.count()
        answers = thread_of(fresh(parent)).entries.filter(type="R").count()
        assert left == 0
        if isinstance(replied, DomainError):
            assert (replied.code, answers) == ("merged_ticket", 0)
        else:
            assert answers == 1


def test_two_merges_in_opposite_directions_make_no_cycle() -> None:
    department = DepartmentFactory.new()
    (agent,) = agents_of(department, 1)
    actor = Actor.for_agent(agent)
    for _round in range(ROUNDS):
        one, two = new_ticket(department=department), new_ticket(department=department)
        results = at_once(
            partial(merge_tickets, [fresh(one), fresh(two)], actor=actor),
            partial(merge_tickets, [fresh(two), fresh(one)], actor=actor),
        )
        assert sum(isinstance(result, DomainError) for result in results) == 1
        rows = [fresh(one), fresh(two)]
        assert sum(row.parent_id is not None for row in rows) == 1
        assert sum(bool(row.flags & TicketFlag.PARENT) for row in rows) == 1


def test_one_of_many_gets_the_lock() -> None:
    department = DepartmentFactory.new()
    agents = agents_of(department, 4)
    for _round in range(ROUNDS):
        ticket = new_ticket(department=department)
        results = at_once(*(partial(acquire_lock, fresh(ticket), actor=Actor.for_agent(agent)) for agent in agents))
        held = [result.id for result in results if not isinstance(result, DomainError)]
        assert len(held) == 1
        assert fresh(ticket).lock_id == held[0]
        assert {result.code for result in results if isinstance(result, DomainError)} == {"locked_by_other"}
        assert Lock.objects.count() == 1
        Lock.objects.all().delete()


def test_one_user_who_is_added_several_times_at_once_takes_part_once() -> None:
    ticket, user = new_ticket(), EndUserFactory.new()
    results = at_once(
        *(partial(add_collaborator, fresh(ticket), actor=Actor.system(), user=user) for _attempt in range(3))
    )
    assert Collaborator.objects.filter(user=user).count() == 1
    assert sum(isinstance(result, DomainError) for result in results) == 2
    assert event_names(ticket).count("collab") == 1


@pytest.mark.parametrize(
    ("action", "service", "data"),
    [
        (Collaborators(), "add_collaborator", {"user": "sue@customer.test", "name": "Sue"}),
        (Refer(), "refer_ticket", {"comments": "Please look"}),
    ],
)
def test_actions_of_several_services_are_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, action: TicketAction, service: str, data: dict[str, Any]
) -> None:
    """The first attempt is broken off at its last service: all of it happens once, in the second."""
    ticket, attempts = desk.ticket(), []
    if service == "refer_ticket":
        data = {**data, "referee": TeamFactory.new(members=[desk.agent])}
    whole = getattr(services, service)

    def broken_off_once(*args: Any, **kwargs: Any) -> Any:
        attempts.append(connection.in_atomic_block)
        result = whole(*args, **kwargs)
        if len(attempts) == 1:
            raise OperationalError(1213, "Deadlock found") from psycopg.errors.DeadlockDetected("deadlock detected")
        return result

    monkeypatch.setattr(services, service, broken_off_once)
    action.perform(Subject(access_of(desk.agent), ticket), desk.actor, data)
    assert attempts == [True, True]
    made = thread_of(ticket).referrals if service == "refer_ticket" else thread_of(ticket).collaborators
    assert made.count() == 1


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite has one writer: nobody waits for each other there")
def test_who_is_broken_off_in_a_deadlock_is_tried_again() -> None:
    tickets = new_ticket(), new_ticket()
    both_hold_one = threading.Barrier(2)
    attempts: list[int] = []

    @contextmanager
    def first_time_together(pk: int) -> Iterator[None]:
        attempts.append(pk)
        yield
        if attempts.count(pk) == 1:
            both_hold_one.wait(timeout=120)

    @retried
    def touch(first: int, second: int) -> None:
        with transaction.atomic():
            with first_time_together(first):
                Ticket.objects.select_for_update().get(pk=first)
            Ticket.objects.filter(pk=second).update(sort=second)

    one, two = (ticket.pk for ticket in tickets)
    assert at_once(partial(touch, one, two), partial(touch, two, one)) == [None, None]
    assert [fresh(ticket).sort for ticket in tickets] == [one, two]
    assert len(attempts) == 3

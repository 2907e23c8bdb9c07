"""What the pages of tasks may cost, as whole pages; the process is warm, the numbers of the navigation have run out."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk.configuration.versioned import forget_everything_versioned
from helpdesk.threads.bodies import NewFile
from tasks.models import Task
from tasks.services import add_task_collaborator, post_task_note, post_task_update
from tests.factories import EndUserFactory
from tests.sign_in import agent_client
from tests.tasks.conftest import Desk
from tickets.navigation import KEPT_SECONDS

pytestmark = pytest.mark.usefixtures("warm")

LIST_STATEMENTS, TASK_STATEMENTS, TICKET_STATEMENTS, EXPORT_STATEMENTS = 11, 15, 15, 11


@pytest.fixture
def browser(desk: Desk) -> Client:
    return agent_client(desk.agent)


def statements_of(browser: Client, address: str) -> list[str]:
    """Give the statements of a page in a warm process whose counts have run out, without those of the test itself."""
    cache.clear()
    forget_everything_versioned()
    assert browser.get(address).status_code == 200
    seconds_later = timezone.now() + timedelta(seconds=KEPT_SECONDS + 1)
    with time_machine.travel(seconds_later), CaptureQueriesContext(connection) as captured:
        response = browser.get(address)
        assert response.status_code == 200
        assert response.getvalue()
    return [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]


def busy_task(desk: Desk, size: int) -> Task:
    """A task with as many entries, files and collaborators, on a ticket."""
    task = desk.task(ticket=desk.ticket(), description="<p>x</p>")
    for number in range(size):
        post_task_note(task, actor=desk.actor, body="<p>x</p>", files=[NewFile(f"{number}.txt", b"b")])
        post_task_update(task, actor=desk.actor, body="<p>y</p>")
        add_task_collaborator(task, EndUserFactory.new(), actor=desk.actor)
    return task


@pytest.mark.parametrize(
    ("address", "most"),
    [("/scp/tasks/", LIST_STATEMENTS), ("/scp/tasks/list/open/export.csv", EXPORT_STATEMENTS)],
)
def test_a_list(desk: Desk, browser: Client, address: str, most: int) -> None:
    costs = []
    for count in (1, 12):
        for _ in range(count):
            busy_task(desk, 1)
        costs.append(statements_of(browser, address))
    few, many = costs
    assert len(few) == len(many), many
    assert len(many) <= most, many


def test_a_task(desk: Desk, browser: Client) -> None:
    small, large = busy_task(desk, 1), busy_task(desk, 8)
    few, many = (statements_of(browser, f"/scp/tasks/{task.pk}/") for task in (small, large))
    assert len(few) == len(many), many
    assert len(many) <= TASK_STATEMENTS, many


def test_a_ticket_with_tasks(desk: Desk, browser: Client) -> None:
    costs = []
    for count in (1, 9):
        ticket = desk.ticket()
        for number in range(count):
            desk.task(ticket=ticket, assign_to=desk.colleague if number % 2 else None)
        costs.append(statements_of(browser, f"/scp/tickets/{ticket.pk}/"))
    few, many = costs
    assert len(few) == len(many), many
    assert len(many) <= TICKET_STATEMENTS, many

"""What the two pages that agents live on may cost, as whole pages: sign-in, navigation with its numbers, everything.

The process is warm; the numbers of the navigation have run out (they live for five seconds).
"""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk.configuration.versioned import forget_everything_versioned
from helpdesk.people.models import DepartmentAccess
from helpdesk.threads.bodies import NewFile
from helpdesk.threads.models import ThreadEntry
from tests.factories import DepartmentFactory, EndUserFactory, RoleFactory, TeamFactory, collaborate, refer_ticket
from tests.sign_in import agent_client
from tests.tickets.conftest import NOW, Desk
from tickets.intake import forget_intake
from tickets.models import Ticket
from tickets.navigation import KEPT_SECONDS
from tickets.reference_data import forget_reference_data
from tickets.services import post_message, post_note, post_reply
from tickets.states import thread_of
from tickets.thread_items import SHOWN_ENTRIES

QUEUE_STATEMENTS, TICKET_STATEMENTS = 8, 12
NUMBERS_STATEMENTS = 4
"""Session, agent, reach, and the numbers of open tickets."""
COLD_STATEMENTS = 9
"""A queue page of a process that knows nothing yet."""
OPEN, CLOSED, CLOSED_THIS_YEAR = 1, 8, 14


@pytest.fixture
def browser(desk: Desk) -> Client:
    """An agent with teams and further departments."""
    TeamFactory.new(members=[desk.agent])
    for _ in range(3):
        DepartmentAccess.objects.create(staff=desk.agent, dept=DepartmentFactory.new(), role=RoleFactory.new())
    return agent_client(desk.agent)


def statements_of(browser: Client, address: str) -> list[str]:
    """Give the statements of a page in a warm process whose counts have run out, without those of the test itself."""
    cache.clear()
    forget_reference_data()  # so that what is kept for ten seconds does not run out between the two
    forget_intake()
    assert browser.get(address).status_code == 200
    seconds_later = timezone.now() + timedelta(seconds=KEPT_SECONDS + 1)
    with time_machine.travel(seconds_later), CaptureQueriesContext(connection) as captured:
        assert browser.get(address).status_code == 200
    return [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]


def busy_ticket(desk: Desk, size: int) -> Ticket:
    """A ticket with as many entries, attachments, collaborators and referrals."""
    ticket = desk.ticket(files=[NewFile("a.txt", b"a")])
    for number in range(size):
        post_note(ticket, actor=desk.actor, body="<p>x</p>", files=[NewFile(f"{number}.txt", b"b")])
        post_reply(ticket, actor=desk.actor, body="<p>y</p>")
        user = EndUserFactory.new()
        collaborate(ticket, user)
        post_message(ticket, actor=desk.actor, user=user, body="z", format="text")
        refer_ticket(ticket, DepartmentFactory.new())
    return ticket


@pytest.mark.parametrize("queue", [OPEN, CLOSED, CLOSED_THIS_YEAR])
def test_queue(desk: Desk, browser: Client, queue: int) -> None:
    costs = []
    for tickets in (1, 12):
        for _ in range(tickets):
            desk.ticket(closed=queue != OPEN, files=[NewFile("a.txt", b"a")])
        if queue == OPEN:
            busy_ticket(desk, tickets // 4)
        costs.append(statements_of(browser, f"/scp/queues/{queue}/"))
    few, many = costs
    assert len(few) == len(many), many
    assert len(many) <= QUEUE_STATEMENTS, many


@pytest.mark.parametrize("queue", [OPEN, CLOSED])
def test_queue_with_nothing_cached(desk: Desk, browser: Client, queue: int) -> None:
    """The first page reads the small tables that it shows something of, and none for what may come afterwards."""
    for _ in range(3):
        desk.ticket(closed=queue != OPEN)
    address = f"/scp/queues/{queue}/"
    statements_of(browser, address)  # what a process learns once, as the indexes
    forget_everything_versioned()
    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(address).status_code == 200
    read = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert len(read) <= COLD_STATEMENTS, read


def test_numbers_of_open_tickets(desk: Desk, browser: Client) -> None:
    desk.ticket()
    assert len(statements_of(browser, "/scp/queues/navigation/?part=open")) <= NUMBERS_STATEMENTS


def test_ticket(desk: Desk, browser: Client) -> None:
    small, large = busy_ticket(desk, 1), busy_ticket(desk, SHOWN_ENTRIES // 2)
    few, many = (statements_of(browser, f"/scp/tickets/{ticket.pk}/") for ticket in (small, large))
    assert len(few) == len(many), many
    assert len(many) <= TICKET_STATEMENTS, many


def test_a_long_conversation_reads_and_writes_out_its_newest_part_alone(desk: Desk, browser: Client) -> None:
    ticket = desk.ticket()
    thread = thread_of(ticket)
    moments = [NOW + timedelta(minutes=number) for number in range(2 * SHOWN_ENTRIES)]
    ThreadEntry.objects.bulk_create(
        ThreadEntry(thread=thread, type="N", staff=desk.agent, body="x", created=moment) for moment in moments
    )
    address = f"/scp/tickets/{ticket.pk}/"
    assert len(statements_of(browser, address)) <= TICKET_STATEMENTS
    page = BeautifulSoup(browser.get(address).content, "html.parser")
    assert len(page.select(".entry")) == SHOWN_ENTRIES
    older = str(page.select("#older-entries")[0]["href"])
    whole = BeautifulSoup(browser.get(address + older).content, "html.parser")
    assert len(whole.select(".entry")) == SHOWN_ENTRIES
    assert whole.select(".composer")
    assert whole.select("[data-shortcut=newer]")[0]["href"] == f"{address}#conversation"
    part = BeautifulSoup(browser.get(address + older, headers={"HX-Request": "true"}).content, "html.parser")
    assert [str(entry) for entry in part.select(".entry")] == [str(entry) for entry in whole.select(".entry")]
    assert not part.select(".composer, .rail, h1")
    last = str(part.select("#older-entries")[0]["href"])
    end = BeautifulSoup(browser.get(address + last, headers={"HX-Request": "true"}).content, "html.parser")
    assert len(end.select(".entry")) == 1
    assert end.select("p#older-entries")


@pytest.mark.parametrize("before", ["0", "-1", "x", "9" * 12, "1"])
def test_nonsense_as_the_place_in_the_conversation(desk: Desk, browser: Client, before: str) -> None:
    assert browser.get(f"/scp/tickets/{desk.ticket().pk}/?before={before}").status_code == 200

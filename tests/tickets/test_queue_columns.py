"""What columns say of links, dates and long texts, as lists show it (osticket/queues.md §6)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from bs4 import BeautifulSoup, Tag
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk.forms import cdata
from helpdesk.people.access import access_of
from helpdesk.people.models import Agent, Department, EndUser
from tests.factories import EndUserFactory, OrganizationFactory
from tests.sign_in import agent_client
from tests.tickets.conftest import NOW as DAY
from tests.tickets.conftest import Desk
from tickets.list_options import ListOptions
from tickets.models import QueueColumn, QueueColumnPlacement, Ticket
from tickets.queue_part_inputs import sortable_fields
from tickets.reference_data import ColumnRow, forget_reference_data
from tickets.selectors import queue_for, queue_page

OPEN = 1


@pytest.fixture
def browser(desk: Desk) -> Client:
    Agent.objects.filter(pk=desk.agent.pk).update(permissions={"user.dir": 1}, timezone="Asia/Tokyo")
    return agent_client(Agent.objects.get(pk=desk.agent.pk))


def show(*columns: tuple[str, str, str]) -> None:
    """Let the open queue show the subject and these columns: path, filter and what becomes of long texts."""
    QueueColumnPlacement.objects.filter(queue_id=OPEN).delete()
    for number, (path, kind, truncate) in enumerate([("cdata__subject", "link:ticket", "ellipsis"), *columns]):
        column = QueueColumn.objects.create(name=f"Column {number}", primary=path, filter=kind, truncate=truncate)
        QueueColumnPlacement.objects.create(queue_id=OPEN, column=column, sort=number, heading=path, bits=1)
    forget_reference_data()


def cells(browser: Client) -> list[list[Tag]]:
    """Give the cells of each row behind the box to choose it and the subject."""
    response: Any = browser.get(f"/scp/queues/{OPEN}/")
    assert response.status_code == 200
    rows = BeautifulSoup(response.content, "html.parser").select("tr.queue-row")
    return [row.select("td:not(.cell-choose)")[1:] for row in rows]


def links(found: list[Tag]) -> list[str | None]:
    return [str(link["href"]) if (link := cell.select_one("a")) else None for cell in found]


COLUMNS = (
    ("number", "link:ticketP", "wrap"),
    ("source", "link:ticket", "wrap"),
    ("user__name", "link:user", "wrap"),
    ("user__org__name", "link:org", "wrap"),
    ("topic_id", "link:org", "wrap"),
    ("dept_id", "", "wrap"),
)


def test_cells_lead_to_the_ticket_the_requester_and_the_organization(desk: Desk, browser: Client) -> None:
    acme = OrganizationFactory.new(name="Acme")
    user = EndUserFactory.new(name="Ann Bee", org=acme)
    ticket = desk.ticket(user=user)
    show(*COLUMNS)
    (row,) = cells(browser)
    to_ticket, to_user, to_acme = (
        f"/scp/tickets/{ticket.pk}/",
        f"/scp/users/{user.pk}/",
        f"/scp/organizations/{acme.pk}/",
    )
    topic = to_acme if row[4].get_text(strip=True) else None
    assert links(row) == [to_ticket, to_ticket, to_user, to_acme, topic, None]
    assert row[2].get_text(strip=True) == "Ann Bee"
    for address in (to_user, to_acme):
        assert browser.get(address).status_code == 200


def test_there_are_no_links_to_pages_that_are_not_shown_or_not_there(desk: Desk, browser: Client) -> None:
    acme = OrganizationFactory.new(name="Acme")
    user = EndUserFactory.new(org=acme)
    ticket = desk.ticket(user=user)
    show(*COLUMNS)
    Agent.objects.filter(pk=desk.agent.pk).update(permissions={})
    (row,) = cells(browser)
    to_ticket = f"/scp/tickets/{ticket.pk}/"
    assert links(row) == [to_ticket, to_ticket, None, None, None, None]
    assert row[3].get_text(strip=True) == "Acme"
    Agent.objects.filter(pk=desk.agent.pk).update(permissions={"user.dir": 1})
    EndUser.objects.filter(pk=user.pk).update(org=None)
    assert links(cells(browser)[0]) == [to_ticket, to_ticket, f"/scp/users/{user.pk}/", None, None, None]
    Ticket.objects.filter(pk=ticket.pk).update(user=None)
    assert links(cells(browser)[0]) == [to_ticket, to_ticket, None, None, None, None]


def test_the_row_leads_to_its_ticket_also_where_the_only_columns_lead_to_people(desk: Desk, browser: Client) -> None:
    ticket = desk.ticket()
    show(("user__name", "link:user", "wrap"), ("dept_id", "", "wrap"))
    QueueColumnPlacement.objects.filter(queue_id=OPEN, sort=0).delete()
    page = BeautifulSoup(browser.get(f"/scp/queues/{OPEN}/").content, "html.parser")
    (link,) = page.select(".subject-link")
    assert (link["href"], link.get_text()) == (f"/scp/tickets/{ticket.pk}/", desk.department.name)


def test_a_second_field_stands_where_the_first_one_is_empty(desk: Desk, browser: Client) -> None:
    assigned, bare = desk.ticket(subject="A"), desk.ticket(subject="B")
    Ticket.objects.filter(pk=assigned.pk).update(staff=desk.colleague, duedate=DAY)
    Ticket.objects.filter(pk=bare.pk).update(est_duedate=DAY, user=None)
    columns = {"assignee": "dept_id", "user__name": "source", "cdata__subject": "source", "duedate": ""}
    show(*((path, "", "wrap") for path in columns))
    for path, secondary in columns.items():
        QueueColumn.objects.filter(primary=path, name__startswith="Column").exclude(name="Column 0").update(
            secondary=secondary
        )
    cdata.update_row("T", bare.pk, {cdata.fields_by_column("T")["subject"].pk: ""})
    forget_reference_data()
    by_plan, by_agent = sorted(([cell.get_text(strip=True) for cell in row] for row in cells(browser)), key=str)[::-1]
    name = assigned.user.name if assigned.user else ""
    assert by_agent[:3] == ["Cora Clark", name, "A"]
    assert by_agent[3].startswith("2 Mar")
    assert by_plan == [desk.department.name, "API", "API", ""]


@pytest.mark.parametrize(
    ("primary", "secondary", "expected"),
    [
        ("duedate", "est_duedate", "DBCA"),
        ("duedate", "", "ACDB"),
        ("duedate", "dept_id", "ACDB"),
        ("assignee", "dept_id", "BACD"),
        ("assignee", "", "BACD"),
        ("staff_id", "", "ACDB"),
        ("team_id", "source", "ABCD"),
        ("team_id", "duedate", "ABCD"),
    ],
)
def test_a_column_sorts_by_what_it_shows(
    desk: Desk, browser: Client, primary: str, secondary: str, expected: str
) -> None:
    """Forth and back, over pages."""
    tickets = {letter: desk.ticket(subject=letter) for letter in "ABCD"}
    days = {"A": (None, 2), "B": (0, 9), "C": (None, 1), "D": (None, None)}
    for letter, numbers in days.items():
        due, of_plan = (None if number is None else DAY + timedelta(days=number) for number in numbers)
        Ticket.objects.filter(pk=tickets[letter].pk).update(duedate=due, est_duedate=of_plan)
    Ticket.objects.filter(pk=tickets["B"].pk).update(staff=desk.agent)
    Department.objects.filter(pk=desk.department.pk).update(name="Depot")
    show((primary, "", "wrap"))
    QueueColumn.objects.filter(name="Column 1").update(secondary=secondary or None)
    forget_reference_data()
    Agent.objects.filter(pk=desk.agent.pk).update(max_page_size=1)
    access = access_of(Agent.objects.get(pk=desk.agent.pk))
    for is_reversed in (False, True):
        options = ListOptions(primary, is_reversed)
        page = queue_page(access, queue_for(access, OPEN), now=DAY, options=options)
        found = [page]
        while page.after:
            page = queue_page(access, queue_for(access, OPEN), now=DAY, options=options, after=page.after)
            found.append(page)
        assert "".join(row.subject for one in found for row in one.rows) == expected[:: -1 if is_reversed else 1]
        page = queue_page(access, queue_for(access, OPEN), now=DAY, options=options, before=found[2].before)
        assert page.rows == found[1].rows


def test_lists_are_sorted_by_every_field_that_can_be_sorted_by(desk: Desk) -> None:
    tickets = {desk.ticket().pk for _number in range(3)}
    access = access_of(desk.agent)
    for path in sortable_fields():
        columns = (ColumnRow(path, "", path, 100),)
        queue = replace(queue_for(access, OPEN), columns=columns)
        for is_reversed in (False, True):
            options = ListOptions(path, is_reversed)
            page = queue_page(access, queue, now=DAY, options=options)
            assert {row.ticket_id for row in page.rows} == tickets, path
            assert page.columns[0].sorted == ("descending" if is_reversed else "ascending"), path


def test_dates_are_told_in_full_or_by_their_distance(desk: Desk, browser: Client) -> None:
    ticket = desk.ticket()
    now = timezone.now().replace(hour=10, minute=0, second=0, microsecond=0)
    moment = (now - timedelta(days=800)).replace(hour=23, minute=30)
    Ticket.objects.filter(pk=ticket.pk).update(created=moment, lastupdate=now - timedelta(hours=3), est_duedate=moment)
    show(
        ("created", "date:full", "wrap"),
        ("lastupdate", "date:human", "wrap"),
        ("est_duedate", "date:human", "wrap"),
        ("created", "", "wrap"),
    )
    with time_machine.travel(now, tick=False):
        (row,) = cells(agent_client(Agent.objects.get(pk=desk.agent.pk)))
    told = [(cell.get_text(strip=True), str(cell.time["title"])) for cell in row if cell.time]
    day = moment + timedelta(days=1)
    full = f"{day.day} {day:%b %Y}, 08:30"
    assert told[0][0] == full, "in the zone of the agent, nine hours ahead"
    assert told[0][1] == told[2][0]
    assert told[1][0] == "3 h ago"
    assert told[1][1].endswith(f"{(now - timedelta(hours=3) + timedelta(hours=9)):%H:%M}")
    assert told[2] == ("2 years ago", full)
    assert told[3] == (f"{day.day} {day:%b %Y}", full)


@pytest.mark.parametrize(
    ("truncate", "css_class"),
    [("wrap", "text-wrap"), ("ellipsis", "clip"), ("clip", "text-clip"), ("lclip", "text-lclip"), ("odd", "clip")],
)
def test_long_texts_go_on_or_are_cut(desk: Desk, browser: Client, truncate: str, css_class: str) -> None:
    desk.ticket(source="Phone", user=EndUserFactory.new(name="Ann Bee"))
    show(("source", "", truncate), ("user__name", "", truncate), ("dept_id", "", truncate))
    (row,) = cells(browser)
    assert [text.get_text() for cell in row for text in cell.select(f"span.{css_class}")] == [
        "Phone",
        "Ann Bee",
        desk.department.name,
    ]


def test_links_cost_no_statement_whatever_the_number_of_rows(desk: Desk, browser: Client) -> None:
    def cost() -> int:
        browser.get(f"/scp/queues/{OPEN}/")
        with CaptureQueriesContext(connection) as captured:
            assert cells(browser)
        return len([query for query in captured if "SAVEPOINT" not in query["sql"]])

    show(("user__name", "", "wrap"), ("dept_id", "", "wrap"))
    desk.ticket(user=EndUserFactory.new(org=OrganizationFactory.new(name="Acme")))
    without = cost()
    show(("user__name", "link:user", "wrap"), ("dept_id", "link:org", "wrap"))
    one = cost()
    for number in range(4):
        desk.ticket(user=EndUserFactory.new(org=OrganizationFactory.new(name=f"Acme {number}")))
    assert without == one == cost()

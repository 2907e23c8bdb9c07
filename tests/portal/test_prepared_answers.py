"""Prepared answers and quotations for a reply (osticket/tickets.md §15.5)."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from helpdesk.files.links import LinkMaker
from helpdesk.files.models import Attachment
from helpdesk.files.selectors import attachments_of
from helpdesk.files.services import attach, store_file
from helpdesk.knowledge.models import CannedResponse
from helpdesk.people.actor import Actor
from helpdesk.people.models import Department, DepartmentAccess
from helpdesk.threads.models import ThreadEntry
from tests.desk import PIXEL, Desk, open_ticket, set_up_desk
from tests.sign_in import agent_client
from tickets.models import Ticket
from tickets.services import post_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return set_up_desk()


@pytest.fixture
def ticket() -> Ticket:
    return open_ticket()


def new_answer(**values: Any) -> CannedResponse:
    return CannedResponse.objects.create(
        **{"title": "Restart", "response": "<p>Dear %{ticket.name.first},<br>restart it.</p>", "isenabled": 1, **values}
    )


def asked(desk: Desk, ticket: Ticket, key: object) -> Any:
    return agent_client(desk.grace).get(f"/scp/tickets/{ticket.pk}/answers/{key}/")


def test_variables_are_replaced_and_files_can_be_handed_in(desk: Desk, ticket: Ticket) -> None:
    answer = new_answer()
    attach(store_file(b"how to", name="how.txt"), object_type="C", object_id=answer.pk)
    found = asked(desk, ticket, answer.pk).json()
    assert found["response"] == "<p>Dear Maria,<br>restart it.</p>"
    assert found["text"] == "Dear Maria,\nrestart it."
    (file,) = found["files"]
    assert (file["name"], file["size"]) == ("how.txt", 6)
    assert agent_client(desk.grace).get(file["download_url"]).status_code == 200
    posted = agent_client(desk.grace).post(
        f"/scp/tickets/{ticket.pk}/reply/",
        {"body": found["text"], "reply_to": "all", "attachments": file["ticket"]},
    )
    assert posted.status_code == 302
    entry = ThreadEntry.objects.get(type="R")
    assert list(entry_files(entry)) == ["how.txt"]


def entry_files(entry: ThreadEntry) -> Any:
    return Attachment.objects.filter(type="H", object_id=entry.pk).values_list("file__name", flat=True)


def test_answers_of_other_departments_and_switched_off_ones_are_none(desk: Desk, ticket: Ticket) -> None:
    sales = Department.objects.get(name="Sales")
    for answer in (new_answer(dept=sales), new_answer(title="Off", isenabled=0)):
        assert asked(desk, ticket, answer.pk).status_code == 404
    assert asked(desk, ticket, 9999).status_code == 404
    assert agent_client(desk.sam).get(f"/scp/tickets/{ticket.pk}/answers/1/").status_code == 404


def test_what_was_written_is_quoted(desk: Desk) -> None:
    ticket = open_ticket(message=f'<p>One &lt; two</p><p>Look: <img src="data:image/png;base64,{encoded()}"></p>')
    post_message(ticket, actor=Actor.system(), user=ticket.user, body="<p>Second</p>")
    original, last = (asked(desk, ticket, key).json() for key in ("original", "lastmessage"))
    assert original["text"] == "Maria Silva wrote:\n> One < two\n>\n> Look:\n\n"
    assert "<img" not in original["response"]
    assert last["response"] == "<p>Maria Silva wrote:</p><blockquote><p>Second</p></blockquote><p></p>"


def encoded() -> str:
    return base64.b64encode(PIXEL).decode()


def test_they_know_what_the_templates_of_mails_know(desk: Desk, ticket: Ticket) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(staff=desk.grace)
    text = (
        "<p>%{ticket.user.name.first}, %{ticket.name.last}, %{ticket.email.domain}, %{ticket.topic.name}, "
        "%{ticket.status.state}, %{ticket.dept.manager.name}, %{ticket.staff.email}, %{ticket.priority}, "
        "%{ticket.thread.original.poster}, %{company.name}</p>"
    )
    Department.objects.filter(name="Support").update(manager=desk.alan)
    found = asked(desk, ticket, new_answer(response=text).pk).json()
    topic = str(ticket.topic)
    assert found["text"] == (
        f"Maria, Silva, customer.test, {topic}, open, Alan Kay, grace@acme.test, Normal, Maria Silva, Acme Support"
    )


def test_values_are_data(desk: Desk) -> None:
    """Nobody who writes a ticket writes variables or markup of an answer."""
    ticket = open_ticket("1 < 2 %{company.name} %{ticket.staff.email}")
    found = asked(desk, ticket, new_answer(response="<p>Re: %{ticket.subject}</p>").pk).json()
    assert found["response"] == "<p>Re: 1 &lt; 2 %{company.name} %{ticket.staff.email}</p>"


def test_what_lets_its_owner_in_is_not_shown_to_agents(desk: Desk, ticket: Ticket) -> None:
    found = asked(desk, ticket, new_answer(response="<p>Code: %{ticket.auth_token}.</p>").pk).json()
    assert found["text"] == "Code: ."


def test_of_departments_only_that_of_the_ticket_counts(desk: Desk, ticket: Ticket) -> None:
    """What was written for another department is offered in its tickets, also to who works in both (kb.md §4)."""
    sales = Department.objects.get(name="Sales")
    DepartmentAccess.objects.create(staff=desk.grace, dept=sales, role_id=desk.grace.role_id)
    for_sales, for_support = new_answer(dept=sales), new_answer(title="Own", dept=ticket.dept)
    page = agent_client(desk.grace).get(f"/scp/tickets/{ticket.pk}/answers/").content.decode()
    assert f'value="{for_support.pk}"' in page
    assert f'value="{for_sales.pk}"' not in page
    assert asked(desk, ticket, for_sales.pk).status_code == 404
    assert asked(desk, ticket, for_support.pk).status_code == 200
    assert asked(desk, open_ticket(department=sales), for_sales.pk).status_code == 200


def test_many_variables_cost_no_more_than_each_thing_once(desk: Desk, ticket: Ticket) -> None:
    objects = ("user", "user.organization", "dept.members", "dept", "team", "topic", "sla", "thread.original")
    few = "".join(f"%{{ticket.{one}.name}} " for one in objects)
    many = "".join(f"%{{ticket.{one}.x{number}}} " for one in objects for number in range(40))
    deep = f"%{{ticket.dept{'.manager.dept' * 400}}}"
    Department.objects.filter(name="Support").update(manager=desk.grace)
    with CaptureQueriesContext(connection) as first:
        asked(desk, ticket, new_answer(response=f"<p>{few}</p>").pk)
    with CaptureQueriesContext(connection) as second:
        asked(desk, ticket, new_answer(title="Many", response=f"<p>{few}{many}{deep}</p>").pk)
    assert len(second) - len(first) <= 20


def test_those_who_manage_them_see_their_files(desk: Desk) -> None:
    answer = new_answer(isenabled=0, dept=Department.objects.get(name="Sales"))
    attach(store_file(b"how to", name="how.txt"), object_type="C", object_id=answer.pk)
    page = agent_client(desk.grace).get(f"/scp/canned/{answer.pk}/")
    assert "how.txt" in page.content.decode()
    (file,) = attachments_of("C", [answer.pk])[answer.pk]
    address = LinkMaker(reverse("agent:file"), timezone.now()).url(file)
    assert agent_client(desk.grace).get(address).status_code == 200
    assert agent_client(desk.vera).get(address).status_code in {403, 404}

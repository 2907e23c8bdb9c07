"""Prepared answers and quotations for a reply (osticket/tickets.md §15.5)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from helpdesk.files.models import Attachment
from helpdesk.files.services import attach, store_file
from helpdesk.knowledge.models import CannedResponse
from helpdesk.people.actor import Actor
from helpdesk.people.models import Department
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

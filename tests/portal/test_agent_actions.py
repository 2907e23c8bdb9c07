"""The frame of actions on a ticket: dialog and page, permissions, refusals, and what others did meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from helpdesk.forms.models import FormField
from helpdesk.people.actor import Actor
from helpdesk.threads.models import ThreadEntry
from tests.desk import Desk, open_ticket, set_up_desk
from tests.factories import new_task
from tests.sign_in import agent_client
from tickets.agent_actions.registry import ACTIONS
from tickets.models import Ticket, TicketStatus
from tickets.services import assign_ticket, close_ticket, post_reply

pytestmark = pytest.mark.django_db

STATE_NEEDED = {
    "reopen": "closed",
    "release": "assigned",
    "unlink": "linked",
    "unanswered": "answered",
    "overdue": "for the manager",
    "not-overdue": "overdue",
    "ban": "for agents with the permission",
    "forms": "where there are further forms",
    "edit-answer": "of a field",
    "edit-entry": "of an entry",
    "resend-entry": "of an entry",
}
"""Actions that a new ticket does not offer to Grace."""
OF_PARTS = {"edit-answer", "edit-entry", "resend-entry"}
"""Actions whose address names a part of the ticket."""
PART = {"HX-Request": "true"}
Answer = Any


@pytest.fixture
def desk(db: None) -> Desk:
    return set_up_desk()


@pytest.fixture
def grace(desk: Desk) -> Client:
    return agent_client(desk.grace)


def soup(response: Answer) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def address(ticket: Ticket, name: str) -> str:
    return reverse(f"agent:ticket_{name}", args=[ticket.pk])


def text(page: BeautifulSoup, selector: str) -> str:
    found = page.select_one(selector)
    assert found is not None, selector
    return " ".join(found.get_text(" ").split())


def resolved() -> TicketStatus:
    return TicketStatus.objects.get(name="Resolved")


def mark_on(client: Client, ticket: Ticket) -> str:
    """Give the mark that the ticket's page carries in its toolbar."""
    page = soup(client.get(f"/scp/tickets/{ticket.pk}/"))
    return str(page.select(".ticket-actions [name=seen], #reply-recipients [name=seen]")[0]["value"])


# --- Dialog and page


@pytest.mark.parametrize("name", sorted(ACTIONS.keys() - STATE_NEEDED.keys()))
def test_an_action_is_a_dialog_for_htmx_and_a_page_without_script(grace: Client, name: str) -> None:
    ticket = open_ticket()
    dialog = grace.get(address(ticket, name), headers=PART)
    assert dialog.status_code == 200
    assert b"<html" not in dialog.content
    assert soup(dialog).select_one("dialog#action-dialog form")
    page = soup(grace.get(address(ticket, name)))
    form = page.select_one("main form")
    assert form is not None
    assert form["action"] == address(ticket, name)
    assert not page.select("dialog#action-dialog")
    for field in page.select("main form :is(select, textarea, input:not([type=hidden]))"):
        assert page.select_one(f"label[for={field['id']}]"), field


def test_every_action_that_is_allowed_is_on_the_page_and_no_other(desk: Desk) -> None:
    ticket = open_ticket()
    for agent, expects in ((desk.grace, True), (desk.vera, False)):
        client = agent_client(agent)
        page = soup(client.get(f"/scp/tickets/{ticket.pk}/"))
        offered = {
            str(tag["id"]).removeprefix("do-")
            for tag in page.select(".ticket-actions [id^=do-], .facts [id^=do-edit-]")
        }
        assert bool(offered) is expects
        for name in ACTIONS.keys() - OF_PARTS:
            status = client.get(address(ticket, name)).status_code
            assert status == (200 if name in offered else 403), name


def test_an_action_that_is_not_allowed_is_refused_and_changes_nothing(desk: Desk) -> None:
    ticket = open_ticket()
    vera = agent_client(desk.vera)
    data = {"assignee": f"s{desk.vera.pk}", "status": resolved().pk, "comments": "I try"}
    for name in ACTIONS.keys() - OF_PARTS:
        assert vera.post(address(ticket, name), data).status_code in {403, 409, 422}, name
    ticket.refresh_from_db()
    assert (ticket.staff_id, ticket.status.state if ticket.status else "") == (None, "open")
    assert ThreadEntry.objects.filter(thread__object_id=ticket.pk).count() == 1


def test_what_is_wrong_stands_at_its_field(grace: Client) -> None:
    ticket = open_ticket()
    for headers in ({}, PART):
        response = grace.post(address(ticket, "status"), {"status": "99", "comments": "kept"}, headers=headers)
        assert response.status_code == 422
        page = soup(response)
        assert page.select_one("#status_status[aria-invalid=true]")
        assert page.select_one("#status_status_error")
        assert text(page, "#status_comments") == "kept"


def test_what_is_in_the_way_of_closing_is_said_before_anything_is_typed(grace: Client) -> None:
    ticket = open_ticket()
    new_task(ticket)
    page = soup(grace.get(address(ticket, "close"), headers=PART))
    assert "1 open task" in text(page, ".form-obstacle:not([hidden])")
    assert not page.select("button[type=submit]")
    response = grace.post(address(ticket, "close"), {"status": resolved().pk})
    assert response.status_code == 409
    assert "1 open task" in soup(response).get_text()


# --- What comes after


def test_success_brings_the_changed_parts_and_leaves_what_is_being_written(grace: Client, desk: Desk) -> None:
    ticket = open_ticket()
    response = grace.post(address(ticket, "assign"), {"assignee": f"s{desk.alan.pk}"}, headers=PART)
    assert response.status_code == 200
    page = soup(response)
    swapped = {str(part["id"]) for part in page.select("[hx-swap-oob]")}
    assert swapped == {
        *("messages", "ticket-head", "ticket-actions", "conversation", "facts", "reply-recipients", "reply-status"),
        "note-status",
    }
    assert f"#{ticket.number} assigned." in text(page, "#messages")
    assert "Alan Kay" in text(page, "#facts")
    assert not page.select("textarea")


def test_success_without_script_leads_back_to_the_ticket(grace: Client, desk: Desk) -> None:
    ticket = open_ticket()
    response = grace.post(address(ticket, "assign"), {"assignee": f"s{desk.alan.pk}"})
    assert response.headers["Location"] == f"/scp/tickets/{ticket.pk}/"
    assert [str(m) for m in get_messages(response.wsgi_request)] == [f"#{ticket.number} assigned."]


def test_who_closes_a_ticket_goes_on_to_the_queue(grace: Client) -> None:
    grace.get("/scp/queues/8/")
    response = grace.post(address(open_ticket(), "close"), {"status": resolved().pk}, headers=PART)
    assert response.headers["HX-Redirect"] == "/scp/queues/8/"
    response = grace.post(address(open_ticket(), "close"), {"status": resolved().pk})
    assert response.headers["Location"] == "/scp/queues/8/"


def test_release_asks_from_whom_only_where_there_are_two(grace: Client, desk: Desk) -> None:
    ticket = open_ticket()
    assign_ticket(ticket, actor=Actor.for_agent(desk.alan), agent=desk.grace)
    page = soup(grace.get(address(ticket, "release"), headers=PART))
    assert page.select_one("#release_agent[checked]")
    assert not page.select("#release_team")
    assert grace.post(address(ticket, "release"), {}).status_code == 422
    response = grace.post(address(ticket, "release"), {"agent": "on", "comments": "not mine"})
    assert response.status_code == 302
    ticket.refresh_from_db()
    assert ticket.staff_id is None


def test_assigning_may_leave_access_to_who_had_it(grace: Client, desk: Desk) -> None:
    ticket = open_ticket()
    assert not soup(grace.get(address(ticket, "assign"))).select("#assign_refer")
    assign_ticket(ticket, actor=Actor.for_agent(desk.alan), agent=desk.grace)
    assert soup(grace.get(address(ticket, "assign"))).select("#assign_refer")


# --- What others did meanwhile


def test_a_stale_page_is_told_what_happened_and_asked_again(grace: Client, desk: Desk) -> None:
    ticket = open_ticket()
    mark = mark_on(grace, ticket)
    alan = Actor.for_agent(desk.alan)
    post_reply(ticket, actor=alan, body="<p>I have it.</p>")
    assign_ticket(ticket, actor=alan, agent=desk.grace)
    dialog = soup(grace.get(address(ticket, "close"), {"seen": mark}, headers=PART))
    assert "Alan Kay replied" in text(dialog, ".changes")
    assert "Alan Kay assigned the ticket to Grace Hopper" in text(dialog, ".changes")
    response = grace.post(address(ticket, "close"), {"seen": mark, "status": resolved().pk, "comments": "done"})
    assert response.status_code == 409
    page = soup(response)
    assert "Alan Kay replied" in text(page, ".changes")
    assert text(page, "#close_comments") == "done"
    ticket.refresh_from_db()
    assert ticket.closed is None
    seen = page.select("main form [name=seen]")[0]["value"]
    again = grace.post(address(ticket, "close"), {"seen": seen, "status": resolved().pk, "comments": "done"})
    assert again.status_code == 302
    ticket.refresh_from_db()
    assert ticket.closed is not None


def test_what_others_edited_is_named_by_its_label(grace: Client, desk: Desk) -> None:
    ticket = open_ticket("Broken")
    mark = mark_on(grace, ticket)
    subject = FormField.objects.get(name="subject", form__type="T")
    url = reverse("agent:ticket_edit-answer", args=[ticket.pk, subject.pk])
    bound_name = soup(grace.get(url)).select(".action-form input[type=text]")[0]["name"]
    assert agent_client(desk.alan).post(url, {bound_name: "Mended", "comments": ""}).status_code == 302
    dialog = soup(grace.get(address(ticket, "close"), {"seen": mark}, headers=PART))
    assert f"Alan Kay changed {subject.label} from “Broken” to “Mended”" in text(dialog, ".changes")


def test_what_one_did_oneself_is_no_news(grace: Client, desk: Desk) -> None:
    ticket = open_ticket()
    mark = mark_on(grace, ticket)
    post_reply(ticket, actor=Actor.for_agent(desk.grace), body="<p>Done.</p>")
    response = grace.post(address(ticket, "close"), {"seen": mark, "status": resolved().pk})
    assert response.status_code == 302


@pytest.mark.parametrize("mark", ["", "x", "1", "1-x", "9" * 30 + "-1", "1-2-3"])
def test_a_form_without_a_mark_acts(grace: Client, mark: str) -> None:
    ticket = open_ticket()
    assert grace.post(address(ticket, "claim"), {"seen": mark}).status_code == 302


def test_a_reply_from_a_stale_page_is_kept_and_sent_the_second_time(grace: Client, desk: Desk) -> None:
    ticket = open_ticket()
    mark = mark_on(grace, ticket)
    close_ticket(ticket, actor=Actor.for_agent(desk.alan), status=resolved())
    response = grace.post(address(ticket, "reply"), {"seen": mark, "body": "My answer", "reply_to": "all"})
    assert response.status_code == 409
    page = soup(response)
    assert "Alan Kay closed the ticket as Resolved" in text(page, "#reply .changes")
    assert text(page, "#reply_body") == "My answer"
    assert not ThreadEntry.objects.filter(thread__object_id=ticket.pk, type="R").exists()
    seen = page.select("#reply [name=seen]")[0]["value"]
    assert (
        grace.post(address(ticket, "reply"), {"seen": seen, "body": "My answer", "reply_to": "all"}).status_code == 302
    )
    assert ThreadEntry.objects.filter(thread__object_id=ticket.pk, type="R").count() == 1


def test_a_note_that_sets_a_status_minds_what_others_did_and_one_alone_does_not(grace: Client, desk: Desk) -> None:
    ticket = open_ticket()
    mark = mark_on(grace, ticket)
    post_reply(ticket, actor=Actor.for_agent(desk.alan), body="<p>Wait</p>")
    assert grace.post(address(ticket, "note"), {"seen": mark, "body": "Only a note"}).status_code == 302
    data = {"body": "Settled", "new_status": str(resolved().pk)}
    response = grace.post(address(ticket, "note"), {"seen": mark, **data})
    assert response.status_code == 409
    page = soup(response)
    assert "Alan Kay replied" in text(page, "#note .changes")
    assert not page.select("#reply .changes")
    assert text(page, "#note_body") == "Settled"
    assert page.select(f"#note_new_status option[selected][value='{resolved().pk}']")
    seen = page.select("#note [name=seen]")[0]["value"]
    assert grace.post(address(ticket, "note"), {"seen": seen, **data}).status_code == 302
    ticket.refresh_from_db()
    assert ticket.status == resolved()

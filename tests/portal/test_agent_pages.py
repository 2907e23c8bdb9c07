"""Queues and tickets of the agent portal, from the request to the rows."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import time_machine
from bs4 import BeautifulSoup, Tag
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from helpdesk.configuration.defaults import agent_namespace
from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.selectors import forget
from helpdesk.people.models import EndUser
from helpdesk.threads.constants import EntryType
from helpdesk.threads.models import ThreadEntry
from tests.desk import Desk, busy_ticket, closed_ticket, open_ticket, set_up_desk
from tests.sign_in import agent_client
from tickets.models import Ticket, TicketStatus
from tickets.reference_data import forget_reference_data

pytestmark = pytest.mark.django_db

OPEN_QUEUE, CLOSED_QUEUE = 1, 8
Answer = Any  # what the test client gives: a response with `wsgi_request` and the rest


@pytest.fixture
def desk(db: None) -> Desk:
    return set_up_desk()


@pytest.fixture
def grace(desk: Desk) -> Client:
    return agent_client(desk.grace)


def soup(response: Answer) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def one(page: BeautifulSoup | Tag, selector: str) -> Tag:
    found = page.select_one(selector)
    assert found is not None, selector
    return found


def text(page: BeautifulSoup | Tag, selector: str) -> str:
    found = one(page, selector)
    return " ".join(found.get_text(" ").split())


def texts(page: BeautifulSoup | Tag, selector: str) -> list[str]:
    return [" ".join(found.get_text(" ").split()) for found in page.select(selector)]


def act(client: Client, ticket: Ticket, name: str, **data: object) -> Answer:
    return client.post(reverse(f"agent:ticket_{name}", args=[ticket.pk]), data)


def said(response: Answer) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def entries(ticket: Ticket, kind: EntryType) -> list[ThreadEntry]:
    return list(ThreadEntry.objects.filter(thread__object_id=ticket.pk, type=kind).order_by("pk"))


# --- Queues


def test_the_index_leads_to_the_default_queue(grace: Client) -> None:
    for address in ("/scp/", "/scp/index.php"):
        assert grace.get(address).headers["Location"] == f"/scp/queues/{OPEN_QUEUE}/"


def test_the_agents_own_first_queue_wins(grace: Client, desk: Desk) -> None:
    namespace = agent_namespace(desk.grace.pk)
    ConfigItem.objects.create(namespace=namespace, key="default_ticket_queue_id", value=str(CLOSED_QUEUE))
    forget()
    assert grace.get("/scp/").headers["Location"] == f"/scp/queues/{CLOSED_QUEUE}/"


def test_a_first_queue_that_is_gone_does_not_lock_the_agent_out(grace: Client, desk: Desk) -> None:
    ConfigItem.objects.create(namespace=agent_namespace(desk.grace.pk), key="default_ticket_queue_id", value="4711")
    forget()
    assert grace.get("/scp/").headers["Location"] == f"/scp/queues/{OPEN_QUEUE}/"


def test_a_queue_shows_its_tickets_with_what_agents_look_for(grace: Client, desk: Desk) -> None:
    ticket = busy_ticket(desk)
    waiting = open_ticket("VPN drops every few minutes")
    page = soup(grace.get(f"/scp/queues/{OPEN_QUEUE}/"))
    assert text(page, "h1") == "Open"
    assert texts(page, "thead th") == ["Choose", "Ticket", "Last Updated", "Subject", "From", "Priority", "Assigned To"]
    rows = {text(row, ".number"): row for row in page.select(".queue-row")}
    assert set(rows) == {ticket.number, waiting.number}
    answered, unanswered = rows[str(ticket.number)], rows[str(waiting.number)]
    assert text(answered, ".subject-link") == "Printer prints blank pages"
    assert one(answered, ".subject-link")["href"] == f"/scp/tickets/{ticket.pk}/"
    assert text(answered, ".cell-requester") == "Maria Silva"
    assert text(answered, ".cell-assignee") == "Grace Hopper"
    assert answered.select_one(".annotations [title='3 entries']")
    assert answered.select_one(".annotations [title='1 attachment']")
    assert "is-unanswered" not in answered["class"]
    assert text(unanswered, ".cell-assignee") == "Unassigned"
    assert "is-unanswered" in unanswered["class"]


def test_the_navigation_counts_open_tickets_and_says_where_one_is(grace: Client) -> None:
    """The list of queues comes with the page; numbers that are not at hand follow at once."""
    open_ticket()
    address = f"/scp/queues/{OPEN_QUEUE}/"
    current = ".rail-link[aria-current=page]"
    page = soup(grace.get(address))
    assert (one(page, current)["data-queue-key"], text(page, f"{current} .rail-count-pending")) == ("open", "")
    keys = {link["data-queue-key"] for link in page.select(".rail-link[data-queue-key]")}
    assert {"open", "open-answered", "open-overdue", "my-tickets", "closed"} <= keys
    rail = one(page, "#rail-queues")
    assert rail["hx-trigger"] == "load"
    for shown in (soup(grace.get(str(rail["hx-get"]))), soup(grace.get(address))):
        assert text(shown, f"{current} .rail-count") == "1"
        assert "part=open" not in one(shown, "#rail-queues")["hx-get"]
        assert "delay" in one(shown, "#rail-queues")["hx-trigger"]  # those of closed tickets have time
        assert shown.select(f".rail-link[href='/scp/queues/{CLOSED_QUEUE}/'] .rail-count-pending")


def test_the_navigation_is_made_once_for_a_page(grace: Client) -> None:
    navigation = grace.get(reverse("agent:queue", args=[OPEN_QUEUE])).context["navigation"]
    assert navigation() is navigation()


def test_an_empty_queue_says_so(grace: Client) -> None:
    page = soup(grace.get(f"/scp/queues/{OPEN_QUEUE}/"))
    assert text(page, ".empty-title") == "Nothing here"
    assert not page.select("table")


def test_a_queue_and_a_ticket_show_what_changed_since_they_were_asked_for_before(grace: Client, desk: Desk) -> None:
    ticket = open_ticket()
    addresses = [reverse("agent:queue", args=[OPEN_QUEUE]), reverse("agent:ticket", args=[ticket.pk])]
    assert ticket.user is not None
    for name in ("Jo", "Joanna"):
        EndUser.objects.filter(pk=ticket.user.pk).update(name=name)
        for address in addresses:
            assert f">{name}<" in grace.get(address).content.decode()
    Ticket.objects.filter(pk=ticket.pk).update(dept=desk.sam.dept)
    assert f"#{ticket.number}" not in grace.get(addresses[0]).content.decode()
    assert grace.get(addresses[1]).status_code == 404


def test_pages_lead_to_older_tickets_and_back(grace: Client) -> None:
    for number in range(27):
        open_ticket(f"Ticket {number}")
    first = soup(grace.get(f"/scp/queues/{OPEN_QUEUE}/"))
    assert len(first.select(".queue-row")) == 25
    older = first.select_one("a[rel=next]")
    assert older is not None
    second = soup(grace.get(f"/scp/queues/{OPEN_QUEUE}/{older['href']}"))
    assert len(second.select(".queue-row")) == 2
    newer = second.select_one("a[rel=prev]")
    assert newer is not None
    again = soup(grace.get(f"/scp/queues/{OPEN_QUEUE}/{newer['href']}"))
    assert texts(again, ".number") == texts(first, ".number")


def test_htmx_gets_the_table_alone_unless_it_restores_history(grace: Client) -> None:
    address = f"/scp/queues/{OPEN_QUEUE}/"
    part = grace.get(address, headers={"HX-Request": "true"})
    assert b"<html" not in part.content
    assert text(soup(part), "h1") == "Open"
    whole = grace.get(address, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert b"<html" in whole.content
    assert "HX-Request" in part.headers["Vary"]


def test_a_subject_cannot_break_out_of_the_page(grace: Client) -> None:
    ticket = open_ticket("</a><script>alert(1)</script>")
    for address in (f"/scp/queues/{OPEN_QUEUE}/", f"/scp/tickets/{ticket.pk}/"):
        assert b"<script>alert" not in grace.get(address).content


@pytest.mark.parametrize("queue_id", [999, 2**31, 2**63])
def test_an_unknown_queue_is_not_found(grace: Client, queue_id: int) -> None:
    assert grace.get(f"/scp/queues/{queue_id}/").status_code == 404


def test_strangers_are_asked_to_sign_in(client: Client) -> None:
    response = client.get(f"/scp/queues/{OPEN_QUEUE}/")
    assert response.headers["Location"] == f"/scp/login.php?next=/scp/queues/{OPEN_QUEUE}/".replace("/", "%2F").replace(
        "%2Fscp%2Flogin.php?next=", "/scp/login.php?next="
    )


# --- From a number or an old address to a ticket


@pytest.mark.parametrize("form", ["{}", "#{}", "  {} "])
def test_a_number_leads_to_its_ticket(grace: Client, form: str) -> None:
    ticket = open_ticket()
    response = grace.get("/scp/tickets/find/", {"number": form.format(ticket.number)})
    assert response.headers["Location"] == f"/scp/tickets/{ticket.pk}/"


@pytest.mark.parametrize("number", ["", "000", "' OR 1=1", "9" * 500])
def test_an_unknown_number_leads_back_with_a_message(grace: Client, number: str) -> None:
    grace.get(f"/scp/queues/{CLOSED_QUEUE}/")
    response = grace.get("/scp/tickets/find/", {"number": number})
    assert response.headers["Location"] == f"/scp/queues/{CLOSED_QUEUE}/"
    assert said(response) == ["There is no ticket with this number, or you may not see it."]


def test_a_foreign_tickets_number_answers_like_an_unknown_one(desk: Desk) -> None:
    ticket = open_ticket()
    response = agent_client(desk.sam).get("/scp/tickets/find/", {"number": str(ticket.number)})
    assert response.headers["Location"] == "/scp/"
    assert said(response) == ["There is no ticket with this number, or you may not see it."]


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("?id=7", "/scp/tickets/7/"),
        ("?queue=8", "/scp/queues/8/"),
        ("?queue=8&p=2", "/scp/queues/8/"),
        ("?a=search&query=318422", "/scp/search/?q=318422"),
        ("?queue=adhoc,abc", "/scp/"),
        ("?id=x&status=open", "/scp/"),
        ("?id=" + "9" * 40, "/scp/"),
        ("", "/scp/"),
    ],
)
def test_addresses_of_osticket_still_lead_somewhere(grace: Client, query: str, target: str) -> None:
    assert grace.get(f"/scp/tickets.php{query}").headers["Location"] == target


# --- The ticket page


def test_a_ticket_shows_everything_that_was_said(grace: Client, desk: Desk) -> None:
    ticket = busy_ticket(desk)
    page = soup(grace.get(f"/scp/tickets/{ticket.pk}/"))
    assert text(page, "h1") == "Printer prints blank pages"
    assert text(page, ".ticket-line .number") == f"#{ticket.number}"
    message, note, reply = page.select(".entry")
    assert [entry["class"][1] for entry in (message, note, reply)] == ["entry-message", "entry-note", "entry-response"]
    assert text(message, ".entry-author") == "Maria Silva"
    assert text(note, ".entry-kind") == "Internal note"
    assert text(note, ".entry-title") == "Driver rollout"
    assert "61.218" in text(reply, ".entry-body b")
    assert texts(message, ".attachment-name") == ["driver-log.txt"]
    assert page.select(".event")


def test_images_and_attachments_open_through_signed_links(grace: Client, desk: Desk) -> None:
    ticket = busy_ticket(desk)
    page = soup(grace.get(f"/scp/tickets/{ticket.pk}/"))
    image, file = str(one(page, ".entry-body img")["src"]), str(one(page, ".attachment")["href"])
    assert b"".join(grace.get(image).streaming_content).startswith(b"\x89PNG")  # type: ignore[attr-defined]
    download = grace.get(file)
    assert b"".join(download.streaming_content) == b"61.250 installed"  # type: ignore[attr-defined]
    assert download.headers["Content-Disposition"] == 'attachment; filename="driver-log.txt"'
    assert agent_client(desk.sam).get(file).status_code == 404
    assert Client().get(file).status_code in {302, 403, 404}


def test_the_facts_beside_the_thread(grace: Client, desk: Desk) -> None:
    page = soup(grace.get(f"/scp/tickets/{busy_ticket(desk).pk}/"))
    assert text(page, ".person-name") == "Maria Silva"
    assert text(page, ".person-mail") == "maria@customer.test"
    facts = dict(zip(texts(page, ".facts-list dt"), texts(page, ".facts-list dd"), strict=True))
    assert facts["Assigned to"] == "Grace Hopper"
    assert facts["Department"] == "Support"
    assert facts["Source"] == "Web Change: Source"


@pytest.mark.parametrize("who", ["grace", "vera"])
def test_only_what_is_allowed_is_offered(desk: Desk, who: str) -> None:
    ticket = open_ticket()
    page = soup(agent_client(getattr(desk, who)).get(f"/scp/tickets/{ticket.pk}/"))
    offered = {tag["data-shortcut"] for tag in page.select(".ticket-actions [data-shortcut]")}
    assert offered == ({"reply", "note", "claim", "assign", "close", "more"} if who == "grace" else {"note"})


@pytest.mark.parametrize("action", ["reply", "note", "claim", "assign", "close", "reopen"])
def test_a_ticket_of_others_does_not_exist(desk: Desk, action: str) -> None:
    ticket, sam = open_ticket(), agent_client(desk.sam)
    assert sam.get(f"/scp/tickets/{ticket.pk}/").status_code == 404
    assert act(sam, ticket, action, body="x", comments="x", status="2", reply_to="all").status_code == 404
    ticket.refresh_from_db()
    assert ticket.staff_id is None
    assert ThreadEntry.objects.filter(thread__object_id=ticket.pk).count() == 1


@pytest.mark.parametrize("action", ["reply", "note", "claim", "assign", "close", "reopen"])
def test_actions_are_posted_with_a_token(desk: Desk, action: str) -> None:
    ticket = open_ticket()
    address = reverse(f"agent:ticket_{action}", args=[ticket.pk])
    strict = agent_client(desk.grace)
    strict.handler.enforce_csrf_checks = True
    assert strict.post(address, {"body": "x"}).status_code == 403


# --- Writing


def test_a_reply_is_posted_and_the_ticket_claimed(grace: Client, desk: Desk) -> None:
    ticket = open_ticket()
    response = act(
        grace,
        ticket,
        "reply",
        body="Take version 61.218.\n\nBest,\nGrace",
        reply_to="all",
        attachments=[SimpleUploadedFile("a.txt", b"one"), SimpleUploadedFile("b.txt", b"two")],
    )
    assert response.headers["Location"] == f"/scp/tickets/{ticket.pk}/"
    assert said(response) == [f"Reply on #{ticket.number} posted."]
    (entry,) = entries(ticket, EntryType.RESPONSE)
    assert entry.body.splitlines() == ["Take version 61.218.", "", "Best,", "Grace"]
    assert (entry.format, entry.staff_id) == ("text", desk.grace.pk)
    page = soup(grace.get(f"/scp/tickets/{ticket.pk}/"))
    assert texts(page, ".entry-response .attachment-name") == ["a.txt", "b.txt"]
    ticket.refresh_from_db()
    assert ticket.staff == desk.grace
    assert ticket.isanswered


def test_a_reply_can_set_a_status_and_then_leads_to_the_queue(grace: Client) -> None:
    ticket, resolved = open_ticket(), TicketStatus.objects.get(name="Resolved")
    grace.get(f"/scp/queues/{OPEN_QUEUE}/")
    response = act(grace, ticket, "reply", body="Done.", reply_to="all", new_status=str(resolved.pk))
    assert response.headers["Location"] == f"/scp/queues/{OPEN_QUEUE}/"
    ticket.refresh_from_db()
    assert ticket.status == resolved


def test_an_agent_may_wish_to_return_to_the_queue_after_each_reply(grace: Client, desk: Desk) -> None:
    ConfigItem.objects.create(namespace=agent_namespace(desk.grace.pk), key="reply_redirect", value="Queue")
    forget()
    response = act(grace, open_ticket(), "reply", body="Hello", reply_to="all")
    assert response.headers["Location"] == "/scp/"


@pytest.mark.parametrize("body", ["", "   \n "])
def test_an_empty_reply_is_refused_at_its_field(grace: Client, body: str) -> None:
    ticket = open_ticket()
    response = act(grace, ticket, "reply", body=body, reply_to="all", attachments=SimpleUploadedFile("a.txt", b"x"))
    assert response.status_code == 422
    page = soup(response)
    field = page.select_one("#reply_body")
    assert field is not None
    assert field["aria-invalid"] == "true"
    assert page.select_one("#reply_body_error")
    assert text(page, "#reply .chosen-files").startswith("a.txt")
    assert one(page, "#compose")["data-active"] == "reply"
    assert entries(ticket, EntryType.RESPONSE) == []


def test_what_was_written_survives_a_refusal(grace: Client) -> None:
    response = act(grace, open_ticket(), "reply", body="A long and careful answer", reply_to="nobody in particular")
    assert response.status_code == 422
    assert text(soup(response), "#reply_body") == "A long and careful answer"


def test_a_note_stays_inside(grace: Client) -> None:
    ticket = open_ticket()
    response = act(grace, ticket, "note", title="For us", body="The third one this week")
    assert said(response) == [f"Note on #{ticket.number} added."]
    (note,) = entries(ticket, EntryType.NOTE)
    assert (note.title, note.body) == ("For us", "The third one this week")
    assert entries(ticket, EntryType.RESPONSE) == []


def test_a_note_can_set_a_status_and_leads_to_the_queue_when_it_closes(grace: Client) -> None:
    ticket, resolved = open_ticket(), TicketStatus.objects.get(name="Resolved")
    grace.get(f"/scp/queues/{OPEN_QUEUE}/")
    page = soup(grace.get(f"/scp/tickets/{ticket.pk}/"))
    assert not one(page, "#note-status").has_attr("hidden")
    assert texts(page, "#note_new_status option")[0] == "keep Open"
    response = act(grace, ticket, "note", body="Settled by phone", new_status=str(resolved.pk))
    assert response.headers["Location"] == f"/scp/queues/{OPEN_QUEUE}/"
    ticket.refresh_from_db()
    assert ticket.status == resolved
    assert len(entries(ticket, EntryType.NOTE)) == 1
    response = act(grace, ticket, "note", body="And something else")
    assert response.headers["Location"] == f"/scp/tickets/{ticket.pk}/"
    response = act(grace, ticket, "note", body="Not yet", new_status=str(TicketStatus.objects.get(name="Open").pk))
    assert response.headers["Location"] == f"/scp/tickets/{ticket.pk}/"
    ticket.refresh_from_db()
    assert ticket.status != resolved


def test_a_status_that_is_refused_does_not_take_the_note_back(desk: Desk) -> None:
    """Who may only look is not asked, and is told why when the status comes nevertheless, as with a reply."""
    ticket, vera = open_ticket(), agent_client(desk.vera)
    waiting = TicketStatus.objects.create(name="Waiting", state="open", mode=1, flags=0, sort=9)
    forget_reference_data()
    assert one(soup(vera.get(f"/scp/tickets/{ticket.pk}/")), "#note-status").has_attr("hidden")
    response = act(vera, ticket, "note", body="Seen", new_status=str(waiting.pk))
    assert response.headers["Location"] == f"/scp/tickets/{ticket.pk}/"
    refused, added = said(response)
    assert added == f"Note on #{ticket.number} added."
    assert refused.startswith("The status was not changed: ")
    ticket.refresh_from_db()
    assert ticket.status != waiting
    assert len(entries(ticket, EntryType.NOTE)) == 1


def test_who_may_only_look_cannot_reply(desk: Desk) -> None:
    ticket = open_ticket()
    response = act(agent_client(desk.vera), ticket, "reply", body="I try", reply_to="all")
    assert response.status_code == 403
    assert entries(ticket, EntryType.RESPONSE) == []


# --- Assigning, closing, reopening


def test_claiming(grace: Client, desk: Desk) -> None:
    ticket = open_ticket()
    assert said(act(grace, ticket, "claim")) == [f"#{ticket.number} is yours."]
    ticket.refresh_from_db()
    assert ticket.staff == desk.grace


def test_claiming_what_somebody_has_is_a_conflict(grace: Client, desk: Desk) -> None:
    ticket = open_ticket()
    act(agent_client(desk.alan), ticket, "claim")
    response = act(grace, ticket, "claim")
    assert response.status_code == 409
    assert "Alan Kay has this ticket" in text(soup(response), ".form-errors")
    ticket.refresh_from_db()
    assert ticket.staff == desk.alan


def test_assigning_with_a_comment(grace: Client, desk: Desk) -> None:
    ticket = open_ticket()
    response = act(grace, ticket, "assign", assignee=f"s{desk.alan.pk}", comments="Your printer")
    assert response.headers["Location"] == f"/scp/tickets/{ticket.pk}/"
    ticket.refresh_from_db()
    assert ticket.staff == desk.alan
    (note,) = entries(ticket, EntryType.NOTE)
    assert (note.title, note.body) == ("Ticket Assigned to Alan Kay", "Your printer")


@pytest.mark.parametrize("assignee", ["", "s0", "s99999", "t99", "x1", "s1 OR 1"])
def test_an_unknown_assignee_is_refused_at_its_field(grace: Client, assignee: str) -> None:
    response = act(grace, open_ticket(), "assign", assignee=assignee, comments="kept")
    assert response.status_code == 422
    page = soup(response)
    assert page.select_one("#assign_assignee_error")
    assert text(page, "#assign_comments") == "kept"


def test_closing_and_reopening(grace: Client) -> None:
    ticket, closed = open_ticket(), TicketStatus.objects.get(name="Closed")
    response = act(grace, ticket, "close", status=str(closed.pk), comments="Duplicate")
    assert said(response) == [f"#{ticket.number} closed."]
    ticket.refresh_from_db()
    assert ticket.status == closed
    page = soup(grace.get(f"/scp/tickets/{ticket.pk}/"))
    assert text(page, ".badge-status-closed") == "Closed"
    assert page.select_one(".ticket-actions a[href*='/reopen/']")
    response = act(grace, ticket, "reopen", comments="Not a duplicate")
    assert response.headers["Location"] == f"/scp/tickets/{ticket.pk}/"
    ticket.refresh_from_db()
    assert ticket.status is not None
    assert ticket.status.state == "open"
    assert [note.body for note in entries(ticket, EntryType.NOTE)] == ["Duplicate", "Not a duplicate"]


def test_closing_needs_a_closed_status(grace: Client) -> None:
    ticket = open_ticket()
    response = act(grace, ticket, "close", status="1")
    assert response.status_code == 422
    ticket.refresh_from_db()
    assert ticket.closed is None


def test_a_ticket_given_away_for_good_leads_to_the_queue(desk: Desk) -> None:
    """An agent who sees only assigned tickets loses the ticket with the assignment."""
    ticket = open_ticket()
    desk.grace.assigned_only = True
    desk.grace.save(update_fields=["assigned_only"])
    Ticket.objects.filter(pk=ticket.pk).update(staff=desk.grace)
    response = act(agent_client(desk.grace), ticket, "assign", assignee=f"s{desk.alan.pk}")
    assert response.headers["Location"] == "/scp/"


def test_a_closed_ticket_offers_to_reopen(grace: Client, desk: Desk) -> None:
    page = soup(grace.get(f"/scp/tickets/{closed_ticket(desk).pk}/"))
    assert text(page, ".badge-status-closed") == "Resolved"
    assert not page.select("form[action$='/close/']")
    assert text(page, ".facts-list dt") == "Closed by"


# --- Cost


@pytest.mark.parametrize("count", [2, 20])
def test_a_queue_costs_the_same_for_any_number_of_rows(grace: Client, count: int) -> None:
    for number in range(count):
        open_ticket(f"Ticket {number}")
    grace.get(f"/scp/queues/{OPEN_QUEUE}/")
    with CaptureQueriesContext(connection) as statements:
        grace.get(f"/scp/queues/{OPEN_QUEUE}/")
    asked = [statement["sql"] for statement in statements if statement["sql"].startswith("SELECT")]
    assert len(asked) <= 12, asked


# --- Caches


def test_no_cache_keeps_what_an_agent_saw(grace: Client) -> None:
    """After signing out, and after answering, going back must not show a page of before."""
    for address in (f"/scp/queues/{OPEN_QUEUE}/", f"/scp/tickets/{open_ticket().pk}/"):
        assert "no-store" in grace.get(address).headers["Cache-Control"]


# --- Times


def test_times_are_shown_in_the_zone_of_the_agent_or_else_of_the_help_desk(desk: Desk) -> None:
    moment = datetime.datetime(2026, 1, 15, 12, 0, tzinfo=datetime.UTC)
    with time_machine.travel(moment, tick=False):
        ticket = open_ticket()
    desk.alan.timezone = "America/New_York"
    desk.alan.save(update_fields=["timezone"])
    ConfigItem.objects.filter(namespace="core", key="default_timezone").update(value="Europe/Berlin")
    forget()
    for agent, shown in ((desk.grace, "15 Jan 2026, 13:00"), (desk.alan, "15 Jan 2026, 07:00")):
        page = soup(agent_client(agent).get(f"/scp/tickets/{ticket.pk}/"))
        facts = dict(zip(texts(page, ".facts-list dt"), texts(page, ".facts-list dd"), strict=True))
        assert facts["Created"] == shown
    assert timezone.get_current_timezone_name() == "UTC"


# --- Pages that refresh themselves


def test_a_queue_that_refreshes_itself_does_not_keep_an_idle_session_alive(grace: Client) -> None:
    ConfigItem.objects.filter(namespace="core", key="staff_session_timeout").update(value="30")
    forget()
    address, start = f"/scp/queues/{OPEN_QUEUE}/", timezone.now()
    for minutes, headers, status in (
        (20, {"HX-Request": "true"}, 200),
        (40, {"HX-Request": "true", "X-Self-Refresh": "1"}, 200),
        (49, {"HX-Request": "true", "X-Self-Refresh": "1"}, 200),
        (51, {"HX-Request": "true", "X-Self-Refresh": "1"}, 403),
    ):
        with time_machine.travel(start + datetime.timedelta(minutes=minutes), tick=False):
            assert grace.get(address, headers=headers).status_code == status, minutes

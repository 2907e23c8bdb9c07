"""Many tickets at once: choosing, slices, a result for each, permissions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject, FieldFlag
from helpdesk.forms.models import Form, FormField
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department
from sla.models import SlaPlan
from tests.desk import Desk, open_ticket, set_up_desk
from tests.factories import TeamFactory, new_task
from tests.sign_in import agent_client
from tickets.intake import forget_intake
from tickets.models import HelpTopic, HelpTopicForm, Queue, Ticket, TicketPriority, TicketStatus
from tickets.policies import is_accessible
from tickets.reference_data import forget_reference_data
from tickets.services import claim_ticket, post_note
from tickets.services.bulk import MOST_TICKETS, SLICE

pytestmark = pytest.mark.django_db

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


def address(name: str) -> str:
    return reverse(f"agent:bulk_{name}")


def listed(*tickets: Ticket) -> str:
    return ",".join(str(ticket.pk) for ticket in tickets)


def resolved() -> str:
    return str(TicketStatus.objects.get(name="Resolved").pk)


def said(response: Answer) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def sent_on(response: Answer) -> dict[str, str]:
    """Give what the form of the next slice holds."""
    fields = soup(response).select(".action-form input[type=hidden]")
    return {str(field["name"]): str(field["value"]) for field in fields}


def state_of(ticket: Ticket) -> str:
    status = Ticket.objects.select_related("status").get(pk=ticket.pk).status
    return (status.state or "") if status else ""


def test_rows_can_be_chosen_where_there_is_something_to_do(desk: Desk) -> None:
    ticket = open_ticket()
    page = soup(agent_client(desk.grace).get("/scp/queues/1/"))
    box = page.select(".queue-row input[name=ticket]")[0]
    assert (box["value"], box["form"]) == (str(ticket.pk), "bulk")
    offered = {str(button["formaction"]) for button in page.select("#bulk button[formaction]")}
    assert {address("assign"), address("claim"), address("close"), address("status")} <= offered
    assert not soup(agent_client(desk.vera).get("/scp/queues/1/")).select("#bulk, .queue-row input")


@pytest.mark.parametrize("headers", [{}, PART])
def test_the_form_asks_once_for_all(grace: Client, headers: dict[str, str]) -> None:
    one, two = open_ticket(), open_ticket()
    response = grace.get(address("close"), {"ticket": [one.pk, two.pk]}, headers=headers)
    assert response.status_code == 200
    page = soup(response)
    assert "Close: 2 tickets" in page.select("h1.page-title, h2.dialog-title")[0].get_text()
    assert page.select(".action-form [name=tickets]")[0]["value"] == listed(one, two)
    assert bool(page.select("#action-dialog")) is bool(headers)


def test_nothing_chosen(grace: Client) -> None:
    for response in (grace.get(address("close")), grace.post(address("close"), {"tickets": "x,-1,,"})):
        assert response.status_code == 422
        assert "You must select at least one ticket." in soup(response).get_text()


def test_all_of_them_done_leads_back_to_the_queue(grace: Client, desk: Desk) -> None:
    tickets = [open_ticket(), open_ticket()]
    grace.get("/scp/queues/8/")
    data = {"tickets": listed(*tickets), "assignee": f"s{desk.alan.pk}", "comments": "yours"}
    response = grace.post(address("assign"), data)
    assert response.headers["Location"] == "/scp/queues/8/"
    assert said(response) == ["2 of 2 assigned"]
    assert set(Ticket.objects.values_list("staff", flat=True)) == {desk.alan.pk}


def test_htmx_gets_the_message_and_the_sign_to_refresh(grace: Client) -> None:
    data = {"tickets": listed(open_ticket()), "status": resolved()}
    response = grace.post(address("close"), data, headers=PART)
    assert response.headers["HX-Trigger"] == "bulk:done"
    assert "1 of 1 closed" in soup(response).select("#messages")[0].get_text()


def test_each_ticket_that_stays_as_it_was_says_why(grace: Client, desk: Desk) -> None:
    fine, busy, foreign = open_ticket(), open_ticket(), open_ticket()
    new_task(busy)
    Ticket.objects.filter(pk=foreign.pk).update(dept=desk.sam.dept)
    data = {"tickets": f"{listed(fine, busy, foreign)},99999", "status": resolved()}
    response = grace.post(address("close"), data)
    page = soup(response)
    assert page.select(".bulk-result")[0].get_text() == "1 of 4 closed"
    refused = [" ".join(line.get_text(" ").split()) for line in page.select(".bulk-refused li")]
    assert refused == [
        f"#{busy.number} : This ticket has 1 open task and cannot be closed",
        "No such ticket.",
        "No such ticket.",
    ]
    assert [state_of(ticket) for ticket in (fine, busy, foreign)] == ["closed", "open", "open"]


def test_a_wrong_field_stops_before_anything_is_done(grace: Client) -> None:
    ticket = open_ticket()
    response = grace.post(address("close"), {"tickets": listed(ticket), "status": "99"})
    assert response.status_code == 422
    assert soup(response).select("#close_status[aria-invalid=true]")
    assert state_of(ticket) == "open"


def test_a_large_selection_is_worked_on_in_slices(grace: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickets.agent_bulk_views.SLICE", 2)
    tickets = [open_ticket(f"Ticket {number}") for number in range(5)]
    new_task(tickets[0])
    data = {"tickets": listed(*tickets), "status": resolved(), "comments": "all alike"}
    response = grace.post(address("close"), data, headers=PART)
    page = soup(response)
    assert page.select("progress")[0]["value"] == "2"
    assert "load" in str(page.select(".action-form")[0]["hx-trigger"])
    assert [state_of(ticket) for ticket in tickets] == ["open", "closed", "open", "open", "open"]
    response = grace.post(address("close"), sent_on(response), headers=PART)
    response = grace.post(address("close"), sent_on(response), headers=PART)
    page = soup(response)
    assert page.select(".bulk-result")[0].get_text() == "4 of 5 closed"
    assert len(page.select(".bulk-refused li")) == 1
    assert [state_of(ticket) for ticket in tickets] == ["open", "closed", "closed", "closed", "closed"]


def test_progress_that_was_changed_counts_for_nothing(grace: Client) -> None:
    data = {"tickets": listed(open_ticket()), "status": resolved(), "progress": "forged"}
    assert said(grace.post(address("close"), data)) == ["1 of 1 closed"]


def test_the_whole_queue(grace: Client) -> None:
    tickets = [open_ticket(f"Ticket {number}") for number in range(SLICE + 3)]
    page = soup(grace.get("/scp/queues/1/"))
    assert page.select("[data-bulk-whole='1']")
    response = grace.get(address("close"), {"all": "1", "ticket": str(tickets[0].pk)})
    value = str(soup(response).select(".action-form [name=tickets]")[0]["value"])
    assert {int(pk) for pk in value.split(",")} == {ticket.pk for ticket in tickets}
    assert grace.get(address("close"), {"all": "4711"}).status_code == 404


def test_the_whole_queue_is_what_the_filter_leaves(grace: Client) -> None:
    """Or else tickets would be closed that the agent does not see."""
    mine, others = open_ticket(), open_ticket(department=Department.objects.get(name="Sales"))
    Ticket.objects.filter(pk=others.pk).update(staff=Agent.objects.get(username="grace"))
    Queue.objects.filter(pk=1).update(filter="dept_id")
    forget_reference_data()
    page = soup(grace.get("/scp/queues/1/", {"filter": str(mine.dept_id)}))
    assert len(page.select(".queue-row")) == 1
    options = str(page.select("#bulk [name=options]")[0]["value"])
    response = grace.get(address("close"), {"all": "1", "options": options})
    assert soup(response).select(".action-form [name=tickets]")[0]["value"] == str(mine.pk)


def test_no_more_than_fit(grace: Client) -> None:
    response = grace.get(address("close"), {"tickets": ",".join(str(n) for n in range(1, MOST_TICKETS + 50))})
    page = soup(response)
    assert f"Only the first {MOST_TICKETS} tickets" in page.select(".form-warning")[0].get_text()


def test_who_may_not_is_refused(desk: Desk) -> None:
    ticket = open_ticket()
    vera = agent_client(desk.vera)
    for name in ("assign", "claim", "close", "status"):
        data = {"tickets": listed(ticket), "status": resolved(), "assignee": f"s{desk.vera.pk}"}
        assert vera.get(address(name), {"ticket": ticket.pk}).status_code == 403
        assert vera.post(address(name), data).status_code == 403
    assert state_of(ticket) == "open"


@pytest.mark.parametrize("name", ["merge", "link"])
def test_chosen_tickets_become_a_family_of_the_oldest(grace: Client, name: str) -> None:
    oldest, two, three = open_ticket("One"), open_ticket("Two"), open_ticket("Three")
    page = soup(grace.get(address(name), {"ticket": [three.pk, oldest.pk, two.pk]}, headers=PART))
    form = page.select("#action-dialog form")[0]
    assert form["action"] == reverse(f"agent:ticket_{name}", args=[oldest.pk])
    assert form.select("[name=tickets]")[0]["value"] == f"{two.number}, {three.number}"
    data = {"tickets": f"{two.number}, {three.number}", "kind": "combine", "participants": "user", "go": "ticket"}
    response = grace.post(str(form["action"]), data, headers=PART)
    assert response.headers["HX-Redirect"] == f"/scp/tickets/{oldest.pk}/"
    assert set(Ticket.objects.exclude(pk=oldest.pk).values_list("parent", flat=True)) == {oldest.pk}


def test_no_family_of_nothing(grace: Client, desk: Desk) -> None:
    foreign = open_ticket()
    Ticket.objects.filter(pk=foreign.pk).update(dept=desk.sam.dept)
    assert grace.get(address("merge")).status_code == 404
    assert grace.get(address("merge"), {"ticket": str(foreign.pk)}).status_code == 404


def test_what_a_search_found_can_be_chosen_too(grace: Client) -> None:
    ticket = open_ticket("Printer on fire")
    page = soup(grace.get("/scp/search/", {"c": '[["status__state","includes",{"open":"Open"}]]'}))
    box = page.select(".queue-row input[name=ticket]")[0]
    assert (box["value"], box["form"]) == (str(ticket.pk), "bulk")
    assert page.select("#bulk button[formaction$='/bulk/close/']")
    assert page.select("#dialog-place")


@pytest.mark.django_db(transaction=True)  # full text of MySQL finds what is committed
def test_all_that_a_search_found(grace: Client, desk: Desk) -> None:
    Agent.objects.filter(pk=desk.grace.pk).update(max_page_size=2)
    found = [open_ticket(f"Printer {number}") for number in range(5)]
    open_ticket("Coffee")
    page = soup(grace.get("/scp/search/", {"q": "printer"}))
    assert page.select("[data-bulk-whole=search]")
    options = str(page.select("#bulk [name=options]")[0]["value"])
    response = grace.get(address("close"), {"all": "search", "options": options, "ticket": str(found[0].pk)})
    page = soup(response)
    assert "5 tickets: all of the list" in page.select(".form-warning")[0].get_text()
    assert set(str(page.select(".action-form [name=tickets]")[0]["value"]).split(",")) == {
        str(ticket.pk) for ticket in found
    }
    assert grace.get(address("close"), {"all": "search", "options": ""}).status_code == 422


def test_the_whole_list_is_offered_with_a_quick_filter(grace: Client, desk: Desk) -> None:
    Agent.objects.filter(pk=desk.grace.pk).update(max_page_size=1)
    tickets = [open_ticket(), open_ticket()]
    Queue.objects.filter(pk=1).update(filter="dept_id")
    forget_reference_data()
    page = soup(grace.get("/scp/queues/1/", {"filter": str(tickets[0].dept_id)}))
    assert page.select("[data-bulk-whole='1']")
    options = str(page.select("#bulk [name=options]")[0]["value"])
    response = grace.get(address("close"), {"all": "1", "options": options})
    assert "2 tickets: all of the list" in soup(response).get_text()


def test_many_are_released(grace: Client, desk: Desk) -> None:
    mine, free = open_ticket(), open_ticket()
    claim_ticket(mine, actor=Actor.for_agent(desk.grace))
    page = soup(grace.post(address("release"), {"tickets": listed(mine, free), "agent": "on", "team": "on"}))
    assert page.select(".bulk-result")[0].get_text() == "1 of 2 released"
    assert "Ticket is not assigned!" in page.select(".bulk-refused")[0].get_text()
    assert not Ticket.objects.filter(staff__isnull=False).exists()


def test_many_are_referred(grace: Client, desk: Desk) -> None:
    tickets = [open_ticket(), open_ticket()]
    team = TeamFactory.new(members=[desk.sam])
    forget_reference_data()
    response = grace.post(address("refer"), {"tickets": listed(*tickets), "referee": f"t{team.pk}"})
    assert said(response) == ["2 of 2 referred"]
    assert all(is_accessible(access_of(desk.sam), ticket) for ticket in tickets)


def test_the_manager_marks_many_as_overdue_and_back(grace: Client, desk: Desk) -> None:
    tickets = [open_ticket(), open_ticket()]
    assert grace.get(address("overdue"), {"ticket": tickets[0].pk}).status_code == 403
    Department.objects.filter(name="Support").update(manager=desk.grace)
    assert soup(grace.get("/scp/queues/1/")).select("#bulk-overdue")
    assert said(grace.post(address("overdue"), {"tickets": listed(*tickets)})) == ["2 of 2 are marked as overdue"]
    assert Ticket.objects.filter(isoverdue=True).count() == 2
    assert "2 of 2 are overdue no longer" in said(grace.post(address("not-overdue"), {"tickets": listed(*tickets)}))
    assert not Ticket.objects.filter(isoverdue=True).exists()


def test_single_facts_of_many(grace: Client) -> None:
    tickets = [open_ticket(), open_ticket()]
    plan, topic = SlaPlan.objects.create(name="Gold", grace_period=4), HelpTopic.objects.order_by("-pk").first()
    assert topic is not None
    forget_intake()
    due = (timezone.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    for name, field, value in (
        ("edit-sla", "sla", str(plan.pk)),
        ("edit-topic", "topic", str(topic.pk)),
        ("edit-source", "source", "Phone"),
        ("edit-due", "duedate", due),
    ):
        response = grace.post(address(name), {"tickets": listed(*tickets), field: value, "comments": "all alike"})
        assert "2 of 2 changed" in said(response)
    for ticket in Ticket.objects.all():
        assert (ticket.sla_id, ticket.topic_id, ticket.source) == (plan.pk, topic.pk, "Phone")
        assert ticket.duedate is not None


def test_no_plan_is_given_only_by_choice(grace: Client) -> None:
    plan = SlaPlan.objects.create(name="Gold", grace_period=4)
    forget_intake()
    ticket = open_ticket(sla=plan)
    assert grace.post(address("edit-sla"), {"tickets": listed(ticket)}).status_code == 422
    assert Ticket.objects.get(pk=ticket.pk).sla_id == plan.pk
    assert said(grace.post(address("edit-sla"), {"tickets": listed(ticket), "sla": "0"})) == ["1 of 1 changed"]
    assert Ticket.objects.get(pk=ticket.pk).sla_id is None


def test_an_answer_of_many(grace: Client) -> None:
    tickets = [open_ticket(), open_ticket()]
    field = FormField.objects.get(form__type="T", name="priority")
    url = reverse("agent:bulk_edit-answer", args=[field.pk])
    assert soup(grace.get("/scp/queues/1/")).select(f"#bulk [formaction='{url}']")
    page = soup(grace.get(url, {"ticket": tickets[0].pk}))
    assert "Priority Level: 1 ticket" in page.get_text()
    assert page.select(f"[name=field-{field.pk}]")
    high = TicketPriority.objects.get(priority="high")
    response = grace.post(url, {"tickets": listed(*tickets), f"field-{field.pk}": str(high.pk)})
    assert said(response) == ["2 of 2 changed"]
    rows = cdata.fetch(EntryObject.TICKET, [ticket.pk for ticket in tickets], {"priority"})
    assert {row["priority"] for row in rows.values()} == {str(high.pk)}
    subject = FormField.objects.get(form__type="T", name="subject")
    assert grace.get(reverse("agent:bulk_edit-answer", args=[subject.pk]), {"ticket": "1"}).status_code == 404


def test_answers_of_many_stand_in_the_order_of_the_forms(grace: Client) -> None:
    """Those of the form of all tickets first, then those of topics in the order of these; a new one comes at once."""
    open_ticket()
    first, second = HelpTopic.objects.order_by("pk")[:2]
    rooms, pets, unused = (Form.objects.create(title=title, type="G") for title in ("Rooms", "Pets", "Unused"))
    flags = FieldFlag.ENABLED | FieldFlag.AGENT_VIEW | FieldFlag.AGENT_EDIT
    for form in (rooms, pets, unused):
        for sort in (2, 1):
            FormField.objects.create(form=form, type="text", label=f"{form.title} {sort}", flags=flags, sort=sort)
    grace.get("/scp/queues/1/")
    HelpTopicForm.objects.create(topic=second, form=rooms, sort=1)
    HelpTopicForm.objects.create(topic=first, form=pets, sort=2)
    HelpTopicForm.objects.create(topic=second, form=pets, sort=2)
    buttons = soup(grace.get("/scp/queues/1/")).select("#bulk [id^=bulk-edit-answer-]")
    assert [button.get_text(strip=True) for button in buttons] == [
        "Priority Level",
        "Pets 1",
        "Pets 2",
        "Rooms 1",
        "Rooms 2",
    ]


def test_what_others_did_since_the_page_was_made_is_told_first(grace: Client, desk: Desk) -> None:
    quiet, busy = open_ticket(), open_ticket()
    seen = int(timezone.now().timestamp()) + 5
    post_note(busy, actor=Actor.for_agent(desk.alan), body="<p>Wait</p>", now=timezone.now() + timedelta(seconds=60))
    post_note(quiet, actor=Actor.for_agent(desk.grace), body="<p>x</p>", now=timezone.now() + timedelta(seconds=60))
    data = {"tickets": listed(quiet, busy), "status": resolved(), "comments": "Done", "since": str(seen)}
    page = soup(grace.post(address("close"), data))
    assert page.select(".bulk-result")[0].get_text() == "1 of 2 closed"
    assert "Meanwhile: Alan Kay wrote a note" in page.select(".bulk-refused")[0].get_text()
    assert [state_of(quiet), state_of(busy)] == ["closed", "open"]
    again = {str(field["name"]): str(field["value"]) for field in page.select(".action-form input[type=hidden]")}
    assert again["tickets"] == str(busy.pk)
    again["since"] = str(seen + 120)
    assert said(grace.post(address("close"), again)) == ["1 of 1 closed"]
    assert state_of(busy) == "closed"

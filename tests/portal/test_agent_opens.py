"""Agents open tickets for somebody: who it is for, what is asked, what happens at once, and who may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.selectors import forget
from helpdesk.files.models import Attachment, StoredFile
from helpdesk.files.services import attach, store_file
from helpdesk.forms.models import FormAnswer, FormEntry, FormField
from helpdesk.knowledge.models import CannedResponse
from helpdesk.outbox.models import Effect
from helpdesk.people.models import Agent, EndUser
from helpdesk.people.permissions import AgentPermission, stored_form
from helpdesk.threads.models import Collaborator, Draft, ThreadEntry
from tests.desk import PIXEL
from tests.factories import (
    EVERYTHING,
    AgentFactory,
    DepartmentFactory,
    EndUserFactory,
    HelpTopicFactory,
    OrganizationFactory,
    RoleFactory,
    TeamFactory,
)
from tests.portal.test_open_ticket import REQUIRED, add_form, errors, filled, name_of, soup
from tests.sign_in import agent_client
from tickets.models import HelpTopic, Ticket, TicketStatus

pytestmark = pytest.mark.django_db

PAGE_STATEMENTS = 10
OPEN_STATEMENTS = 54
"""Statements of a submission with a response, in a warm process."""


@pytest.fixture
def agent() -> Agent:
    return AgentFactory.new(dept=DepartmentFactory.new(name="Printers"), username="grace")


@pytest.fixture
def browser(agent: Agent) -> Client:
    return agent_client(agent)


@pytest.fixture
def topic(agent: Agent) -> HelpTopic:
    return HelpTopicFactory.new(topic="Something is broken", dept=agent.dept)


@pytest.fixture
def user() -> EndUser:
    return EndUserFactory.new(name="Maria Silva", address="maria@customer.test")


def set_setting(key: str, value: str) -> None:
    ConfigItem.objects.update_or_create(namespace="core", key=key, defaults={"value": value})
    forget()


def submission(browser: Client, topic: HelpTopic, **values: Any) -> dict[str, Any]:
    page = soup(browser.get("/scp/tickets/new/", {"topicId": topic.pk}))
    given = {"subject": "No paper", "message": "She says that it is empty.", "source": "Phone"}
    data = filled(page, **{**given, **values})
    if "uid" not in values:
        data.pop("uid", None)
    return data


def post(browser: Client, data: dict[str, Any]) -> Any:
    return browser.post("/scp/tickets/new/", data)


def field_error(response: Any, name: str) -> str:
    box = soup(response).select_one(f"#open_{name}")
    field = box.find_parent(class_="form-field") if box else None
    found = field.select_one(".errorlist") if field else None
    return found.get_text(strip=True) if found else ""


# --- The person -------------------------------------------------------------------------------------------------------


def found(browser: Client, text: str) -> list[str]:
    people = browser.get("/scp/people/find/", {"q": text}).json()["people"]
    return [person["name"] for person in people]


def test_people_are_found_by_name_address_and_telephone(browser: Client, user: EndUser) -> None:
    EndUserFactory.new(name="Silvio Rossi", address="rossi@other.test")
    phone = FormField.objects.get(form__type="U", name="phone")
    entry = FormEntry.objects.create(form=phone.form, object_type="U", object_id=user.pk)
    FormAnswer.objects.create(entry=entry, field=phone, value="5551234567X8")
    assert found(browser, "mar") == found(browser, "ma\0r") == ["Maria Silva"]
    assert found(browser, "SILV") == ["Silvio Rossi", "Maria Silva"], "whose name begins so comes first"
    assert found(browser, "maria@cust") == ["Maria Silva"]
    assert found(browser, "(555) 123-4567") == ["Maria Silva"]
    assert found(browser, "m") == []
    assert found(browser, "%") == found(browser, "nobody at all") == []


def test_strangers_find_nobody(client: Client, user: EndUser) -> None:
    assert client.get("/scp/people/find/", {"q": "maria"}).status_code == 302


def test_without_script_a_button_finds_people(browser: Client, topic: HelpTopic, user: EndUser) -> None:
    user.org = OrganizationFactory.new(name="Acme")
    user.save()
    data = submission(browser, topic, person="maria", find="1", message="Half")
    page = soup(post(browser, data))
    choice = page.select_one(f"#id_uid_{user.pk}")
    assert choice is not None
    assert "Maria Silva · maria@customer.test · Acme" in page.get_text(" ")
    assert page.select_one(".errorlist") is None
    again = {**filled(page), "uid": user.pk}
    assert post(browser, again).status_code == 302
    assert Ticket.objects.get().user == user


def test_nobody_found_is_said(browser: Client, topic: HelpTopic) -> None:
    page = soup(post(browser, submission(browser, topic, person="nobody", find="1")))
    assert "Nobody found" in page.get_text(" ")


def test_somebody_new_is_made_from_the_contact_form(browser: Client, topic: HelpTopic) -> None:
    data = submission(browser, topic, uid="new", email="new@customer.test", name="Nina New", phone="5551234")
    assert post(browser, data).status_code == 302
    made = Ticket.objects.get().user
    assert made is not None
    assert (made.name, made.default_email.address) == ("Nina New", "new@customer.test")
    assert (FormAnswer.objects.get(entry__object_type="U", field__name="phone").value or "").startswith("5551234")


def test_mistakes_of_somebody_new_are_told_in_the_contact_form(browser: Client, topic: HelpTopic) -> None:
    answer = post(browser, submission(browser, topic, uid="new", email="nobody", name=""))
    assert answer.status_code == 422
    assert "Email" in errors(answer)
    assert soup(answer).select_one("#id_uid_new[checked]") is not None
    assert not Ticket.objects.exists()


def test_a_ticket_is_for_somebody(browser: Client, topic: HelpTopic) -> None:
    answer = post(browser, submission(browser, topic))
    assert answer.status_code == 422
    assert "Choose a person" in errors(answer)


def test_who_may_not_make_people_chooses_among_known_ones(browser: Client, agent: Agent, topic: HelpTopic) -> None:
    Agent.objects.filter(pk=agent.pk).update(permissions=stored_form([AgentPermission.VISIBILITY_AGENTS]))
    data = submission(browser, topic, uid="new")
    assert soup(browser.get("/scp/tickets/new/")).select_one("#id_uid_new") is None
    assert post(browser, data).status_code == 422
    assert not EndUser.objects.filter(name="Nina New").exists()


# --- The ticket -------------------------------------------------------------------------------------------------------


def test_everything_that_an_agent_says_is_done(browser: Client, agent: Agent, topic: HelpTopic, user: EndUser) -> None:
    form = add_form(topic, "Printer", model=REQUIRED)
    model = form.fields.get(name="model")
    team = TeamFactory.new(name="Night shift", members=[agent])
    file = SimpleUploadedFile("log.txt", b"61.250", content_type="text/plain")
    status = TicketStatus.objects.get(name="Resolved")
    data = submission(
        browser,
        topic,
        uid=str(user.pk),
        assignee=f"t{team.pk}",
        duedate="2030-05-01T12:00",
        cc="friend@customer.test, Other@customer.test",
        response="Ticket %{ticket.number}: please restart it.",
        note="Angry on the phone.",
        status=str(status.pk),
        **{f"field-{model.pk}": "LX", f"{name_of('message')}-files": [file]},
    )
    answer = post(browser, data)
    ticket = Ticket.objects.get()
    assert answer["Location"] == f"/scp/tickets/{ticket.pk}/"
    assert (ticket.user, ticket.source, ticket.team, ticket.topic) == (user, "Phone", team, topic)
    assert ticket.duedate is not None
    assert ticket.duedate > datetime(2030, 4, 30, tzinfo=UTC)
    assert ticket.status == status
    entries = {entry.type: entry for entry in ThreadEntry.objects.filter(type__in="MR")}
    assert entries["R"].body == f"<p>Ticket {ticket.number}: please restart it.</p>"
    assert entries["R"].staff == agent
    assert entries["M"].user == user
    title = f"Ticket Assigned to {team.name}"  # with an assignment, the note is its comment (osticket/tickets.md §6.3)
    assert ThreadEntry.objects.filter(type="N", title=title, body__contains="Angry").exists()
    assert FormAnswer.objects.get(field=model).value == "LX"
    assert Attachment.objects.get(type="H").file.name == "log.txt"
    names = {row.user.default_email.address for row in Collaborator.objects.all() if row.user}
    assert names == {"friend@customer.test", "Other@customer.test"}


def test_owner_and_collaborators_are_told_unless_the_agent_says_no(
    browser: Client, topic: HelpTopic, user: EndUser
) -> None:
    set_setting("ticket_notice_active", "1")

    def notices(**values: Any) -> list[Any]:
        Effect.objects.all().delete()
        assert post(browser, submission(browser, topic, uid=str(user.pk), cc="friend@customer.test", **values))
        return [effect.payload for effect in Effect.objects.filter(payload__template="ticket.notice")]

    (told,) = notices(reply_to="all", signature="mine")
    assert [one["address"] for one in (*told["to"], *told["cc"])] == ["maria@customer.test", "friend@customer.test"]
    assert told["context"]["signature"] == "mine"
    (told,) = notices(reply_to="user")
    assert told["cc"] == []
    assert notices(reply_to="none") == []
    set_setting("ticket_notice_active", "0")
    assert notices(reply_to="all") == []


def test_another_topic_brings_its_fields_and_keeps_what_was_typed(
    browser: Client, topic: HelpTopic, user: EndUser
) -> None:
    second = HelpTopicFactory.new(topic="Something else", ispublic=False)
    form = add_form(second, "Access", building=REQUIRED)
    data = submission(browser, topic, uid=str(user.pk), note="Keep me", topicId=str(second.pk))
    answer = browser.post("/scp/tickets/new/", data, headers={"HX-Request": "true"})
    page = soup(answer)
    assert page.find("html") is None
    assert page.select_one(f"[name=field-{form.fields.get().pk}]") is not None
    assert page.select_one(f"#id_uid_{user.pk}[checked]") is not None
    assert "Keep me" in page.get_text()
    assert page.select_one(".errorlist") is None


def test_a_prepared_answer_is_inserted_below_what_was_typed(
    browser: Client, agent: Agent, topic: HelpTopic, user: EndUser
) -> None:
    canned = CannedResponse.objects.create(title="Restart", response="<p>Please restart it.</p>")
    CannedResponse.objects.create(title="Elsewhere", response="x", dept=DepartmentFactory.new())
    data = submission(browser, topic, uid=str(user.pk), response="Hello,", canned=str(canned.pk), insert="1")
    page = soup(post(browser, data))
    box = page.select_one("#open_response")
    assert box is not None
    assert box.get_text().strip() == "Hello,\n\nPlease restart it."
    titles = [option.get_text(strip=True) for option in page.select("#open_canned option")]
    assert "Restart" in titles
    assert "Elsewhere" not in titles


def test_files_of_a_prepared_answer_go_with_the_response(browser: Client, topic: HelpTopic, user: EndUser) -> None:
    canned = CannedResponse.objects.create(title="Restart", response="<p>Please restart it.</p>")
    attach(store_file(b"%PDF", name="how.pdf"), object_type="C", object_id=canned.pk, name="how.pdf")
    data = submission(browser, topic, uid=str(user.pk), canned=str(canned.pk), insert="1")
    page = soup(post(browser, data))
    assert "With the response go: how.pdf" in " ".join(page.get_text(" ").split())
    assert post(browser, {**filled(page), "uid": user.pk}).status_code == 302
    response = ThreadEntry.objects.get(type="R")
    assert Attachment.objects.get(type="H", object_id=response.pk).file.name == "how.pdf"


def test_pictures_of_a_prepared_answer_go_with_the_response(browser: Client, topic: HelpTopic, user: EndUser) -> None:
    key = "k" * 32
    picture = store_file(PIXEL, name="plug.png", media_type="image/png")
    StoredFile.objects.filter(pk=picture.pk).update(key=key)
    canned = CannedResponse.objects.create(title="Restart", response=f'<p>Pull this: <img src="cid:{key}"></p>')
    attach(picture, object_type="C", object_id=canned.pk, inline=True)
    page = soup(post(browser, submission(browser, topic, uid=str(user.pk), canned=str(canned.pk), insert="1")))
    assert post(browser, {**filled(page), "uid": user.pk}).status_code == 302
    response = ThreadEntry.objects.get(type="R")
    assert f'src="cid:{key}"' in response.body
    assert Attachment.objects.get(type="H", object_id=response.pk).inline


@pytest.mark.parametrize(
    ("name", "value"),
    [("cc", "nobody"), ("duedate", "2001-01-01T00:00"), ("source", "Pigeon"), ("department", "99999")],
)
def test_mistakes_are_told_at_their_fields(
    browser: Client, topic: HelpTopic, user: EndUser, name: str, value: str
) -> None:
    answer = post(browser, submission(browser, topic, uid=str(user.pk), **{name: value}))
    assert answer.status_code == 422
    assert field_error(answer, name)
    assert soup(answer).select_one(f"#open-errors a[href='#open_{name}']") is not None
    assert not Ticket.objects.exists()


def test_the_same_form_twice_is_one_ticket(browser: Client, topic: HelpTopic, user: EndUser) -> None:
    data = submission(browser, topic, uid=str(user.pk), response="Once.")
    first, second = post(browser, data), post(browser, data)
    assert first["Location"] == second["Location"]
    assert ThreadEntry.objects.filter(type="R").count() == 1


def test_a_status_that_cannot_be_set_is_told_and_the_ticket_stays(
    browser: Client, agent: Agent, topic: HelpTopic, user: EndUser
) -> None:
    set_setting("require_topic_to_close", "0")
    role = RoleFactory.new(keys=[key for key in EVERYTHING if key != "ticket.close"])
    data = submission(browser, topic, uid=str(user.pk), status=str(TicketStatus.objects.get(name="Resolved").pk))
    Agent.objects.filter(pk=agent.pk).update(role=role)
    assert post(browser, data).status_code == 422, "it is no choice"
    assert not Ticket.objects.exists()


# --- Who may ----------------------------------------------------------------------------------------------------------


def test_who_may_not_open_tickets_has_no_button_and_no_page(agent: Agent) -> None:
    agent.role = RoleFactory.new(keys=["ticket.reply"])
    agent.save()
    browser = agent_client(agent)
    assert browser.get("/scp/tickets/new/").status_code == 302
    page = browser.get("/scp/", follow=True).content.decode()
    assert "/scp/tickets/new/" not in page


def test_departments_are_offered_where_the_agent_may(browser: Client, agent: Agent, topic: HelpTopic) -> None:
    page = soup(browser.get("/scp/tickets/new/"))
    assert "Printers" in page.get_text(" ")
    assert soup(browser.get("/scp/queues/1/")).select_one("[data-shortcut=new-ticket]") is not None


def test_without_the_right_to_reply_there_is_no_response(agent: Agent, topic: HelpTopic, user: EndUser) -> None:
    agent.role = RoleFactory.new(keys=["ticket.create"])
    agent.save()
    browser = agent_client(agent)
    data = submission(browser, topic, uid=str(user.pk), response="Smuggled", assignee=f"s{agent.pk}")
    assert post(browser, data).status_code == 302
    assert not ThreadEntry.objects.filter(type="R").exists()
    assert Ticket.objects.get().staff is None


def test_the_address_of_osticket_leads_here(browser: Client, user: EndUser) -> None:
    answer = browser.get("/scp/tickets.php", {"a": "open", "uid": str(user.pk)}, follow=True)
    assert soup(answer).select_one(f"#id_uid_{user.pk}[checked]") is not None


def test_the_page_and_a_ticket_cost_few_statements(browser: Client, topic: HelpTopic, user: EndUser) -> None:
    def statements(answer: Callable[[], Any]) -> int:
        with CaptureQueriesContext(connection) as captured:
            answer()
        return len([query for query in captured if "SAVEPOINT" not in query["sql"]])

    data = submission(browser, topic, uid=str(user.pk), response="Once.")
    assert statements(lambda: browser.get("/scp/tickets/new/", {"topicId": topic.pk})) <= PAGE_STATEMENTS
    assert statements(lambda: post(browser, data)) <= OPEN_STATEMENTS


def test_the_page_is_a_page(browser: Client) -> None:
    page = BeautifulSoup(browser.get("/scp/tickets/new/").content, "html.parser")
    assert page.h1 is not None
    assert page.h1.get_text(strip=True) == "New ticket"


def test_what_is_being_written_is_kept_and_gone_once_the_ticket_is_open(
    browser: Client, agent: Agent, topic: HelpTopic, user: EndUser
) -> None:
    page = soup(browser.get("/scp/tickets/new/"))
    addresses = {str(one["data-field"]): str(one["data-draft-url"]) for one in page.select("[data-writing]")}
    message = name_of("message")
    assert addresses == {
        message: "/scp/drafts/ticket.staff/",
        "response": "/scp/drafts/ticket.staff.response/",
        "note": "/scp/drafts/ticket.staff.note/",
    }
    for number, address in enumerate(addresses.values()):
        assert browser.post(address, {"body": f"<p>Part {number}</p>", "format": "html"}).status_code == 200
    others = Draft.objects.create(staff_id=agent.pk + 1, namespace="ticket.staff", body="x")
    assert browser.get(addresses[message]).json()["body"] == "<p>Part 0</p>"
    assert browser.post("/scp/tickets/new/", submission(browser, topic, uid=str(user.pk))).status_code == 302
    assert list(Draft.objects.all()) == [others]


def test_a_prepared_answer_goes_below_what_the_editor_holds(browser: Client, topic: HelpTopic, user: EndUser) -> None:
    row = CannedResponse.objects.create(title="Drivers", response="<p>Update it.</p>", isenabled=True)
    data = submission(browser, topic, uid=str(user.pk), response="<p>Dear <b>Maria</b>,</p>", canned=str(row.pk))
    page = soup(browser.post("/scp/tickets/new/", {**data, "insert": "1"}))
    assert page.select("#open_response")[0].get_text().strip() == "<p>Dear <b>Maria</b>,</p><p>Update it.</p>"

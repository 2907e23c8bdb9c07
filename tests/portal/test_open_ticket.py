"""A guest opens a ticket in the end users' portal: topics, dynamic forms, files, mistakes, and who is kept out."""

from __future__ import annotations

import re
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.selectors import forget
from helpdesk.files.models import Attachment, StoredFile
from helpdesk.forms.constants import FieldFlag
from helpdesk.forms.models import Form, FormAnswer, FormField
from helpdesk.knowledge.models import Page
from helpdesk.outbox.models import Effect
from helpdesk.people.models import EndUser, UserEmail
from helpdesk.threads.models import ThreadEntry
from tests.factories import EndUserFactory, HelpTopicFactory, new_ticket
from tests.sign_in import sign_in_user
from tickets import portal_views
from tickets.intake import forget_intake
from tickets.models import HelpTopic, HelpTopicForm, Ticket

pytestmark = pytest.mark.django_db

PORTAL_STATEMENTS = 32
"""Statements of a guest's submission that opens a ticket for a new person, in a warm process."""
SHOWN = FieldFlag.ENABLED | FieldFlag.CLIENT_VIEW | FieldFlag.CLIENT_EDIT | FieldFlag.AGENT_VIEW | FieldFlag.AGENT_EDIT
REQUIRED = SHOWN | FieldFlag.CLIENT_REQUIRED


def set_setting(key: str, value: str) -> None:
    ConfigItem.objects.update_or_create(namespace="core", key=key, defaults={"value": value})
    forget()


def topic(name: str = "Something is broken", **values: Any) -> HelpTopic:
    return HelpTopicFactory.new(topic=name, **values)


def add_form(to: HelpTopic, title: str, *, disable: list[FormField] | None = None, **fields: FieldFlag) -> Form:
    form = Form.objects.create(type="G", title=title)
    for place, (name, flags) in enumerate(fields.items()):
        FormField.objects.create(form=form, type="text", label=name.title(), name=name, flags=flags, sort=place)
    HelpTopicForm.objects.create(topic=to, form=form, sort=9, extra={"disable": [one.pk for one in disable or []]})
    return form


def soup(response: Any) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def name_of(field_name: str, form_type: str = "T") -> str:
    return f"field-{FormField.objects.get(form__type=form_type, name=field_name).pk}"


def filled(page: BeautifulSoup, **values: Any) -> dict[str, Any]:
    """Give what a browser sends of the form on the page, with values by variable name of the fields, or by input."""
    form = page.select_one("#open-form")
    assert isinstance(form, Tag)
    data: dict[str, Any] = {}
    for control in form.select("input[name], textarea[name]"):
        kind = control.get("type")
        if kind not in {"file", "submit"} and (kind not in {"checkbox", "radio"} or control.has_attr("checked")):
            data.setdefault(str(control["name"]), []).append(control.get("value") or control.text.lstrip("\n"))
    for select in form.select("select[name]"):
        chosen = select.select_one("option[selected]") or select.option
        data[str(select["name"])] = chosen.get("value", "") if chosen else ""
    known = {"email": "U", "name": "U", "phone": "U", "subject": "T", "message": "T"}
    data |= {name_of(key, known[key]) if key in known else key: value for key, value in values.items()}
    return data


def submission(client: Client, chosen: HelpTopic, **values: Any) -> dict[str, Any]:
    page = soup(client.get("/tickets/new/", {"topicId": chosen.pk}))
    given = {"email": "maria@customer.test", "name": "Maria Silva", "subject": "No paper", "message": "It is empty."}
    return filled(page, **{**given, **values})


def errors(response: Any) -> str:
    found = soup(response).select_one("#open-errors")
    return " ".join(found.get_text(" ").split()) if found else ""


def a_file(name: str = "log.txt", content: bytes = b"61.250 installed") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/plain")


def test_a_guest_opens_a_ticket_and_reads_its_number(client: Client) -> None:
    chosen = topic()
    form = add_form(chosen, "Printer", model=REQUIRED, hidden=FieldFlag.ENABLED)
    asked = FormField.objects.get(form=form, name="model")
    data = submission(client, chosen, **{f"field-{asked.pk}": "LX 300", f"{name_of('message')}-files": [a_file()]})

    answer = client.post("/tickets/new/", data, follow=True)

    ticket = Ticket.objects.get()
    assert ticket.topic == chosen
    assert ticket.source == "Web"
    assert ticket.user is not None
    assert (ticket.user.name, ticket.user.default_email.address) == ("Maria Silva", "maria@customer.test")
    assert ticket.ip_address == "127.0.0.1"
    entry = ThreadEntry.objects.get()
    assert (entry.type, entry.title, entry.body) == ("M", "No paper", "<p>It is empty.</p>")
    assert Attachment.objects.get(type="H").file.name == "log.txt"
    assert FormAnswer.objects.get(field=asked).value == "LX 300"
    text = soup(answer).get_text(" ")
    assert f"#{ticket.number}" in text
    assert "Hello Maria Silva" in text
    assert "maria@customer.test" in text


def test_topics_are_named_in_full_and_hidden_ones_are_no_choice(client: Client) -> None:
    top = topic("Hardware")
    topic("Printers", parent=top)
    topic("Secret", ispublic=False)
    topic("Switched off", flags=0)
    off = topic("Second level", parent=top, flags=0)
    topic("Below it", parent=off)
    page = soup(client.get("/tickets/new/"))
    shown = {option.get_text(strip=True) for option in page.select("#id_topic option")}
    assert {"Hardware", "Hardware / Printers"} <= shown
    assert not {"Secret", "Switched off", "Below it", "Hardware / Second level / Below it"} & shown


def test_a_hidden_topic_opens_nothing(client: Client) -> None:
    data = submission(client, topic())
    secret = topic("Secret", ispublic=False)
    answer = client.post("/tickets/new/", {**data, "topicId": secret.pk})
    assert answer.status_code == 422
    assert "Select a Help Topic" in errors(answer)
    assert not Ticket.objects.exists()


def test_the_default_topic_is_chosen_and_a_link_names_another(client: Client) -> None:
    first, second = topic("First one"), topic("Second one")
    set_setting("default_help_topic", str(first.pk))
    chosen = soup(client.get("/tickets/new/")).select_one("#id_topic option[selected]")
    assert chosen is not None
    assert chosen["value"] == str(first.pk)
    answer = client.get("/open.php", {"topicId": second.pk}, follow=True)
    chosen = soup(answer).select_one("#id_topic option[selected]")
    assert chosen is not None
    assert chosen["value"] == str(second.pk)


def test_another_topic_brings_its_fields_and_keeps_what_was_typed(client: Client) -> None:
    first, second = topic("First one"), topic("Second one")
    form = add_form(second, "Access", building=REQUIRED)
    data = submission(client, first, message="Half written")
    data[f"{name_of('message')}-files"] = [a_file()]
    changed = {**data, "topicId": second.pk, "continue": "1"}

    answer = client.post("/tickets/new/", changed)

    page = soup(answer)
    assert answer.status_code == 200
    assert page.select_one(f"[name=field-{FormField.objects.get(form=form).pk}]") is not None
    assert page.select_one(".errorlist") is None
    typed = page.select_one(f"[name={name_of('message')}]")
    assert typed is not None
    assert typed.get_text().strip() == "Half written"
    assert page.select_one(f"input[type=checkbox][name={name_of('message')}-files][checked]") is not None
    assert not Ticket.objects.exists()


def test_htmx_gets_the_form_alone(client: Client) -> None:
    chosen = topic()
    answer = client.post("/tickets/new/", submission(client, chosen), headers={"HX-Request": "true"})
    assert soup(answer).find("html") is None
    assert soup(answer).select_one("form#open-form") is not None
    assert not Ticket.objects.exists()


def test_fields_that_the_topic_switches_off_are_not_asked(client: Client) -> None:
    chosen = topic()
    form = add_form(chosen, "Access", building=REQUIRED, room=REQUIRED)
    room = FormField.objects.get(form=form, name="room")
    HelpTopicForm.objects.filter(form=form).update(extra={"disable": [room.pk]})
    forget_intake()
    page = soup(client.get("/tickets/new/", {"topicId": chosen.pk}))
    assert page.select_one(f"[name=field-{room.pk}]") is None


def test_mistakes_are_told_at_their_fields_and_nothing_is_lost(client: Client) -> None:
    chosen = topic()
    form = add_form(chosen, "Access", building=REQUIRED)
    data = submission(client, chosen, email="nobody", message="Typed with care")
    data[f"{name_of('message')}-files"] = [a_file()]

    answer = client.post("/tickets/new/", data)

    page = soup(answer)
    assert answer.status_code == 422
    told = errors(answer)
    assert "Building" in told
    assert "Email" in told
    box = page.select_one(f"[name={name_of('email', 'U')}]")
    assert box is not None
    assert (box["value"], box["aria-invalid"]) == ("nobody", "true")
    assert "Typed with care" in page.get_text()
    again = filled(page, email="maria@customer.test", **{f"field-{FormField.objects.get(form=form).pk}": "B7"})
    assert client.post("/tickets/new/", again).status_code == 302
    assert Attachment.objects.get(type="H").file.name == "log.txt"


def test_a_file_that_is_not_taken_is_told_and_the_others_stay(client: Client) -> None:
    message = FormField.objects.get(form__type="T", name="message")
    message.configuration = {"attachments": True, "extensions": ".txt"}
    message.save()
    chosen = topic()
    data = submission(client, chosen)
    data[f"{name_of('message')}-files"] = [a_file(), a_file("virus.exe")]
    answer = client.post("/tickets/new/", data)
    assert answer.status_code == 422
    assert "virus.exe" in errors(answer)
    assert client.post("/tickets/new/", filled(soup(answer))).status_code == 302
    assert [row.file.name for row in Attachment.objects.filter(type="H")] == ["log.txt"]


def test_a_file_field_of_a_topic_keeps_its_files_with_the_answer(client: Client) -> None:
    chosen = topic()
    form = add_form(chosen, "Papers")
    field = FormField.objects.create(form=form, type="files", label="Invoice", name="invoice", flags=REQUIRED, sort=1)
    data = submission(client, chosen, subject="", **{f"field-{field.pk}": [a_file("invoice.txt")]})
    required = client.post("/tickets/new/", data)
    assert required.status_code == 422
    again = filled(soup(required), subject="Invoice")
    assert client.post("/tickets/new/", again).status_code == 302
    file = StoredFile.objects.get(name="invoice.txt")
    assert FormAnswer.objects.get(field=field).value == f'{{"{file.pk}":"invoice.txt"}}'
    assert Attachment.objects.get(type="E").file == file


def test_the_same_form_twice_is_one_ticket(client: Client) -> None:
    data = submission(client, topic())
    first, second = (client.post("/tickets/new/", data, follow=True) for _ in range(2))
    number = Ticket.objects.get().number
    assert f"#{number}" in first.content.decode()
    assert f"#{number}" in second.content.decode()


def test_a_form_of_somebody_else_is_no_key_to_his_ticket(client: Client) -> None:
    data = submission(client, topic())
    client.post("/tickets/new/", data)
    client.post("/tickets/new/", {**data, "form_key": data["form_key"][0][:-3] + "abc"})
    assert Ticket.objects.count() == 2


def test_a_form_without_token_of_its_page_is_refused() -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/tickets/new/", {"topicId": topic().pk}).status_code == 403


def test_known_people_keep_their_name_and_get_the_ticket(client: Client) -> None:
    user = EndUserFactory.new(name="Maria the First", address="maria@customer.test")
    data = submission(client, topic(), email="MARIA@customer.test", name="Impostor")
    thanks = client.post("/tickets/new/", data, follow=True).content.decode()
    assert "Hello Impostor" in thanks
    assert "Maria the First" not in thanks, "whose address it is, is not told"
    assert Ticket.objects.get().user == user
    assert EndUser.objects.get(pk=user.pk).name == "Maria the First"


def test_who_is_signed_in_is_not_asked_who_he_is(client: Client) -> None:
    user = EndUserFactory.new()
    sign_in_user(client, user)
    chosen = topic()
    page = soup(client.get("/tickets/new/", {"topicId": chosen.pk}))
    assert page.select_one(f"[name={name_of('email', 'U')}]") is None
    data = filled(page, subject="Mine", message="Text")
    answer = client.post("/tickets/new/", data)
    ticket = Ticket.objects.get()
    assert ticket.user == user
    assert answer["Location"] == f"/tickets/{ticket.pk}/"
    assert client.get(answer["Location"]).status_code == 200


# --- The question -----------------------------------------------------------------------------------------------------

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]


def solve(page: BeautifulSoup) -> int:
    label = page.select_one("label[for=id_answer]")
    assert label is not None
    found = re.search(r"What is (\w+) plus (\w+)\?", label.get_text())
    assert found is not None
    return WORDS.index(found[1]) + WORDS.index(found[2])


@pytest.fixture
def asking() -> None:
    set_setting("enable_captcha", "1")


@pytest.mark.usefixtures("asking")
def test_guests_answer_a_question(client: Client) -> None:
    chosen = topic()
    page = soup(client.get("/tickets/new/", {"topicId": chosen.pk}))
    given = {"email": "m@customer.test", "name": "M", "subject": "S", "message": "T"}
    refused = client.post("/tickets/new/", filled(page, **given, answer="99"))
    assert refused.status_code == 422
    assert "not the answer" in errors(refused)
    assert client.post("/tickets/new/", filled(page, **given, answer=str(solve(page)))).status_code == 422, "used up"
    renewed = soup(refused)
    assert client.post("/tickets/new/", filled(renewed, answer=f" {solve(renewed)} ")).status_code == 302
    assert Ticket.objects.count() == 1


@pytest.mark.usefixtures("asking")
def test_an_answer_opens_one_ticket_however_often_it_is_sent(client: Client) -> None:
    chosen = topic()
    page = soup(client.get("/tickets/new/", {"topicId": chosen.pk}))
    given = {"email": "m@customer.test", "name": "M", "subject": "", "message": "T", "answer": str(solve(page))}
    later = soup(client.post("/tickets/new/", filled(page, **given)))  # a mistake elsewhere keeps the answer
    data = filled(later, subject="S")
    assert data["answer"] == [given["answer"]]
    assert client.post("/tickets/new/", data).status_code == 302
    other = filled(soup(client.get("/tickets/new/", {"topicId": chosen.pk})), **{**given, "subject": "Again"})
    other["question"] = data["question"]
    assert client.post("/tickets/new/", other).status_code == 422
    assert Ticket.objects.count() == 1


@pytest.mark.usefixtures("asking")
def test_the_question_cannot_be_made_up(client: Client) -> None:
    data = submission(client, topic(), question="made-up", answer="4")
    assert client.post("/tickets/new/", data).status_code == 422


@pytest.mark.usefixtures("asking")
def test_who_is_signed_in_answers_no_question(client: Client) -> None:
    sign_in_user(client, EndUserFactory.new())
    assert soup(client.get("/tickets/new/")).select_one("[name=answer]") is None


# --- Who is kept out --------------------------------------------------------------------------------------------------


def test_only_people_with_an_account_where_the_administrator_says_so(client: Client) -> None:
    data = submission(client, topic())
    set_setting("clients_only", "1")
    answer = client.get("/tickets/new/")
    assert answer.status_code == 403
    assert "Sign-in needed" in answer.content.decode()
    assert client.post("/tickets/new/", data).status_code == 403
    sign_in_user(client, EndUserFactory.new())
    assert client.get("/tickets/new/").status_code == 200


def test_off_line_end_users_read_the_offline_page(client: Client) -> None:
    data = submission(client, topic())
    set_setting("isonline", "0")
    for address in ("/", "/tickets/new/", "/tickets/status/"):
        answer = client.get(address)
        assert answer.status_code == 503
        assert "We will be right back" in answer.content.decode()
    assert client.post("/tickets/new/", data).status_code == 503
    assert client.get("/scp/login.php").status_code == 200


def test_one_network_opens_so_many_tickets_an_hour(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portal_views, "TICKETS_OF_AN_ADDRESS", 1)
    chosen = topic()
    assert client.post("/tickets/new/", submission(client, chosen)).status_code == 302
    answer = client.post("/tickets/new/", submission(client, chosen))
    assert answer.status_code == 429
    assert "try again in an hour" in errors(answer)


def test_strangers_do_not_fill_the_storage(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portal_views, "KEPT_UPLOADS_OF_AN_ADDRESS", 1)
    data = submission(client, topic())
    data["continue"] = "1"
    for number in range(3):
        file = a_file(f"{number}.txt", f"content {number}".encode())
        answer = client.post("/tickets/new/", {**data, f"{name_of('message')}-files": [file]})
    assert "choose them again" in errors(answer)
    assert StoredFile.objects.filter(name__in=["0.txt", "1.txt", "2.txt"]).count() == 1


def test_the_limit_of_open_tickets_is_told(client: Client) -> None:
    set_setting("max_open_tickets", "1")
    user = EndUserFactory.new(address="maria@customer.test")
    new_ticket(user=user)
    answer = client.post("/tickets/new/", submission(client, topic()))
    assert answer.status_code == 409
    assert "maximum open tickets" in errors(answer)


def test_the_page_of_the_topic_thanks_and_shows_no_markup_of_guests(client: Client) -> None:
    page = Page.objects.create(
        type="thank-you", name="Own page", isactive=True, body="<p>%{ticket.subject} of %{ticket.name}</p>"
    )
    chosen = topic(page=page)
    data = submission(client, chosen, subject="A < B & C")
    answer = client.post("/tickets/new/", data, follow=True)
    shown = soup(answer).select_one(".landing")
    assert shown is not None
    assert shown.get_text(strip=True) == "A < B & C of Maria Silva"


def test_the_thanks_tell_nothing_of_whose_address_was_typed(client: Client) -> None:
    """Whoever knows an address opens tickets in its owner's name, and learns no more (osticket/mail.md §9.3)."""
    EndUserFactory.new(name="Maria the First", address="maria@customer.test")
    said = (
        "%{user.name.first} %{ticket.user.name} %{ticket.user.email.domain} %{ticket.recipients.full} "
        "%{ticket.phone} %{ticket.auth_token} %{ticket.topic.name}"
    )
    page = Page.objects.create(type="thank-you", name="Own page", isactive=True, body=f"<p>{said}</p>")
    data = submission(client, topic("Help", page=page), name="Im Postor", subject="x")
    shown = soup(client.post("/tickets/new/", data, follow=True)).select_one(".landing")
    assert shown is not None
    said = " ".join(shown.get_text().split())
    assert said == "Im Im Postor customer.test Im Postor <maria@customer.test> Help"


@pytest.mark.parametrize("sign", ["", "1", "1:abc:def", "WzFd:1abcde:x"])
def test_numbers_of_others_are_not_told(client: Client, sign: str) -> None:
    new_ticket()
    assert client.get("/tickets/thanks/", {"ticket": sign})["Location"] == "/"


def test_opening_a_ticket_tells_the_agents_and_costs_few_statements(client: Client) -> None:
    chosen = topic()
    client.post("/tickets/new/", submission(client, chosen, email="warm@customer.test"))
    data = submission(client, chosen)
    with CaptureQueriesContext(connection) as captured:
        assert client.post("/tickets/new/", data).status_code == 302
    statements = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert len(statements) <= PORTAL_STATEMENTS, "\n".join(statements)
    assert Effect.objects.filter(object_type="ticket").exists()
    assert UserEmail.objects.filter(address="maria@customer.test").count() == 1

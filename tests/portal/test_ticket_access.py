"""Coming back to a ticket by a link, reading it and writing on it as an end user."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.selectors import forget
from helpdesk.forms.uploads import message_field
from helpdesk.legacy.access_tokens import legacy_code, owner_token, token_link
from helpdesk.legacy.models import ImportRun
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.people.constants import AccountStatus
from helpdesk.people.models import EndUser, UserAccount
from helpdesk.threads.bodies import NewFile
from helpdesk.threads.models import ThreadEntry
from tests.factories import AgentFactory, EndUserFactory, collaborate, new_ticket, resolved_status
from tests.sign_in import sign_in_user
from tickets import portal_ticket_views, portal_views
from tickets.access_links import link_of
from tickets.models import Ticket, TicketStatus
from tickets.services import change_status, close_ticket, post_note, post_reply

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()


@pytest.fixture
def user() -> EndUser:
    return EndUserFactory.new(name="Maria Silva", address="maria@customer.test")


@pytest.fixture
def ticket(user: EndUser) -> Ticket:
    return new_ticket(user=user, subject="No paper", files=[NewFile("log.txt", b"61.250")])


def set_setting(key: str, value: str) -> None:
    ConfigItem.objects.update_or_create(namespace="core", key=key, defaults={"value": value})
    forget()


def path_of(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"


def enter(client: Client, ticket: Ticket, user: EndUser) -> Any:
    return client.get(path_of(link_of(ticket, user)))


def sees(client: Client, ticket: Ticket) -> bool:
    return client.get(f"/tickets/{ticket.pk}/").status_code == 200


def page_of(client: Client, ticket: Ticket) -> BeautifulSoup:
    answer = client.get(f"/tickets/{ticket.pk}/")
    assert answer.status_code == 200
    return BeautifulSoup(answer.content, "html.parser")


def write(client: Client, ticket: Ticket, **values: Any) -> Any:
    return client.post(f"/tickets/{ticket.pk}/reply/", {"body": "Still empty.", "token": "t1", **values})


# --- Links ------------------------------------------------------------------------------------------------------------


def test_a_link_lets_its_owner_into_this_ticket_only(client: Client, ticket: Ticket, user: EndUser) -> None:
    other = new_ticket(user=user)
    assert not sees(client, ticket)
    answer = enter(client, ticket, user)
    assert answer["Location"] == f"/tickets/{ticket.pk}/"
    assert sees(client, ticket)
    assert client.get(f"/tickets/{other.pk}/").status_code == 404
    assert client.get("/scp/").status_code == 302, "no way to the agents"


def test_another_link_takes_the_place_of_the_first(client: Client, ticket: Ticket, user: EndUser) -> None:
    other = new_ticket(user=user)
    enter(client, ticket, user)
    first_session = client.cookies["ostler_portal"].value
    enter(client, other, user)
    assert client.cookies["ostler_portal"].value != first_session
    assert sees(client, other)
    assert not sees(client, ticket)


def test_a_collaborator_has_a_link_of_his_own(client: Client, ticket: Ticket) -> None:
    friend = EndUserFactory.new()
    row = collaborate(ticket, friend)
    assert parse_qs(urlsplit(link_of(ticket, friend)).query)["auth"][0].startswith("c1x")
    enter(client, ticket, friend)
    assert sees(client, ticket)
    row.delete()
    assert not sees(client, ticket), "who is no collaborator any more sees nothing"


def test_links_of_strangers_do_not_exist(ticket: Ticket) -> None:
    assert link_of(ticket, EndUserFactory.new()) == ""


def test_links_of_old_versions_open_the_ticket(client: Client, ticket: Ticket) -> None:
    code = legacy_code(ticket_id=ticket.pk, email="maria@customer.test", secret_salt=settings.SECRET_SALT)
    wrong = client.get("/view.php", {"t": ticket.number or "", "e": "maria@customer.test", "a": "0" * 32})
    assert wrong.status_code == 200
    assert not sees(client, ticket)
    client.get("/view.php", {"t": ticket.number or "", "e": "MARIA@customer.test", "a": code.upper()})
    assert sees(client, ticket)


@pytest.mark.parametrize("change", ["owner", "checksum", "created", "nonsense", "empty"])
def test_a_link_that_is_wrong_in_anything_opens_nothing(
    client: Client, ticket: Ticket, user: EndUser, change: str
) -> None:
    link = path_of(link_of(ticket, user))
    if change == "owner":
        Ticket.objects.filter(pk=ticket.pk).update(user=EndUserFactory.new())
    elif change == "created":
        Ticket.objects.filter(pk=ticket.pk).update(created=datetime(2020, 1, 1, tzinfo=UTC))
    elif change == "checksum":
        link = link.replace("1x", "1x", 1)[:-8] + "AAAA%3D%3D"
    else:
        link = "/view.php?auth=" + ("nonsense" if change == "nonsense" else "")
    answer = client.get(link)
    assert answer.status_code == 200
    assert "does not open a ticket" in answer.content.decode()
    assert not sees(client, ticket)


def test_a_link_lives_on_where_the_database_came_from_another_zone(
    client: Client, ticket: Ticket, user: EndUser
) -> None:
    ImportRun.objects.create(kind="osticket", source="mysql://old", source_time_zone="America/Sao_Paulo")
    created = "2026-03-02 06:00:00"  # 09:00 UTC
    token = owner_token(user_id=user.pk, ticket_id=ticket.pk, created=created, secret_salt=settings.SECRET_SALT)
    client.get(path_of(token_link("http://testserver/", token)))
    assert sees(client, ticket)


def test_links_can_be_switched_off(client: Client, ticket: Ticket, user: EndUser) -> None:
    set_setting("allow_auth_tokens", "0")
    enter(client, ticket, user)
    assert not sees(client, ticket)


@pytest.mark.parametrize(
    ("status", "comes_in"),
    [
        (AccountStatus.CONFIRMED, True),
        (AccountStatus(0), False),
        (AccountStatus.CONFIRMED | AccountStatus.LOCKED, False),
    ],
)
def test_people_with_a_locked_account_stay_out(
    client: Client, ticket: Ticket, user: EndUser, status: AccountStatus, comes_in: bool
) -> None:
    UserAccount.objects.create(user=user, status=status)
    enter(client, ticket, user)
    assert sees(client, ticket) is comes_in


def test_locking_an_account_ends_the_visit(client: Client, ticket: Ticket, user: EndUser) -> None:
    account = UserAccount.objects.create(user=user, status=AccountStatus.CONFIRMED)
    enter(client, ticket, user)
    assert sees(client, ticket)
    account.status |= AccountStatus.LOCKED
    account.save()
    assert not sees(client, ticket)


def test_guests_upload_files_for_their_ticket_where_strangers_may_not(
    client: Client, ticket: Ticket, user: EndUser
) -> None:
    set_setting("clients_only", "1")
    field = message_field()
    assert field is not None

    def upload() -> int:
        file = SimpleUploadedFile("a.txt", b"more", content_type="text/plain")
        return client.post(f"/uploads/{field.pk}/", {"files": [file]}).status_code

    assert upload() == 404
    enter(client, ticket, user)
    assert upload() == 200


def test_who_is_signed_in_stays_so(client: Client, ticket: Ticket, user: EndUser) -> None:
    other = new_ticket(user=user)
    sign_in_user(client, user)
    enter(client, ticket, user)
    assert sees(client, ticket)
    assert sees(client, other)


def test_the_link_of_somebody_else_ends_no_sign_in_by_itself(client: Client, ticket: Ticket, user: EndUser) -> None:
    reader = EndUserFactory.new(name="Jo Winter")
    own = new_ticket(user=reader)
    sign_in_user(client, reader)
    link = path_of(link_of(ticket, user))
    answer = client.get(f"{link}&sign_out=yes")
    assert answer.status_code == 200, "no address alone signs anybody out"
    page = BeautifulSoup(answer.content, "html.parser")
    assert "Jo Winter" in page.get_text()
    assert f"#{ticket.number}" in page.get_text()
    assert "No paper" not in page.get_text()
    assert sees(client, own)
    assert not sees(client, ticket)
    sent = {str(one["name"]): str(one["value"]) for one in page.select("main form input[type=hidden]")}
    answer = client.post("/view.php", sent)
    assert answer["Location"] == f"/tickets/{ticket.pk}/"
    assert sees(client, ticket)
    assert not sees(client, own), "the sign-in has ended"


def test_a_sign_out_for_a_link_that_opens_nothing_does_not_happen(
    client: Client, ticket: Ticket, user: EndUser
) -> None:
    own = new_ticket(user=user)
    sign_in_user(client, user)
    client.post("/view.php", {"auth": "o1xAAAAAAAAAAAA", "sign_out": "yes"})
    assert sees(client, own)


def test_number_and_address_of_somebody_else_end_no_sign_in_by_themselves(
    client: Client, ticket: Ticket, user: EndUser
) -> None:
    set_setting("client_verify_email", "0")
    reader = EndUserFactory.new(name="Jo Winter")
    own = new_ticket(user=reader)
    sign_in_user(client, reader)
    asked = {"lemail": "maria@customer.test", "lticket": ticket.number}
    page = BeautifulSoup(client.post("/tickets/status/", asked).content, "html.parser")
    assert sees(client, own)
    sent = {str(one["name"]): str(one["value"]) for one in page.select("main form input[type=hidden]")}
    assert client.post("/tickets/status/", sent)["Location"] == f"/tickets/{ticket.pk}/"
    assert sees(client, ticket)


def test_a_guest_who_does_nothing_is_forgotten(client: Client, ticket: Ticket, user: EndUser) -> None:
    set_setting("client_session_timeout", "30")
    with time_machine.travel(datetime(2026, 5, 1, 12, 0, tzinfo=UTC), tick=False) as clock:
        enter(client, ticket, user)
        clock.shift(29 * 60)
        assert sees(client, ticket)
        clock.shift(29 * 60)
        assert sees(client, ticket)
        clock.shift(31 * 60)
        assert not sees(client, ticket)


def test_a_guest_may_leave(client: Client, ticket: Ticket, user: EndUser) -> None:
    enter(client, ticket, user)
    client.post("/tickets/leave/")
    assert not sees(client, ticket)


def test_wrong_links_are_not_tried_for_ever(
    client: Client, ticket: Ticket, user: EndUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal_views, "WRONG_LINKS_OF_AN_ADDRESS", 2)
    for _ in range(2):
        assert client.get("/view.php?auth=nonsense").status_code == 200
    assert enter(client, ticket, user).status_code == 429
    assert not sees(client, ticket)


# --- Address and number -----------------------------------------------------------------------------------------------


def ask(client: Client, address: str, number: str | None) -> Any:
    return client.post("/tickets/status/", {"lemail": address, "lticket": number})


def text_of(response: Any) -> str:
    main = BeautifulSoup(response.content, "html.parser").main
    return " ".join(main.get_text(" ").split()) if main else ""


def test_address_and_number_bring_a_mail_and_tell_nothing(client: Client, ticket: Ticket) -> None:
    right = ask(client, "maria@customer.test", f"#{ticket.number}")
    assert Effect.objects.get(payload__template="access-link").payload["to"][0]["address"] == "maria@customer.test"
    wrong = ask(client, "maria@customer.test", "000000")
    unknown = ask(client, "nobody@customer.test", ticket.number)
    assert right.status_code == wrong.status_code == unknown.status_code == 200
    assert text_of(right) == text_of(wrong)
    assert text_of(unknown) == text_of(right).replace("maria@", "nobody@")
    assert Effect.objects.filter(payload__template="access-link").count() == 1
    assert not sees(client, ticket)


def test_the_same_statements_run_whether_there_is_a_ticket_or_not(client: Client, ticket: Ticket) -> None:
    def statements(number: str | None) -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            ask(client, "maria@customer.test", number)
        return [query["sql"].split(" ")[0] for query in captured if "user_account" not in query["sql"]]

    statements("1")
    assert len(statements(ticket.number)) - len(statements("000000")) in {0, 1}
    assert "INSERT" in statements("000000")


def test_asking_again_soon_sends_no_second_mail(client: Client, ticket: Ticket) -> None:
    with time_machine.travel(datetime(2026, 5, 1, 12, 0, 1, tzinfo=UTC)):
        for _ in range(3):
            ask(client, "maria@customer.test", ticket.number)
    assert Effect.objects.filter(payload__template="access-link").count() == 1


def test_a_collaborator_gets_his_own_link(client: Client, ticket: Ticket) -> None:
    row = collaborate(ticket, EndUserFactory.new(address="friend@customer.test"))
    ask(client, "FRIEND@customer.test", ticket.number)
    told = Effect.objects.get(payload__template="access-link").payload["to"][0]
    assert (told["kind"], told["id"], told["address"]) == ("collaborator", row.pk, "friend@customer.test")


def test_without_verification_number_and_address_are_enough(client: Client, ticket: Ticket) -> None:
    set_setting("client_verify_email", "0")
    assert ask(client, "maria@customer.test", "000000").status_code == 403
    assert ask(client, "maria@customer.test", ticket.number)["Location"] == f"/tickets/{ticket.pk}/"
    assert sees(client, ticket)


def test_the_form_says_what_is_wrong_with_it(client: Client) -> None:
    answer = ask(client, "nobody", "")
    assert answer.status_code == 422
    assert len(BeautifulSoup(answer.content, "html.parser").select(".errorlist li")) == 2


def test_one_network_asks_so_often_an_hour(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portal_views, "LINKS_OF_AN_ADDRESS", 1)
    assert ask(client, "a@customer.test", "1").status_code == 200
    assert ask(client, "a@customer.test", "1").status_code == 429


def test_addresses_of_osticket_lead_on(client: Client, ticket: Ticket, user: EndUser) -> None:
    for address in ("/view.php", "/tickets.php", f"/tickets.php?id={ticket.pk}", "/view.php?id=7"):
        assert client.get(address)["Location"] == "/tickets/status/", address
    enter(client, ticket, user)
    for address in ("/tickets.php", f"/tickets.php?id={ticket.pk}", f"/view.php?id={ticket.pk}"):
        assert client.get(address)["Location"] == f"/tickets/{ticket.pk}/", address


# --- The page ---------------------------------------------------------------------------------------------------------


def test_the_page_shows_messages_and_replies_but_no_notes(client: Client, ticket: Ticket, user: EndUser) -> None:
    agent = Actor.for_agent(AgentFactory.new(firstname="Grace", lastname="Hopper"))
    post_note(ticket, actor=SYSTEM, body="<p>between us</p>", files=[NewFile("secret.txt", b"s")])
    post_reply(ticket, actor=SYSTEM, body="<p>Please restart it.</p>")
    ThreadEntry.objects.filter(type="R").update(staff=agent.agent, poster="Grace Hopper")
    enter(client, ticket, user)
    page = page_of(client, ticket)
    text = page.get_text(" ")
    assert "It does not work." in text
    assert "Please restart it." in text
    assert "Grace Hopper" in text
    assert "between us" not in text
    assert "secret.txt" not in text
    link = page.select_one("a.attachment")
    assert link is not None
    assert b"".join(client.get(str(link["href"])).streaming_content) == b"61.250"  # type: ignore[attr-defined]
    assert Client().get(str(link["href"])).status_code == 404


def test_names_of_agents_can_be_kept_back(client: Client, ticket: Ticket, user: EndUser) -> None:
    post_reply(ticket, actor=SYSTEM, body="<p>Please restart it.</p>")
    ThreadEntry.objects.filter(type="R").update(staff=AgentFactory.new(), poster="Grace Hopper")
    set_setting("hide_staff_name", "1")
    enter(client, ticket, user)
    text = page_of(client, ticket).get_text(" ")
    assert "Grace Hopper" not in text
    assert "Maria Silva" in text
    assert "Acme Support" in text


def test_a_message_with_a_file_arrives_and_asks_for_an_answer(client: Client, ticket: Ticket, user: EndUser) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(isanswered=True)
    enter(client, ticket, user)
    file = SimpleUploadedFile("second.txt", b"more", content_type="text/plain")
    answer = write(client, ticket, attachments=[file])
    assert answer.status_code == 302
    entry = ThreadEntry.objects.order_by("-pk")[0]
    assert (entry.type, entry.body, entry.user, entry.source) == ("M", "Still empty.", user, "Web")
    assert not Ticket.objects.get(pk=ticket.pk).isanswered
    assert "second.txt" in page_of(client, ticket).get_text(" ")


def test_a_message_sent_twice_is_one(client: Client, ticket: Ticket, user: EndUser) -> None:
    enter(client, ticket, user)
    for _ in range(2):
        assert write(client, ticket).status_code == 302
    assert ThreadEntry.objects.filter(body="Still empty.").count() == 1


def test_an_empty_message_keeps_the_file(client: Client, ticket: Ticket, user: EndUser) -> None:
    enter(client, ticket, user)
    file = SimpleUploadedFile("second.txt", b"more", content_type="text/plain")
    answer = write(client, ticket, body=" ", attachments=[file])
    assert answer.status_code == 422
    kept = BeautifulSoup(answer.content, "html.parser").select_one("input[type=checkbox][name=attachments]")
    assert kept is not None
    assert write(client, ticket, attachments=[kept["value"]]).status_code == 302
    assert "second.txt" in page_of(client, ticket).get_text(" ")


def test_a_message_opens_a_closed_ticket_again(client: Client, ticket: Ticket, user: EndUser) -> None:
    close_ticket(ticket, actor=SYSTEM, status=resolved_status())
    enter(client, ticket, user)
    assert "opens it again" in page_of(client, ticket).get_text(" ")
    write(client, ticket)
    status = Ticket.objects.get(pk=ticket.pk).status
    assert status is not None
    assert status.state == "open"


def test_a_ticket_that_stays_closed_takes_no_message(client: Client, ticket: Ticket, user: EndUser) -> None:
    final = TicketStatus.objects.create(name="Final", state="closed", mode=1, properties={"allowreopen": False})
    change_status(ticket, actor=SYSTEM, status=final)
    enter(client, ticket, user)
    assert page_of(client, ticket).select_one("textarea") is None
    answer = write(client, ticket)
    assert answer.status_code == 409
    assert not ThreadEntry.objects.filter(body="Still empty.").exists()
    page = BeautifulSoup(answer.content, "html.parser")
    assert page.select("textarea[readonly]")[0].get_text(strip=True) == "Still empty.", "what was typed is not lost"
    assert "This ticket is closed. Please open a new one." in page.get_text()


def test_a_merged_ticket_leads_to_the_one_it_is_part_of(client: Client, ticket: Ticket, user: EndUser) -> None:
    parent = new_ticket(subject="The whole story")
    Ticket.objects.filter(pk=ticket.pk).update(parent=parent, flags=1)
    enter(client, ticket, user)
    assert "The whole story" in page_of(client, ticket).get_text(" ")


def test_strangers_write_nothing(client: Client, ticket: Ticket) -> None:
    assert write(client, ticket)["Location"] == "/tickets/status/"
    sign_in_user(client, EndUserFactory.new())
    assert write(client, ticket).status_code == 404


def test_one_network_writes_so_often_an_hour(
    client: Client, ticket: Ticket, user: EndUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal_ticket_views, "MESSAGES_OF_AN_ADDRESS", 1)
    enter(client, ticket, user)
    assert write(client, ticket).status_code == 302
    answer = write(client, ticket, body="Again and again", token="t2")
    assert answer.status_code == 429
    assert "Again and again" in answer.content.decode()


def test_long_conversations_come_in_parts(client: Client, ticket: Ticket, user: EndUser) -> None:
    for number in range(32):
        post_reply(ticket, actor=SYSTEM, body=f"<p>answer-{number:02}.</p>")
    enter(client, ticket, user)
    page = page_of(client, ticket)
    older = page.select_one(".thread-more a")
    assert "answer-01." not in page.get_text(" ")
    assert older is not None
    before = str(older["href"]).partition("#")[0]
    assert "answer-01." in client.get(f"/tickets/{ticket.pk}/{before}").content.decode()


def test_the_page_costs_few_statements(client: Client, ticket: Ticket, user: EndUser) -> None:
    enter(client, ticket, user)
    page_of(client, ticket)
    with CaptureQueriesContext(connection) as captured:
        page_of(client, ticket)
    assert len(captured) <= 12, "\n".join(query["sql"] for query in captured)


def test_a_message_that_the_database_did_not_take_is_taken_when_it_is_sent_again(
    client: Client, ticket: Ticket, user: EndUser
) -> None:
    enter(client, ticket, user)
    failures = iter([OperationalError("database is locked")])

    def execute(run: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("INSERT") and "thread_entry" in sql and (failure := next(failures, None)):
            raise failure
        return run(sql, params, many, context)

    with connection.execute_wrapper(execute):
        with pytest.raises(OperationalError):
            write(client, ticket, body="The printer burns.", token="t3")
        write(client, ticket, body="The printer burns.", token="t3")
    assert ThreadEntry.objects.filter(body="The printer burns.").count() == 1

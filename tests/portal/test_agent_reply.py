"""What helps to write a reply: prepared answers, quotations, recipients, signatures, and who else is writing."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from helpdesk.configuration.services import set_setting
from helpdesk.files.models import Attachment
from helpdesk.files.services import attach, store_file
from helpdesk.knowledge.models import CannedResponse
from helpdesk.mail.models import EmailAccount, EmailAddress
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department
from helpdesk.threads.models import Lock, ThreadEntry
from tests.desk import PIXEL, Desk, busy_ticket, open_ticket, set_up_desk
from tests.factories import EndUserFactory, collaborate
from tests.sign_in import agent_client
from tickets.intake import forget_intake
from tickets.models import Ticket
from tickets.reference_data import forget_reference_data

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(db: None) -> Desk:
    return set_up_desk()


@pytest.fixture
def grace(desk: Desk) -> Client:
    return agent_client(desk.grace)


def soup(response: Any) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def recipients_of(ticket: Ticket) -> Any:
    return ThreadEntry.objects.get(thread__object_id=ticket.pk, type="R").recipients


class TestAnswers:
    def prepared(self) -> CannedResponse:
        row = CannedResponse.objects.create(
            title="Drivers", response="<p>Dear %{ticket.name}, update.</p>", isenabled=True
        )
        attach(store_file(b"x", name="guide.txt"), object_type="C", object_id=row.pk)
        return row

    @pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
    def test_they_are_offered_with_a_preview(self, grace: Client, headers: dict[str, str]) -> None:
        ticket, row = open_ticket(), self.prepared()
        address = f"/scp/tickets/{ticket.pk}/answers/"
        page = soup(grace.get(address, headers=headers))
        assert {str(row.pk), "original", "lastmessage"} <= {str(one["value"]) for one in page.select("option")}
        assert not page.select("[data-inserts-answer]")
        page = soup(grace.get(address, {"key": str(row.pk)}, headers=headers))
        assert page.select(".answer-preview")[0].get_text(strip=True) == "Dear Maria Silva, update."
        assert "guide.txt" in page.select("#answer-preview")[0].get_text()
        assert bool(page.select("html")) is not bool(headers)

    def test_without_script_the_answer_stands_in_the_reply(self, grace: Client) -> None:
        ticket, row = open_ticket(), self.prepared()
        page = soup(grace.get(f"/scp/tickets/{ticket.pk}/", {"answer": str(row.pk)}))
        assert page.select("#reply_body")[0].get_text().strip() == "Dear Maria Silva, update."
        assert "guide.txt" in page.select("#reply .chosen-files")[0].get_text()

    def test_answers_that_are_none(self, grace: Client) -> None:
        ticket = open_ticket()
        assert grace.get(f"/scp/tickets/{ticket.pk}/answers/", {"key": "4711"}).status_code == 404
        assert grace.get(f"/scp/tickets/{ticket.pk}/", {"answer": "4711"}).status_code == 404


class TestRecipients:
    def test_some_of_the_collaborators(self, grace: Client) -> None:
        ticket, one, two = open_ticket(), EndUserFactory.new(name="Al One"), EndUserFactory.new(name="Bo Two")
        collaborate(ticket, one)
        collaborate(ticket, two)
        page = soup(grace.get(f"/scp/tickets/{ticket.pk}/"))
        assert {str(box["value"]) for box in page.select("[name=cc][checked]")} == {str(one.pk), str(two.pk)}
        data = {"body": "Hello", "reply_to": "all", "cc_asked": "1", "cc": str(two.pk)}
        assert grace.post(f"/scp/tickets/{ticket.pk}/reply/", data).status_code == 302
        assert "Bo Two" in str(recipients_of(ticket))
        assert "Al One" not in str(recipients_of(ticket))

    def test_all_where_nobody_was_asked(self, grace: Client) -> None:
        ticket = open_ticket()
        collaborate(ticket, EndUserFactory.new(name="Al One"))
        grace.post(f"/scp/tickets/{ticket.pk}/reply/", {"body": "Hello", "reply_to": "all"})
        assert "Al One" in str(recipients_of(ticket))


class TestSignature:
    def test_only_where_there_is_one(self, grace: Client, desk: Desk) -> None:
        ticket = open_ticket()
        Department.objects.update(signature="")
        assert not soup(grace.get(f"/scp/tickets/{ticket.pk}/")).select("#reply_signature")
        Agent.objects.filter(pk=desk.grace.pk).update(signature="Grace, Support", default_signature_type="mine")
        options = soup(grace.get(f"/scp/tickets/{ticket.pk}/")).select("#reply_signature option")
        assert [str(one["value"]) for one in options if one.has_attr("selected")] == ["mine"]
        data = {"body": "Hello", "reply_to": "all", "signature": "mine"}
        assert grace.post(f"/scp/tickets/{ticket.pk}/reply/", data).status_code == 302
        mails = [effect.payload for effect in Effect.objects.all() if "response" in str(effect.payload)]
        assert any("mine" in str(payload) for payload in mails)
        data["signature"] = "somebody's"
        assert grace.post(f"/scp/tickets/{ticket.pk}/reply/", data).status_code == 422


class TestLock:
    def test_who_is_answering_is_said(self, grace: Client, desk: Desk) -> None:
        ticket = open_ticket()
        now = timezone.now()
        lock = Lock.objects.create(staff=desk.alan, expire=now + timedelta(minutes=2), code="x", created=now)
        Ticket.objects.filter(pk=ticket.pk).update(lock=lock)
        page = soup(grace.get(f"/scp/tickets/{ticket.pk}/"))
        assert "Alan Kay is answering right now." in page.select(".lock-notice")[0].get_text()
        assert not page.select(".lock-notice form")
        assert not soup(agent_client(desk.alan).get(f"/scp/tickets/{ticket.pk}/")).select(".lock-notice")
        Agent.objects.filter(pk=desk.grace.pk).update(isadmin=True)
        assert soup(grace.get(f"/scp/tickets/{ticket.pk}/")).select(".lock-notice form[action$='/lock/break/']")
        Lock.objects.filter(pk=lock.pk).update(expire=now - timedelta(minutes=1))
        assert not soup(grace.get(f"/scp/tickets/{ticket.pk}/")).select(".lock-notice")


class TestSender:
    def address(self, name: str, *, sends: bool = True) -> EmailAddress:
        row = EmailAddress.objects.create(email=f"{name}@acme.test", name=name.title())
        if sends:
            EmailAccount.objects.create(email=row, type="smtp", active=True, host="mail.acme.test", port=25)
        forget_reference_data()
        forget_intake()
        return row

    def test_the_department_or_another_address_with_a_server(self, grace: Client) -> None:
        ticket = open_ticket()
        assert not soup(grace.get(f"/scp/tickets/{ticket.pk}/")).select("#reply_sender")
        sales, _mute = self.address("sales"), self.address("mute", sends=False)
        own = EmailAddress.objects.create(email="desk@acme.test", name="Desk")
        Department.objects.filter(pk=ticket.dept_id or 0).update(email_id=own.pk)
        forget_intake()
        options = soup(grace.get(f"/scp/tickets/{ticket.pk}/")).select("#reply_sender option")
        assert [(one["value"], one.get_text()) for one in options] == [
            ("", "Desk <desk@acme.test>"),
            (str(sales.pk), "Sales <sales@acme.test>"),
        ]
        data = {"body": "Hello", "reply_to": "all"}
        for chosen, expected in (("", own.pk), (str(sales.pk), sales.pk)):
            Effect.objects.all().delete()
            assert grace.post(f"/scp/tickets/{ticket.pk}/reply/", {**data, "sender": chosen}).status_code == 302
            (payload,) = [one.payload for one in Effect.objects.all() if one.payload.get("template") == "ticket.reply"]
            assert payload["sender"] == expected

    def test_no_other(self, grace: Client) -> None:
        ticket = open_ticket()
        mute = self.address("mute", sends=False)
        self.address("sales")
        data = {"body": "Hello", "reply_to": "all", "sender": str(mute.pk)}
        assert grace.post(f"/scp/tickets/{ticket.pk}/reply/", data).status_code == 422


class TestFormat:
    def test_the_editor_sends_html_and_pages_without_script_send_text(self, grace: Client) -> None:
        ticket = open_ticket()
        assert soup(grace.get(f"/scp/tickets/{ticket.pk}/")).select("#reply_body[data-rich-text]")
        for kind in ("reply", "note"):
            data = {"body": "<p>Dear <b>Maria</b>,<script>x</script></p>", "reply_to": "all", "format": "html"}
            assert grace.post(f"/scp/tickets/{ticket.pk}/{kind}/", data).status_code == 302
            assert ThreadEntry.objects.latest("pk").body == "<p>Dear <b>Maria</b>,</p>"
            del data["format"]
            assert grace.post(f"/scp/tickets/{ticket.pk}/{kind}/", data).status_code == 302
            entry = ThreadEntry.objects.latest("pk")
            assert (entry.format, entry.body[:9]) == ("text", "&lt;p&gt;")

    def test_an_empty_editor_is_no_reply(self, grace: Client) -> None:
        ticket = open_ticket()
        data = {"body": "<p><br></p>", "reply_to": "all", "format": "html"}
        assert grace.post(f"/scp/tickets/{ticket.pk}/reply/", data).status_code == 422

    def test_where_nobody_wants_markup(self, grace: Client) -> None:
        set_setting("core", "enable_richtext", "0", Actor.system())
        page = soup(grace.get(f"/scp/tickets/{open_ticket().pk}/"))
        assert page.select("#reply_body")
        assert not page.select("[data-rich-text]")

    def test_a_pasted_image_becomes_a_file_within_the_text(self, grace: Client) -> None:
        ticket = open_ticket()
        picture = base64.b64encode(PIXEL).decode()
        body = f'<p>Look: <img src="data:image/png;base64,{picture}" alt=""></p>'
        grace.post(f"/scp/tickets/{ticket.pk}/reply/", {"body": body, "reply_to": "all", "format": "html"})
        entry = ThreadEntry.objects.get(type="R")
        (row,) = Attachment.objects.filter(type="H", object_id=entry.pk)
        assert row.inline
        assert f"cid:{row.file.key}" in entry.body


class TestQuotation:
    def test_any_entry_is_quoted_with_its_pictures(self, grace: Client, desk: Desk) -> None:
        ticket = busy_ticket(desk)
        entry = ThreadEntry.objects.get(type="M")
        page = soup(grace.get(f"/scp/tickets/{ticket.pk}/"))
        (link,) = page.select(f"#entry-{entry.pk} [data-inserts-answer]")
        answer = grace.get(str(link["data-inserts-answer"])).json()
        assert answer["text"].startswith("Maria Silva wrote:\n> See the picture")
        (image,) = BeautifulSoup(answer["html"], "html.parser").select("blockquote img")
        assert grace.get(str(image["src"])).status_code == 200
        grace.post(f"/scp/tickets/{ticket.pk}/reply/", {"body": answer["html"], "reply_to": "all", "format": "html"})
        reply = ThreadEntry.objects.filter(type="R").latest("pk")
        (row,) = Attachment.objects.filter(type="H", object_id=reply.pk)
        assert (row.inline, f"cid:{row.file.key}" in reply.body) == (True, True)

    def test_entries_of_other_tickets_are_none(self, grace: Client, desk: Desk) -> None:
        ticket, other = open_ticket(), busy_ticket(desk)
        for entry in ThreadEntry.objects.filter(thread__object_id=other.pk):
            assert grace.get(f"/scp/tickets/{ticket.pk}/answers/entry-{entry.pk}/").status_code == 404
        assert grace.get(f"/scp/tickets/{ticket.pk}/answers/entry-x/").status_code == 404

    def test_pictures_of_other_tickets_are_not_taken_along(self, grace: Client, desk: Desk) -> None:
        ticket, other = open_ticket(), busy_ticket(desk)
        secret = Attachment.objects.filter(type="H", inline=True).first()
        assert secret is not None
        body = f'<p>Mine? <img src="cid:{secret.file.key}"></p>'
        grace.post(f"/scp/tickets/{ticket.pk}/reply/", {"body": body, "reply_to": "all", "format": "html"})
        reply = ThreadEntry.objects.get(thread__object_id=ticket.pk, type="R")
        assert not Attachment.objects.filter(type="H", object_id=reply.pk).exists()
        assert other.pk != ticket.pk

"""What programs send and get: answers, keys, addresses, limits (osticket/api.md; the recorded cases show the rest)."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, override_settings

from helpdesk.api.models import ApiKey
from helpdesk.configuration.models import SystemLogEntry
from helpdesk.configuration.services import set_setting
from helpdesk.files.models import Attachment, StoredFile
from helpdesk.files.services import read_file
from helpdesk.forms.models import FormAnswer
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser
from helpdesk.threads.models import ThreadEntry
from tests.api.conftest import KEY, Send, ticket_document
from tests.factories import AgentFactory, HelpTopicFactory
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
XML = "/api/tickets.xml"
MAIL = "/api/tickets.email"


def refused(answer: HttpResponse, status: int) -> str:
    """Check that nothing was made, and give the text."""
    made = (Ticket.objects.count(), ThreadEntry.objects.count(), EndUser.objects.filter(name="Jo Doe").count())
    assert (answer.status_code, made) == (status, (0, 0, 0)), answer.content
    assert answer["Content-Type"] == "text/html; charset=UTF-8"
    text = answer.content.decode()
    assert "Traceback" not in text
    return text


class TestAnswers:
    def test_headers(self, send: Send) -> None:
        answer = send(ticket_document())
        assert (answer.status_code, answer.content.decode()) == (201, Ticket.objects.get().number)
        assert answer["Content-Type"] == "text/html; charset=UTF-8"
        assert answer["Content-Length"] == str(len(answer.content))
        assert answer["Cache-Control"] == "no-store, no-cache, must-revalidate"
        assert not answer.cookies

    def test_pages_of_people_are_not_touched(self, client: Client) -> None:
        assert client.get("/apiary/").status_code == 404
        assert client.get("/").status_code == 200

    def test_a_program_is_never_redirected(self, send: Send) -> None:
        with override_settings(SECURE_SSL_REDIRECT=True):
            assert refused(send(ticket_document()), 400) == "HTTPS Protocol Required"
            assert send(ticket_document(), X_Forwarded_Proto="https").status_code == 201
            assert send(method="GET")["Location"] == "https://testserver/api/tickets.json"

    def test_a_name_of_the_host_that_is_none_gets_no_redirect(self, client: Client) -> None:
        with override_settings(SECURE_SSL_REDIRECT=True, ALLOWED_HOSTS=["desk.test"]):
            assert client.get("/api/tickets.json", headers={"host": "evil.test"}).status_code == 400


class TestKeys:
    def test_another_spelling_of_the_same_address(self, send: Send, api_key: ApiKey) -> None:
        ApiKey.objects.update(ipaddr="2001:0DB8::0001")
        answer = Client().post(
            "/api/tickets.json",
            ticket_document(),
            content_type="application/json",
            headers={"X-API-Key": KEY},
            REMOTE_ADDR="2001:db8::1",
        )
        assert answer.status_code == 201

    @pytest.mark.parametrize("key", ["", " ", "x" * 300, "a\x00b", KEY + "x", "É" * 32, "%", KEY.replace("A", "Á")])
    def test_what_is_no_key(self, send: Send, key: str) -> None:
        assert refused(send(ticket_document(), X_API_Key=key), 401) == "Valid API key required"


class TestAddresses:
    @pytest.mark.parametrize("address", ["foo@bar", "CARL@Example.COM", "a+b.c@x-y.test", "o'neil@x.test"])
    def test_what_is_one(self, send: Send, address: str) -> None:
        assert send(ticket_document(email=address)).status_code == 201

    @pytest.mark.parametrize(
        "address",
        [
            *("", "x", "x@", "@x.test", "x@localhost", "X@LOCALHOST", ".a@x.test", "a.@x.test", "a..b@x.test"),
            *("a b@x.test", "Jo <jo@x.test>", "a@x.test, b@x.test", "ü@x.test", "a@ü.test", "a@-x", "a@x..test"),
            "a\nb@x.test",
        ],
    )
    def test_what_is_none(self, send: Send, address: str) -> None:
        text = refused(send(ticket_document(email=address)), 500)
        assert text == "Unable to create new ticket :user\nIncomplete client information"


class TestSize:
    def test_a_document_that_is_too_large(self, send: Send) -> None:
        with override_settings(API_MAX_BODY=2000):
            assert "at most 2000 bytes" in refused(send(ticket_document(message="x" * 3000)), 413)
            assert send(ticket_document()).status_code == 201

    def test_a_subject_of_ten_megabytes(self, send: Send) -> None:
        assert "too long" in refused(send(ticket_document(subject="x" * 10_000_000)), 500)

    def test_a_message_of_a_megabyte_is_kept_whole(self, send: Send) -> None:
        text = "Zeile äöü\n" * 100_000
        assert send(ticket_document(message=text)).status_code == 201
        entry = ThreadEntry.objects.get()
        attachment = Attachment.objects.get(object_id=entry.pk, type="H")
        assert (entry.body, attachment.inline) == ("", True)
        assert b"".join(read_file(attachment.file)).decode() == text.strip()

    @pytest.mark.parametrize(("name", "status"), [("name", 400), ("ip", 400), ("email", 500)])
    def test_what_no_column_holds(self, send: Send, name: str, status: int) -> None:
        value = f"{'x' * 300}@customer.test" if name == "email" else "x" * 300
        refused(send(ticket_document(**{name: value})), status)


class TestBadJson:
    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b'{"name": "Jo', "Syntax error, malformed JSON"),
            (b'{"name": "Jo"', "Syntax error, malformed JSON"),
            (b'{"a": NaN}', "Syntax error, malformed JSON"),
            (b'{"name": "J\xf6"}', "Malformed UTF-8 characters, possibly incorrectly encoded"),
            (b"[" + b"9" * 5000 + b', "J\xf6"]', "Malformed UTF-8 characters, possibly incorrectly encoded"),
            (b'{"name": "\\ud83d"}', "Malformed UTF-8 characters, possibly incorrectly encoded"),
            (b'{"name": "a\x00b"}', "Unexpected control character found"),
            (b"[" * 100_000, "Maximum stack depth exceeded"),
            (b"{}", "No errors"),
        ],
    )
    def test_what_is_no_document(self, send: Send, body: bytes, reason: str) -> None:
        assert refused(send(body), 400) == reason

    @pytest.mark.parametrize(
        "members",
        [
            {"message": ["a"]},
            {"message": {"a": "b"}},
            {"subject": ["a", "b"]},
            {"source": ["API"]},
            {"attachments": {"a.txt": "data:,x"}},
            {"attachments": ["a.txt"]},
            {"attachments": [{}]},
            {"attachments": [{"a.txt": {"b": 1}}]},
            {"ip": {"a": 1}},
            {"email": ["jo@customer.test"]},
            {"duedate": [1]},
        ],
    )
    def test_wrong_types_are_named(self, send: Send, members: dict[str, Any]) -> None:
        assert next(iter(members)) in refused(send(ticket_document(**members)), 400)

    def test_escaped_nul_is_left_out(self, send: Send) -> None:
        assert (
            send(b'{"name":"J\\u0000o","email":"jo@x.test","subject":"a\\u0000b","message":"c\\u0000d"}').status_code
            == 201
        )
        entry = ThreadEntry.objects.get()
        assert (entry.poster, entry.title, entry.body) == ("Jo", "ab", "cd")

    def test_a_flood_of_names_is_noted_in_some_lines(self, send: Send) -> None:
        assert send(ticket_document(**{f"x{n}": n for n in range(5000)})).status_code == 201
        lines = SystemLogEntry.objects.filter(title="Unexpected Data (400)")
        assert lines.count() == 51
        assert lines.order_by("log_id").last().log.startswith("4950 more names")  # type: ignore[union-attr]


class TestBadXml:
    @pytest.mark.parametrize(
        "body",
        [
            b"<ticket><name>Jo",
            b'<!DOCTYPE t [<!ENTITY a "x">]><ticket><name>&a;</name></ticket>',
            b'<!DOCTYPE t [<!ENTITY a SYSTEM "file:///etc/passwd">]><ticket><name>&a;</name></ticket>',
            b'<!DOCTYPE t SYSTEM "http://127.0.0.1/x.dtd"><ticket/>',
            b"<!DOCTYPE l [" + b'<!ENTITY a "' + b"x" * 50_000 + b'">' + b"]><ticket>" + b"&a;" * 50_000 + b"</ticket>",
            b"<a>" * 100_000,
            b"<ticket>" + b"<a/>" * 200_000 + b"</ticket>",
            b"<ticket>\x00</ticket>",
            b"<ticket>\xff</ticket>",
            b'<?xml version="1.0" encoding="klingon"?><ticket/>',
            b"<ticket a='1' a='2'/>",
            b"\xff\xfe<",
        ],
    )
    def test_what_is_no_document(self, send: Send, body: bytes) -> None:
        text = refused(send(body, XML), 400)
        assert text.startswith("XML error: ")
        assert "root:" not in text

    def test_files(self, send: Send) -> None:
        body = """<ticket name="Jo Doe" email="jo@customer.test" subject="s" message="m"><attachments>
            <file name="a.txt" type="text/plain" encoding="base64">SGVsbG8=</file>
            <file name="b.txt" type="text/plain" encoding="base64">!!</file>
            <file name="c.txt" type="text/plain"></file></attachments></ticket>"""
        assert send(body, XML).status_code == 201
        assert [(a.file.name, b"".join(read_file(a.file))) for a in Attachment.objects.filter(type="H")] == [
            ("a.txt", b"Hello")
        ]
        notes = ThreadEntry.objects.filter(type="N").order_by("id").values_list("title", "body")
        assert list(notes) == [
            ("File Import Error", "b.txt: Unable to save file"),
            ("File Import Error", "c.txt: Unable to save file"),
        ]


class TestFiles:
    def files(self, send: Send, *uris: str) -> list[bytes]:
        answer = send(ticket_document(attachments=[{f"f{n}.txt": uri} for n, uri in enumerate(uris)]))
        assert answer.status_code == 201, answer.content
        return [b"".join(read_file(row.file)) for row in Attachment.objects.filter(type="H").order_by("id")]

    def test_notations(self, send: Send) -> None:
        encoded = base64.b64encode("Käse".encode("iso-8859-1")).decode()
        uris = (
            f"data:text/plain;charset=iso-8859-1;base64,{encoded}",
            "data:,a,b",
            "plain",
            "data:text/csv;charset=utf-8,ä",
        )
        assert self.files(send, *uris) == ["Käse".encode(), b"a,b", b"plain", "ä".encode()]

    def test_too_large_and_forbidden_ones_leave_notes(self, send: Send) -> None:
        set_setting("core", "max_file_size", "5", Actor.system())
        assert self.files(send, "data:,12345", "data:,123456", "data:,") == [b"12345"]
        notes = [entry.body for entry in ThreadEntry.objects.filter(type="N").order_by("id")]
        assert notes == ["f1.txt: File size is too large", "f2.txt: Unable to save file"]

    def test_a_refused_ticket_stores_no_file(self, send: Send) -> None:
        before = StoredFile.objects.count()
        refused(send(ticket_document(subject="", attachments=[{"a.txt": "data:,x"}])), 500)
        assert StoredFile.objects.count() == before


class TestTwice:
    def test_without_key_two_requests_are_two_tickets(self, send: Send) -> None:
        first, second = send(ticket_document()), send(ticket_document())
        assert first.content != second.content
        assert Ticket.objects.count() == 2

    def test_with_a_key_they_are_one(self, send: Send) -> None:
        answers = [send(ticket_document(subject=f"Try {n}"), Idempotency_Key="abc") for n in range(3)]
        assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
        assert (Ticket.objects.count(), Effect.objects.count()) == (1, 1)
        assert send(ticket_document(), Idempotency_Key="abd").content != answers[0].content

    def test_a_key_whose_ticket_was_deleted_is_new(self, send: Send) -> None:
        send(ticket_document(), Idempotency_Key="abc")
        Ticket.objects.all().delete()
        assert send(ticket_document(), Idempotency_Key="abc").status_code == 201
        assert Ticket.objects.count() == 1

    def test_a_refused_request_uses_no_key_up(self, send: Send) -> None:
        assert send(ticket_document(subject=""), Idempotency_Key="abc").status_code == 500
        assert send(ticket_document(), Idempotency_Key="abc").status_code == 201


class TestMail:
    def mail(self, *headers: str, body: str = "Hello") -> str:
        return "\r\n".join([*headers, "", body, ""])

    def test_attachments_and_inline_images(self, send: Send) -> None:
        html = (
            '--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>See <img src="cid:shot@x"></p>\r\n'
            "--b\r\nContent-Type: image/png\r\nContent-ID: <shot@x>\r\nContent-Transfer-Encoding: base64\r\n"
            'Content-Disposition: inline; filename="=?utf-8?q?sh=C3=B6t.png?="\r\n\r\niVBORw0KGgo=\r\n--b--'
        )
        headers = (
            "From: Jo Doe <jo@x.test>",
            "To: help@acme.test",
            "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=",
            "MIME-Version: 1.0",
        )
        answer = send(self.mail(*headers, 'Content-Type: multipart/related; boundary="b"', body=html), MAIL)
        assert answer.status_code == 201, answer.content
        entry, attachment = ThreadEntry.objects.get(), Attachment.objects.get(type="H")
        assert (attachment.inline, attachment.file.name) == (True, "shöt.png")
        assert entry.body == f'<p>See <img src="cid:{attachment.file.key}"></p>\n' or attachment.file.key in entry.body
        assert FormAnswer.objects.get(field_id=20, entry__object_type="T").value == "Grüße"

    def test_an_answer_goes_to_the_ticket_of_the_mail_it_names(self, send: Send) -> None:
        first = send(self.mail("From: Jo <jo@x.test>", "Subject: One", "Message-ID: <one@x.test>"), MAIL)
        reply = ("Subject: Re: One", "In-Reply-To: <one@x.test>")
        again = send(self.mail("From: Jo <jo@x.test>", "Message-ID: <two@x.test>", *reply), MAIL)
        stranger = send(self.mail("From: Eve <eve@x.test>", "Message-ID: <three@x.test>", *reply), MAIL)
        assert first.content == again.content == stranger.content
        entries = list(ThreadEntry.objects.order_by("id").values_list("poster", "body", "flags"))
        assert entries[1] == ("Jo", "Hello", 0)
        assert entries[2] == ("Eve", "Received From: Eve &lt;eve@x.test&gt;\n\nHello", 0x80)

    def test_automatic_answers_are_not_answered(self, send: Send) -> None:
        set_setting("core", "ticket_autoresponder", "1", Actor.system())
        send(self.mail("From: Jo <jo@x.test>", "Subject: a", "Auto-Submitted: auto-replied"), MAIL)
        assert not Effect.objects.filter(payload__template="ticket.autoresp").exists()
        send(self.mail("From: Jo <jo@x.test>", "Subject: b"), MAIL)
        assert Effect.objects.filter(payload__template="ticket.autoresp").exists()

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"\x00\xff\xfe",
            b"garbage",
            b"From: \r\n\r\nx",
            b"From: @@@\r\n\r\nx",
            b"From: =?klingon?q?x?= <>\r\n\r\nx",
            b"Subject: only\r\n\r\nx",
        ],
    )
    def test_mail_of_nobody(self, send: Send, raw: bytes) -> None:
        assert refused(send(raw, MAIL), 500) == "Unable to create new ticket :user\nIncomplete client information"


def test_nobody_stands_in_for_an_agent_team_or_status_that_does_not_exist(send: Send) -> None:
    topic = HelpTopicFactory.new(staff=AgentFactory.new(), status_id=3)
    document = ticket_document(topicId=topic.pk, staffId=4711, teamId="4711", statusId=4711)
    assert send(document).status_code == 201
    ticket = Ticket.objects.get()
    assert (ticket.topic_id, ticket.staff_id, ticket.team_id, ticket.status_id) == (topic.pk, None, None, 1)

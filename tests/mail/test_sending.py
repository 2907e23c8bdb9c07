"""From an effect to a mail on a real SMTP server (osticket/mail.md §6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.services import set_settings
from helpdesk.legacy.crypto import encrypt, hashed_subkey
from helpdesk.legacy.message_ids import find_outgoing_message_ids
from helpdesk.mail.models import EmailAccount, EmailAddress
from helpdesk.mail.outgoing import NewMail, Recipient, RecipientKind, queue_mails
from helpdesk.mail.transport import Encryption, address_of_server
from helpdesk.outbox.delivery import deliver_due
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, EndUser
from helpdesk.threads.bodies import NewFile
from helpdesk.threads.models import EntryEmail, ThreadEntry
from tests.desk import Desk, open_ticket, set_up_desk
from tests.factories import EndUserFactory, collaborate
from tests.mail.sink import Sink, smtp_sink
from tickets.models import Ticket
from tickets.new_ticket import Signature
from tickets.services import post_reply

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def desk(db: None) -> Desk:
    return set_up_desk()


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    found = open_ticket()
    Effect.objects.all().delete()
    return found


@pytest.fixture
def sink() -> Iterator[Sink]:
    with smtp_sink() as running, override_settings(MAIL_SERVER=running.url):
        yield running


def owner_of(ticket: Ticket) -> EndUser:
    assert ticket.user is not None
    return ticket.user


def reply(ticket: Ticket, desk: Desk, **values: Any) -> ThreadEntry:
    given = {"body": "<p>Have you tried <b>again</b>?</p>", **values}
    return post_reply(ticket, actor=Actor.for_agent(desk.grace), **given).entry


def test_a_reply_reaches_owner_and_collaborators_in_one_mail(desk: Desk, ticket: Ticket, sink: Sink) -> None:
    friend = EndUserFactory.new(name="Ann Lee", address="ann@customer.test")
    collaborate(ticket, friend)
    entry = reply(ticket, desk, files=[NewFile("plan.txt", b"Step 1", "text/plain")])
    done = deliver_due()
    assert (done.delivered, done.failed, done.postponed) == (1, 0, 0)
    (message,) = sink.messages
    owner = owner_of(ticket)
    assert owner.default_email is not None
    assert message["To"].addresses[0].addr_spec == owner.default_email.address
    assert message["Cc"].addresses[0].addr_spec == "ann@customer.test"
    assert message["Subject"] == f"Re: The printer is jammed [#{ticket.number}]" or ticket.number in message["Subject"]
    assert "Auto-Submitted" not in message
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert "Have you tried <b>again</b>?" in html.get_content()
    message_id = message["Message-ID"].strip("<>")
    assert f'class="mid-{message_id}"' in html.get_content()
    assert f"Ref-Mid: {message_id}" in text.get_content()
    assert "-- reply above this line --" in text.get_content()
    (found,) = find_outgoing_message_ids(message["Message-ID"])
    assert found.is_genuine(settings.SECRET_SALT)
    assert (found.person_id, found.entry_id, found.thread_id) == (0, entry.pk, entry.thread_id)
    (file,) = message.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("plan.txt", "Step 1")
    effect = Effect.objects.get()
    assert (effect.state, effect.outcome) == (Effect.State.DONE, f"<{message_id}>")


def test_images_in_the_text_come_with_it(desk: Desk, ticket: Ticket, sink: Sink) -> None:
    reply(ticket, desk, body=f'<p>Look: <img src="{PIXEL}"></p>')
    deliver_due()
    (message,) = sink.messages
    related = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert len(related) == 1
    content_id = related[0]["Content-ID"].strip("<>")
    html = message.get_body(("html",))
    assert html is not None
    assert f'src="cid:{content_id}"' in html.get_content()


@pytest.mark.parametrize("wanted", [True, False])
def test_files_go_along_where_the_settings_say_so_and_images_always(
    desk: Desk, ticket: Ticket, sink: Sink, wanted: bool
) -> None:
    set_settings("core", {"email_attachments": str(int(wanted))}, SYSTEM)
    entry = reply(
        ticket, desk, body=f'<p>As planned <img src="{PIXEL}"></p>', files=[NewFile("plan.txt", b"x", "text/plain")]
    )
    assert entry.body.count("cid:") == 1
    deliver_due()
    (message,) = sink.messages
    assert [part.get_filename() for part in message.iter_attachments() if part.get_filename() == "plan.txt"] == (
        ["plan.txt"] if wanted else []
    )
    assert [part.get_content_type() for part in message.walk()].count("image/png") == 1


@pytest.mark.parametrize(
    ("signature", "expected"),
    [(Signature.NONE, []), (Signature.MINE, ["Grace's own"]), (Signature.DEPARTMENT, ["Yours, Support"])],
)
def test_a_reply_is_signed_as_the_agent_chose(
    desk: Desk, ticket: Ticket, sink: Sink, signature: Signature, expected: list[str]
) -> None:
    Agent.objects.filter(pk=desk.grace.pk).update(signature="Grace's own")
    assert ticket.dept_id is not None
    Department.objects.filter(pk=ticket.dept_id).update(signature="Yours, Support", ispublic=True)
    desk.grace.refresh_from_db()
    reply(Ticket.objects.get(pk=ticket.pk), desk, signature=signature)
    deliver_due()
    text = sink.messages[0].get_body(("plain",))
    assert text is not None
    assert [one for one in ("Grace's own", "Yours, Support") if one in text.get_content()] == expected


def test_what_people_write_is_no_markup_of_our_mails(desk: Desk, ticket: Ticket, sink: Sink) -> None:
    EndUser.objects.filter(pk=owner_of(ticket).pk).update(name="<b>Eve</b> %{ticket.number}")
    reply(ticket, desk)
    deliver_due()
    html = sink.messages[0].get_body(("html",))
    assert html is not None
    assert "<b>Eve" not in html.get_content()
    assert "Eve %{ticket.number}" in html.get_content() or "&lt;b&gt;Eve" in html.get_content()


def test_a_subject_cannot_make_headers(desk: Desk, ticket: Ticket, sink: Sink) -> None:
    from tickets.services import post_message

    post_message(ticket, actor=SYSTEM, user=owner_of(ticket), body="<p>x</p>")
    Effect.objects.filter(kind="mail").update(payload={
        "to": [{"kind": "address", "address": "admin@acme.test", "name": "", "id": 0}],
        "subject": "Hello\r\nBcc: everybody@acme.test", "text": "x", "key": "k",
    })  # fmt: skip
    deliver_due()
    for message in sink.messages:
        assert message["Bcc"] is None
        assert message["Subject"] == "Hello Bcc: everybody@acme.test"


def test_references_lead_back_to_the_mail_that_is_answered(desk: Desk, ticket: Ticket, sink: Sink) -> None:
    message_entry = ThreadEntry.objects.filter(thread__object_id=ticket.pk, type="M").latest("pk")
    EntryEmail.objects.create(
        entry=message_entry, mid="<second@customer.test>", headers="Subject: x\nReferences: <first@customer.test>\n"
    )
    reply(ticket, desk)
    deliver_due()
    assert sink.messages[0]["In-Reply-To"] == "<second@customer.test>"
    assert sink.messages[0]["References"] == "<first@customer.test> <second@customer.test>"


@pytest.mark.parametrize("sign", ["\x0b", "\x85", "\u2028"])
def test_a_message_id_that_no_header_can_hold_does_not_keep_answers_back(
    desk: Desk, ticket: Ticket, sink: Sink, sign: str
) -> None:
    """Whatever a sender writes as his Message-ID, he and everybody on the ticket get mail."""
    message_entry = ThreadEntry.objects.filter(thread__object_id=ticket.pk, type="M").latest("pk")
    EntryEmail.objects.create(
        entry=message_entry, mid=f"<a{sign}b@customer.test>", headers="Subject: x\nReferences: <first@customer.test>\n"
    )
    reply(ticket, desk)
    assert deliver_due().delivered
    assert sink.messages[0]["In-Reply-To"] is None
    assert sink.messages[0]["References"] == "<first@customer.test>"


def test_mails_of_filters_are_filled_in_and_cleaned(desk: Desk, ticket: Ticket, sink: Sink) -> None:
    mail = NewMail(
        to=[Recipient(RecipientKind.ADDRESS, "duty@partner.test", "")],
        key="filter 1.0",
        subject="New: %{ticket.subject}",
        html="<p>Look at <b>%{ticket.number}</b><script>alert(1)</script></p>",
        context={"ticket": ticket.pk},
    )
    queue_mails([mail], object_type="T", object_id=ticket.pk, now=timezone.now())
    assert deliver_due().delivered == 1
    (message,) = sink.messages
    assert message["Subject"] == "New: Printer prints blank pages"
    assert message["Auto-Submitted"] == "auto-generated"
    html = message.get_body(("html",))
    assert html is not None
    assert f"<b>{ticket.number}</b>" in html.get_content()
    assert "script" not in html.get_content()


def test_the_same_effect_always_has_the_same_message_id(desk: Desk, ticket: Ticket, sink: Sink) -> None:
    reply(ticket, desk)
    deliver_due()
    over = timezone.now() - timedelta(seconds=1)
    Effect.objects.update(state=Effect.State.RUNNING, lease=over)  # the worker died before it noted that
    deliver_due()
    first, second = (message["Message-ID"] for message in sink.messages)
    assert first == second


def test_a_server_that_refuses_for_good_ends_it_and_one_that_is_busy_does_not(
    desk: Desk, ticket: Ticket, sink: Sink
) -> None:
    owner = owner_of(ticket)
    assert owner.default_email is not None
    reply(ticket, desk)
    sink.answer_to_data = "451 later"
    deliver_due()
    effect = Effect.objects.get()
    assert (effect.state, effect.attempts) == (Effect.State.WAITING, 1)
    assert effect.next_try > timezone.now()
    assert "451" in effect.error
    Effect.objects.update(next_try=timezone.now())
    sink.answers = {owner.default_email.address: "550 nobody here"}
    deliver_due()
    assert Effect.objects.get().state == Effect.State.FAILED
    assert sink.messages == []


def test_without_a_server_mails_wait_and_are_never_given_up(desk: Desk, ticket: Ticket) -> None:
    reply(ticket, desk)
    for _attempt in range(15):
        Effect.objects.update(next_try=timezone.now())
        deliver_due()
    effect = Effect.objects.get()
    assert (effect.state, effect.attempts) == (Effect.State.WAITING, 0)
    assert "No mail server" in effect.error


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_the_account_of_the_sender_is_used_with_its_stored_password(desk: Desk, ticket: Ticket) -> None:
    with smtp_sink(with_sign_in=True) as sink:
        sender = EmailAddress.objects.get(pk=ConfigItem.objects.get(namespace="core", key="default_email_id").value)
        account = EmailAccount.objects.create(
            email=sender, type="smtp", auth_bk="basic", active=True, host="plain://127.0.0.1", port=sink.port,
            protocol="SMTP",
        )  # fmt: skip
        namespace = f"email.{sender.pk}.account.{account.pk}"
        secret = encrypt("pw123", subkey=hashed_subkey("u8", namespace), secret_salt=settings.SECRET_SALT)
        now = timezone.now()
        for key, value in (("username", "u8"), ("passwd", secret)):
            ConfigItem.objects.create(namespace=namespace, key=key, value=value, updated=now)
        reply(ticket, desk)
        assert deliver_due().delivered == 1
        assert sink.logins == [("u8", "pw123")]
        assert sink.messages[0]["From"].addresses[0].addr_spec == sender.email


def test_an_account_that_may_not_spoof_says_who_sends(desk: Desk, ticket: Ticket) -> None:
    with smtp_sink() as sink:
        other = EmailAddress.objects.create(email="relay@acme.test", name="Relay")
        account = EmailAccount.objects.create(
            email=other, type="smtp", auth_bk="none", active=True, host="plain://127.0.0.1", port=sink.port,
            protocol="SMTP",
        )  # fmt: skip
        set_settings("core", {"default_smtp_id": str(account.pk)}, SYSTEM)
        reply(ticket, desk)
        assert deliver_due().delivered == 1
        assert sink.messages[0]["Sender"] == "relay@acme.test"
        assert sink.envelopes[0][0] == "relay@acme.test"


def test_alerts_say_that_a_program_sent_them(desk: Desk, sink: Sink) -> None:
    set_settings("core", {"ticket_alert_active": "1", "ticket_alert_dept_members": "1"}, SYSTEM)
    open_ticket("Another one")
    deliver_due()
    alerts = [message for message in sink.messages if message["Auto-Submitted"] == "auto-generated"]
    assert alerts
    assert all(message["X-Auto-Response-Suppress"] == "OOF, AutoReply" for message in alerts)


def test_an_image_that_every_alert_shows_is_read_once(desk: Desk, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helpdesk.configuration.kept.LONGEST_AGE", 600.0)
    set_settings("core", {"ticket_alert_active": "1", "ticket_alert_dept_members": "1"}, SYSTEM)
    for number in range(3):
        open_ticket(f"Case {number}")
    with CaptureQueriesContext(connection) as queries:
        deliver_due()
    shown = [part for message in sink.messages for part in message.walk() if part.get_content_maintype() == "image"]
    assert len(shown) >= 3
    assert len({part.get_content() for part in shown}) == 1
    read = [one["sql"] for one in queries if "filedata" in one["sql"]]
    assert read
    assert len(read) == len(set(read))


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("ssl://Mail.Acme.Test", 25, ("mail.acme.test", 25, Encryption.TLS)),
        ("tls://mail", 25, ("mail", 25, Encryption.START_TLS)),
        ("plain://mail", 465, ("mail", 465, Encryption.NONE)),
        ("mail", 465, ("mail", 465, Encryption.TLS)),
        ("mail", 587, ("mail", 587, Encryption.START_TLS)),
        ("mail", 25, ("mail", 25, Encryption.NONE)),
    ],
)
def test_prefix_or_port_decide_about_encryption(host: str, port: int, expected: tuple[str, int, Encryption]) -> None:
    assert address_of_server(host, port) == expected

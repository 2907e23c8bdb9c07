"""Mails that come twice, come back, did not arrive, or are answered by programs; and mails as they came."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from helpdesk.configuration.models import SystemLogEntry
from helpdesk.configuration.services import set_settings
from helpdesk.files.models import Attachment, StoredFile
from helpdesk.mail.incoming import read_mail
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.people.models import Department, EndUser
from helpdesk.threads.mails import entries_with_original, original_of, purge_received_mails
from helpdesk.threads.models import EntryEmail, ReceivedMail, ThreadEntry
from tests.factories import AgentFactory, EndUserFactory
from tests.sign_in import sign_in_agent
from tests.tickets.conftest import Desk
from tests.tickets.test_concurrency import at_once
from tests.tickets.test_mail_senders import Scene, scene  # noqa: F401 -- a fixture
from tickets.intake import forget_intake
from tickets.models import Ticket
from tickets.services.deletion import delete_ticket
from tickets.services.incoming_mail import LOOP, receive_mail
from tickets.services.posting import post_reply
from tickets.states import thread_of

SYSTEM = Actor.system()


def raw(
    *more: str, sender: str = "jo@example.test", message_id: str = "<m@example.test>", text: str = "words"
) -> bytes:
    headers = [f"From: {sender}", "To: support@acme.test", "Subject: Re: x", f"Message-ID: {message_id}", *more]
    return "\r\n".join([*headers, "", text]).encode()


def take(mail: bytes) -> Any:
    return receive_mail(read_mail(mail), actor=SYSTEM)


def bounce(returned: str, *, action: str = "failed") -> bytes:
    """Give what a mail server writes about a mail of ours."""
    return f"""From: Mail Delivery System <MAILER-DAEMON@mx.example.test>
To: support@acme.test
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce-{action}@mx.example.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

The mailbox is full.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.test

Final-Recipient: rfc822; jo@example.test
Action: {action}
Status: 5.2.2
--b
Content-Type: text/rfc822-headers

Message-ID: {returned}
From: support@acme.test
--b--
""".replace("\n", "\r\n").encode()


@pytest.mark.django_db
class TestMailsThatDidNotArrive:
    def test_are_noted_for_agents_alone_and_the_ticket_stays_answered(self, scene: Scene) -> None:  # noqa: F811
        set_settings("core", {"note_alert_active": "1", "note_alert_assigned": "1"}, SYSTEM)
        answer = post_reply(scene.ticket, actor=Actor.for_agent(scene.agents["agent"]), body="words").entry
        Effect.objects.all().delete()
        take(bounce(scene.signed("M", entry=answer)))
        note = scene.newest()
        assert (note.type, note.title, note.parent) == ("N", "Not delivered to jo@example.test (5.2.2)", answer)
        assert "The mailbox is full." in note.body
        assert {one.payload["template"] for one in Effect.objects.all()} == {"note.alert"}
        scene.ticket.refresh_from_db()
        assert scene.ticket.isanswered

    def test_say_nothing_to_those_whose_alert_did_not_arrive(self, scene: Scene) -> None:  # noqa: F811
        set_settings("core", {"note_alert_active": "1", "note_alert_assigned": "1"}, SYSTEM)
        Effect.objects.all().delete()
        take(bounce(scene.signed("S", scene.agents["agent"].pk)))
        assert scene.newest().type == "N"
        assert not Effect.objects.exists()

    def test_are_not_given_up_when_they_are_late(self, scene: Scene) -> None:  # noqa: F811
        Effect.objects.all().delete()
        take(bounce(scene.signed("M"), action="delayed"))
        assert scene.newest().title == "Delivery to jo@example.test: 5.2.2"
        assert not Effect.objects.exists()

    def test_of_which_nothing_is_known_open_a_ticket_that_answers_nobody(self, desk: Desk) -> None:
        set_settings(
            "core", {"ticket_autoresponder": "1", "ticket_alert_active": "1", "ticket_alert_admin": "1"}, SYSTEM
        )
        take(bounce("<not-ours@else.test>"))
        assert not Effect.objects.exists()


@pytest.mark.django_db
class TestProgramsThatAnswer:
    def test_one_sender_gets_so_many_automatic_answers_and_no_more(self, desk: Desk, settings: Any) -> None:
        cache.clear()
        settings.AUTOMATIC_ANSWERS_PER_ADDRESS = 3
        set_settings("core", {"ticket_autoresponder": "1"}, SYSTEM)
        for number in range(6):
            take(raw(message_id=f"<{number}@example.test>"))
        assert Effect.objects.filter(key__startswith="ticket.autoresp:").count() == 3
        assert SystemLogEntry.objects.filter(title="Automatic answers stopped").count() == 1
        assert EntryEmail.objects.filter(mid__endswith="@example.test>").count() == 6

    def test_one_ticket_gives_so_many_automatic_answers_and_no_more(self, scene: Scene, settings: Any) -> None:  # noqa: F811
        cache.clear()
        settings.AUTOMATIC_ANSWERS_PER_TICKET = 2
        set_settings("core", {"message_autoresponder": "1"}, SYSTEM)
        Department.objects.filter(pk=scene.desk.department.pk).update(message_auto_response=True)
        forget_intake()
        for number in range(4):
            take(raw(f"In-Reply-To: {scene.signed('M')}", message_id=f"<{number}@example.test>"))
        assert Effect.objects.filter(key__startswith="message.autoresp:").count() == 2
        assert thread_of(scene.ticket).entries.filter(type="M").count() == 5

    @pytest.mark.parametrize("header", ["Auto-Submitted: auto-replied", "Auto-Submitted: =?UTF-8?Q?auto-replied?="])
    def test_are_known_by_headers_that_osticket_encodes_too(self, desk: Desk, header: str) -> None:
        set_settings("core", {"ticket_autoresponder": "1"}, SYSTEM)
        take(raw(header))
        assert not Effect.objects.filter(key__startswith="ticket.autoresp:").exists()

    def test_our_own_mail_that_comes_back_is_a_line_of_the_system_log(self, scene: Scene) -> None:  # noqa: F811
        count = ThreadEntry.objects.count()
        take(raw(message_id=scene.signed("M")))
        assert ThreadEntry.objects.count() == count
        assert SystemLogEntry.objects.get(title=LOOP).log_type == "Error"


@pytest.mark.django_db(transaction=True)
def test_the_same_mail_at_the_same_moment_is_one_entry(desk: Desk) -> None:
    owner = EndUserFactory.new(name="Jo", address="jo@example.test")
    ticket = desk.ticket(user=owner)
    opening, answer = (
        raw(),
        raw(message_id="<answer@example.test>", sender="jo@example.test").replace(
            b"Subject: Re: x", f"Subject: Re: [#{ticket.number}]".encode()
        ),
    )
    for mail in (opening, answer):
        places = at_once(*[partial(take, mail)] * 4)
        assert len({place.pk for place in places}) == 1, places
    mids = list(EntryEmail.objects.values_list("mid", flat=True))
    assert sorted(mids) == ["<answer@example.test>", "<m@example.test>"]
    assert thread_of(ticket).entries.filter(type="M").count() == 2
    assert Ticket.objects.count() == 2


@pytest.mark.django_db
class TestOriginals:
    MAIL = raw(text="what I write\r\n-- reply above this line --\r\nwhat was quoted")

    def take(self) -> ThreadEntry:
        receive_mail(read_mail(self.MAIL, reply_separator="-- reply above this line --"), actor=SYSTEM)
        entry = EntryEmail.objects.get(mid="<m@example.test>").entry
        assert entry is not None
        return entry

    def test_keep_what_an_entry_leaves_out(self, desk: Desk) -> None:
        entry = self.take()
        assert "quoted" not in entry.body
        assert b"".join(original_of(entry.pk) or ()) == self.MAIL

    def test_are_given_to_agents_who_see_the_ticket(self, desk: Desk, client: Client) -> None:
        entry = self.take()
        ticket = Ticket.objects.get()
        agent = AgentFactory.new(dept=ticket.dept)
        sign_in_agent(client, agent)
        address = reverse("agent:entry_original", args=[ticket.pk, entry.pk])
        assert address in client.get(reverse("agent:ticket", args=[ticket.pk])).content.decode()
        answer = client.get(address)
        assert (answer.status_code, answer["Content-Type"]) == (200, "message/rfc822")
        assert answer["Content-Disposition"].startswith("attachment")
        assert b"".join(answer.streaming_content) == self.MAIL  # type: ignore[attr-defined]

    def test_are_no_attachments_and_no_orphans(self, desk: Desk) -> None:
        from helpdesk.files.orphans import delete_orphans

        entry = self.take()
        StoredFile.objects.update(created=timezone.now() - timedelta(days=3))
        delete_orphans(now=timezone.now())
        assert not Attachment.objects.filter(type="H").exists()
        assert entries_with_original([entry.pk]) == {entry.pk}

    def test_go_with_their_ticket(self, desk: Desk) -> None:
        from helpdesk.files.orphans import delete_orphans

        self.take()
        delete_ticket(Ticket.objects.get(), actor=SYSTEM)
        assert not ReceivedMail.objects.exists()
        StoredFile.objects.update(created=timezone.now() - timedelta(days=3))
        delete_orphans(now=timezone.now())
        assert not StoredFile.objects.filter(name__startswith="original").exists()

    def test_go_after_as_many_days_as_the_settings_say(self, desk: Desk) -> None:
        entry = self.take()
        ReceivedMail.objects.update(created=timezone.now() - timedelta(days=31))
        purge_received_mails(now=timezone.now())
        assert entries_with_original([entry.pk]) == {entry.pk}
        purge_received_mails(now=timezone.now(), originals=timedelta(days=30))
        assert entries_with_original([entry.pk]) == set()

    def test_of_what_osticket_deleted_may_come_in_again(self, desk: Desk) -> None:
        entry = self.take()
        for rows in (ThreadEntry.objects.filter(pk=entry.pk), Ticket.objects.all()):
            rows._raw_delete(rows.db)
        receive_mail(read_mail(self.MAIL), actor=SYSTEM)
        again = ThreadEntry.objects.get()
        assert entries_with_original([entry.pk, again.pk]) == {again.pk}

    def test_of_refused_mails_are_let_go(self, desk: Desk) -> None:
        set_settings("core", {"accept_unregistered_email": "0"}, SYSTEM)
        with pytest.raises(Exception, match="authorized"):
            take(self.MAIL)
        StoredFile.objects.update(created=timezone.now() - timedelta(days=3))
        assert purge_received_mails(now=timezone.now()) == 1
        assert not StoredFile.objects.filter(ft="M").exists()


@pytest.mark.django_db
def test_images_that_only_the_quotation_shows_are_left_to_the_original(desk: Desk) -> None:
    picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    part = "--b\r\nContent-Type: image/png\r\nContent-ID: <{0}>\r\nContent-Disposition: inline; filename={0}.png\r\n"
    part += f"Content-Transfer-Encoding: base64\r\n\r\n{picture}\r\n"
    html = '<p>new <img src="cid:mine"></p>-- reply above this line --<p><img src="cid:theirs"></p>'
    text = f"--b\r\nContent-Type: text/html\r\n\r\n{html}\r\n{part.format('mine')}{part.format('theirs')}--b--"
    mail = raw("MIME-Version: 1.0", "Content-Type: multipart/related; boundary=b", text=text)
    receive_mail(read_mail(mail, reply_separator="-- reply above this line --"), actor=SYSTEM)
    files = [
        one.file.name for one in Attachment.objects.filter(type="H").select_related("file") if one.file is not None
    ]
    assert files == ["mine.png"]


@pytest.mark.django_db
def test_nobody_becomes_a_user_by_a_mail_that_is_noted(scene: Scene) -> None:  # noqa: F811
    before = EndUser.objects.count()
    take(bounce(scene.signed("M")))
    assert EndUser.objects.count() == before

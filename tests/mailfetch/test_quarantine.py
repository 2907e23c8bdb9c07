"""Mails that could not be used: kept whole, shown, tried again, discarded."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import override_settings
from django.utils import timezone

from helpdesk.legacy.errors import Conflict
from helpdesk.threads.constants import ObjectType
from mailfetch import posting, quarantine, taking
from mailfetch.fetching import fetch_mailbox
from mailfetch.models import QuarantinedMail
from mailfetch.places import Place
from tests.mailfetch.dovecot import User
from tests.mailfetch.making import UNUSABLE, again, entries_of, mail, mailbox_of
from tickets.models import Ticket
from tickets.registries import MailPlace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fetching")]


def kept(raw: bytes) -> QuarantinedMail:
    """Set a mail aside."""
    return quarantine.keep(raw, Place(1), mailbox="support@acme.test", reason="broken", explanation="It broke.")


def test_the_bytes_are_kept_whatever_they_are_and_however_many() -> None:
    raw = b"Subject: \xff\x00\r\n\r\n" + bytes(range(256)) * 6000
    assert quarantine.raw_of(kept(raw)) == raw


def test_the_source_holds_nothing_that_controls_a_terminal() -> None:
    shown = quarantine.beginning_of(kept(b"Subject: \x1b[2Jx\r\n\r\n\x07\x00\xe2\x80\xae<script>"), 1000)
    assert shown == "Subject: \ufffd[2Jx\n\n\ufffd\ufffd\ufffd<script>"


def test_an_error_of_the_program_sets_one_mail_aside_and_the_others_are_taken(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = posting.post_in_turn

    def broken(incoming: object, **options: bool) -> MailPlace:
        if "Case 2" in str(incoming):
            raise ZeroDivisionError("a fault")
        return post(incoming, **options)  # type: ignore[arg-type]

    user.receive(mail(1), mail(2), mail(3))
    with monkeypatch.context() as patch:
        patch.setattr(taking, "post_in_turn", broken)
        result = fetch_mailbox(mailbox_of(user, postfetch="delete"))
    assert (result.posted, result.aside, user.subjects()) == (2, 1, [])
    aside = QuarantinedMail.objects.get()
    assert (aside.reason, aside.explanation) == ("broken", "ZeroDivisionError: a fault")
    done = quarantine.retry(aside.pk, now=timezone.now())
    assert (done.state, entries_of(2)) == (QuarantinedMail.State.POSTED, 1)
    assert (done.place_type, done.place_id) == (ObjectType.TICKET, Ticket.objects.latest("pk").pk)
    with pytest.raises(Conflict):
        quarantine.retry(aside.pk, now=timezone.now())


def test_a_database_that_does_not_answer_is_no_fault_of_the_mail(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object, **_options: object) -> None:
        raise OperationalError("gone away")

    user.receive(mail(1))
    account = mailbox_of(user, postfetch="delete")
    with monkeypatch.context() as patch:
        patch.setattr(taking, "post_in_turn", broken)
        assert fetch_mailbox(account).failure
    assert not QuarantinedMail.objects.exists()
    assert user.subjects() == ["Case 1"]
    assert fetch_mailbox(again(account)).posted == 1


def test_a_mail_that_cannot_be_used_stays_with_the_new_reason() -> None:
    aside = quarantine.retry(kept(UNUSABLE).pk, now=timezone.now())
    assert (aside.state, aside.attempts) == (QuarantinedMail.State.KEPT, 2)
    assert aside.reason != "broken"
    assert aside.explanation == "email: This field is required"


def test_what_was_discarded_can_be_posted_for_some_time_then_it_goes() -> None:
    now = timezone.now()
    first, second, third = kept(mail(1)), kept(mail(2)), kept(mail(3))
    assert quarantine.discard([first.pk, second.pk], now=now) == 2
    assert quarantine.retry(first.pk, now=now).state == QuarantinedMail.State.POSTED
    assert quarantine.purge(now=now + timedelta(days=89)) == 0
    assert quarantine.purge(now=now + timedelta(days=91)) == 2
    assert QuarantinedMail.objects.get() == third


@pytest.mark.parametrize("protocol", ["IMAP", "POP"])
def test_a_mail_that_was_too_large_is_fetched_again_when_the_limit_allows_it(user: User, protocol: str) -> None:
    user.receive(mail(1, "some text\r\n" * 10_000), mail(2))
    account = mailbox_of(user, protocol=protocol)
    with override_settings(MAIL_LARGEST=70_000):
        fetch_mailbox(account)
    quarantine.retry(QuarantinedMail.objects.get().pk, now=timezone.now())
    assert fetch_mailbox(again(account)).posted == 1
    assert (entries_of(1), entries_of(2)) == (1, 1)
    assert fetch_mailbox(again(account)).total == 0

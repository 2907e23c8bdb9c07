"""From a mailbox of a real server into tickets: IMAP and POP3, encryption, what happens to the mails afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from filters.ban_list import ban
from helpdesk.mail.models import EmailAccount
from helpdesk.people.actor import Actor
from helpdesk.threads.models import EntryEmail
from mailfetch.fetching import fetch_mailbox
from mailfetch.models import KnownMail, Mailbox, QuarantinedMail
from mailfetch.rounds import fetch_due
from tests.mailfetch.dovecot import FOREIGN_PASSWORD, FOREIGN_USER, Dovecot, User
from tests.mailfetch.making import UNUSABLE, again, entries_of, mail, mailbox_of
from tickets.models import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fetching")]


@pytest.mark.parametrize("protocol", ["IMAP", "POP"])
def test_mails_become_tickets_once_whatever_stays_in_the_mailbox(user: User, protocol: str) -> None:
    account = mailbox_of(user, protocol=protocol)
    user.receive(mail(1), mail(2), mail(3))
    assert fetch_mailbox(account).posted == 3
    assert fetch_mailbox(again(account)).total == 0
    assert [entries_of(number) for number in (1, 2, 3)] == [1, 1, 1]
    assert user.subjects() == ["Case 1", "Case 2", "Case 3"]
    user.receive(mail(4))
    assert fetch_mailbox(again(account)).posted == 1


def test_mails_come_in_the_order_of_the_mailbox(user: User) -> None:
    user.receive(mail(1), mail(2), mail(3))
    fetch_mailbox(mailbox_of(user, fetchmax=1))
    assert list(EntryEmail.objects.order_by("id").values_list("mid", flat=True)) == [
        f"<case-{number}@example.org>" for number in (1, 2, 3)
    ]


@pytest.mark.once
@pytest.mark.parametrize(
    ("protocol", "host"),
    [("IMAP", "ssl://localhost"), ("IMAP", "tls://localhost"), ("POP", "ssl://localhost"), ("POP", "tls://localhost")],
)
def test_connections_are_encrypted_as_the_account_says(user: User, protocol: str, host: str) -> None:
    ports = {
        ("IMAP", "ssl"): user.server.imaps,
        ("IMAP", "tls"): user.server.imap,
        ("POP", "ssl"): user.server.pop3s,
        ("POP", "tls"): user.server.pop3,
    }
    user.receive(mail(1))
    account = mailbox_of(user, protocol=protocol, host=host, port=ports[protocol, host[:3]])
    assert fetch_mailbox(account).posted == 1


def test_a_certificate_that_nobody_vouches_for_is_refused_unless_an_administrator_does(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    user.receive(mail(1))
    account = mailbox_of(user, host="ssl://localhost", port=user.server.imaps)
    assert "CERTIFICATE_VERIFY_FAILED" in fetch_mailbox(account).failure
    with override_settings(MAIL_UNVERIFIED_HOSTS=["localhost"]):
        assert fetch_mailbox(again(account)).posted == 1


@pytest.mark.parametrize("protocol", ["IMAP", "POP"])
def test_a_user_name_and_password_outside_ascii_open_the_mailbox(dovecot: Dovecot, protocol: str) -> None:
    foreign = User(dovecot, FOREIGN_USER)
    account = mailbox_of(foreign, protocol=protocol, password=FOREIGN_PASSWORD, address="foreign@acme.test")
    assert fetch_mailbox(account).failure == ""
    account = mailbox_of(foreign, protocol=protocol, password=f"{FOREIGN_PASSWORD}!", address="wrong@acme.test")
    assert "cannot login, user or password wrong" in fetch_mailbox(account).failure


def test_taken_mails_are_marked_as_read(user: User) -> None:
    user.receive(mail(1))
    fetch_mailbox(mailbox_of(user))
    assert b"\\Seen" in user.listing()[0][1]


@pytest.mark.parametrize("protocol", ["IMAP", "POP"])
def test_taken_mails_are_deleted(user: User, protocol: str) -> None:
    account = mailbox_of(user, protocol=protocol, postfetch="delete")
    user.receive(mail(1), UNUSABLE, mail(2))
    result = fetch_mailbox(account)
    assert (result.posted, result.aside) == (2, 1)
    assert user.subjects() == []
    assert not KnownMail.objects.exists()
    assert QuarantinedMail.objects.get().subject == "From nobody"


def test_taken_mails_are_moved_to_the_archive_which_is_made_when_it_is_missing(user: User) -> None:
    account = mailbox_of(user, postfetch="archive", archivefolder="Done")
    user.receive(mail(1), mail(2))
    assert fetch_mailbox(account).failure == ""
    assert (user.subjects(), user.subjects("Done")) == ([], ["Case 1", "Case 2"])


def test_an_archive_that_cannot_be_is_reported_and_mails_are_taken_all_the_same(user: User) -> None:
    account = mailbox_of(user, postfetch="archive", archivefolder="a/../b")
    user.receive(mail(1), mail(2))
    result = fetch_mailbox(account)
    assert result.posted == 2
    assert "cannot move mails" in result.failure
    EmailAccount.objects.filter(pk=account.pk).update(archivefolder="Done")
    assert fetch_mailbox(again(account)).total == 0
    assert (user.subjects(), user.subjects("Done")) == ([], ["Case 1", "Case 2"])


def test_another_folder_is_fetched(user: User) -> None:
    user.receive(mail(1), folder="Hilfe für alle")
    user.receive(mail(2))
    assert fetch_mailbox(mailbox_of(user, folder="Hilfe für alle")).posted == 1
    assert (entries_of(1), entries_of(2)) == (1, 0)


def test_what_others_read_long_ago_is_no_new_ticket_where_mails_stay_in_the_mailbox(user: User) -> None:
    user.receive(mail(1), flags=[b"\\Seen"])
    user.receive(mail(2))
    account = mailbox_of(user)
    fetch_mailbox(account)
    assert (entries_of(1), entries_of(2)) == (0, 1)
    user.receive(mail(3), flags=[b"\\Seen"])  # somebody was faster than the fetcher
    with user.session() as client:
        client.select_folder("INBOX")
        client.remove_flags(client.search(), [b"\\Seen"])
    fetch_mailbox(again(account))
    assert (entries_of(1), entries_of(3)) == (0, 1)


def test_a_mailbox_that_php_has_fetched_goes_on_where_php_stopped(user: User) -> None:
    user.receive(mail(1), mail(2), flags=[b"\\Seen"])
    account = mailbox_of(user, last_activity=timezone.now() - timedelta(hours=1))
    assert fetch_mailbox(account).posted == 2  # known mails of PHP's would be recognised by their Message-ID


def test_a_mailbox_made_anew_gives_no_second_entries(user: User) -> None:
    account = mailbox_of(user)
    user.receive(mail(1))
    fetch_mailbox(account)
    Mailbox.objects.filter(pk=account.pk).update(validity=1)
    user.receive(mail(2))
    fetch_mailbox(again(account))
    assert (entries_of(1), entries_of(2)) == (1, 1)


def test_a_mail_in_two_mailboxes_is_one_entry(user: User) -> None:
    other = user.server.new_user()
    for one in (user, other):
        one.receive(mail(1))
        assert fetch_mailbox(mailbox_of(one)).posted == 1
    assert Ticket.objects.count() == 1


def test_a_denied_mail_is_dealt_with_and_its_message_id_kept(user: User) -> None:
    ban("jane@example.org", actor=Actor.system("tests"))
    user.receive(mail(1))
    assert fetch_mailbox(mailbox_of(user, postfetch="delete")).denied == 1
    assert user.subjects() == []
    assert EntryEmail.objects.filter(mid="<case-1@example.org>", entry_id=0).exists()


@pytest.mark.parametrize("protocol", ["IMAP", "POP"])
def test_a_mail_that_is_too_large_stays_where_it_is_and_is_told_of(user: User, protocol: str) -> None:
    account = mailbox_of(user, protocol=protocol, postfetch="delete")
    user.receive(mail(1, "x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 2000), mail(2))
    with override_settings(MAIL_LARGEST=100_000):
        result = fetch_mailbox(account)
        assert (result.posted, result.aside) == (1, 1)
        assert fetch_mailbox(again(account)).total == 0
    assert user.subjects() == ["Case 1"]
    kept = QuarantinedMail.objects.get()
    assert (kept.reason, kept.subject, kept.is_whole) == ("too_large", "Case 1", False)
    assert kept.size > 140_000


def test_lines_beyond_every_limit_are_fetched_over_pop3(user: User) -> None:
    user.receive(mail(1, "a" * 50_000))
    assert fetch_mailbox(mailbox_of(user, protocol="POP")).posted == 1


def test_a_round_fetches_what_is_due_and_only_while_fetching_is_switched_on(user: User) -> None:
    account = mailbox_of(user, fetchfreq=5)
    user.receive(mail(1))
    assert fetch_due().mails == 1
    user.receive(mail(2))
    assert fetch_due().mailboxes == 0  # five minutes have not passed
    EmailAccount.objects.filter(pk=account.pk).update(last_activity=timezone.now() - timedelta(minutes=6))
    assert fetch_due().mails == 1

"""Mailboxes that fail: what is noted, when they are tried again, who hears of it, and that they recover."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from helpdesk.configuration.models import SystemLogEntry
from helpdesk.health.registry import Level
from helpdesk.health.selectors import examine
from helpdesk.mail.models import EmailAccount
from helpdesk.outbox.models import Effect
from mailfetch.failures import note_failure, pause_after, resume
from mailfetch.fetching import fetch_mailbox
from mailfetch.models import KnownMail, Mailbox
from mailfetch.selectors import due_accounts
from tests.mailfetch.dovecot import User
from tests.mailfetch.making import (
    again,
    entries_of,
    mail,
    mailbox_of,
    new_account,
    port_of_nobody,
    server_that,
    vanishing_after,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fetching")]


@pytest.fixture
def account(db: None) -> EmailAccount:
    """Give an account that needs no server."""
    return new_account("jane", 143, "IMAP", "plain://127.0.0.1", "secret", "box@acme.test", {"last_activity": _ago(60)})


def _ago(minutes: int) -> object:
    return timezone.now() - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("protocol", "said"),
    [("IMAP", "[AUTHENTICATIONFAILED] Authentication failed."), ("POP", "-ERR [AUTH] Authentication failed.")],
)
def test_a_refused_password_is_said_where_osticket_says_it(user: User, protocol: str, said: str) -> None:
    account = mailbox_of(user, protocol=protocol, password="wrong")
    assert fetch_mailbox(account).failure == f"cannot login, user or password wrong; error = {said}"
    stored = again(account)
    assert stored.num_errors == 1
    assert (stored.last_error_msg or "").startswith("cannot login, user or password wrong")
    assert "wrong" not in (stored.last_error_msg or "").removeprefix("cannot login, user or password wrong")


def test_a_folder_that_does_not_exist_is_said(user: User) -> None:
    failure = fetch_mailbox(mailbox_of(user, folder="Nowhere")).failure
    assert failure.startswith("cannot change folder, maybe it does not exist")


def test_nobody_at_home_is_said(user: User) -> None:
    with port_of_nobody() as port:
        assert fetch_mailbox(mailbox_of(user, port=port)).failure.startswith("cannot connect to host")


def test_missing_credentials_are_said(user: User) -> None:
    account = mailbox_of(user)
    EmailAccount.objects.filter(pk=account.pk).update(auth_bk="oauth2:none")
    assert fetch_mailbox(again(account)).failure.startswith("Credentials: ")


@pytest.mark.parametrize("protocol", ["IMAP", "POP"])
@pytest.mark.parametrize("action", ["nothing", "delete"])
def test_a_server_that_vanishes_at_any_moment_costs_no_mail_and_gives_none_twice(
    user: User, protocol: str, action: str
) -> None:
    mails = [mail(number, "text " * 200) for number in range(4)]
    account = mailbox_of(user, protocol=protocol, postfetch=action, fetchmax=2)
    user.receive(*mails)
    port = account.port
    for size in range(100, 6200, 700):
        with vanishing_after(port, size) as broken:
            EmailAccount.objects.filter(pk=account.pk).update(port=broken)
            fetch_mailbox(again(account))
    EmailAccount.objects.filter(pk=account.pk).update(port=port)
    assert fetch_mailbox(again(account)).failure == ""
    assert [entries_of(number) for number in range(4)] == [1, 1, 1, 1]
    assert len(user.subjects()) == (0 if action == "delete" else 4)
    stored = again(account)
    assert (stored.num_errors, stored.last_error, stored.last_error_msg) == (0, None, None)
    if protocol == "IMAP" or action == "delete":
        assert not KnownMail.objects.exists()


def _nothing(connection: socket.socket) -> None:
    connection.recv(10)


def _noise(connection: socket.socket) -> None:
    connection.sendall(bytes(range(256)) * 40 + b"\r\n")
    connection.recv(1000)


def _endless_line(connection: socket.socket) -> None:
    for _piece in range(400):
        connection.sendall(b"* OK " + b"x" * 8192)


def _imap(answer: bytes) -> Callable[[socket.socket], None]:
    """Speak IMAP up to the SELECT, which holds one mail, and answer everything after it like this."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(b"* OK [CAPABILITY IMAP4rev1] hello\r\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                tag, command = line.split(maxsplit=2)[:2]
                if command.upper() == b"SELECT":
                    connection.sendall(b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 2] x\r\n")
                elif b"SEARCH" in line:
                    connection.sendall(b"* SEARCH 1\r\n")
                elif b"SIZE" in line:
                    connection.sendall(b"* 1 FETCH (UID 1 RFC822.SIZE 100)\r\n")
                elif b"FETCH" in line:
                    connection.sendall(answer)
                    if b"{" in answer:
                        return
                connection.sendall(tag + b" OK done\r\n")

    return talk


@pytest.mark.once
@pytest.mark.parametrize(
    ("protocol", "talk"),
    [
        ("IMAP", _nothing),
        ("IMAP", _noise),
        ("IMAP", _endless_line),
        ("IMAP", _imap(b"* 1 FETCH (UID one BODY[] {abc}\r\n")),
        ("IMAP", _imap(b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\nx")),
        ("IMAP", _imap(b"* 1 FETCH (UID 1 BODY[] {100}\r\nmuch less")),
        ("IMAP", _imap(b"* 1 FETCH ((((((((\r\n")),
        ("IMAP", _imap(b"\xff\xfe\x00\r\n")),
        ("POP", _nothing),
        ("POP", _noise),
        ("POP", _endless_line),
    ],
    ids=["silent", "noise", "endless-line", "no-number", "huge", "cut-off", "brackets", "bytes", *"abc"],
)
def test_garbage_is_a_failure_with_a_clear_status(
    user: User, talk: Callable[[socket.socket], None], protocol: str
) -> None:
    with server_that(talk) as port:
        account = mailbox_of(user, protocol=protocol, port=port)
        assert fetch_mailbox(account).failure
    mailbox = Mailbox.objects.get(pk=account.pk)
    assert (mailbox.failures, mailbox.holder, mailbox.last_uid) == (1, "", 0)
    user.receive(mail(1))
    EmailAccount.objects.filter(pk=account.pk).update(port=mailbox_port(user, protocol))
    assert fetch_mailbox(again(account)).posted == 1


def mailbox_port(user: User, protocol: str) -> int:
    """Give the port of the real server."""
    return user.server.pop3 if protocol == "POP" else user.server.imap


def test_pauses_double_up_to_an_hour() -> None:
    assert [pause_after(count) // timedelta(minutes=1) for count in (1, 2, 3, 6, 7, 8, 500)] == [
        1,
        2,
        4,
        32,
        60,
        60,
        60,
    ]


def test_a_failing_mailbox_rests_and_is_due_again(account: EmailAccount) -> None:
    now = timezone.now()
    assert [one.pk for one in due_accounts(now=now)] == [account.pk]
    for _time in range(6):
        note_failure(again(account), "cannot connect to host", now=now)
    assert due_accounts(now=now + timedelta(minutes=31)) == []
    assert [one.pk for one in due_accounts(now=now + timedelta(minutes=33))] == [account.pk]


def test_an_account_that_was_saved_is_due_at_once(account: EmailAccount) -> None:
    note_failure(account, "cannot connect to host", now=timezone.now())
    EmailAccount.objects.filter(pk=account.pk).update(last_activity=None, num_errors=0)  # as osTicket saves it
    assert due_accounts(now=timezone.now())


def test_the_administrator_hears_of_it_once(account: EmailAccount) -> None:
    Effect.objects.all().delete()
    for _time in range(8):
        note_failure(again(account), "cannot connect to host", now=timezone.now())
    alert = Effect.objects.get()
    assert alert.payload["subject"] == "Mail Fetch Failure Alert"
    assert "box@acme.test" in alert.payload["text"]
    assert SystemLogEntry.objects.filter(title="Mail Fetch Failure Alert").count() == 1


@override_settings(MAIL_FETCH_STOP_FAILURES=3)
def test_after_too_many_failures_it_is_stopped_until_it_is_resumed(account: EmailAccount) -> None:
    now = timezone.now()
    for _time in range(3):
        note_failure(again(account), "cannot connect to host", now=now)
    assert due_accounts(now=now + timedelta(days=400)) == []
    assert Level.FAILURE in [line.level for line in examine(now=now, names=["mailboxes"]).lines]
    assert again(account).active  # osTicket's own column stays as it is
    resume(account.pk)
    assert due_accounts(now=now)
    assert Mailbox.objects.get().failures == 0


@override_settings(MAIL_FETCH_STOP_FAILURES=0, MAIL_FETCH_STOP_DAYS=2)
def test_after_days_of_failures_it_is_stopped(account: EmailAccount) -> None:
    now = timezone.now()
    note_failure(account, "cannot connect to host", now=now)
    note_failure(again(account), "cannot connect to host", now=now + timedelta(hours=47))
    assert Mailbox.objects.get().stopped is None
    note_failure(again(account), "cannot connect to host", now=now + timedelta(hours=49))
    assert Mailbox.objects.get().stopped is not None


def test_osticket_keeps_a_mailbox_away_from_us_and_we_from_it(account: EmailAccount) -> None:
    EmailAccount.objects.filter(pk=account.pk).update(last_activity=timezone.now())  # PHP has begun to fetch it
    assert due_accounts(now=timezone.now()) == []
    assert fetch_mailbox(account).busy  # it was due when we looked

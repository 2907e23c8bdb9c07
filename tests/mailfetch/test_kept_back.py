"""Mails that a server lists and does not deliver: they stay there, are named, and hold up no other; none is lost."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from django.test import override_settings
from django.utils import timezone

from helpdesk.mail.models import EmailAccount
from mailfetch.fetching import PATIENT_ROUNDS, Fetched, fetch_mailbox
from mailfetch.models import KnownMail, Mailbox, QuarantinedMail
from mailfetch.quarantine import retry
from tests.mailfetch.making import again, entries_of, mail, new_account, server_that

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fetching"), pytest.mark.once]
State = KnownMail.State


@dataclass
class Box:
    """A mailbox of mails by number, and what its server does with some of them."""

    mails: dict[int, bytes]
    refused: set[int] = field(default_factory=set)
    left_out: set[int] = field(default_factory=set)
    emptied: set[int] = field(default_factory=set)
    without_size: set[int] = field(default_factory=set)
    gone: set[int] = field(default_factory=set)
    """Listed at first, deleted by somebody else before they are fetched."""
    has_top: bool = True
    deleted: set[int] = field(default_factory=set)


def _numbers(named: str, highest: int) -> set[int]:
    """Give the UIDs of `3`, `1,2`, `1:3` or `1:*`."""
    if ":" not in named:
        return {int(one) for one in named.split(",")}
    first, last = named.split(":")
    return set(range(int(first), (highest if last == "*" else int(last)) + 1))


@dataclass
class Imap:
    """An IMAP server with such a mailbox."""

    box: Box
    protocol: str = "IMAP"
    has_listed: bool = False

    def __call__(self, connection: socket.socket) -> None:
        """Talk to a client."""
        self.has_listed = False
        connection.sendall(b"* OK [CAPABILITY IMAP4rev1 UIDPLUS] hello\r\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                tag, _blank, command = line.decode().strip().partition(" ")
                answer, is_refused = self._answer(command)
                connection.sendall(answer + tag.encode() + (b" NO no such luck\r\n" if is_refused else b" OK done\r\n"))

    def _answer(self, command: str) -> tuple[bytes, bool]:
        box = self.box
        if command == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1 UIDPLUS\r\n", False
        if command == "LOGOUT":
            return b"* BYE\r\n", False
        if command.upper().startswith("SELECT"):
            following = max(box.mails) + 1
            return b"* %d EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT %d] x\r\n" % (
                len(box.mails),
                following,
            ), False
        if command.startswith("UID SEARCH"):
            named = _numbers(command.split()[3], max(box.mails))
            hidden = box.deleted | (box.gone if self.has_listed else set())
            found = [uid for uid in box.mails if uid in named and uid not in hidden]
            self.has_listed = True
            return f"* SEARCH {' '.join(map(str, found))}\r\n".encode(), False
        if command.startswith("UID FETCH"):
            wanted = [int(one) for one in command.split()[2].split(",")]
            return self._fetched([uid for uid in wanted if uid not in box.gone | box.deleted], command)
        if "\\Deleted" in command:
            box.deleted |= {int(one) for one in command.split()[2].split(",")}
        return b"", False

    def _fetched(self, uids: list[int], command: str) -> tuple[bytes, bool]:
        box, answer = self.box, b""
        for uid in uids:
            raw = box.mails[uid]
            if "SIZE" in command:
                answer += (
                    b"" if uid in box.without_size else b"* %d FETCH (UID %d RFC822.SIZE %d)\r\n" % (uid, uid, len(raw))
                )
                continue
            if uid in box.refused:
                return answer, True
            is_part = "<0." in command
            raw = b"" if uid in box.emptied and not is_part else raw
            if is_part or uid not in box.left_out:
                name = b"BODY[]<0>" if is_part else b"BODY[]"
                answer += b"* %d FETCH (UID %d %s {%d}\r\n%s)\r\n" % (uid, uid, name, len(raw), raw)
        return answer, False


@dataclass
class Pop3:
    """A POP3 server with such a mailbox."""

    box: Box
    protocol: str = "POP"

    def __call__(self, connection: socket.socket) -> None:
        """Talk to a client; what it deletes goes at its QUIT."""
        marked: set[int] = set()
        connection.sendall(b"+OK hello\r\n")
        with connection.makefile("rb") as lines:
            for line in lines:
                word, *numbers = line.decode().split()
                number = int(numbers[0]) if numbers and numbers[0].isdigit() else 0
                if word == "DELE":
                    marked.add(number)
                if word == "QUIT":
                    self.box.deleted |= marked
                connection.sendall(self._answer(word, number))

    def _answer(self, word: str, number: int) -> bytes:
        there = {uid: raw for uid, raw in self.box.mails.items() if uid not in self.box.deleted}
        if word == "LIST":
            return b"+OK\r\n" + b"".join(b"%d %d\r\n" % (uid, len(raw)) for uid, raw in there.items()) + b".\r\n"
        if word == "UIDL":
            return b"+OK\r\n" + b"".join(b"%d mail-%d\r\n" % (uid, uid) for uid in there) + b".\r\n"
        if (word == "RETR" and number in self.box.refused) or (word == "TOP" and not self.box.has_top):
            return b"-ERR no such luck\r\n"
        if word in {"RETR", "TOP"}:
            return b"+OK\r\n" + (b"" if number in self.box.emptied else there[number]) + b".\r\n"
        return b"+OK\r\n"


Server = type[Imap] | type[Pop3]


@contextmanager
def account_at(server: Imap | Pop3, *, postfetch: str = "delete") -> Iterator[EmailAccount]:
    """Run a server; gives an account that fetches from it."""
    with server_that(server) as port:
        columns = {"postfetch": postfetch, "fetchmax": 10}
        yield new_account("jane", port, server.protocol, "plain://127.0.0.1", "secret", "box@acme.test", columns)


def mails(count: int) -> dict[int, bytes]:
    return {number: mail(number) for number in range(1, count + 1)}


def fetch(account: EmailAccount) -> Fetched:
    return fetch_mailbox(again(account))


def check_second_is_left(box: Box, result: Fetched, *, subject: str = "Case 2") -> None:
    """All mails but the second are in tickets and gone from the server; the second is there still, and named."""
    assert (result.failure, result.posted, result.aside) == ("", 2, 1)
    assert [entries_of(number) for number in (1, 2, 3)] == [1, 0, 1]
    assert box.deleted == {1, 3}
    kept = QuarantinedMail.objects.get()
    assert (kept.reason, kept.is_whole, kept.subject) == ("not_delivered", False, subject)
    assert "still in the mailbox" in kept.explanation
    assert [one.state for one in KnownMail.objects.exclude(state=State.TAKEN)] == [State.LEFT]


@pytest.mark.parametrize("postfetch", ["delete", "nothing"])
@pytest.mark.parametrize("fault", ["left_out", "emptied", "without_size"])
def test_a_mail_that_imap_does_not_deliver_is_set_aside_and_stays(fault: str, postfetch: str) -> None:
    box = Box(mails(3))
    setattr(box, fault, {2})
    with account_at(Imap(box), postfetch=postfetch) as account:
        result = fetch(account)
        if postfetch == "delete":
            check_second_is_left(box, result)
        assert [entries_of(number) for number in (1, 2, 3)] == [1, 0, 1]
        assert fetch(account).total == 0  # it is named once
        assert Mailbox.objects.get().last_uid == 3
        getattr(box, fault).clear()
        retry(QuarantinedMail.objects.get().pk, now=timezone.now())
        assert fetch(account).posted == 1
    assert entries_of(2) == 1
    assert box.deleted == ({1, 2, 3} if postfetch == "delete" else set())


def test_a_mail_that_was_deleted_meanwhile_is_gone_and_nobody_hears_of_it() -> None:
    box = Box(mails(3), gone={2})
    with account_at(Imap(box)) as account:
        result = fetch(account)
    assert (result.posted, result.aside, result.failure) == (2, 0, "")
    assert not QuarantinedMail.objects.exists()


@pytest.mark.parametrize("server", [Imap, Pop3])
def test_a_mail_that_is_refused_alone_holds_up_no_other(server: Server) -> None:
    box = Box(mails(3), refused={2})
    with account_at(server(box)) as account:
        check_second_is_left(box, fetch(account), subject="[No Subject]" if server is Imap else "Case 2")
        assert "no such luck" in QuarantinedMail.objects.get().explanation
        assert (fetch(account).total, Mailbox.objects.get().failures) == (0, 0)
        box.refused.clear()
        retry(QuarantinedMail.objects.get().pk, now=timezone.now())
        assert fetch(account).posted == 1
    assert entries_of(2) == 1


def test_a_mail_that_pop3_sends_empty_is_set_aside_and_stays() -> None:
    box = Box(mails(3), emptied={2})
    with account_at(Pop3(box)) as account:
        check_second_is_left(box, fetch(account), subject="[No Subject]")


@pytest.mark.parametrize("server", [Imap, Pop3])
def test_a_server_that_refuses_every_mail_is_in_trouble_and_no_mail_is_set_aside(server: Server) -> None:
    box = Box(mails(3), refused={1, 2, 3})
    with account_at(server(box)) as account:
        for _round in range(PATIENT_ROUNDS):
            assert "no such luck" in fetch(account).failure
        assert not QuarantinedMail.objects.exists()
        box.refused.clear()
        assert fetch(account).posted == 3


@pytest.mark.parametrize("server", [Imap, Pop3])
def test_one_that_is_refused_whenever_it_is_asked_for_is_set_aside_in_the_end(server: Server) -> None:
    box = Box(mails(1), refused={1})
    with account_at(server(box)) as account:
        for _round in range(PATIENT_ROUNDS):
            assert fetch(account).failure
        assert fetch(account).aside == 1
        box.mails[2] = mail(2)
        assert fetch(account).posted == 1
    assert (entries_of(2), box.deleted) == (1, {2})


@override_settings(MAIL_LARGEST=1000)
def test_a_mail_that_is_too_large_is_named_by_a_pop3_server_without_top_too() -> None:
    box = Box({1: mail(1), 2: mail(2, "long\r\n" * 500), 3: mail(3)}, has_top=False)
    with account_at(Pop3(box)) as account:
        result = fetch(account)
    assert (result.posted, result.aside, result.failure) == (2, 1, "")
    kept = QuarantinedMail.objects.get()
    assert (kept.reason, kept.subject, kept.size) == ("too_large", "[No Subject]", len(box.mails[2]))
    assert box.deleted == {1, 3}

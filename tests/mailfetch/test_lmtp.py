"""A mail server hands mails over by LMTP, spoken by the client of the standard library."""

from __future__ import annotations

import asyncio
import smtplib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import DatabaseError
from django.test import override_settings

from filters.ban_list import ban
from helpdesk.people.actor import Actor
from mailfetch import lmtp
from tests.mailfetch.making import UNUSABLE, entries_of, mail
from tickets.models import Ticket

ADDRESS = "support@acme.test"
pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]
Answers = dict[str, tuple[int, bytes]]


@contextmanager
def served(place: str) -> Iterator[None]:
    """Serve in a thread."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        async with lmtp.listening(place):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
    thread.start()
    assert ready.wait(60)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        loop.close()


@pytest.fixture
def place(fetching: None, tmp_path: Path) -> Iterator[str]:
    """Serve at a socket of the file system."""
    path = tmp_path / "lmtp"
    with served(f"unix:{path}"):
        yield str(path)


def deliver(place: str, raw: bytes, *recipients: str) -> tuple[list[int], Answers]:
    """Hand a mail over; gives the answers to RCPT, and the mail's own for each recipient that was taken."""
    with smtplib.LMTP(place) as client:
        client.ehlo_or_helo_if_needed()
        client.mail("jane@example.org")
        codes = [client.rcpt(one)[0] for one in recipients]
        taken = [one for one, code in zip(recipients, codes, strict=True) if code == 250]
        answers: Answers = {}
        if taken:
            assert client.docmd("DATA")[0] == 354
            client.send(smtplib._quote_periods(raw) + b"\r\n.\r\n")  # type: ignore[attr-defined]
            answers = {one: client.getreply() for one in taken}
        return codes, answers


def codes_of(answers: Answers) -> list[int]:
    """Give the codes alone."""
    return [code for code, _text in answers.values()]


def test_each_recipient_is_answered_and_the_mail_posted_once(place: str) -> None:
    from helpdesk.mail.models import EmailAddress

    EmailAddress.objects.create(email="sales@acme.test", name="Sales")
    codes, answers = deliver(place, mail(1), ADDRESS, "nobody@acme.test", "Sales@acme.test")
    assert codes == [250, 550, 250]
    assert codes_of(answers) == [250, 250]
    assert entries_of(1) == 1
    assert codes_of(deliver(place, mail(1), ADDRESS)[1]) == [250]  # the same mail again
    assert Ticket.objects.count() == 1


def test_refusals_say_whether_to_try_again(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ban("bad@example.org", actor=Actor.system("tests"))
    assert codes_of(deliver(place, mail(1, sender="bad@example.org"), ADDRESS)[1]) == [550]
    assert codes_of(deliver(place, UNUSABLE, ADDRESS)[1]) == [554]

    def broken(_raw: bytes) -> None:
        raise DatabaseError("gone away")

    monkeypatch.setattr(lmtp, "post", broken)
    assert codes_of(deliver(place, mail(2), ADDRESS)[1]) == [451]
    assert Ticket.objects.count() == 0


def test_lines_may_be_long_and_mails_not_too_large(place: str) -> None:
    assert codes_of(deliver(place, mail(1, "x" * 20_000), ADDRESS)[1]) == [250]
    with override_settings(MAIL_LARGEST=100_000):
        assert codes_of(deliver(place, mail(2, ("x" * 70 + "\r\n") * 2_000), ADDRESS, ADDRESS)[1]) == [552]
    assert (entries_of(1), entries_of(2)) == (1, 0)


def test_a_blind_copy_goes_to_the_department_of_its_address(place: str) -> None:
    from helpdesk.mail.models import EmailAddress
    from helpdesk.people.models import Department

    dept = Department.objects.exclude(pk=Department.objects.earliest("pk").pk).earliest("pk")
    EmailAddress.objects.create(email="sales@acme.test", name="Sales", dept=dept)
    deliver(place, mail(1, to="undisclosed@example.org"), "sales@acme.test")
    assert Ticket.objects.get().dept == dept

"""Many mails that wait: worked off in memory that does not grow with their number, telling how far it is."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from helpdesk.threads.models import EntryEmail
from mailfetch.fetching import Pace, fetch_mailbox
from tests.mailfetch.dovecot import User
from tests.mailfetch.making import mailbox_of

PAGE = 4096


def memory_mb() -> float:
    """Give how much of this process is in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 1024 / 1024


def mails_with_files(count: int, *, each: int, size: int) -> Iterator[bytes]:
    """Give mails, every so many of which have a file of this size."""
    chance = random.Random(count)  # noqa: S311 -- the same mails each time
    for number in range(count):
        message = EmailMessage()
        message["From"] = f"person-{number % 50}@example.org"
        message["To"] = "support@acme.test"
        message["Message-ID"] = f"<case-{number}@example.org>"
        message["Subject"] = f"Case {number}"
        message.set_content("It does not work.\n" * 40)
        if number % each == 0:
            message.add_attachment(chance.randbytes(size), maintype="application", subtype="pdf", filename="a.pdf")
        yield bytes(message)


def fetch_many(user: User, count: int, *, each: int, size: int, batch: int = 30) -> list[tuple[int, float]]:
    """Fetch them in one run; gives how many were taken, and the memory, each time that the run told it."""
    user.receive_many(mails_with_files(count, each=each, size=size))
    told: list[tuple[int, float]] = []
    pace = Pace(tell=lambda taken, _waiting: told.append((taken, memory_mb())))
    logging.disable(logging.INFO)  # pytest keeps every line: that would grow
    try:
        result = fetch_mailbox(mailbox_of(user, postfetch="delete", fetchmax=batch), pace=pace)
    finally:
        logging.disable(logging.NOTSET)
    assert (result.failure, result.posted, user.subjects()) == ("", count, [])
    assert EntryEmail.objects.exclude(entry_id=0).values("mid").distinct().count() == count
    return told


@pytest.mark.django_db
@pytest.mark.usefixtures("fetching")
def test_memory_does_not_grow_with_what_waits(user: User) -> None:
    """Forty mails after the first rounds, in which the allocator takes what such mails need at once."""
    told = dict(fetch_many(user, 64, each=2, size=1_000_000, batch=8))
    assert list(told) == [0, 8, 16, 24, 32, 40, 48, 56, 64]
    assert told[64] - told[24] < 10, told


@pytest.mark.soak
@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("fetching")
def test_ten_thousand_waiting_mails_are_worked_off_in_bounded_memory(user: User) -> None:
    told = fetch_many(user, 10_000, each=20, size=100_000)
    start, middle, end = told[1], told[len(told) // 2], told[-1]
    print(*(f"after {taken:,} mails: {memory:.0f} MB" for taken, memory in (start, middle, end)), sep="\n")  # noqa: T201 -- the figures of the soak
    assert end[1] - start[1] < 20, told
    assert end[1] - middle[1] < 10, told

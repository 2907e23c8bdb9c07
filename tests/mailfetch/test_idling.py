"""Mail that is there as soon as its server says so, and mailboxes that are fetched at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connections

from mailfetch import idling
from mailfetch.fetching import Pace
from mailfetch.rounds import fetch_all
from mailfetch.servers.imap import ImapSession
from tests.mailfetch.dovecot import User
from tests.mailfetch.making import entries_of, mail, mailbox_of, server_that
from tickets.models import Ticket

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fetching")]


def eventually(is_so: Callable[[], bool], seconds: float = 180) -> None:
    """Wait until something is so."""
    give_up_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up_at
        time.sleep(0.1)


@pytest.fixture
def watching(user: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Watch the user's mailbox."""
    monkeypatch.setattr(idling, "LOOK_SECONDS", 0.2)
    mailbox_of(user)
    with watched():
        yield


@contextmanager
def watched() -> Iterator[None]:
    """Watch all mailboxes meanwhile."""
    stop = threading.Event()

    def watch() -> None:
        try:
            idling.watch_mailboxes(stop, seconds=90)
        finally:
            connections.close_all()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(120)
    assert not thread.is_alive()


def test_mail_is_taken_when_the_server_tells_of_it(user: User, watching: None) -> None:
    user.receive(mail(1))
    eventually(lambda: entries_of(1) == 1)
    user.receive(mail(2))
    eventually(lambda: entries_of(2) == 1)


def test_mail_that_comes_while_the_watcher_looks_for_news_is_taken_too(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    coming = [mail(1), mail(3)]
    has_news = ImapSession.has_news

    def look(session: ImapSession, *, after: int) -> bool:
        if coming:
            user.receive(coming.pop(0))
        return has_news(session, after=after)

    monkeypatch.setattr(ImapSession, "has_news", look)
    mailbox_of(user)
    with watched():
        eventually(lambda: entries_of(1) == 1)
        user.receive(mail(2))
        eventually(lambda: [entries_of(number) for number in (2, 3)] == [1, 1])


def test_a_server_that_hangs_holds_up_no_other_mailbox(user: User) -> None:
    asked = threading.Event()
    done = threading.Event()

    def hang(_connection: object) -> None:
        asked.set()
        done.wait(240)

    user.receive(mail(1))
    with server_that(hang) as port:
        accounts = [mailbox_of(user.server.new_user(), port=port), mailbox_of(user)]
        results: list[object] = []
        thread = threading.Thread(target=lambda: results.append(fetch_all(accounts, pace_of=lambda _one: Pace())))
        thread.start()
        assert asked.wait(180)
        eventually(lambda: entries_of(1) == 1)
        done.set()
        thread.join(180)
    assert str(results[0]) == "1 mails from 2 mailboxes, 1 failed"


def test_the_same_mail_in_two_mailboxes_at_the_same_time_is_one_ticket(user: User) -> None:
    users = [user, *(user.server.new_user() for _number in range(3))]
    for one in users:
        one.receive(*(mail(number) for number in range(5)))
    fetch_all([mailbox_of(one) for one in users], pace_of=lambda _one: Pace())
    assert [entries_of(number) for number in range(5)] == [1] * 5
    assert Ticket.objects.filter(source="Email").count() == 5

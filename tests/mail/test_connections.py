"""Mails of one run share connections to their server; a connection that ends costs no mail and repeats none."""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.test import override_settings
from django.utils import timezone

from helpdesk.mail import connections
from helpdesk.mail.composing import Letter
from helpdesk.mail.connections import Connections
from helpdesk.mail.models import EmailAccount, EmailAddress
from helpdesk.mail.outgoing import NewMail, Recipient, RecipientKind, queue_mails
from helpdesk.outbox.delivery import deliver_due
from helpdesk.outbox.handlers import TryLater
from helpdesk.outbox.models import Effect
from tests.mail.sink import Sink, smtp_sink

pytestmark = pytest.mark.django_db


@pytest.fixture
def sink() -> Iterator[Sink]:
    with smtp_sink() as running, override_settings(MAIL_SERVER=running.url):
        yield running


def queue(*names: str) -> None:
    """Write mails down, one for each address."""
    now = timezone.now()
    people = [Recipient(RecipientKind.ADDRESS, f"{name}@customer.test") for name in names]
    mails = [NewMail([one], one.address, subject=f"To {one.address}", text="Hello.") for one in people]
    queue_mails(mails, object_type="", object_id=0, now=now)


def default_sender() -> EmailAddress:
    """The address that mails of nobody in particular come from."""
    return EmailAddress.objects.order_by("pk").first() or EmailAddress.objects.create(email="help@acme.test")


def account_of(address: EmailAddress, sink: Sink) -> EmailAccount:
    """An SMTP account without sign-in, which is asked before `MAIL_SERVER`."""
    return EmailAccount.objects.create(
        email=address, type="smtp", auth_bk="none", active=True, host="plain://127.0.0.1", port=sink.port,
        protocol="SMTP",
    )  # fmt: skip


def arrived(sink: Sink) -> list[str]:
    return [recipients[0].partition("@")[0] for _sender, recipients in sink.envelopes]


def test_mails_of_a_run_share_a_connection(sink: Sink) -> None:
    queue("ann", "bob", "cid")
    assert deliver_due().delivered == 3
    assert (arrived(sink), sink.connections) == (["ann", "bob", "cid"], 1)
    queue("dan")
    deliver_due()
    assert sink.connections == 2


def test_a_connection_is_left_after_so_many_mails(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_MAILS", 2)
    queue("ann", "bob", "cid")
    assert deliver_due().delivered == 3
    assert (arrived(sink), sink.connections) == (["ann", "bob", "cid"], 2)


def test_a_connection_is_left_after_some_time(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "LONGEST_USE", -1.0)
    queue("ann", "bob")
    assert deliver_due().delivered == 2
    assert (arrived(sink), sink.connections) == (["ann", "bob"], 2)


@pytest.mark.parametrize("vanishes", [False, True])
def test_a_connection_that_the_server_ends_is_opened_again(sink: Sink, vanishes: bool) -> None:
    sink.mails_per_connection, sink.vanishes = 1, vanishes
    queue("ann", "bob", "cid")
    assert deliver_due().delivered == 3
    assert (arrived(sink), sink.connections) == (["ann", "bob", "cid"], 3)


def test_the_name_of_the_machine_is_looked_up_once(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def look_up() -> str:
        asked.append("name")
        return "desk.acme.test"

    monkeypatch.setattr(connections, "getfqdn", look_up)
    connections.own_name.cache_clear()
    for name in ("ann", "bob"):
        queue(name)
        deliver_due()
    connections.own_name.cache_clear()
    assert (sink.names, asked) == (["desk.acme.test"] * 2, ["name"])


def test_a_name_server_that_does_not_answer_holds_up_no_mail(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(connections, "getfqdn", lambda: answered.wait(180))
    monkeypatch.setattr(connections, "gethostname", lambda: "desk")
    monkeypatch.setattr(connections, "NAME_SECONDS", 0.01)
    connections.own_name.cache_clear()
    queue("ann")
    assert deliver_due().delivered == 1
    answered.set()
    connections.own_name.cache_clear()
    assert sink.names == ["desk"]


def test_a_server_that_takes_nothing_more_is_asked_once_again_and_no_oftener(sink: Sink) -> None:
    queue("ann", "bob")
    sink.answers = {"bob@customer.test": "421 not now"}
    result = deliver_due()
    assert (result.delivered, result.postponed) == (1, 1)
    assert sink.connections == 2


def test_a_mail_that_may_have_arrived_is_not_repeated_at_once(sink: Sink) -> None:
    sink.unanswered = "bob@customer.test"
    queue("ann", "bob", "cid")
    result = deliver_due()
    assert (result.delivered, result.postponed) == (2, 1)
    assert (arrived(sink), sink.connections) == (["ann", "bob", "cid"], 2)
    assert deliver_due(now=timezone.now() + timedelta(minutes=2)).delivered == 1
    first, repeated = (one["Message-ID"] for one in sink.messages if one["To"] == "bob@customer.test")
    assert first == repeated


@pytest.mark.parametrize("is_reused", [False, True], ids=["new connection", "reused connection"])
def test_a_mail_that_may_have_arrived_is_not_handed_to_the_next_server(sink: Sink, is_reused: bool) -> None:
    """Whoever has it already would get it twice."""
    with smtp_sink() as first:
        account_of(default_sender(), first)
        first.unanswered = "bob@customer.test"
        queue("ann", "bob") if is_reused else queue("bob")
        result = deliver_due()
        assert (result.delivered, result.postponed) == (1 if is_reused else 0, 1)
        assert sink.messages == []
        assert "may have arrived" in Effect.objects.get(state=Effect.State.WAITING).error
        assert deliver_due(now=timezone.now() + timedelta(minutes=2)).delivered == 1
        names = [one["Message-ID"] for one in first.messages if one["To"] == "bob@customer.test"]
        assert names == [names[0]] * 2


def test_a_server_that_refuses_the_text_is_followed_by_the_next(sink: Sink) -> None:
    with smtp_sink() as first:
        account_of(default_sender(), first)
        first.answer_to_data = "451 not now"
        queue("ann")
        assert deliver_due().delivered == 1
        assert arrived(sink) == ["ann"]


def test_a_server_that_is_gone_before_the_text_is_followed_by_the_next(sink: Sink) -> None:
    with smtp_sink() as first:
        account_of(default_sender(), first)
        first.vanishes_at_data = True
        queue("ann")
        assert deliver_due().delivered == 1
        assert arrived(sink) == ["ann"]


def test_a_refusal_of_one_server_does_not_end_it_while_another_is_only_out_of_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [ConnectionRefusedError("down"), smtplib.SMTPDataError(553, b"not for you")]

    def fail(*_given: object) -> None:
        raise answers.pop(0)

    monkeypatch.setattr(Connections, "_send", fail)
    monkeypatch.setattr("helpdesk.mail.connections.servers_for", lambda _sender, _unusable: iter(["first", "second"]))
    with pytest.raises(TryLater, match="553"):
        Connections().hand_over(Letter(EmailMessage(), ["ann@customer.test"]), EmailAddress(pk=1))
    assert answers == []

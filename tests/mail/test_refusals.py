"""Mails that not everybody gets: the others get them once, and the administrator is told who did not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone

from helpdesk.configuration.models import SystemLogEntry
from helpdesk.mail.outgoing import NewMail, Recipient, RecipientKind, queue_mails
from helpdesk.outbox.delivery import MOST_ATTEMPTS, deliver_due
from helpdesk.outbox.models import Effect
from tests.mail.sink import Sink, smtp_sink

pytestmark = pytest.mark.django_db
State = Effect.State
ANN, BOB, CID = "ann@customer.test", "bob@customer.test", "cid@customer.test"


@pytest.fixture
def sink() -> Iterator[Sink]:
    with smtp_sink() as running, override_settings(MAIL_SERVER=running.url):
        yield running


def queue(to: str, *cc: str, name: str = "") -> Effect:
    """Write one mail down for all of them."""
    first, *others = [Recipient(RecipientKind.ADDRESS, one, name) for one in (to, *cc)]
    mail = NewMail([first], "news", subject="News", text="Hello.", cc=others)
    queue_mails([mail], object_type="", object_id=0, now=timezone.now())
    return Effect.objects.latest("pk")


def told() -> list[str]:
    """What the administrator reads in the system log about mails."""
    return list(SystemLogEntry.objects.filter(title="Mailer Error").order_by("pk").values_list("log", flat=True))


def test_who_is_refused_for_good_is_named_and_the_others_get_it_once(sink: Sink) -> None:
    sink.answers = {BOB: "550 nobody here"}
    effect = queue(ANN, BOB)
    assert deliver_due().delivered == 1
    effect.refresh_from_db()
    assert (effect.state, sink.envelopes[0][1]) == (State.DONE, [ANN])
    assert deliver_due(now=timezone.now() + timedelta(days=2)).total == 0
    (line,) = told()
    assert f"{BOB}: 550 nobody here" in line
    assert effect.error == f"Not delivered to {BOB}: 550 nobody here"


def test_who_is_asked_to_wait_gets_it_later_and_the_others_only_once(sink: Sink) -> None:
    sink.answers = {BOB: "450 greylisted", CID: "550 nobody here"}
    effect = queue(ANN, BOB, CID)
    assert deliver_due().postponed == 1
    assert f"{BOB}: 450 greylisted" in Effect.objects.get().error
    sink.answers = {}
    assert deliver_due(now=timezone.now() + timedelta(minutes=2)).delivered == 1
    assert [recipients for _sender, recipients in sink.envelopes] == [[ANN], [BOB]]
    first, second = sink.messages
    assert (first["Message-ID"], first["Cc"]) == (second["Message-ID"], second["Cc"])
    effect.refresh_from_db()
    assert effect.error == f"Not delivered to {CID}: 550 nobody here"
    assert len(told()) == 1


def test_who_is_refused_in_the_end_is_named(sink: Sink) -> None:
    sink.answers = {BOB: "450 greylisted"}
    queue(ANN, BOB)
    deliver_due()
    sink.answers = {BOB: "550 nobody here"}
    assert deliver_due(now=timezone.now() + timedelta(minutes=2)).failed == 1
    assert len(sink.messages) == 1
    assert told()[0].endswith(f"Not delivered to {BOB}: 550 nobody here")


def test_a_mail_that_is_given_up_is_a_line_of_the_system_log(sink: Sink) -> None:
    sink.answers = {ANN: "451 later"}
    queue(ANN)
    for _attempt in range(MOST_ATTEMPTS):
        assert told() == []
        Effect.objects.update(next_try=timezone.now())
        deliver_due()
    (line,) = told()
    assert ANN in line
    assert "451 later" in line


@pytest.mark.parametrize(
    "address",
    ["nobody", "@customer.test", "bob@", "bob@two words.test", "bob\x00@x.test", "b\ud800b@x.test", "b\nb@x.test"],
    ids=["no domain", "no name", "nothing behind", "blank", "nul", "surrogate", "line end"],
)  # fmt: skip
@pytest.mark.parametrize("is_copy", [True, False], ids=["copy", "first"])
def test_an_impossible_address_keeps_nobody_else_from_his_mail(sink: Sink, address: str, is_copy: bool) -> None:
    effect = queue(*((ANN, address) if is_copy else (address, ANN)))
    assert deliver_due().delivered == 1
    assert sink.envelopes[0][1] == [ANN]
    shown = sink.messages[0]["To" if is_copy else "Cc"]
    assert [one.addr_spec for one in shown.addresses] == [ANN]
    effect.refresh_from_db()
    assert effect.error.startswith("Not delivered to ")
    assert len(told()) == 1


@pytest.mark.parametrize("with_utf8", [False, True])
def test_a_server_is_not_asked_for_whom_it_cannot_name(with_utf8: bool) -> None:
    foreign = "j\u00f6rg@customer.test"
    queue(ANN, foreign, CID)
    with smtp_sink(with_utf8=with_utf8) as sink, override_settings(MAIL_SERVER=sink.url):
        assert deliver_due().delivered == 1
    others = [foreign, CID] if with_utf8 else [CID]
    assert sink.envelopes[0][1] == [ANN, *others]
    assert len(sink.messages[0]["Cc"].addresses) == len(others)
    assert (foreign in Effect.objects.get().error) is not with_utf8


def test_whom_no_server_can_name_is_given_up() -> None:
    queue("j\u00f6rg@customer.test")
    with smtp_sink(with_utf8=False) as sink, override_settings(MAIL_SERVER=sink.url):
        assert deliver_due().failed == 1


def test_impossible_addresses_alone_end_it(sink: Sink) -> None:
    queue("nobody", "bob@")
    assert deliver_due().failed == 1
    assert "nobody" in Effect.objects.get().error


def test_what_no_header_can_hold_in_a_name_is_left_out(sink: Sink) -> None:
    queue(ANN, name="Ann\ud800 \x00Lee")
    assert deliver_due().delivered == 1
    assert sink.messages[0]["To"].addresses[0].display_name == "Ann Lee"

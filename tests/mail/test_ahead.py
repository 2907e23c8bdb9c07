"""What the mails of a batch speak of is read at once, and says the same as if each mail had read it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from helpdesk.mail import ahead
from helpdesk.outbox.delivery import deliver_due
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.threads.models import ThreadEntry
from tests.desk import open_ticket, set_up_desk
from tests.mail.sink import smtp_sink
from tickets.services import post_reply

pytestmark = pytest.mark.django_db


def answer(count: int) -> None:
    """Answer so many new tickets; no other mail waits then."""
    desk = set_up_desk()
    tickets = [open_ticket(f"Case {number}") for number in range(count)]
    Effect.objects.all().delete()
    for number, ticket in enumerate(tickets):
        post_reply(ticket, actor=Actor.for_agent(desk.grace), body=f"Answer {number}")


def sent() -> tuple[list[tuple[Any, ...]], int]:
    """Deliver what is due; gives what arrived, and how many statements it took."""
    with smtp_sink() as sink, override_settings(MAIL_SERVER=sink.url), CaptureQueriesContext(connection) as queries:
        assert deliver_due().postponed == 0
    kept = ("Subject", "To", "References", "In-Reply-To", "Message-ID")
    mails = [
        (*(str(one[name]) for name in kept), one.get_body(("plain",)).get_content())  # type: ignore[union-attr]
        for one in sink.messages
    ]
    return mails, len(queries)


def test_mails_say_the_same_with_fewer_statements(monkeypatch: pytest.MonkeyPatch) -> None:
    answer(8)
    together, few = sent()
    Effect.objects.update(state=Effect.State.WAITING, attempts=0)
    monkeypatch.setattr(ahead, "LONGEST_AGE", 0.0)
    apart, many = sent()
    assert together == apart
    assert len(together) == 8
    assert many - few > 8 * 2


def test_what_is_gone_since_then_is_not_sent() -> None:
    """A mail whose ticket was deleted is given up in the midst of the others."""
    answer(3)
    gone = Effect.objects.order_by("pk")[1]
    ThreadEntry.objects.filter(pk=gone.payload["context"]["response"]).delete()
    Effect.objects.filter(pk=gone.pk).update(payload={**gone.payload, "context": {"ticket": 10**9, "response": 10**9}})
    with smtp_sink() as sink, override_settings(MAIL_SERVER=sink.url):
        result = deliver_due()
    assert (result.delivered, result.failed) == (2, 1)
    assert "is gone" in Effect.objects.get(pk=gone.pk).error


def test_a_context_that_names_no_number_harms_no_other_mail() -> None:
    answer(3)
    odd = Effect.objects.order_by("pk")[0]
    Effect.objects.filter(pk=odd.pk).update(payload={**odd.payload, "context": {"ticket": "x", "response": "text"}})
    with smtp_sink() as sink, override_settings(MAIL_SERVER=sink.url):
        assert deliver_due().delivered == 2


def test_answers_are_read_once_for_all_tickets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "LONGEST_AGE", 600.0)
    answer(4)
    with smtp_sink() as sink, override_settings(MAIL_SERVER=sink.url), CaptureQueriesContext(connection) as queries:
        deliver_due()
    assert [str(one["Subject"]).partition(" [")[0] for one in sink.messages] == [
        f"Re: Case {number}" for number in range(4)
    ]
    of_tickets = [one for one in queries.captured_queries if "form_entry_values" in one["sql"] and "'T'" in one["sql"]]
    assert len(of_tickets) == 1

"""The page of one mail in the outbox: what became of it, for everybody whom it was for."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from helpdesk.mail.message_types import MESSAGE_TYPES
from helpdesk.mail.outgoing import NewMail, Recipient, RecipientKind, queue_mails
from helpdesk.outbox.delivery import deliver_due
from helpdesk.outbox.models import Effect
from tasks.models import Task
from tests.factories import new_task, new_ticket
from tests.mail.sink import smtp_sink
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


def test_it_names_those_who_did_not_get_a_mail_that_was_sent(browser: Client) -> None:
    people = [Recipient(RecipientKind.ADDRESS, f"{name}@customer.test") for name in ("ann", "bob")]
    mail = NewMail(people, "news", subject="News", text="Hello.")
    queue_mails([mail], object_type="", object_id=0, now=timezone.now())
    with smtp_sink() as sink, override_settings(MAIL_SERVER=sink.url):
        sink.answers = {"bob@customer.test": "550 nobody here"}
        deliver_due()
    effect = Effect.objects.get()
    for page in (
        reverse("admin:hd_outbox_effect_change", args=[effect.pk]),
        reverse("admin:hd_outbox_effect_changelist"),
    ):
        shown = browser.get(page).content.decode()
        assert "Not delivered to bob@customer.test: 550 nobody here" in shown


def test_a_mail_is_tried_again_and_discarded_on_its_own_page(browser: Client) -> None:
    queue_mails(
        [NewMail([Recipient(RecipientKind.ADDRESS, "ann@customer.test")], "news", subject="News", text="Hello.")],
        object_type="",
        object_id=0,
        now=timezone.now(),
    )
    effect = Effect.objects.get()
    place = reverse("admin:hd_outbox_effect_change", args=[effect.pk])
    page = browser.post(place, {"decision": "discard"}, follow=True).content.decode()
    assert "1 was discarded." in page
    assert 'value="discard"' not in page
    page = browser.post(place, {"decision": "retry"}, follow=True).content.decode()
    assert "1 will be tried again." in page
    effect.refresh_from_db()
    assert effect.state == Effect.State.WAITING
    Effect.objects.update(state=Effect.State.DONE)
    assert 'name="decision"' not in browser.get(place).content.decode()


def test_the_list_says_what_a_mail_is_for_and_carries_the_name_of_its_kind(browser: Client) -> None:
    people = [Recipient(RecipientKind.ADDRESS, "ann@customer.test")]
    queue_mails([NewMail(people, "late", template="ticket.overdue")], object_type="", object_id=0, now=timezone.now())
    page = BeautifulSoup(browser.get(reverse("admin:hd_outbox_effect_changelist")).content, "html.parser")
    assert str(MESSAGE_TYPES["ticket.overdue"].title) in page.get_text()
    assert page.title is not None
    assert page.title.get_text(strip=True).startswith("Deliveries")


def test_the_list_names_the_ticket_or_task_and_leads_to_it(browser: Client) -> None:
    ticket = new_ticket()
    task = new_task(ticket)
    Ticket.objects.filter(pk=ticket.pk).update(number="004711")
    Task.objects.filter(pk=task.pk).update(number="815")
    Effect.objects.all().delete()
    for kind, pk in (("ticket", ticket.pk), ("task", task.pk), ("ticket", 999_999), ("agent", 1)):
        mail = NewMail([Recipient(RecipientKind.ADDRESS, "ann@customer.test")], f"{kind} {pk}", subject="News")
        queue_mails([mail], object_type=kind, object_id=pk, now=timezone.now())

    def cells(query: str = "") -> list[tuple[str, str]]:
        page = BeautifulSoup(
            browser.get(f"{reverse('admin:hd_outbox_effect_changelist')}{query}").content, "html.parser"
        )
        found = page.select("#result_list td.field-about")
        links = [cell.select_one("a") for cell in found]
        return [
            (cell.get_text(strip=True), str(link["href"]) if link else "")
            for cell, link in zip(found, links, strict=True)
        ]

    to_ticket = ("Ticket #004711", reverse("agent:ticket", args=[ticket.pk]))
    to_task = ("Task #815", reverse("agent:task", args=[task.pk]))
    assert cells() == [("", ""), ("deleted since", ""), to_task, to_ticket]
    assert cells("?q=%23004711") == [to_ticket]
    assert cells("?q=815") == [to_task]
    assert cells("?q=nothing") == []

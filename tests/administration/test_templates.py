"""The editor of e-mail templates: sets, texts, preview with a real ticket."""

from __future__ import annotations

import html as html_text

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from helpdesk.mail.models import TemplateSet
from helpdesk.outbox.models import Effect
from helpdesk.people.models import Agent
from tests.desk import open_ticket
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
SUBJECT = "Re: %{ticket.subject}"


@pytest.fixture
def ticket(admin: Agent) -> Ticket:
    return open_ticket(message="<p>Blank pages %{ticket.number} <script>alert(1)</script></p>")


def page_of(code: str) -> str:
    return f"/admin/templates/{TemplateSet.objects.order_by('pk')[0].pk}/{code}/"


def test_sets_are_listed_added_and_installed(browser: Client) -> None:
    assert b"default" in browser.get("/admin/templates/").content
    installed = browser.post("/admin/templates/install/", {"language": "de"}, follow=True).content.decode()
    assert "Deutsch" in installed
    assert "Ihre Anfrage ist angekommen" in installed
    first = TemplateSet.objects.order_by("pk")[0]
    copy = {"name": "Copy", "language": "en_US", "is_active": "on", "copy_of": first.pk}
    added = browser.post("/admin/templates/new/", copy, follow=True).content.decode()
    assert "of this set" in added
    made = TemplateSet.objects.get(name="Copy")
    browser.post(f"/admin/templates/{made.pk}/", {"name": "Renamed", "language": "es_ES"})
    made.refresh_from_db()
    assert (made.name, made.lang, made.isactive) == ("Renamed", "es_ES", False)
    assert b"cannot be deleted" in browser.post(f"/admin/templates/{first.pk}/delete/", follow=True).content
    browser.post(f"/admin/templates/{made.pk}/delete/")
    assert not TemplateSet.objects.filter(pk=made.pk).exists()


def test_a_text_is_saved_and_reset(browser: Client) -> None:
    page = page_of("ticket.reply")
    assert "%{recipient.ticket_link}" in browser.get(page).content.decode()
    browser.post(page, {"subject": SUBJECT, "body": "<p>%{response}</p>", "do": "save"})
    row = TemplateSet.objects.order_by("pk")[0].templates.get(code_name="ticket.reply")
    assert (row.subject, row.body) == (SUBJECT, "<p>%{response}</p>")
    wrong = browser.post(page, {"subject": SUBJECT, "body": "\n%{respones}", "do": "save"}).content.decode()
    assert "line 2, column 1" in html_text.unescape(wrong)
    assert 'type="checkbox" name="keeps_unknown"' in wrong
    browser.post(page, {"subject": SUBJECT, "body": "%{respones}", "keeps_unknown": "on", "do": "save"})
    row.refresh_from_db()
    assert row.body == "%{respones}"
    browser.post(page, {"do": "reset"})
    assert "comes with the program; saving" in browser.get(page).content.decode()
    assert browser.get(page_of("no.such")).status_code == 404


@pytest.mark.parametrize("code", ["ticket.reply", "ticket.alert", "assigned.alert", "note.alert", "ticket.overdue"])
def test_a_preview_shows_a_real_ticket_and_opens_nothing(browser: Client, ticket: Ticket, code: str) -> None:
    before = Effect.objects.count()
    data = {
        "subject": "About %{ticket.number}", "do": "preview", "number": f"#{ticket.number}",
        "body": "<p>%{ticket.name} <a href='%{recipient.ticket_link}'>x</a> %{ticket.auth_token} %{message}</p>",
    }  # fmt: skip
    page = BeautifulSoup(browser.post(page_of(code), data).content, "html.parser")
    frame = page.find("iframe")
    assert frame is not None
    assert not frame["sandbox"]
    document = str(frame["srcdoc"])
    assert "Maria Silva" in document
    assert "Blank pages %{ticket.number}" in document
    assert "script" not in document
    assert "auth=" not in document
    assert page.find("strong", string=f"About {ticket.number}") is not None
    assert Effect.objects.count() == before


def test_a_preview_of_nothing_says_so(browser: Client) -> None:
    data = {"subject": "x", "body": "<p>x</p>", "do": "preview", "number": "999999"}
    for code in ("ticket.reply", "task.alert"):
        assert "with this number" in browser.post(page_of(code), data).content.decode()

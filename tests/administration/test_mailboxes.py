"""The pages of mailboxes and of mails that were set aside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from helpdesk.audit.models import AdministrativeChange
from helpdesk.configuration.defaults import CORE
from helpdesk.configuration.services import set_settings
from helpdesk.mail.models import EmailAccount
from helpdesk.people.actor import Actor
from mailfetch import quarantine
from mailfetch.failures import note_failure, note_success
from mailfetch.models import Mailbox, QuarantinedMail
from mailfetch.places import Place
from tests.mailfetch.making import new_account, port_of_nobody

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
PAGE, ASIDE = "/admin/mailboxes/", "/admin/hd_mailfetch/quarantinedmail/"
SCRIPT = b"Subject: <script>alert(1)</script>\r\n\r\n<script>alert(2)</script>"


@pytest.fixture
def account(db: None) -> Iterator[EmailAccount]:
    with port_of_nobody() as port:
        yield new_account("jane", port, "IMAP", "plain://127.0.0.1", "secret", "box@acme.test", {})


@pytest.fixture
def aside(db: None) -> QuarantinedMail:
    return quarantine.keep(SCRIPT, Place(1), mailbox="box@acme.test", reason="broken", explanation="It broke.")


def act(browser: Client, action: str, account: EmailAccount) -> str:
    return browser.post(PAGE, {"account": account.pk, "action": action}, follow=True).content.decode()


def test_the_page_says_how_mailboxes_are(browser: Client, account: EmailAccount) -> None:
    assert "box@acme.test" in browser.get(PAGE).content.decode()
    note_failure(account, "cannot login, user or password wrong", now=timezone.now())
    page = browser.get(PAGE).content.decode()
    assert "cannot login, user or password wrong" in page
    assert "1 failure in a row" in page
    assert "secret" not in page


def test_a_mailbox_that_nobody_has_fetched_yet_is_not_called_well(browser: Client, account: EmailAccount) -> None:
    def cells() -> list[str]:
        [row] = BeautifulSoup(browser.get(PAGE).content, "html.parser").select(".adm-mailboxes tbody tr")
        return [cell.get_text(" ", strip=True) for cell in row.select("td")]

    set_settings(CORE, {"enable_mail_polling": 1}, SYSTEM)
    assert (cells()[0], cells()[3]) == ("Not tried yet", "at once")
    set_settings(CORE, {"enable_mail_polling": 0}, SYSTEM)
    assert (cells()[0], cells()[3]) == ("Not tried yet", "by hand")
    note_failure(account, "cannot connect to host", now=timezone.now())
    assert cells()[0] == "Fails"
    act(browser, "resume", account)
    assert cells()[0] == "Not tried yet"
    note_success(account, now=timezone.now())
    assert cells()[0] == "OK"


def test_a_connection_is_tried_and_the_answer_shown(browser: Client, account: EmailAccount) -> None:
    assert "cannot connect to host" in act(browser, "try", account)
    assert not Mailbox.objects.exists()  # trying counts as nothing


def test_a_mailbox_is_resumed(browser: Client, account: EmailAccount) -> None:
    note_failure(account, "cannot connect to host", now=timezone.now())
    Mailbox.objects.update(stopped=timezone.now())
    assert "box@acme.test may be fetched again" in act(browser, "resume", account)
    assert Mailbox.objects.get().stopped is None
    assert AdministrativeChange.objects.get().object_name == "box@acme.test"


def test_fetching_now_is_the_workers_work(browser: Client, account: EmailAccount) -> None:
    assert "handed to the worker" in act(browser, "fetch", account)
    assert Mailbox.objects.get(pk=account.pk).failures == 1  # the worker of the tests works at once


def test_unknown_mailboxes_and_actions_are_refused(browser: Client, account: EmailAccount) -> None:
    assert browser.post(PAGE, {"account": account.pk, "action": "delete"}).status_code == 404
    assert (
        "There is no such mailbox"
        in browser.post(PAGE, {"account": "x", "action": "try"}, follow=True).content.decode()
    )


def test_a_mail_set_aside_is_shown_as_text_and_downloaded_as_it_came(browser: Client, aside: QuarantinedMail) -> None:
    assert "It broke." in browser.get(ASIDE).content.decode()
    page = browser.get(f"{ASIDE}{aside.pk}/change/").content.decode()
    assert "&lt;script&gt;alert(2)" in page
    assert "<script>alert" not in page
    answer = browser.get(f"/admin/quarantine/{aside.pk}/source/")
    assert b"".join(answer.streaming_content) == SCRIPT  # type: ignore[attr-defined]
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"
    assert browser.get("/admin/quarantine/0/source/").status_code == 404


def test_mails_set_aside_are_tried_again_and_discarded(browser: Client, aside: QuarantinedMail) -> None:
    page = browser.post(ASIDE, {"action": "retry", "_selected_action": [aside.pk]}, follow=True).content.decode()
    assert "1 mail still cannot be used." in page
    browser.post(ASIDE, {"action": "discard", "_selected_action": [aside.pk]})
    aside.refresh_from_db()
    assert aside.state == QuarantinedMail.State.DISCARDED


def test_a_mail_set_aside_is_decided_about_on_its_own_page(browser: Client, aside: QuarantinedMail) -> None:
    place = f"{ASIDE}{aside.pk}/change/"
    page = browser.get(place).content.decode()
    assert 'value="retry"' in page
    assert 'value="discard"' in page
    answer = browser.post(place, {"decision": "retry"}, follow=True)
    assert answer.redirect_chain == [(place, 302)]
    assert "1 mail still cannot be used." in answer.content.decode()
    page = browser.post(place, {"decision": "discard"}, follow=True).content.decode()
    aside.refresh_from_db()
    assert aside.state == QuarantinedMail.State.DISCARDED
    assert 'value="retry"' in page
    assert 'value="discard"' not in page


def test_nothing_else_is_decided_on_the_page_of_a_mail(browser: Client, aside: QuarantinedMail) -> None:
    place = f"{ASIDE}{aside.pk}/change/"
    assert browser.post(place, {"decision": "delete_selected"}).status_code == 404
    assert browser.post(place, {"subject": "x"}).status_code == 404
    assert Client().post(place, {"decision": "discard"}).status_code in {302, 403}
    aside.refresh_from_db()
    assert aside.state == QuarantinedMail.State.KEPT

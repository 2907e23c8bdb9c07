"""Connecting a mail account from the administration: client, consent, the way back (osTicket's address)."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from helpdesk.mail.models import EmailAccount, EmailAddress
from helpdesk.mail.oauth.tokens import stored_credentials
from tests.mail.fake_provider import CLIENT_ID, CLIENT_SECRET, REDIRECT, FakeProvider, query
from tests.mail.test_oauth import OWNER, client_place, provider, write

pytestmark = pytest.mark.django_db
__all__ = ["provider"]


@pytest.fixture
def account(db: None) -> EmailAccount:
    address = EmailAddress.objects.create(email=OWNER, name="Support")
    return EmailAccount.objects.create(
        email=address, type="smtp", auth_bk="basic", active=False, host="smtp.acme.test", port=587, protocol="SMTP"
    )


def begin(browser: Client, account: EmailAccount, provider: FakeProvider) -> dict[str, str]:
    """Enter a client, press Connect, and agree; gives what the browser brings back."""
    page = f"/admin/mail-sign-in/{account.pk}/"
    data = {
        "provider": "othermail", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "scopes": "mail",
        "authorize": "https://id.acme.test/authorize", "token": "https://id.acme.test/token",
    }  # fmt: skip
    assert browser.post(page, data).status_code == 302
    account.refresh_from_db()
    write(client_place(account), {"urlAccessToken": f"{provider.url}/token", "redirectUri": REDIRECT})
    answer = browser.post(f"{page}connect/")
    link = BeautifulSoup(answer.content, "html.parser").find("a", rel="noreferrer")
    assert link is not None
    return provider.consent(str(link["href"]))


def test_the_whole_way(browser: Client, account: EmailAccount, provider: FakeProvider) -> None:
    brought = begin(browser, account, provider)
    back = browser.get(f"/api/auth/oauth2?{query(brought)}")
    assert back.status_code == 302
    assert back["Location"] == f"/admin/mail-sign-in/answer/?{query(brought)}"
    done = browser.get(back["Location"], follow=True)
    assert f"{OWNER} is connected." in done.content.decode()
    account.refresh_from_db()
    assert account.active
    assert stored_credentials(account).refresh_token == "refresh-of-consent"
    again = browser.get(back["Location"], follow=True)
    assert "begin again" in again.content.decode()


def test_another_session_or_state_connects_nothing(
    browser: Client, account: EmailAccount, provider: FakeProvider
) -> None:
    brought = begin(browser, account, provider)
    refused = browser.get(f"/admin/mail-sign-in/answer/?{query({**brought, 'state': 'x' * 43})}", follow=True)
    assert "belongs to no consent" in refused.content.decode()
    late = browser.get(f"/admin/mail-sign-in/answer/?{query(brought)}", follow=True)
    assert "begin again" in late.content.decode()
    stranger = Client().get(f"/api/auth/oauth2?{query(brought)}", follow=True)
    assert urlsplit(stranger.redirect_chain[-1][0]).path == "/scp/login.php"
    account.refresh_from_db()
    assert not account.active


def test_the_pages_never_show_the_secret_and_keep_it(browser: Client, account: EmailAccount) -> None:
    page = f"/admin/mail-sign-in/{account.pk}/"
    given = {"provider": "msmail", "client_id": "one", "client_secret": CLIENT_SECRET, "tenant": "acme.test"}
    browser.post(page, given)
    shown = browser.get(page).content.decode()
    assert CLIENT_SECRET not in shown
    assert 'value="one"' in shown
    assert 'value="acme.test"' in shown
    assert "/api/auth/oauth2" in shown
    wrong = browser.post(page, {**given, "tenant": "a/b"})
    assert "A tenant is a domain" in wrong.content.decode()
    listed = browser.get("/admin/mail-sign-in/").content.decode()
    assert OWNER in listed
    assert "Microsoft" in listed


def test_nobody_replaces_a_client_that_he_has_not_seen(browser: Client, account: EmailAccount) -> None:
    page = f"/admin/mail-sign-in/{account.pk}/"
    given = {"provider": "msmail", "client_id": "one", "client_secret": CLIENT_SECRET, "tenant": "acme.test"}
    seen = _mark(browser.get(page).content)
    assert browser.post(page, {**given, "seen": seen}).status_code == 302
    refused = browser.post(page, {**given, "client_id": "mine", "seen": seen})
    shown = refused.content.decode()
    assert "Somebody else has changed this meanwhile: Client id, Client secret, Tenant." in shown
    assert 'value="mine"' in shown
    assert 'value="one"' in browser.get(page).content.decode()
    assert browser.post(page, {**given, "client_id": "mine", "seen": _mark(refused.content)}).status_code == 302
    assert 'value="mine"' in browser.get(page).content.decode()


def _mark(page: bytes) -> str:
    [mark] = BeautifulSoup(page, "html.parser").select("input[name=seen]")
    return str(mark["value"])

"""Signing in to mail servers with OAuth2, by the providers' own libraries against a provider on this machine."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from helpdesk.configuration.models import ConfigItem, PluginInstance, SystemLogEntry
from helpdesk.configuration.services import set_settings
from helpdesk.health.models import Lease
from helpdesk.health.selectors import examine
from helpdesk.legacy.crypto import encrypt, hashed_subkey
from helpdesk.legacy.errors import DomainError, ValidationFailed
from helpdesk.mail.models import EmailAccount, EmailAddress
from helpdesk.mail.oauth import providers
from helpdesk.mail.oauth.clients import Endpoints, Provider, client_of
from helpdesk.mail.oauth.outcomes import ClientRefused, ConsentGone, ProviderUnavailable
from helpdesk.mail.oauth.services import ClientDraft, finish_connecting, start_connecting, store_client
from helpdesk.mail.oauth.tokens import access_token, stored_credentials
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from tests.mail.fake_provider import CLIENT_ID, CLIENT_SECRET, REDIRECT, FakeProvider, fake_provider

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:response_mode='form_post' is recommended"),  # see oauth/providers.py
]
SYSTEM = Actor.system("tests")
OWNER = "mailbox@acme.test"
ALL = [Provider.MICROSOFT, Provider.GOOGLE, Provider.OTHER]


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    cache.clear()
    with fake_provider() as running:
        prepared = providers._prepared

        class _Here(requests.adapters.HTTPAdapter):
            def send(self, request: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
                request.url = request.url.replace("https://login.microsoftonline.com", running.url)
                return super().send(request, **kwargs)

        def led_here(session: requests.Session) -> requests.Session:
            prepared(session).mount("https://login.microsoftonline.com", _Here())
            return session

        monkeypatch.setattr(providers, "_prepared", led_here)
        yield running


def account_at(provider: FakeProvider, name: Provider, *, expires: int | None = 0, **values: Any) -> EmailAccount:
    """Make an account as the administration does, with tokens that have run out, at the provider on this machine."""
    address = EmailAddress.objects.create(email=OWNER, name="Support")
    account = EmailAccount.objects.create(
        email=address, type="smtp", auth_bk="basic", active=True, host="plain://127.0.0.1", port=25, protocol="SMTP"
    )
    draft = ClientDraft(provider=Provider.MICROSOFT, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    account = store_client(account, draft, actor=SYSTEM)
    account.auth_bk = f"oauth2:{name}"
    account.save()
    root = "https://login.microsoftonline.com/common/oauth2/v2.0" if name is Provider.MICROSOFT else provider.url
    options = {"urlAuthorize": f"{root}/authorize", "urlAccessToken": f"{root}/token", "redirectUri": REDIRECT}
    if name is not Provider.MICROSOFT:
        options |= {"urlResourceOwnerDetails": f"{root}/me", "attr_email": "emailaddress", "scopes": "mail"}
    write(client_place(account), options)
    if expires is not None:
        keep_tokens(account, "access-old", "refresh-1", expires)
    return account


def keep_tokens(account: EmailAccount, access: str, refresh: str, expires: int) -> None:
    """Store tokens as osTicket does (osticket/auth.md §8)."""
    namespace = f"email.{account.email_id}.account.{account.pk}"
    owner = OWNER
    subkey = hashed_subkey(owner, namespace)
    secret = {"access_token": access, "refresh_token": refresh}
    encrypted = {key: encrypt(value, subkey=subkey, secret_salt=settings.SECRET_SALT) for key, value in secret.items()}
    write(namespace, {**encrypted, "resource_owner_email": owner, "expires": str(expires), "config_signature": "sig"})


def client_place(account: EmailAccount) -> str:
    """Give the namespace of an account's client."""
    instance = PluginInstance.objects.get(pk=int(account.auth_id or 0))
    return f"plugin.{instance.plugin_id}.instance.{instance.pk}"


def write(namespace: str, values: dict[str, str]) -> None:
    for key, value in values.items():
        ConfigItem.objects.update_or_create(
            namespace=namespace, key=key, defaults={"value": value, "updated": timezone.now()}
        )


@pytest.mark.parametrize("name", ALL)
def test_a_token_that_ran_out_is_renewed_and_kept_as_osticket_keeps_it(provider: FakeProvider, name: Provider) -> None:
    account = account_at(provider, name)
    token = access_token(account)
    assert token in provider.access_tokens
    assert access_token(account) == token
    assert provider.renewals == 1
    kept = stored_credentials(account)
    assert (kept.access_token, kept.refresh_token, kept.config_signature) == (token, "refresh-1", "sig")
    assert kept.expires is not None
    assert abs(kept.expires - time.time() - 3600) < 30
    rows = ConfigItem.objects.filter(namespace=f"email.{account.email_id}.account.{account.pk}")
    assert not any(token in (value or "") for value in rows.values_list("value", flat=True))


@pytest.mark.parametrize("name", ALL)
def test_a_refresh_token_that_changes_is_kept(provider: FakeProvider, name: Provider) -> None:
    provider.rotates = True
    account = account_at(provider, name)
    access_token(account)
    assert stored_credentials(account).refresh_token == "refresh-2"


def test_a_token_that_is_good_asks_nobody(provider: FakeProvider) -> None:
    account = account_at(provider, Provider.MICROSOFT, expires=int(time.time()) + 1000)
    assert access_token(account) == "access-old"
    assert provider.renewals == 0


def test_a_token_that_a_server_refused_is_renewed_but_not_again_and_again(provider: FakeProvider) -> None:
    account = account_at(provider, Provider.OTHER, expires=int(time.time()) + 1000)
    second = access_token(account, rejected="access-old")
    assert second in provider.access_tokens
    assert access_token(account, rejected=second) == second
    assert provider.renewals == 1


@pytest.mark.parametrize("name", ALL)
def test_a_consent_that_is_gone_switches_the_account_off_and_says_so(provider: FakeProvider, name: Provider) -> None:
    set_settings("core", {"admin_email": "boss@acme.test", "send_sys_errors": "1"}, SYSTEM)
    account = account_at(provider, name)
    provider.refresh_tokens.clear()
    with pytest.raises(ConsentGone, match="invalid_grant"):
        access_token(account)
    account.refresh_from_db()
    assert (account.active, account.num_errors) == (False, 1)
    assert "Connect the account again" in (account.last_error_msg or "")
    assert SystemLogEntry.objects.filter(log_type="Error", title__contains=OWNER).count() == 1
    (mail,) = Effect.objects.filter(kind="mail")
    assert mail.payload["to"][0]["address"] == "boss@acme.test"
    report = examine(now=timezone.now(), names=["mail accounts"])
    (line,) = report.lines
    assert (line.level.value, line.finding.figure) == ("failure", OWNER)
    assert not Lease.objects.exists()


def test_an_account_that_was_connected_anew_meanwhile_stays_on(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old consent is gone, an administrator gives another one while somebody still asks with the old token."""
    account = account_at(provider, Provider.OTHER)
    renew = providers.renew

    def refused_late(client: Any, refresh_token: str) -> Any:
        keep_tokens(account, "access-new", "refresh-new", int(time.time()) + 3600)
        raise ConsentGone("invalid_grant")

    monkeypatch.setattr(providers, "renew", refused_late)
    assert access_token(account) == "access-new"
    account.refresh_from_db()
    assert account.active
    assert not Effect.objects.exists()
    keep_tokens(account, "access-old", "refresh-1", 0)

    def given_late(client: Any, refresh_token: str) -> Any:
        keep_tokens(account, "access-new", "refresh-new", int(time.time()) + 3600)
        return renew(client, refresh_token)

    monkeypatch.setattr(providers, "renew", given_late)
    access_token(account)
    assert stored_credentials(account).refresh_token == "refresh-new"


@pytest.mark.parametrize("name", ALL)
def test_a_wrong_secret_raises_an_alarm_but_leaves_the_account_on(provider: FakeProvider, name: Provider) -> None:
    account = account_at(provider, name)
    namespace = client_place(account)
    write(namespace, {"clientSecret": encrypt("wrong", subkey=namespace, secret_salt=settings.SECRET_SALT)})
    for _attempt in range(2):
        with pytest.raises(ClientRefused, match="invalid_client"):
            access_token(account)
    account.refresh_from_db()
    assert account.active
    assert SystemLogEntry.objects.filter(log_type="Error").count() == 1
    assert [line.level.value for line in examine(now=timezone.now(), names=["mail accounts"]).lines] == ["failure"]


@pytest.mark.parametrize("name", [Provider.MICROSOFT, Provider.OTHER])  # Google's library repeats for seconds
def test_a_provider_that_is_down_changes_nothing(provider: FakeProvider, name: Provider) -> None:
    account = account_at(provider, name)
    provider.broken = True
    with pytest.raises(ProviderUnavailable):
        access_token(account)
    account.refresh_from_db()
    assert (account.active, account.num_errors) == (True, 0)
    provider.broken = False
    assert access_token(account) in provider.access_tokens


@pytest.mark.parametrize("name", ALL)
def test_nobody_there_is_no_reason_to_give_up(provider: FakeProvider, name: Provider) -> None:
    account = account_at(provider, name)
    namespace = client_place(account)
    nobody = "https://127.0.0.1:1/common/oauth2/v2.0/token"
    write(namespace, {"urlAccessToken": nobody})
    with pytest.raises(ProviderUnavailable):
        access_token(account)


@pytest.mark.django_db(transaction=True)
def test_many_who_need_a_token_renew_it_once(provider: FakeProvider) -> None:
    account = account_at(provider, Provider.OTHER)
    provider.pause = 0.3
    found: list[str] = []

    def ask() -> None:
        found.append(access_token(account))
        connection.close()

    threads = [threading.Thread(target=ask) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert provider.renewals == 1


@pytest.mark.parametrize("name", ALL)
def test_a_consent_connects_an_account(provider: FakeProvider, name: Provider) -> None:
    account = account_at(provider, name, expires=None)
    EmailAccount.objects.filter(pk=account.pk).update(active=False, num_errors=3, last_error_msg="gone")
    consent = start_connecting(account, state="state-1", actor=SYSTEM)
    answer = provider.consent(consent.address)
    connected = finish_connecting(account, consent.kept, answer, state="state-1", actor=SYSTEM)
    assert (connected.active, connected.num_errors, connected.last_error_msg) == (True, 0, None)
    kept = stored_credentials(connected)
    assert kept.access_token in provider.access_tokens
    assert (kept.refresh_token, kept.resource_owner_email) == ("refresh-of-consent", OWNER)
    assert kept.config_signature == client_of(connected).signature
    assert access_token(connected) == kept.access_token


@pytest.mark.parametrize("name", ALL)
def test_a_consent_that_is_not_ours_or_not_right_connects_nothing(provider: FakeProvider, name: Provider) -> None:
    account = account_at(provider, name, expires=None)
    consent = start_connecting(account, state="state-1", actor=SYSTEM)
    answer = provider.consent(consent.address)
    refused: list[str] = []

    def finish(kept: Any, given: dict[str, str]) -> None:
        with pytest.raises(DomainError) as error:
            finish_connecting(account, kept, given, state="state-1", actor=SYSTEM)
        refused.append(error.value.code)

    finish(consent.kept, {**answer, "state": "state-2"})
    finish(consent.kept, {"error": "access_denied", "state": "state-1"})
    finish({**consent.kept, "verifier": "x" * 43, "code_verifier": "x" * 43}, answer)
    assert refused == ["mail_state_unknown", "mail_consent_gone", "mail_consent_gone"]
    provider.owner = "somebody.else@acme.test"
    finish(consent.kept, provider.consent(consent.address))
    provider.owner, provider.gives_refresh_token = OWNER, False
    finish(consent.kept, provider.consent(consent.address))
    assert refused[3:] == ["mail_other_owner", "mail_no_refresh_token"]
    assert not ConfigItem.objects.filter(key="access_token").exists()


def test_clients_are_kept_encrypted_and_checked(provider: FakeProvider) -> None:
    account = account_at(provider, Provider.MICROSOFT, expires=None)
    assert not ConfigItem.objects.filter(value__contains=CLIENT_SECRET).exists()
    draft = ClientDraft(provider=Provider.MICROSOFT, client_id="another", tenant="acme.onmicrosoft.com")
    client = client_of(store_client(account, draft, actor=SYSTEM))
    assert (client.client_id, client.client_secret) == ("another", CLIENT_SECRET)
    assert client.endpoints.token == "https://login.microsoftonline.com/acme.onmicrosoft.com/oauth2/v2.0/token"
    for wrong in (
        ClientDraft(provider=Provider.MICROSOFT, client_id="x", tenant="evil.test/?"),
        ClientDraft(provider=Provider.GOOGLE, client_id=" "),
        ClientDraft(provider=Provider.OTHER, client_id="x"),
    ):
        with pytest.raises(ValidationFailed):
            store_client(account, wrong, actor=SYSTEM)


@pytest.mark.parametrize("name", ["authorize", "token", "owner"])
def test_a_provider_is_asked_over_https_alone(provider: FakeProvider, name: str) -> None:
    account = account_at(provider, Provider.MICROSOFT, expires=None)
    given = {one: f"https://id.acme.test/{one}" for one in ("authorize", "token", "owner")}

    def store(addresses: dict[str, str]) -> None:
        endpoints = Endpoints(**addresses, owner_attribute="email", scopes=("mail",))
        store_client(account, ClientDraft(provider=Provider.OTHER, client_id="x", endpoints=endpoints), actor=SYSTEM)

    with pytest.raises(ValidationFailed, match="https"):
        store({**given, name: f"http://id.acme.test/{name}"})
    store(given)

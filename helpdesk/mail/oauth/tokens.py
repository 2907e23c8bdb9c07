"""Access tokens of mail accounts, renewed when they run out; stored as osTicket does (osticket/auth.md §8)."""

from __future__ import annotations

import time
from datetime import datetime

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from helpdesk.configuration.models import ConfigItem
from helpdesk.health.leases import release, take
from helpdesk.legacy.crypto import encrypt, hashed_subkey
from helpdesk.legacy.errors import DomainError
from helpdesk.legacy.mail_credentials import MailAccount, MailCredentialsMissing, OAuthCredentials, mail_credentials
from helpdesk.legacy.text_fields import cut_to_column
from helpdesk.mail.alarms import raise_alarm
from helpdesk.mail.models import EmailAccount
from helpdesk.mail.oauth.clients import client_of
from helpdesk.mail.oauth.outcomes import ClientRefused, ConsentGone, ProviderUnavailable, Tokens

EARLY = 120
"""Seconds before its end at which a token is renewed: a mail server must still take it."""
LEASE_SECONDS = 60
WAIT_SECONDS = 45
PAUSE_SECONDS = 0.2
REJECTION_SECONDS = 600
"""How often a server's refusal of a token that should still be good is a reason to ask for another one."""


def access_token(account: EmailAccount, *, rejected: str = "") -> str:
    """Give a token by which an account (`auth_bk` `oauth2:…`, or `mailbox` that borrows it) may sign in now.

    One that has run out, or that the server has just `rejected`, is renewed, by one process at a time. Do not call it
    inside a transaction: the provider is asked. Raises ConsentGone after switching the account off, with an alarm;
    ClientRefused (with an alarm), ProviderUnavailable, ClientMissing, MailCredentialsMissing and SecretUnreadable.
    """
    owner = account_with_credentials(account)
    if rejected and not cache.add(f"mail.oauth.rejected.{owner.pk}", True, REJECTION_SECONDS):
        rejected = ""  # another token did not help a moment ago
    stored = stored_credentials(owner)
    if _is_usable(stored, rejected):
        return stored.access_token or ""
    try:
        return _renewed(owner, rejected)
    except ConsentGone as error:
        _switch_off({owner.pk, account.pk}, owner.email.email, error, now=timezone.now())
        raise
    except ClientRefused as error:
        _note_refusal(owner, error, now=timezone.now())
        raise


def account_with_credentials(account: EmailAccount) -> EmailAccount:
    """Give the account whose credentials are used: of one that borrows them, the mailbox of the same address.

    Raises MailCredentialsMissing.
    """
    if account.auth_bk != "mailbox":
        return account
    mailbox = EmailAccount.objects.filter(email=account.email, type="mailbox").select_related("email").first()
    if mailbox is None or mailbox.auth_bk == "mailbox":
        raise MailCredentialsMissing
    return mailbox


def stored_credentials(account: EmailAccount) -> OAuthCredentials:
    """Give what is stored for an account. Raises MailCredentialsMissing and SecretUnreadable."""
    known = MailAccount(account.pk, account.email_id or 0, account.auth_bk, account.email.email)
    rows = ConfigItem.objects.filter(namespace=known.namespace)
    config = {known.namespace: dict(rows.values_list("key", "value"))}
    found = mail_credentials(known, config, secret_salt=settings.SECRET_SALT)
    if not isinstance(found, OAuthCredentials):
        raise MailCredentialsMissing
    return found


def store_tokens(account: EmailAccount, tokens: Tokens, *, owner: str, signature: str = "") -> None:
    """Keep tokens of the mailbox of `owner`, encrypted; what `tokens` does not name stays as it is."""
    namespace = MailAccount(account.pk, account.email_id or 0, account.auth_bk, account.email.email).namespace
    subkey = hashed_subkey(owner, namespace)
    values = {
        "access_token": encrypt(tokens.access_token, subkey=subkey, secret_salt=settings.SECRET_SALT),
        "expires": str(tokens.expires or ""),
        "resource_owner_email": owner,
    }
    if tokens.refresh_token:
        values["refresh_token"] = encrypt(tokens.refresh_token, subkey=subkey, secret_salt=settings.SECRET_SALT)
    if tokens.owner_id:
        values["resource_owner_id"] = tokens.owner_id
    if signature:
        values["config_signature"] = signature
    with transaction.atomic():
        for key, value in values.items():
            ConfigItem.objects.update_or_create(
                namespace=namespace, key=key, defaults={"value": value, "updated": timezone.now()}
            )


def _is_usable(stored: OAuthCredentials, rejected: str) -> bool:
    if not stored.access_token or stored.access_token == rejected:
        return False
    if stored.expires is None:  # nobody knows; without a refresh token there is nothing else to try
        return stored.refresh_token is None
    return stored.expires - EARLY > time.time()


def _renewed(owner: EmailAccount, rejected: str) -> str:
    """Renew, or wait for who does."""
    name, deadline = f"oauth:{owner.pk}", time.monotonic() + WAIT_SECONDS
    while (holder := take(name, seconds=LEASE_SECONDS)) is None:
        if time.monotonic() > deadline:
            raise ProviderUnavailable("another process is still asking")
        time.sleep(PAUSE_SECONDS)
    try:
        stored = stored_credentials(owner)
        if _is_usable(stored, rejected):
            return stored.access_token or ""
        if stored.refresh_token is None:
            raise ConsentGone("no refresh token")
        from helpdesk.mail.oauth.providers import renew  # its libraries take seconds to load

        try:
            tokens = renew(client_of(owner), stored.refresh_token)
        except ConsentGone:
            if (token := _token_given_meanwhile(owner, stored)) is not None:
                return token
            raise
        if (token := _token_given_meanwhile(owner, stored)) is not None:
            return token
        store_tokens(owner, tokens, owner=stored.resource_owner_email)
        EmailAccount.objects.filter(pk=owner.pk, num_errors__gt=0, type="smtp").update(
            num_errors=0, last_error_msg=None
        )
        return tokens.access_token
    finally:
        release(name, holder)


def _token_given_meanwhile(owner: EmailAccount, before: OAuthCredentials) -> str | None:
    """Give the token of a consent that an administrator gave while the provider was asked with an earlier one."""
    stored = stored_credentials(owner)
    is_other = stored.refresh_token != before.refresh_token
    return stored.access_token if is_other and _is_usable(stored, "") else None


def _switch_off(accounts: set[int], address: str, error: DomainError, *, now: datetime) -> None:
    rows = EmailAccount.objects.filter(pk__in=accounts, active=True)
    message = cut_to_column(EmailAccount, "last_error_msg", str(error))
    if rows.update(active=False, num_errors=F("num_errors") + 1, last_error=now, last_error_msg=message):
        title = f"The mail account {address} was switched off"
        text = f"{error}\n\nConnect it again in the administration, under “Sign-in of mail”. Until then mails wait."
        raise_alarm(title, text, key=f"mail account {min(accounts)} off {now:%Y-%m-%d %H}", now=now)


def _note_refusal(account: EmailAccount, error: DomainError, *, now: datetime) -> None:
    message = cut_to_column(EmailAccount, "last_error_msg", str(error))
    EmailAccount.objects.filter(pk=account.pk).update(last_error=now, last_error_msg=message)
    title = f"The mail account {account.email.email} cannot sign in"
    raise_alarm(title, str(error), key=f"mail account {account.pk} client", now=now)

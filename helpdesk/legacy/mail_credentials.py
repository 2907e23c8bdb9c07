"""How a mail account signs in to its server, read from osTicket's rows (osticket/auth.md §8).

Pure functions over the values of an `email_account` row and the `config` table; the caller fetches them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.crypto import decrypt, hashed_subkey
from helpdesk.legacy.errors import DomainError

_UNIX_TIME = re.compile(r"[0-9]{1,12}")

ConfigValues = Mapping[str, str | None]
"""The rows of one `config` namespace: key to value."""


class MailCredentialsMissing(DomainError):  # noqa: N818 -- named as its siblings in errors.py
    """The account names a way to sign in for which nothing is stored."""

    def __init__(self) -> None:
        super().__init__(_("No credentials are stored for this mail account."), code="mail_credentials_missing")


@dataclass(frozen=True)
class MailAccount:
    """The columns of an `email_account` row that decide about its credentials, and the address of its `email` row."""

    id: int
    email_id: int
    auth_bk: str
    email_address: str

    @property
    def namespace(self) -> str:
        """The `config` namespace that holds the account's credentials."""
        return f"email.{self.email_id}.account.{self.id}"


@dataclass(frozen=True)
class PasswordCredentials:
    """User name and password (`auth_bk` `basic`)."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class NoAuthentication:
    """No sign-in at all (`auth_bk` `none`); the account still has a user name, its own address."""

    username: str


@dataclass(frozen=True)
class OAuthCredentials:
    """Tokens for XOAUTH2 (`auth_bk` `oauth2:…`); `expires` is a Unix time.

    `config_signature` is the one of the client's configuration when the tokens were made; osTicket does not use tokens
    whose signature differs from the present one.
    """

    resource_owner_email: str
    resource_owner_id: str | None
    expires: int | None
    config_signature: str | None
    access_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)


MailCredentials = PasswordCredentials | NoAuthentication | OAuthCredentials


def mail_credentials(
    account: MailAccount,
    config: Mapping[str, ConfigValues],
    *,
    secret_salt: str,
    mailbox: MailAccount | None = None,
) -> MailCredentials:
    """The decrypted credentials of `account`; `config` maps namespaces to their values.

    `mailbox` is the mailbox account of the same address, whose credentials an SMTP account with `auth_bk` `mailbox`
    borrows. Raises `MailCredentialsMissing` and `SecretUnreadable`.
    """
    if account.auth_bk == "mailbox":
        if mailbox is None or mailbox.auth_bk == "mailbox":
            raise MailCredentialsMissing
        return mail_credentials(mailbox, config, secret_salt=secret_salt)
    if account.auth_bk == "none":
        return NoAuthentication(username=account.email_address)
    values = config.get(account.namespace, {})
    if account.auth_bk == "basic":
        return _password_credentials(account, values, secret_salt)
    if account.auth_bk.startswith("oauth2:"):
        return _oauth_credentials(account, values, secret_salt)
    raise MailCredentialsMissing


def _password_credentials(account: MailAccount, values: ConfigValues, secret_salt: str) -> PasswordCredentials:
    username, password = values.get("username"), values.get("passwd")
    if not username or not password:
        raise MailCredentialsMissing
    subkey = hashed_subkey(username, account.namespace)
    return PasswordCredentials(username, decrypt(password, subkey=subkey, secret_salt=secret_salt))


def _oauth_credentials(account: MailAccount, values: ConfigValues, secret_salt: str) -> OAuthCredentials:
    owner, expires = values.get("resource_owner_email") or "", values.get("expires") or ""
    subkey = hashed_subkey(owner, account.namespace)
    access, refresh = (
        decrypt(token, subkey=subkey, secret_salt=secret_salt) if token else None
        for token in (values.get("access_token"), values.get("refresh_token"))
    )
    if access is None and refresh is None:
        raise MailCredentialsMissing
    return OAuthCredentials(
        resource_owner_email=owner,
        resource_owner_id=values.get("resource_owner_id") or None,
        expires=int(expires) if _UNIX_TIME.fullmatch(expires) else None,
        config_signature=values.get("config_signature") or None,
        access_token=access,
        refresh_token=refresh,
    )

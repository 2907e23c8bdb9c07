"""Which mail server takes a mail: the one of the sending address, else the default one, else that of the settings.

Order and rules are osTicket's (osticket/mail.md §6.1, §2.2). Certificates are checked, unlike there; a server with one
of its own is named in `MAIL_UNVERIFIED_HOSTS`.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from functools import partial
from urllib.parse import unquote, urlsplit

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from helpdesk import configuration
from helpdesk.configuration.models import ConfigItem
from helpdesk.legacy.errors import DomainError
from helpdesk.legacy.mail_credentials import (
    MailAccount,
    MailCredentials,
    OAuthCredentials,
    PasswordCredentials,
    mail_credentials,
)
from helpdesk.mail.models import EmailAccount, EmailAddress
from helpdesk.mail.oauth.tokens import access_token

logger = structlog.get_logger(__name__)

SECONDS = 60
_HAS_SERVER = "mail.has-server"
ASK_AGAIN = timedelta(minutes=10)


class Encryption(Enum):
    """How a connection is protected."""

    NONE = "plain"
    START_TLS = "tls"
    TLS = "ssl"


_USUAL_PORTS = {Encryption.NONE: 25, Encryption.START_TLS: 587, Encryption.TLS: 465}


@dataclass(frozen=True)
class Server:
    """A mail server and how to sign in; `address` is that of the account, None for the server of the settings."""

    host: str
    port: int
    encryption: Encryption
    credentials: MailCredentials | None = None
    address: str | None = None
    may_spoof: bool = True
    renew: Callable[..., str] | None = field(default=None, compare=False)
    """Gives another token in place of the one named as `rejected`."""

    def __str__(self) -> str:
        return f"{self.encryption.value}://{self.host}:{self.port}/SMTP"


def has_server() -> bool:
    """Whether mails can leave at all; looked up at most once a minute."""
    known: bool | None = cache.get(_HAS_SERVER)
    if known is None:
        known = bool(settings.MAIL_SERVER) or EmailAccount.objects.filter(type="smtp", active=True).exists()
        cache.set(_HAS_SERVER, known, SECONDS)
    return known


def forget_servers() -> None:
    """Let the next question whether there is a server be answered anew: accounts have changed.

    Also once the change is committed: until then others keep the old answer.
    """
    cache.delete(_HAS_SERVER)
    transaction.on_commit(partial(cache.delete, _HAS_SERVER))


def servers_for(sender: EmailAddress, unusable: list[DomainError] | None = None) -> Iterator[Server]:
    """Give the servers to try, in order; why accounts cannot be used is added to `unusable`."""
    accounts = EmailAccount.objects.filter(type="smtp", active=True).select_related("email")
    own = accounts.filter(email=sender).first()
    default = accounts.filter(pk=configuration.current().integer("default_smtp_id")).first()
    for account in dict.fromkeys(one for one in (own, default) if one is not None):
        try:
            yield server_of(account)
        except DomainError as error:
            logger.warning("mail_account_unusable", account_id=account.pk, reason=error.code)
            if unusable is not None:
                unusable.append(error)
    if settings.MAIL_SERVER:
        yield settings_server()


def server_of(account: EmailAccount) -> Server:
    """Give the server of an SMTP account with its credentials; OAuth2 tokens that ran out are renewed.

    Raises DomainError when there are none, or the provider gives no token.
    """
    host, port, encryption = address_of_server(account.host, account.port)
    credentials, renew = credentials_of(account), None
    if isinstance(credentials, OAuthCredentials):
        credentials = replace(credentials, access_token=access_token(account))
        renew = partial(access_token, account)
    return Server(host, port, encryption, credentials, account.email.email, bool(account.allow_spoofing), renew)


def settings_server() -> Server:
    """Give the server that the environment names (`MAIL_SERVER`)."""
    parts = urlsplit(settings.MAIL_SERVER)
    encryption = Encryption(parts.scheme)
    credentials = None
    if parts.username:
        credentials = PasswordCredentials(unquote(parts.username), unquote(parts.password or ""))
    return Server(parts.hostname or "localhost", parts.port or _USUAL_PORTS[encryption], encryption, credentials)


def address_of_server(host: str, port: int) -> tuple[str, int, Encryption]:
    """Give host, port and encryption: a prefix (`ssl://`) decides, else the port (osticket/mail.md §2.2)."""
    scheme, separator, rest = host.strip().lower().partition("://")
    bare = rest if separator else scheme
    by_scheme = {"ssl": Encryption.TLS, "tls": Encryption.START_TLS, "plain": Encryption.NONE}
    by_port = {465: Encryption.TLS, 993: Encryption.TLS, 995: Encryption.TLS, 587: Encryption.START_TLS}
    found = by_scheme.get(scheme) if separator else None
    return bare, port, found or by_port.get(port, Encryption.NONE)


def credentials_of(account: EmailAccount) -> MailCredentials:
    """Give the decrypted credentials of an account (osticket/auth.md §8). Raises DomainError."""
    mailbox = EmailAccount.objects.filter(email=account.email, type="mailbox").select_related("email").first()
    known = [_account(one) for one in (account, mailbox) if one is not None]
    rows = ConfigItem.objects.filter(namespace__in=[one.namespace for one in known])
    config: dict[str, dict[str, str | None]] = {}
    for namespace, key, value in rows.values_list("namespace", "key", "value"):
        config.setdefault(namespace, {})[key] = value
    return mail_credentials(
        known[0], config, secret_salt=settings.SECRET_SALT, mailbox=known[1] if mailbox is not None else None
    )


def is_final(error: Exception) -> bool:
    """Whether trying again cannot help: the server said so (5xx) about mail or recipients."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return bool(error.recipients) and all(code >= 500 for code, _text in error.recipients.values())
    if isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError | smtplib.SMTPHeloError):
        return False
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code >= 500


def tls_context(host: str) -> ssl.SSLContext:
    """Give the rules of encryption for a host: its certificate must fit, unless an administrator said otherwise."""
    context = ssl.create_default_context()
    if host in settings.MAIL_UNVERIFIED_HOSTS:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _account(account: EmailAccount) -> MailAccount:
    return MailAccount(account.pk, account.email_id or 0, account.auth_bk, account.email.email)

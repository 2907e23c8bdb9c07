"""Opening the mailbox of an account: where its server is, how it is protected, who signs in (osticket/mail.md §2.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from helpdesk.legacy.errors import DomainError
from helpdesk.legacy.mail_credentials import MailCredentials, OAuthCredentials, PasswordCredentials
from helpdesk.mail.models import EmailAccount
from helpdesk.mail.oauth import tokens
from helpdesk.mail.transport import Encryption, address_of_server, credentials_of
from mailfetch.servers.session import CONNECT_SECONDS, READ_SECONDS, MailboxFailed, Session, SignInRefused

INBOX = "INBOX"


class AccessToken(Protocol):
    """Gives a token by which an account may sign in now."""

    def __call__(self, account: EmailAccount, *, rejected: str = "") -> str:
        """Give it; one that the server has just `rejected` is renewed. Raises DomainError."""


@dataclass(frozen=True)
class Door:
    """Where a mailbox is and who opens it."""

    host: str
    port: int
    encryption: Encryption
    folder: str
    user: str
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    largest: int = 0
    connect_seconds: float = CONNECT_SECONDS
    read_seconds: float = READ_SECONDS
    on_progress: Callable[[], None] = lambda: None
    """Called again and again while a mail comes in, however long that takes."""


def current_access_token(account: EmailAccount, *, rejected: str = "") -> str:
    """Give a token that is valid now: the stored one, renewed where it has run out or was just refused.

    Raises DomainError.
    """
    return tokens.access_token(account, rejected=rejected)


def open_session(
    account: EmailAccount,
    *,
    largest: int,
    access_token: AccessToken,
    patience: float = CONNECT_SECONDS,
    on_progress: Callable[[], None] = lambda: None,
) -> Session:
    """Connect, sign in and open the folder; `largest` bounds what a server may send at once. Raises MailboxFailed.

    While mails come in `on_progress` is called, and what it raises ends the reading.
    """
    door = replace(_door(account, largest, access_token, patience), on_progress=on_progress)
    try:
        return _session(account, door)
    except SignInRefused:
        if door.token is None:
            raise
        with _credentials_failing():
            token = access_token(account, rejected=door.token)
        if not token or token == door.token:
            raise
        return _session(account, replace(door, token=token))


@contextmanager
def _credentials_failing() -> Iterator[None]:
    try:
        yield
    except DomainError as error:
        raise MailboxFailed(f"Credentials: {error.message}") from error


def _session(account: EmailAccount, door: Door) -> Session:
    if account.protocol == "POP":
        from mailfetch.servers.pop3 import Pop3Session

        return Pop3Session(door)
    from mailfetch.servers.imap import ImapSession

    return ImapSession(door)


def host_info(account: EmailAccount) -> str:
    """Give the mailbox in osTicket's words: `ssl://mail.example.com:993/IMAP`."""
    host, port, encryption = address_of_server(account.host, account.port)
    return f"{encryption.value}://{host}:{port}/{account.protocol}"


def _door(account: EmailAccount, largest: int, access_token: AccessToken, patience: float) -> Door:
    host, port, encryption = address_of_server(account.host, account.port)
    with _credentials_failing():
        credentials: MailCredentials = credentials_of(account)
        user = password = token = None
        if isinstance(credentials, OAuthCredentials):
            user, token = credentials.resource_owner_email, access_token(account)
        elif isinstance(credentials, PasswordCredentials):
            user, password = credentials.username, credentials.password
    if user is None:
        raise MailboxFailed("Credentials: a mailbox needs a user name and a password, or OAuth2.")
    return Door(
        host=host,
        port=port,
        encryption=encryption,
        folder=account.folder or INBOX,
        user=user,
        password=password,
        token=token,
        largest=largest,
        connect_seconds=min(CONNECT_SECONDS, patience),
        read_seconds=READ_SECONDS if patience >= CONNECT_SECONDS else patience,
    )

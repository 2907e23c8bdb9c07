"""Accounts, mails and servers that misbehave, for the tests of fetching."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.utils import timezone

from helpdesk.configuration.models import ConfigItem
from helpdesk.legacy.crypto import encrypt, hashed_subkey
from helpdesk.mail.models import EmailAccount, EmailAddress
from helpdesk.threads.models import EntryEmail
from tests.mailfetch.dovecot import PASSWORD, User


def mailbox_of(
    user: User,
    *,
    protocol: str = "IMAP",
    host: str = "plain://127.0.0.1",
    port: int | None = None,
    password: str = PASSWORD,
    address: str = "",
    **columns: Any,
) -> EmailAccount:
    """Make the account of a new address that fetches the user's mailbox."""
    port = port or (user.server.pop3 if protocol == "POP" else user.server.imap)
    return new_account(user.name, port, protocol, host, password, address or f"{user.name}@acme.test", columns)


def new_account(
    name: str, port: int, protocol: str, host: str, password: str, address: str, columns: dict[str, Any]
) -> EmailAccount:
    """Make an address with an account as osTicket stores it, credentials and all."""
    now = timezone.now()
    email = EmailAddress.objects.create(email=address, name="Support")
    account = EmailAccount.objects.create(
        email=email, type="mailbox", auth_bk="basic", active=True, protocol=protocol, host=host, port=port, **columns
    )
    space = f"email.{email.pk}.account.{account.pk}"
    secret = encrypt(password, subkey=hashed_subkey(name, space), secret_salt=settings.SECRET_SALT)
    for key, value in {"username": name, "passwd": secret}.items():
        ConfigItem.objects.create(namespace=space, key=key, value=value, updated=now)
    return EmailAccount.objects.select_related("email").get(pk=account.pk)


def again(account: EmailAccount) -> EmailAccount:
    """Give the account as it is stored now."""
    return EmailAccount.objects.select_related("email").get(pk=account.pk)


def mail(number: int, text: str = "It does not work.", *, sender: str = "jane@example.org", to: str = "") -> bytes:
    """Give a mail, by its number."""
    return (
        f"From: Jane <{sender}>\r\nTo: {to or 'support@acme.test'}\r\nSubject: Case {number}\r\n"
        f"Message-ID: <case-{number}@example.org>\r\nDate: Mon, 30 Nov 2026 10:00:00 +0000\r\n\r\n{text}\r\n"
    ).encode()


UNUSABLE = b"Subject: From nobody\r\nMessage-ID: <nobody@example.org>\r\n\r\nWho am I?\r\n"
"""A mail that opens no ticket: it has no sender."""


def entries_of(number: int) -> int:
    """Count the entries that came of a mail, by its number."""
    return EntryEmail.objects.filter(mid=f"<case-{number}@example.org>").exclude(entry_id=0).count()


Talk = Callable[[socket.socket], None]


@contextmanager
def server_that(talk: Talk) -> Iterator[int]:
    """Listen on a port and let every connection be handled by `talk`; gives the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _address = listener.accept()
                thread = threading.Thread(target=_handle, args=(talk, connection), daemon=True)
                threads.append(thread)
                thread.start()

    def _handle(talk: Talk, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(10)
            talk(connection)

    accepting = threading.Thread(target=serve, daemon=True)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(5)
        for thread in threads:
            thread.join(5)


@contextmanager
def port_of_nobody() -> Iterator[int]:
    """Keep a port at which nobody listens: one that is only free may be somebody else's a moment later."""
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


@contextmanager
def vanishing_after(port: int, size: int) -> Iterator[int]:
    """Pass on to a server on another port, and cut the connection when it has sent so many bytes; gives the port."""

    def talk(client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as server:
            server.settimeout(10)

            def upwards() -> None:
                with suppress(OSError):
                    while data := client.recv(4096):
                        server.sendall(data)

            sending = threading.Thread(target=upwards, daemon=True)
            sending.start()
            left = size
            while left > 0 and (data := server.recv(min(left, 4096))):
                client.sendall(data)
                left -= len(data)
            for one in (client, server):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            sending.join(5)

    with server_that(talk) as own:
        yield own

"""Taking mails from a mail server over LMTP: each recipient gets an answer of his own, and 250 means committed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.db import DatabaseError, close_old_connections

from helpdesk.legacy.errors import DomainError, PermissionRefused
from helpdesk.mail.models import EmailAddress
from mailfetch.posting import post

R = TypeVar("R")
AT_ONCE = 4
"""Mails taken at the same time; others wait."""
TIMEOUT_SECONDS = 300
UNIX = "unix:"
_TOO_MUCH = ("500 Line too long", "552 Error: Too much mail data")
_log = structlog.get_logger("mail")


class MailboxHandler:
    """Knows the help desk's addresses, and posts what comes for them."""

    def __init__(self) -> None:
        """Take some mails at a time."""
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Take recipients that are addresses of the help desk."""
        try:
            known = await asyncio.to_thread(_in_thread, lambda: is_mailbox(address))
        except DatabaseError:
            _log.exception("lmtp.database_failed")
            return "451 4.3.0 Try again later"
        if not known:
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Post the mail once, and answer for every recipient."""
        content = envelope.original_content or b""
        recipients = list(envelope.rcpt_tos)
        async with self._turn:
            answer = await asyncio.to_thread(_in_thread, lambda: take(content, recipients))
        return "\r\n".join([answer] * len(recipients))


class Lmtp(LMTP):
    """The protocol, with answers for every recipient where the library gives one, and lines as long as mails have."""

    line_length_limit = 1024 * 1024
    __ident__ = "Ostler LMTP"

    async def push(self, status: Any) -> None:
        """Send an answer."""
        text = status if isinstance(status, str) else ""
        if text.startswith(_TOO_MUCH) and self.envelope is not None:
            status = "\r\n".join([text] * max(len(self.envelope.rcpt_tos), 1))
        await super().push(status)


def is_mailbox(address: str) -> bool:
    """Whether an address is one of the help desk's."""
    return EmailAddress.objects.filter(email__iexact=address.strip("<> ")).exists()


def take(raw: bytes, recipients: list[str]) -> str:
    """Post a mail and give the answer to the mail server; recipients whom no header names are added to the headers."""
    try:
        post(_delivered_to(recipients) + raw)
    except PermissionRefused:
        return "550 5.7.1 The sender is not accepted"
    except DomainError as error:
        _log.warning("lmtp.refused", reason=error.code)
        return "554 5.6.0 The mail can become no ticket"
    except Exception:  # noqa: BLE001 -- whatever it is, the mail server must keep the mail
        _log.exception("lmtp.not_taken", bytes=len(raw))
        return "451 4.3.0 Try again later"
    return "250 2.0.0 OK"


@asynccontextmanager
async def listening(place: str) -> AsyncIterator[None]:
    """Listen at `host:port`, or at `unix:/path` for those of the same group."""
    loop = asyncio.get_running_loop()
    handler = MailboxHandler()

    def protocol() -> Lmtp:
        return Lmtp(
            handler, data_size_limit=settings.MAIL_LARGEST, enable_SMTPUTF8=True, timeout=TIMEOUT_SECONDS, loop=loop
        )

    if place.startswith(UNIX):
        with _socket_for_the_group(place.removeprefix(UNIX)) as path:
            server = await loop.create_unix_server(protocol, path)
    else:
        host, _colon, port = place.rpartition(":")
        server = await loop.create_server(protocol, host.strip("[]"), int(port))
    async with server:
        yield


@contextmanager
def _socket_for_the_group(path: str) -> Iterator[str]:
    """Make room for a socket that others than owner and group cannot use."""
    with suppress(FileNotFoundError):
        Path(path).unlink()
    before = os.umask(0o117)
    try:
        yield path
    finally:
        os.umask(before)


def _in_thread(work: Callable[[], R]) -> R:
    close_old_connections()
    return work()


def _delivered_to(recipients: list[str]) -> bytes:
    """Give headers that say whom the mail server delivers to: a blind copy names its mailbox nowhere else."""
    plain = [one for one in recipients if one.isascii() and one.isprintable()]
    return b"".join(f"Delivered-To: {one.strip('<> ')}\r\n".encode("ascii") for one in plain)

"""A real SMTP server that keeps what it is sent, and can refuse.

`python -m tests.mail.sink` runs one as a process: it prints its address and, at the end of its input, how many mails
came.
"""

from __future__ import annotations

# ruff: noqa: T201 -- also a command
import socket
import sys
from asyncio import AbstractServer
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Sink:
    """What arrived; `answers` maps a recipient to the answer that refuses him."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    answer_to_data: str = "250 kept"
    connections: int = 0
    names: list[str] = field(default_factory=list)
    """What clients called themselves."""
    mails_per_connection: int = 0
    """After so many a further one is not taken, 0 for any number: the server says so or, if it `vanishes`, is gone."""
    vanishes: bool = False
    closed_to: str = ""
    """Who may not sign in."""
    unanswered: str = ""
    """Whose next mail is kept without an answer."""
    vanishes_at_data: bool = False
    """Whether it is gone when somebody wants to send the text of a mail."""
    arrived: int = 0
    is_counting: bool = False
    """Whether it counts mails and does not read them, which takes as long as sending them."""

    _taken: dict[int, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address for MAIL_SERVER."""
        return f"plain://127.0.0.1:{self.port}"

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Count a connection."""
        self.connections += 1
        self._taken[id(session)] = 0
        session.host_name = hostname
        self.names.append(hostname)
        return responses

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Begin a mail, unless this connection has had its share."""
        self._taken[id(session)] += 1
        if self.mails_per_connection and self._taken[id(session)] > self.mails_per_connection:
            if not self.vanishes:
                return "421 enough for today"
            _vanish(server)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or refuse him."""
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a message."""
        if not self.answer_to_data.startswith("250"):
            return self.answer_to_data
        self.arrived += 1
        if self.is_counting:
            return self.answer_to_data
        content: Any = envelope.content
        self.messages.append(message_from_bytes(content, policy=policy.default))
        self.envelopes.append((envelope.mail_from or "", list(envelope.rcpt_tos)))
        if self.unanswered in envelope.rcpt_tos:
            self.unanswered = ""
            _vanish(server)
        return self.answer_to_data

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        """Let everybody in and note who came, but for whom it is closed to."""
        if isinstance(data, LoginPassword):
            if data.login.decode() == self.closed_to:
                return AuthResult(success=False, handled=False)
            self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=True)


class _Server(SMTP):
    """One that can be gone before it takes a text."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 -- aiosmtpd's name
        """Take the text of a mail."""
        if self.event_handler.vanishes_at_data:
            _vanish(self)
            return
        await super().smtp_DATA(arg)


class _Controller(Controller):
    """On a socket that has its port already: a port that was free a moment ago may be somebody else's."""

    def __init__(self, sink: Sink, listener: socket.socket, **options: Any) -> None:
        self._listener = listener
        hostname, sink.port = listener.getsockname()
        super().__init__(sink, hostname=hostname, port=sink.port, ready_timeout=60, **options)

    def _create_server(self) -> Awaitable[AbstractServer]:
        return self.loop.create_server(self._factory_invoker, sock=self._listener, ssl=self.ssl_context)

    def factory(self) -> SMTP:
        """Give what talks to one client."""
        return _Server(self.handler, **self.SMTP_kwargs)


def _vanish(server: SMTP) -> None:
    assert server.transport is not None
    server.transport.abort()  # type: ignore[attr-defined]


@contextmanager
def smtp_sink(*, with_sign_in: bool = False, with_utf8: bool = True, without: Sequence[str] = ()) -> Iterator[Sink]:
    """Run a sink on a free port; `with_utf8` says whether it takes addresses outside ASCII.

    Nobody can sign in by the mechanisms in `without`.
    """
    sink = Sink()
    options: dict[str, Any] = {"enable_SMTPUTF8": with_utf8}
    if with_sign_in:
        options |= {"authenticator": sink.authenticate, "auth_required": True, "auth_require_tls": False}
        options["auth_exclude_mechanism"] = list(without)
    controller = _Controller(sink, socket.create_server(("127.0.0.1", 0)), **options)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


if __name__ == "__main__":
    with smtp_sink() as running:
        running.is_counting = True
        print(running.url, flush=True)
        sys.stdin.read()
        print(running.arrived, flush=True)

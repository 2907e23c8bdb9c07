"""A real SMTP server that keeps what it is sent, and can refuse."""

from __future__ import annotations

import socket
from collections.abc import Iterator
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

    @property
    def url(self) -> str:
        """The address for MAIL_SERVER."""
        return f"plain://127.0.0.1:{self.port}"

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
        content: Any = envelope.content
        self.messages.append(message_from_bytes(content, policy=policy.default))
        self.envelopes.append((envelope.mail_from or "", list(envelope.rcpt_tos)))
        return self.answer_to_data

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        """Let everybody in and note who came."""
        if isinstance(data, LoginPassword):
            self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=True)


@contextmanager
def smtp_sink(*, with_sign_in: bool = False) -> Iterator[Sink]:
    """Run a sink on a free port."""
    sink = Sink()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        sink.port = probe.getsockname()[1]
    options: dict[str, Any] = {}
    if with_sign_in:
        options = {"authenticator": sink.authenticate, "auth_required": True, "auth_require_tls": False}
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port, **options)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()

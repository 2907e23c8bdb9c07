"""Handing mails to a mail server, over connections that the mails of one run of deliveries share.

Signing in anew for every mail takes longer than the mail itself. A connection is left after so many mails or seconds;
one that the server has closed meanwhile is opened again once. Where the text of a mail may have reached a server that
has not answered to it, nobody else is asked: the mail waits and goes again under the same Message-ID.
"""

from __future__ import annotations

import base64
import smtplib
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from copy import copy
from dataclasses import dataclass
from email.message import EmailMessage
from functools import cache
from socket import getfqdn, gethostname

import structlog

from helpdesk.legacy.errors import Conflict, DomainError
from helpdesk.legacy.mail_credentials import NoAuthentication, OAuthCredentials, PasswordCredentials
from helpdesk.mail.composing import Letter, told_refusals
from helpdesk.mail.models import EmailAddress
from helpdesk.mail.networks import check_peer, check_place
from helpdesk.mail.transport import ASK_AGAIN, SECONDS, Encryption, Server, is_final, servers_for, tls_context
from helpdesk.outbox.handlers import GiveUp, TryLater

logger = structlog.get_logger(__name__)

MOST_MAILS = 100
LONGEST_USE = 60.0
"""Seconds after which another connection is opened."""
MOST_WORDS = 300
"""Characters of what a server that is tried says."""
CHOICE_KEPT = 10.0
"""Seconds for which the mails of an address go to the server that took the last one, before accounts are read again."""
NAME_SECONDS = 5.0
_TEXT_MAY_BEGIN = 354
_GO_ON = 334
_SIGNED_IN = frozenset({235, 503})
"""What servers answer to a sign-in that is right, and to one that was right before."""
_ONLY_ASCII = "The server offers no way to sign in by a user name or password outside ASCII (PLAIN or LOGIN)."


@dataclass(frozen=True)
class Refusal:
    """What a server answered about a recipient whom it does not take."""

    code: int
    text: str

    @property
    def is_final(self) -> bool:
        """Whether he is never to get the mail."""
        return self.code >= 500

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


_NO_UTF8 = (553, b"the server takes no address outside ASCII (SMTPUTF8)")


def hand_over(letter: Letter, sender: EmailAddress) -> dict[str, Refusal]:
    """Send a letter through the first server that takes it for anybody; gives whom that one refused.

    Raises TryLater when one of them may take it another time, GiveUp when all refused the mail for good.
    """
    shared = _shared.get()
    if shared is not None:
        return shared.hand_over(letter, sender)
    with shared_connections() as own:
        return own.hand_over(letter, sender)


def try_server(server: Server, *, seconds: float) -> None:
    """Connect to a server and sign in, waiting so long for each answer; nothing is sent.

    Raises Conflict with what the server said, and DomainError where credentials are not to be had.
    """
    try:
        session = _connected(server, seconds)
    except (smtplib.SMTPException, OSError) as error:
        raise Conflict(" ".join(_words(error).split())[:MOST_WORDS], code="mail_server_failed") from error
    _take_leave(_Opened(session, time.monotonic()))


@contextmanager
def shared_connections() -> Iterator[Connections]:
    """Let all mails that are handed over within use the same connections; they end with it."""
    connections = Connections()
    token = _shared.set(connections)
    try:
        yield connections
    finally:
        _shared.reset(token)
        connections.close()


class _Session(smtplib.SMTP):
    """A connection that knows whether the text of a mail may have reached the server."""

    has_begun_text = False

    def getreply(self) -> tuple[int, bytes]:
        """Read an answer; one of them lets the text begin."""
        code, text = super().getreply()
        self.has_begun_text = self.has_begun_text or code == _TEXT_MAY_BEGIN
        return code, text

    def is_in_doubt(self, error: Exception) -> bool:
        """Whether the server may have the mail in spite of the error: it got the text and has not refused it."""
        is_refusal = isinstance(error, smtplib.SMTPDataError) and 400 <= error.smtp_code < 600
        return self.has_begun_text and not is_refusal


class _TlsSession(_Session, smtplib.SMTP_SSL):
    """One that is encrypted from the beginning."""


@dataclass
class _Opened:
    session: _Session
    since: float
    mails: int = 0

    @property
    def is_used_up(self) -> bool:
        return self.mails >= MOST_MAILS or time.monotonic() - self.since > LONGEST_USE


class Connections:
    """Open connections by server, and which server took the last mail of an address."""

    def __init__(self) -> None:
        """Begin without any."""
        self._opened: dict[Server, _Opened] = {}
        self._chosen: dict[int, tuple[Server, float]] = {}

    def hand_over(self, letter: Letter, sender: EmailAddress) -> dict[str, Refusal]:
        """Send a letter through the first server that takes it; gives whom it refused. Raises TryLater and GiveUp."""
        failures: list[Exception] = []
        unusable: list[DomainError] = []
        for server, moment in self._servers(sender, unusable):
            try:
                refused = self._send(server, letter, sender)
            except (smtplib.SMTPException, OSError) as error:
                logger.warning("mail_server_failed", server=str(server), reason=type(error).__name__)
                failures.append(error)
            except DomainError as error:  # its token was refused, and the provider gave no other
                logger.warning("mail_account_unusable", server=str(server), reason=error.code)
                unusable.append(error)
            else:
                self._chosen[sender.pk] = (server, moment)
                return refused
        if not failures and unusable:
            raise TryLater(f"No mail account can be used: {unusable[0]}", after=ASK_AGAIN, counts=False)
        if not failures:
            raise TryLater("No mail server is set up (outgoing mail).", after=ASK_AGAIN, counts=False)
        if not unusable and all(is_final(failure) for failure in failures):
            raise GiveUp(_words(failures[-1]))
        raise TryLater(_words(failures[-1]))

    def close(self) -> None:
        """Take leave of all servers. One that answers badly now has the mails nevertheless."""
        while self._opened:
            _server, opened = self._opened.popitem()
            _take_leave(opened)

    def _servers(self, sender: EmailAddress, unusable: list[DomainError]) -> Iterator[tuple[Server, float]]:
        """Give the servers to try, and when the accounts were read."""
        chosen, moment = self._chosen.pop(sender.pk, (None, 0.0))
        if chosen is not None and time.monotonic() - moment < CHOICE_KEPT:
            yield chosen, moment
        else:
            chosen = None
        moment = time.monotonic()
        for server in servers_for(sender, unusable):
            if server != chosen:
                yield server, moment

    def _send(self, server: Server, letter: Letter, sender: EmailAddress) -> dict[str, Refusal]:
        opened = self._opened.pop(server, None)
        if opened is not None and opened.is_used_up:
            _take_leave(opened)
            opened = None
        refused = None
        if opened is not None:
            refused = self._sent_again(opened, server, letter, sender)
        if opened is None or refused is None:
            opened = _Opened(_connected(server), time.monotonic())
            try:
                refused = _send_over(opened, server, letter, sender)
            except BaseException:
                opened.session.close()
                raise
        self._opened[server] = opened
        return refused

    def _sent_again(
        self, opened: _Opened, server: Server, letter: Letter, sender: EmailAddress
    ) -> dict[str, Refusal] | None:
        """Send over a connection that was used before, and give whom the server refused; None if it stands no more."""
        try:
            return _send_over(opened, server, letter, sender)
        except (smtplib.SMTPException, OSError) as error:
            opened.session.close()
            if not _means_closed(error):
                raise
            return None
        except BaseException:
            opened.session.close()
            raise


_shared: ContextVar[Connections | None] = ContextVar("shared_connections", default=None)


def _send_over(opened: _Opened, server: Server, letter: Letter, sender: EmailAddress) -> dict[str, Refusal]:
    session, envelope = opened.session, sender.email
    recipients, refused = _nameable(letter.recipients, session)
    message = letter.message if not refused else _without(letter.message, refused)
    if server.address is not None and not server.may_spoof and server.address.lower() != sender.email.lower():
        envelope = server.address
        message["Sender"] = server.address
    session.has_begun_text = False
    try:
        refused |= session.send_message(message, from_addr=envelope, to_addrs=recipients)
    except (smtplib.SMTPException, OSError) as error:
        if session.is_in_doubt(error):
            logger.warning("mail_in_doubt", server=str(server), reason=type(error).__name__)
            words = f"It may have arrived: {server} took the text and did not answer ({_words(error)})"
            raise TryLater(words) from error
        raise
    finally:
        del message["Sender"]
    opened.mails += 1
    if refused:
        logger.warning("mail_recipients_refused", count=len(refused), server=str(server))
    return {address: Refusal(code, _text(words)) for address, (code, words) in refused.items()}


def _nameable(people: Sequence[str], session: _Session) -> tuple[list[str], dict[str, tuple[int, bytes]]]:
    """Give those whom a server can be told of, and the others as refused. Raises SMTPRecipientsRefused for all."""
    if session.has_extn("smtputf8"):
        return list(people), {}
    refused = {one: _NO_UTF8 for one in people if not one.isascii()}
    if len(refused) == len(people):
        raise smtplib.SMTPRecipientsRefused(refused)
    return [one for one in people if one not in refused], refused


def _without(message: EmailMessage, people: Collection[str]) -> EmailMessage:
    """Give a message whose headers do not name some of its recipients."""
    shown = copy(message)
    for name in ("To", "Cc"):
        left = [one for one in message[name].addresses if one.addr_spec not in people] if name in message else []
        del shown[name]
        if left:
            shown[name] = left
    return shown


def _means_closed(error: Exception) -> bool:
    """Whether the server only wants no more mails over this connection."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return any(code == 421 for code, _text in error.recipients.values())
    if isinstance(error, smtplib.SMTPSenderRefused):
        return error.smtp_code < 500
    return isinstance(error, smtplib.SMTPServerDisconnected) or not isinstance(error, smtplib.SMTPException)


def _take_leave(opened: _Opened) -> None:
    with suppress(smtplib.SMTPException, OSError):
        opened.session.quit()
    opened.session.close()


@cache
def own_name() -> str:
    """Give the name by which this machine greets mail servers, looked up once and for some seconds at most.

    A name server that does not answer costs half a minute and more.
    """
    found: list[str] = []
    asking = threading.Thread(target=lambda: found.append(getfqdn()), name="own-name", daemon=True)
    asking.start()
    asking.join(NAME_SECONDS)
    return found[0] if found else gethostname()


def _connected(server: Server, seconds: float = SECONDS) -> _Session:
    try:
        return _greeted(server, seconds)
    except ValueError as error:  # for what no protocol can say: host names, passwords with line breaks
        raise smtplib.SMTPException(f"{server} cannot be asked: {error}") from error


def _greeted(server: Server, seconds: float) -> _Session:
    name = own_name()
    is_guarded = server.address is not None
    if is_guarded:
        check_place(server.host)
    if server.encryption is Encryption.TLS:
        context = tls_context(server.host)
        session: _Session = _TlsSession(server.host, server.port, name, timeout=seconds, context=context)
    else:
        session = _Session(server.host, server.port, name, timeout=seconds)
    try:
        if is_guarded and session.sock is not None:
            check_peer(session.sock)
        session.ehlo_or_helo_if_needed()
        if server.encryption is Encryption.START_TLS:
            session.starttls(context=tls_context(server.host))
            session.ehlo()
        _sign_in(session, server)
    except BaseException:
        session.close()
        raise
    return session


def _sign_in(connection: smtplib.SMTP, server: Server) -> None:
    credentials = server.credentials
    if isinstance(credentials, PasswordCredentials):
        _sign_in_with_password(connection, credentials.username, credentials.password)
    elif isinstance(credentials, OAuthCredentials):
        _sign_in_with_token(connection, server, credentials)
    elif credentials is not None and not isinstance(credentials, NoAuthentication):
        raise AssertionError(credentials)


def _sign_in_with_password(connection: smtplib.SMTP, user: str, password: str) -> None:
    """Sign in; beyond ASCII, which the library refuses to send, in UTF-8 (RFC 4616; LOGIN by custom)."""
    if user.isascii() and password.isascii():
        connection.login(user, password)
        return
    offered = connection.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in offered:
        _authenticate(connection, "PLAIN", f"\0{user}\0{password}")
    elif "LOGIN" in offered:
        _authenticate(connection, "LOGIN", user, password)
    else:
        raise smtplib.SMTPNotSupportedError(_ONLY_ASCII)


def _authenticate(connection: smtplib.SMTP, mechanism: str, *answers: str) -> None:
    """Give a mechanism its answers one after the other, in UTF-8. Raises SMTPAuthenticationError."""
    first, *others = (base64.b64encode(one.encode()).decode("ascii") for one in answers)
    code, words = connection.docmd("AUTH", f"{mechanism} {first}")
    for answer in others:
        if code != _GO_ON:
            break
        code, words = connection.docmd(answer)
    if code not in _SIGNED_IN:
        raise smtplib.SMTPAuthenticationError(code, words)


def _sign_in_with_token(connection: smtplib.SMTP, server: Server, credentials: OAuthCredentials) -> None:
    """Sign in with XOAUTH2; a token that the server does not take before its time is renewed once."""
    owner, token = credentials.resource_owner_email, credentials.access_token or ""
    try:
        _xoauth2(connection, owner, token)
    except smtplib.SMTPAuthenticationError:
        if server.renew is None:
            raise
        _xoauth2(connection, owner, server.renew(rejected=token))


def _xoauth2(connection: smtplib.SMTP, owner: str, token: str) -> None:
    # On a refusal servers send a challenge that holds the reason; an empty answer ends the exchange.
    _authenticate(connection, "XOAUTH2", f"user={owner}\x01auth=Bearer {token}\x01\x01", "")


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        refused = {one: str(Refusal(code, _text(words))) for one, (code, words) in error.recipients.items()}
        return f"Not delivered to {told_refusals(refused)}"
    return f"{type(error).__name__}: {error}"


def _text(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer

"""A mailbox over POP3, by UIDL."""

from __future__ import annotations

import base64
import hashlib
import poplib
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from helpdesk.mail.networks import check_peer, check_place
from helpdesk.mail.transport import Encryption, tls_context
from mailfetch.servers.opening import Door
from mailfetch.servers.session import (
    ERRORS,
    Folder,
    MailboxFailed,
    SignInRefused,
    describe,
    failing_as,
    refusing_as,
)

LONGEST_LINE = 1_000_000
"""Mails have lines far beyond the 998 characters that they may have; the library stops at 2,048."""


class _LongLines:
    """Reads lines of any reasonable length, and leaves no socket open where the greeting is none."""

    file: Any
    sock: Any
    on_progress: Callable[[], None] | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        try:
            super().__init__(*arguments, **options)
        except BaseException:
            for name in ("file", "sock"):
                if hasattr(self, name):
                    getattr(self, name).close()
            raise

    def _getline(self) -> tuple[bytes, int]:
        line: bytes = self.file.readline(LONGEST_LINE + 1)
        if len(line) > LONGEST_LINE:
            raise poplib.error_proto("line too long")
        if not line.endswith(b"\n"):
            raise poplib.error_proto("-ERR EOF")
        if self.on_progress is not None:
            self.on_progress()
        return line.rstrip(b"\r\n"), len(line)


class _Pop3(_LongLines, poplib.POP3):
    pass


class _Pop3Tls(_LongLines, poplib.POP3_SSL):
    pass


class Pop3Session:
    """A mailbox that is locked for us until the session ends."""

    keeps_order = False

    def __init__(self, door: Door) -> None:
        """Connect, sign in, list. Raises MailboxFailed."""
        self._client = _connected(door)
        try:
            _sign_in(self._client, door)
            self._client.on_progress = door.on_progress
            self._numbers, self._sizes = self._list()
        except BaseException:
            self.drop()
            raise
        self._folder = Folder(0, 0, len(self._numbers))

    @property
    def folder(self) -> Folder:
        """Give what was opened."""
        return self._folder

    def _list(self) -> tuple[dict[str, int], dict[str, int]]:
        with failing_as("cannot list the mails"):
            sizes = {int(number): int(size) for number, size in map(_two_words, self._client.list()[1])}
            numbers: dict[str, int] = {}
            for number, uid in map(_two_words, self._client.uidl()[1]):
                numbers[_key(uid)] = int(number)
            return numbers, {uid: sizes.get(number, 0) for uid, number in numbers.items()}

    def uids(self, *, after: int, until: int, only_new_until: int, since: datetime | None) -> list[str]:
        """Give all UIDLs in the order of the mailbox: it knows neither numbers that grow nor what was read."""
        return sorted(self._numbers, key=lambda uid: self._numbers[uid])

    def sizes(self, uids: Sequence[str]) -> Mapping[str, int]:
        """Give the sizes of mails."""
        return {uid: self._sizes[uid] for uid in uids if uid in self._sizes}

    def contents(self, uids: Sequence[str]) -> Mapping[str, bytes]:
        """Fetch mails whole. Raises MailRefused."""
        with refusing_as("cannot fetch the mails", _is_refusal):
            return {
                uid: b"\r\n".join([*self._client.retr(self._numbers[uid])[1], b""])
                for uid in uids
                if uid in self._numbers
            }

    def beginning(self, uid: str, most: int) -> bytes:
        """Fetch the headers of a mail and some of its lines. Raises MailRefused, as by a server without TOP."""
        with refusing_as("cannot fetch the mails", _is_refusal):
            return b"\r\n".join(self._client.top(self._numbers[uid], 200)[1])[:most]

    def finish(self, uids: Sequence[str], *, action: str, archive: str) -> None:
        """Mark mails to be deleted where the account says so: they go when the session is closed."""
        if action != "delete":
            return
        with failing_as("cannot delete the mails"):
            for uid in uids:
                if uid in self._numbers:
                    self._client.dele(self._numbers[uid])

    def present(self, uids: Collection[str]) -> set[str]:
        """Give those of the UIDLs that are still there."""
        return set(uids) & set(self._numbers)

    def close(self) -> None:
        """Say goodbye: now the server deletes."""
        with failing_as("cannot end the session"):
            self._client.quit()

    def drop(self) -> None:
        """Let go of the connection."""
        with suppress(*ERRORS):
            self._client.close()


def _connected(door: Door) -> _Pop3 | _Pop3Tls:
    with failing_as("cannot connect to host"):
        check_place(door.host)
        client: _Pop3 | _Pop3Tls
        if door.encryption is Encryption.TLS:
            client = _Pop3Tls(door.host, door.port, timeout=door.connect_seconds, context=tls_context(door.host))
        else:
            client = _Pop3(door.host, door.port, timeout=door.connect_seconds)
        try:
            check_peer(client.sock)
            if door.encryption is Encryption.START_TLS:
                client.stls(context=tls_context(door.host))
            client.sock.settimeout(door.read_seconds)
        except BaseException:
            with suppress(*ERRORS):
                client.close()
            raise
        return client


def _sign_in(client: Any, door: Door) -> None:
    """Sign in by XOAUTH2, else by APOP where it is offered, else plainly (osticket/mail.md §2.2)."""
    try:
        if door.token is not None:
            answer = f"user={door.user}\x01auth=Bearer {door.token}\x01\x01".encode()
            said = client._shortcmd(f"AUTH XOAUTH2 {base64.b64encode(answer).decode('ascii')}")  # noqa: SLF001
            if not said.startswith(b"+OK"):  # a challenge that says why not, to be answered by an empty line
                client._shortcmd("")  # noqa: SLF001 -- the library knows no AUTH
            return
        if b"<" in client.getwelcome():
            with suppress(poplib.error_proto):
                client.apop(door.user, door.password)
                return
        client.user(door.user)
        client.pass_(door.password)
    except poplib.error_proto as error:
        raise SignInRefused(f"cannot login, user or password wrong; error = {describe(error)}") from error
    except ERRORS as error:
        raise MailboxFailed(f"cannot login; error = {describe(error)}") from error


def _is_refusal(error: Exception) -> bool:
    """Whether a server said -ERR: of lines that are too long, or cut off, the library tells in text."""
    said = error.args[0] if isinstance(error, poplib.error_proto) and error.args else None
    return isinstance(said, bytes) and said.startswith(b"-ERR")


def _key(uid: str) -> str:
    """Give a UIDL as our columns keep it: they take no notice of case, and a UIDL lives by it."""
    return hashlib.sha256(uid.encode()).hexdigest()[:64]


def _two_words(line: bytes) -> tuple[str, str]:
    number, rest = line.decode("ascii", "backslashreplace").split(maxsplit=1)
    return number, rest.strip()

"""A mailbox over IMAP, by UID."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from helpdesk.mail.networks import check_peer, check_place
from helpdesk.mail.transport import Encryption, tls_context
from mailfetch.servers.opening import Door
from mailfetch.servers.session import (
    ERRORS,
    ArchiveFailed,
    Folder,
    MailboxFailed,
    SignInRefused,
    describe,
    failing_as,
    refusing_as,
)

AT_ONCE = 500
"""UIDs in one command."""
PIECE = 16 * 1024
"""Bytes that are waited for at once."""
ONLY_ASCII = "cannot login; the server takes no user name or password outside ASCII (it does not offer AUTH=PLAIN)"
_REFUSAL = re.compile(r"fetch (failed|command error): ", re.IGNORECASE)
_SLACK = 1024 * 1024
"""Bytes that an answer may have beside a mail of the largest size."""


class ImapSession:
    """An open folder."""

    keeps_order = True

    def __init__(self, door: Door) -> None:
        """Connect, sign in, select. Raises MailboxFailed."""
        self._name = door.folder
        self._client = _connected(door)
        try:
            _sign_in(self._client, door)
            self._folder = self._select()
        except BaseException:
            self.drop()
            raise

    @property
    def folder(self) -> Folder:
        """Give what was opened."""
        return self._folder

    def _select(self) -> Folder:
        try:
            found: dict[bytes, Any] = self._client.select_folder(self._name)
            count = int(found.get(b"EXISTS", 0))
            validity, following = int(found.get(b"UIDVALIDITY", 0)), found.get(b"UIDNEXT")
            if following is not None:
                return Folder(validity, int(following) - 1, count)
            return Folder(validity, max(self._client.search(["UID", "*"]), default=0) if count else 0, count)
        except ERRORS as error:
            raise MailboxFailed(f"cannot change folder, maybe it does not exist; error = {describe(error)}") from error

    def uids(self, *, after: int, until: int, only_new_until: int, since: datetime | None) -> list[str]:
        """Give the UIDs above `after` in order; up to `only_new_until` those only that are unread or came `since`."""
        with failing_as("cannot list the mails"):
            found: set[int] = set()
            if after < only_new_until:
                span = ["UID", f"{after + 1}:{only_new_until}"]
                found |= set(self._client.search([*span, "UNSEEN"]))
                if since is not None:
                    found |= set(self._client.search([*span, "SINCE", since.date()]))
            begin = max(after, only_new_until) + 1
            # `n:*` names the last mail even where its number is below n
            found |= {uid for uid in self._client.search(["UID", f"{begin}:*"]) if uid >= begin}
            return [str(uid) for uid in sorted(found) if after < uid <= until]

    def sizes(self, uids: Sequence[str]) -> Mapping[str, int]:
        """Give the sizes of mails; what is gone by now, or kept back, is left out. Raises MailRefused."""
        with refusing_as("cannot list the mails", _is_refusal):
            found = self._fetched(uids, "RFC822.SIZE")
            return {uid: int(items[b"RFC822.SIZE"]) for uid, items in found.items() if b"RFC822.SIZE" in items}

    def contents(self, uids: Sequence[str]) -> Mapping[str, bytes]:
        """Fetch mails whole, without marking them as read; some may be left out. Raises MailRefused."""
        with refusing_as("cannot fetch the mails", _is_refusal):
            found = self._fetched(uids, "BODY.PEEK[]")
            return {uid: _bytes(items[b"BODY[]"]) for uid, items in found.items() if b"BODY[]" in items}

    def beginning(self, uid: str, most: int) -> bytes:
        """Fetch about so many bytes of a mail. Raises MailRefused."""
        with refusing_as("cannot fetch the mails", _is_refusal):
            items = self._fetched([uid], f"BODY.PEEK[]<0.{most}>").get(uid, {})
            return next((_bytes(value) for key, value in items.items() if key.startswith(b"BODY[]")), b"")

    def _fetched(self, uids: Sequence[str], item: str) -> Mapping[str, Mapping[bytes, Any]]:
        # what came before a refusal would count as part of the next answer
        self._client._imap.untagged_responses.pop("FETCH", None)  # noqa: SLF001 -- the library leaves it there
        found: Mapping[int, Mapping[bytes, Any]] = self._client.fetch([int(uid) for uid in uids], [item])
        return {str(uid): items for uid, items in found.items()}

    def finish(self, uids: Sequence[str], *, action: str, archive: str) -> None:
        """Mark mails as read, then move or delete them."""
        for start in range(0, len(uids), AT_ONCE):
            self._finish([int(uid) for uid in uids[start : start + AT_ONCE]], action, archive)

    def _finish(self, uids: list[int], action: str, archive: str) -> None:
        with failing_as("cannot flag the mails"):
            self._client.add_flags(uids, [b"\\Seen"], silent=True)
        if action == "archive" and archive:
            self._archive(uids, archive)
        elif action == "delete":
            with failing_as("cannot delete the mails"):
                self._delete(uids)

    def _archive(self, uids: list[int], archive: str) -> None:
        try:
            try:
                self._move(uids, archive)
            except IMAPClientError:
                self._client.create_folder(archive)
                self._move(uids, archive)
        except IMAPClientError as error:
            raise ArchiveFailed(f"cannot move mails to the folder {archive}; error = {describe(error)}") from error
        except ERRORS as error:
            raise MailboxFailed(f"cannot move mails; error = {describe(error)}") from error

    def _move(self, uids: list[int], archive: str) -> None:
        if self._client.has_capability("MOVE"):
            self._client.move(uids, archive)
            return
        self._client.copy(uids, archive)
        self._delete(uids)

    def _delete(self, uids: list[int]) -> None:
        self._client.delete_messages(uids, silent=True)
        if self._client.has_capability("UIDPLUS"):
            self._client.uid_expunge(uids)
        else:
            self._client.expunge()

    def present(self, uids: Collection[str]) -> set[str]:
        """Give those of the UIDs that are still there."""
        with failing_as("cannot list the mails"):
            wanted = sorted(int(uid) for uid in uids)
            found: set[str] = set()
            if wanted:
                self._client.noop()  # till then a server may go on to find what is gone
            for start in range(0, len(wanted), AT_ONCE):
                some = ",".join(map(str, wanted[start : start + AT_ONCE]))
                found |= {str(uid) for uid in self._client.search(["UID", some])}
            return found

    def wait_for_news(self, seconds: float, *, is_over: Callable[[], bool]) -> bool:
        """Idle until something changes in the folder (True), the time is over, or somebody wants to stop.

        Raises MailboxFailed, for a server without IDLE, too.
        """
        if not self._client.has_capability("IDLE"):
            raise MailboxFailed("This server does not offer IDLE.")
        with failing_as("cannot wait for mails"):
            self._client.idle()
            is_news, waited = False, 0.0
            while not is_news and waited < seconds and not is_over():
                answers = self._client.idle_check(timeout=1)
                is_news = any(len(one) > 1 and one[1] == b"EXISTS" for one in answers)
                waited += 1
            self._client.idle_done()
            return is_news

    def has_news(self, *, after: int) -> bool:
        """Whether there are mails above a UID.

        A server finds only what it has told us of. What came meanwhile it tells with the answer, and not again while we
        idle: that is news, too.
        """
        with failing_as("cannot list the mails"):
            told = self._client._imap.untagged_responses  # noqa: SLF001 -- search() gives the found only
            told.pop("EXISTS", None)
            found = self._client.search(["UID", f"{after + 1}:*"])
            return any(uid > after for uid in found) or "EXISTS" in told

    def close(self) -> None:
        """Say goodbye."""
        with failing_as("cannot end the session"):
            self._client.logout()

    def drop(self) -> None:
        """Let go of the connection."""
        with suppress(*ERRORS):
            self._client.shutdown()


def _connected(door: Door) -> IMAPClient:
    with failing_as("cannot connect to host"):
        check_place(door.host)
        client = IMAPClient(
            door.host,
            port=door.port,
            ssl=door.encryption is Encryption.TLS,
            ssl_context=tls_context(door.host) if door.encryption is Encryption.TLS else None,
            timeout=SocketTimeout(door.connect_seconds, door.read_seconds),
        )
        try:
            check_peer(client.socket())
            if door.largest:
                _bound(client, door.largest + _SLACK, door.on_progress)
            client.normalise_times = False
            if door.encryption is Encryption.START_TLS:
                client.starttls(tls_context(door.host))
        except BaseException:
            with suppress(*ERRORS):
                client.shutdown()
            raise
        return client


def _bound(client: IMAPClient, most: int, on_progress: Callable[[], None]) -> None:
    """Refuse an answer that is larger than anything we ask for, before it fills the memory; read it piece by piece."""
    connection: Any = client._imap  # noqa: SLF001 -- the library has no limit of its own
    read = connection.read

    def bounded(size: int) -> bytes:
        if size > most:
            raise MailboxFailed(f"The server sends {size} bytes at once, more than {most}.")
        content = bytearray()
        while len(content) < size:
            piece: bytes = read(min(size - len(content), PIECE))
            if not piece:
                raise EOFError("The server ended the connection in the middle of a mail.")
            content += piece
            on_progress()
        return bytes(content)

    connection.read = bounded


def _sign_in(client: IMAPClient, door: Door) -> None:
    try:
        if door.token is not None:
            client.oauth2_login(door.user, door.token)
        elif door.user.isascii() and (door.password or "").isascii():
            client.login(door.user, door.password or "")
        elif client.has_capability("AUTH=PLAIN"):
            client.plain_login(door.user, door.password or "")
        else:
            raise SignInRefused(ONLY_ASCII)
    except MailboxFailed:
        raise
    except LoginError as error:
        raise SignInRefused(f"cannot login, user or password wrong; error = {describe(error)}") from error
    except ERRORS as error:
        raise MailboxFailed(f"cannot login; error = {describe(error)}") from error


def _is_refusal(error: Exception) -> bool:
    """Whether a server said NO or BAD: the library raises the same error, in other words, for lines without end."""
    return type(error) is IMAPClientError and _REFUSAL.match(str(error)) is not None


def _bytes(value: object) -> bytes:
    """Give what a server sent for a mail; NIL is an empty one."""
    return value if isinstance(value, bytes) else b""

"""What the fetcher asks of a mailbox, whatever protocol it speaks."""

from __future__ import annotations

import imaplib
import poplib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

CONNECT_SECONDS = 20
READ_SECONDS = 60
_WRITTEN_BYTES = re.compile(r"""\bb(?P<quote>['"])(?P<said>.*)(?P=quote)""", re.DOTALL)


class MailboxFailed(Exception):  # noqa: N818 -- named by what happened
    """The mailbox cannot be used now; the text is what osTicket's column of the last error holds."""


class SignInRefused(MailboxFailed):
    """The server takes neither this password nor this token."""


class MailRefused(MailboxFailed):
    """The server refuses a command about some mails, and answers others still."""


class ArchiveFailed(MailboxFailed):
    """Mails were taken but cannot be moved to the archive folder: fetching may go on."""


@dataclass(frozen=True)
class Listed:
    """A mail on the server, by its UID (IMAP) or UIDL (POP3), and its size in bytes; None: the server keeps it back."""

    uid: str
    size: int | None


@dataclass(frozen=True)
class Folder:
    """The folder that is open: UIDVALIDITY (0 on POP3), the highest UID that any mail has, and how many there are."""

    validity: int
    highest: int
    count: int


class Session(Protocol):
    """A mailbox that is open. Every method raises MailboxFailed."""

    keeps_order: bool
    """Whether UIDs grow, so that one number says what was dealt with (IMAP)."""

    @property
    def folder(self) -> Folder:
        """Give what was opened."""

    def uids(self, *, after: int, until: int, only_new_until: int, since: datetime | None) -> list[str]:
        """Give the UIDs above `after` in order; up to `only_new_until` those only that are unread or came `since`."""

    def sizes(self, uids: Sequence[str]) -> Mapping[str, int]:
        """Give the sizes of mails; what is gone by now, or kept back, is left out. Raises MailRefused."""

    def contents(self, uids: Sequence[str]) -> Mapping[str, bytes]:
        """Fetch mails whole, without marking them as read; some may be left out. Raises MailRefused."""

    def beginning(self, uid: str, most: int) -> bytes:
        """Fetch about so many bytes of a mail. Raises MailRefused."""

    def finish(self, uids: Sequence[str], *, action: str, archive: str) -> None:
        """Mark mails as read, then do with them what the account says. Raises ArchiveFailed."""

    def present(self, uids: Collection[str]) -> set[str]:
        """Give those of the UIDs that are still there."""

    def close(self) -> None:
        """End the session, so that what was deleted goes. On POP3 nothing is deleted before."""

    def drop(self) -> None:
        """Let go of the connection whatever state it is in; never raises."""


ERRORS = (
    OSError,
    EOFError,
    imaplib.IMAP4.error,  # which is imapclient's, too
    poplib.error_proto,
    ValueError,  # answers that are no answers: numbers that are none, bytes that are no text
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
)
"""What the libraries raise for servers that vanish, refuse, or send garbage."""


@contextmanager
def failing_as(words: str) -> Iterator[None]:
    """Raise MailboxFailed with these words and the error's for whatever goes wrong with the server."""
    try:
        yield
    except MailboxFailed:
        raise
    except ERRORS as error:
        raise MailboxFailed(f"{words}; error = {describe(error)}") from error


@contextmanager
def refusing_as(words: str, is_refusal: Callable[[Exception], bool]) -> Iterator[None]:
    """Do as `failing_as`, but raise MailRefused for an answer that leaves the connection as it was."""
    try:
        yield
    except MailboxFailed:
        raise
    except ERRORS as error:
        kind = MailRefused if is_refusal(error) else MailboxFailed
        raise kind(f"{words}; error = {describe(error)}") from error


def describe(error: BaseException) -> str:
    """Give an error in words of one line, at most 200 characters: what a server said as it said it.

    The libraries give answers of servers as bytes (`poplib`), or as those are written in Python (`imapclient`).
    """
    said = error.args[0] if error.args and isinstance(error.args[0], bytes) else str(error)
    text = said.decode(errors="replace") if isinstance(said, bytes) else _WRITTEN_BYTES.sub(r"\g<said>", said)
    return " ".join(text.split())[:200] or type(error).__name__

"""Headers of a mail: their text, addresses and Message-IDs (osticket/mail.md §3.2, §3.3)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.utils import getaddresses

from helpdesk.mail.reading.charsets import storable, text_of
from helpdesk.mail.reading.limits import LIMITS, Limits

_HEADER = re.compile(rb"^(?:From |[!-9;-~]+[ \t]*:)")
_WORD = re.compile(r"=\?([^?\s]{0,80})\?([bq])\?([^?]*)\?=", re.IGNORECASE)
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t\r\n]+(?==\?[^?\s]{0,80}\?[bq]\?)", re.IGNORECASE)
_FOLDED = re.compile(r"\r?\n[ \t]?")
_TOKEN = re.compile(r"<[^<>\s@]+@[^<>\s]+>")
_BARE_TOKEN = re.compile(r"[^<>\s\"',;()@]{1,64}@[^<>\s\"',;()@]{1,255}")
_SEMICOLON = re.compile(r'"(?:[^"\\]|\\.){0,200}"|;')
_EMPTY_GROUP = re.compile(r"[\w -]{1,100}:\s{0,10};")


@dataclass(frozen=True)
class Mailbox:
    """A name and an address, as a header gives them."""

    name: str
    address: str

    def __str__(self) -> str:
        """Give `Name <address>`, as entries note it."""
        return f"{self.name} <{self.address}>"


def header_block(raw: bytes, limits: Limits = LIMITS) -> bytes:
    """Give the headers as they came; b'' for what has none."""
    start = raw[: limits.header_bytes].lstrip(b"\r\n")
    ends = [position for end in (b"\r\n\r\n", b"\n\n") if (position := start.find(end)) >= 0]
    block = start[: min(ends)] if ends else start
    return block if _HEADER.match(block) else b""


def values_of(message: Message, name: str, limits: Limits = LIMITS) -> list[str]:
    """Give the values of all headers of this name as they came, unfolded."""
    raw = [str(value) for key, value in message.raw_items() if key.lower() == name]
    return [_FOLDED.sub(" ", value[: limits.header_characters]).strip() for value in raw]


def text_of_header(message: Message, name: str) -> str:
    """Give the last header of this name, decoded; '' if there is none."""
    values = values_of(message, name)
    return decoded(values[-1]) if values else ""


def decoded(value: str) -> str:
    """Decode the RFC 2047 words of a header; what is broken stays as it is."""
    pieces: list[str] = []
    pending, charset, end = b"", "", 0
    value = _BETWEEN_WORDS.sub(r"\1", value)
    for word in _WORD.finditer(value):
        data, its_charset = _word_bytes(word[2], word[3]), word[1].lower().partition("*")[0]
        if pending and (word.start() > end or its_charset != charset or data is None):
            pieces.append(text_of(pending, charset))
            pending = b""
        pieces.append(value[end : word.start()])
        end = word.end()
        if data is None:
            pieces.append(word[0])
        else:
            pending, charset = pending + data, its_charset
    if pending:
        pieces.append(text_of(pending, charset))
    return storable("".join(pieces) + value[end:])


def _word_bytes(encoding: str, text: str) -> bytes | None:
    data = text.encode("utf-8", "replace")
    try:
        if encoding.lower() == "q":
            return binascii.a2b_qp(data, header=True)
        return base64.b64decode(data + b"=" * (-len(data) % 4))
    except binascii.Error:
        return None


def mailboxes(message: Message, name: str, limits: Limits = LIMITS) -> list[Mailbox]:
    """Give the addresses of all headers of this name; names are decoded after they were told apart from addresses.

    Lists with semicolons are read as lists; osTicket takes such a list for one address.
    """
    return [one for value in values_of(message, name, limits) for one in _of_list(value, limits)][: limits.addresses]


def _of_list(value: str, limits: Limits) -> Iterator[Mailbox]:
    value = _EMPTY_GROUP.sub(" ", value) if ":" in value else value
    if ":" not in value:
        value = _SEMICOLON.sub(lambda found: "," if found[0] == ";" else found[0], value)
    pairs = [pair for pair in _pairs(value) if pair[1].strip()]
    if not pairs and "@" in value:
        pairs = [("", address) for address in _BARE_TOKEN.findall(value)]
    for display, address in pairs[: limits.addresses]:
        name = " ".join(decoded(display).split()).strip("\"'")
        yield Mailbox(name, storable("".join(address.split())))


def _pairs(value: str) -> list[tuple[str, str]]:
    try:
        return getaddresses([value])
    except (RecursionError, IndexError, ValueError):  # comments in comments, broken routes
        return []


def sender_of(message: Message) -> Mailbox | None:
    """Give the first valid address of From; one without domain is at `localhost` (osticket/mail.md §3.3)."""
    senders = mailboxes(message, "from")
    found = next((one for one in senders if re.fullmatch(r"[^@]+@[^@]+", one.address)), None)
    if found is None and senders and senders[0].name and re.fullmatch(r"[\w.+-]+", senders[0].address):
        return Mailbox(senders[0].name, f"{senders[0].address}@localhost")
    return found


def message_id(message: Message, block: bytes) -> str:
    """Give the last Message-ID; a mail without one gets one made of its headers, so that it is known again."""
    found = next((value for value in reversed(values_of(message, "message-id")) if value), "")
    return storable(found) or f"<{hashlib.md5(block, usedforsecurity=False).hexdigest()}@local>"


def answered(message: Message) -> list[str]:
    """Give the Message-IDs that the mail says it answers, with brackets, the nearest first."""
    found: list[str] = []
    for name in ("in-reply-to", "references"):
        for value in values_of(message, name):
            found += reversed(_TOKEN.findall(value))
    return list(dict.fromkeys(found))

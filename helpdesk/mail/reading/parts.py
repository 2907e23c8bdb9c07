"""The parts of a mail: its texts, its files, and the mails inside it (osticket/mail.md §3.1, §3.4)."""

from __future__ import annotations

import binascii
import mimetypes
import re
import secrets
import string
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import Compat32, Policy
from typing import Any

from helpdesk.mail.reading.charsets import storable, text_of
from helpdesk.mail.reading.headers import decoded, header_block, text_of_header
from helpdesk.mail.reading.limits import Limits

HTML_TYPE, PLAIN_TYPE = "text/html", "text/plain"
MAIL_TYPE = "message/rfc822"
_UNREAD = "application/x-unread"
_LETTERS = string.ascii_letters + string.digits
_UUENCODE = {"x-uuencode", "uuencode", "uue", "x-uue"}
_CHUNK = 64 * 1024
_NOT_IN_EXTENSIONS = re.compile(r"[^a-z0-9]")


@dataclass(frozen=True)
class MailPart:
    """A file in a mail; `content_id` without brackets; `media_type` '' where the mail names none."""

    name: str
    media_type: str
    content: bytes
    content_id: str = ""


@dataclass
class Parts:
    """What was found: texts in the order of the mail, files, and what could not be read."""

    html: list[str] = field(default_factory=list)
    plain: list[str] = field(default_factory=list)
    files: list[MailPart] = field(default_factory=list)
    is_incomplete: bool = False
    """The parts cannot be told apart, or are more than we read: the original has to be kept."""


class TooMuchError(Exception):
    """There are more parts, or deeper ones, than we read; what was read so far is whole."""


class _HeadersAsText(Compat32):
    """Headers with bytes beyond ASCII become text, by what they look like; raises TooMuchError after `most` of them."""

    def __init__(self, most: int = 0) -> None:
        super().__init__()
        self.__dict__["most"], self.__dict__["count"] = most, 0

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        self.__dict__["count"] += 1
        if self.__dict__["count"] > self.__dict__["most"] > 0:
            raise TooMuchError
        name, value = super().header_source_parse(sourcelines)
        raw = value.encode("ascii", "surrogateescape") if value.isascii() else value.encode("utf-8", "surrogateescape")
        return name, value if value.isascii() else text_of(raw, None)


class Part(Message):
    """A part while and after it is read. Mails inside the mail stay bytes: they are files, read only where needed."""

    def __init__(self, policy: Policy[Any] | None = None) -> None:
        super().__init__(policy=policy or _HeadersAsText())
        self.depth = 0
        self.deepest = 0

    def get_content_type(self) -> str:
        """Give the type for the parser of the standard library, which shall not read mails inside the mail."""
        found = super().get_content_type()
        return _UNREAD if found.startswith("message/") else found

    @property
    def media_type(self) -> str:
        """The type that the mail names; text/plain for one that is none."""
        return super().get_content_type()

    def attach(self, payload: Any) -> None:
        """Take a part into this one; raises TooMuchError for one that is too deep."""
        payload.depth, payload.deepest = self.depth + 1, self.deepest
        if payload.depth > self.deepest:
            raise TooMuchError
        super().attach(payload)


def parse(raw: bytes, limits: Limits) -> tuple[Part, bool]:
    """Take a mail apart; also says whether there was more than we read."""
    made: list[Part] = []

    def new_part(policy: Policy[Any] | None = None) -> Part:
        if len(made) > limits.parts:
            raise TooMuchError
        made.append(Part(policy))
        made[-1].deepest = limits.depth
        return made[-1]

    parser = BytesFeedParser(new_part, policy=_HeadersAsText(limits.headers))
    view = memoryview(raw)
    # The parser makes a part of its own first, to see how the maker of parts is called: the mail is the second.
    try:
        for start in range(0, len(raw), _CHUNK):
            parser.feed(bytes(view[start : start + _CHUNK]))
        parser.close()
    except TooMuchError:
        return made[1], True
    return made[1], False


def read_parts(root: Part, limits: Limits) -> Parts:
    """Sort the parts of a mail into texts and files."""
    found = Parts()
    _read(root, found, limits)
    return found


def _read(root: Part, found: Parts, limits: Limits) -> None:
    for part, is_alternative in _leaves(root):
        kind, disposition = part.media_type, disposition_of(part)
        if kind.startswith("multipart/"):
            found.is_incomplete = True
            found.plain.append(_text(part))
        elif kind in {PLAIN_TYPE, HTML_TYPE} and disposition in {"", "inline"}:
            (found.html if kind == HTML_TYPE else found.plain).append(_text(part))
            if disposition and _given_name(part):
                found.files.append(_file(part))
        elif part is root and kind == MAIL_TYPE and root.depth == 0:
            _read_wrapped(part, found, limits)
        elif not _is_other_wording(kind, is_alternative):
            found.files.append(_file(part))


def _read_wrapped(part: Part, found: Parts, limits: Limits) -> None:
    """Read a mail that is nothing but another one: the text of that one is its text."""
    inner, is_incomplete = parse(content_of(part), limits)
    inner.depth = 1
    _read(inner, found, limits)
    found.files.append(_file(part))
    found.is_incomplete |= is_incomplete


def _is_other_wording(kind: str, is_alternative: bool) -> bool:
    """Whether the part says once more what the text says; an invitation is more than that."""
    return is_alternative and kind.startswith("text/") and kind != "text/calendar"


def _leaves(part: Part, is_alternative: bool = False) -> Iterator[tuple[Part, bool]]:
    if not part.is_multipart():
        yield part, is_alternative
        return
    for inner in part.get_payload():
        if isinstance(inner, Part):
            yield from _leaves(inner, part.media_type == "multipart/alternative")


def disposition_of(part: Part) -> str:
    """Give the Content-Disposition without its parameters, '' for none."""
    return str(part.get("content-disposition") or "").partition(";")[0].strip().lower()


def content_of(part: Part) -> bytes:
    """Give the content as it was before it was encoded for the way; what is not in its encoding stays as it came."""
    if _encoding(part) == "base64":
        sent = _payload(part).encode("utf-8", "replace")
        with suppress(binascii.Error):
            decoded_bytes = binascii.a2b_base64(sent)
            return decoded_bytes if decoded_bytes or not sent.strip() else sent
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _encoding(part: Part) -> str:
    return str(part.get("content-transfer-encoding", "")).strip().lower()


def _payload(part: Part) -> str:
    """Give the content as it came, still encoded."""
    with suppress(ValueError, LookupError):  # a charset that cannot even be looked for
        payload = part.get_payload()
        return payload if isinstance(payload, str) else ""
    return ""


def _text(part: Part) -> str:
    """Give the text of a part. One in uuencode stays as it is, as in osTicket: it is a file within a text."""
    data = _payload(part).encode("utf-8", "replace") if _encoding(part) in _UUENCODE else content_of(part)
    return text_of(data, _parameter(part, "charset", "content-type"))


def _file(part: Part) -> MailPart:
    content = content_of(part)
    content_id = storable(str(part.get("content-id") or "").strip().strip("<>"))
    return MailPart(_given_name(part) or _made_up_name(part, content), part.media_type, content, content_id)


def _given_name(part: Part) -> str:
    for header, parameter in (("content-disposition", "filename"), ("content-type", "name")):
        name = decoded(_parameter(part, parameter, header)).replace("\0", "").strip()
        if name:
            return " ".join(name.split())
    return ""


def _parameter(part: Part, name: str, header: str) -> str:
    """Give a parameter (also in the notations of RFC 2231), '' for none or one that is broken."""
    try:
        value = part.get_param(name, "", header)
        if isinstance(value, tuple):
            charset, _language, text = value
            return text_of(text.encode("latin-1", "replace"), charset)
    except (ValueError, LookupError, TypeError):
        return ""
    return str(value)


def _made_up_name(part: Part, content: bytes) -> str:
    """Give a name to a file that has none; osTicket drops most of these."""
    main, _slash, sub = part.media_type.partition("/")
    if part.media_type == MAIL_TYPE:
        inner, _more = parse(header_block(content) + b"\r\n\r\n", Limits())
        subject = text_of_header(inner, "subject")
        return f"{subject}.eml" if subject else f"email-message-{_random()}.eml"
    if main == "message" or part.media_type == "text/rfc822-headers":
        return f"{sub}-{_random()}.txt"
    extension = mimetypes.guess_extension(part.media_type) or (".txt" if main == "text" else ".bin")
    if main in {"image", "audio", "video"}:
        return (
            f"{main}-{_random()}.{_NOT_IN_EXTENSIONS.sub('', sub.removeprefix('x-').partition('+')[0])[:20] or 'bin'}"
        )
    return f"attachment-{_random()}{extension}"


def _random() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(4))

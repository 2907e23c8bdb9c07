"""Mails of recorded cases, taken apart by their boundaries alone: what deviations in reading are checked against."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message

from tests.conformance.recorded import RecordedCase


def raw_mail(case: RecordedCase) -> bytes:
    """Give the bytes of the mail of a case."""
    given = case.input
    return given["raw"].encode() if "raw" in given else base64.b64decode(given["raw_base64"])


def head_and_content(raw: bytes) -> tuple[Message, bytes]:
    """Give the headers of a mail or part, and what follows them."""
    head, _end, content = raw.partition(
        b"\n" if raw.startswith(b"\n") else b"\r\n\r\n" if b"\r\n\r\n" in raw else b"\n\n"
    )
    return message_from_bytes(head + b"\n\n"), content


def leaves(raw: bytes, default: str = "text/plain") -> Iterator[tuple[Message, bytes, str]]:
    """Give headers, content as sent and type of every part that has no parts; mails in the mail are such parts."""
    head, content = (Message(), raw[2:]) if raw.startswith(b"\r\n") else head_and_content(raw)
    kind = head.get_content_type() if "content-type" in head else default
    boundary = head.get_boundary()
    if not kind.startswith("multipart/") or boundary is None:
        yield head, content, kind
        return
    mark = re.escape(boundary.encode())
    inside = re.split(rb"(?:^|\r\n)--" + mark + rb"--", content)[0]
    for piece in re.split(rb"(?:^|\r\n)--" + mark + rb"[ \t]*\r\n", b"\r\n" + inside)[1:]:
        yield from leaves(piece, "message/rfc822" if kind == "multipart/digest" else "text/plain")


def decoded_content(head: Message, content: bytes) -> bytes:
    """Give the content without its encoding for the way."""
    encoding = str(head.get("content-transfer-encoding", "")).lower()
    return base64.b64decode(content) if encoding == "base64" else content


def is_text(head: Message, kind: str) -> bool:
    """Whether a part is text of the mail, not a file."""
    return kind in {"text/plain", "text/html"} and head.get_content_disposition() in {None, "inline"}


def texts_of(case: RecordedCase, kind: str) -> str:
    """Give the texts of the mail itself."""
    texts = [
        content.decode(head.get_content_charset("ascii"))
        for head, content, its_kind in leaves(raw_mail(case))
        if its_kind == kind and is_text(head, kind)
    ]
    return "\r\n".join(texts)


def header_of(case: RecordedCase, name: str) -> str:
    """Give the last header of this name."""
    return str(head_and_content(raw_mail(case))[0].get_all(name, [""])[-1])


def sha1_of(content: bytes) -> str:
    """Give the digest as the cases note it."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()

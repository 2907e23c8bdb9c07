"""Reading a mail that came in: who wrote it, to whom, what, and which mails it answers (osticket/mail.md §3).

The subjects of reading have a module each in `helpdesk.mail.reading`; here they become one `IncomingMail`.
"""

from __future__ import annotations

import html as html_text
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from helpdesk.configuration.selectors import current
from helpdesk.legacy.characters import shortened
from helpdesk.mail.reading.authentication import Verdict, verdict
from helpdesk.mail.reading.automatic import is_automatic, is_bounce
from helpdesk.mail.reading.bounces import MOST_TEXT, DeliveryReport, delivery_report
from helpdesk.mail.reading.headers import (
    Mailbox,
    answered,
    header_block,
    mailboxes,
    message_id,
    sender_of,
    text_of_header,
    values_of,
)
from helpdesk.mail.reading.limits import LIMITS, Limits
from helpdesk.mail.reading.parts import MAIL_TYPE, MailPart, Parts, parse, read_parts
from helpdesk.mail.reading.priorities import Urgency, urgency_of_headers, urgency_of_importance
from helpdesk.mail.reading.quotations import is_blank, without_quotation
from helpdesk.mail.reading.tnef import MEDIA_TYPES, Packed, TnefError, unpack
from helpdesk.threads.bodies import HTML, TEXT
from helpdesk.threads.html import clean_html
from helpdesk.threads.plain_text import html_as_text

__all__ = [
    "IncomingMail",
    "MailPart",
    "Mailbox",
    "Verdict",
    "name_of_sender",
    "read_mail",
    "read_mail_as_set_up",
]

NO_SUBJECT = "[No Subject]"
LONGEST_NAME = 128
"""Of a user. The headers, which are kept, have all of a longer one."""
TEXT_WIDTH = 100
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class IncomingMail:
    """A mail as it was understood. `sender` is None when nobody can be named; `headers` is the block as it came."""

    sender: Mailbox | None
    subject: str
    message_id: str
    headers: str
    to: Sequence[Mailbox] = ()
    cc: Sequence[Mailbox] = ()
    delivered_to: Sequence[Mailbox] = ()
    reply_to: Mailbox | None = None
    in_reply_to: str = ""
    references: str = ""
    answers_to: Sequence[str] = ()
    """Message-IDs with their brackets, the nearest first; of a bounce also those of the mail that came back."""
    body: str = ""
    format: str = TEXT
    files: Sequence[MailPart] = field(default_factory=list)
    is_bounce: bool = False
    is_automatic: bool = False
    urgency: Urgency | None = None
    quoted: str = ""
    """What was cut off at the reply separator."""
    quoted_images: Sequence[str] = ()
    """Content-IDs of images that only the quotation shows."""
    report: DeliveryReport | None = None
    verdict: Verdict = Verdict.UNKNOWN
    """What the trusted mail server found out about the sender."""
    raw: bytes = field(default=b"", repr=False)
    """The mail as it came; b'' when it is among the files anyway."""


def read_mail(
    raw: bytes,
    *,
    rich_text: bool = True,
    reply_separator: str = "",
    trusted_server: str = "",
    limits: Limits = LIMITS,
) -> IncomingMail:
    """Read a mail; whatever it is, something comes of it.

    `rich_text` prefers the HTML of its texts; what follows `reply_separator` is cut off. What the mail server named
    `trusted_server` found out about the sender is believed. A mail past the limits, or one that cannot be taken apart,
    says so in its text and has its original among its files.
    """
    try:
        return _read(raw, rich_text, reply_separator, trusted_server, limits)
    except Exception:  # noqa: BLE001 -- no mail may be lost, whatever a sender made of it
        _log.exception("mail.not_understood", bytes=len(raw))
        return _unread(raw, limits)


def read_mail_as_set_up(raw: bytes) -> IncomingMail:
    """Read a mail as the settings of the help desk say (`enable_richtext`, `strip_quoted_reply`, `reply_separator`)."""
    values = current()
    return read_mail(
        raw,
        rich_text=values.boolean("enable_richtext"),
        reply_separator=values.text("reply_separator") if values.boolean("strip_quoted_reply") else "",
        trusted_server=settings.MAIL_AUTHENTICATION_SERVER,
    )


def _read(raw: bytes, rich_text: bool, separator: str, trusted_server: str, limits: Limits) -> IncomingMail:
    block = header_block(raw, limits)
    is_too_large = len(raw) > limits.mail_bytes or _lines(raw) > limits.lines
    root, is_incomplete = parse(_with_headers(raw[: limits.beginning_bytes] if is_too_large else raw, block), limits)
    parts = read_parts(root, limits)
    packed = _unpacked(parts, limits)
    text, body_format = _text(parts, packed, rich_text, limits)
    cut = without_quotation(text, separator, is_html=body_format == HTML)
    body, files = cut.text, [*parts.files]
    if is_too_large or is_incomplete or parts.is_incomplete:
        files = [file for file in files if not is_too_large]
        files.append(_original(raw, text_of_header(root, "subject"), message_id(root, block)))
        body = _with_note(body, body_format)
    bounce = is_bounce(root)
    report = delivery_report(root, parts.files, _beginning(text, body_format)) if bounce else None
    return IncomingMail(
        sender=sender_of(root) if block else None,
        subject=text_of_header(root, "subject").strip() or NO_SUBJECT,
        message_id=message_id(root, block),
        headers=block.decode("utf-8", "replace").strip(),
        to=mailboxes(root, "to", limits),
        cc=mailboxes(root, "cc", limits),
        delivered_to=mailboxes(root, "delivered-to", limits),
        reply_to=next(iter(mailboxes(root, "reply-to", limits)), None),
        in_reply_to=next(reversed(values_of(root, "in-reply-to")), ""),
        references=next(reversed(values_of(root, "references")), ""),
        answers_to=list(dict.fromkeys([*answered(root), *(report.answers_to if report else ())])),
        body=body,
        format=body_format,
        files=files,
        is_bounce=bounce,
        is_automatic=is_automatic(root),
        urgency=urgency_of_importance(packed.importance if packed else None) or urgency_of_headers(block),
        quoted=cut.quoted,
        quoted_images=cut.quoted_images,
        report=report,
        verdict=verdict(root, trusted_server),
        raw=b"" if is_too_large or is_incomplete or parts.is_incomplete else raw,
    )


def _beginning(text: str, body_format: str) -> str:
    return _as_text(text[:MOST_TEXT]) if body_format == HTML else text[:MOST_TEXT]


def _lines(raw: bytes) -> int:
    return raw.count(b"\n") + raw.count(b"\r") - raw.count(b"\r\n")


def _with_headers(raw: bytes, block: bytes) -> bytes:
    """Give what to take apart: bytes without any header are a text, not headers that are broken."""
    return raw.lstrip(b"\r\n") if block else b"\r\n" + raw


def _unread(raw: bytes, limits: Limits) -> IncomingMail:
    """Give a mail of which only the simplest headers are known, with its original as a file."""
    block = header_block(raw, limits)
    root, _more = parse(block + b"\r\n\r\n", limits)
    identity = message_id(root, block)
    return IncomingMail(
        sender=sender_of(root) if block else None,
        subject=text_of_header(root, "subject").strip() or NO_SUBJECT,
        message_id=identity,
        headers=block.decode("utf-8", "replace").strip(),
        body=_with_note("", TEXT),
        files=[_original(raw, text_of_header(root, "subject"), identity)],
    )


def _original(raw: bytes, subject: str, identity: str) -> MailPart:
    name = " ".join(subject.replace("\0", "").split()) or identity
    return MailPart(f"{name}.eml", MAIL_TYPE, raw)


def _with_note(body: str, body_format: str) -> str:
    note = _("This mail could not be read completely; it is attached as it came.")
    if body_format == HTML:
        return f"{body}<p>[{html_text.escape(note)}]</p>"
    return f"{body.rstrip()}\n\n[{note}]" if body.strip() else f"[{note}]"


def _unpacked(parts: Parts, limits: Limits) -> Packed | None:
    """Replace a winmail.dat among the files by what it holds; one that is damaged stays."""
    for position, file in enumerate(parts.files):
        if file.media_type in MEDIA_TYPES:
            try:
                packed = unpack(file.content, most_bytes=limits.unpacked_bytes)
            except TnefError as error:
                _log.info("mail.tnef_not_read", reason=str(error))
                continue
            held = [
                MailPart(one.name or file.name, one.media_type, one.content, one.content_id) for one in packed.files
            ]
            parts.files[position : position + 1] = held
            return packed
    return None


def _text(parts: Parts, packed: Packed | None, rich_text: bool, limits: Limits) -> tuple[str, str]:
    """Choose the text: HTML if wanted, unless nobody would see anything of it; else plain text (mail.md §3.4)."""
    html = packed.html if packed and packed.html else _joined(parts.html)
    plain = _joined(parts.plain)
    if html and rich_text and not (is_blank(html, is_html=True) and plain.strip()):
        return html, HTML
    if not html or plain.strip():
        return plain, TEXT
    return (_as_text(html), TEXT) if len(html) <= limits.html_to_text else (html, HTML)


def _as_text(html: str) -> str:
    """Give HTML as text. Cleaned first: the parser of the standard library takes hours for tags that never end."""
    return html_as_text(clean_html(html).html, width=TEXT_WIDTH)


def _joined(texts: Sequence[str]) -> str:
    return "\r\n".join(texts)


def name_of_sender(sender: Mailbox) -> str:
    """Give the name for a user: the one in the mail, as long as his column is, else the part before the @ in words.

    Source: osticket/mail.md §5.
    """
    local = sender.address.partition("@")[0].replace(".", " ")
    return shortened(sender.name.strip(), LONGEST_NAME) or re.sub(
        r"[^\W\d_]+", lambda word: word[0].capitalize(), local
    )

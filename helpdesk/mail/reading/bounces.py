"""Which mail did not arrive, and at whom: delivery reports (RFC 3464) and the texts of mail servers without them."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message

import structlog
from flufl.bounce import scan_message

from helpdesk.mail.reading.headers import answered, header_block, message_id, text_of_header
from helpdesk.mail.reading.limits import LIMITS
from helpdesk.mail.reading.parts import MAIL_TYPE, MailPart, parse

_log = structlog.get_logger(__name__)
_REPORT, _HEADERS = "message/delivery-status", "text/rfc822-headers"
_FIELD = re.compile(r"^(action|final-recipient|original-recipient|status)[ \t]*:[ \t]*(.*)$", re.I | re.M)
MOST_TEXT = 64 * 1024
logging.getLogger("flufl.bounce").setLevel(logging.WARNING)  # it tells of every detector it tries


@dataclass(frozen=True)
class DeliveryReport:
    """What a bounce says. `action` is '' where the server wrote only prose; `answers_to` leads to our own mail."""

    action: str
    status: str
    recipients: Sequence[str]
    answers_to: Sequence[str]
    """Message-IDs of the mail that was returned, its own first, then what it answered."""

    @property
    def has_failed(self) -> bool:
        """Whether the mail will not arrive any more; a delay is no failure."""
        return self.action in {"failed", ""}


def delivery_report(message: Message, files: Sequence[MailPart], text: str) -> DeliveryReport:
    """Give what a bounce says, from the parts that were kept as files and from its text."""
    fields: dict[str, list[str]] = {}
    answers_to: list[str] = []
    for file in files:
        if file.media_type == _REPORT:
            for name, value in _FIELD.findall(file.content[:MOST_TEXT].decode("latin-1").replace("\r", "")):
                fields.setdefault(name.lower(), []).append(value.strip())
        elif file.media_type in {MAIL_TYPE, _HEADERS}:
            block = header_block(file.content.lstrip())
            returned, _more = parse(block + b"\r\n\r\n", LIMITS)
            if block and text_of_header(returned, "message-id"):
                answers_to += [message_id(returned, block), *answered(returned)]
    named = [value.rpartition(";")[2].strip() for value in fields.get("final-recipient", [])]
    actions = [value.lower() for value in fields.get("action", [])]
    return DeliveryReport(
        action="failed" if "failed" in actions else next(iter(actions), ""),
        status=next(iter(fields.get("status", [])), ""),
        recipients=tuple(dict.fromkeys(named or _recipients_in(message, text))),
        answers_to=tuple(dict.fromkeys(answers_to)),
    )


def _recipients_in(message: Message, text: str) -> list[str]:
    """Give whom the text of a bounce without a report names, by the phrases of many mail servers."""
    plain = Message()
    for name in ("From", "Subject", "X-Failed-Recipients"):
        if value := text_of_header(message, name.lower()):
            plain[name] = " ".join(value.split())
    plain.set_payload(text[:MOST_TEXT])
    try:
        found = {address.decode("utf-8", "replace") for address in scan_message(plain)}
    except Exception:  # noqa: BLE001 -- its many detectors read what servers and forgers wrote
        _log.warning("mail.bounce_not_understood", exc_info=True)
        found = set()
    return sorted(found)

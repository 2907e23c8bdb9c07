"""Headers and parts of mails with less work than `email.policy.SMTP` takes, for the same bytes.

That policy parses whatever it is given, makes a class for each header, and takes each text apart again to fold it: most
of what it costs to make a mail. A header of plain ASCII words is written as it is and folded between them; all others
are the library's to encode and to fold.
"""

from __future__ import annotations

import base64
import re
import secrets
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import EmailPolicy
from functools import cache
from typing import Any

_LONGEST_WORD = 60
_PLAIN = re.compile(rf"[!-~]{{1,{_LONGEST_WORD}}}(?: [!-~]{{1,{_LONGEST_WORD}}})*")
_ENCODED_WORD = "=?"
_ATOM = r"[A-Za-z0-9!#$%&'*+/?^_`{|}~-]+"
_ATOMS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_NAME = re.compile(rf"(?:{_ATOM}(?: {_ATOM})*)?")
_MOST_OF_ADDRESS = 60
_KEPT_AS_TEXT = frozenset(
    {
        "auto-submitted", "content-transfer-encoding", "content-type", "date", "in-reply-to", "message-id",
        "mime-version", "precedence", "references", "subject", "x-auto-response-suppress", "x-autoreply", "x-mailer",
    }
)  # fmt: skip
"""Headers whose values are texts without a grammar of their own, or made by the program."""
_OF_CONTENT = frozenset({"content-type", "content-transfer-encoding"})


class _Classes(HeaderRegistry):
    """Makes the class of a header once for each name."""

    @cache  # noqa: B019 -- there is one of these, for as long as the program runs
    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(name)


class _QuickPolicy(EmailPolicy):
    """Keeps a header that needs no encoding as the text that it is."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        text = _plain_text(name.lower(), value)
        return (name, text) if text is not None else super().header_store_parse(name, value)

    def header_fetch_parse(self, name: str, value: str) -> Any:
        return value if name.lower() in _OF_CONTENT else super().header_fetch_parse(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        return _folded(name, value) if type(value) is str else super().fold_binary(name, value)


QUICK = _QuickPolicy(linesep="\r\n", header_factory=_Classes())


def text_part(text: str, subtype: str, part: EmailMessage | None = None) -> EmailMessage:
    """Make a part, a new one or that which is given, of a text in UTF-8 and base64."""
    part = EmailMessage(policy=QUICK) if part is None else part
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = "base64"
    lines = [*text.encode().splitlines(), b""]
    part.set_payload(base64.encodebytes(b"\r\n".join(lines) or b"\r\n").decode("ascii"))
    return part


def alternatives(message: EmailMessage, *parts: EmailMessage) -> None:
    """Put parts of which readers choose one into a message; no line of theirs, in base64, is like what divides them."""
    message["Content-Type"] = f'multipart/alternative; boundary="=_{secrets.token_hex(16)}"'
    for part in parts:
        message.attach(part)


def _plain_text(name: str, value: Any) -> str | None:
    """Give the text of a header that needs no encoding, else None."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, Address):
        return _plain_address(value)
    if name not in _KEPT_AS_TEXT or not isinstance(value, str):
        return None
    return value if _PLAIN.fullmatch(value) and _ENCODED_WORD not in value else None


def _plain_address(address: Address) -> str | None:
    """Give a short address whose name needs no quotes."""
    parts = ((_NAME, address.display_name), (_ATOMS, address.username), (_ATOMS, address.domain))
    if not all(pattern.fullmatch(text) for pattern, text in parts):
        return None
    text = str(address)
    return text if len(text) <= _MOST_OF_ADDRESS else None


def _folded(name: str, text: str) -> bytes:
    """Give a header in lines as long as they may be; a text that fits only into a line of its own gets one."""
    longest = QUICK.max_line_length or 0
    fits_alone = name.lower() not in _OF_CONTENT and len(text) < longest < len(name) + 2 + len(text)
    lines = [f"{name}:", ""] if fits_alone else [f"{name}:"]
    for word in text.split(" "):
        if len(lines[-1]) + 1 + len(word) > longest:
            lines.append("")
        lines[-1] += f" {word}"
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")

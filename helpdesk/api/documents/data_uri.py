"""`data:` addresses in messages and attachments (osticket/api.md §10).

osTicket sees only the first parameter and takes text without charset for ISO-8859-1, which garbles what RFC 2397 says.
Here all parameters count, and the characters of a JSON text are what they are.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

PREFIX = "data:"
_FOREIGN = re.compile(rb"[^A-Za-z0-9+/]+")


@dataclass(frozen=True)
class DataUri:
    """What a value holds: the media type in the letters it came in, the charset if one is named, and the bytes.

    `is_text` says that the bytes were characters before, now in UTF-8 whatever the charset says.
    """

    media_type: str
    content: bytes
    charset: str = ""
    is_text: bool = True

    def text(self) -> str:
        """Give the content as text: by its charset, else as UTF-8, else byte by byte."""
        if self.is_text:
            return self.content.decode("utf-8", "replace")
        return decoded(self.content, self.charset)


def read_data_uri(value: str) -> DataUri:
    """Take a value apart; one that is no data: address is text/plain as it stands."""
    meta, comma, content = value[len(PREFIX) :].partition(",")
    if not value.startswith(PREFIX) or not comma:
        return DataUri("text/plain", value.encode("utf-8", "replace"))
    media_type, *parameters = meta.split(";")
    charsets = [one.partition("=")[2].strip(' "') for one in parameters if one.lower().startswith("charset=")]
    charset = charsets[0] if charsets else ""
    data = content.encode("utf-8", "replace")
    if any(one.strip().lower() == "base64" for one in parameters):
        return DataUri(media_type or "text/plain", lenient_base64(data), charset, is_text=False)
    return DataUri(media_type or "text/plain", data, charset)


def lenient_base64(data: bytes) -> bytes:
    """Decode base64 as PHP does: what does not belong there is skipped, a lonely last character is dropped."""
    clean = _FOREIGN.sub(b"", data)
    clean = clean[: len(clean) - (len(clean) % 4 == 1)]
    return base64.b64decode(clean + b"=" * (-len(clean) % 4))


def strict_base64(text: str) -> bytes | None:
    """Decode base64; None for what is none. Blanks and line ends may be in it."""
    try:
        return base64.b64decode(re.sub(r"\s+", "", text), validate=True)
    except (binascii.Error, ValueError):
        return None


def decoded(content: bytes, charset: str) -> str:
    """Give bytes as text; without a charset that is known they are UTF-8, else ISO-8859-1."""
    for name in (charset, "utf-8"):
        try:
            return content.decode(name) if name else content.decode("utf-8")
        except (LookupError, UnicodeError, ValueError):
            continue
    return content.decode("iso-8859-1")

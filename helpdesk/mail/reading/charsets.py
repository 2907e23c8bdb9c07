"""Bytes of a text as text: by the charset that the mail names, else by what they look like (osticket/mail.md §3.2)."""

from __future__ import annotations

import codecs
import re

ENOUGH_TO_GUESS = 24
"""Bytes beyond ASCII; with fewer a guess is no better than windows-1252."""
MOST_TO_GUESS = 16 * 1024
LEAST_COHERENCE = 0.2
_WESTERN = "windows-1252"
_ALIASES = {
    "windows1252": _WESTERN,
    "ks_c_5601-1987": "cp949",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "iso8859-1": _WESTERN,
    "iso-8859-1": _WESTERN,
    "latin1": _WESTERN,
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "default": _WESTERN,
    "x-user-defined": _WESTERN,
    "iso": _WESTERN,
    "us-ascii": "utf-8",
    "ascii": "utf-8",
}
_NOT_IN_NAMES = re.compile(r"[^a-z0-9_.:+-]")
_NOT_TEXT = {"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "mbcs", "oem"}
"""Codecs of Python that are no charset of a mail; some take for ever or do what the sender wants."""


def text_of(data: bytes, charset: str | None) -> str:
    """Give the text. A byte that the named charset does not know is read as windows-1252: none is dropped.

    Without a charset, or with an unknown one, UTF-8 is tried, then a guess if there is enough to go by.
    """
    codec = _codec(charset)
    if codec is None:
        return _guessed(data)
    return storable(data.decode(codec, _WESTERN_INSTEAD))


def storable(text: str) -> str:
    """Give the text as databases take it: without halves of characters, and a blank for NUL, as osTicket stores it."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def _codec(charset: str | None) -> str | None:
    name = _NOT_IN_NAMES.sub("", (charset or "").strip().lower())[:40]
    if not name:
        return None
    try:
        found = codecs.lookup(_ALIASES.get(name, name))
    except (LookupError, ValueError):
        return None
    is_charset = getattr(found, "_is_text_encoding", True) and found.name.replace("_", "-") not in _NOT_TEXT
    return found.name if is_charset else None


def _guessed(data: bytes) -> str:
    try:
        return storable(data.decode("utf-8"))
    except UnicodeDecodeError:
        pass
    if sum(byte > 127 for byte in data[:MOST_TO_GUESS]) >= ENOUGH_TO_GUESS:
        from charset_normalizer import from_bytes  # where a mail says nothing of its charset: few do

        best = from_bytes(data[:MOST_TO_GUESS]).best()
        if best is not None and best.coherence >= LEAST_COHERENCE:
            return storable(data.decode(best.encoding, _WESTERN_INSTEAD))
    return storable(data.decode(_WESTERN, _WESTERN_INSTEAD))


def _as_western(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(_western(byte) for byte in wrong), error.end


def _western(byte: int) -> str:
    """Give the character; five bytes that windows-1252 leaves open are those of ISO-8859-1."""
    try:
        return bytes([byte]).decode(_WESTERN)
    except UnicodeDecodeError:
        return chr(byte)


_WESTERN_INSTEAD = "ostler-western-instead"
codecs.register_error(_WESTERN_INSTEAD, _as_western)

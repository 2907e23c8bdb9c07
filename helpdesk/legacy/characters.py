"""Characters that a column cannot hold: NUL anywhere, beyond the basic plane in osTicket's utf8mb3 tables.

osTicket drops the latter. We keep them: in HTML as character references, which read back whole; in plain text as the
nearest readable form, with the original in a side table (`helpdesk.legacy.text_fields`).
"""

import re
import unicodedata

from django.db import DEFAULT_DB_ALIAS, connections

_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_BEYOND_BASIC_PLANE = re.compile("[\U00010000-\U0010ffff]")
_SPECIAL = re.compile("[\x00\ud800-\udfff\U00010000-\U0010ffff]")


def clean_text(text: str) -> str:
    """Take out what is no character: NUL and halves of surrogate pairs; a whole pair becomes the character it means."""
    if not _FORBIDDEN.search(text):
        return text
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return _FORBIDDEN.sub("", text)


def has_rare_characters(text: str) -> bool:
    """Whether a utf8mb3 column cannot hold the text."""
    return _BEYOND_BASIC_PLANE.search(clean_text(text)) is not None


def needs_care(text: str) -> bool:
    """Whether there is anything in the text that some column cannot hold: what is no character, or a rare one."""
    return (not text.isascii() and _SPECIAL.search(text) is not None) or "\x00" in text


def readable_text(text: str) -> str:
    """Give the nearest form of plain text that a utf8mb3 column can hold: `[grinning face]` for an emoji."""
    return _BEYOND_BASIC_PLANE.sub(lambda match: _readable(match[0]), text)


def readable_pattern(pattern: str) -> str:
    """Give a regular expression that finds the readable forms of its rare characters."""
    return _BEYOND_BASIC_PLANE.sub(lambda match: re.escape(_readable(match[0])), pattern)


def storable_html(html: str) -> str:
    """Give HTML as the tables of this installation can hold it; browsers and our own reader see the same text."""
    html = clean_text(html)
    return with_references(html) if has_rare_characters(html) and not holds_every_character() else html


def with_references(html: str) -> str:
    """Give HTML with the rare characters as character references."""
    return _BEYOND_BASIC_PLANE.sub(lambda match: f"&#x{ord(match[0]):X};", html)


def shortened(text: str, longest: int) -> str:
    """Cut a text with `…` to so many characters. Only for texts of which the whole is kept elsewhere."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def holds_every_character(alias: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether osTicket's tables here can hold characters beyond the basic plane."""
    return bool(getattr(connections[alias], "holds_every_character", True))


def _readable(character: str) -> str:
    compatible = unicodedata.normalize("NFKC", character)
    if not _BEYOND_BASIC_PLANE.search(compatible):
        return compatible
    return f"[{unicodedata.name(character, f'U+{ord(character):X}').lower()}]"

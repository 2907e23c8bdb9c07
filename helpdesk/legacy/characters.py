"""Characters that a column cannot hold: NUL anywhere, beyond the basic plane in osTicket's utf8mb3 tables.

osTicket drops the latter. We keep them: in HTML as character references, which read back whole; in plain text as the
nearest readable form.
"""

import re
import unicodedata

from django.db import DEFAULT_DB_ALIAS, connections

from helpdesk.legacy.models import Installation

_FORBIDDEN = re.compile("[\x00\ud800-\udfff]")
_BEYOND_BASIC_PLANE = re.compile("[\U00010000-\U0010ffff]")


def storable_html(html: str) -> str:
    """Give HTML as the tables of this installation can hold it; browsers and our own reader see the same text."""
    html = _without_forbidden(html)
    if _needs_basic_plane(html):
        return _BEYOND_BASIC_PLANE.sub(lambda match: f"&#x{ord(match[0]):X};", html)
    return html


def storable_text(text: str, *, max_length: int | None = None) -> str:
    """Give plain text as the tables of this installation can hold it, shortened with `…` to `max_length` characters.

    Only for texts of which the whole is kept elsewhere.
    """
    text = _without_forbidden(text)
    if _needs_basic_plane(text):
        text = _BEYOND_BASIC_PLANE.sub(lambda match: _readable(match[0]), text)
    if max_length is not None and len(text) > max_length:
        return f"{text[: max_length - 1]}…"
    return text


def holds_every_character(alias: str = DEFAULT_DB_ALIAS) -> bool:
    """Whether osTicket's tables here can hold characters beyond the basic plane."""
    if connections[alias].vendor != "mysql":
        return True
    return not Installation.objects.using(alias).filter(utf8mb3_tables=True).exists()


def _without_forbidden(text: str) -> str:
    return _FORBIDDEN.sub("", text)


def _needs_basic_plane(text: str) -> bool:
    """Asks the database only for texts with such characters."""
    return _BEYOND_BASIC_PLANE.search(text) is not None and not holds_every_character()


def _readable(character: str) -> str:
    compatible = unicodedata.normalize("NFKC", character)
    if not _BEYOND_BASIC_PLANE.search(compatible):
        return compatible
    return f"[{unicodedata.name(character, f'U+{ord(character):X}').lower()}]"

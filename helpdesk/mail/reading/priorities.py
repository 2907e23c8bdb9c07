"""The priority that a mail asks for (osticket/mail.md §3.6)."""

from __future__ import annotations

import re
from enum import IntEnum

_PRIORITY = re.compile(rb"^[!-9;-~]*(?:priority|importance): (\S)", re.IGNORECASE | re.MULTILINE)


class Urgency(IntEnum):
    """As the column `priority_urgency` counts."""

    HIGH = 2
    NORMAL = 3
    LOW = 4


_OF_LETTER = {
    **dict.fromkeys(b"HU12", Urgency.HIGH),
    **dict.fromkeys(b"N34", Urgency.NORMAL),
    **dict.fromkeys(b"L56", Urgency.LOW),
}
_OF_IMPORTANCE = {0: Urgency.LOW, 1: Urgency.NORMAL, 2: Urgency.HIGH}


def urgency_of_headers(block: bytes) -> Urgency | None:
    """Give what the first header says whose name ends in Priority or Importance; the Subject says nothing."""
    found = _PRIORITY.search(block)
    return _OF_LETTER.get(found[1].upper()[0]) if found else None


def urgency_of_importance(importance: int | None) -> Urgency | None:
    """Give what Outlook's Importance says."""
    return _OF_IMPORTANCE.get(importance) if importance is not None else None

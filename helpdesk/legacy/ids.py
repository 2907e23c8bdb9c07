"""Ids as they come in requests and stored texts: whatever is no number of an id column is none."""

from __future__ import annotations

from collections.abc import Iterable

LARGEST_ID = 0xFFFFFFFF
"""Of osTicket's id columns, which are unsigned integers of 32 bits."""
_LONGEST_ID = len(str(LARGEST_ID))


def id_in(text: object) -> int | None:
    """Give the id that a text holds, None for anything else, also for numbers that no id column holds."""
    found = str(text)
    if not (found.isascii() and found.isdecimal() and len(found) <= _LONGEST_ID):
        return None
    number = int(found)
    return number if number <= LARGEST_ID else None


def ids_in(texts: Iterable[object]) -> list[int]:
    """Give the ids among texts, in their order."""
    return [number for number in map(id_in, texts) if number is not None]

"""How PHP reads values of a decoded document: as truth, as text, as an id."""

from __future__ import annotations

from typing import Any

from helpdesk.api.refusals import DocumentUnreadable


def is_true(value: Any) -> bool:
    """Whether PHP takes the value for true; the text `false` is."""
    return bool(value) and value != "0"


def text_of(value: Any, *, name: str) -> str:
    """Give a value as text: '' for null and false, `1` for true.

    Raises DocumentUnreadable for lists and objects, over which osTicket crashes.
    """
    if isinstance(value, dict | list):
        raise DocumentUnreadable(f"{name}: a text is expected, not a list or an object")
    if value is None or value is False:
        return ""
    return "1" if value is True else str(value)


def id_of(value: Any) -> int | None:
    """Give a positive number, also from a text of digits; None for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip()
    is_number = text.isascii() and text.isdecimal() and len(text) <= 10
    return int(text) or None if is_number else None

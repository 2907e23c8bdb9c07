"""Cells of exported tables: what they may be, and how they are made harmless.

Spreadsheets carry out a text that begins like a formula, whoever wrote it: a subject `=HYPERLINK(…)` comes from
outside. In CSV such a text gets an apostrophe before it, which spreadsheets take for "this is text"; in XLSX it is
stored as text.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal

from django.utils.encoding import force_str
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from helpdesk.legacy.characters import clean_text

Cell = str | int | float | Decimal | bool | datetime | date | Promise | None
Value = str | int | float | Decimal | datetime | date | None

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
DATE_FORMAT = "%Y-%m-%d"
_FORMULA = re.compile("[\\s\ufeff\u200b]*[=+\\-@|%\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
"""How a formula begins, in wide characters too, which some versions take for the narrow ones; blanks are skipped."""
_NUMBER = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,15})?")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might carry this text out; plain numbers with a sign are harmless."""
    return bool(_FORMULA.match(text)) and not _NUMBER.fullmatch(text)


def harmless(text: str) -> str:
    """Give the text for a CSV file."""
    return f"'{text}" if is_formula(text) else text


def value_of(cell: Cell, *, zone: tzinfo = UTC) -> Value:
    """Give a cell in the form that both kinds of files write: times in `zone` and without it, words for truth."""
    if isinstance(cell, bool):
        return _("Yes") if cell else _("No")
    if isinstance(cell, datetime):
        return cell.astimezone(zone).replace(tzinfo=None) if cell.tzinfo else cell
    if isinstance(cell, str | Promise):
        return clean_text(force_str(cell))
    return cell


def text_of(cell: Cell, *, zone: tzinfo = UTC) -> str:
    """Give a cell as CSV has it; nothing at all for None."""
    value = value_of(cell, zone=zone)
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime(TIME_FORMAT)
    if isinstance(value, date):
        return value.strftime(DATE_FORMAT)
    return harmless(value) if isinstance(value, str) else str(value)

"""Reading lists that people export from elsewhere: whatever encoding and separator they come in."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.characters import clean_text
from helpdesk.legacy.errors import ValidationFailed

LONGEST_FILE = 5 * 1024 * 1024
"""Bytes; about 50,000 people."""
LONGEST_CELL = 10_000
MOST_COLUMNS = 100
"""What a page asks about."""
SEPARATORS = (",", ";", "\t", "|")
_SAMPLE = 64 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GUESSED = [
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "koi8_r", "iso8859_15"),
    *("shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "mac_roman"),
]
_OF_OTHER_PROGRAMS = ((b"PK\x03\x04", _("a spreadsheet")), (b"\xd0\xcf\x11\xe0", _("a spreadsheet")), (b"%PDF", "PDF"))


@dataclass(frozen=True)
class Line:
    """One row of a list: the number of its first line, its cells, or what is wrong with it."""

    number: int
    cells: tuple[str, ...] = ()
    problem: str = ""


def decoded(data: bytes, *, encoding: str = "") -> tuple[str, str]:
    """Give the text of a file and the encoding it is in: the one named, that of a byte order mark, UTF-8, or a guess.

    Raises ValidationFailed for a file that is empty, too large or no text.
    """
    if not data.strip():
        raise ValidationFailed(_("The file is empty."), code="file_empty", field="file")
    if len(data) > LONGEST_FILE:
        message = _("The file is larger than %(size)d MB: split it.") % {"size": LONGEST_FILE // 1024 // 1024}
        raise ValidationFailed(message, code="file_too_large", field="file")
    for start, kind in _OF_OTHER_PROGRAMS:
        if data.startswith(start):
            message = _("This is %(kind)s: export the list as CSV first.") % {"kind": kind}
            raise ValidationFailed(message, code="file_no_text", field="file")
    found = encoding or _encoding_of(data)
    try:
        text = data.decode(found)
    except (LookupError, UnicodeError):
        message = _("The file cannot be read as %(encoding)s.") % {"encoding": found}
        raise ValidationFailed(message, code="encoding_wrong", field="encoding" if encoding else "file") from None
    if "\x00" in text:
        raise ValidationFailed(_("This is no text file."), code="file_no_text", field="file")
    return clean_text(text.lstrip("\ufeff")), found


def separator_of(text: str) -> str:
    """Give the character between the cells of a row: the one that makes rows of equal length, at least of two cells."""
    sample = text[:_SAMPLE]
    best, most = ",", (0.0, 0)
    for separator in SEPARATORS:
        widths = [len(line.cells) for line, _at in zip(lines_of(sample, separator), range(50), strict=False)]
        usual = max(set(widths), key=widths.count, default=0)
        rating = (widths.count(usual) / len(widths), usual) if usual > 1 else (0.0, 0)
        if rating > most:
            best, most = separator, rating
    return best


def lines_of(text: str, separator: str) -> Iterator[Line]:
    """Give the rows that are not empty; a row that cannot be read, or has a cell too long for anything, says so."""
    csv.field_size_limit(LONGEST_FILE)  # for the whole process: cells are measured below, where lines are known
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Line(number, problem=str(error))
            continue
        if any(len(cell) > LONGEST_CELL for cell in cells):
            message = _("A cell holds more than %(count)d characters: is a quotation mark missing?")
            yield Line(number, problem=str(message % {"count": LONGEST_CELL}))
        elif any(cell.strip() for cell in cells):
            yield Line(number, tuple(cell.strip() for cell in cells))


def _encoding_of(data: bytes) -> str:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes  # its tables are large and seldom needed

        best = from_bytes(data, cp_isolation=_GUESSED).best()
        return best.encoding if best is not None else "cp1252"
    return "utf-8"

"""Which texts count as equal: without regard to case, accents and blanks at the end, on every engine alike.

osTicket leaves that to the collation of its tables (`utf8_general_ci`), by which `Réglages` is `reglages`. The other
engines compare letter by letter, so both sides are folded there, always by the one function `fold`: SQLite calls it,
PostgreSQL has a function of its own that is generated from it, and search documents are stored folded.

All that the collation calls equal folds alike, but for `ß`: it is `ss`, as casefold says, and `s` for the collation.
The other way round more is equal here than there: whatever Unicode takes for the same, marks of accents and strokes,
and cases that the collation does not know (docs/architecture.md).
"""

from __future__ import annotations

import sys
import unicodedata
from functools import lru_cache

FUNCTION = "hd_fold"
"""The name of the function in SQLite and PostgreSQL."""
_FIRST_MARK, _LAST_MARK = "\u0300", "\u036f"
"""Combining diacritical marks. Others carry meaning of their own: vowels in Indian scripts, voicing in Japanese."""
_IOTA_BELOW, _IOTA = "\u0345", "\u03b9"
"""The one mark that is a letter where none stands below which it could be written."""
_DOTLESS, _LUNATE, _SIGMA = "\u0131", "\u03f2", "\u03c3"
"""What casefold keeps apart and osTicket's collation does not: i without a dot, the lunate sigma."""


def fold(text: str) -> str:
    """Give the text without upper case, accents and blanks at its end; texts that fold alike count as equal."""
    return fold_part(text).rstrip(" ")


def fold_part(text: str) -> str:
    """Fold what may stand anywhere in a text: its last blanks count."""
    if text.isascii():
        return text.lower()
    if _IOTA_BELOW in text:
        text = unicodedata.normalize("NFC", text).replace(_IOTA_BELOW, _IOTA)
    apart = unicodedata.normalize("NFD", text)
    bare = "".join(letter for letter in apart if not _FIRST_MARK <= letter <= _LAST_MARK)
    return unicodedata.normalize("NFC", bare).casefold().replace(_DOTLESS, "i").replace(_LUNATE, _SIGMA)


def fold_or_none(text: object) -> str | None:
    """Fold what a database hands over: numbers as their text, NULL as None."""
    if text is None:
        return None
    return fold(text if isinstance(text, str) else str(text))


@lru_cache(maxsize=1)
def _tables() -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """Give the letters that fold into one letter, what they fold into, and those that fold into several."""
    single: list[tuple[str, str]] = []
    several: list[tuple[str, str]] = []
    marks: list[str] = []
    for code in range(0x80, sys.maxunicode + 1):
        letter = chr(code)
        if 0xD800 <= code <= 0xDFFF:
            continue
        folded = fold_part(letter)
        if not folded:
            marks.append(letter)
        elif folded != letter:
            (single if len(folded) == 1 else several).append((letter, folded))
    before = "".join([*(letter for letter, _folded in single), *marks])
    return before, "".join(folded for _letter, folded in single), tuple(several)


def postgresql_function() -> str:
    """Give the statement that makes the function in PostgreSQL, generated from `fold`.

    ASCII takes the short way. `translate` drops the marks, which have nothing to become, of letters taken apart that no
    single letter stands for; all others are put together first, so that Hangul and kana taken apart are what they look
    like. Only databases in UTF8 can do that.
    """
    before, after, several = _tables()
    folded = f'translate(lower(text_in COLLATE "C"), {_quoted(before)}, {_quoted(after)})'
    replacements = "".join(
        f"  folded := replace(folded, {_quoted(letter)}, {_quoted(text)});\n" for letter, text in several
    )
    return f"""
CREATE OR REPLACE FUNCTION {FUNCTION}(text_in text) RETURNS text AS $body$
DECLARE
  folded text;
BEGIN
  IF octet_length(text_in) = char_length(text_in) THEN
    RETURN rtrim(lower(text_in COLLATE "C"));
  END IF;
  IF getdatabaseencoding() = 'UTF8' THEN
    text_in := normalize(text_in, NFC);
  END IF;
  folded := {folded};
{replacements}  RETURN rtrim(folded);
END
$body$ LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
"""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

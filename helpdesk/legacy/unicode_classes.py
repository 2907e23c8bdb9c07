"""Classes of PCRE's flag `u` written for RE2, whose `\\w`, `\\d`, `\\s` and `[[:alpha:]]` know ASCII alone.

PHP's flag `u` switches PCRE2_UCP on: `\\w` is every letter, every number and `_`, `\\d` every decimal digit, `\\s`
every separator, and the POSIX classes likewise (pcre2pattern, “Generic character types”, “POSIX character classes”).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import lru_cache

import re2

_LETTERS_AND_DIGITS = r"\p{L}\p{N}"
_WORD = r"\p{L}_\p{N}"
_DIGIT = r"\p{Nd}"
_BLANK = r"\p{Zs}\t\x{180E}\p{Zs}"
_SPACE = r"\p{Z}\t-\r\x{85}\x{180E}\p{Z}"
"""Inside brackets, where a hyphen may stand before or after: what begins and ends with a property makes no range."""
_TYPES = {"w": _WORD, "d": _DIGIT, "s": _SPACE}
_POSIX = {
    "alpha": r"\p{L}",
    "lower": r"\p{Ll}",
    "upper": r"\p{Lu}",
    "alnum": _LETTERS_AND_DIGITS,
    "space": _SPACE,
    "blank": _BLANK,
    "cntrl": r"\p{Cc}",
    "digit": _DIGIT,
    "word": _WORD,
    "punct": r"\p{P}$+<=>^`|~\p{P}",
}
_ASCII_POSIX = frozenset({"ascii", "xdigit"})
_CASED = frozenset({"lower", "upper"})
_FOLDS_CASE = re.compile(r"\(\?[a-zA-Z^-]*i")
_QUOTED = re.compile(r"\\Q.*?(?:\\E|\Z)", re.DOTALL)
_POSIX_CLASS = re.compile(r"\[:(\^?)([a-z]+):\]")


class Untranslatable(ValueError):  # noqa: N818 -- named by what happened
    """There is something in the expression that RE2 cannot say for all alphabets."""


def in_unicode(body: str, *, ignores_case: bool) -> str:
    """Give a regular expression without delimiters and flags as RE2 has to read it; raise Untranslatable."""
    return "".join(_pieces(body, ignores_case=ignores_case or bool(_FOLDS_CASE.search(body))))


def _pieces(body: str, *, ignores_case: bool) -> Iterator[str]:
    position = 0
    while position < len(body):
        if quoted := _QUOTED.match(body, position):
            yield quoted[0]
            position = quoted.end()
        elif body[position] == "\\":
            yield _outside(body[position : position + 2])
            position += 2
        elif body[position] == "[":
            end, inside = _bracketed(body, position, ignores_case=ignores_case)
            yield inside
            position = end
        else:
            yield body[position]
            position += 1


def _outside(escape: str) -> str:
    """Translate an escape that stands outside brackets."""
    letter = escape[1:]
    if letter in {"b", "B"}:
        raise Untranslatable("RE2 knows the edges of ASCII words only.")
    known = _TYPES.get(letter.lower())
    if known is None:
        return escape
    return f"[^{known}]" if letter.isupper() else f"[{known}]"


def _bracketed(body: str, start: int, *, ignores_case: bool) -> tuple[int, str]:
    """Translate a class in brackets; give where it ends and what became of it."""
    opening = re.compile(r"\[\^?\]?").match(body, start)
    position = opening.end() if opening else start + 1
    pieces = [body[start:position]]
    while position < len(body) and body[position] != "]":
        if posix := _POSIX_CLASS.match(body, position):
            pieces.append(_posix(posix[2], is_negated=bool(posix[1]), ignores_case=ignores_case))
            position = posix.end()
        elif body[position] == "\\":
            letter = body[position + 1 : position + 2]
            known = _TYPES.get(letter.lower())
            plain = body[position : position + 2]
            others = known is not None and letter.isupper()
            pieces.append(_all_but(known or "", ignores_case=ignores_case) if others else known or plain)
            position += 2
        else:
            pieces.append(body[position])
            position += 1
    return position + 1, "".join(pieces) + "]"


def _posix(name: str, *, is_negated: bool, ignores_case: bool) -> str:
    if name in _ASCII_POSIX:
        return f"[:{'^' if is_negated else ''}{name}:]"
    known = _POSIX.get(name)
    if known is None or (name in _CASED and ignores_case):
        raise Untranslatable(f"RE2 has no [:{name}:] for all alphabets.")
    return _all_but(known, ignores_case=ignores_case) if is_negated else known


@lru_cache(maxsize=2 * len(_POSIX))
def _all_but(members: str, *, ignores_case: bool) -> str:
    """Give what stands within brackets for all other characters.

    RE2 folds the case of what is listed: what members become by that is none of the others, or they would come back.
    """
    everything = "".join(map(chr, [*range(0xD800), *range(0xE000, sys.maxunicode + 1)]))
    runs = [
        (found[0][0], found[0][-1])
        for found in re2.finditer(f"{'(?i)' if ignores_case else ''}[^{members}]+", everything)
    ]
    ranges = "".join(rf"\x{{{ord(first):X}}}-\x{{{ord(last):X}}}" for first, last in runs)
    edge = r"\p{Cc}" if r"\p{L" in members else r"\p{L}"
    return f"{edge}{ranges}{edge}"

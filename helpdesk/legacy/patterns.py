"""Regular expressions as osTicket keeps them: PCRE with delimiters and flags (`/^[A-Z]{3}$/i`).

They come from administrators and run over foreign text, so they must not hang a process. RE2 matches in linear time.
What it does not know (look-around, back-references) runs in the `regex` module under a time limit, and counts as no
match when that is over.

Without the flag `u` PCRE sees bytes: only ASCII letters have two cases, and `.` is one byte. With it, it sees
characters, and `\\w` and `\\b` know the letters of all alphabets (osticket/filters.md §4). RE2 knows those only by
their Unicode names, so classes are rewritten for it (helpdesk/legacy/unicode_classes.py).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2
import regex
import structlog

from helpdesk.legacy.unicode_classes import Untranslatable, in_unicode

log = structlog.get_logger(__name__)

TIME_LIMIT_SECONDS = 0.05
LONGEST_PATTERN = 4000
_CLOSING = {"(": ")", "[": "]", "{": "}", "<": ">"}
_IGNORED_FLAGS = frozenset("SXJn")
"""Flags that change nothing here: optimisations of PCRE, and names and numbers of groups."""
_WORDS = re.compile(r"\\[wWbBdDsS]|\[\[:")
"""Classes that are ASCII in RE2 and Unicode in PCRE with `u`."""


class UnusablePattern(ValueError):  # noqa: N818 -- named by what happened
    """The text is no regular expression that can be run; the message says why."""


class Pattern:
    """A regular expression that is ready to be searched for."""

    def __init__(self, body: str, flags: str) -> None:
        """Compile; raise UnusablePattern."""
        inline = "".join(sorted({flag for flag in flags if flag in "ims"}))
        self._body = f"(?{inline}){body}" if inline else body
        self._sees_characters = "u" in flags
        self._ends_at_line_end = "D" not in flags
        self._fast, self._knows_ascii_only = self._linear(body, inline, flags)
        self._slow = None
        if not self.is_linear:
            self._slow = _slow(self._body, flags, in_bytes=not self._sees_characters)

    def _linear(self, body: str, inline: str, flags: str) -> tuple[re2._Regexp | None, bool]:
        """Compile for RE2, and say whether what came of it is right for ASCII texts alone."""
        if "x" in flags or "U" in flags:
            return None, False
        if not self._sees_characters or not _WORDS.search(body):
            return _fast(self._body, in_bytes=not self._sees_characters), False
        try:
            translated = in_unicode(body, ignores_case="i" in inline)
        except Untranslatable:
            return _fast(self._body, in_bytes=False), True
        everywhere = _fast(f"(?{inline}){translated}" if inline else translated, in_bytes=False)
        if everywhere is not None:
            return everywhere, False
        return _fast(self._body, in_bytes=False), True

    @property
    def is_linear(self) -> bool:
        """Whether it takes time in proportion to the text; others run under a time limit."""
        return self._fast is not None and not self._knows_ascii_only

    def is_in(self, text: str) -> bool:
        """Whether the pattern matches somewhere in the text."""
        if not text.isascii():
            text = text.encode("utf-8", "replace").decode()  # a lone surrogate is no character
        if self._fast is not None and not (self._knows_ascii_only and not text.isascii()):
            data = text.encode()
            if self._fast.search(data) is not None:
                return True
            # PCRE's `$` also matches before a line end that ends the text; RE2's does not.
            is_before_line_end = self._ends_at_line_end and text.endswith("\n")
            return is_before_line_end and self._fast.search(data[:-1]) is not None
        subject = _subject(text, in_bytes=not self._sees_characters)
        try:
            return self._slow is not None and self._slow.search(subject, timeout=TIME_LIMIT_SECONDS) is not None
        except TimeoutError:
            log.warning("pattern_took_too_long", pattern=self._body[:200], length=len(text))
            return False


def _fast(body: str, *, in_bytes: bool) -> re2._Regexp | None:
    options = re2.Options()
    options.log_errors = False
    if in_bytes:
        options.encoding = re2.Options.Encoding.LATIN1
    try:
        return re2.compile(_subject(body, in_bytes=True), options)
    except re2.error:
        return None


def _slow(body: str, flags: str, *, in_bytes: bool) -> regex.Pattern[Any]:
    try:
        return regex.compile(_subject(body, in_bytes=in_bytes), regex.VERBOSE if "x" in flags else 0)
    except regex.error as error:
        raise UnusablePattern(str(error)) from None


def _subject(text: str, *, in_bytes: bool) -> Any:
    return text.encode("utf-8", "replace") if in_bytes else text


@lru_cache(maxsize=512)
def php_pattern(text: str) -> Pattern:
    """Give the pattern of a PCRE text with delimiters; raise UnusablePattern for what `preg_match` would refuse."""
    text = text.lstrip()
    if not text or len(text) > LONGEST_PATTERN:
        raise UnusablePattern("The pattern is empty or too long.")
    opening = text[0]
    if opening.isalnum() or opening == "\\" or opening.isspace():
        raise UnusablePattern("The pattern must begin with a delimiter, such as /.")
    end = _end_of_body(text)
    if end < 0:
        raise UnusablePattern(f"The pattern has no closing {_CLOSING.get(opening, opening)}.")
    body, flags = text[1:end], text[end + 1 :].strip("\r\n ")
    known = set("imsxuAUD") | _IGNORED_FLAGS
    if set(flags) - known:
        raise UnusablePattern(f"Unknown flags: {flags}")
    if opening not in _CLOSING:
        body = body.replace(f"\\{opening}", opening if opening in "/#~@%,!;:'\"`-_&=" else f"\\{opening}")
    if "A" in flags:
        body = rf"\A(?:{body})"
    return Pattern(body, flags)


def _end_of_body(text: str) -> int:
    """Give where the closing delimiter stands: the first one without a backslash, brackets in pairs; -1 for nowhere."""
    opening = text[0]
    closing = _CLOSING.get(opening, opening)
    depth, position = 1, 1
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
        elif character == closing:
            depth -= 1
            if not depth:
                return position
        elif character == opening:
            depth += 1
        position += 1
    return -1


def matches_php_pattern(pattern: str, text: str) -> bool:
    """Whether a stored pattern matches; a broken one matches nothing, as `preg_match` (osticket/forms.md §4.1)."""
    try:
        return php_pattern(pattern).is_in(text)
    except UnusablePattern:
        return False

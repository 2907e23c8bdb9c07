"""How names of people are split and shown (settings `agent_name_format`, `client_name_format`; osticket/mail.md §9.4).

A name in a template variable is shown in the configured format; its other forms are asked for by name (`name.first`).
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.core.exceptions import SuspiciousOperation
from django.utils.html import strip_tags

from helpdesk import configuration
from helpdesk.legacy.characters import clean_text

DEFAULT_AGENT_FORMAT = "full"
DEFAULT_USER_FORMAT = "original"
LONGEST_READ = 1000
"""Characters of a name that are looked at; columns hold far fewer."""
_INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}

_SALUTATIONS = frozenset(
    {"mr", "mrs", "ms", "miss", "mx", "dr", "prof", "rev", "fr", "sr", "herr", "frau", "master", "sir", "dame"}
)
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "v", "md", "phd", "esq", "cpa", "dds", "dvm"})
_PARTICLES = frozenset(
    {"von", "van", "vom", "zu", "zum", "zur", "de", "del", "della", "der", "den", "di", "da", "dos", "du", "la", "le"}
    | {"bin", "ibn", "al", "st", "ter", "ten", "vere", "lo", "pietro"}
)


@dataclass(frozen=True)
class PersonName:
    """A name in its parts; each property is one of the forms that the settings and template variables name."""

    original: str
    salutation: str = ""
    first: str = ""
    middle: str = ""
    last: str = ""
    suffix: str = ""

    @property
    def full(self) -> str:
        """`Jane Doe`."""
        return _joined(self.first, self.last)

    @property
    def legal(self) -> str:
        """`Jane M. Doe`."""
        return _joined(self.first, _initial(self.middle), self.last)

    @property
    def lastfirst(self) -> str:
        """`Doe, Jane`."""
        return _joined(f"{self.last}," if self.last and self.first else self.last, self.first)

    @property
    def formal(self) -> str:
        """`Dr. Doe`."""
        return _joined(self.salutation, self.last or self.first)

    @property
    def short(self) -> str:
        """`Jane D.`."""
        return _joined(self.first, _initial(self.last))

    @property
    def shortformal(self) -> str:
        """`J. Doe`."""
        return _joined(_initial(self.first), self.last) if self.last else self.first

    @property
    def complete(self) -> str:
        """`Dr. Jane M. Doe`, with everything that was entered, in order."""
        return _joined(self.salutation, self.first, self.middle, self.last, self.suffix)

    @property
    def initials(self) -> str:
        """`JMD`."""
        return "".join(part[0].upper() for part in (self.first, self.middle, self.last) if part)

    def in_format(self, name: str) -> str:
        """Give the name in a configured format; one that is unknown shows the name as it was entered."""
        form = FORMATS.get(name)
        return (form(self) if form else "") or self.original

    def __str__(self) -> str:
        return self.original


FORMATS: Mapping[str, Callable[[PersonName], str]] = {
    "first": lambda name: name.first,
    "last": lambda name: name.last,
    "full": lambda name: name.full,
    "legal": lambda name: name.legal,
    "lastfirst": lambda name: name.lastfirst,
    "formal": lambda name: name.formal,
    "short": lambda name: name.short,
    "shortformal": lambda name: name.shortformal,
    "complete": lambda name: name.complete,
    "original": lambda name: name.original,
}


def parse_name(text: str) -> PersonName:
    """Split a name as people write it: `Dr. Jane M. Doe`, `Doe, Jane`, `Ludwig van Beethoven`, `Jane`."""
    words = text.split()
    salutation, words = _leading_salutations(words)
    surname_first = re.fullmatch(r"([^,]+),\s*([^,]+)", " ".join(words))
    if surname_first and not _is_suffix(surname_first[2]):
        first, *middle = surname_first[2].split()
        return PersonName(text.strip(), salutation, first, " ".join(middle), surname_first[1].strip())
    words = [word.rstrip(",") for word in words if word != ","]
    suffix, words = _trailing_suffixes(words)
    if len(words) < 2:
        return PersonName(text.strip(), salutation, " ".join(words), suffix=suffix)
    start = _start_of_surname(words)
    return PersonName(
        text.strip(), salutation, words[0], " ".join(words[1:start]), " ".join(words[start:]), suffix=suffix
    )


def entered_name(text: str) -> str:
    """Give a name as it is stored: without HTML, which mails and programs send along, on one line.

    Joiners of emoji, marks of direction and characters that are newer than this Python stay; a name of which nothing is
    to be seen is none.
    """
    words = _without_tags(clean_text(html.unescape(text))[:LONGEST_READ]).split()
    name = " ".join("".join(c for c in word if unicodedata.category(c) != "Cc") for word in words).strip()
    return name if any(unicodedata.category(c) not in _INVISIBLE for c in name) else ""


def _without_tags(text: str) -> str:
    try:
        return strip_tags(text)
    except SuspiciousOperation:  # tags within tags without end: nobody's name
        return text.replace("<", " ").replace(">", " ")


def agent_name(firstname: str | None, lastname: str | None, *, username: str = "") -> str:
    """Give the name of an agent as `agent_name_format` wants it; the login name when no other is known."""
    name = PersonName(
        _joined(firstname or "", lastname or ""), first=(firstname or "").strip(), last=(lastname or "").strip()
    )
    chosen = configuration.current().text("agent_name_format") or DEFAULT_AGENT_FORMAT
    return name.in_format(chosen) or username


def user_name(text: str) -> str:
    """Give the name of an end user as `client_name_format` wants it."""
    chosen = configuration.current().text("client_name_format") or DEFAULT_USER_FORMAT
    return parse_name(text).in_format(chosen)


def _joined(*parts: str) -> str:
    return " ".join(part for part in (part.strip() for part in parts) if part)


def _initial(name: str) -> str:
    return f"{name[0].upper()}." if name else ""


def _is_suffix(word: str) -> bool:
    return word.lower().replace(".", "").strip() in _SUFFIXES


def _leading_salutations(words: list[str]) -> tuple[str, list[str]]:
    count = 0
    while count < len(words) - 1 and words[count].lower().strip(".,") in _SALUTATIONS:
        count += 1
    return " ".join(words[:count]), words[count:]


def _trailing_suffixes(words: list[str]) -> tuple[str, list[str]]:
    count = len(words)
    while count > 1 and _is_suffix(words[count - 1]):
        count -= 1
    return " ".join(words[count:]), words[:count]


def _start_of_surname(words: list[str]) -> int:
    """Where the surname begins: at its particles (`van`), which are never the first word; else at the last word."""
    start = len(words) - 1
    while start > 1 and words[start - 1].lower() in _PARTICLES:
        start -= 1
    return start

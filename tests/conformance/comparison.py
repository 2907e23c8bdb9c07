"""Comparing what happened with what was recorded.

Every function returns a list of differences, empty when there is none, each with the place where it was found.

* Objects: the keys that are expected are compared (`exact`: no others may be there). Lists: same order, unless
  `list_differences_as_set` is used.
* Numbers and texts are equal when their text is equal; booleans are strict; None is not the empty text.
* Placeholders in expected texts (`<now+18h>`, `<ticket#1>`, `<5 chars>` …) stand for any text of that shape; those that
  name a thing are bound when first seen and compared afterwards. `Bindings` keeps them for one case.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from typing import Any

from bs4 import BeautifulSoup
from bs4.element import Comment, NavigableString, Tag

from tests.conformance.environment import HELPDESK_URL

DATABASE_TIME = "%Y-%m-%d %H:%M:%S"
NARROW_NO_BREAK_SPACE = "\u202f"


@dataclass
class Bindings:
    """What placeholders stand for in one case.

    `now` is the time of the measured operation (aware; None: such placeholders accept any time), `tolerance` how far
    a stored time may be off when the clock was not frozen. `values` maps placeholders to the text first seen.
    """

    helpdesk_url: str = HELPDESK_URL
    now: datetime | None = None
    tolerance: timedelta = timedelta(seconds=25)
    values: dict[str, str] = field(default_factory=dict)


def differences(
    expected: Any, found: Any, *, bindings: Bindings | None = None, exact: bool = False, at: str = "$"
) -> list[str]:
    """Compare two JSON values by the rules above."""
    known = bindings if bindings is not None else Bindings()
    if isinstance(expected, Mapping):
        return _object_differences(expected, found, known, exact, at)
    if isinstance(expected, list | tuple):
        return _list_differences(expected, found, known, exact, at)
    return [] if _same_scalar(expected, found, known) else [_difference(at, expected, found)]


def list_differences_as_set(
    expected: Sequence[Any],
    found: Sequence[Any],
    *,
    bindings: Bindings | None = None,
    exact: bool = False,
    at: str = "$",
) -> list[str]:
    """Compare two lists whose order does not matter; every expected item needs a found item of its own."""
    known = bindings if bindings is not None else Bindings()
    if len(expected) != len(found):
        return [f"{at}: {len(expected)} items expected, {len(found)} found: {found!r}"]
    assigned = _assign(list(expected), list(found), known, exact)
    if assigned is None:
        return [_difference(at, expected, found) + " (as a set)"]
    known.values.update(assigned.values)
    return []


def json_text_differences(expected: str | None, found: str | None, *, at: str = "$") -> list[str]:
    """Compare JSON inside a column: keys in any order, an empty object is an empty list."""
    return _exact_json_differences(_parsed_json(expected), _parsed_json(found), at)


def html_differences(expected: str, found: str, *, at: str = "$") -> list[str]:
    """Compare two pieces of HTML by what they mean: elements, attributes and text, not by how they are written."""
    wanted, present = _canonical_html(expected), _canonical_html(found)
    return [] if wanted == present else [_difference(at, wanted, present)]


def plain_text_differences(expected: str, found: str, *, at: str = "$") -> list[str]:
    """Compare plain texts: CR LF is LF, blanks at the end of the whole text do not count."""
    wanted, present = _plain(expected), _plain(found)
    return [] if wanted == present else [_difference(at, wanted, present)]


def message_differences(expected: str, found: str, *, at: str = "$") -> list[str]:
    """Compare texts for people (errors, log titles): exact, but runs of blanks count as one."""
    wanted, present = " ".join(expected.split()), " ".join(found.split())
    return [] if wanted == present else [_difference(at, wanted, present)]


def header_differences(expected: str, found: str, *, at: str = "$") -> list[str]:
    """Compare header values after RFC 2047 decoding."""
    wanted, present = (str(make_header(decode_header(value))) for value in (expected, found))
    return [] if wanted == present else [_difference(at, wanted, present)]


# Objects and lists


def _object_differences(expected: Mapping[str, Any], found: Any, bindings: Bindings, exact: bool, at: str) -> list[str]:
    if not isinstance(found, Mapping):
        return [_difference(at, expected, found)]
    result = [f"{at}.{key}: unexpected, {found[key]!r}" for key in found if exact and key not in expected]
    for key, value in expected.items():
        if key in found:
            result += differences(value, found[key], bindings=bindings, exact=exact, at=f"{at}.{key}")
        else:
            result.append(f"{at}.{key}: missing, expected {value!r}")
    return result


def _list_differences(expected: Sequence[Any], found: Any, bindings: Bindings, exact: bool, at: str) -> list[str]:
    if not isinstance(found, list | tuple):
        return [_difference(at, expected, found)]
    if len(expected) != len(found):
        return [f"{at}: {len(expected)} items expected, {len(found)} found: {found!r}"]
    return [
        line
        for position, (wanted, present) in enumerate(zip(expected, found, strict=True))
        for line in differences(wanted, present, bindings=bindings, exact=exact, at=f"{at}[{position}]")
    ]


def _assign(expected: list[Any], found: list[Any], bindings: Bindings, exact: bool) -> Bindings | None:
    """Find a found item for every expected one, trying others when a placeholder was bound to the wrong one."""
    if not expected:
        return bindings
    wanted, *others = expected
    for position, candidate in enumerate(found):
        trial = copy.deepcopy(bindings)
        if differences(wanted, candidate, bindings=trial, exact=exact):
            continue
        result = _assign(others, found[:position] + found[position + 1 :], trial, exact)
        if result is not None:
            return result
    return None


# Single values and placeholders


def _same_scalar(expected: Any, found: Any, bindings: Bindings) -> bool:
    if expected is None or isinstance(expected, bool) or found is None or isinstance(found, bool):
        return expected is found
    if isinstance(found, Mapping | list | tuple):
        return False
    return _same_text(_text(expected), _text(found), bindings)


def _text(value: Any) -> str:
    return str(value).replace(NARROW_NO_BREAK_SPACE, " ")


def _same_text(expected: str, found: str, bindings: Bindings) -> bool:
    if expected == found:
        return True
    names: list[str] = []
    pattern = ""
    for piece in _MAYBE_PLACEHOLDER.split(expected):
        shape = _shape(piece, bindings)
        pattern += re.escape(piece) if shape is None else f"({shape})"
        names += [] if shape is None else [piece]
    match = re.fullmatch(pattern, found, re.DOTALL)
    if match is None:
        return False
    return all(_accept(name, text, bindings) for name, text in zip(names, match.groups(), strict=True))


def _accept(name: str, text: str, bindings: Bindings) -> bool:
    """Check a time, or bind a placeholder that names a thing."""
    moment = _NOW.fullmatch(name)
    if moment:
        return _is_time(moment, text, bindings)
    if name == "<est_duedate>":
        return _parsed_time(text) is not None
    if _NAMES_A_THING.fullmatch(name):
        return bindings.values.setdefault(name, text) == text
    return True


def _is_time(moment: re.Match[str], text: str, bindings: Bindings) -> bool:
    stored = _parsed_time(text)
    if stored is None or bindings.now is None:
        return stored is not None
    amount = int(moment["amount"] or 0)
    offset = timedelta(hours=amount) if moment["unit"] == "h" else timedelta(minutes=amount)
    return abs(stored - (bindings.now + offset)) <= bindings.tolerance


def _parsed_time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, DATABASE_TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def _shape(name: str, bindings: Bindings) -> str | None:
    """The regular expression of the texts that a placeholder stands for; None for text that is no placeholder."""
    if name == "%{url}":
        return re.escape(bindings.helpdesk_url.rstrip("/"))
    for pattern, shape in _SHAPES:
        match = pattern.fullmatch(name)
        if match:
            return shape(match)
    return None


_DATABASE_TIME_SHAPE = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
_NOW = re.compile(r"<now(?:(?P<amount>[+-]\d+)(?P<unit>[hm]))?>")
_MAYBE_PLACEHOLDER = re.compile(r"(%\{url\}|<[a-z0-9][^<>]*>)")
_NAMES_A_THING = re.compile(r"<number(?::?\d+)?>|<number of the earlier ticket>|<\w+#\d+>")
_SHAPES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_NOW, lambda match: _DATABASE_TIME_SHAPE),
    (re.compile(r"<est_duedate>"), lambda match: _DATABASE_TIME_SHAPE),
    (re.compile(r"<file_key#\d+>"), lambda match: r"[\w.-]{32}"),
    (re.compile(r"<\w+#\d+>"), lambda match: r"\d+"),
    (re.compile(r"<number(?::?\d+)?>|<number of the earlier ticket>"), lambda match: r"\S+?"),
    (re.compile(r"<(\d+) chars (\[[^\]]+\])>"), lambda match: f"{match[2]}{{{match[1]}}}"),
    (re.compile(r"<(\d+) (?:chars|bytes)[^>]*>"), lambda match: f".{{{match[1]}}}"),
    (re.compile(r"<(\d+) random digits>"), lambda match: rf"\d{{{match[1]}}}"),
    (re.compile(r"<(?:rand|random|hash)(\d+)>"), lambda match: rf"\S{{{match[1]}}}"),
    (re.compile(r"<(\d+) x (.)>"), lambda match: re.escape(match[2] * int(match[1]))),
    (re.compile(r"<code>"), lambda match: r"\S{10}"),
    (re.compile(r"<base64>"), lambda match: r"[A-Za-z0-9+/]+={0,2}"),
    (re.compile(r"<headers>"), lambda match: r".*\S.*"),
    (re.compile(r"<(?:random|hash|new hash)>"), lambda match: r"\S+"),
)


# Texts in a canonical form


def _plain(text: str) -> str:
    return _text(text).replace("\r\n", "\n").rstrip()


def _canonical_html(html: str) -> list[Any]:
    """Nested lists of tag name, sorted attributes and children; a list stays comparable and readable in a report."""
    soup = BeautifulSoup(_text(html), "html.parser")
    for comment in soup.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    soup.smooth()
    children = _canonical_children(soup)
    while children and children[-1] == ["p", [], []]:
        children.pop()
    return children


def _canonical_children(tag: Tag) -> list[Any]:
    children: list[Any] = []
    for child in tag.children:
        if isinstance(child, Tag):
            children.append([child.name, _canonical_attributes(child), _canonical_children(child)])
        elif isinstance(child, NavigableString) and child.strip():
            children.append(" ".join(child.split()))
    return children


def _canonical_attributes(tag: Tag) -> list[tuple[str, str]]:
    values = {name: " ".join(value) if isinstance(value, list) else str(value) for name, value in tag.attrs.items()}
    return sorted((name, value) for name, value in values.items() if (name, value) != ("alt", "image"))


def _parsed_json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _exact_json_differences(expected: Any, found: Any, at: str) -> list[str]:
    if expected in ({}, []) and found in ({}, []):
        return []
    if isinstance(expected, dict) and isinstance(found, dict):
        names = sorted(expected.keys() | found.keys())
        return [
            line
            for name in names
            for line in (
                _exact_json_differences(expected[name], found[name], f"{at}.{name}")
                if name in expected and name in found
                else [f"{at}.{name}: only {'expected' if name in expected else 'found'}"]
            )
        ]
    return differences(expected, found, exact=True, at=at)


def _difference(at: str, expected: object, found: object) -> str:
    return f"{at}: expected {expected!r}, found {found!r}"

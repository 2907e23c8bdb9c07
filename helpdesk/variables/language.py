"""How variables in a template are found, resolved and put in (osticket/mail.md §9.1, §9.2).

A value is data: it is never expanded again, and it is made to fit the part that it lands in. Text is escaped in HTML;
HTML becomes text in subjects and plain bodies. (osTicket puts both in as they are.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

from helpdesk.threads.plain_text import html_as_text

_VARIABLE = re.compile(r"(?:%\{|%%7[Bb])(?P<name>[A-Za-z_][\w._]+)(?:\}|%7[Dd])")
MOST_STEPS = 12
"""Names between points that lead somewhere: who writes a prepared answer does not choose how many rows are read."""

Value = "str | VariableObject | Mapping[str, Any] | None"
"""A text (plain, or SafeString for HTML), an object with properties, a table with one level of texts, or nothing."""


class Part(Enum):
    """Where the text goes."""

    HTML = "html"
    TEXT = "text"
    SUBJECT = "subject"
    """One line of text."""


class VariableObject:
    """Something with properties: `shown` stands for it itself, `properties` for what follows a point.

    Properties are looked up in lower case and computed when a template asks for them. A template's variable that asks
    for a property which does not exist becomes empty; with `leaves_unknown` it stays as it is, as osTicket has it for
    users and tasks.
    """

    leaves_unknown = False

    def shown(self) -> str:
        """Give the text (SafeString: HTML) that stands for the object."""
        return ""

    def properties(self) -> Mapping[str, Callable[[], Any]]:
        """Give what can follow a point, by lower-case name."""
        return {}

    def other(self, name: str) -> Any:
        """Give a property that is not listed (the answer to a field of a form), None when there is none."""
        return None

    def files(self) -> Sequence[Any]:
        """Give what `%{….files}` attaches to the mail."""
        return ()


@dataclass
class Expansion:
    """What became of a template: its text, the variables whose first name nobody knows, the files to attach."""

    text: str
    unknown: list[str] = field(default_factory=list)
    files: list[Any] = field(default_factory=list)
    found: dict[tuple[str, ...], Any] = field(default_factory=dict, repr=False)
    """What the names led to so far, so that two variables which begin alike read the same rows once."""


def expand(template: str, roots: Mapping[str, Any], *, part: Part = Part.HTML) -> Expansion:
    """Put the values of its variables into a template; `roots` are the values by first name, whose case counts.

    Variables of unknown roots stay as they are and are listed in `unknown`.
    """
    result = Expansion("")
    known: dict[str, str] = {}

    def replaced(variable: re.Match[str]) -> str:
        token = variable[0]
        if token not in known:
            known[token] = _value_of(variable["name"], token, roots, part, result)
        return known[token]

    text = _VARIABLE.sub(replaced, template)
    result.text = " ".join(text.split()) if part is Part.SUBJECT and "\n" in text else text
    return result


def variables_in(template: str) -> list[str]:
    """Give the names of the variables in a template, each once, in order."""
    return list(dict.fromkeys(match["name"] for match in _VARIABLE.finditer(template)))


def find_variables(template: str) -> list[tuple[str, int]]:
    """Give the name of every variable in a template and where it begins."""
    return [(match["name"], match.start()) for match in _VARIABLE.finditer(template)]


def _value_of(name: str, token: str, roots: Mapping[str, Any], part: Part, result: Expansion) -> str:
    if isinstance(roots.get(name), str):
        return _fitting(roots[name], part)
    root, *steps = name.split(".")
    if root not in roots:
        result.unknown.append(name)
        return token
    return _resolved((root, *steps), roots[root], token, part, result)


def _resolved(names: tuple[str, ...], value: Any, token: str, part: Part, result: Expansion) -> str:
    for place, step in enumerate(names[1:], start=1):
        if not step or place > MOST_STEPS:
            value = None
        elif isinstance(value, VariableObject):
            if step.lower() == "files":
                result.files += value.files()
                return ""
            found = _property(value, names[: place + 1], result)
            if found is None and value.leaves_unknown and not _knows(value, step.lower()):
                return token
            value = found
        elif isinstance(value, Mapping):
            value = value.get(step)
        elif place == 1:
            break  # a text: whatever follows is ignored
        else:
            value = None
    return _fitting(value.shown() if isinstance(value, VariableObject) else value, part)


def _property(value: VariableObject, names: tuple[str, ...], result: Expansion) -> Any:
    key = (names[0], *(name.lower() for name in names[1:]))
    if key not in result.found:
        getter = value.properties().get(key[-1])
        result.found[key] = getter() if getter is not None else value.other(key[-1])
    return result.found[key]


def _knows(value: VariableObject, name: str) -> bool:
    return name in value.properties()


def _fitting(value: Any, part: Part) -> str:
    """Make a value fit the part it lands in; a table or nothing is empty."""
    if value is None or isinstance(value, Mapping):
        return ""
    if part is Part.HTML:
        return str(conditional_escape(value))
    text = html_as_text(value) if isinstance(value, SafeString) else str(value)
    return " ".join(text.split()) if part is Part.SUBJECT else text

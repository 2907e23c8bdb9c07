"""When a field of one of our own forms is there: options that only matter beside others (osticket/forms.md §5).

A condition looks at submitted values by field name. Without script all fields are shown and those that do not apply
are ignored; with it (`static/ostler/conditions.js`) they come and go while one chooses. A field is only there when the
fields that its condition looks at are: chains work, and a circle counts as there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Condition:
    """True when the value of `field` is one of `values` (`negated`: none of them)."""

    field: str
    values: tuple[str, ...]
    negated: bool = False

    def holds(self, value_of: Callable[[str], str | None]) -> bool:
        """Judge; `value_of` gives None for a field that is not there, which fulfils no condition."""
        value = value_of(self.field)
        return value is not None and (value in self.values) is not self.negated

    def as_json(self) -> Any:
        """Give the form that the script reads."""
        return {"field": self.field, "values": self.values, "negated": self.negated}


@dataclass(frozen=True)
class Combined:
    """True when all (`any_of`: at least one) of its parts are."""

    parts: tuple[Condition | Combined, ...]
    any_of: bool = False

    def holds(self, value_of: Callable[[str], str | None]) -> bool:
        """Judge."""
        judged = (part.holds(value_of) for part in self.parts)
        return any(judged) if self.any_of else all(judged)

    def as_json(self) -> Any:
        """Give the form that the script reads."""
        return {"parts": [part.as_json() for part in self.parts], "anyOf": self.any_of}


Conditions = Mapping[str, Condition | Combined]


def equals(field: str, *values: str) -> Condition:
    """Give the condition that a field has one of these values."""
    return Condition(field, values)


def differs(field: str, *values: str) -> Condition:
    """Give the condition that a field has none of these values."""
    return Condition(field, values, negated=True)


def visible(conditions: Conditions, values: Mapping[str, Any]) -> Callable[[str], bool]:
    """Give the test whether a field is there, for these values; every condition is judged once at most."""
    known: dict[str, bool] = {}

    def is_there(name: str) -> bool:
        condition = conditions.get(name)
        if condition is None:
            return True
        if name not in known:
            known[name] = True  # what a circle of conditions sees while it is judged
            known[name] = condition.holds(value_of)
        return known[name]

    def value_of(name: str) -> str | None:
        return _text(values.get(name)) if is_there(name) else None

    return is_there


def attribute(condition: Condition | Combined) -> str:
    """Give the value of `data-shown-when`."""
    return json.dumps(condition.as_json())


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    return "" if value is None else str(value)

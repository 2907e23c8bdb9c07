"""The settings of one namespace at one moment, read with PHP's idea of truth (osticket/config.md §1)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from helpdesk.configuration.defaults import defaults_of

_LEADING_INTEGER = re.compile(r"\s*[+-]?\d+")


def is_true(value: Any) -> bool:
    """Whether PHP takes a text or decoded JSON value for true: everything but '', '0' and what is empty or zero."""
    return bool(value) and value != "0"


def leading_integer(value: str) -> int:
    """Give the number that PHP reads from this text: its leading digits, 0 without any."""
    match = _LEADING_INTEGER.match(value)
    return int(match[0]) if match else 0


class Snapshot(Mapping[str, str]):
    """Read-only settings of a namespace. All values are text; the methods read them as what they mean.

    Look-up order: row, class default, the default that the caller gives. An empty row counts as a row.
    As a mapping it holds rows and class defaults.
    """

    def __init__(self, namespace: str, rows: Mapping[str, str]) -> None:
        """Take the stored rows, key to value."""
        self.namespace = namespace
        self._rows = dict(rows)
        self._values = {**defaults_of(namespace), **rows}

    def __getitem__(self, key: str) -> str:
        """Give the stored text or the class default; raise KeyError when there is neither."""
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys."""
        return iter(self._values)

    def __len__(self) -> int:
        """Count the keys."""
        return len(self._values)

    def text(self, key: str, default: str = "") -> str:
        """Give the setting as text."""
        return self._values.get(key, default)

    def boolean(self, key: str, default: bool = False) -> bool:
        """Give the setting as PHP judges its truth."""
        value = self._values.get(key)
        return default if value is None else is_true(value)

    def integer(self, key: str, default: int = 0) -> int:
        """Give the setting as a number; text without leading digits counts as 0."""
        value = self._values.get(key)
        return default if value is None else leading_integer(value)

    def changed(self, changes: Mapping[str, str | None]) -> "Snapshot":
        """Give the same settings with some rows replaced, or removed where the value is None."""
        if not changes:
            return self
        rows = {**self._rows, **changes}
        return Snapshot(self.namespace, {key: value for key, value in rows.items() if value is not None})

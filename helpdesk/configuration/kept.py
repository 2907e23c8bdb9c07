"""Rows that every request asks for, kept in memory for a moment so short that nobody waits for a change.

What this process changes itself is seen at once, what others change (another process of ours, osTicket) after
`LONGEST_AGE`. Values are shared between threads and must not be changed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from django.db import connection, models, transaction
from django.db.models.signals import post_delete, post_save

LONGEST_AGE = 1.0
"""Seconds."""
MOST = 1000
"""Values of one kind."""

Value = TypeVar("Value")
_everything: list[Kept[Any]] = []


class Kept(Generic[Value]):
    """What a function that reads the database gave for its arguments. None is asked for again each time."""

    def __init__(self, read: Callable[..., Value], *, seconds: float | None = None) -> None:
        """Take the function, and how long to keep what others change seldom, instead of `LONGEST_AGE`."""
        self._read = read
        self._seconds = seconds
        self._values: dict[Hashable, tuple[Value, float]] = {}
        _everything.append(self)

    def __call__(self, *arguments: Hashable) -> Value:
        """Give the value, as it is or was a moment ago."""
        settings, now = connection.settings_dict, time.monotonic()
        key = (settings["HOST"], settings["NAME"], *arguments)
        known = self._values.get(key)
        if known is not None and now - known[1] < (LONGEST_AGE if self._seconds is None else self._seconds):
            return known[0]
        value = self._read(*arguments)
        if value is not None:
            if len(self._values) >= MOST:
                self._values.clear()
            self._values[key] = (value, now)
        return value

    def forget(self, **_: object) -> None:
        """Read anew, now and after the commit (a receiver of model signals)."""
        self._values.clear()
        transaction.on_commit(self._values.clear)

    def forget_with(self, *tables: type[models.Model]) -> None:
        """Read anew whenever this process saves or deletes a row of these tables."""
        for table in tables:
            for changed in (post_save, post_delete):
                changed.connect(self.forget, sender=table, dispatch_uid=f"kept.{id(self)}.{table.__name__}")

    def forget_now(self) -> None:
        """Read anew, without waiting for a commit."""
        self._values.clear()


def forget_everything_kept() -> None:
    """Forget what this process keeps (another database, emptied tables)."""
    for kept in _everything:
        kept.forget_now()

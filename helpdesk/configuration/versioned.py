"""What many small rows say together, kept in memory by every process until somebody changes one of them.

Reading it costs no query while warm: a version in the shared cache tells every process when one of the tables was
changed by us; changes of PHP osTicket are seen after ten seconds at the latest. Values are shared between threads and
must not be changed.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from django.core.cache import cache
from django.db import connection, models, transaction
from django.db.models.signals import post_delete, post_save

LONGEST_AGE = 10.0
"""Seconds after which a change made by osTicket is seen here."""
LONGEST_TRUST = 0.5
"""Seconds after which another process of ours is asked whether it changed something."""

Value = TypeVar("Value")
_everything: list[Versioned[Any]] = []


@dataclass(frozen=True)
class _Kept(Generic[Value]):
    value: Value
    version: str
    at: float
    checked: float


class Versioned(Generic[Value]):
    """The value of a function that reads the database, for each database that this process uses."""

    def __init__(self, name: str, read: Callable[[], Value]) -> None:
        """Take the name in the shared cache and the function."""
        self._name = name
        self._read = read
        self._kept: dict[str, _Kept[Value]] = {}
        _everything.append(self)

    def __call__(self) -> Value:
        """Give the value as it is, or was a moment ago."""
        name = self._key()
        known, now = self._kept.get(name), time.monotonic()
        if known is not None and now - known.checked < LONGEST_TRUST:
            return known.value
        version = _version(name)
        if known is None or known.version != version or now - known.at >= LONGEST_AGE:
            known = _Kept(self._read(), version, at=now, checked=now)
        else:
            known = replace(known, checked=now)
        self._kept[name] = known
        return known.value

    def forget(self, **_: object) -> None:
        """Make every process read anew, now and after the commit (a receiver of model signals)."""
        name = self._key()

        def forget() -> None:
            cache.set(name, uuid.uuid4().hex, timeout=None)
            self._kept.pop(name, None)

        forget()
        transaction.on_commit(forget)

    def forget_with(self, *tables: type[models.Model]) -> None:
        """Read anew whenever a row of these tables is saved or deleted."""
        for table in tables:
            for changed in (post_save, post_delete):
                changed.connect(self.forget, sender=table, dispatch_uid=f"{self._name}.{table.__name__}")

    def forget_now(self) -> None:
        """Forget what this process keeps (another database, emptied tables)."""
        self._kept.clear()

    def _key(self) -> str:
        settings = connection.settings_dict
        return f"{self._name}.{settings['HOST']}/{settings['NAME']}"


def forget_everything_versioned() -> None:
    """Forget what this process keeps (another database, emptied tables)."""
    for kept in _everything:
        kept.forget_now()


def _version(name: str) -> str:
    version: str | None = cache.get(name)
    if version is None:
        cache.add(name, uuid.uuid4().hex, timeout=None)
        version = cache.get(name) or ""
    return version

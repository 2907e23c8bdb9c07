"""How a changed setting becomes visible: in its own transaction at once, everywhere else after the commit.

What comes out of the shared cache once in a unit of work is the same for all of it (`remembered`).

The change waits in Django's list of commit hooks. Reads on the same connection look there, so a roll-back, even to a
savepoint, makes the change disappear together with its rows. The commit puts a new version into the shared cache.
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.cache import cache
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

VERSION_KEY = "configuration.version"
LONGEST_UNIT = 1.0
"""Seconds after which code outside requests and tasks asks the shared cache again."""
Value = TypeVar("Value")


class _Unit(threading.local):
    """What the current thread knows of the version in the shared cache, and since when."""

    version: str | None = None
    asked_at: float | None = None
    may_have_changed: bool = False
    """Whether this thread announced a change that may still wait for its commit."""
    remembering_since: float = 0.0

    def __init__(self) -> None:
        """Begin with nothing in each thread."""
        self.remembered: dict[str, Any] = {}


_unit = _Unit()


def shared_version() -> str | None:
    """Give the version of the settings that the shared cache names; asked once per unit of work."""
    now = time.monotonic()
    if _unit.asked_at is None or now - _unit.asked_at >= LONGEST_UNIT:
        _unit.version, _unit.asked_at = cache.get(VERSION_KEY), now
    return _unit.version


def start_unit_of_work(**_: object) -> None:
    """Make this thread ask the shared cache at its next read (connected to the start of requests and tasks)."""
    _unit.asked_at = None
    _unit.remembered = {}


def remembered(key: str, read: Callable[[], Value]) -> Value:
    """Give what `read` gave before in this unit of work: a page asks a dozen times for the same small tables.

    Outside requests and tasks a unit ends after `LONGEST_UNIT`. Nobody may change the value.
    """
    now = time.monotonic()
    if now - _unit.remembering_since >= LONGEST_UNIT:
        _unit.remembered, _unit.remembering_since = {}, now
    if key not in _unit.remembered:
        _unit.remembered[key] = read()
    value: Value = _unit.remembered[key]
    return value


def remember(values: Mapping[str, Any]) -> None:
    """Let `remembered` give these values in this unit of work."""
    _unit.remembered |= values


def forget_remembered(keys: Iterable[str]) -> None:
    """Make this thread read anew within its unit of work."""
    for key in keys:
        _unit.remembered.pop(key, None)


@dataclass(frozen=True)
class PendingChange:
    """Written settings (None: removed) whose transaction is still open; Django calls it after the commit."""

    namespace: str
    changes: Mapping[str, str | None]

    def __call__(self) -> None:
        """Tell every process, this one included, to read again."""
        cache.set(VERSION_KEY, uuid.uuid4().hex, timeout=None)
        start_unit_of_work()


def announce(namespace: str, changes: Mapping[str, str | None]) -> None:
    """Publish changed settings when the transaction commits, at once when there is none."""
    _unit.may_have_changed = True
    transaction.on_commit(PendingChange(namespace, dict(changes)))


def pending_changes(connection: BaseDatabaseWrapper, namespace: str) -> dict[str, str | None]:
    """Give the settings that the open transaction of this connection has changed."""
    changed: dict[str, str | None] = {}
    if not _unit.may_have_changed:
        return changed
    waiting = [entry[1] for entry in connection.run_on_commit if isinstance(entry[1], PendingChange)]
    for change in waiting:
        if change.namespace == namespace:
            changed |= change.changes
    _unit.may_have_changed = bool(waiting)
    return changed

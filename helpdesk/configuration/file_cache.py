"""The cache in a directory, for help desks without Redis: Django's, with counters and locks that hold.

Django's own `incr` forgets when the value was to run out and loses counts when two processes are at it; its `add` may
succeed twice. Limits of failed sign-ins and locks of jobs rest on both. It also lists the whole directory before each
write, to see whether there is too much: with some thousand files that takes longer than everything else about a mail.
"""

import itertools
import pickle
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.filebased import FileBasedCache
from django.core.files import locks

LOCK_NAME = "lock"
WRITES_BETWEEN_LOOKS = 100
"""After so many writes of a process it is looked whether there are too many files: so many more may be there."""
_MISSING = object()
_writes = itertools.count(secrets.randbelow(WRITES_BETWEEN_LOOKS))
"""Begins anywhere, so that programs which write little look sometimes, too."""


class CountingFileBasedCache(FileBasedCache):
    """Makes `add` and `incr` atomic over threads and processes; `incr` keeps the time at which the value runs out."""

    _dir: str

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        """Store the value unless there is one; True for exactly one of several callers."""
        with self._locked():
            return bool(super().add(key, value, timeout, version))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Add to a number and give the sum; raise ValueError when there is none."""
        with self._locked():
            value = self.get(key, _MISSING, version)
            if value is _MISSING:
                raise ValueError(f"Key {key!r} not found")
            self.set(key, value + delta, self._remaining_seconds(key, version), version)
            return int(value) + delta

    def decr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        """Take from a number; as `incr`."""
        return self.incr(key, -delta, version)

    def _cull(self) -> None:
        """Make room where there is too much (Django's hook, called before each write)."""
        if next(_writes) % WRITES_BETWEEN_LOOKS == 0:
            super()._cull()  # type: ignore[misc]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        directory = Path(self._dir)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (directory / LOCK_NAME).open("ab") as file:
            locks.lock(file, locks.LOCK_EX)
            try:
                yield
            finally:
                locks.unlock(file)

    def _remaining_seconds(self, key: Any, version: int | None) -> float | None:
        """How long the stored value lives, None for ever: each file begins with that time (seconds since 1970)."""
        path = Path(self._key_to_file(key, version))  # type: ignore[attr-defined]
        with path.open("rb") as file:
            expires = pickle.load(file)  # noqa: S301 -- our own directory, readable by nobody else
        return None if expires is None else max(0.0, expires - time.time())

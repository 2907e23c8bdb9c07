"""What the mails of one batch speak of, read for all of them at once: one statement in place of one for each mail.

A row that was read ahead is used for some seconds, as if the mail had been made then; after that each mail reads what
it needs itself: servers may take long for the mails before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

from helpdesk.mail.outgoing import KIND
from helpdesk.outbox.models import Effect

LONGEST_AGE = 5.0
"""Seconds."""

Row = TypeVar("Row")
_Values = dict["ReadAhead[Any]", dict[int, Any]]
_read: ContextVar[tuple[float, _Values] | None] = ContextVar("mails_read_ahead", default=None)
_sources: list[tuple[Sequence[str], ReadAhead[Any]]] = []


class ReadAhead(Generic[Row]):
    """Rows by a number, such as the id of a ticket: `read` gives those of many, `otherwise` that of one."""

    def __init__(
        self,
        names: Sequence[str],
        read: Callable[[Collection[int]], Mapping[int, Row]],
        otherwise: Callable[[int], Row],
        *,
        missing: Row,
    ) -> None:
        """Read for the ids that mails' contexts have under one of the `names`; `missing` stands for no row."""
        self.read, self._otherwise, self._missing = read, otherwise, missing
        _sources.append((names, self))

    def of(self, number: int) -> Row:
        """Give the row of a number."""
        found = _read.get()
        if found is not None and time.monotonic() - found[0] < LONGEST_AGE:
            rows = found[1].get(self, {})
            if number in rows:
                row: Row = rows[number]
                return row
        return self._otherwise(number)

    def read_all(self, numbers: Collection[int]) -> dict[int, Row]:
        """Read the rows of many numbers."""
        found = self.read(numbers)
        return {number: found.get(number, self._missing) for number in numbers}


@contextmanager
def read_ahead(effects: Sequence[Effect]) -> Iterator[None]:
    """Let the mails among these effects, which are sent within, find what they speak of."""
    contexts = [effect.payload.get("context") or {} for effect in effects if effect.kind == KIND]
    values: _Values = {}
    began = time.monotonic()
    for names, source in _sources:
        numbers = {context[name] for context in contexts for name in names if isinstance(context.get(name), int)}
        if len(numbers) > 1:
            values[source] = source.read_all(numbers)
    token = _read.set((began, values))
    try:
        yield
    finally:
        _read.reset(token)

"""What the mails of one batch speak of, read for all of them at once: one statement in place of one for each mail.

The first mail that asks for something reads it for the others, too. A row that was read ahead is used for some seconds,
as if the mail had been made then; after that each mail reads what it needs itself: servers may take long for the mails
before it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from helpdesk.mail.outgoing import KIND
from helpdesk.outbox.models import Effect

LONGEST_AGE = 5.0
"""Seconds."""

Row = TypeVar("Row")


@dataclass
class _Batch:
    """When a batch began, the numbers that its mails name, and the rows that were read so far."""

    began: float
    numbers: Mapping[ReadAhead[Any], Collection[int]]
    rows: dict[ReadAhead[Any], dict[int, Any]] = field(default_factory=dict)


_batch: ContextVar[_Batch | None] = ContextVar("mails_read_ahead", default=None)
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
        batch = _batch.get()
        if batch is None or time.monotonic() - batch.began >= LONGEST_AGE or number not in batch.numbers.get(self, ()):
            return self._otherwise(number)
        if self not in batch.rows:
            batch.rows[self] = self.read_all(batch.numbers[self])
        row: Row = batch.rows[self][number]
        return row

    def read_all(self, numbers: Collection[int]) -> dict[int, Row]:
        """Read the rows of many numbers."""
        found = self.read(numbers)
        return {number: found.get(number, self._missing) for number in numbers}


@contextmanager
def read_ahead(effects: Sequence[Effect]) -> Iterator[None]:
    """Let the mails among these effects, which are sent within, find what they speak of."""
    contexts = [effect.payload.get("context") or {} for effect in effects if effect.kind == KIND]
    numbers: dict[ReadAhead[Any], set[int]] = {}
    for names, source in _sources:
        named = {context[name] for context in contexts for name in names if isinstance(context.get(name), int)}
        if len(named) > 1:
            numbers[source] = named
    token = _batch.set(_Batch(time.monotonic(), numbers))
    try:
        yield
    finally:
        _batch.reset(token)

"""Who delivers which kind of effect: apps register a handler when they start.

A handler does what the effect says and gives a short text for people about what came of it (the Message-ID of a mail),
or `Delivered` where not everything of it came about. It raises `GiveUp` when trying again cannot help and `TryLater`
when the other side says when; any other error counts as one that may pass. It may be called again after a crash, so it
passes on the effect's key wherever the other side can use one to recognise a repetition. What it shares between effects
(a connection) lives as long as one run of deliveries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from helpdesk.outbox.models import Effect


@dataclass(frozen=True)
class Delivered:
    """What came of an effect, and in `shortfall` what is over and did not come about: somebody has to know."""

    outcome: str
    shortfall: str = ""


Handler = Callable[[Effect], str | Delivered]
Teller = Callable[[Effect, str], None]

_handlers: dict[str, Handler] = {}
_tellers: dict[str, Teller] = {}
_surroundings: dict[str, Callable[[], AbstractContextManager[object]]] = {}
_batch_surroundings: dict[str, Callable[[Sequence[Effect]], AbstractContextManager[object]]] = {}


class GiveUp(Exception):  # noqa: N818 -- named by what to do
    """Trying again cannot help: somebody has to decide."""


class TryLater(Exception):  # noqa: N818 -- named by what to do
    """The other side cannot take it now; `after` says when to ask again, None lets the outbox choose.

    Without `counts` the attempt does not bring the effect nearer to being given up: nothing was tried (no mail server
    is set up yet). What is in `keep` stands in the effect's payload the next time: which part of it is done.
    """

    def __init__(
        self,
        reason: str,
        *,
        after: timedelta | None = None,
        counts: bool = True,
        keep: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(reason)
        self.after, self.counts, self.keep = after, counts, keep or {}


def register_handler(
    kind: str,
    handler: Handler,
    *,
    around_run: Callable[[], AbstractContextManager[object]] | None = None,
    around_batch: Callable[[Sequence[Effect]], AbstractContextManager[object]] | None = None,
    tell: Teller | None = None,
) -> None:
    """Let `handler` deliver the effects of this kind; every run of deliveries happens within `around_run()`,
    and those that are claimed together within `around_batch(effects)`, which may read ahead what they need.

    `tell` hears, in the transaction that notes it, of each effect that is given up or falls short, and why.
    """
    _handlers[kind] = handler
    if tell is not None:
        _tellers[kind] = tell
    if around_run is not None:
        _surroundings[kind] = around_run
    if around_batch is not None:
        _batch_surroundings[kind] = around_batch


@contextmanager
def one_run() -> Iterator[None]:
    """Surround a run of deliveries with what the handlers want around it."""
    with ExitStack() as stack:
        for surrounding in _surroundings.values():
            stack.enter_context(surrounding())
        yield


@contextmanager
def one_batch(effects: Sequence[Effect]) -> Iterator[None]:
    """Surround the deliveries of effects that were claimed together."""
    kinds = {effect.kind for effect in effects}
    with ExitStack() as stack:
        for kind in sorted(kinds & _batch_surroundings.keys()):
            stack.enter_context(_batch_surroundings[kind](effects))
        yield


def handler_of(kind: str) -> Handler:
    """Give the handler. Raises GiveUp for a kind that nothing here delivers (another version, a missing plugin)."""
    if kind not in _handlers:
        raise GiveUp(f"Nothing here delivers effects of the kind {kind!r}.")
    return _handlers[kind]


def teller_of(kind: str) -> Teller:
    """Give who tells people that effects of a kind failed; by default nobody does."""
    return _tellers.get(kind, lambda _effect, _words: None)

"""Who delivers which kind of effect: apps register a handler when they start.

A handler does what the effect says and gives a short text for people about what came of it (the Message-ID of a mail).
It raises `GiveUp` when trying again cannot help and `TryLater` when the other side says when; any other error counts as
one that may pass. It may be called again after a crash, so it passes on the effect's key wherever the other side can
use one to recognise a repetition. What it shares between effects (a connection) lives as long as one run of deliveries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta

from helpdesk.outbox.models import Effect

Handler = Callable[[Effect], str]

_handlers: dict[str, Handler] = {}
_surroundings: dict[str, Callable[[], AbstractContextManager[object]]] = {}


class GiveUp(Exception):  # noqa: N818 -- named by what to do
    """Trying again cannot help: somebody has to decide."""


class TryLater(Exception):  # noqa: N818 -- named by what to do
    """The other side cannot take it now; `after` says when to ask again, None lets the outbox choose.

    Without `counts` the attempt does not bring the effect nearer to being given up: nothing was tried (no mail server
    is set up yet).
    """

    def __init__(self, reason: str, *, after: timedelta | None = None, counts: bool = True) -> None:
        super().__init__(reason)
        self.after, self.counts = after, counts


def register_handler(
    kind: str, handler: Handler, *, around_run: Callable[[], AbstractContextManager[object]] | None = None
) -> None:
    """Let `handler` deliver the effects of this kind; every run of deliveries happens within `around_run()`."""
    _handlers[kind] = handler
    if around_run is not None:
        _surroundings[kind] = around_run


@contextmanager
def one_run() -> Iterator[None]:
    """Surround a run of deliveries with what the handlers want around it."""
    with ExitStack() as stack:
        for surrounding in _surroundings.values():
            stack.enter_context(surrounding())
        yield


def handler_of(kind: str) -> Handler:
    """Give the handler. Raises GiveUp for a kind that nothing here delivers (another version, a missing plugin)."""
    if kind not in _handlers:
        raise GiveUp(f"Nothing here delivers effects of the kind {kind!r}.")
    return _handlers[kind]

"""Who delivers which kind of effect: apps register a handler when they start.

A handler does what the effect says and gives a short text for people about what came of it (the Message-ID of a mail).
It raises `GiveUp` when trying again cannot help and `TryLater` when the other side says when; any other error counts as
one that may pass. It may be called again after a crash, so it passes on the effect's key wherever the other side can
use one to recognise a repetition.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from helpdesk.outbox.models import Effect

Handler = Callable[[Effect], str]

_handlers: dict[str, Handler] = {}


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


def register_handler(kind: str, handler: Handler) -> None:
    """Let `handler` deliver the effects of this kind."""
    _handlers[kind] = handler


def handler_of(kind: str) -> Handler:
    """Give the handler. Raises GiveUp for a kind that nothing here delivers (another version, a missing plugin)."""
    if kind not in _handlers:
        raise GiveUp(f"Nothing here delivers effects of the kind {kind!r}.")
    return _handlers[kind]

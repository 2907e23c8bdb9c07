"""What somebody decides about effects that wait or failed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from helpdesk.outbox.models import Effect
from helpdesk.outbox.waking import wake_workers

State = Effect.State
RETRIED = frozenset({State.FAILED, State.DISCARDED, State.WAITING})
DISCARDED = frozenset({State.WAITING, State.FAILED})
"""In which states effects can be tried again, and discarded."""


def retry_effects(ids: Collection[int] | None, *, now: datetime) -> int:
    """Let failed, discarded and waiting effects be tried again at once, as if for the first time; None: all failed.

    Gives how many.
    """
    rows = Effect.objects.filter(state__in=RETRIED)
    rows = rows.filter(state=State.FAILED) if ids is None else rows.filter(pk__in=ids)
    count = rows.update(state=State.WAITING, attempts=0, next_try=now, finished=None)
    if count:
        wake_workers()
    return count


def discard_effects(ids: Collection[int], *, now: datetime) -> int:
    """Let effects never happen: waiting and failed ones; gives how many."""
    rows = Effect.objects.filter(pk__in=ids, state__in=DISCARDED)
    return rows.update(state=State.DISCARDED, finished=now)

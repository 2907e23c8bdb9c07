"""Delivering effects: claimed by one worker each, in order per object, tried again with growing pauses.

The order gives way to a trouble that lasts: effects of an object wait for the one before them until that has failed
some times, or could not even be tried for an hour; then they pass it. One that is being delivered is never passed.

A worker claims some rows in a short transaction, delivers them outside of any, in their order, and notes what came of
each. One that dies leaves rows behind whose lease ends; then others take them. The first of them was in its hand: that
may have been delivered, and is again, with the same key. It may also be what the worker died of, so it is claimed alone
then, waits longer from the second time on, and is given up some time. The others go back as if never claimed.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import structlog
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from helpdesk.outbox.handlers import Delivered, GiveUp, TryLater, handler_of, one_batch, one_run, teller_of
from helpdesk.outbox.models import Effect

logger = structlog.get_logger(__name__)

State = Effect.State
BATCH = 20
LEASE = timedelta(minutes=10)
RENEWED_AFTER = timedelta(minutes=1)
MOST_ATTEMPTS = 12
PASSED_AFTER = 5
"""Failures of an effect after which later ones of the same object pass it: some eight minutes with their pauses."""
UNTRIED_PASSED_AFTER = timedelta(hours=1)
"""Age after which one is passed whose attempts do not count (no account that can be used)."""
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=6)
KEPT_DAYS = 90
LOST = "The worker ended while it was at this."
"""The error of an effect that was in hand when its worker died: while it stands there, the effect is claimed alone."""
_LONGEST_ERROR = 2000


@dataclass
class Round:
    """What a round of delivery came to."""

    delivered: int = 0
    postponed: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """How many were tried."""
        return self.delivered + self.postponed + self.failed


def deliver_due(*, now: datetime | None = None, most: int | None = None) -> Round:
    """Deliver what is due until nothing is, or `most` were tried; gives the numbers."""
    result = Round()
    return_lost(now=now or timezone.now())
    with one_run():
        while most is None or result.total < most:
            wanted = BATCH if most is None else min(BATCH, most - result.total)
            claimed = claim(now=now or timezone.now(), most=wanted)
            if not claimed:
                break
            with one_batch(claimed):
                for place, effect in enumerate(claimed):
                    if _is_still_ours(effect, claimed[place + 1 :]):
                        _deliver(effect, result)
    return result


def claim(*, now: datetime, most: int = BATCH) -> list[Effect]:
    """Take effects that are due, oldest first; of an object and kind only those that nothing earlier holds up."""
    can_skip = connection.features.has_select_for_update_skip_locked
    with transaction.atomic():
        rows = _due(now).select_for_update(skip_locked=can_skip)[:most]
        claimed = _together(list(rows))
        for effect in claimed:
            effect.state, effect.lease, effect.attempts = State.RUNNING, now + LEASE, effect.attempts + 1
        if claimed:
            _mark_claimed(claimed, now + LEASE)
    return claimed


def _together(rows: list[Effect]) -> list[Effect]:
    """Give the first rows that one worker may have at once: nothing beside what a worker has died of, perhaps."""
    suspects = [place for place, row in enumerate(rows) if row.error == LOST]
    return rows[: max(suspects[0], 1)] if suspects else rows


def _mark_claimed(claimed: Collection[Effect], lease: datetime) -> None:
    rows = Effect.objects.filter(pk__in=[one.pk for one in claimed])
    rows.update(state=State.RUNNING, lease=lease, attempts=F("attempts") + 1)


def return_lost(*, now: datetime) -> int:
    """Let others take what workers that died had claimed; gives how many. What they had in hand counts as tried."""
    rows_left = Effect.objects.filter(state=State.RUNNING, lease__lt=now).order_by("pk")
    if not rows_left.exists():
        return 0
    with transaction.atomic():
        lost = sorted(rows_left.select_for_update(), key=_claim_of)
        for _claim, rows in groupby(lost, key=_claim_of):
            in_hand, *others = rows
            pause = timedelta(0) if in_hand.attempts <= 1 else pause_after(in_hand.attempts - 1)
            _postpone(in_hand, TryLater(LOST), Round(), pause)
            unbegun = Effect.objects.filter(pk__in=[one.pk for one in others])
            unbegun.update(state=State.WAITING, lease=None, next_try=now, attempts=F("attempts") - 1)
            logger.warning("outbox_effects_returned", count=1 + len(others), in_hand=in_hand.pk)
    return len(lost)


def _claim_of(effect: Effect) -> str:
    """Give what those have in common that were claimed together, and no others: the moment at which they were."""
    return str(effect.lease)


def purge_finished(*, now: datetime) -> int:
    """Delete what was done long ago; gives how many. Failed ones stay until somebody decides."""
    over = Effect.objects.filter(state__in=[State.DONE, State.DISCARDED], finished__lt=now - timedelta(days=KEPT_DAYS))
    count = 0
    while ids := list(over.order_by("pk").values_list("pk", flat=True)[:1000]):
        count += Effect.objects.filter(pk__in=ids).delete()[0]
    return count


def pause_after(attempts: int) -> timedelta:
    """Give how long to wait after so many attempts: doubling, at most some hours."""
    pause = min(SHORTEST_PAUSE * 2 ** max(attempts - 1, 0), LONGEST_PAUSE)
    scattered: timedelta = pause * (0.8 + secrets.randbelow(400) / 1000)
    return scattered


def _due(now: datetime) -> QuerySet[Effect]:
    untried = Q(attempts=0, created__lt=now - UNTRIED_PASSED_AFTER) & ~Q(error="")
    holds_up = Q(state=State.RUNNING) | (Q(state=State.WAITING, attempts__lt=PASSED_AFTER) & ~untried)
    before = Effect.objects.filter(
        holds_up,
        kind=OuterRef("kind"),
        object_type=OuterRef("object_type"),
        object_id=OuterRef("object_id"),
        pk__lt=OuterRef("pk"),
    )
    due = Effect.objects.filter(state=State.WAITING, next_try__lte=now)
    return due.exclude(Exists(before.filter(object_id__gt=0))).order_by("pk")


def _is_still_ours(effect: Effect, others: Collection[Effect]) -> bool:
    """Renew a lease that those before it have used up in part; False when another worker has taken the effect.

    The lease of those that come after it is renewed, too: by it they are known as one claim.
    """
    now, lease = timezone.now(), effect.lease
    if lease is not None and lease - now > LEASE - RENEWED_AFTER:
        return True
    renewed = now + LEASE
    if _ours(effect).update(lease=renewed) != 1:
        return False
    effect.lease = renewed
    following = Effect.objects.filter(pk__in=[one.pk for one in others])
    following.filter(state=State.RUNNING, lease=lease).update(lease=renewed)
    kept = set(following.filter(state=State.RUNNING, lease=renewed).values_list("pk", flat=True))
    for one in others:
        one.lease = renewed if one.pk in kept else one.lease
    return True


def _ours(effect: Effect) -> QuerySet[Effect]:
    """Give the row of an effect that was claimed, as long as that holds: the lease is that claim's alone."""
    return Effect.objects.filter(pk=effect.pk, attempts=effect.attempts, lease=effect.lease)


def _deliver(effect: Effect, result: Round) -> None:
    try:
        outcome = handler_of(effect.kind)(effect)
    except GiveUp as error:
        _fail(effect, error, result)
    except TryLater as error:
        _postpone(effect, error, result, error.after, counts=error.counts)
    except Exception as error:
        logger.warning("outbox_effect_broke", effect_id=effect.pk, kind=effect.kind, exc_info=True)
        _postpone(effect, error, result, None)
    else:
        _note_delivered(effect, outcome if isinstance(outcome, Delivered) else Delivered(outcome))
        result.delivered += 1


def _note_delivered(effect: Effect, came: Delivered) -> None:
    columns = {"finished": timezone.now(), "outcome": came.outcome[:255]}
    if came.shortfall:
        _note_and_tell(effect, State.DONE, came.shortfall, **columns)
    else:
        _note(effect, State.DONE, error="", **columns)


def _postpone(effect: Effect, error: Exception, result: Round, after: timedelta | None, *, counts: bool = True) -> None:
    if counts and effect.attempts >= MOST_ATTEMPTS:
        _fail(effect, error, result)
        return
    next_try = timezone.now() + (pause_after(effect.attempts) if after is None else after)
    attempts = effect.attempts if counts else effect.attempts - 1
    _note(
        effect,
        State.WAITING,
        next_try=next_try,
        error=_storable(_words(error)),
        attempts=attempts,
        **_kept(effect, error),
    )
    result.postponed += 1


def _fail(effect: Effect, error: Exception, result: Round) -> None:
    _note_and_tell(effect, State.FAILED, _words(error), finished=timezone.now(), **_kept(effect, error))
    logger.error("outbox_effect_failed", effect_id=effect.pk, kind=effect.kind, attempts=effect.attempts)
    result.failed += 1


def _note(effect: Effect, state: Effect.State, **columns: object) -> bool:
    """Note what came of an effect, unless its lease ended and somebody else has it; gives whether it was ours."""
    return _ours(effect).update(state=state, lease=None, **columns) == 1


def _note_and_tell(effect: Effect, state: Effect.State, words: str, **columns: object) -> None:
    """Note what came of an effect and tell people, both or neither; where telling fails, the note stays.

    Without the note the effect would happen again for those to whom it has happened.
    """
    columns["error"] = _storable(words)
    try:
        with transaction.atomic():
            if _note(effect, state, **columns):
                teller_of(effect.kind)(effect, words)
    except Exception:
        logger.exception("outbox_nobody_told", effect_id=effect.pk, kind=effect.kind)
        _note(effect, state, **columns)


def _kept(effect: Effect, error: Exception) -> dict[str, object]:
    """Give the payload as it is to stand there the next time, where the handler wants it changed."""
    return {"payload": {**effect.payload, **error.keep}} if isinstance(error, TryLater) and error.keep else {}


def _words(error: Exception) -> str:
    """Give what is said of a failure: the words alone of who says on purpose that it cannot be done."""
    return str(error) if isinstance(error, GiveUp | TryLater) else f"{type(error).__name__}: {error}"


def _storable(words: str) -> str:
    """Give words as a column can hold them, whatever the other side has answered."""
    return words.encode("utf-8", "replace").decode().replace("\x00", "")[:_LONGEST_ERROR]

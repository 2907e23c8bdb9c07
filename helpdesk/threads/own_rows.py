"""Noting which events and entries we wrote ourselves, where osTicket writes beside us (docs/architecture.md).

Only databases that were adopted are followed; elsewhere nothing is noted and nothing is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from helpdesk.legacy.models import Installation
from helpdesk.threads.models import FollowedTable, KnownRow, ThreadEntry, ThreadEvent

LOOKED_AFTER_EVERY = 500
_followed: list[bool] = []
_together: ContextVar[list[KnownRow] | None] = ContextVar("rows_noted_together", default=None)


def is_followed() -> bool:
    """Whether osTicket may write into this database too: it was adopted. Read once in a process."""
    if not _followed:
        newest = Installation.objects.order_by("-pk").values_list("origin", flat=True).first()
        if newest is None:
            return False
        _followed.append(newest == Installation.Origin.ADOPTED)
    return _followed[0]


def _look_after(model: Any) -> None:
    """Keep the notes from growing for ever on desks where no job follows."""
    from helpdesk.threads.following import forget_what_nobody_follows

    forget_what_nobody_follows(model, TABLES[model], now=timezone.now())


def forget_whether_followed() -> None:
    """Forget it (another database, emptied tables)."""
    _followed.clear()


def row_written(sender: Any, instance: Any, created: bool, raw: bool = False, **_: Any) -> None:
    """Note an event or entry of ours within its transaction (a receiver of `post_save`)."""
    if not created or raw or not is_followed():
        return
    row, waiting = KnownRow(table=TABLES[sender], row_id=instance.pk), _together.get()
    if instance.pk % LOOKED_AFTER_EVERY == 0:
        _look_after(sender)
    if waiting is None:
        row.save(force_insert=True)
    else:
        waiting.append(row)


@contextmanager
def noted_together() -> Iterator[None]:
    """Note what is written meanwhile by one statement at the end; to be used within the transaction that writes it."""
    rows: list[KnownRow] = []
    token = _together.set(rows)
    try:
        yield
    finally:
        _together.reset(token)
    if rows:
        KnownRow.objects.bulk_create(rows)


def note_events_of_system(threads: Collection[int] | QuerySet[Any, Any], event_id: int, *, now: datetime) -> None:
    """Note events that the system just recorded by one statement, which does not tell their ids."""
    if not is_followed():
        return
    events = ThreadEvent.objects.filter(thread__in=threads, event=event_id, timestamp=now, uid__isnull=True)
    rows = (KnownRow(table=FollowedTable.EVENTS, row_id=pk) for pk in events.values_list("pk", flat=True))
    KnownRow.objects.bulk_create(rows, ignore_conflicts=True)


TABLES: dict[Any, FollowedTable] = {ThreadEvent: FollowedTable.EVENTS, ThreadEntry: FollowedTable.ENTRIES}

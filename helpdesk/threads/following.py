"""Following what osTicket (PHP) writes beside us: new rows of `thread_event` and `thread_entry`, by their ids.

Whoever owns a type of object registers what becomes of its rows. A slice of rows, what receivers write for them, and
how far we came are one transaction: a row is handed over once, or once more when the process dies before the commit.
Rows whose transaction ends after one with higher ids are found as long as they are not `WINDOW` ids behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Exists, Max, OuterRef
from django.dispatch import Signal

from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, EndUser
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import FollowedTable, FollowPosition, KnownRow, Thread, ThreadEntry, ThreadEvent
from helpdesk.threads.own_rows import TABLES, is_followed

logger = structlog.get_logger(__name__)

ORIGIN = "php"
"""What signals carry as `origin` for what osTicket did; those of our own services carry none."""
WINDOW = 5000
"""How many ids behind the newest one rows may still appear."""
SLICE = 100
PATIENCE = timedelta(days=7)
"""How long nobody may look before what was noted for him is forgotten."""


@dataclass(frozen=True)
class Followed:
    """A row that PHP wrote, its thread, and who did it; `name` is the event's, '' for an entry."""

    row: Any
    thread: Thread
    actor: Actor
    name: str = ""


Follower = Callable[[Followed], None]
_followers: dict[tuple[str, str], Follower] = {}


def register_follower(object_type: ObjectType, *, event: Follower, entry: Follower) -> None:
    """Say what becomes of the events and entries of a type of object; called within a transaction, with savepoint."""
    _followers[str(object_type), FollowedTable.EVENTS] = event
    _followers[str(object_type), FollowedTable.ENTRIES] = entry


def raise_followed(signal: Signal, followed: Followed, **values: Any) -> None:
    """Send a signal for what PHP did, within the running transaction; Django logs the errors of receivers."""
    signal.send_robust(sender=None, actor=followed.actor, origin=ORIGIN, **values)


def follow(*, now: datetime, slices: int) -> int:
    """Hand over what PHP wrote since the last run, at most `slices` slices of each table; give how many rows.

    The first run begins at the newest row: what happened before is history. Does nothing where PHP does not write.
    """
    if not is_followed():
        return 0
    return sum(_follow_table(model, table, now, slices) for model, table in TABLES.items())


def _follow_table(model: Any, table: FollowedTable, now: datetime, slices: int) -> int:
    if not FollowPosition.objects.filter(table=table).exists():
        newest = _newest(model)
        FollowPosition.objects.get_or_create(table=table, defaults={"beginning": newest, "position": newest})
    handed_over = 0
    for _slice in range(slices):
        count = _follow_slice(model, table, now)
        handed_over += count
        if count < SLICE:
            break
    if handed_over:
        logger.info("php_followed", table=str(table), count=handed_over)
    return handed_over


def _follow_slice(model: Any, table: FollowedTable, now: datetime) -> int:
    with transaction.atomic():
        # Writing comes first: it lets one worker in at a time, and what is read afterwards is what the last one left.
        FollowPosition.objects.filter(table=table).update(looked=now)
        place = FollowPosition.objects.get(table=table)
        newest = _newest(model)
        known = KnownRow.objects.filter(table=table, row_id=OuterRef("pk"))
        start = max(place.beginning, place.position - WINDOW)
        # Nothing above `newest`: a row that appears between the two statements is the next slice's.
        rows = model.objects.filter(~Exists(known), pk__gt=start, pk__lte=newest).order_by("pk")
        found = list(rows[:SLICE])
        _hand_over(table, found)
        KnownRow.objects.bulk_create((KnownRow(table=table, row_id=row.pk) for row in found), ignore_conflicts=True)
        seen = found[-1].pk if len(found) == SLICE else newest
        position = max(place.position, seen)
        FollowPosition.objects.filter(table=table).update(position=position)
        KnownRow.objects.filter(table=table, row_id__lte=max(place.beginning, position - WINDOW)).delete()
    return len(found)


def forget_what_nobody_follows(model: Any, table: FollowedTable, *, now: datetime) -> int:
    """Forget our rows far behind the newest one where no job has looked for days: no worker runs, and no cron.

    Gives how many were forgotten. Whoever follows later begins `WINDOW` rows behind the newest one.
    """
    if FollowPosition.objects.filter(table=table, looked__gte=now - PATIENCE).exists():
        return 0
    newest = _newest(model)
    FollowPosition.objects.filter(table=table, position__lt=newest).update(position=newest)
    return KnownRow.objects.filter(table=table, row_id__lte=newest - WINDOW).delete()[0]


def _newest(model: Any) -> int:
    return model.objects.aggregate(newest=Max("pk"))["newest"] or 0


def _hand_over(table: FollowedTable, rows: Sequence[Any]) -> None:
    threads = Thread.objects.in_bulk({row.thread_id for row in rows if row.thread_id})
    actor_of = _Actors(rows)
    names = _event_names(rows) if table == FollowedTable.EVENTS else {}
    for row in rows:
        thread = threads.get(row.thread_id)
        follower = _followers.get((thread.object_type, table)) if thread is not None else None
        if thread is None or follower is None:
            continue  # deleted with its ticket or task
        try:
            with transaction.atomic():
                follower(Followed(row, thread, actor_of(row), names.get(row.pk, "")))
        except Exception:  # what was written for this row is taken back; the others go on, or none ever would
            logger.exception(
                "php_follow_failed",
                table=str(table),
                row_id=row.pk,
                object_type=thread.object_type,
                thread_id=thread.pk,
            )


def _event_names(rows: Iterable[ThreadEvent]) -> dict[int, str]:
    found = ThreadEvent.objects.filter(pk__in=[row.pk for row in rows])
    return {pk: name for pk, name in found.values_list("pk", "event__name") if name}


class _Actors:
    """Who did what rows tell; somebody who is gone, or nobody, is the system under the name in the row."""

    def __init__(self, rows: Iterable[Any]) -> None:
        named = [self._ids(row) for row in rows]
        self._agents = Agent.objects.in_bulk({agent for agent, _user in named if agent})
        self._users = EndUser.objects.in_bulk({user for _agent, user in named if user})

    def __call__(self, row: Any) -> Actor:
        agent_id, user_id = self._ids(row)
        if agent_id in self._agents:
            return Actor.for_agent(self._agents[agent_id])
        if user_id in self._users:
            return Actor.for_user(self._users[user_id])
        return Actor.system((row.poster if isinstance(row, ThreadEntry) else row.username) or "SYSTEM")

    @staticmethod
    def _ids(row: Any) -> tuple[int, int]:
        if isinstance(row, ThreadEntry):
            return (row.staff_id or 0, 0 if row.staff_id else row.user_id or 0)
        uid = row.uid or 0
        return (0, uid) if row.uid_type == ObjectType.USER else (uid, 0)

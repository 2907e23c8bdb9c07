"""Counting days that are over, once, so that a statistic of a year costs no more than one of a week.

What is kept of a day may be wrong later, as answers and closings change the averages of all days of their thread. Every
such change comes with a new event or entry, whoever writes it, osTicket beside us, too; so what is newer than the
position names the threads, and these the days. Only a deletion does not name its thread: it takes it from the events,
and the days that have lost some are counted again. Readers do not rely on days that have changed (`parts.py`), the job
counts them again. Whatever else may happen to old rows by other hands is found as every day is recounted in turn.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection
from itertools import islice

from django.db import transaction
from django.db.models import Min

from helpdesk.reports.clock import DAY, Stretch, on_the_clock, runs_of, stretch_of_days
from helpdesk.reports.models import (
    GROUPED_BY_AGENT,
    GROUPED_BY_TOPIC,
    CountedDay,
    CountingPosition,
    DaySum,
    QuarterCount,
)
from helpdesk.reports.sql import (
    COUNTED,
    EARLIEST,
    HOURS,
    Condition,
    days_touched,
    events_by_quarter,
    newest_rows,
    orphans_by_day,
    orphans_within,
    sums_by,
)
from helpdesk.threads.models import Event, ThreadEvent

DAYS_AT_ONCE = 14
"""Days of one transaction."""
RECOUNTED_PER_RUN = 24
"""Days that are counted again without a known reason: ten years take about a day."""
MOST_SECONDS = 120.0
ONLY_ROW = 1
LATE = dt.timedelta(minutes=5)
"""For how long a transaction may be open without being overlooked."""
LATE_ROWS = 1000
"""How many rows before the newest are taken for late ones at the first run."""
EVERYTHING = Condition("1 = 1")
GROUPINGS = {GROUPED_BY_TOPIC: "topic_id", GROUPED_BY_AGENT: "staff_id"}


def count_days(*, now: dt.datetime, seconds: float = MOST_SECONDS) -> int:
    """Count the days that are over: first those that have changed, then those not counted yet, the newest first.

    Works for about so many seconds; the next run goes on where this one ended. Gives how many days were counted.
    """
    until = time.monotonic() + seconds
    position, newest = _position(now)
    changed = changed_days(position)
    done = _count(changed, now, until)
    is_abreast = done == len(changed)
    done += _count(_days_not_counted(now), now, until)
    in_turn = CountedDay.objects.filter(counted__lt=now).order_by("counted").values_list("day", flat=True)
    done += _count(list(islice(in_turn, RECOUNTED_PER_RUN)), now, until)
    if is_abreast:
        _move_on(position, newest, now)
    return done


def changed_days(position: CountingPosition) -> set[dt.date]:
    """Give the days that may differ from what was counted, those that were not counted among them."""
    changed = days_touched(position.event_id, position.entry_id)
    if ThreadEvent.objects.filter(pk__gt=position.event_id, event__name="deleted").exists():
        known = dict(CountedDay.objects.values_list("day", "orphans"))
        changed |= {day for day, number in orphans_by_day().items() if known.get(day, number) != number}
    return changed


def event_ids() -> dict[str, int]:
    """Give the ids of what is counted by name; 0, which no event has, for one that the table lacks."""
    known = dict(Event.objects.filter(name__in=COUNTED).values_list("name", "pk"))
    return {name: known.get(name, 0) for name in COUNTED}


def _position(now: dt.datetime) -> tuple[CountingPosition, tuple[int, int]]:
    """Give the position and the newest rows.

    Events are never deleted: when the newest one is older, this is an earlier state of the database, and everything is
    counted anew.
    """
    newest = newest_rows()
    position = CountingPosition.objects.filter(pk=ONLY_ROW).first()
    if position is not None and newest[0] < position.event_id:
        with transaction.atomic():
            for model in (DaySum, QuarterCount, CountedDay, CountingPosition):
                model.objects.all().delete()
        position = None
    if position is None:
        events, entries = (max(number - LATE_ROWS, 0) for number in newest)
        position, _is_new = CountingPosition.objects.get_or_create(
            pk=ONLY_ROW,
            defaults={
                "event_id": events,
                "entry_id": entries,
                "next_event_id": events,
                "next_entry_id": entries,
                "noted": now,
            },
        )
    return position, newest


def _move_on(position: CountingPosition, newest: tuple[int, int], now: dt.datetime) -> None:
    if now - position.noted < LATE:
        return
    CountingPosition.objects.filter(pk=ONLY_ROW, event_id=position.event_id, entry_id=position.entry_id).update(
        event_id=position.next_event_id,
        entry_id=position.next_entry_id,
        next_event_id=newest[0],
        next_entry_id=newest[1],
        noted=now,
    )


def _days_not_counted(now: dt.datetime) -> list[dt.date]:
    today = on_the_clock(now).date()
    first = ThreadEvent.objects.filter(timestamp__gte=EARLIEST).aggregate(first=Min("timestamp"))["first"]
    if first is None:
        return []
    known = set(CountedDay.objects.values_list("day", flat=True))
    number = (today - on_the_clock(first).date()).days
    days = (today - DAY * back for back in range(1, number + 1))
    return [day for day in days if day not in known]


def _count(days: Collection[dt.date], now: dt.datetime, until: float) -> int:
    """Count those of the days that are over, as long as there is time; give how many of all need no more counting."""
    today = on_the_clock(now).date()
    over = {day for day in days if day < today}
    done = len(days) - len(over)
    for first, last in runs_of(over, DAYS_AT_ONCE):
        if time.monotonic() >= until:
            break
        done += _count_run(first, last, now)
    return done


@transaction.atomic
def _count_run(first: dt.date, last: dt.date, now: dt.datetime) -> int:
    """Count the days from `first` to `last` anew: what is known of them is replaced."""
    days = [first + DAY * number for number in range((last - first).days + 1)]
    list(CountingPosition.objects.select_for_update())  # one counts at a time
    stretch = stretch_of_days(first, last)
    sums = [row for grouped_by in GROUPINGS for row in _sums(grouped_by, stretch)]
    quarters = [
        QuarterCount(day=day, hour=at // 4, quarter=at % 4, event_id=event_id, happened=happened, valid=valid)
        for day, at, event_id, happened, valid in events_by_quarter([stretch])
    ]
    orphans = orphans_within(stretch)
    for model in (DaySum, QuarterCount, CountedDay):
        model.objects.filter(day__range=(first, last)).delete()
    DaySum.objects.bulk_create(sums, batch_size=500)
    QuarterCount.objects.bulk_create(quarters, batch_size=500)
    CountedDay.objects.bulk_create([CountedDay(day=day, orphans=orphans.get(day, 0), counted=now) for day in days])
    return len(days)


def _sums(grouped_by: str, stretch: Stretch) -> list[DaySum]:
    columns = ["dept_id", GROUPINGS[grouped_by]]
    found = sums_by(columns, [stretch], EVERYTHING, event_ids=event_ids(), by_day=True)
    return [
        DaySum(
            grouped_by=grouped_by,
            day=day,
            dept_id=dept_id,
            member_id=member_id,
            happened=sums.happened,
            **dict(zip(COUNTED, sums.counts, strict=True)),
            **{name: getattr(sums, name) for name in HOURS},
        )
        for (day, dept_id, member_id), sums in found.items()
    ]

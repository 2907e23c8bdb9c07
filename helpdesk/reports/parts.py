"""Of which parts a period is made: days whose counts are known, and the time that is counted while somebody waits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from helpdesk.reports.clock import DAY, Stretch, gaps, stretch_of, whole_days
from helpdesk.reports.counting import ONLY_ROW, changed_days
from helpdesk.reports.models import CountedDay, CountingPosition
from helpdesk.reports.periods import Period
from helpdesk.reports.sql import newest_rows

MOST_DAYS_AT_ONCE = 62
"""Days that may be counted while somebody waits; of more that have changed, what was known is shown, with its age."""
MOST_ROWS_BEHIND = 50_000
"""With more new events and entries than this, the job has not run for long; nobody looks through them for a page."""


@dataclass(frozen=True)
class Parts:
    """A period: `known` days, and the `rest`.

    `as_of` is the age of what is known of days that have changed since; None when all of it is right.
    `is_long` says that more remains than one should wait for.
    """

    known: tuple[dt.date, ...]
    rest: tuple[Stretch, ...]
    as_of: dt.datetime | None = None
    is_long: bool = False


def parts_of(period: Period) -> Parts:
    """Give the parts of a period (three or four statements)."""
    stretch = stretch_of(period)
    counted = dict(CountedDay.objects.filter(day__range=whole_days(stretch)).values_list("day", "counted"))
    position = CountingPosition.objects.filter(pk=ONLY_ROW).first() if counted else None
    if position is None:
        counted = {}
    as_of, changed = _changed(position, counted) if position else (None, set())
    known = tuple(sorted(counted.keys() - changed))
    rest = tuple(gaps(stretch, known))
    days = sum((each.end - each.start for each in rest), dt.timedelta()) / DAY
    return Parts(known, rest, as_of, days > MOST_DAYS_AT_ONCE)


def _changed(
    position: CountingPosition, counted: Mapping[dt.date, dt.datetime]
) -> tuple[dt.datetime | None, set[dt.date]]:
    """Give the days that must be counted again now; when they are too many, the age of what is known of them."""
    events, entries = newest_rows()
    if events - position.event_id + entries - position.entry_id > MOST_ROWS_BEHIND:
        return position.noted, set()
    changed = changed_days(position) & counted.keys()
    if len(changed) > MOST_DAYS_AT_ONCE:
        return min(counted[day] for day in changed), set()
    return None, changed

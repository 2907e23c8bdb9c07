"""What the health page says of schedules: those on which nothing is ever due, or not when it should be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from helpdesk.health.registry import Finding, health_check, ok, warning
from sla.book import book
from sla.calculators import CALCULATORS, Outcome
from sla.due_dates import chosen_calculator
from sla.models import Schedule, ScheduleEntry
from sla.selectors import problems_of

MOST_SHOWN = 10
ADVICE = "Correct the schedule under Administration, Schedules; tickets come in meanwhile."
PAGE = "admin:schedules"


@health_check("schedules", "Schedules")
def schedules(now: datetime) -> Iterator[Finding]:
    """Name schedules without usable entries, with unknown zones, and those on which no hour ever passes."""
    entries: dict[int, list[ScheduleEntry]] = {}
    for entry in ScheduleEntry.objects.order_by("id"):
        entries.setdefault(entry.schedule_id or 0, []).append(entry)
    rows = list(Schedule.objects.order_by("id"))
    found = [(row, problem) for row in rows for problem in problems_of(row, entries.get(row.pk, []), now.date())]
    found += [(row, "No hour ever passes on it: its tickets have no due date.") for row in rows if _is_stuck(row, now)]
    for row, problem in found[:MOST_SHOWN]:
        yield warning(f"Schedule “{row.name}”: {problem}", f"schedule {row.pk}", advice=ADVICE, page=PAGE)
    if len(found) > MOST_SHOWN:
        yield warning("More schedules have problems.", str(len(found) - MOST_SHOWN), advice=ADVICE, page=PAGE)
    if not found:
        yield ok("All schedules can be used.", f"{len(rows)} there")


def _is_stuck(row: Schedule, now: datetime) -> bool:
    known = book().schedules.get(row.pk)
    if known is None or not known.is_business_hours or not known.entries:
        return False
    hours = book().hours_of(known)
    return CALCULATORS[chosen_calculator()].calculate(now, 1, hours).outcome is Outcome.NEVER

"""What both calculators of due dates have in common: question, answer, and where they give up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import Protocol

from sla.business_hours import BusinessHours

HORIZON = timedelta(days=366 * 40)
"""What is not due within this time is never due."""
LONGEST_CLOSED = timedelta(days=366 * 5)
"""Nobody waits longer than this for the desk to open: such a schedule never does."""


class Outcome(Enum):
    """How a due date came about."""

    AT_ONCE = "at once"
    """No hours are allowed."""
    ELAPSED = "elapsed"
    """There are no business hours: the hours of the clock count."""
    WORKED = "worked"
    """The hours were counted."""
    RAN_OUT = "ran out"
    """osTicket found no further working day within three days and made do with the hours it had."""
    NEVER = "never"
    """The hours do not come together, ever."""


@dataclass(frozen=True)
class Step:
    """What was counted on a day. `note` names the holiday that counted there."""

    day: date
    entry: str
    seconds: int
    note: str = ""


@dataclass(frozen=True)
class Calculation:
    """A due date in UTC, None for never, and how it came about."""

    due: datetime | None
    outcome: Outcome
    steps: Sequence[Step] = ()


class Calculator(Protocol):
    """Adds working hours to a moment."""

    def calculate(self, start: datetime, hours: int, business: BusinessHours | None) -> Calculation:
        """Give the moment at which `hours` working hours have passed since `start` (aware).

        Without business hours, or with such that have no entries, the hours of the clock count.
        """


def without_schedule(start: datetime, hours: int, business: BusinessHours | None) -> Calculation | None:
    """Give the answer where no schedule is needed: no hours, no schedule, or one without entries; else None."""
    moment = start.astimezone(UTC).replace(microsecond=0)
    if hours <= 0:
        return Calculation(moment, Outcome.AT_ONCE)
    if hours * 3600 > HORIZON.total_seconds():
        return Calculation(None, Outcome.NEVER)
    if business is None or not business.entries:
        return Calculation(moment + timedelta(hours=hours), Outcome.ELAPSED)
    return None

"""When a ticket is due by its SLA plan (osticket/sla.md §3 and §5)."""

from __future__ import annotations

from datetime import datetime

import structlog

from helpdesk import configuration
from helpdesk.legacy.models import Installation
from sla.book import KnownSchedule, book
from sla.calculators import CALCULATORS, EXACT, OSTICKET, Calculation, Outcome
from sla.constants import SlaFlag

CALCULATOR = "due_date_calculator"
"""The setting that names the calculator; empty: as the database came to us."""

logger = structlog.get_logger("sla")


def due_date(plan_id: int | None, *, schedule_id: int | None, start: datetime) -> datetime | None:
    """Give the moment at which a ticket is due; None without an active plan, or when its hours never come together.

    `schedule_id` is the department's. `start` (aware) is when the ticket was created, or reopened last.
    """
    calculation = calculate(plan_id, schedule_id=schedule_id, start=start)
    if calculation is None:
        return None
    if calculation.outcome is Outcome.NEVER:
        logger.warning("never_due", plan_id=plan_id, schedule_id=schedule_id)
    return calculation.due


def calculate(
    plan_id: int | None, *, schedule_id: int | None, start: datetime, calculator: str = ""
) -> Calculation | None:
    """Give the due date with how it came about, None without an active plan.

    `calculator` is one of `CALCULATORS`, '' for the one of the settings.
    """
    plan = book().plans.get(plan_id or 0)
    if plan is None or not plan.flags & SlaFlag.ACTIVE:
        return None
    schedule = schedule_for(plan_id, schedule_id=schedule_id)
    hours = book().hours_of(schedule) if schedule is not None else None
    return CALCULATORS[calculator or chosen_calculator()].calculate(start, plan.grace_period, hours)


def schedule_for(plan_id: int | None, *, schedule_id: int | None) -> KnownSchedule | None:
    """Give the schedule that counts: the department's, the plan's, that of the settings; None for the plain clock."""
    known = book()
    plan = known.plans.get(plan_id or 0)
    of_plan = plan.schedule_id if plan is not None else None
    return known.chosen(schedule_id, of_plan, configuration.current().integer("schedule_id"))


def chosen_calculator() -> str:
    """Give the name of the calculator that counts here: that of the settings, else osTicket's in its own database."""
    chosen = configuration.current().text(CALCULATOR)
    if chosen in CALCULATORS:
        return chosen
    return EXACT if book().origin in ("", Installation.Origin.FRESH) else OSTICKET

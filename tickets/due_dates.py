"""When tickets are due, and what changes with that (osticket/sla.md §5 and §6)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from helpdesk.people.models import Department
from sla.due_dates import due_date
from sla.models import SlaPlan
from tickets.models import Ticket


def due_by_sla(plan: SlaPlan | None, department: Department | None, start: datetime) -> datetime | None:
    """Give the due date of a ticket that was created, or reopened last, at `start`; None without an active plan."""
    if plan is None:
        return None
    return due_date(plan.pk, schedule_id=department.schedule_id if department else None, start=start)


def effective_due_date(ticket: Ticket) -> datetime | None:
    """Give the date that people see: the one somebody set, else the stored one by SLA, else that one computed."""
    return ticket.duedate or ticket.est_duedate or _computed(ticket)


def recomputed(ticket: Ticket, *, now: datetime, **changes: Any) -> dict[str, Any]:
    """Give the columns to be saved when the due date is computed anew; `changes` are others saved with them.

    An overdue ticket is so no longer, and a due date that somebody set and that has passed is cleared; the mark comes
    back with the next run of the job where the new date lies in the past, too.
    """
    changed = {"est_duedate": _computed(ticket, **changes)}
    if ticket.isoverdue:
        changed |= cleared(ticket, now=now, **changes) | changed
    return changed


def cleared(ticket: Ticket, *, now: datetime, **changes: Any) -> dict[str, Any]:
    """Give the columns of a ticket that is not overdue any more: due dates that have passed go, others stay."""
    columns: dict[str, Any] = {"isoverdue": False}
    for column in ("duedate", "est_duedate"):
        moment = changes.get(column, getattr(ticket, column))
        if moment is not None and moment <= now:
            columns[column] = None
    return columns


def _computed(ticket: Ticket, **changes: Any) -> datetime | None:
    def value(column: str) -> Any:
        return changes[column] if column in changes else getattr(ticket, column)

    start = value("reopened") or value("created")
    return due_by_sla(value("sla"), value("dept"), start) if start is not None else None

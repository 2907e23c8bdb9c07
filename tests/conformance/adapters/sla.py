"""Adapters for `sla.json`: due dates by osTicket's arithmetic, which schedule counts, the job for overdue tickets.

The schedules are rows; nothing is handed to the calculators past the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from helpdesk.configuration.services import set_setting, set_settings
from helpdesk.legacy.fields import encode_php_json
from helpdesk.people.actor import Actor
from helpdesk.people.models import Department
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import Thread, ThreadEvent
from sla.book import HOLIDAYS_KEY, as_stored, namespace_of
from sla.calculators import OSTICKET
from sla.constants import ScheduleFlag, SlaFlag
from sla.due_dates import CALCULATOR, due_date
from sla.models import Schedule, ScheduleEntry, SlaPlan
from tests.conformance.comparison import DATABASE_TIME
from tests.conformance.recorded import RecordedCase
from tests.conformance.registry import adapter
from tickets.due_dates import effective_due_date, recomputed
from tickets.models import Ticket, TicketStatus
from tickets.services import mark_all_overdue

FILE = "sla.json"
SYSTEM = Actor.system()
MISSING = 99_999
"""The id of a schedule that does not exist."""


@adapter(FILE, "grace", uses_database=True)
def add_grace(case: RecordedCase) -> dict[str, Any]:
    given = case.given
    _set(given, schedule_id=0)
    schedule = _schedule(given["schedule"]) if given["schedule"] is not None else 0
    plan = _plan(given["sla"], schedule)
    due = due_date(plan.pk, schedule_id=0, start=_moment(case.input["start"], given) or timezone.now())
    return {"due": _text(due, given)}


@adapter(FILE, "ticket", uses_database=True)
def compute_due_date_of_a_ticket(case: RecordedCase) -> dict[str, Any]:
    given, dates = case.given, case.input
    schedules = {name: _schedule(described) for name, described in given["schedules"].items()}

    def id_of(place: Mapping[str, Any]) -> int:
        name = place["schedule"]
        return MISSING if name == "MISSING" else schedules[name] if name else 0

    _set(given, schedule_id=id_of(given["system"]))
    department = Department.objects.create(name="Cases", schedule_id=id_of(given["dept"]))
    columns = {column: _moment(text, given) for column, text in dates.items()}
    ticket = Ticket(sla=_plan(given["sla"], id_of(given["sla"])), dept=department, **columns)
    effective = effective_due_date(ticket)
    changes = recomputed(ticket, now=timezone.now())
    return {"recomputed": _text(changes["est_duedate"], given), "effective": _text(effective, given)}


@adapter(FILE, "overdue_job", uses_database=True)
def mark_overdue_tickets(case: RecordedCase) -> dict[str, Any]:
    described, now = case.input["ticket"], timezone.now().replace(microsecond=0)
    for status_id, state in case.given["statuses"].items():
        assert TicketStatus.objects.get(pk=status_id).state == state
    due = {column: described[column] for column in ("duedate", "est_duedate")}
    ticket = Ticket.objects.create(
        status_id=described["status_id"],
        isoverdue=bool(described["isoverdue"]),
        sla_id=described["sla_id"],
        created=now,
        **{column: now + timedelta(seconds=at) for column, at in due.items() if at is not None},
    )
    Thread.objects.create(object_type=ObjectType.TICKET, object_id=ticket.pk, created=now)
    mark_all_overdue(now=now)
    ticket.refresh_from_db()
    events = ThreadEvent.objects.filter(thread__object_id=ticket.pk, event__name="overdue")
    kept = {f"{column}_kept": getattr(ticket, column) is not None for column in due}
    return {"isoverdue": int(ticket.isoverdue), **kept, "overdue_events": events.count()}


def _set(given: Mapping[str, Any], *, schedule_id: int) -> None:
    """Set the environment of a case; the arithmetic is osTicket's."""
    settings = {"default_timezone": given["default_timezone"], "schedule_id": schedule_id, CALCULATOR: OSTICKET}
    set_settings("core", settings, SYSTEM)


def _plan(described: Mapping[str, Any], schedule_id: int) -> SlaPlan:
    return SlaPlan.objects.create(
        name="Cases",
        schedule_id=schedule_id,
        flags=SlaFlag(described["flags"]),
        grace_period=described["grace_period"],
    )


def _schedule(described: Mapping[str, Any]) -> int:
    """Make the rows of a schedule with its holidays, and give its id."""
    is_holidays = described.get("type") == "hdays"
    schedule = Schedule.objects.create(
        name="Cases",
        timezone=described["timezone"],
        flags=ScheduleFlag(0) if is_holidays else ScheduleFlag.BUSINESS_HOURS,
    )
    for entry in described["entries"]:
        stops_on = datetime.fromisoformat(entry["stops_on"]) if entry["stops_on"] else None
        ScheduleEntry.objects.create(
            schedule=schedule,
            name=entry.get("name", ""),
            repeats=entry["repeats"],
            starts_on=date.fromisoformat(entry["starts_on"]),
            starts_at=time.fromisoformat(entry["starts_at"]),
            ends_on=date.fromisoformat(entry["ends_on"]),
            ends_at=time.fromisoformat(entry["ends_at"]),
            stops_on=as_stored(stops_on),
            day=entry["day"],
            week=entry["week"],
            month=entry["month"],
        )
    holidays = [_schedule({**one, "type": "hdays"}) for one in described.get("holidays", [])]
    if holidays:
        stored = encode_php_json({"holidays": holidays})
        set_setting(namespace_of(schedule.pk), HOLIDAYS_KEY, stored, SYSTEM)
    return schedule.pk


def _moment(text: str | None, given: Mapping[str, Any]) -> datetime | None:
    """Read a time in the zone of the case's database."""
    if text is None:
        return None
    return datetime.strptime(text, DATABASE_TIME).replace(tzinfo=ZoneInfo(given["db_timezone"])).astimezone(UTC)


def _text(moment: datetime | None, given: Mapping[str, Any]) -> str | None:
    return None if moment is None else moment.astimezone(ZoneInfo(given["db_timezone"])).strftime(DATABASE_TIME)

"""Entries of schedules: when people work, or when they do not (osticket/sla.md §2, "Panel form rules")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from helpdesk.audit.services import Action, ObjectType, difference, record_change
from helpdesk.legacy.characters import shortened
from helpdesk.legacy.errors import NotFound, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.validation import checked_text
from sla.book import as_stored, clock_time
from sla.business_hours import MIDNIGHT, Entry, Repeat
from sla.models import Schedule, ScheduleEntry

LONGEST_NAME = 255
END_OF_DAY = time(23, 59, 59)
WEEKS = (1, 2, 3, 4, 5, -1)


@dataclass(frozen=True, kw_only=True)
class EntryDraft:
    """What an administrator says about an entry; times are those of the schedule's clock.

    `day` is the weekday (Monday 1) of a weekly entry and of those with `week`, else the day of the month; `week` -1 is
    the last one. `stops_on` is the last day on which it may begin.
    """

    name: str
    repeats: Repeat
    starts_on: date
    starts_at: time = MIDNIGHT
    ends_at: time = END_OF_DAY
    ends_next_day: bool = False
    stops_on: date | None = None
    day: int | None = None
    week: int | None = None
    month: int | None = None

    def checked(self) -> EntryDraft:
        """Give the draft with what belongs to its kind of repeat and no more, times as osTicket stores them.

        Raises ValidationFailed that names the field.
        """
        draft = replace(
            self,
            name=checked_text(self.name, field="name", longest=LONGEST_NAME),
            starts_at=self.starts_at.replace(second=0, microsecond=0),
            ends_at=stored_end(self.ends_at),
            day=self.day if self.repeats in _WITH_DAY else None,
            week=self.week if self.repeats in (Repeat.MONTHLY, Repeat.YEARLY) else None,
            month=self.month if self.repeats is Repeat.YEARLY else None,
            stops_on=None if self.repeats is Repeat.NEVER else self.stops_on,
        )
        _check_place(draft)
        if not draft.ends_next_day and draft.starts_at >= draft.ends_at:
            raise ValidationFailed(_("The end must be after the start."), code="end_before_start", field="ends_at")
        if draft.ends_next_day and draft.ends_at > draft.starts_at:
            message = _("That is more than a day. Make two entries, or untick “ends on the next day”.")
            raise ValidationFailed(message, code="longer_than_a_day", field="ends_at")
        if draft.stops_on is not None and draft.stops_on < draft.starts_on:
            raise ValidationFailed(_("It must not stop before it starts."), code="stops_too_early", field="stops_on")
        return draft

    def as_entry(self) -> Entry:
        """Give the entry as the calculators take it."""
        return Entry(
            repeats=self.repeats,
            starts_on=self.starts_on,
            starts_at=self.starts_at,
            ends_on=self.starts_on + timedelta(days=1 if self.ends_next_day else 0),
            ends_at=self.ends_at,
            stops_on=datetime.combine(self.stops_on, MIDNIGHT) if self.stops_on else None,
            day=self.day,
            week=self.week,
            month=self.month,
            name=self.name,
        )


_WITH_DAY = (Repeat.WEEKLY, Repeat.MONTHLY, Repeat.YEARLY)
_LONGEST_MONTHS = dict.fromkeys(range(1, 13), 31) | {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}


def _check_place(draft: EntryDraft) -> None:
    if draft.repeats is Repeat.YEARLY and not 1 <= (draft.month or 0) <= 12:
        raise ValidationFailed(_("Choose the month."), code="required", field="month")
    if draft.week is not None and draft.week not in WEEKS:
        raise ValidationFailed(_("Choose which one of the month."), code="out_of_range", field="week")
    is_weekday = draft.repeats is Repeat.WEEKLY or draft.week is not None
    if draft.repeats in _WITH_DAY and not 1 <= (draft.day or 0) <= (7 if is_weekday else 31):
        field, message = ("weekday", _("Choose the weekday.")) if is_weekday else ("day", _("Enter 1 to 31."))
        raise ValidationFailed(message, code="required", field=field)
    if draft.repeats is Repeat.YEARLY and draft.week is None and (draft.day or 0) > _LONGEST_MONTHS[draft.month or 1]:
        raise ValidationFailed(_("This month has no such day."), code="no_such_day", field="day")


def stored_end(ends_at: time) -> time:
    """Give an end as osTicket stores it: on the hour as it is, else with the last second of its minute."""
    return ends_at.replace(second=0 if ends_at.minute == 0 else 59, microsecond=0)


@transaction.atomic
def store_entry(
    schedule: Schedule, draft: EntryDraft, *, actor: Actor, entry: ScheduleEntry | None = None
) -> ScheduleEntry:
    """Add an entry to a schedule, or change the given one, and give it.

    Raises PermissionRefused, ValidationFailed that names the field, NotFound for an entry of another schedule.
    """
    check_is_administrator(actor)
    _lock(schedule)
    if entry is not None:
        entry = schedule.entries.filter(pk=entry.pk).first()
        if entry is None:
            raise NotFound(_("No such entry."), code="entry_not_found")
    draft = draft.checked()
    _check_others(schedule, draft, entry)
    before = _values(entry) if entry is not None else {}
    row = _row(schedule, draft, entry, sort=schedule.entries.count())
    row.save()
    _record(actor, schedule, difference(before, _values(row)), row.name)
    return row


@transaction.atomic
def add_entries(schedule: Schedule, drafts: Iterable[EntryDraft], *, actor: Actor) -> int:
    """Add entries that come from elsewhere; gives how many. What the schedule has already is left out.

    A name that is taken gets a number. Raises PermissionRefused, ValidationFailed.
    """
    check_is_administrator(actor)
    _lock(schedule)
    present = list(schedule.entries.order_by("id"))
    names, known = {str(row.name).lower() for row in present}, {_identity(row) for row in present}
    rows: list[ScheduleEntry] = []
    for draft in drafts:
        checked = replace(draft, name=shortened(draft.name.strip(), LONGEST_NAME - 8) or "?").checked()
        row = _row(schedule, replace(checked, name=_free_name(checked.name, names)), None, sort=len(present))
        if _identity(row) in known:
            continue
        known.add(_identity(row))
        names.add(str(row.name).lower())
        rows.append(row)
    ScheduleEntry.objects.bulk_create(rows, batch_size=200)
    if rows:
        schedule.updated = now()
        schedule.save(update_fields=["updated"])  # tells every process to read anew
        added: dict[str, Any] = {"entries": [row.name for row in rows]}
        _record(actor, schedule, difference({}, added), "")
    return len(rows)


@transaction.atomic
def delete_entry(entry: ScheduleEntry, *, actor: Actor) -> None:
    """Delete an entry. Raises PermissionRefused."""
    check_is_administrator(actor)
    schedule = Schedule.objects.select_for_update().filter(pk=entry.schedule_id or 0).first()
    if schedule is not None:
        _record(actor, schedule, difference(_values(entry), {}), entry.name)
    entry.delete()


def _lock(schedule: Schedule) -> None:
    """Let one at a time change the entries. Raises NotFound for a schedule that somebody has deleted meanwhile."""
    if Schedule.objects.select_for_update().filter(pk=schedule.pk).first() is None:
        raise NotFound(_("This schedule no longer exists."), code="schedule_not_found")


def _check_others(schedule: Schedule, draft: EntryDraft, entry: ScheduleEntry | None) -> None:
    """Refuse a name that another entry has, and times that overlap with those of the same kind of days."""
    for other in schedule.entries.exclude(pk=entry.pk if entry is not None else 0):
        if str(other.name).lower() == draft.name.lower():
            raise ValidationFailed(_("Name already in use"), code="name_taken", field="name")
        is_same_day = (other.repeats, other.day, other.week, other.month) == (
            *(draft.repeats, draft.day, draft.week, draft.month),
        )
        if draft.repeats is Repeat.NEVER:
            is_same_day = is_same_day and other.starts_on == draft.starts_on
        if other.starts_at is None or other.ends_at is None or not is_same_day:
            continue
        if other.starts_at < draft.ends_at and draft.starts_at < other.ends_at:
            message = _("These hours overlap with those of “%(name)s”.") % {"name": other.name}
            raise ValidationFailed(message, code="overlap", field="starts_at")


def _row(schedule: Schedule, draft: EntryDraft, entry: ScheduleEntry | None, *, sort: int) -> ScheduleEntry:
    row = entry or ScheduleEntry(schedule=schedule, sort=min(sort, 127))
    row.name, row.repeats = draft.name, draft.repeats.value
    row.starts_on, row.starts_at = draft.starts_on, draft.starts_at
    row.ends_on = draft.starts_on + timedelta(days=1 if draft.ends_next_day else 0)
    row.ends_at = draft.ends_at
    row.stops_on = as_stored(datetime.combine(draft.stops_on, MIDNIGHT) if draft.stops_on else None)
    row.day, row.week, row.month = draft.day, draft.week, draft.month
    row.updated = now()
    return row


def _identity(row: ScheduleEntry) -> Sequence[Any]:
    once = row.starts_on if row.repeats == Repeat.NEVER else None
    return (row.repeats, row.day, row.week, row.month, once, row.starts_at, row.ends_at)


def _free_name(name: str, taken: set[str]) -> str:
    free, number = name, 1
    while free.lower() in taken:
        number += 1
        free = f"{name} ({number})"
    return free


def _values(row: ScheduleEntry) -> dict[str, Any]:
    columns = ("name", "repeats", "starts_on", "starts_at", "ends_on", "ends_at", "day", "week", "month")
    return {column: getattr(row, column) for column in columns} | {"stops_on": clock_time(row.stops_on)}


def _record(actor: Actor, schedule: Schedule, changes: dict[str, list[Any]], entry: str) -> None:
    named = {f"{entry}: {column}" if entry else column: change for column, change in changes.items()}
    record_change(actor, Action.CHANGED, ObjectType.SCHEDULE, schedule.pk, schedule.name, named)

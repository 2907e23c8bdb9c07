"""Schedules of business hours and lists of holidays (osticket/sla.md §2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.audit.services import Action, ObjectType, difference, record_change, values_of
from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.services import remove_setting, set_setting
from helpdesk.legacy.errors import Conflict, ValidationFailed
from helpdesk.legacy.fields import encode_php_json
from helpdesk.people.actor import Actor
from helpdesk.people.models import Department
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.validation import checked_text
from sla.book import HOLIDAYS_KEY, known_zone, listed_holidays, namespace_of
from sla.constants import ScheduleFlag
from sla.models import Schedule, SlaPlan

LONGEST_NAME = LONGEST_DESCRIPTION = 255


@dataclass(frozen=True, kw_only=True)
class ScheduleDraft:
    """What an administrator says about a schedule; `holidays` are ids of holiday lists, in their order.

    Without `timezone` the schedule follows the help desk's clock. Whether it holds business hours or holidays cannot
    be changed later.
    """

    name: str
    is_business_hours: bool = True
    timezone: str = ""
    description: str = ""
    holidays: Sequence[int] = ()


@transaction.atomic
def store_schedule(draft: ScheduleDraft, *, actor: Actor, schedule: Schedule | None = None) -> Schedule:
    """Create a schedule without entries from a draft, or change the given one, and give it.

    Raises PermissionRefused, ValidationFailed that names the field.
    """
    check_is_administrator(actor)
    if schedule is not None:
        schedule = Schedule.objects.select_for_update().get(pk=schedule.pk)
    before = values_of(schedule) | {"holidays": holidays_of(schedule)} if schedule is not None else {}
    row = schedule or Schedule(flags=ScheduleFlag.BUSINESS_HOURS if draft.is_business_hours else ScheduleFlag(0))
    row.name = _free_name(draft.name, but=schedule)
    row.timezone = _checked_zone(draft.timezone.strip()) or None
    row.description = checked_text(draft.description, field="description", longest=LONGEST_DESCRIPTION, required=False)
    row.updated = now()
    row.save()
    if row.flags & ScheduleFlag.BUSINESS_HOURS:
        _store_holidays(row, draft.holidays, actor)
    after = values_of(row) | {"holidays": holidays_of(row)}
    action = Action.CREATED if schedule is None else Action.CHANGED
    record_change(actor, action, ObjectType.SCHEDULE, row.pk, row.name, difference(before, after))
    return row


@transaction.atomic
def delete_schedule(schedule: Schedule, *, actor: Actor) -> None:
    """Delete a schedule with its entries; departments, plans and schedules that name it fall back to the next level.

    osTicket leaves their dangling ids behind, which mean the same. Raises PermissionRefused; Conflict for the business
    hours of the help desk itself.
    """
    check_is_administrator(actor)
    schedule = Schedule.objects.select_for_update().get(pk=schedule.pk)
    if configuration.current().integer("schedule_id") == schedule.pk:
        raise Conflict(
            _("These are the business hours of the help desk. Choose others in the settings of the system first."),
            code="schedule_is_default",
        )
    for department in Department.objects.filter(schedule_id=schedule.pk):
        department.schedule_id = 0
        department.save(update_fields=["schedule_id"])
    for plan in SlaPlan.objects.filter(schedule=schedule):
        plan.schedule_id = None
        plan.save(update_fields=["schedule"])
    _take_out_of_lists(schedule, actor)
    before = values_of(schedule) | {"entries": [entry.name for entry in schedule.entries.order_by("id")]}
    record_change(actor, Action.DELETED, ObjectType.SCHEDULE, schedule.pk, schedule.name, difference(before, {}))
    schedule.entries.all().delete()
    schedule.delete()


def holidays_of(schedule: Schedule) -> list[int]:
    """Give the ids of the holiday lists of a schedule."""
    stored = ConfigItem.objects.filter(namespace=namespace_of(schedule.pk), key=HOLIDAYS_KEY).first()
    return list(listed_holidays(stored.value)) if stored is not None else []


def _store_holidays(schedule: Schedule, holidays: Sequence[int], actor: Actor) -> None:
    """Write the list where it changed; ids that exist already stay, whatever they point to."""
    wanted, present = list(dict.fromkeys(holidays)), holidays_of(schedule)
    if wanted == present:
        return
    lists = Schedule.objects.exclude(flags__has=ScheduleFlag.BUSINESS_HOURS)
    known = set(lists.filter(pk__in=wanted).values_list("pk", flat=True))
    if any(one not in known and one not in present for one in wanted):
        raise ValidationFailed(_("There is no such list of holidays."), code="unknown_schedule", field="holidays")
    set_setting(namespace_of(schedule.pk), HOLIDAYS_KEY, encode_php_json({"holidays": wanted}), actor)


def _take_out_of_lists(schedule: Schedule, actor: Actor) -> None:
    if ConfigItem.objects.filter(namespace=namespace_of(schedule.pk), key=HOLIDAYS_KEY).exists():
        remove_setting(namespace_of(schedule.pk), HOLIDAYS_KEY, actor)
    for item in ConfigItem.objects.filter(namespace__startswith="schedule.", key=HOLIDAYS_KEY):
        listed = listed_holidays(item.value)
        if schedule.pk in listed:
            left = [one for one in listed if one != schedule.pk]
            set_setting(item.namespace, HOLIDAYS_KEY, encode_php_json({"holidays": left}), actor)


def _free_name(name: str, *, but: Schedule | None) -> str:
    name = checked_text(name, field="name", longest=LONGEST_NAME)
    others = Schedule.objects.exclude(pk=but.pk) if but is not None else Schedule.objects.all()
    if (but is None or but.name != name) and others.filter(name__folded=name).exists():
        raise ValidationFailed(_("Name already in use"), code="name_taken", field="name")
    return name


def _checked_zone(name: str) -> str:
    if name and known_zone(name) is None:
        message = _("%(name)s is no time zone; write one such as Europe/Berlin.") % {"name": name}
        raise ValidationFailed(message, code="unknown_zone", field="timezone")
    return name

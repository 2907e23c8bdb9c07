"""SLA plans: how many hours, on which schedule (osticket/sla.md §1)."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.audit.services import Action, ObjectType, record_change, row_difference, values_of
from helpdesk.legacy.errors import Conflict, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.models import Department
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.validation import checked_text
from sla.constants import ScheduleFlag, SlaFlag
from sla.models import Schedule, SlaPlan
from sla.removal import release_plan

LONGEST_GRACE = 8760
LONGEST_NAME = 64


@dataclass(frozen=True, kw_only=True)
class PlanDraft:
    """Everything that an administrator says about a plan; `schedule_id` 0 for the one of department or help desk."""

    name: str
    grace_period: int
    schedule_id: int = 0
    is_active: bool = True
    is_transient: bool = False
    has_alerts: bool = True
    notes: str = ""

    @property
    def flags(self) -> SlaFlag:
        """The bits that the draft decides."""
        flags = SlaFlag.ACTIVE if self.is_active else SlaFlag(0)
        flags |= SlaFlag.TRANSIENT if self.is_transient else SlaFlag(0)
        return flags if self.has_alerts else flags | SlaFlag.NO_ALERTS


_DECIDED = SlaFlag.ACTIVE | SlaFlag.TRANSIENT | SlaFlag.NO_ALERTS


@transaction.atomic
def store_plan(draft: PlanDraft, *, actor: Actor, plan: SlaPlan | None = None) -> SlaPlan:
    """Create a plan from a draft, or change the given one into it, and give it.

    Due dates of tickets stay as they are until something happens to the ticket. Raises PermissionRefused,
    ValidationFailed that names the field.
    """
    check_is_administrator(actor)
    if plan is not None:
        plan = SlaPlan.objects.select_for_update().get(pk=plan.pk)
    before = values_of(plan) if plan is not None else {}
    row = plan or SlaPlan(flags=SlaFlag(0))
    row.name = _free_name(draft.name, but=plan)
    row.grace_period = _checked_grace(draft.grace_period)
    row.schedule_id = _checked_schedule(draft.schedule_id, current=row.schedule_id)
    row.flags = SlaFlag(row.flags & ~_DECIDED | draft.flags)
    row.notes = draft.notes if draft.notes != (row.notes or "") else row.notes
    row.updated = now()
    row.save()
    action = Action.CREATED if plan is None else Action.CHANGED
    record_change(actor, action, ObjectType.SLA_PLAN, row.pk, row.name, row_difference(before, values_of(row)))
    return row


@transaction.atomic
def delete_plan(plan: SlaPlan, *, actor: Actor) -> None:
    """Delete a plan; its tickets get the default plan and keep their due dates, departments and topics lose it.

    Raises PermissionRefused; Conflict for the default plan (osticket/sla.md §1).
    """
    check_is_administrator(actor)
    plan = SlaPlan.objects.select_for_update().get(pk=plan.pk)
    default = SlaPlan.objects.filter(pk=configuration.current().integer("default_sla_id")).first()
    if default is None or default == plan:
        raise Conflict(
            _("The default plan cannot be deleted. Choose another default in the settings of tickets first."),
            code="plan_is_default",
        )
    release_plan(plan, default)
    for department in Department.objects.filter(sla_id=plan.pk):
        department.sla_id = 0
        department.save(update_fields=["sla_id"])
    changes = row_difference(values_of(plan), {})
    record_change(actor, Action.DELETED, ObjectType.SLA_PLAN, plan.pk, plan.name, changes)
    plan.delete()


def _free_name(name: str, *, but: SlaPlan | None) -> str:
    name = checked_text(name, field="name", longest=LONGEST_NAME)
    others = SlaPlan.objects.exclude(pk=but.pk) if but is not None else SlaPlan.objects.all()
    if others.filter(name=name).exists():
        raise ValidationFailed(_("Name already exists"), code="name_taken", field="name")
    return name


def _checked_grace(hours: int) -> int:
    if hours < 1:
        raise ValidationFailed(_("Grace period required"), code="required", field="grace_period")
    if hours > LONGEST_GRACE:
        message = _("Grace period cannot be more than %(count)d hours") % {"count": LONGEST_GRACE}
        raise ValidationFailed(message, code="out_of_range", field="grace_period")
    return hours


def _checked_schedule(schedule_id: int, *, current: int | None) -> int | None:
    """Give the id, or None for none. One that is gone, or holds holidays, is kept only where it stands already."""
    if not schedule_id or schedule_id == current:
        return schedule_id or None
    if not Schedule.objects.filter(pk=schedule_id, flags__has=ScheduleFlag.BUSINESS_HOURS).exists():
        message = _("There is no such schedule of business hours.")
        raise ValidationFailed(message, code="unknown_schedule", field="schedule")
    return schedule_id

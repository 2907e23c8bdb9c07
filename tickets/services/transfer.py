"""Moving tickets to another department (osticket/tickets.md §8.1)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import Conflict, ValidationFailed
from helpdesk.legacy.retrying import retried
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentFlag
from helpdesk.people.models import Department
from helpdesk.people.permissions import RolePermission
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.services import refer as refer_thread
from helpdesk.threads.services import withdraw_referral
from sla.constants import SlaFlag
from tickets.assignees import may_be_assigned, transfer_targets
from tickets.freshness import check_fresh
from tickets.intake import by_id, intake
from tickets.models import Ticket
from tickets.notices import transfer_alert
from tickets.policies import require
from tickets.services.common import lock, log, own_thread, post_note_of, poster_of, queue, record, save_changes
from tickets.services.status import reopen_closed
from tickets.signals import send_after_commit, ticket_transferred
from tickets.states import is_closed, is_open


@retried
def transfer_ticket(
    ticket: Ticket,
    *,
    department: Department,
    actor: Actor,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    refer: bool = False,
    seen: str | None = None,
    now: datetime | None = None,
) -> Ticket:
    """Move the ticket to another department; a closed one opens again there.

    The assigned agent stays, unless the new department gives tickets to members only and he is none; the team stays.
    A ticket without SLA plan, or with one that is transient, gets the department's, if it has one; when it is due is
    not computed anew. With `refer` the former department keeps access. The acting agent may lose it.

    Raises ValidationFailed (`department`) for one that is inactive, archived or hidden from the agent, Conflict for the
    one it is in and (`ticket_changed`) when `seen` is no longer its version, PermissionRefused without
    `ticket.transfer` where it is now. Source: §8.1.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(ticket)
        require(actor, RolePermission.TICKET_TRANSFER, ticket)
        check_fresh(ticket, seen)
        _check_target(department, ticket, actor)
        former = ticket.dept
        save_changes(ticket, now=now, dept=department, **_assignee_left(ticket, department))
        if is_closed(ticket):
            reopen_closed(ticket, actor=actor, now=now)
        save_changes(ticket, now=now, **_plan_of(ticket, department))
        event = record(ticket, "transferred", actor=actor, now=now, data={"dept": department.name})
        thread = own_thread(ticket, now=now)
        withdraw_referral(thread, ObjectType.DEPARTMENT, department.pk)
        note = None
        if comments.strip():
            title = f"Ticket transferred from {former.name if former else ''} to {department.name}"
            note = post_note_of(ticket, actor=actor, title=title, body=comments, format=format, now=now)
        if refer and former is not None:
            refer_thread(thread, ObjectType.DEPARTMENT, former.pk, now=now)
        alerts = transfer_alert(ticket, note=note, event_id=event.pk, mover=poster_of(actor))
        queue(ticket, alerts, now=now)
        log("ticket_transferred", ticket, actor, dept_id=department.pk)
        send_after_commit(ticket_transferred, ticket=ticket, actor=actor, former=former, department=department)
    return ticket


def _check_target(department: Department, ticket: Ticket, actor: Actor) -> None:
    if ticket.dept_id == department.pk:
        raise Conflict(_("Ticket already in the department"), code="already_in_department", field="department")
    if department.flags & DepartmentFlag.ARCHIVED or not department.flags & DepartmentFlag.ACTIVE:
        raise ValidationFailed(
            _("Tickets cannot be moved to an inactive or archived department."),
            code="department_inactive",
            field="department",
        )
    if actor.agent is not None and not transfer_targets(access_of(actor.agent)).filter(pk=department.pk).exists():
        raise ValidationFailed(_("Unknown department"), code="department_unknown", field="department")


def _assignee_left(ticket: Ticket, department: Department) -> dict[str, Any]:
    """Take an open ticket from its agent where only members of the new department may have it."""
    is_for_members = bool(department.flags & DepartmentFlag.ASSIGN_MEMBERS_ONLY)
    if not is_open(ticket) or not is_for_members or ticket.staff is None:
        return {}
    return {} if may_be_assigned(ticket.staff, department) else {"staff": None}


def _plan_of(ticket: Ticket, department: Department) -> dict[str, Any]:
    """Give the SLA plan of the department where the ticket's may be replaced."""
    plan = by_id(intake().plans, department.sla_id)
    is_replaceable = ticket.sla is None or bool(ticket.sla.flags & SlaFlag.TRANSIENT)
    return {"sla": plan} if plan is not None and is_replaceable else {}

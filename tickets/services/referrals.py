"""Letting others see a ticket: referrals to agents, teams and departments (osticket/tickets.md §8.2)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import Conflict, DomainError, ValidationFailed
from helpdesk.legacy.retrying import retried
from helpdesk.mail.models import EmailAddress
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentFlag
from helpdesk.people.models import Agent, Department, Team
from helpdesk.people.permissions import RolePermission
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import Referral
from helpdesk.threads.services import refer as refer_thread
from tickets.assignees import has_members, is_available, is_enabled
from tickets.models import Ticket
from tickets.names import full_name
from tickets.notices import activity_alert
from tickets.policies import require
from tickets.services.common import lock, log, own_thread, post_note_of, queue, record
from tickets.signals import send_after_commit, ticket_referred

Referee = Agent | Team | Department


@retried
def refer_ticket(
    ticket: Ticket,
    *,
    to: Referee,
    actor: Actor,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    now: datetime | None = None,
) -> Referral:
    """Give an agent, a team or a department access to the ticket beside those who have it.

    Raises Conflict for whoever has it or was referred to already, ValidationFailed for an agent who is not available, a
    team that is disabled or empty, an archived department, PermissionRefused without `ticket.assign` (which is what
    osTicket asks for). Source: §8.2.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(ticket)
        require(actor, RolePermission.TICKET_ASSIGN, ticket)
        kind, data = _kind_and_data(to)
        refusal = _obstacle(ticket, to)
        if refusal is not None:
            raise refusal
        thread = own_thread(ticket, now=now)
        if thread.referrals.filter(object_type=kind, object_id=to.pk).exists():
            raise Conflict(_("The ticket is referred there already."), code="already_referred", field="referee")
        refer_thread(thread, kind, to.pk, now=now)
        referral = thread.referrals.get(object_type=kind, object_id=to.pk)
        record(ticket, "referred", actor=actor, now=now, data=data)
        if comments.strip():
            note = post_note_of(ticket, actor=actor, title="Referral", body=comments, format=format, now=now)
            queue(ticket, activity_alert(ticket, note, assigned_before=ticket.staff), now=now)
        log("ticket_referred", ticket, actor, referee_type=str(kind), referee_id=to.pk)
        send_after_commit(ticket_referred, ticket=ticket, actor=actor, referee=to)
    return referral


@retried
def withdraw_referrals(ticket: Ticket, referral_ids: Collection[int], *, actor: Actor) -> int:
    """Take referrals of the ticket back and give how many; osTicket records no event of that.

    Raises ValidationFailed for ids that are not of this ticket, PermissionRefused without `ticket.assign`.
    """
    with transaction.atomic():
        lock(ticket)
        require(actor, RolePermission.TICKET_ASSIGN, ticket)
        rows = own_thread(ticket, now=timezone.now()).referrals.filter(pk__in=referral_ids)
        found = list(rows)
        if len(found) != len(set(referral_ids)):
            raise ValidationFailed(_("Unknown referral"), code="referral_unknown", field="referrals")
        rows.delete()
        log("referrals_withdrawn", ticket, actor, count=len(found))
    return len(found)


def refer_to_departments(ticket: Ticket, addressed: Sequence[EmailAddress], *, now: datetime) -> None:
    """Let the departments of all our addresses that a mail was sent to see its ticket (osticket/mail.md §4.6).

    Not those that the ticket was moved away from. Runs in the transaction of the message.
    """
    others = {one.dept_id for one in addressed if one.pk != ticket.email_id and one.dept_id} - {ticket.dept_id}
    if not others:
        return
    thread = own_thread(ticket, now=now)
    left = set(thread.events.filter(dept__in=others).values_list("dept", flat=True))
    known = set(thread.referrals.filter(object_type=ObjectType.DEPARTMENT).values_list("object_id", flat=True))
    for pk in sorted(others - left - known):
        refer_thread(thread, ObjectType.DEPARTMENT, pk, now=now)
        record(ticket, "referred", actor=Actor.system(), now=now, data={"dept": pk})


def _kind_and_data(to: Referee) -> tuple[ObjectType, dict[str, Any]]:
    if isinstance(to, Agent):
        return ObjectType.AGENT, {"staff": [to.pk, full_name(to)]}
    if isinstance(to, Team):
        return ObjectType.TEAM, {"team": to.pk}
    return ObjectType.DEPARTMENT, {"dept": to.pk}


def _obstacle(ticket: Ticket, to: Referee) -> DomainError | None:
    if isinstance(to, Agent):
        return _obstacle_of_agent(ticket, to)
    if isinstance(to, Team):
        return _obstacle_of_team(ticket, to)
    if ticket.dept_id == to.pk:
        return Conflict(_("Ticket is already in the department"), code="already_in_department", field="referee")
    if to.flags & DepartmentFlag.ARCHIVED:
        return ValidationFailed(_("The department is archived."), code="department_inactive", field="referee")
    return None


def _obstacle_of_agent(ticket: Ticket, agent: Agent) -> DomainError | None:
    if ticket.staff_id == agent.pk:
        return Conflict(_("Ticket is assigned to the agent"), code="already_assigned", field="referee")
    if not is_available(agent):
        return ValidationFailed(_("Agent is unavailable for assignment"), code="assignee_unavailable", field="referee")
    return None


def _obstacle_of_team(ticket: Ticket, team: Team) -> DomainError | None:
    if ticket.team_id == team.pk:
        return Conflict(_("Ticket is assigned to the team"), code="already_assigned", field="referee")
    if not is_enabled(team):
        return ValidationFailed(_("Team is disabled"), code="team_disabled", field="referee")
    if not has_members(team):
        return ValidationFailed(_("Team does not have members"), code="team_empty", field="referee")
    return None

"""Giving tickets to agents and teams (osticket/tickets.md §7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import Conflict, DomainError, PermissionRefused, ValidationFailed
from helpdesk.legacy.retrying import retried
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Team
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.services import refer as refer_thread
from helpdesk.threads.services import withdraw_referral
from tickets.assignees import (
    assignable_agents,
    assignable_teams,
    has_members,
    is_available,
    is_enabled,
    may_be_assigned,
)
from tickets.freshness import check_fresh
from tickets.models import Ticket
from tickets.names import full_name
from tickets.notices import assignment_alert
from tickets.policies import can, require
from tickets.services.common import lock, log, own_thread, post_note_of, poster_of, queue, record, save_changes
from tickets.services.status import reopen_closed
from tickets.signals import send_after_commit, ticket_assigned
from tickets.states import is_closed, is_open

AUTOMATIC = "Ticket Filter"
"""The name in events of automatic assignments, whatever their source."""


@retried
def claim_ticket(
    ticket: Ticket,
    *,
    actor: Actor,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    now: datetime | None = None,
) -> Ticket:
    """Take an open ticket that no agent has; of several agents who try at once exactly one gets it.

    Raises Conflict when somebody has it or it is closed, PermissionRefused without `ticket.assign` or where the
    department does not let the agent have tickets. Source: §7.3.
    """
    now = now or timezone.now()
    agent = _acting_agent(actor)
    with transaction.atomic():
        lock(ticket)
        require(actor, "ticket.assign", ticket)
        _check_claimable(ticket, agent)
        _check_agent(agent, ticket)
        _assign_agent(ticket, agent, actor=actor, data={"claim": True}, now=now)
        if comments.strip():
            title = _claim_title(agent)
            post_note_of(ticket, actor=actor, title=title, body=comments, format=format, now=now)
    return ticket


@retried
def assign_ticket(
    ticket: Ticket,
    *,
    actor: Actor,
    agent: Agent | None = None,
    team: Team | None = None,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    refer: bool = False,
    seen: str | None = None,
    now: datetime | None = None,
) -> Ticket:
    """Give the ticket to an agent or to a team (exactly one of them); the other kind of assignee stays.

    A closed ticket opens again and then keeps its agent only if that agent works in its department. With `refer` the
    former assignee of the same kind keeps access. Raises ValidationFailed (`assignee`) for somebody who cannot have
    it, Conflict for the one who has it and (`ticket_changed`) when `seen` is no longer the ticket's version,
    PermissionRefused without `ticket.assign`. Source: §7.1.
    """
    assignee = agent or team
    if assignee is None or (agent is not None and team is not None):
        raise ValidationFailed(_("Unknown assignee"), code="assignee_unknown", field="assignee")
    now = now or timezone.now()
    with transaction.atomic():
        lock(ticket)
        require(actor, "ticket.assign", ticket)
        check_fresh(ticket, seen)
        former = (ObjectType.AGENT, ticket.staff_id) if team is None else (ObjectType.TEAM, ticket.team_id)
        title = _give(ticket, assignee, actor, now)
        if is_closed(ticket):
            reopen_closed(ticket, actor=actor, now=now)
        if comments.strip():
            post_note_of(ticket, actor=actor, title=title, body=comments, format=format, now=now)
        if refer and former[1] is not None:
            refer_thread(own_thread(ticket, now=now), former[0], former[1], now=now)
    return ticket


def assign_new(ticket: Ticket, assignee: Agent | Team, *, actor: Actor, comments: str, now: datetime) -> None:
    """Assign a ticket that the acting agent opens; whether he may assign was checked before (§6.3 step 3).

    Raises what `assign_ticket` raises about the assignee. The ticket is new and open.
    """
    title = _give(ticket, assignee, actor, now)
    if comments.strip():
        post_note_of(ticket, actor=actor, title=title, body=comments, now=now)


def assign_automatically(
    ticket: Ticket,
    *,
    now: datetime,
    agent: Agent | None = None,
    team: Team | None = None,
    username: str = AUTOMATIC,
    by_name: bool = False,
) -> None:
    """Assign as help topics, filters and account managers do: no permissions, no rules of the department (§7.2).

    Whoever is not available or disabled is passed over in silence. A closed ticket for a team opens again, without
    agent. `username` stands in the events, with `by_name` also the agent's name. The ticket is locked or new.
    """
    actor = Actor.system(username)
    fit_agent, fit_team = fit_for_automatic(agent, team)
    if fit_agent is not None:
        data = {"staff": [fit_agent.pk, full_name(fit_agent)] if by_name else fit_agent.pk}
        _assign_agent(ticket, fit_agent, actor=actor, data=data, now=now)
    if fit_team is not None:
        if is_closed(ticket):
            save_changes(ticket, now=now, team=fit_team, staff=None)
            reopen_closed(ticket, actor=actor, now=now)
        _assign_team(ticket, fit_team, actor=actor, now=now, alert=agent is None)


def fit_for_automatic(agent: Agent | None, team: Team | None) -> tuple[Agent | None, Team | None]:
    """Give those of both who get a ticket without anybody's asking: available agents, enabled teams."""
    return (
        agent if agent is not None and is_available(agent) else None,
        team if team is not None and is_enabled(team) else None,
    )


@retried
def release_ticket(
    ticket: Ticket,
    *,
    actor: Actor,
    agent: bool = True,
    team: bool = True,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    now: datetime | None = None,
) -> Ticket:
    """Take the ticket from its agent, its team, or both.

    Raises ValidationFailed when neither is asked for, Conflict when it has none of them, PermissionRefused without
    `ticket.release` (managers of their own primary department need none). Source: §7.5.
    """
    if not agent and not team:
        raise ValidationFailed(_("Please check an assignee to release assignment"), code="assignee_required")
    now = now or timezone.now()
    with transaction.atomic():
        lock(ticket)
        _require_release(actor, ticket)
        data: dict[str, Any] = {}
        columns: dict[str, Any] = {}
        if agent and ticket.staff_id is not None:
            data["staff"] = [ticket.staff_id, full_name(ticket.staff) if ticket.staff else ""]
            columns["staff"] = None
        if team and ticket.team_id is not None:
            data["team"], columns["team"] = ticket.team_id, None
        if not data:
            raise Conflict(_("Ticket is not assigned!"), code="not_assigned")
        save_changes(ticket, now=now, **columns)
        record(ticket, "released", actor=actor, now=now, data=data)
        if comments.strip():
            post_note_of(ticket, actor=actor, title="Assignment Released", body=comments, format=format, now=now)
        log("ticket_released", ticket, actor)
    return ticket


def _give(ticket: Ticket, assignee: Agent | Team, actor: Actor, now: datetime) -> str:
    """Check and assign; gives the title of the note about it."""
    if isinstance(assignee, Team):
        _check_team(assignee, ticket, actor)
        _assign_team(ticket, assignee, actor=actor, now=now)
        return f"Ticket Assigned to {assignee.name}"
    _check_choice(assignee, ticket, actor)
    data = _claim_or_name(assignee, actor)
    _assign_agent(ticket, assignee, actor=actor, data=data, now=now)
    return _claim_title(assignee) if "claim" in data else f"Ticket Assigned to {full_name(assignee)}"


def _acting_agent(actor: Actor) -> Agent:
    if actor.agent is None:
        raise PermissionRefused(_("Only agents can claim tickets."), code="agent_required")
    return actor.agent


def _check_claimable(ticket: Ticket, agent: Agent) -> None:
    if not is_open(ticket):
        raise Conflict(_("The ticket is closed."), code="ticket_closed")
    if ticket.staff_id == agent.pk:
        raise Conflict(_("The ticket is yours already."), code="already_assigned")
    if ticket.staff_id is not None:
        holder = full_name(ticket.staff) if ticket.staff is not None else _("Somebody else")
        raise Conflict(_("%(name)s has this ticket.") % {"name": holder}, code="not_claimable")


def _check_choice(agent: Agent, ticket: Ticket, actor: Actor) -> None:
    """Refuse an agent whom the acting agent may not choose, who has the ticket, or who cannot have it."""
    if actor.agent is not None:
        choices = assignable_agents(access_of(actor.agent), ticket.dept)
        if not choices.filter(pk=agent.pk).exists():
            is_empty = not choices.exists()
            raise ValidationFailed(
                _("Assignee is a required field") if is_empty else _("Unknown assignee"),
                code="assignee_unknown",
                field="assignee",
            )
    if ticket.staff_id == agent.pk and is_open(ticket):
        raise Conflict(_("Ticket already assigned to the agent"), code="already_assigned", field="assignee")
    _check_agent(agent, ticket)


def _check_agent(agent: Agent, ticket: Ticket) -> None:
    if not is_available(agent):
        raise ValidationFailed(_("Agent is unavailable for assignment"), code="assignee_unavailable", field="assignee")
    if not may_be_assigned(agent, ticket.dept):
        raise PermissionRefused(_("Permission denied"), code="assignee_not_a_member", field="assignee")


def _check_team(team: Team, ticket: Ticket, actor: Actor) -> None:
    refusal: DomainError | None = None
    if actor.agent is not None and not assignable_teams().filter(pk=team.pk).exists():
        refusal = ValidationFailed(_("Unknown assignee"), code="assignee_unknown", field="assignee")
    elif ticket.team_id == team.pk:
        refusal = Conflict(_("Ticket already assigned to the team"), code="already_assigned", field="assignee")
    elif not is_enabled(team):
        refusal = ValidationFailed(_("Team is disabled"), code="team_disabled", field="assignee")
    elif not has_members(team):
        refusal = ValidationFailed(_("Team does not have members"), code="team_empty", field="assignee")
    if refusal is not None:
        raise refusal


def _claim_or_name(agent: Agent, actor: Actor) -> dict[str, Any]:
    if actor.agent is not None and actor.agent.pk == agent.pk:
        return {"claim": True}
    return {"staff": [agent.pk, full_name(agent)]}


def _claim_title(agent: Agent) -> str:
    return f"Ticket claimed by {full_name(agent)}"


def _assign_agent(ticket: Ticket, agent: Agent, *, actor: Actor, data: dict[str, Any], now: datetime) -> None:
    save_changes(ticket, now=now, staff=agent)
    withdraw_referral(own_thread(ticket, now=now), ObjectType.AGENT, agent.pk)
    event = record(ticket, "assigned", actor=actor, now=now, data=data)
    if "claim" not in data:
        queue(ticket, assignment_alert(ticket, agent=agent, event_id=event.pk, assigner=poster_of(actor)), now=now)
    log("ticket_assigned", ticket, actor, staff_id=agent.pk)
    send_after_commit(ticket_assigned, ticket=ticket, actor=actor, staff=agent, team=None)


def _assign_team(ticket: Ticket, team: Team, *, actor: Actor, now: datetime, alert: bool = True) -> None:
    save_changes(ticket, now=now, team=team)
    withdraw_referral(own_thread(ticket, now=now), ObjectType.TEAM, team.pk)
    event = record(ticket, "assigned", actor=actor, now=now, data={"team": team.pk})
    if alert:
        queue(ticket, assignment_alert(ticket, team=team, event_id=event.pk, assigner=poster_of(actor)), now=now)
    log("ticket_assigned", ticket, actor, team_id=team.pk)
    send_after_commit(ticket_assigned, ticket=ticket, actor=actor, staff=None, team=team)


def _require_release(actor: Actor, ticket: Ticket) -> None:
    require(actor, None, ticket)
    agent = actor.agent
    if agent is not None and access_of(agent).manages(agent.dept):
        return
    if not can(actor, "ticket.release", ticket):
        raise PermissionRefused(_("Permission denied"), code="permission_denied")

"""Teams: agents of any department to whom work is given together (osticket/routing.md §3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from helpdesk.audit.services import Action, ObjectType, difference, record_change, row_difference, values_of
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.people.access import forget_access
from helpdesk.people.actor import Actor
from helpdesk.people.constants import TeamFlag, TeamMemberFlag
from helpdesk.people.models import Agent, Organization, Team, TeamMember
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.removal import release_team
from helpdesk.people.validation import checked_text

Alerts = bool


@dataclass(frozen=True, kw_only=True)
class TeamDraft:
    """Everything that an administrator says about a team.

    `lead_id` is the number of an agent, 0 for none. `members` maps the number of an agent to whether he gets the team's
    alerts, None to end the membership; agents who are not named stay as they are.
    """

    name: str
    lead_id: int = 0
    is_enabled: bool = True
    has_alerts: bool = True
    notes: str = ""
    members: Mapping[int, Alerts | None] = field(default_factory=dict)


@transaction.atomic
def create_team(name: str, *, actor: Actor, lead: Agent | None = None, notes: str = "") -> Team:
    """Create an enabled team. Raises PermissionRefused, ValidationFailed for a name that is missing or taken."""
    return store_team(TeamDraft(name=name, lead_id=lead.pk if lead else 0, notes=notes), actor=actor)


@transaction.atomic
def store_team(draft: TeamDraft, *, actor: Actor, team: Team | None = None) -> Team:
    """Create a team from a draft, or change the given one into it, members included, and give it.

    Bits without a name are kept, and so is a lead who no longer exists as long as the draft still names him. Raises
    PermissionRefused, ValidationFailed.
    """
    check_is_administrator(actor)
    if team is not None:
        team = Team.objects.select_for_update().get(pk=team.pk)
    action = Action.CREATED if team is None else Action.CHANGED
    before = {} if team is None else values_of(team)
    if team is None or draft.name != team.name:
        name = _free_name(draft.name, but=team)
        team = team or Team()
        team.name = name
    if draft.lead_id != (team.lead_id or 0):
        if draft.lead_id and not Agent.objects.filter(pk=draft.lead_id).exists():
            raise ValidationFailed(_("This agent no longer exists."), code="lead_unknown", field="lead")
        team.lead_id = draft.lead_id or None
    chosen = (TeamFlag.ENABLED if draft.is_enabled else 0) | (0 if draft.has_alerts else TeamFlag.NO_ALERTS)
    team.flags = TeamFlag((int(team.flags) & ~sum(TeamFlag)) | chosen)
    if draft.notes != (team.notes or ""):
        team.notes = draft.notes
    changes = row_difference(before, values_of(team))
    if action == Action.CREATED or changes:
        team.updated = now()
        team.save()
    members = _members(team)
    for staff_id, alerts in draft.members.items():
        set_membership(team.pk, staff_id, alerts)
    record_change(
        actor, action, ObjectType.TEAM, team.pk, team.name, {**changes, **difference(members, _members(team))}
    )
    return team


@transaction.atomic
def delete_team(team: Team, *, actor: Actor) -> None:
    """Delete a team; its tickets belong to no team then (osticket/tickets.md §15.7). Raises PermissionRefused."""
    check_is_administrator(actor)
    release_team(team)
    changes = {**row_difference(values_of(team), {}), **difference(_members(team), {})}
    TeamMember.objects.filter(team=team).delete()
    Organization.objects.filter(manager=f"t{team.pk}").update(manager="", updated=now())
    record_change(actor, Action.DELETED, ObjectType.TEAM, team.pk, team.name, changes)
    team.delete()


@transaction.atomic
def add_team_member(team: Team, agent: Agent, *, actor: Actor, alerts: bool = True) -> None:
    """Make an agent a member; `alerts`: tell the agent about the team's tickets. Raises PermissionRefused.

    A second call changes the alerts.
    """
    check_is_administrator(actor)
    _record_members(team, {agent.pk: alerts}, actor)
    forget_access(agent)


@transaction.atomic
def remove_team_member(team: Team, agent: Agent, *, actor: Actor) -> None:
    """End a membership. Raises PermissionRefused."""
    check_is_administrator(actor)
    _record_members(team, {agent.pk: None}, actor)
    forget_access(agent)


def set_membership(team_id: int, staff_id: int, alerts: Alerts | None) -> None:
    """Write the row of a membership: with or without alerts, None to delete it; a right row is left alone."""
    rows = TeamMember.objects.filter(team_id=team_id, staff_id=staff_id)
    if alerts is None:
        rows.delete()
        return
    row = rows.first()
    flags = TeamMemberFlag.ALERTS if alerts else TeamMemberFlag(0)
    if row is None:
        TeamMember.objects.create(team_id=team_id, staff_id=staff_id, flags=flags)
    elif bool(TeamMemberFlag.ALERTS & row.flags) != alerts:
        rows.update(flags=int(row.flags) ^ int(TeamMemberFlag.ALERTS))


def _record_members(team: Team, wanted: Mapping[int, Alerts | None], actor: Actor) -> None:
    before = _members(team)
    for staff_id, alerts in wanted.items():
        set_membership(team.pk, staff_id, alerts)
    changes = difference(before, _members(team))
    record_change(actor, Action.CHANGED, ObjectType.TEAM, team.pk, team.name, changes)


def _members(team: Team) -> dict[str, str]:
    """The memberships as the trail shows them."""
    return {
        f"member {row.staff or '?'} ({row.staff_id})": "with alerts"
        if TeamMemberFlag.ALERTS & row.flags
        else "no alerts"
        for row in TeamMember.objects.filter(team=team).select_related("staff").order_by("staff_id")
    }


def _free_name(name: str, *, but: Team | None) -> str:
    name = checked_text(name, field="name", longest=125)
    if any(other != but for other in Team.objects.filter(name=name)):
        raise ValidationFailed(_("Team name already exists"), code="team_exists", field="name")
    return name

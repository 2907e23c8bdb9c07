"""Teams: agents of any department to whom work is given together (osticket/routing.md §3)."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import ValidationFailed
from helpdesk.people.access import forget_access
from helpdesk.people.actor import Actor
from helpdesk.people.constants import TeamFlag, TeamMemberFlag
from helpdesk.people.models import Agent, Team, TeamMember
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.validation import checked_text


@transaction.atomic
def create_team(name: str, *, actor: Actor, lead: Agent | None = None, notes: str = "") -> Team:
    """Create an enabled team. Raises PermissionRefused, ValidationFailed for a name that is missing or taken."""
    check_is_administrator(actor)
    name = checked_text(name, field="name", longest=125)
    if Team.objects.filter(name=name).exists():
        raise ValidationFailed(_("Team name already exists"), code="team_exists", field="name")
    return Team.objects.create(name=name, lead=lead, notes=notes, flags=TeamFlag.ENABLED)


@transaction.atomic
def add_team_member(team: Team, agent: Agent, *, actor: Actor, alerts: bool = True) -> None:
    """Make an agent a member; `alerts`: tell the agent about the team's tickets. Raises PermissionRefused.

    A second call changes the alerts.
    """
    check_is_administrator(actor)
    flags = TeamMemberFlag.ALERTS if alerts else TeamMemberFlag(0)
    TeamMember.objects.update_or_create(team=team, staff=agent, defaults={"flags": flags})
    forget_access(agent)


@transaction.atomic
def remove_team_member(team: Team, agent: Agent, *, actor: Actor) -> None:
    """End a membership. Raises PermissionRefused."""
    check_is_administrator(actor)
    TeamMember.objects.filter(team=team, staff=agent).delete()
    forget_access(agent)

"""What happens elsewhere when a department, agent, team, user or organization is deleted: apps above say so here.

This package is below those that keep tickets, tasks and mailboxes; each of them registers how it lets go of a row that
is about to vanish (osticket/tickets.md §15.7). The functions run in the transaction of the deletion.
"""

from collections.abc import Callable
from dataclasses import dataclass

from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, EndUser, Organization, Team


@dataclass(frozen=True)
class Belongings:
    """What an app keeps that belongs to a user and without which he cannot go: his tickets.

    `count` says how many there are. `check_deletion` raises when the actor may not delete all of them, before anything
    is done. `delete` deletes them, each in a transaction of its own.
    """

    count: Callable[[EndUser], int]
    check_deletion: Callable[[EndUser, Actor], None]
    delete: Callable[[EndUser, Actor], None]


_of_departments: list[Callable[[Department, Department], None]] = []
_of_agents: list[Callable[[Agent], None]] = []
_of_teams: list[Callable[[Team], None]] = []
_of_users: list[Callable[[EndUser], None]] = []
_of_organizations: list[Callable[[Organization], None]] = []
_belongings: list[Belongings] = []


def when_department_goes(release: Callable[[Department, Department], None]) -> None:
    """Have `release(department, default_department)` called before a department is deleted."""
    _of_departments.append(release)


def when_agent_goes(release: Callable[[Agent], None]) -> None:
    """Have `release(agent)` called before an agent is deleted."""
    _of_agents.append(release)


def when_team_goes(release: Callable[[Team], None]) -> None:
    """Have `release(team)` called before a team is deleted."""
    _of_teams.append(release)


def when_user_goes(release: Callable[[EndUser], None]) -> None:
    """Have `release(user)` called before an end user is deleted."""
    _of_users.append(release)


def when_organization_goes(release: Callable[[Organization], None]) -> None:
    """Have `release(organization)` called before an organization is deleted."""
    _of_organizations.append(release)


def register_belongings(kept: Belongings) -> None:
    """Let an app keep users from being deleted as long as something is theirs."""
    _belongings.append(kept)


def belongings() -> tuple[Belongings, ...]:
    """Give what apps keep for users."""
    return tuple(_belongings)


def release_user(user: EndUser) -> None:
    """Make every app let go of an end user."""
    for release in _of_users:
        release(user)


def release_organization(organization: Organization) -> None:
    """Make every app let go of an organization."""
    for release in _of_organizations:
        release(organization)


def release_department(department: Department, default: Department) -> None:
    """Make every app let go of a department."""
    for release in _of_departments:
        release(department, default)


def release_agent(agent: Agent) -> None:
    """Make every app let go of an agent."""
    for release in _of_agents:
        release(agent)


def release_team(team: Team) -> None:
    """Make every app let go of a team."""
    for release in _of_teams:
        release(team)

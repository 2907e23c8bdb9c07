"""The rows that actions of filters name, and the filters themselves, ready to run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from filters.actions import ChoosingAction, World, action_type
from filters.matching import FilterRow, ReadyFilter, Target, keys_of, ready
from helpdesk.knowledge.models import CannedResponse
from helpdesk.mail.models import EmailAddress
from helpdesk.people.constants import DepartmentFlag, TeamFlag
from helpdesk.people.models import Agent, Department, Team
from helpdesk.people.names import agent_name
from sla.constants import SlaFlag
from sla.models import SlaPlan
from tickets.constants import TopicFlag
from tickets.models import HelpTopic, TicketPriority, TicketStatus

Names = Mapping[int, tuple[str, bool]]
"""By id: the name, and whether the row is switched on."""


@dataclass(frozen=True)
class KnownRows:
    """What is known of the rows, by kind (a `filters.actions.World`)."""

    names: Mapping[str, Names] = field(default_factory=dict)

    def name(self, kind: str, pk: int) -> str | None:
        """Give the name of a row, None when there is none."""
        found = self.names.get(kind, {}).get(pk)
        return found[0] if found else None

    def is_usable(self, kind: str, pk: int) -> bool:
        """Whether a row is switched on."""
        found = self.names.get(kind, {}).get(pk)
        return found is not None and found[1]


@dataclass(frozen=True)
class FiltersInUse:
    """The filters that are switched on, in the order in which they run, and the rows that they name."""

    filters: tuple[ReadyFilter, ...] = ()
    rows: World = field(default_factory=KnownRows)

    def of(self, target: Target | None, mailbox_id: int) -> list[ReadyFilter]:
        """Give the filters for tickets of this origin and mailbox."""
        return [one for one in self.filters if one.is_for(target, mailbox_id)]

    @cached_property
    def keys(self) -> frozenset[str]:
        """What the rules of all of them ask for."""
        return keys_of(self.filters)


def known_rows(
    filters: Iterable[FilterRow],
    *,
    departments: Iterable[Department],
    topics: Iterable[HelpTopic],
    statuses: Iterable[TicketStatus],
    priorities: Iterable[TicketPriority],
    plans: Iterable[SlaPlan],
    mailboxes: Iterable[EmailAddress],
) -> KnownRows:
    """Give the names of the rows given, and of the agents, teams and canned responses that these filters name."""
    wanted = _chosen(filters)
    return KnownRows(
        {
            "department": {row.pk: (row.name, bool(row.flags & DepartmentFlag.ACTIVE)) for row in departments},
            "topic": {row.pk: (row.topic, bool((row.flags or 0) & TopicFlag.ACTIVE)) for row in topics},
            "status": {row.pk: (row.name, True) for row in statuses},
            "priority": {row.pk: (row.priority_desc, True) for row in priorities},
            "sla": {row.pk: (row.name, bool(row.flags & SlaFlag.ACTIVE)) for row in plans},
            "mailbox": {row.pk: (row.email, True) for row in mailboxes},
            "agent": _read(Agent, wanted["agent"], _agent),
            "team": _read(Team, wanted["team"], _team),
            "canned_response": _read(CannedResponse, wanted["canned_response"], _canned_response),
        }
    )


def filters_in_use(rows: Iterable[FilterRow], known: KnownRows) -> FiltersInUse:
    """Make filters ready to run."""
    return FiltersInUse(tuple(ready(row, known) for row in rows), known)


def _chosen(filters: Iterable[FilterRow]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {"agent": set(), "team": set(), "canned_response": set()}
    for one in filters:
        for action in one.actions:
            kind = action_type(action.type)
            if isinstance(kind, ChoosingAction) and kind.choice in found:
                found[kind.choice].add(kind.chosen_id(action.configuration))
    return found


def _read(model: type[Any], wanted: set[int], describe: Callable[[Any], tuple[str, bool]]) -> Names:
    wanted.discard(0)
    return {row.pk: describe(row) for row in model._default_manager.filter(pk__in=wanted)} if wanted else {}


def _agent(agent: Agent) -> tuple[str, bool]:
    name = agent_name(agent.firstname, agent.lastname, username=agent.username)
    return name, agent.isactive


def _team(team: Team) -> tuple[str, bool]:
    return team.name, bool((team.flags or 0) & TeamFlag.ENABLED)


def _canned_response(row: CannedResponse) -> tuple[str, bool]:
    return row.title, bool(row.isenabled)

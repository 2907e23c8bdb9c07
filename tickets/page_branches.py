"""The parts that the tickets of a page are put together from (`tickets.paging`).

A condition with OR over departments, assignments and referrals makes every engine read all tickets of a state and sort
them. Instead the visible tickets are taken apart into branches that exclude each other: one for each status and
department of the agent, where one of our indexes (helpdesk/legacy/indexes.py) gives the tickets in order, and a few for
what is assigned or referred to the agent from other departments. The tables of the ranks (tickets/ranking.py) give in
order what an index of the tickets cannot: priorities, what is assigned by priority, what is referred by a date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from typing import Any

from django.db import connection
from django.db.models import Exists, Q, QuerySet

from helpdesk.people.access import AgentAccess
from helpdesk.threads.constants import ObjectType
from tickets import ranking
from tickets.constants import TicketState
from tickets.models import ReferredTicket, Ticket, TicketRank
from tickets.page_statements import BY_ID, DEPARTMENT, STATUS, WHOM
from tickets.querysets import PlacedReferrals, TicketQuerySet
from tickets.reference_data import priorities, status_ids
from tickets.reference_data import statuses as known_statuses
from tickets.sorting import LEAST_URGENT, Since, SortKey, TicketOrder

MOST_BRANCHES = 48
"""With more statuses times departments the departments become a condition: such an agent sees most tickets anyway."""
MOST_RANKED_BRANCHES = 240
"""The same for statuses times departments times priorities."""
MOST_REFERRED_BRANCHES = 16
"""With more statuses times departments MySQL, for which planning each branch takes a while, finds what is referred from
the few tickets outside of the departments."""
_RANK_INDEXES = {"lastupdate": "hd_rank_updated", "created": "hd_rank_created", "est_duedate": "hd_rank_due"}
_ASSIGNED_INDEXES = {
    "lastupdate": ("hd_rank_agent_updated", "hd_rank_team_updated"),
    "est_duedate": ("hd_rank_agent_due", "hd_rank_team_due"),
}
"""The indexes of what is assigned to agents and teams: by the dates of the queues of a new help desk."""


@dataclass(frozen=True)
class Branch:
    """A part of the visible tickets, found by `index`; `pairs`: for which statuses and departments it is repeated."""

    tickets: TicketQuerySet
    index: str = ""
    pairs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class RankedBranch:
    """Tickets in the order of the ranks: urgency, `date`, id. `pairs`: the statuses and the departments (agents, teams)
    for which `ranks`, of one of them, are repeated."""

    ranks: QuerySet[TicketRank]
    date: str
    pairs: tuple[tuple[int, int], ...]
    index: str


@dataclass(frozen=True)
class ReferredBranch:
    """Referred tickets in the order of a date and the id. `pairs`: statuses, and to whom."""

    referrals: QuerySet[ReferredTicket]
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Asked:
    """What a page shall show: tickets that the agent sees, or all, under a condition and in an order.

    `values` are those of the last ticket before it, in the direction of reading.
    """

    access: AgentAccess
    condition: Q
    statuses: frozenset[int] | None
    assignees: tuple[frozenset[int], frozenset[int]] | None
    order: TicketOrder
    values: tuple[Any, ...] | None
    backwards: bool
    with_merged: bool
    sees_everything: bool
    lasts: bool
    """Whether the condition is likely to be asked for again."""
    since: Since | None
    """Since when the condition asks tickets to be closed."""
    walks: bool = False
    """Whether the tickets of each status are gone through in their order, though any status will do: of a condition
    that most tickets fulfil the first page is found soon."""

    @property
    def keys(self) -> tuple[SortKey, ...]:
        """What the rows are sorted by, in the direction of reading."""
        return self.order.directed(self.backwards)


@dataclass(frozen=True)
class Moment:
    """Up to where the ranks reach; the statements depend on it."""

    since: datetime | None
    placed: PlacedReferrals | None


def branches_of(asked: Asked, moment: Moment) -> Iterator[Branch | RankedBranch | ReferredBranch]:
    """Give the branches in which the tickets of a page are looked for; no ticket is in two of them."""
    access, statuses, open_ids = asked.access, asked.statuses, status_ids(TicketState.OPEN)
    tickets = asked.order.annotated(Ticket.objects.filter(asked.condition), priorities())
    tickets = tickets if asked.with_merged else tickets.without_merged_children()
    if asked.walks:
        statuses = frozenset(known_statuses())
        others = tickets.of_other_statuses(statuses)
        yield Branch(others if asked.sees_everything else others.visible_to(access, open_status_ids=open_ids))
    if asked.sees_everything:
        if asked.walks and statuses:
            yield from _of_statuses(tickets, statuses, asked.order)
        else:
            yield Branch(tickets)
        return
    if statuses is None:
        # Tickets may have a status that no longer exists: only a condition on the whole finds those, too.
        yield Branch(tickets.visible_to(access, open_status_ids=open_ids))
        return
    if asked.assignees is not None and not asked.walks:
        agents, teams = asked.assignees
        if not (agents <= {access.agent.pk} and teams <= access.team_ids and statuses <= set(open_ids)):
            # Of others, or closed: whether the agent sees one takes looking for a referral.
            tickets = tickets.visible_to(access, open_status_ids=open_ids)
        yield from _assigned(tickets, statuses, agents, teams, asked.order, moment.since)
        return
    departments = frozenset() if access.agent.assigned_only else access.department_ids
    if departments:
        yield from _of_departments(tickets, statuses, departments, asked.order, moment.since)
    yield from _elsewhere(tickets, asked, statuses, departments, moment)


def _elsewhere(
    tickets: TicketQuerySet, asked: Asked, statuses: frozenset[int], departments: frozenset[int], moment: Moment
) -> Iterator[Branch | RankedBranch | ReferredBranch]:
    """What is assigned or referred to the agent, from outside the departments."""
    access, seen_open = asked.access, sorted(statuses & set(status_ids(TicketState.OPEN)))
    seen = {"statuses": statuses, "open_status_ids": seen_open}
    mine, of_teams, referred = tickets.visible_elsewhere(access, placed=moment.placed, **seen)
    # Who is in all departments has a thousand own tickets, none of them elsewhere: one look says so.
    look = Q(Exists(Ticket.objects.filter(status__in=seen_open).outside(departments))) if departments else Q()
    # As a filter, not as ranges: PostgreSQL would gather and sort what several ranges of the index find.
    outside = ~Q(dept_id__in=departments) if departments else Q()
    agents = frozenset({access.agent.pk})
    ranked = _ranked_of(agents, access.team_ids, seen_open, asked.order, moment.since, mine, of_teams)
    if ranked is None:
        yield Branch(mine.filter(look), "hd_ticket_agent")
        yield Branch(of_teams.filter(look), "hd_ticket_team")
    else:
        yield from (replace(branch, ranks=branch.ranks.filter(look, outside)) for branch in ranked)
        yield Branch(_saved(tickets.outside(departments), moment.since, seen_open, agents, access.team_ids))
    date = asked.order.only_date
    is_in_many = connection.vendor == "mysql" and len(departments) * len(statuses) > MOST_REFERRED_BRANCHES
    if moment.placed is None or is_in_many or date is None or date.name not in ranking.REFERRED_DATES:
        yield Branch(referred)
        return
    named, referrals, unplaced = tickets.referred_elsewhere(access, placed=moment.placed, **seen)
    for letter, ids in named.items():
        # Closed ones are only listed where they are referred to a department.
        listed = sorted(statuses) if letter == ObjectType.DEPARTMENT else seen_open
        of_one = referrals.filter(outside, object_type=letter, object_id=WHOM, status_id=STATUS)
        yield ReferredBranch(of_one, tuple(product(listed, sorted(ids))))
    if named:
        yield from (Branch(tickets, BY_ID) for tickets in unplaced)


def _assigned(
    tickets: TicketQuerySet,
    statuses: frozenset[int],
    agents: frozenset[int],
    teams: frozenset[int],
    order: TicketOrder,
    since: datetime | None,
) -> Iterator[Branch | RankedBranch]:
    """A queue of somebody's tickets: these are few, whatever the agent may see besides."""
    of_agents = tickets.filter(status__in=statuses, staff__in=agents)
    of_teams = tickets.filter(status__in=statuses, team__in=teams).exclude(staff__in=agents)
    ranked = _ranked_of(agents, teams, sorted(statuses), order, since, of_agents, of_teams)
    if ranked is None:
        yield Branch(of_agents, "hd_ticket_agent")
        yield Branch(of_teams, "hd_ticket_team")
        return
    yield from ranked
    yield Branch(_saved(tickets, since, statuses, agents, teams))


def _saved(
    tickets: TicketQuerySet,
    since: datetime | None,
    statuses: Iterable[int],
    agents: frozenset[int],
    teams: frozenset[int],
) -> TicketQuerySet:
    """Give those of somebody's tickets of which the ranks say nothing yet, or something old."""
    saved = Ticket.objects.filter(updated__gte=since).values("pk")
    return tickets.filter(Q(staff__in=agents) | Q(team__in=teams), pk__in=saved, status__in=statuses)


def _ranked_of(
    agents: frozenset[int],
    teams: frozenset[int],
    statuses: Sequence[int],
    order: TicketOrder,
    since: datetime | None,
    of_agents: TicketQuerySet,
    of_teams: TicketQuerySet,
) -> tuple[RankedBranch, RankedBranch] | None:
    """Give the branches of the ranks of somebody's tickets not saved `since`; None where the ranks do not help."""
    date = ranking.date_of(order)
    if since is None or date not in _ASSIGNED_INDEXES:
        return None
    ranks = [ranking.ranked(tickets, since=since).filter(status_id=STATUS) for tickets in (of_agents, of_teams)]
    of_agent, of_team = _ASSIGNED_INDEXES[date]
    return (
        RankedBranch(ranks[0].filter(staff_id=WHOM), date, tuple(product(statuses, sorted(agents))), of_agent),
        RankedBranch(ranks[1].filter(team_id=WHOM), date, tuple(product(statuses, sorted(teams))), of_team),
    )


def _of_departments(
    tickets: TicketQuerySet,
    statuses: frozenset[int],
    departments: frozenset[int],
    order: TicketOrder,
    since: datetime | None,
) -> Iterator[Branch | RankedBranch]:
    pairs = tuple(product(sorted(statuses), sorted(departments)))
    ranked = _ranked(tickets, pairs, order, since)
    if ranked is not None:
        yield ranked
        # By their ids, or SQLite reads all tickets of these departments.
        saved = Ticket.objects.filter(updated__gte=since).values("pk")
        yield Branch(tickets.filter(pk__in=saved, status__in=statuses, dept__in=departments))
        return
    date = order.only_date
    if len(pairs) <= MOST_BRANCHES:
        index = f"hd_ticket_by_{date.name}" if date else ""
        yield Branch(tickets.filter(status=STATUS, dept=DEPARTMENT), index, pairs)
        return
    yield from _of_statuses(tickets.filter(dept__in=departments), statuses, order)


def _of_statuses(tickets: TicketQuerySet, statuses: frozenset[int], order: TicketOrder) -> Iterator[Branch]:
    date = order.only_date
    index = "hd_ticket_updates" if date and date.name == "lastupdate" else ""
    for status in sorted(statuses):
        yield Branch(tickets.filter(status=status), index)


def _ranked(
    tickets: TicketQuerySet, pairs: tuple[tuple[int, int], ...], order: TicketOrder, since: datetime | None
) -> RankedBranch | None:
    """Give the branch of the ranks of tickets that were not saved `since`; None where the ranks do not help."""
    date = ranking.date_of(order)
    if date is None or since is None or len(pairs) * len(all_urgencies()) > MOST_RANKED_BRANCHES:
        return None
    # SQLite chooses it by itself.
    index = _RANK_INDEXES[date] if connection.vendor == "mysql" else ""
    ranks = ranking.ranked(tickets, since=since).filter(status_id=STATUS, dept_id=DEPARTMENT)
    return RankedBranch(ranks, date, pairs, index)


def all_urgencies() -> tuple[int, ...]:
    """Give the urgencies of all priorities, and that of tickets without one."""
    return tuple(sorted({row.urgency for row in priorities().values()} | {LEAST_URGENT}))

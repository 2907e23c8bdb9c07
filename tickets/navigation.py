"""The queues beside every agent page, with their counts (osticket/queues.md §4, counts).

One statement groups all open tickets by what queues ask for; its result serves every agent and every queue for a few
seconds, and each agent's numbers are added up from it in Python. A second statement adds what only a referral shows to
this agent. Nothing here depends on how many tickets were ever closed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Count

from helpdesk import configuration
from helpdesk.people.access import AgentAccess
from tickets.constants import QueueFlag, TicketState
from tickets.criteria import CriteriaContext, Criterion, TicketGroup, chosen, group_matches, unread_paths
from tickets.models import Ticket
from tickets.periods import zone_named
from tickets.querysets import TicketQuerySet
from tickets.queues import QueueDefinition, children_of, definition_of, is_offered
from tickets.reference_data import QueueRow, QueueTables, queue_tables, status_ids, statuses
from tickets.screens import NavigationQueue

KEPT_SECONDS = 5
Counted = list[tuple[TicketGroup, int]]
_GROUPED_BY = ("status_id", "dept_id", "staff_id", "team_id", "isanswered", "isoverdue")


def navigation_for(access: AgentAccess, *, now: datetime) -> list[NavigationQueue]:
    """Give the queues that this agent is offered, as a tree in osTicket's order, with the numbers of open tickets."""
    tables = queue_tables()
    context = context_for(access, now)
    counted = _visible_groups(access)
    return [_navigation_queue(row, tables, context, counted) for row in _offered(None, tables, access)]


def context_for(access: AgentAccess, now: datetime) -> CriteriaContext:
    """Give what criteria need to know of an agent: the agent's own time zone, else that of the help desk."""
    name = access.agent.timezone or configuration.current().text("default_timezone")
    return CriteriaContext(access=access, statuses=statuses(), now=now, zone=zone_named(name))


def forget_counts(**_: object) -> None:
    """Count anew for everybody once the running transaction has committed (a receiver of ticket signals)."""
    transaction.on_commit(lambda: cache.delete(_shared_key()))


def _offered(parent_id: int | None, tables: QueueTables, access: AgentAccess) -> list[QueueRow]:
    rows = [row for row in children_of(parent_id, tables) if is_offered(row, access)]
    return [row for row in rows if row.flags & QueueFlag.QUEUE or parent_id is not None]


def _navigation_queue(
    row: QueueRow, tables: QueueTables, context: CriteriaContext, counted: Counted
) -> NavigationQueue:
    definition = definition_of(row, tables)
    children = _offered(row.id, tables, context.access)
    return NavigationQueue(
        id=row.id,
        key=_key(row, definition, tables),
        title=row.title,
        count=_count(definition.criteria, context, counted),
        children=tuple(_navigation_queue(child, tables, context, counted) for child in children),
    )


def _count(criteria: Iterable[Criterion], context: CriteriaContext, counted: Counted) -> int | None:
    """Add up the groups that fulfil the criteria; None for queues that do not ask for open tickets alone or
    for something that we cannot read yet."""
    criteria = list(criteria)
    if not any(_asks_for_open(criterion) for criterion in criteria) or unread_paths(criteria, context):
        return None
    total = 0
    for group, number in counted:
        verdict = group_matches(criteria, group, context)
        if verdict is None:
            return None
        total += number if verdict else 0
    return total


def _asks_for_open(criterion: Criterion) -> bool:
    is_state = criterion.path == "status__state" and criterion.method == "includes"
    return is_state and chosen(criterion.value) == [TicketState.OPEN]


def _visible_groups(access: AgentAccess) -> Counted:
    """Give the groups of open tickets that the agent sees: assigned, in own departments, referred."""
    counted = [(group, number) for group, number in _all_groups() if _sees(access, group)]
    return counted + _referred_groups(access)


def _sees(access: AgentAccess, group: TicketGroup) -> bool:
    if group.staff_id == access.agent.pk or group.team_id in access.team_ids:
        return True
    return not access.agent.assigned_only and group.dept_id in access.department_ids


def _all_groups() -> Counted:
    counted: Counted | None = cache.get(_shared_key())
    if counted is None:
        counted = _grouped(_open_tickets())
        cache.set(_shared_key(), counted, KEPT_SECONDS)
    return counted


def _referred_groups(access: AgentAccess) -> Counted:
    """Group the open tickets that the agent sees by referral alone."""
    key = _agent_key(access)
    counted: Counted | None = cache.get(key)
    if counted is None:
        visible = _open_tickets().visible_to(access, open_status_ids=status_ids(TicketState.OPEN))
        counted = [pair for pair in _grouped(visible.referred_to_agent(access)) if not _sees(access, pair[0])]
        cache.set(key, counted, KEPT_SECONDS)
    return counted


def _open_tickets() -> TicketQuerySet:
    return Ticket.objects.filter(status__in=status_ids(TicketState.OPEN)).without_merged_children()


def _grouped(tickets: TicketQuerySet) -> Counted:
    rows = tickets.order_by().values_list(*_GROUPED_BY).annotate(number=Count("pk"))
    return [(TicketGroup(*row[:-1]), row[-1]) for row in rows]


def _key(row: QueueRow, definition: QueueDefinition, tables: QueueTables) -> str:
    """Name the queues of a new installation by what they ask for."""
    own = row.config
    parent = tables.queues.get(row.parent_id or 0)
    if parent is None:
        return _root_key(definition.criteria) or f"queue-{row.id}"
    root = _root_key(definition_of(parent, tables).criteria)
    added = [c for c in definition.criteria if c not in definition_of(parent, tables).criteria] if own else []
    name = _CHILD_KEYS.get((added[0].path, added[0].method)) if len(added) == 1 else None
    return f"{root}-{name}" if root and name else f"queue-{row.id}"


_CHILD_KEYS = {("isanswered", "nset"): "unanswered", ("isanswered", "set"): "answered", ("isoverdue", "set"): "overdue"}


def _root_key(criteria: tuple[Criterion, ...]) -> str:
    asked = {criterion.path: chosen(criterion.value) for criterion in criteria}
    state = asked.pop("status__state", [])
    if state == [TicketState.OPEN] and asked == {"assignee": ["M", "T"]}:
        return "my-tickets"
    return {"open": "open", "closed": "closed"}.get(state[0], "") if len(state) == 1 and not asked else ""


def _shared_key() -> str:
    return f"tickets.counts.{connection.settings_dict['NAME']}"


def _agent_key(access: AgentAccess) -> str:
    """A key for what this agent may reach: it changes with departments and teams."""
    reach = f"{access.agent.assigned_only}{sorted(access.department_ids)}{sorted(access.team_ids)}"
    digest = hashlib.sha256(reach.encode()).hexdigest()[:16]
    return f"{_shared_key()}.{access.agent.pk}.{digest}"

"""The queues beside every agent page, with their counts (osticket/queues.md §4, counts).

All open tickets are grouped by what queues ask for; the result serves every agent and every queue for a few seconds,
and each agent's numbers are added up from it in Python, once in these seconds. What only a referral shows to this agent
is added. Whatever has to be counted anew is counted in one statement. Nothing depends on how many tickets were ever
closed.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import Count

from helpdesk import configuration
from helpdesk.people.access import AgentAccess
from tickets import ranking
from tickets.constants import QueueFlag, TicketState
from tickets.criteria import CriteriaContext, Criterion, TicketGroup, chosen, group_matches, grouped_by
from tickets.criteria_checks import unread_paths
from tickets.models import Ticket
from tickets.periods import zone_named
from tickets.querysets import TicketQuerySet
from tickets.queue_counts import MOST_COUNTED, count_missing, kept_counts
from tickets.queues import QueueDefinition, children_of, definition_of, is_offered, with_preferences
from tickets.reference_data import QueueRow, QueueTables, queue_tables, status_ids, statuses
from tickets.screens import NavigationQueue

KEPT_SECONDS = 5
SHOWN_SECONDS = 60
"""How old numbers may be that stand beside the queues until those counted anew come, a moment after the page."""
Row = tuple[int, ...]
"""What tickets are grouped by, as the database has it, and their number behind it: plain, as they are thousands."""
Numbers = dict[int, int | None]
"""The numbers beside the queues by their ids, None for queues without one."""
_GROUPED_BY = TicketGroup._fields
_FLAGS = frozenset({"isanswered", "isoverdue"})
_DEPARTMENT, _AGENT, _TEAM = (_GROUPED_BY.index(column) for column in ("dept_id", "staff_id", "team_id"))


@dataclass(frozen=True)
class QueueNumber:
    """What stands beside a queue: None where nothing does."""

    count: int | None
    is_more: bool = False
    is_pending: bool = False
    is_waiting: bool = False


def navigation_for(
    access: AgentAccess, *, now: datetime, is_complete: bool = False, is_brief: bool = False
) -> list[NavigationQueue]:
    """Give the queues that this agent is offered, as a tree in osTicket's order, with their numbers.

    Those that open tickets tell are there at once. The others are counted for `is_complete` only, one by one, and kept
    for a minute (`tickets.queue_counts`); until then they are pending. With `is_brief` nothing is counted: what open
    tickets would tell is waiting, with the number of up to a minute ago if there was one.
    """
    tables = queue_tables()
    offered = _with_children(_offered(None, tables, access), tables, access)
    kept, are_fresh = _kept_numbers(access, offered)
    waiting: set[int] = set()
    if is_brief and not are_fresh:
        waiting = {row.id for row in offered if _are_of_open(_criteria(row, tables, access))}
        numbers = kept or dict.fromkeys((row.id for row in offered), None)
    else:
        numbers = kept if kept and are_fresh else _numbers(access, offered, tables, now)
    left = [row for row in offered if numbers[row.id] is None and row.id not in waiting]
    known = {row.id: QueueNumber(numbers[row.id]) for row in offered}
    known |= {pk: QueueNumber(numbers[pk], is_pending=numbers[pk] is None, is_waiting=True) for pk in waiting}
    known |= _bounded_numbers(access, left, tables, now, is_complete=is_complete)
    return [_navigation_queue(row, tables, access, known) for row in _offered(None, tables, access)]


def _bounded_numbers(
    access: AgentAccess, rows: Sequence[QueueRow], tables: QueueTables, now: datetime, *, is_complete: bool
) -> dict[int, QueueNumber]:
    """Give the numbers of queues that have to be counted one by one."""
    if not rows:
        return {}
    key = _agent_key(access)
    if is_complete:
        queues = [with_preferences(definition_of(row, tables), access) for row in rows]
        known = count_missing(key, queues, access, context_for(access, now))
    else:
        known = kept_counts(key)
    found = {}
    for row in rows:
        number = known.get(row.id)
        if number is not None and number > MOST_COUNTED:
            found[row.id] = QueueNumber(MOST_COUNTED, is_more=True)
        else:
            found[row.id] = QueueNumber(number, is_pending=row.id not in known)
    return found


def context_for(access: AgentAccess, now: datetime) -> CriteriaContext:
    """Give what criteria need to know of an agent: the agent's own time zone, else that of the help desk."""
    name = access.agent.timezone or configuration.current().text("default_timezone")
    return CriteriaContext(access=access, statuses=statuses(), now=now, zone=zone_named(name))


def forget_counts(**_: object) -> None:
    """Count anew for everybody once the running transaction has committed (a receiver of ticket signals)."""
    transaction.on_commit(lambda: cache.delete_many([_shared_key(), _stamp_key()]))


def _offered(parent_id: int | None, tables: QueueTables, access: AgentAccess) -> list[QueueRow]:
    rows = [row for row in children_of(parent_id, tables) if is_offered(row, access)]
    if parent_id is not None:
        return rows
    queues = [row for row in rows if row.flags & QueueFlag.QUEUE]
    return [*queues, *(row for row in rows if not row.flags & QueueFlag.QUEUE)]


def _with_children(rows: Iterable[QueueRow], tables: QueueTables, access: AgentAccess) -> list[QueueRow]:
    found: list[QueueRow] = []
    for row in rows:
        found += [row, *_with_children(_offered(row.id, tables, access), tables, access)]
    return found


def _navigation_queue(
    row: QueueRow, tables: QueueTables, access: AgentAccess, numbers: dict[int, QueueNumber]
) -> NavigationQueue:
    children = _offered(row.id, tables, access)
    number = numbers[row.id]
    return NavigationQueue(
        id=row.id,
        key=_key(row, definition_of(row, tables), tables),
        title=row.title,
        count=number.count,
        children=tuple(_navigation_queue(child, tables, access, numbers) for child in children),
        is_more=number.is_more,
        is_pending=number.is_pending,
        is_waiting=number.is_waiting,
        is_personal=row.staff_id == access.agent.pk and not row.flags & QueueFlag.PUBLIC,
        is_search=not row.flags & QueueFlag.QUEUE,
    )


def _numbers(access: AgentAccess, rows: Sequence[QueueRow], tables: QueueTables, now: datetime) -> Numbers:
    """Add up the numbers of these queues and keep them: they count for as long as the groups, and are shown longer."""
    of_stamp, visible = _visible_rows(access)
    context = context_for(access, now)
    totals = _Totals(visible)
    asked = {row.id: _criteria(row, tables, access) for row in rows}
    # Once by all that any queue asks for: the rest is added up from that, which is less.
    every = {column for criteria in asked.values() if _are_of_open(criteria) for column in grouped_by(criteria)}
    totals.rows_by(tuple(column for column in _GROUPED_BY if column in every))
    numbers = {queue_id: _count(criteria, context, totals) for queue_id, criteria in asked.items()}
    cache.set(_numbers_key(access), (of_stamp, numbers), SHOWN_SECONDS)
    return numbers


def _kept_numbers(access: AgentAccess, rows: Sequence[QueueRow]) -> tuple[Numbers | None, bool]:
    """Give the kept numbers, None when one is missing, and whether the groups are kept that they were added up from."""
    stamp_key, key = _stamp_key(), _numbers_key(access)
    kept = cache.get_many([stamp_key, key])
    numbers: Numbers
    of_stamp, numbers = kept.get(key, ("", {}))
    if not of_stamp or any(row.id not in numbers for row in rows):
        return None, False
    return numbers, of_stamp == kept.get(stamp_key)


def _criteria(row: QueueRow, tables: QueueTables, access: AgentAccess) -> Sequence[Criterion]:
    return with_preferences(definition_of(row, tables), access).criteria


class _Totals:
    """Groups added up by a part of what they are grouped by: of thousands few remain to be judged."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows: dict[tuple[str, ...], Sequence[Row]] = {_GROUPED_BY: rows}
        self._groups: dict[tuple[str, ...], list[tuple[TicketGroup, int]]] = {}

    def by(self, columns: tuple[str, ...]) -> list[tuple[TicketGroup, int]]:
        """Give the groups with these columns alone, empty in the others."""
        if columns not in self._groups:
            self._groups[columns] = [(_group(columns, row), row[-1]) for row in self.rows_by(columns)]
        return self._groups[columns]

    def rows_by(self, columns: tuple[str, ...]) -> Sequence[Row]:
        """Give the rows with these columns alone."""
        if columns not in self._rows:
            wider = (known for known in self._rows if set(columns) <= set(known))
            widest = min(wider, key=lambda known: len(self._rows[known]))
            totals: dict[Any, int] = {}
            if not columns:
                totals[()] = sum(row[-1] for row in self._rows[widest])
            else:
                key = itemgetter(*(widest.index(column) for column in columns))
                for row in self._rows[widest]:
                    values = key(row)
                    totals[values] = totals.get(values, 0) + row[-1]
            is_single = len(columns) == 1
            self._rows[columns] = [
                (values, number) if is_single else (*values, number) for values, number in totals.items()
            ]
        return self._rows[columns]


def _group(columns: tuple[str, ...], row: Row) -> TicketGroup:
    given: dict[str, Any] = dict.fromkeys(TicketGroup._fields)
    for column, value in zip(columns, row[:-1], strict=True):
        given[column] = bool(value) if column in _FLAGS else value or None
    return TicketGroup(**given)


def _count(criteria: Iterable[Criterion], context: CriteriaContext, totals: _Totals) -> int | None:
    """Add up the groups that fulfil the criteria; None for queues that do not ask for open tickets alone or
    for something that we cannot read yet."""
    criteria = list(criteria)
    if not _are_of_open(criteria) or unread_paths(criteria, context):
        return None
    total = 0
    for group, number in totals.by(grouped_by(criteria)):
        verdict = group_matches(criteria, group, context)
        if verdict is None:
            return None
        total += number if verdict else 0
    return total


def _are_of_open(criteria: Iterable[Criterion]) -> bool:
    return any(
        criterion.path == "status__state"
        and criterion.method == "includes"
        and chosen(criterion.value) == [TicketState.OPEN]
        for criterion in criteria
    )


def _visible_rows(access: AgentAccess) -> tuple[str, list[Row]]:
    """Give the groups of open tickets that the agent sees (assigned, in own departments, referred), and their stamp."""
    (stamp, everybodys), (_stamp, referred) = _rows(access)
    agent, teams = access.agent.pk, access.team_ids
    departments = frozenset() if access.agent.assigned_only else access.department_ids

    def is_seen(row: Row) -> bool:
        return row[_DEPARTMENT] in departments or row[_AGENT] == agent or row[_TEAM] in teams

    return stamp, [row for row in everybodys if is_seen(row)] + [row for row in referred if not is_seen(row)]


def _rows(access: AgentAccess) -> tuple[tuple[str, list[Row]], tuple[str, list[Row]]]:
    """Give the groups of all open tickets, and of those that are referred to the agent and his teams and departments,
    each with a stamp of its own.

    Both are kept for a few seconds; what has run out is read in one statement.
    """
    keys = (_shared_key(), _agent_key(access))
    kept: dict[str, tuple[str, list[Row]]] = cache.get_many(keys)
    missing = [key for key in keys if key not in kept]
    if missing:
        sets = {keys[0]: _open_tickets(), keys[1]: _referred_tickets(access)}
        read = _grouped([sets[key] for key in missing])
        made = {key: (secrets.token_hex(8), groups) for key, groups in zip(missing, read, strict=True)}
        kept |= made
        stamps = {_stamp_key(): made[keys[0]][0]} if keys[0] in made else {}
        cache.set_many({**made, **stamps}, KEPT_SECONDS)
    return kept[keys[0]], kept[keys[1]]


def _open_tickets() -> TicketQuerySet:
    return Ticket.objects.filter(status__in=status_ids(TicketState.OPEN)).without_merged_children()


def _referred_tickets(access: AgentAccess) -> TicketQuerySet:
    """Give what only a referral shows to the agent."""
    open_ids = status_ids(TicketState.OPEN)
    _mine, _of_teams, referred = _open_tickets().visible_elsewhere(
        access, statuses=open_ids, open_status_ids=open_ids, placed=ranking.placed_referrals()
    )
    return referred


def _grouped(sets: Sequence[TicketQuerySet]) -> list[list[Row]]:
    """Group and count each of these sets of tickets, all of them in one statement, from indexes alone.

    The rows are thousands on a large help desk, so they are taken as the database gives them.
    """
    texts: list[str] = []
    parameters: list[Any] = []
    for part, tickets in enumerate(sets):
        # Not of "pk", which is no column of the index.
        grouped = tickets.order_by().values_list(*_GROUPED_BY).annotate(number=Count("*"))
        try:
            sql, values = grouped.query.sql_with_params()
        except EmptyResultSet:
            continue
        shown = _AS_ONE_TEXT if connection.vendor == "mysql" else "counted.*"
        texts.append(f"SELECT {part:d} AS part, {shown} FROM ({sql}) AS counted")  # noqa: S608 -- compiled by Django
        parameters += values
    counted: list[list[Row]] = [[] for _ in sets]
    if not texts:
        return counted
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(texts), parameters)
        rows: Iterable[Sequence[Any]] = cursor.fetchall()
    if connection.vendor == "mysql":
        for part, text in rows:
            counted[part] = [tuple(row) for row in json.loads(f"[[{text}]]" if text else "[]")]
        return counted
    for part, *row in rows:
        counted[part].append(tuple(map(int, row)))
    return counted


_AS_ONE_TEXT = f"GROUP_CONCAT(CONCAT_WS(',', {', '.join(_GROUPED_BY)}, number) SEPARATOR '],[')"
"""MySQL's usual driver is written in Python and takes 10 microseconds to read a row, which was two thirds of the time
of a large help desk's numbers. None of the columns is ever NULL, and the driver's session allows texts that long."""


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
    return f"tickets.open_groups.{connection.settings_dict['NAME']}"


def _stamp_key() -> str:
    """Names the groups that are kept, so that nobody needs to load them to see whether they are still the same."""
    return f"{_shared_key()}.stamp"


def _numbers_key(access: AgentAccess) -> str:
    return f"{_agent_key(access)}.numbers"


def _agent_key(access: AgentAccess) -> str:
    """A key for what this agent may reach: it changes with departments and teams."""
    reach = f"{access.agent.assigned_only}{sorted(access.department_ids)}{sorted(access.team_ids)}"
    digest = hashlib.sha256(reach.encode()).hexdigest()[:16]
    return f"{_shared_key()}.{access.agent.pk}.{digest}"

"""Small tables that every ticket page needs, kept in the shared cache: statuses, priorities, queues, columns, sorts.

Our own changes are seen at once (signals forget what is kept), those of PHP osTicket after ten seconds at the latest.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.cache import cache
from django.db import connection, transaction

from helpdesk.people.models import Agent, Department, Team, TeamMember
from helpdesk.people.names import agent_name
from tickets.assignees import assignable_teams
from tickets.models import Queue, QueueColumn, QueueColumnPlacement, QueueSort, TicketPriority, TicketStatus

LONGEST_AGE = 10
"""Seconds."""
Value = TypeVar("Value")


@dataclass(frozen=True)
class StatusRow:
    """A ticket status."""

    id: int
    name: str
    state: str
    mode: int


@dataclass(frozen=True)
class PriorityRow:
    """A ticket priority; urgency 1 is the most urgent."""

    id: int
    name: str
    color: str
    urgency: int


@dataclass(frozen=True)
class ColumnRow:
    """A column at its place in a queue: the field paths it shows, its heading and its width in pixels."""

    primary: str
    secondary: str
    heading: str
    width: int


@dataclass(frozen=True)
class QueueRow:
    """A row of `queue` with its own columns; what it inherits is worked out by `tickets.queues`."""

    id: int
    parent_id: int | None
    staff_id: int | None
    title: str
    flags: int
    sort: int
    sort_id: int | None
    columns_id: int | None
    config: Any
    columns: tuple[ColumnRow, ...]


@dataclass(frozen=True)
class QueueTables:
    """All queues by id, and the columns of all sort definitions by id."""

    queues: dict[int, QueueRow]
    sorts: dict[int, tuple[str, ...]]


def statuses() -> dict[int, StatusRow]:
    """Give all statuses by id."""
    return _kept("statuses", _read_statuses)


def status_ids(*states: str) -> list[int]:
    """Give the ids of the statuses of these states."""
    return [row.id for row in statuses().values() if row.state in states]


def priorities() -> dict[int, PriorityRow]:
    """Give all priorities by id."""
    return _kept("priorities", _read_priorities)


def queue_tables() -> QueueTables:
    """Give the definitions of all queues."""
    return _kept("queues", _read_queues)


def agent_names() -> dict[int, str]:
    """Give the names of all agents by id, in the configured format."""
    parts = _kept("agents", _read_agents)
    return {pk: agent_name(first, last, username=username) for pk, (first, last, username) in parts.items()}


def team_names() -> dict[int, str]:
    """Give the names of all teams by id."""
    return {pk: name for pk, (name, _is_assignable) in _kept("teams", _read_teams).items()}


def assignable_team_names() -> dict[int, str]:
    """Give the names of the teams that can be chosen, by name."""
    return {pk: name for pk, (name, is_assignable) in _kept("teams", _read_teams).items() if is_assignable}


def department_names() -> dict[int, str]:
    """Give the names of all departments by id."""
    return _kept("departments", lambda: dict(Department.objects.values_list("pk", "name")))


def forget_reference_data(**_: object) -> None:
    """Read everything anew from now on, in every process (a receiver of model signals)."""
    keys = [_key(name) for name in _NAMES]
    cache.delete_many(keys)
    transaction.on_commit(lambda: cache.delete_many(keys))


TABLES = (
    *(Agent, Department, Team, TeamMember, TicketPriority, TicketStatus),
    *(Queue, QueueColumn, QueueColumnPlacement, QueueSort),
)
"""The models whose changes make this module read anew."""
_NAMES = ("statuses", "priorities", "queues", "agents", "teams", "departments")


def _kept(name: str, read: Callable[[], Value]) -> Value:
    value: Value | None = cache.get(_key(name))
    if value is None:
        value = read()
        cache.set(_key(name), value, LONGEST_AGE)
    return value


def _key(name: str) -> str:
    return f"tickets.reference.{connection.settings_dict['NAME']}.{name}"


def _read_statuses() -> dict[int, StatusRow]:
    rows = TicketStatus.objects.order_by("sort", "id").values_list("id", "name", "state", "mode")
    return {pk: StatusRow(pk, name, state or "", int(mode)) for pk, name, state, mode in rows}


def _read_priorities() -> dict[int, PriorityRow]:
    rows = TicketPriority.objects.order_by("priority_urgency", "priority_id").values_list(
        "priority_id", "priority_desc", "priority_color", "priority_urgency"
    )
    return {pk: PriorityRow(pk, name, color, urgency) for pk, name, color, urgency in rows}


def _read_agents() -> dict[int, tuple[str, str, str]]:
    rows = Agent.objects.values_list("pk", "firstname", "lastname", "username")
    return {pk: (first or "", last or "", username) for pk, first, last, username in rows}


def _read_teams() -> dict[int, tuple[str, bool]]:
    choosable = set(assignable_teams().values_list("pk", flat=True))
    return {pk: (name, pk in choosable) for pk, name in Team.objects.order_by("name").values_list("pk", "name")}


def _read_queues() -> QueueTables:
    columns = _columns_by_queue(QueueColumn.objects.in_bulk())
    queues = {
        queue.pk: QueueRow(
            id=queue.pk,
            parent_id=queue.parent_id,
            staff_id=queue.staff_id,
            title=html.unescape(queue.title or ""),  # osTicket stores titles escaped
            flags=int(queue.flags),
            sort=queue.sort,
            sort_id=queue.default_sort_id,
            columns_id=queue.columns_of_id,
            config=queue.config,
            columns=tuple(columns.get(queue.pk, ())),
        )
        for queue in Queue.objects.all()
    }
    sorts = {sort.pk: _paths(sort.columns) for sort in QueueSort.objects.all()}
    return QueueTables(queues, sorts)


def _columns_by_queue(columns: dict[Any, QueueColumn]) -> dict[int, list[ColumnRow]]:
    """Give the standard columns (not the personal layouts) by queue."""
    found: dict[int, list[ColumnRow]] = {}
    for place in QueueColumnPlacement.objects.filter(staff_id=0).order_by("queue_id", "sort", "column_id"):
        column = columns.get(place.column_id)
        if column is not None and place.queue_id is not None:
            heading = place.heading or column.name
            row = ColumnRow(column.primary, column.secondary or "", heading, place.width or 100)
            found.setdefault(place.queue_id, []).append(row)
    return found


def _paths(columns: Collection[Any] | None) -> tuple[str, ...]:
    return tuple(path for path in columns or () if isinstance(path, str)) if isinstance(columns, list) else ()

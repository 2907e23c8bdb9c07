"""Queues as an agent has them: inherited criteria, columns and sort (osticket/queues.md §1 to §6)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import NotFound
from helpdesk.people.access import AgentAccess
from helpdesk.people.permissions import AgentPermission
from tickets.constants import QueueFlag
from tickets.criteria import Criterion, malformed_parts, parse_criteria
from tickets.quick_filters import INHERITED
from tickets.reference_data import (
    ColumnRow,
    QueueRow,
    QueueTables,
    StyleCondition,
    queue_preferences,
    queue_tables,
    style_conditions,
)
from tickets.sorting import DEFAULT_PATHS

LAST = 999
"""Where rows with sort 0 stand."""
SUPPLEMENTAL = ("isoverdue", "isassigned", "isanswered")
"""The fields that an agent's own settings may add to a queue."""
STANDARD_COLUMNS = (
    ColumnRow("number", "", "Ticket", 100),
    ColumnRow("created", "", "Created", 150),
    ColumnRow("cdata__subject", "", "Subject", 300, truncate="ellipsis"),
    ColumnRow("user__name", "", "From", 185),
    ColumnRow("cdata__priority", "", "Priority", 85),
    ColumnRow("assignee", "", "Assigned To", 160),
)
"""Shown where neither the queue nor its parent has columns (osticket/queues.md §6)."""


@dataclass(frozen=True)
class QueueDefinition:
    """A queue with everything that it inherits. `criteria` are those of its ancestors, then its own."""

    id: int
    title: str
    parent_title: str
    is_queue: bool
    criteria: tuple[Criterion, ...]
    columns: tuple[ColumnRow, ...]
    sort_paths: tuple[str, ...]
    sort_ids: tuple[int, ...] = ()
    """The sort definitions that the queue offers."""
    filter: str = ""
    """The path of its quick filter."""
    conditions: tuple[StyleCondition, ...] = ()
    """Styles of whole rows."""
    owner_id: int | None = None
    parent_id: int | None = None
    has_public_owner: bool = True
    malformed: tuple[str, ...] = ()
    """What stands among the stored criteria and is none."""


def queue_for(access: AgentAccess, queue_id: int) -> QueueDefinition:
    """Give the queue with this id as this agent has it.

    Raises NotFound for queues that do not exist, are switched off, or belong to somebody else.
    """
    tables = queue_tables()
    row = tables.queues.get(queue_id)
    if row is None or not is_offered(row, access):
        raise NotFound(_("No such queue."), code="queue_not_found")
    return definition_of(row, tables, agent_id=access.agent.pk)


def is_offered(row: QueueRow, access: AgentAccess) -> bool:
    """Whether the agent may open the queue: a public one, or an own one."""
    flags = QueueFlag(row.flags)
    if flags & QueueFlag.DISABLED:
        return False
    return bool(flags & (QueueFlag.PUBLIC | QueueFlag.QUEUE)) or row.staff_id == access.agent.pk


def definition_of(row: QueueRow, tables: QueueTables, *, agent_id: int = 0) -> QueueDefinition:
    """Give a queue with what it inherits, and with the columns that this agent chose for it."""
    known: QueueDefinition | None = tables.worked_out.get((row.id, agent_id))
    if known is None:
        known = tables.worked_out[row.id, agent_id] = _worked_out(row, tables, agent_id)
    return known


def _worked_out(row: QueueRow, tables: QueueTables, agent_id: int) -> QueueDefinition:
    ancestry = list(_ancestry(row, tables))
    top = ancestry[0]
    criteria = tuple(criterion for queue in ancestry for criterion in parse_criteria(queue.config))
    return QueueDefinition(
        id=row.id,
        title=row.title,
        parent_title=ancestry[-2].title if len(ancestry) > 1 else "",
        is_queue=bool((row.flags | top.flags) & QueueFlag.QUEUE),
        criteria=criteria,
        columns=_columns(row, tables, agent_id) or STANDARD_COLUMNS,
        sort_paths=_sort_paths(row, tables) or DEFAULT_PATHS,
        sort_ids=_sort_ids(row, tables),
        filter=_filter(ancestry),
        conditions=style_conditions(row.config.get("conditions") if isinstance(row.config, dict) else None),
        owner_id=row.staff_id,
        parent_id=row.parent_id,
        has_public_owner=bool(row.flags & QueueFlag.PUBLIC),
        malformed=tuple(json.dumps(part)[:60] for queue in ancestry for part in malformed_parts(queue.config)),
    )


def sees_everything(queue: QueueDefinition, access: AgentAccess) -> bool:
    """Whether a search shows all tickets: an own one of an agent who may search them all (osticket/queues.md §4)."""
    is_own = not queue.is_queue and queue.owner_id == access.agent.pk
    return is_own and access.has_agent_permission(AgentPermission.SEARCH_ALL)


def with_preferences(queue: QueueDefinition, access: AgentAccess) -> QueueDefinition:
    """Apply the agent's own settings for a public queue: another sort, a few more criteria."""
    setting: Any = queue_preferences().get((queue.id, access.agent.pk))
    if not isinstance(setting, dict):
        return queue
    sort_id = "" if is_inherited(setting, "sort") else str(setting.get("sort_id") or "")
    paths = queue_tables().sorts.get(int(sort_id)) if sort_id.isdecimal() and len(sort_id) <= 10 else None
    used = {criterion.path for criterion in queue.criteria}
    more = [
        criterion
        for criterion in parse_criteria(setting.get("criteria"))
        if criterion.path in SUPPLEMENTAL and criterion.path not in used
    ]
    chosen_filter = setting.get("filter")
    return replace(
        queue,
        criteria=(*more, *queue.criteria),
        sort_paths=paths or queue.sort_paths,
        filter=chosen_filter if isinstance(chosen_filter, str) and chosen_filter else queue.filter,
    )


def is_inherited(setting: Any, what: str) -> bool:
    """Whether an agent's settings for a queue leave its `columns` or `sort` as they are for everybody."""
    return isinstance(setting, dict) and setting.get(f"inherit-{what}") not in (None, False, "", "0")


def children_of(parent_id: int | None, tables: QueueTables) -> list[QueueRow]:
    """Give the queues below a queue (None: at the top) in their order: by sort, 0 last, then title."""
    rows = [row for row in tables.queues.values() if row.parent_id == parent_id]
    return sorted(rows, key=lambda row: (row.sort or LAST, row.title.casefold(), row.id))


def _ancestry(row: QueueRow, tables: QueueTables) -> Iterator[QueueRow]:
    """Give the ancestors from the top down, then the queue itself; a circle ends where it closes."""
    line, seen = [row], {row.id}
    while (parent := tables.queues.get(line[0].parent_id or 0)) is not None and parent.id not in seen:
        line.insert(0, parent)
        seen.add(parent.id)
    return iter(line)


def _columns(row: QueueRow, tables: QueueTables, agent_id: int) -> tuple[ColumnRow, ...]:
    personal = row.personal_columns.get(agent_id) if agent_id else None
    # osTicket leaves the rows of an agent who goes back to the columns of the queue.
    if personal and not is_inherited(queue_preferences().get((row.id, agent_id)), "columns"):
        return personal
    other = tables.queues.get(row.columns_id or 0)
    if other is not None:
        return other.columns
    parent = tables.queues.get(row.parent_id or 0)
    if parent is not None and row.flags & QueueFlag.INHERIT_COLUMNS:
        line = list(_ancestry(row, tables))[:-1]
        return next((queue.columns for queue in reversed(line) if queue.columns), ())
    return row.columns


def _sort_paths(row: QueueRow, tables: QueueTables) -> tuple[str, ...]:
    """Give the default sort: that of the queue above as long as bit 64 is set, or the own one where that has none."""
    line = [row]
    for above in list(_ancestry(row, tables))[-2::-1]:
        if not line[-1].flags & QueueFlag.INHERIT_DEFAULT_SORT:
            break
        line.append(above)
    return next((paths for queue in reversed(line) if (paths := tables.sorts.get(queue.sort_id or 0, ()))), ())


def _sort_ids(row: QueueRow, tables: QueueTables) -> tuple[int, ...]:
    """Give the sorts that a queue offers, or its nearest ancestor that has some."""
    line = list(_ancestry(row, tables)) if row.flags & QueueFlag.INHERIT_SORTING else [row]
    offered = next((queue.sort_choices for queue in reversed(line) if queue.sort_choices), ())
    return tuple(sort_id for sort_id in offered if sort_id in tables.named_sorts)


def _filter(ancestry: Sequence[QueueRow]) -> str:
    """Give the path of the quick filter; `::` stands for the parent's."""
    for queue in reversed(ancestry):
        if queue.filter != INHERITED:
            return queue.filter
    return ""

"""Finding the ids of one page of a queue, at a cost that does not depend on how many tickets there ever were.

A condition with OR over departments, assignments and referrals makes every engine read all tickets of a state and sort
them. Instead the visible tickets are taken apart into branches that exclude each other: one for each status and
department of the agent, where one of our indexes (helpdesk/legacy/indexes.py) gives the tickets in order, and a few for
what is assigned or referred to the agent from other departments. Each branch yields at most a page, and the page is
the best of these. Queues that sort by priority find theirs in the order of the ranks (tickets/ranking.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection
from django.db.models import Model, Q, QuerySet
from django.db.models.sql.compiler import SQLCompiler

from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.legacy.indexes import present_indexes
from helpdesk.people.access import AgentAccess
from tickets import ranking
from tickets.constants import TicketState
from tickets.criteria import CriteriaContext, Criterion, compile_criteria
from tickets.criteria_kinds import asked_assignees, asked_statuses
from tickets.models import Ticket, TicketRank
from tickets.querysets import TicketQuerySet
from tickets.reference_data import priorities, status_ids
from tickets.sorting import LEAST_URGENT, Phase, SortKey, TicketOrder

MOST_BRANCHES = 48
"""With more statuses times departments the departments become a condition: such an agent sees most tickets anyway."""
INDEXES_KEPT_SECONDS = 10
_NO_SUCH_INDEX = ("1176", "no such index", "no query solution")
"""What MySQL and SQLite say of a hint that names an index which was dropped, or made anew with other columns."""
MOST_RANKED_BRANCHES = 240
"""The same for statuses times departments times priorities."""
_STATUS, _DEPARTMENT, _URGENCY = 2_147_483_629, 2_147_483_630, 2_147_483_631
"""Stand for a status, a department and an urgency in a statement that is compiled once for all of them."""


@dataclass(frozen=True)
class KeysetPage:
    """The ids of a page in their order, and the cursors to its neighbours."""

    ids: list[int]
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Branch:
    """A part of the visible tickets, found by `index`; `pairs`: for which statuses and departments it is repeated."""

    tickets: TicketQuerySet
    index: str = ""
    pairs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class RankedBranch:
    """The tickets of some departments in the order of the ranks: urgency, `date`, id."""

    ranks: QuerySet[TicketRank]
    date: str
    pairs: tuple[tuple[int, int], ...]
    urgencies: tuple[int, ...]


def visible_page(
    access: AgentAccess,
    criteria: Sequence[Criterion],
    context: CriteriaContext,
    order: TicketOrder,
    *,
    size: int,
    with_merged: bool,
    after: str | None,
    before: str | None,
    sees_everything: bool = False,
    more: Q | None = None,
) -> KeysetPage:
    """Find one page of the tickets that the agent sees (`sees_everything`: of all) and that fulfil the criteria and
    `more`.

    One row more than it holds tells whether there is another one. Raises NotFound (`cursor_invalid`).
    """
    cursor, backwards = (before, True) if before else (after, False)
    condition = compile_criteria(criteria, context) & (more or Q())
    tickets = order.annotated(Ticket.objects.filter(condition), priorities())
    tickets = tickets if with_merged else tickets.without_merged_children()
    parts = [Branch(tickets)] if sees_everything else list(_branches(access, tickets, criteria, context, order))
    branches = [part for part in parts if isinstance(part, Branch)]
    values, keys = order.values(cursor) if cursor else None, order.directed(backwards)
    rows: list[tuple[Any, ...]] = []
    for part in parts:
        if isinstance(part, RankedBranch):
            rows += _first_ranked_rows(part, keys, values, size + 1)
    ranked, rows = rows, []
    for phase in order.phases(values, backwards=backwards):
        if len(rows) <= size:
            rows += _first_rows(branches, phase, keys, size + 1 - len(rows))
    if ranked:
        rows = _merged(ranked, rows, keys)[: size + 1]
    has_more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return KeysetPage([], None, None)
    has_before, has_after = (has_more, True) if backwards else (bool(cursor), has_more)
    return KeysetPage(
        ids=[row[-1] for row in rows],
        before=order.cursor(rows[0]) if has_before else None,
        after=order.cursor(rows[-1]) if has_after else None,
    )


# --- Branches ---------------------------------------------------------------------------------------------------------


def _branches(
    access: AgentAccess,
    tickets: TicketQuerySet,
    criteria: Sequence[Criterion],
    context: CriteriaContext,
    order: TicketOrder,
) -> Iterator[Branch | RankedBranch]:
    open_ids = status_ids(TicketState.OPEN)
    statuses = asked_statuses(criteria, context)
    if statuses is None:
        # Tickets may have a status that no longer exists: only a condition on the whole finds those, too.
        yield Branch(tickets.visible_to(access, open_status_ids=open_ids))
        return
    assignees = asked_assignees(criteria, context)
    if assignees is not None:
        yield from _assigned(tickets.visible_to(access, open_status_ids=open_ids), statuses, *assignees)
        return
    departments = frozenset() if access.agent.assigned_only else access.department_ids
    if departments:
        yield from _of_departments(tickets, statuses, departments, order)
    seen_open = sorted(statuses & set(open_ids))
    mine, of_teams, referred = tickets.visible_elsewhere(
        access, statuses=statuses, open_status_ids=seen_open, placed=ranking.placed_referrals()
    )
    yield Branch(mine, "hd_ticket_agent")
    yield Branch(of_teams, "hd_ticket_team")
    yield Branch(referred)


def _assigned(tickets: TicketQuerySet, statuses: set[int], agents: set[int], teams: set[int]) -> Iterator[Branch]:
    """A queue of somebody's tickets: these are few, whatever the agent may see besides."""
    tickets = tickets.filter(status__in=statuses)
    yield Branch(tickets.filter(staff__in=agents), "hd_ticket_agent")
    yield Branch(tickets.filter(team__in=teams).exclude(staff__in=agents), "hd_ticket_team")


def _of_departments(
    tickets: TicketQuerySet, statuses: set[int], departments: frozenset[int], order: TicketOrder
) -> Iterator[Branch | RankedBranch]:
    pairs = tuple(product(sorted(statuses), sorted(departments)))
    ranked = _ranked(tickets, pairs, order)
    if ranked is not None:
        since, branch = ranked
        yield branch
        # By their ids, or SQLite reads all tickets of these departments.
        saved = Ticket.objects.filter(updated__gte=since).values("pk")
        yield Branch(tickets.filter(pk__in=saved, status__in=statuses, dept__in=departments))
        return
    date = order.only_date
    if len(pairs) <= MOST_BRANCHES:
        index = f"hd_ticket_by_{date.name}" if date else ""
        yield Branch(tickets.filter(status=_STATUS, dept=_DEPARTMENT), index, pairs)
        return
    index = "hd_ticket_updates" if date and date.name == "lastupdate" else ""
    for status in sorted(statuses):
        yield Branch(tickets.filter(status=status, dept__in=departments), index)


def _ranked(
    tickets: TicketQuerySet, pairs: tuple[tuple[int, int], ...], order: TicketOrder
) -> tuple[datetime, RankedBranch] | None:
    """Give the branch of the ranks and since when tickets must be read themselves; None where the ranks do not help."""
    date = ranking.date_of(order)
    urgencies = tuple(sorted({row.urgency for row in priorities().values()} | {LEAST_URGENT}))
    if date is None or len(pairs) * len(urgencies) > MOST_RANKED_BRANCHES:
        return None
    since = ranking.watermark()
    if since is None:
        return None
    return since, RankedBranch(ranking.ranked(tickets, since=since), date, pairs, urgencies)


# --- Statements -------------------------------------------------------------------------------------------------------


def _first_rows(
    branches: Sequence[Branch], phase: Phase, keys: Sequence[SortKey], number: int
) -> list[tuple[Any, ...]]:
    """Give the values of the keys for the first tickets of all branches together, in one statement.

    Order and criteria may ask for answers, whose table PHP drops when a form changes.
    """

    def read() -> list[tuple[Any, ...]]:
        try:
            return _run(branches, phase, keys, number, _usable_indexes())
        except OperationalError as error:
            if not error.args or not str(error.args[0]).startswith(_NO_SUCH_INDEX):
                raise
            cache.delete(_indexes_key())  # dropped a moment ago
            return _run(branches, phase, keys, number, frozenset())

    return cdata.with_table(EntryObject.TICKET, read)


def _first_ranked_rows(
    branch: RankedBranch, keys: Sequence[SortKey], values: Sequence[Any] | None, number: int
) -> list[tuple[Any, ...]]:
    """Give the values of the keys for the first tickets of a ranked branch.

    The urgency that comes first is asked alone: with a long history it fills the page, and the others, times all
    departments, would make a statement of fifty thousand characters. Where it does not, a second one asks them.
    """
    date, last = SortKey(branch.date, keys[1].descending), SortKey("ticket_id", keys[2].descending)
    ranks = branch.ranks.filter(status_id=_STATUS, dept_id=_DEPARTMENT, urgency=_URGENCY)
    ordered = branch.urgencies[::-1] if keys[0].descending else branch.urgencies
    groups = [(ranks, ordered[:1]), (ranks, ordered[1:])]
    if values is not None:
        moment = values[1] or ranking.NO_DATE
        within = Q(**{f"{date.name}__{'lte' if date.descending else 'gte'}": moment})
        behind = (date.beyond(moment) or Q()) | (last.beyond(values[2]) or Q())
        further = tuple(u for u in branch.urgencies if (u < values[0] if keys[0].descending else u > values[0]))
        groups = [(ranks.filter(within & behind), (values[0],)), (ranks, further)]
    order, rows = [keys[0], date, last], list[tuple[Any, ...]]()
    for queryset, urgencies in groups:
        if urgencies and len(rows) < number:
            rows += _ranked_rows(branch, queryset, urgencies, order, number - len(rows))
    return [(urgency, None if moment == ranking.NO_DATE else moment, pk) for urgency, moment, pk in rows]


def _ranked_rows(
    branch: RankedBranch, ranks: QuerySet[TicketRank], urgencies: Sequence[int], order: Sequence[SortKey], number: int
) -> list[tuple[Any, ...]]:
    """Give urgency, date and id of the first tickets of these urgencies, in one statement."""
    clauses, names = [key.order() for key in order[1:]], ["urgency", *(key.name for key in order[1:])]
    compiler = ranks.order_by(*clauses).values_list(*names)[:number].query.get_compiler(connection=connection)
    sql, fixed = compiler.as_sql()
    if connection.vendor == "mysql":
        sql = _with_hint(sql, _RANK_INDEXES[branch.date], TicketRank)
    places = [
        {_STATUS: status, _DEPARTMENT: department, _URGENCY: urgency}
        for (status, department), urgency in product(branch.pairs, urgencies)
    ]
    texts: list[str] = []
    parameters: list[Any] = []
    _repeat(sql, fixed, places, order, number, texts, parameters)
    return _executed(compiler, _joined(texts, order, number), parameters)


_RANK_INDEXES = {"lastupdate": "hd_rank_updated", "created": "hd_rank_created", "est_duedate": "hd_rank_due"}


def _merged(
    ranked: list[tuple[Any, ...]], others: list[tuple[Any, ...]], keys: Sequence[SortKey]
) -> list[tuple[Any, ...]]:
    """Sort the rows of two statements; of a ticket that was saved between them the second one knows more."""
    newest = {row[-1]: row for row in [*ranked, *others]}

    def place(row: tuple[Any, ...]) -> tuple[float, ...]:
        numbers = [value.timestamp() if isinstance(value, datetime) else value for value in row]
        numbers = [float("-inf") if number is None else number for number in numbers]
        return tuple(-number if key.descending else number for number, key in zip(numbers, keys, strict=True))

    return sorted(newest.values(), key=place)


def _run(
    branches: Sequence[Branch],
    phase: Phase,
    keys: Sequence[SortKey],
    number: int,
    usable: frozenset[str],
) -> list[tuple[Any, ...]]:
    texts: list[str] = []
    parameters: list[Any] = []
    compiler: SQLCompiler | None = None
    clauses, names = [key.order() for key in phase.keys], [key.name for key in keys]
    for branch in branches:
        found = branch.tickets.filter(phase.condition).order_by(*clauses).values_list(*names)[:number]
        candidate = found.query.get_compiler(connection=connection)
        try:
            sql, values = candidate.as_sql()
        except EmptyResultSet:
            continue
        compiler = candidate
        if branch.index in usable:
            sql = _with_hint(sql, branch.index)
        places = [{_STATUS: status, _DEPARTMENT: department} for status, department in branch.pairs]
        _repeat(sql, values, places or [{}], keys, number, texts, parameters)
    if compiler is None:
        return []
    return _executed(compiler, _joined(texts, keys, number), parameters)


def _repeat(
    sql: str,
    parameters: Sequence[Any],
    places: Sequence[Mapping[int, int]],
    keys: Sequence[SortKey],
    number: int,
    texts: list[str],
    texts_parameters: list[Any],
) -> None:
    """Add a sorted statement once for each place, which says what stands for the ids in its parameters.

    PostgreSQL gets one statement that goes through the places: planning each of them would take longer than running it.
    """
    if connection.vendor != "postgresql" or len(places) == 1:
        for given in places:
            texts.append(sql)
            texts_parameters += [_given(value, given) for value in parameters]
        return
    columns = {stand_in: f"place.id{number}" for number, stand_in in enumerate(places[0])}
    left = iter(parameters)
    kept: list[Any] = []

    def written(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%%"
        value = next(left)
        if isinstance(value, int) and value in columns:
            return columns[value]
        kept.append(value)
        return "%s"

    inner = re.sub("%[s%]", written, sql)
    rows = ", ".join(f"({', '.join(f'{given[one]:d}' for one in columns)})" for given in places)
    names = ", ".join(name.removeprefix("place.") for name in columns.values())
    every = f"(VALUES {rows}) AS place ({names}) CROSS JOIN LATERAL ({inner}) AS part"
    texts.append(f"SELECT part.* FROM {every}{_first(keys, number)}")  # noqa: S608 -- compiled by Django
    texts_parameters += kept


def _given(value: Any, given: Mapping[int, int]) -> Any:
    return given.get(value, value) if isinstance(value, int) else value


def _executed(compiler: SQLCompiler, sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Run a statement whose columns are those of the compiler."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows = cursor.fetchall()
    converters = compiler.get_converters([column[0] for column in compiler.select])
    return [tuple(row) for row in compiler.apply_converters(rows, converters)]


def _joined(texts: Sequence[str], keys: Sequence[SortKey], number: int) -> str:
    """Take the first rows of several sorted statements."""
    if len(texts) == 1:
        return texts[0]
    union = " UNION ALL ".join(f"SELECT * FROM ({text}) AS part{place}" for place, text in enumerate(texts))  # noqa: S608
    return f"{union}{_first(keys, number)}"


def _first(keys: Sequence[SortKey], number: int) -> str:
    clauses = ", ".join(f"{place} {key.direction_sql()}" for place, key in enumerate(keys, 1))
    return f" ORDER BY {clauses} LIMIT {number:d}"


def _with_hint(sql: str, index: str, model: type[Model] = Ticket) -> str:
    """Force an index of ours: with `status = …` MariaDB walks from the newest ticket to the page instead of seeking.
    SQLite, whose statistics end at a thousand rows, goes through all departments for the tickets of one agent.
    """
    table, name = f" FROM {connection.ops.quote_name(model._meta.db_table)} ", connection.ops.quote_name(index)
    hint = f"FORCE INDEX ({name})" if connection.vendor == "mysql" else f"INDEXED BY {name}"
    return sql.replace(table, f"{table}{hint} ", 1)


def _usable_indexes() -> frozenset[str]:
    """Give the names of our indexes that can be forced: those that exist. PostgreSQL cannot be told."""
    if connection.vendor == "postgresql":
        return frozenset()
    names: frozenset[str] | None = cache.get(_indexes_key())
    if names is None:
        names = frozenset(index.name for index in present_indexes())
        cache.set(_indexes_key(), names, INDEXES_KEPT_SECONDS)
    return names


def _indexes_key() -> str:
    return f"tickets.indexes.{connection.settings_dict['NAME']}"

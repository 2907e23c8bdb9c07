"""Finding the ids of one page of a queue, at a cost that does not depend on how many tickets there ever were.

The visible tickets are taken apart into branches that exclude each other (`tickets.page_branches`). Each of them yields
at most a page in the order of an index, and the page is the best of these.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

from django.db import OperationalError, connection
from django.db.models import BooleanField, ExpressionWrapper, Q, Value
from django.db.models.functions import Coalesce, NullIf

from helpdesk.configuration.kept import Kept
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.legacy.indexes import present_indexes
from helpdesk.legacy.time_limits import TookTooLong, time_limit
from helpdesk.people.access import AgentAccess
from tickets import ranking
from tickets.constants import TicketState
from tickets.criteria import CriteriaContext, Criterion, checked, compile_criteria, field_of, lead_to_few, unfit
from tickets.criteria_kinds import asked_assignees, asked_statuses
from tickets.criteria_values import asked_since
from tickets.models import Ticket
from tickets.page_branches import Asked, Branch, Moment, RankedBranch, ReferredBranch, all_urgencies, branches_of
from tickets.page_statements import BY_ID, DEPARTMENT, MOST_ROWS, STATUS, URGENCY, WHOM, Part, Statement, kept, union
from tickets.reference_data import priorities, status_ids
from tickets.reference_data import statuses as known_statuses
from tickets.sorting import Phase, Since, SortKey, TicketOrder

INDEXES_KEPT_SECONDS = 60
"""Indexes are made and dropped while the help desk is set up; what is dropped later is noticed at once."""
MOST_CHECKED, MOST_CHECKED_AT_ONCE, SECONDS_CHECKED = 2000, 400, 1.0
"""How many tickets are looked at one by one for a page, and how long, where their condition alone does not decide."""
SECONDS_WALKED, SECONDS_SORTED = 0.3, 0.3
"""How long tickets are gone through in their order for a page, and how long all that fulfil a condition are looked for
that should lead to few, before the other way is tried."""
NEWEST = 2000
"""How many of the newest tickets are looked at where neither way finds a page in time."""
_NO_SUCH_INDEX = ("1176", "no such index", "no query solution")
"""What MySQL and SQLite say of a hint that names an index which was dropped, or made anew with other columns."""
_REFERRED_INDEXES = {
    "lastupdate": "hd_referred_updated",
    "created": "hd_referred_created",
    "est_duedate": "hd_referred_due",
    "closed": "hd_referred_closed",
}
_TICKET, _REFERRAL, _DATE = 2_147_483_627, 2_147_483_628, datetime(1971, 3, 7, 5, 41, 23, tzinfo=UTC)
"""Stand for the last ticket of the page before, the newest placed referral and, with years added, for moments in
statements that are kept."""


@dataclass(frozen=True)
class KeysetPage:
    """The ids of a page in their order, and the cursors to its neighbours."""

    ids: list[int]
    before: str | None
    after: str | None
    is_unfinished: bool = False
    """Whether it was given up before it was full: too many tickets had to be looked at."""
    is_of_newest: bool = False
    """Whether only the newest tickets were looked at, since looking at all took too long."""


@dataclass(frozen=True)
class Statements:
    """What finds a page: `ranked` by the order of the ranks, `phases` from the tickets themselves; each only asked as
    far as those before it did not fill the page.
    """

    ranked: Iterable[Statement | None]
    phases: Iterable[Statement | None]


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
    gives_up: bool = True,
) -> KeysetPage:
    """Find one page of the tickets that the agent sees (`sees_everything`: of all) and that fulfil the criteria and
    `more`; where that takes too long, of the newest tickets, unless it must not give up.

    One row more than it holds tells whether there is another one. Raises NotFound (`cursor_invalid`).
    """
    cursor, backwards = (before, True) if before else (after, False)
    statuses, assignees = asked_statuses(criteria, context), asked_assignees(criteria, context)
    asked = Asked(
        access=access,
        condition=compile_criteria(criteria, context) & (more or Q()),
        statuses=None if statuses is None else frozenset(statuses),
        assignees=None if assignees is None else (frozenset(assignees[0]), frozenset(assignees[1])),
        order=order,
        values=tuple(order.values(cursor)) if cursor else None,
        backwards=backwards,
        with_merged=with_merged,
        sees_everything=sees_everything,
        lasts=more is None and _last(criteria),
        since=None if statuses is None or sees_everything else _closed_since(criteria, context),
    )

    is_of_newest = False

    def read(asked: Asked, number: int) -> list[tuple[Any, ...]]:
        nonlocal is_of_newest
        if statuses is not None:
            return _first_rows(asked, number)
        found = _rows_of_any_status(asked, criteria, number)
        if found is not None:
            return found
        if not gives_up:
            return _first_rows(asked, number)
        is_of_newest = True
        return _rows_of_newest(asked, number)

    to_check = checked(criteria)
    if to_check:
        fit = _fit_rows(asked, to_check, read, size)
        if fit.stopped_at is not None:
            return replace(_unfinished_page(asked, fit, has_cursor=bool(cursor)), is_of_newest=is_of_newest)
        if not fit.rows and fit.first is not None and cursor:  # the way back from where the last page gave up
            back = order.cursor(fit.first)
            return KeysetPage([], None, back) if backwards else KeysetPage([], back, None)
        rows = fit.rows
    else:
        rows = read(asked, size + 1)
    has_more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return KeysetPage([], None, None, is_of_newest=is_of_newest)
    has_before, has_after = (has_more, True) if backwards else (bool(cursor), has_more)
    return KeysetPage(
        ids=[row[-1] for row in rows],
        before=order.cursor(rows[0]) if has_before else None,
        after=order.cursor(rows[-1]) if has_after else None,
        is_of_newest=is_of_newest,
    )


@dataclass(frozen=True)
class _FitRows:
    """Rows whose tickets were checked; `stopped_at` is the last one looked at where looking was given up."""

    rows: list[tuple[Any, ...]]
    first: tuple[Any, ...] | None = None
    stopped_at: tuple[Any, ...] | None = None


def _fit_rows(
    asked: Asked,
    criteria: Sequence[Criterion],
    read: Callable[[Asked, int], list[tuple[Any, ...]]],
    size: int,
) -> _FitRows:
    """Read on until a page and one more are fit, nothing is left, or as much was looked at as a page may cost."""
    rows: list[tuple[Any, ...]] = []
    first: tuple[Any, ...] | None = None
    looked_at, number, end = 0, size + 1, time.monotonic() + SECONDS_CHECKED
    while True:
        some = read(asked, number)
        if not some:
            return _FitRows(rows, first)
        first = first or some[0]
        unwanted = unfit(criteria, [row[-1] for row in some])
        rows += [row for row in some if row[-1] not in unwanted]
        looked_at += len(some)
        if len(rows) > size or len(some) < number:
            return _FitRows(rows, first)
        if looked_at >= max(MOST_CHECKED, size) or time.monotonic() > end:
            return _FitRows(rows, first, some[-1])
        asked = replace(asked, values=tuple(asked.order.values(asked.order.cursor(some[-1]))))
        number = min(number * 2, MOST_CHECKED_AT_ONCE)


def _unfinished_page(asked: Asked, fit: _FitRows, *, has_cursor: bool) -> KeysetPage:
    """Give what was found so far; the next page goes on behind the last ticket looked at, shown or not."""
    ids = [row[-1] for row in fit.rows]
    further = asked.order.cursor(fit.stopped_at or ())
    back = asked.order.cursor((fit.rows[0] if fit.rows else fit.first) or ()) if has_cursor else None
    if asked.backwards:
        return KeysetPage(ids[::-1], further, back, is_unfinished=True)
    return KeysetPage(ids, back, further, is_unfinished=True)


def _rows_of_any_status(asked: Asked, criteria: Iterable[Criterion], number: int) -> list[tuple[Any, ...]] | None:
    """Find them along their order, or from the condition: each is fast where the other one is slow. None where neither
    is in time.

    Most tickets lack a word, few are of somebody, but there are words that stand in nearly all, and people who share
    their name with many. What takes long is given up for the other way.
    """
    walked = replace(asked, walks=True, condition=_likely(asked.condition))
    sorted_first = bool(asked.condition) and lead_to_few(criteria)
    ways = [(asked, SECONDS_SORTED), (walked, SECONDS_WALKED)]
    if asked.order.only_date is None:
        ways = [(asked, SECONDS_SORTED + SECONDS_WALKED)]
    elif not sorted_first:
        ways = ways[::-1]
    for way, seconds in ways:
        with suppress(TookTooLong), time_limit(seconds):
            return _first_rows(way, number)
    return None


def _rows_of_newest(asked: Asked, number: int) -> list[tuple[Any, ...]]:
    """Find them among the newest tickets alone."""
    # By their ids: of a range PostgreSQL may think that going through an index in the order asked for is as good.
    newest = list(Ticket.objects.order_by("-pk").values_list("pk", flat=True)[:NEWEST])
    return _first_rows(replace(asked, condition=Q(pk__in=newest) & _likely(asked.condition)), number)


def _likely(condition: Q) -> Q:
    """Give a condition of which PostgreSQL takes half of all tickets to fulfil it: of a text it takes hardly any, and
    would look at all of them and sort what it finds instead of going through them in their order."""
    if connection.vendor != "postgresql" or not condition:
        return condition
    return Q(Coalesce(ExpressionWrapper(condition, output_field=BooleanField()), Value(False)))


def _last(criteria: Iterable[Criterion]) -> bool:
    fields = ((field_of(criterion.path), criterion) for criterion in criteria)
    return all(field is None or field.kind.lasts(criterion.method) for field, criterion in fields)


def _closed_since(criteria: Iterable[Criterion], context: CriteriaContext) -> Since | None:
    moment = asked_since(criteria, context, "closed")
    return None if moment is None else Since("closed", moment)


# --- Statements -------------------------------------------------------------------------------------------------------


def _first_rows(asked: Asked, number: int) -> list[tuple[Any, ...]]:
    """Give the values of the keys for the first tickets.

    Order and criteria may ask for answers, whose table PHP drops when a form changes.
    """

    def read() -> list[tuple[Any, ...]]:
        try:
            return _found(asked, number, _usable_indexes())
        except OperationalError as error:
            if not error.args or not str(error.args[0]).startswith(_NO_SUCH_INDEX):
                raise
            _present_names.forget_now()  # dropped a moment ago
            return _found(asked, number, frozenset())

    return cdata.with_table(EntryObject.TICKET, read)


def _found(asked: Asked, number: int, usable: frozenset[str]) -> list[tuple[Any, ...]]:
    statements, given = _statements(asked, usable)
    ranked = [(*row[:-2], _date(row[-2]), row[-1]) for row in _run(statements.ranked, number, given)]
    rows = _run(statements.phases, number, given)
    return _merged(ranked, rows, asked.keys)[:number] if ranked else rows


def _run(statements: Iterable[Statement | None], number: int, given: Mapping[Any, Any]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for statement in statements:
        if statement is not None:
            rows += statement.rows(number - len(rows), given)
        if len(rows) >= number:
            break
    return rows


def _date(ranked: datetime) -> datetime | None:
    return None if ranked == ranking.NO_DATE else ranked


def _statements(asked: Asked, usable: frozenset[str]) -> tuple[Statements, Mapping[Any, Any]]:
    """Give the statements for a page, and what goes in for their stand-ins.

    Those that are likely to be asked for again are kept.
    """
    placed = ranking.placed_referrals()
    moment = Moment(placed.since if placed else ranking.watermark(), placed)
    if not _is_kept(asked):
        return _compiled(asked, moment, usable), {}
    given: dict[Any, Any] = {}
    asked, moment = _with_stand_ins(asked, moment, given)
    key = (
        *(asked.condition, asked.statuses, asked.assignees, asked.order, asked.values, asked.backwards),
        *(asked.with_merged, asked.sees_everything, asked.walks, asked.since),
        *(moment.since is None, moment.placed is None, usable),
        () if asked.sees_everything else _reach(asked.access),
        *(tuple((row.id, row.urgency) for row in priorities().values()), tuple(status_ids(TicketState.OPEN))),
        tuple(known_statuses()) if asked.walks else (),
    )

    def make() -> Statements:
        made = _compiled(asked, moment, usable)
        return Statements(tuple(made.ranked), tuple(made.phases))

    return kept(key, make), given


def _reach(access: AgentAccess) -> tuple[Hashable, ...]:
    return access.agent.pk, access.agent.assigned_only, access.department_ids, access.team_ids


def _is_kept(asked: Asked) -> bool:
    """Whether the statements are worth keeping, and depend on nothing but what is known of them.

    Where the tables are utf8mb3 they depend on which columns have originals.
    """
    if any(isinstance(value, str) for value in asked.values or ()) or any(key.expression for key in asked.keys):
        return False
    return asked.lasts and getattr(connection, "holds_every_character", True)


def _with_stand_ins(asked: Asked, moment: Moment, given: dict[Any, Any]) -> tuple[Asked, Moment]:
    """Put stand-ins where a value is another one at the next look, and note in `given` what they stand for."""
    column = Ticket._meta.get_field("updated")

    def other(value: Any, place: int) -> Any:
        if not isinstance(value, datetime):
            return value
        stand_in = _DATE.replace(year=_DATE.year + place)
        given[column.get_db_prep_value(stand_in, connection)] = column.get_db_prep_value(value, connection)
        return stand_in

    since, placed = other(moment.since, 0), moment.placed
    if placed is not None:
        given[_REFERRAL] = placed.newest
        placed = replace(placed, since=since, newest=_REFERRAL)
    values = asked.values
    if values is not None:
        given[_TICKET] = values[-1]
        values = (*(other(value, place) for place, value in enumerate(values[:-1], 1)), _TICKET)
    return replace(asked, values=values), Moment(since, placed)


def _compiled(asked: Asked, moment: Moment, usable: frozenset[str]) -> Statements:
    """Give the statements, each compiled when it is needed."""
    parts, keys = list(branches_of(asked, moment)), asked.keys
    ranked = [part for part in parts if isinstance(part, RankedBranch) and part.pairs]

    def of_phase(phase: Phase) -> Iterable[Branch | ReferredBranch]:
        if not phase.hidden or connection.vendor != "postgresql":
            return _in_phases(parts)  # the others are told which index to use
        return _in_phases(branches_of(replace(asked, condition=_hiding(asked.condition, phase.hidden)), moment))

    return Statements(
        (_of_ranks(ranked, *group, keys) for group in _urgencies(ranked, keys, asked.values)),
        (_of_tickets(of_phase(phases[0]), phases, keys, usable) for phases in _phases(asked)),
    )


def _in_phases(parts: Iterable[Branch | RankedBranch | ReferredBranch]) -> Iterator[Branch | ReferredBranch]:
    """Give the branches that are found from the phases of the order."""
    for part in parts:
        if isinstance(part, Branch) or (isinstance(part, ReferredBranch) and part.pairs):
            yield part


def _phases(asked: Asked) -> Iterator[tuple[Phase, Phase]]:
    """Give the phases of the order, each as it is for tickets and, where a date decides, as it is for referrals."""
    date = asked.order.only_date
    of_referrals = asked.order if date is None else TicketOrder((date, SortKey("ticket_id", date.descending)))

    def phases(order: TicketOrder) -> Iterator[Phase]:
        return order.phases(asked.values, backwards=asked.backwards, since=asked.since)

    yield from zip(phases(asked.order), phases(of_referrals), strict=True)


def _hiding(condition: Q, date: str) -> Q:
    """Give the condition with what it asks of a date as one expression, of which PostgreSQL takes half of all tickets
    to fulfil it. It would take these for few and read all of a year to find the last that were changed.
    """
    if condition.connector != Q.AND or condition.negated:
        return condition
    children: list[Any] = [_hiding(child, date) if isinstance(child, Q) else child for child in condition.children]
    asked: list[Any] = [child for child in children if isinstance(child, tuple) and child[0].partition("__")[0] == date]
    if asked:
        fulfils = ExpressionWrapper(Q.create(asked), output_field=BooleanField())
        children = [*(child for child in children if child not in asked), Coalesce(fulfils, Value(False))]
    return Q.create(children)


def _of_tickets(
    branches: Iterable[Branch | ReferredBranch],
    phases: tuple[Phase, Phase],
    keys: Sequence[SortKey],
    usable: frozenset[str],
) -> Statement | None:
    """Give the statement for the values of the keys of the first tickets of all branches together."""

    def part(branch: Branch | ReferredBranch, phase: Phase, of_referrals: Phase) -> Part:
        if isinstance(branch, ReferredBranch):
            return _referred_part(branch, of_referrals, keys[0].name)
        return _part(branch, phase, keys, usable)

    branches, rests = list(branches), [phase.rest for phase in phases]
    parts = [part(branch, *phases) for branch in branches]
    if rests[0] is not None and rests[1] is not None:
        parts = [*(part(branch, rests[0], rests[1]) for branch in branches), *parts]
    return union(parts, keys)


def _referred_part(branch: ReferredBranch, phase: Phase, date: str) -> Part:
    """Give the part of referred tickets; one that is referred to two of those named comes twice."""
    rows = branch.referrals.filter(phase.condition).order_by(*(key.order() for key in phase.keys))
    return Part(
        rows.values_list(date, "ticket_id")[:MOST_ROWS],
        _REFERRED_INDEXES.get(phase.found_by or date, ""),
        [{STATUS: status, WHOM: whom} for status, whom in branch.pairs],
        may_repeat=True,
    )


def _part(branch: Branch, phase: Phase, keys: Sequence[SortKey], usable: frozenset[str]) -> Part:
    tickets, names = branch.tickets.filter(phase.condition), [key.name for key in keys]
    if len(phase.keys) < len(keys):
        # Of both kinds of no date that MySQL has, NULL: between others they must be sorted as one.
        tickets, names = tickets.annotate(no_date=NullIf(names[0], names[0])), ["no_date", *names[1:]]
    index = _index(branch, phase)
    return Part(
        tickets.order_by(*(key.order() for key in phase.keys)).values_list(*names)[:MOST_ROWS],
        index if index in usable or index == BY_ID else "",
        [{STATUS: status, DEPARTMENT: department} for status, department in branch.pairs],
    )


def _index(branch: Branch, phase: Phase) -> str:
    """Give the index that finds a part of a branch."""
    if not phase.found_by or branch.index in {"hd_ticket_agent", "hd_ticket_team", BY_ID}:
        return branch.index
    return f"hd_ticket_by_{phase.found_by}" if branch.pairs else ""


def _urgencies(
    branches: Sequence[RankedBranch], keys: Sequence[SortKey], values: Sequence[Any] | None
) -> Iterator[tuple[Q, Sequence[int]]]:
    """Give the urgencies in two groups, each with a condition on ranks; the second is only asked if the first is not
    enough.

    The urgency that comes first is asked alone: with a long history it fills the page, and the others, times all
    departments, would make a statement of fifty thousand characters.
    """
    if not branches:
        return
    urgencies = all_urgencies()
    ordered = urgencies[::-1] if keys[0].descending else urgencies
    groups = [(Q(), ordered[:1]), (Q(), ordered[1:])]
    if values is not None:
        date, last = _rank_keys(branches[0].date, keys)[1:]
        moment = values[1] or ranking.NO_DATE
        within = Q(**{f"{date.name}__{'lte' if date.descending else 'gte'}": moment})
        behind = (date.beyond(moment) or Q()) | (last.beyond(values[2]) or Q())
        further = tuple(u for u in urgencies if (u < values[0] if keys[0].descending else u > values[0]))
        groups = [(within & behind, (values[0],)), (Q(), further)]
    yield from (group for group in groups if group[1])


def _rank_keys(date: str, keys: Sequence[SortKey]) -> tuple[SortKey, SortKey, SortKey]:
    return keys[0], SortKey(date, keys[1].descending), SortKey("ticket_id", keys[2].descending)


def _of_ranks(
    branches: Sequence[RankedBranch], condition: Q, urgencies: Sequence[int], keys: Sequence[SortKey]
) -> Statement | None:
    """Give the statement for urgency, date and id of the first tickets of these urgencies."""
    order = _rank_keys(branches[0].date, keys)
    parts = []
    for branch in branches:
        ranks = branch.ranks.filter(condition, urgency=URGENCY).order_by(*(key.order() for key in order[1:]))
        places = [
            {STATUS: status, DEPARTMENT: of_whom, WHOM: of_whom, URGENCY: urgency}
            for (status, of_whom), urgency in product(branch.pairs, urgencies)
        ]
        parts.append(Part(ranks.values_list(*(key.name for key in order))[:MOST_ROWS], branch.index, places))
    return union(parts, order)


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


def _usable_indexes() -> frozenset[str]:
    """Give the names of our indexes that can be forced: those that exist. PostgreSQL cannot be told."""
    return frozenset() if connection.vendor == "postgresql" else _present_names()


_present_names = Kept(lambda: frozenset(index.name for index in present_indexes()), seconds=INDEXES_KEPT_SECONDS)

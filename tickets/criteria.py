"""Queue criteria: from osTicket's JSON to conditions of the database (osticket/queues.md §2 and §3).

A criterion is `[path, method, value]`. Every path that we understand has a kind of field in a registry, which turns
method and value into a condition. Kinds of fields that open tickets are grouped by can also judge a group in Python,
so that one statement counts all queues. Unknown paths and methods are skipped, as osTicket does, but not in silence:
`unread_paths` names them for the page.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Protocol

from django.db.models import Q

from helpdesk.people.access import AgentAccess
from tickets.periods import period_range
from tickets.reference_data import StatusRow

EVERYTHING = Q()
NOTHING = Q(pk__in=())


@dataclass(frozen=True)
class Criterion:
    """One condition of a queue."""

    path: str
    method: str
    value: Any = None


@dataclass(frozen=True)
class CriteriaContext:
    """For whom and when criteria are read: `M` is the agent, `T` the teams, periods are days in `zone`."""

    access: AgentAccess
    statuses: Mapping[int, StatusRow]
    now: datetime
    zone: tzinfo

    @property
    def agent_id(self) -> int:
        """The id of the agent."""
        return int(self.access.agent.pk)

    @property
    def team_ids(self) -> frozenset[int]:
        """The teams of the agent."""
        return self.access.team_ids


@dataclass(frozen=True)
class TicketGroup:
    """What open tickets are grouped by for counting."""

    status_id: int | None
    dept_id: int | None
    staff_id: int | None
    team_id: int | None
    isanswered: bool
    isoverdue: bool


class FieldKind(Protocol):
    """What a path means."""

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Give the condition, None for a method that the kind does not have."""

    def matches(self, group: TicketGroup, method: str, value: Any, context: CriteriaContext) -> bool | None:
        """Judge a group of tickets; None when the group does not say."""


_kinds: dict[str, FieldKind] = {}


def register_field(path: str, kind: FieldKind) -> None:
    """Make a path known."""
    _kinds[path] = kind


def parse_criteria(config: Any) -> list[Criterion]:
    """Read the criteria of `queue.config` in any of its forms; what is malformed is left out."""
    if isinstance(config, dict):
        listed = config.get("criteria")
        if listed is None and "conditions" not in config:
            return _parse_old_form(config)
        config = listed
    if not isinstance(config, list):
        return []
    return [_criterion(*row) for row in config if isinstance(row, list) and len(row) in {2, 3} and _is_named(row)]


def compile_criteria(criteria: Iterable[Criterion], context: CriteriaContext) -> Q:
    """Give the condition that all known criteria together make."""
    condition = EVERYTHING
    for criterion in criteria:
        kind = _kinds.get(criterion.path)
        part = kind.condition(criterion.method, criterion.value, context) if kind else None
        if part is not None:
            condition &= part
    return condition


def unread_paths(criteria: Iterable[Criterion], context: CriteriaContext) -> list[str]:
    """Give the paths of criteria that we cannot read yet, each once: the list shows more than the queue means."""
    unread: dict[str, None] = {}
    for criterion in criteria:
        kind = _kinds.get(criterion.path)
        if kind is None or not _is_read(kind, criterion, context):
            unread[criterion.path] = None
    return list(unread)


def _is_read(kind: FieldKind, criterion: Criterion, context: CriteriaContext) -> bool:
    """Whether the method is known; one that wants a value and has none is ignored in osTicket too."""
    if criterion.value is not None and not chosen(criterion.value):
        return True
    return kind.condition(criterion.method, criterion.value, context) is not None


def group_matches(criteria: Iterable[Criterion], group: TicketGroup, context: CriteriaContext) -> bool | None:
    """Judge whether tickets of this group fulfil all criteria; None when that cannot be told from the group."""
    for criterion in criteria:
        kind = _kinds.get(criterion.path)
        if kind is None:
            continue
        verdict = kind.matches(group, criterion.method, criterion.value, context)
        if not verdict:
            return verdict
    return True


def chosen(value: Any) -> list[str]:
    """Give the keys of a choice value: of an object its keys, of a list its items, else the value itself."""
    if isinstance(value, dict):
        return [str(key) for key in value]
    if isinstance(value, list):
        return [str(key) for key in value]
    return [] if value is None else [str(value)]


def _is_named(row: Sequence[Any]) -> bool:
    return isinstance(row[0], str) and (row[1] is None or isinstance(row[1], str))


def _criterion(path: str, method: str | None, value: Any = None) -> Criterion:
    return Criterion(path, method or "", value)


def _parse_old_form(config: Mapping[str, Any]) -> list[Criterion]:
    """Read the form of release 1.10: `<path>+search`, `<path>+method`, `<path>+<method>`."""
    found = []
    for key, method in config.items():
        path, plus, what = key.rpartition("+")
        if plus and what == "method" and isinstance(method, str) and config.get(f"{path}+search"):
            found.append(Criterion(path, method, config.get(f"{path}+{method}")))
    return found


def _numbers(keys: Iterable[str]) -> set[int]:
    return {int(key) for key in keys if key.isascii() and key.isdecimal()}


class StatusKind:
    """A status, chosen by id or by state."""

    def __init__(self, by_state: bool) -> None:
        """Take whether the keys are states."""
        self.by_state = by_state

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Compile `includes` and `!includes` into status ids."""
        ids = self._ids(method, value, context)
        return None if ids is None else Q(status__in=ids)

    def matches(self, group: TicketGroup, method: str, value: Any, context: CriteriaContext) -> bool | None:
        """Look at the group's status."""
        ids = self._ids(method, value, context)
        return True if ids is None else group.status_id in ids

    def _ids(self, method: str, value: Any, context: CriteriaContext) -> set[int] | None:
        keys = set(chosen(value))
        if method not in {"includes", "!includes"} or not keys:
            return None
        named = {row.id for row in context.statuses.values() if (row.state if self.by_state else str(row.id)) in keys}
        return named if method == "includes" else set(context.statuses) - named


class BooleanKind:
    """A yes-or-no column."""

    def __init__(self, column: str) -> None:
        """Take the column."""
        self.column = column

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Compile `set` and `nset`."""
        return Q(**{self.column: method == "set"}) if method in {"set", "nset"} else None

    def matches(self, group: TicketGroup, method: str, value: Any, context: CriteriaContext) -> bool | None:
        """Look at the group's column."""
        return getattr(group, self.column) is (method == "set") if method in {"set", "nset"} else True


class ReferenceKind:
    """A column with the id of a row; letters stand for ids that depend on the agent."""

    def __init__(self, column: str, *, letter: str = "", is_grouped: bool = True) -> None:
        """Take the model field, the letter for the agent (`M`) or the teams (`T`), and whether groups have it."""
        self.column = column
        self.letter = letter
        self.is_grouped = is_grouped

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Compile `set`, `nset`, `includes` and `!includes`."""
        if method in {"set", "nset"}:
            return Q(**{f"{self.column}__isnull": method == "nset"})
        if method not in {"includes", "!includes"}:
            return None
        named = Q(**{f"{self.column}__in": self._ids(value, context)})
        return named if method == "includes" else ~named

    def matches(self, group: TicketGroup, method: str, value: Any, context: CriteriaContext) -> bool | None:
        """Look at the group's id."""
        if not self.is_grouped:
            return None
        number = getattr(group, f"{self.column}_id")
        if method in {"set", "nset"}:
            return (number is None) == (method == "nset")
        if method not in {"includes", "!includes"}:
            return True
        return (number in self._ids(value, context)) == (method == "includes")

    def _ids(self, value: Any, context: CriteriaContext) -> set[int]:
        keys = chosen(value)
        ids = _numbers(keys)
        if self.letter and self.letter in keys:
            ids |= {context.agent_id} if self.letter == "M" else context.team_ids
        return ids


class AssigneeKind:
    """The agent or the team that has the ticket; keys are `M` me, `T` my teams, `s<id>` and `t<id>`."""

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Compile `assigned`, `!assigned`, `includes` and `!includes`."""
        nobody = Q(staff__isnull=True, team__isnull=True)
        if method in {"assigned", "!assigned"}:
            return nobody if method == "!assigned" else ~nobody
        if method not in {"includes", "!includes"} or not chosen(value):
            return None
        agents, teams = self._ids(value, context)
        named = Q(staff__in=agents) if agents else NOTHING
        if teams:
            named |= Q(team__in=teams)
        return named if method == "includes" else ~named

    def matches(self, group: TicketGroup, method: str, value: Any, context: CriteriaContext) -> bool | None:
        """Look at the group's assignees."""
        if method in {"assigned", "!assigned"}:
            return (group.staff_id is None and group.team_id is None) == (method == "!assigned")
        if method not in {"includes", "!includes"} or not chosen(value):
            return True
        agents, teams = self._ids(value, context)
        return (group.staff_id in agents or group.team_id in teams) == (method == "includes")

    def _ids(self, value: Any, context: CriteriaContext) -> tuple[set[int], set[int]]:
        keys = chosen(value)
        agents = _numbers(key[1:] for key in keys if key.startswith("s"))
        teams = _numbers(key[1:] for key in keys if key.startswith("t"))
        if "M" in keys:
            agents.add(context.agent_id)
        if "T" in keys:
            teams |= context.team_ids
        return agents, teams


class DateKind:
    """A date-and-time column."""

    def __init__(self, column: str) -> None:
        """Take the column."""
        self.column = column

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Compile `set`, `nset` and `period`."""
        if method in {"set", "nset"}:
            return Q(**{f"{self.column}__isnull": method == "nset"})
        codes: Collection[str] = chosen(value) if method == "period" else ()
        ranges = [period_range(code, now=context.now, zone=context.zone) for code in codes]
        return Q(**{f"{self.column}__range": ranges[0]}) if ranges and ranges[0] else None

    def matches(self, group: TicketGroup, method: str, value: Any, context: CriteriaContext) -> bool | None:
        """Groups know no dates."""
        return None


register_field("status__state", StatusKind(by_state=True))
register_field("status__id", StatusKind(by_state=False))
register_field("isanswered", BooleanKind("isanswered"))
register_field("isoverdue", BooleanKind("isoverdue"))
register_field("assignee", AssigneeKind())
register_field("staff_id", ReferenceKind("staff", letter="M"))
register_field("team_id", ReferenceKind("team", letter="T"))
register_field("dept_id", ReferenceKind("dept"))
register_field("topic_id", ReferenceKind("topic", is_grouped=False))
register_field("sla_id", ReferenceKind("sla", is_grouped=False))
for _column in ("created", "duedate", "est_duedate", "reopened", "closed", "lastupdate"):
    register_field(_column, DateKind(_column))

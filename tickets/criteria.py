"""Queue criteria: from osTicket's JSON to conditions of the database (osticket/queues.md §2 and §3).

A criterion is `[path, method, value]`. Every path that we understand has a field in a registry (filled by
`tickets.criteria_fields`), whose kind turns method and value into a condition. Kinds of fields that open tickets are
grouped by can also judge a group in Python, so that one statement counts all queues. Unknown paths and methods are
skipped, as osTicket does, but not in silence: `tickets.criteria_checks` names them for the page.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Q

from helpdesk.people.access import AgentAccess
from tickets.reference_data import StatusRow

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

EVERYTHING = Q()
NOTHING = Q(pk__in=())
KEYWORDS = ":keywords"
"""The path of a search for words."""


@dataclass(frozen=True)
class Criterion:
    """One condition of a queue."""

    path: str
    method: str
    value: Any = None

    def as_json(self) -> list[Any]:
        """Give the form in which osTicket stores it."""
        return [self.path, self.method or None, self.value]


@dataclass(frozen=True)
class CriteriaContext:
    """For whom and when criteria are read: `M` is the agent, `T` the teams, periods are days in `zone`."""

    access: AgentAccess
    statuses: Mapping[int, StatusRow]
    now: datetime
    zone: tzinfo
    is_ranked: bool = False
    """Whether words are to give the best matches instead of the newest."""
    hits: dict[str, Any] = field(default_factory=dict, compare=False)
    """What words led to, so that they are looked up once (`tickets.search.hits.Hits`)."""

    @property
    def agent_id(self) -> int:
        """The id of the agent."""
        return int(self.access.agent.pk)

    @property
    def team_ids(self) -> frozenset[int]:
        """The teams of the agent."""
        return self.access.team_ids


class TicketGroup(NamedTuple):
    """What open tickets are grouped by for counting."""

    status_id: int | None
    dept_id: int | None
    staff_id: int | None
    team_id: int | None
    isanswered: bool
    isoverdue: bool


class FieldKind:
    """What a path means, and by which methods it can be asked for."""

    methods: tuple[str, ...] = ()
    """The methods that forms offer."""
    unoffered: tuple[str, ...] = ()
    """Methods of typed searches that osTicket does not have: forms show them where they stand already."""
    grouped: tuple[str, ...] = TicketGroup._fields
    """What `matches` looks at of a group; the rest may be empty."""
    is_settled: bool = False
    """Whether path and method make the condition: it is the same whoever asks, at any moment, for any value."""

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Give the condition, None for a method that the kind does not have."""
        raise NotImplementedError

    def matches(self, group: TicketGroup, method: str, value: Any, context: CriteriaContext) -> bool | None:
        """Judge a group of tickets; None when the group does not say."""
        return None

    def lasts(self, method: str) -> bool:
        """Whether the condition for this method consists of columns and plain values, and is the same one at the next
        moment or day: statements with it are worth keeping."""
        return False

    def leads_to_few(self, method: str, value: Any) -> bool:
        """Whether an index leads to the tickets, and they are few: then they are found first and sorted after."""
        return False

    def is_checked(self, method: str, value: Any) -> bool:
        """Whether the condition may let tickets through that `unfit` tells from the others."""
        return False

    def unfit(self, value: Any, ticket_ids: Collection[int]) -> set[int]:
        """Give those of a few tickets that do not fulfil it, though the condition may have let them through."""
        return set()

    def problem(self, method: str, value: Any, context: CriteriaContext) -> StrOrPromise:
        """Say what is wrong with a value: a broken pattern, a date that is none, a row that is gone. '' is fine."""
        return ""

    def choices(self) -> list[tuple[str, str]]:
        """Give the keys with their labels that `includes` can name; none for kinds without choices."""
        return []


@dataclass(frozen=True)
class Field:
    """A path that criteria can ask for, as people know it."""

    path: str
    label: StrOrPromise
    kind: FieldKind


_fields: dict[str, Field] = {}
_families: list[Callable[[str], Field | None]] = []


def register_field(path: str, kind: FieldKind, label: StrOrPromise = "") -> None:
    """Make a path known."""
    _fields[path] = Field(path, label or path, kind)


def register_family(find: Callable[[str], Field | None]) -> None:
    """Make paths known that depend on what administrators made: `find` gives the field of a path, or None."""
    _families.append(find)


def field_of(path: str) -> Field | None:
    """Give the field of a path; None for unknown ones."""
    known = _fields.get(path)
    if known is not None:
        return known
    return next((field for find in _families if (field := find(path)) is not None), None)


def fixed_fields() -> list[Field]:
    """Give the fields that every help desk has, in the order of their registration."""
    return list(_fields.values())


def parse_criteria(config: Any) -> list[Criterion]:
    """Read the criteria of `queue.config` in any of its forms; what is malformed is left out."""
    if _is_old_form(config):
        return _parse_old_form(config)
    rows = config.get("criteria") if isinstance(config, dict) else config
    return [_criterion(*row) for row in rows if _is_row(row)] if isinstance(rows, list) else []


def malformed_parts(config: Any) -> list[Any]:
    """Give what `parse_criteria` leaves out of `queue.config`: all of it, or single criteria."""
    if not config or _is_old_form(config):
        return []
    rows = config.get("criteria") if isinstance(config, dict) else config
    if isinstance(rows, list):
        return [row for row in rows if not _is_row(row)]
    return [rows] if rows else []


def compile_criteria(criteria: Iterable[Criterion], context: CriteriaContext) -> Q:
    """Give the condition that all known criteria together make."""
    condition = EVERYTHING
    for criterion in criteria:
        field = field_of(criterion.path)
        part = field.kind.condition(criterion.method, criterion.value, context) if field else None
        if part is not None:
            condition &= part
    return condition


def lead_to_few(criteria: Iterable[Criterion]) -> bool:
    """Whether one of the criteria leads to few tickets."""
    fields = ((field_of(criterion.path), criterion) for criterion in criteria)
    return any(field.kind.leads_to_few(one.method, one.value) for field, one in fields if field is not None)


def checked(criteria: Iterable[Criterion]) -> list[Criterion]:
    """Give the criteria that `unfit` has to be asked about for the tickets that their condition lets through."""
    fields = ((field_of(criterion.path), criterion) for criterion in criteria)
    return [one for field, one in fields if field is not None and field.kind.is_checked(one.method, one.value)]


def unfit(criteria: Iterable[Criterion], ticket_ids: Collection[int]) -> set[int]:
    """Give those of a few tickets that do not fulfil `checked` criteria."""
    found: set[int] = set()
    for criterion in criteria:
        field = field_of(criterion.path)
        if field is not None and ticket_ids:
            found |= field.kind.unfit(criterion.value, ticket_ids)
    return found


def group_matches(criteria: Iterable[Criterion], group: TicketGroup, context: CriteriaContext) -> bool | None:
    """Judge whether tickets of this group fulfil all criteria; None when that cannot be told from the group."""
    undecided = False
    for criterion in criteria:
        field = field_of(criterion.path)
        if field is None:
            continue
        verdict = field.kind.matches(group, criterion.method, criterion.value, context)
        if verdict is False:
            return False
        undecided = undecided or verdict is None
    return None if undecided else True


def grouped_by(criteria: Iterable[Criterion]) -> tuple[str, ...]:
    """Give what `group_matches` looks at of a group, in the order of its columns."""
    fields = (field_of(criterion.path) for criterion in criteria)
    asked = {column for field in fields if field is not None for column in field.kind.grouped}
    return tuple(column for column in TicketGroup._fields if column in asked)


def chosen(value: Any) -> list[str]:
    """Give the keys of a choice value: of an object its keys, of a list its items, else the value itself."""
    keys = list(value) if isinstance(value, dict | list) else [] if value is None else [value]
    return [str(key).replace("\0", "") for key in keys]  # which PostgreSQL takes in no text


def _is_old_form(config: Any) -> bool:
    return isinstance(config, dict) and config.get("criteria") is None and "conditions" not in config


def _is_row(row: Any) -> bool:
    return isinstance(row, list) and len(row) in {2, 3} and _is_named(row)


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

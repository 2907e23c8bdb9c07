"""Kinds of fields that are columns of the ticket: status, yes or no, references, assignee, source, flags.

Most of them are what open tickets are grouped by, so they judge groups as well (osticket/queues.md §3).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any

from django.db.models import F, IntegerField, Q
from django.db.models.functions import Cast
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from tickets.constants import TicketSource, TicketState
from tickets.criteria import NOTHING, CriteriaContext, Criterion, FieldKind, TicketGroup, chosen, field_of
from tickets.reference_data import agent_names, statuses, team_names

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Choices = Callable[[], list[tuple[str, str]]]
INCLUDES = ("includes", "!includes")
PRESENCE = ("set", "nset")
STATE_NAMES = {
    TicketState.OPEN: _("Open"),
    TicketState.CLOSED: _("Closed"),
    TicketState.ARCHIVED: _("Archived"),
    TicketState.DELETED: _("Deleted"),
}


def asked_statuses(criteria: Iterable[Criterion], context: CriteriaContext) -> set[int] | None:
    """Give the statuses that tickets must have by the criteria; None when any will do."""
    asked: set[int] | None = None
    for criterion in criteria:
        field = field_of(criterion.path)
        kind = field.kind if field else None
        named = kind.named(criterion.method, criterion.value, context) if isinstance(kind, StatusKind) else None
        if named is not None:
            asked = named if asked is None else asked & named
    return asked


def asked_assignees(criteria: Iterable[Criterion], context: CriteriaContext) -> tuple[set[int], set[int]] | None:
    """Give the agents and teams of whom a ticket must have one; None when others will do, too."""
    for criterion in criteria:
        if criterion.path == "assignee" and criterion.method == "includes" and chosen(criterion.value):
            return AssigneeKind().named(criterion.value, context)
    return None


def missing_choices(value: Any, known: Collection[str]) -> StrOrPromise:
    """Say that a criterion names something that no longer exists; '' when all of it does."""
    labels = value if isinstance(value, dict) else {}
    gone = [str(labels.get(key) or key) for key in chosen(value) if key not in known]
    return _("%(names)s no longer exists") % {"names": ", ".join(gone)} if gone else ""


def _numbers(keys: Iterable[str]) -> set[int]:
    """Give the ids among keys; what is longer than an id is none."""
    return {int(key) for key in keys if key.isascii() and key.isdecimal() and len(key) <= 10}


class StatusKind(FieldKind):
    """A status, chosen by id or by state."""

    methods = INCLUDES
    grouped = ("status_id",)

    def __init__(self, by_state: bool) -> None:
        """Take whether the keys are states."""
        self.by_state = by_state

    def choices(self) -> list[tuple[str, str]]:
        """Give the states or all statuses."""
        if self.by_state:
            return [(str(state), str(name)) for state, name in STATE_NAMES.items()]
        return [(str(row.id), row.name) for row in statuses().values()]

    def problem(self, method: str, value: Any, context: CriteriaContext) -> StrOrPromise:
        """Name statuses that are gone."""
        return missing_choices(value, dict(self.choices())) if method in INCLUDES else ""

    def lasts(self, method: str) -> bool:
        """Every condition of it."""
        return True

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Compile `includes` and `!includes` into status ids."""
        ids = self.named(method, value, context)
        return None if ids is None else Q(status__in=ids)

    def matches(self, group: TicketGroup, method: str, value: Any, context: CriteriaContext) -> bool | None:
        """Look at the group's status."""
        ids = self.named(method, value, context)
        return True if ids is None else group.status_id in ids

    def named(self, method: str, value: Any, context: CriteriaContext) -> set[int] | None:
        """Give the ids that the criterion allows; None when it says nothing."""
        keys = set(chosen(value))
        if method not in INCLUDES or not keys:
            return None
        named = {row.id for row in context.statuses.values() if (row.state if self.by_state else str(row.id)) in keys}
        return named if method == "includes" else set(context.statuses) - named


class BooleanKind(FieldKind):
    """A yes-or-no column."""

    methods = PRESENCE
    is_settled = True

    def __init__(self, column: str) -> None:
        """Take the column."""
        self.column = column
        self.grouped = (column,)

    def lasts(self, method: str) -> bool:
        """Every condition of it."""
        return True

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Compile `set` and `nset`."""
        return Q(**{self.column: method == "set"}) if method in PRESENCE else None

    def matches(self, group: TicketGroup, method: str, value: Any, context: CriteriaContext) -> bool | None:
        """Look at the group's column."""
        return getattr(group, self.column) is (method == "set") if method in PRESENCE else True


class ReferenceKind(FieldKind):
    """A column with the id of a row; letters stand for ids that depend on the agent."""

    methods = (*INCLUDES, *PRESENCE)

    def __init__(
        self, column: str, names: Callable[[], dict[int, str]], *, letter: str = "", is_grouped: bool = True
    ) -> None:
        """Take the model field, the names of all rows, the letter for the agent (`M`) or the teams (`T`), and whether
        groups have it."""
        self.column = column
        self.names = names
        self.letter = letter
        self.grouped = (f"{column}_id",) if is_grouped else ()

    def choices(self) -> list[tuple[str, str]]:
        """Give the rows, the letter first."""
        letters = [(self.letter, str(_LETTERS[self.letter]))] if self.letter else []
        return [*letters, *((str(pk), name) for pk, name in self.names().items())]

    def problem(self, method: str, value: Any, context: CriteriaContext) -> StrOrPromise:
        """Name rows that are gone."""
        return missing_choices(value, dict(self.choices())) if method in INCLUDES else ""

    def lasts(self, method: str) -> bool:
        """Every condition of it."""
        return True

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Compile `set`, `nset`, `includes` and `!includes`."""
        if method in PRESENCE:
            return Q(**{f"{self.column}__isnull": method == "nset"})
        if method not in INCLUDES:
            return None
        named = Q(**{f"{self.column}__in": self._ids(value, context)})
        return named if method == "includes" else ~named

    def matches(self, group: TicketGroup, method: str, value: Any, context: CriteriaContext) -> bool | None:
        """Look at the group's id."""
        if not self.grouped:
            return None
        number = getattr(group, self.grouped[0])
        if method in PRESENCE:
            return (number is None) == (method == "nset")
        if method not in INCLUDES:
            return True
        return (number in self._ids(value, context)) == (method == "includes")

    def _ids(self, value: Any, context: CriteriaContext) -> set[int]:
        keys = chosen(value)
        ids = _numbers(keys)
        if self.letter and self.letter in keys:
            ids |= {context.agent_id} if self.letter == "M" else context.team_ids
        return ids


class AssigneeKind(FieldKind):
    """The agent or the team that has the ticket; keys are `M` me, `T` my teams, `s<id>` and `t<id>`."""

    methods: tuple[str, ...] = (*INCLUDES, "assigned", "!assigned")
    grouped = ("staff_id", "team_id")

    def choices(self) -> list[tuple[str, str]]:
        """Give the letters, all agents and all teams."""
        agents = [(f"s{pk}", name) for pk, name in agent_names().items()]
        teams = [(f"t{pk}", name) for pk, name in team_names().items()]
        return [*((key, str(name)) for key, name in _LETTERS.items()), *agents, *teams]

    def problem(self, method: str, value: Any, context: CriteriaContext) -> StrOrPromise:
        """Name agents and teams that are gone."""
        return missing_choices(value, dict(self.choices())) if method in INCLUDES else ""

    def lasts(self, method: str) -> bool:
        """Every condition of it."""
        return True

    def leads_to_few(self, method: str, value: Any) -> bool:
        """Nobody has many tickets."""
        return method == "includes"

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Compile `assigned`, `!assigned`, `includes` and `!includes`."""
        nobody = Q(staff__isnull=True, team__isnull=True)
        if method in {"assigned", "!assigned"}:
            return nobody if method == "!assigned" else ~nobody
        if method not in INCLUDES or not chosen(value):
            return None
        agents, teams = self.named(value, context)
        named = Q(staff__in=agents) if agents else NOTHING
        if teams:
            named |= Q(team__in=teams)
        return named if method == "includes" else ~named

    def matches(self, group: TicketGroup, method: str, value: Any, context: CriteriaContext) -> bool | None:
        """Look at the group's assignees."""
        if method in {"assigned", "!assigned"}:
            return (group.staff_id is None and group.team_id is None) == (method == "!assigned")
        if method not in INCLUDES or not chosen(value):
            return True
        agents, teams = self.named(value, context)
        return (group.staff_id in agents or group.team_id in teams) == (method == "includes")

    def named(self, value: Any, context: CriteriaContext) -> tuple[set[int], set[int]]:
        """Give the ids of the agents and of the teams."""
        keys = chosen(value)
        agents = _numbers(key[1:] for key in keys if key.startswith("s"))
        teams = _numbers(key[1:] for key in keys if key.startswith("t"))
        if "M" in keys:
            agents.add(context.agent_id)
        if "T" in keys:
            teams |= context.team_ids
        return agents, teams


class AssignedKind(AssigneeKind):
    """Whether anybody has the ticket."""

    methods = ("assigned", "!assigned")


class SourceKind(FieldKind):
    """How the ticket came in; the keys are the names (Web, Email …)."""

    methods = INCLUDES

    def lasts(self, method: str) -> bool:
        """Every condition of it."""
        return True

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Compile `includes` and `!includes`."""
        if method not in INCLUDES:
            return None
        named = Q(source__in=chosen(value))
        return named if method == "includes" else ~named

    def choices(self) -> list[tuple[str, str]]:
        """Give the sources."""
        return [(str(source), str(source)) for source in TicketSource]


class FlagKind(FieldKind):
    """Whether a ticket has one of some flag bits."""

    methods = PRESENCE

    def __init__(self, bits: int) -> None:
        """Take the bits."""
        self.bits = bits

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Compile `set` and `nset`."""
        if method not in PRESENCE:
            return None
        none = Q(Exact(Cast(F("flags"), IntegerField()).bitand(self.bits), 0))
        return ~none if method == "set" else none


class IdKind(FieldKind):
    """A reference by id alone, as lists of somebody's tickets ask for it."""

    methods = ("equal",)

    def __init__(self, column: str) -> None:
        """Take the model field."""
        self.column = column

    def leads_to_few(self, method: str, value: Any) -> bool:
        """Nobody has many tickets."""
        return True

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Compile `equal`."""
        if method != "equal" or len(numbers := _numbers(chosen(value))) != 1:
            return None
        return Q(**{self.column: numbers.pop()})


_LETTERS = {"M": _("Me"), "T": _("One of my teams")}

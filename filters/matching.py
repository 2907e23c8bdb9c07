"""Filters made ready to run: rules and actions as closures over plain data (osticket/filters.md §2 to §4).

Nothing here reads a table. Making a filter ready never raises: what cannot be used is kept as a problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from filters.actions import Configuration, Problem, ProblemKind, Step, World, action_type
from filters.operators import PATTERNS, Comparison, Operator, comparison, folded

Values = Mapping[str, str]
"""What rules may ask for, by key (§3): `email`, `name`, `topicId`, `field.20` …, without blanks at the ends."""
BAN_LIST_NAME = "SYSTEM BAN LIST"


class Target(StrEnum):
    """`filter.target`: for tickets of which origin a filter is."""

    ANY = "Any"
    WEB = "Web"
    EMAIL = "Email"
    API = "API"


TARGETS_OF_ORIGINS: Mapping[str, Target] = {
    "web": Target.WEB,
    "staff": Target.WEB,
    "phone": Target.WEB,
    "api": Target.API,
    "email": Target.EMAIL,
}
"""Tickets that agents open count as coming from the web."""


@dataclass(frozen=True)
class RuleRow:
    """A row of `filter_rule`, as plain data."""

    what: str
    how: str
    val: str


@dataclass(frozen=True)
class ActionRow:
    """A row of `filter_action`, as plain data."""

    type: str
    configuration: Configuration = field(default_factory=dict)


@dataclass(frozen=True)
class FilterRow:
    """A row of `filter` with its rules and actions in their order."""

    id: int
    name: str
    target: str = Target.ANY
    mailbox_id: int = 0
    match_all: bool = False
    stops: bool = False
    execorder: int = 99
    rules: Sequence[RuleRow] = ()
    actions: Sequence[ActionRow] = ()


@dataclass(frozen=True)
class ReadyRule:
    """A rule; one whose operator does not exist has no test and counts for nothing."""

    row: RuleRow
    comparison: Comparison | None

    def is_true(self, values: Values) -> bool:
        """Whether what the rule asks for is so; a key without value counts as an empty text."""
        return self.comparison is not None and self.comparison.test(values.get(self.row.what, ""))


@dataclass(frozen=True)
class ReadyAction:
    """An action: what it does before the ticket exists, None where it does nothing then."""

    row: ActionRow
    step: Step | None


@dataclass(frozen=True)
class ReadyFilter:
    """A filter ready to run."""

    row: FilterRow
    rules: Sequence[ReadyRule]
    actions: Sequence[ReadyAction]
    problems: Sequence[Problem]

    @property
    def name(self) -> str:
        """The name of the filter."""
        return self.row.name

    def is_for(self, target: Target | None, mailbox_id: int) -> bool:
        """Whether the filter is asked at all for tickets of this origin and mailbox (§2, steps 1 and 2)."""
        is_for_origin = self.row.target == Target.ANY or self.row.target == target
        return is_for_origin and (not mailbox_id or self.row.mailbox_id in {0, mailbox_id})

    def matches(self, values: Values, mailbox_id: int = 0) -> bool:
        """Whether the rules match; a filter without rules never does, nor does anything match nothing at all."""
        if self._is_of_other_mailbox(mailbox_id) or not values:
            return False
        if self.row.match_all:
            return bool(self._counted) and all(rule.is_true(values) for rule in self._counted)
        return self._is_listed(values) or any(rule.is_true(values) for rule in self._others)

    @cached_property
    def _counted(self) -> list[ReadyRule]:
        return [rule for rule in self.rules if rule.comparison is not None]

    @cached_property
    def _listed(self) -> dict[str, set[str]]:
        """The exact values of which any will do, by key: a ban list may have thousands."""
        found: dict[str, set[str]] = {}
        for rule in self._counted:
            if rule.row.how == Operator.EQUAL:
                found.setdefault(rule.row.what, set()).add(folded(rule.row.val))
        return found

    @cached_property
    def _others(self) -> list[ReadyRule]:
        return [rule for rule in self._counted if rule.row.how != Operator.EQUAL]

    def _is_listed(self, values: Values) -> bool:
        return any(folded(values.get(key, "")) in listed for key, listed in self._listed.items())

    def _is_of_other_mailbox(self, mailbox_id: int) -> bool:
        """A filter for any target keeps to its mailbox only where there is one (§2, step 4)."""
        own = self.row.mailbox_id
        return bool(own) and self.row.target == Target.EMAIL and own != mailbox_id


def ready(row: FilterRow, world: World) -> ReadyFilter:
    """Make a filter ready to run."""
    rules = [ReadyRule(rule, comparison(rule.how, rule.val)) for rule in row.rules]
    actions = []
    problems = [*problems_of_rules(row)]
    if row.mailbox_id and world.name("mailbox", row.mailbox_id) is None:
        problems.append(Problem(ProblemKind.MISSING_MAILBOX, detail=str(row.mailbox_id)))
    for number, action in enumerate(row.actions):
        kind = action_type(action.type)
        if kind is None:
            problems.append(Problem(ProblemKind.UNKNOWN_ACTION, action=number, detail=action.type))
            actions.append(ReadyAction(action, None))
            continue
        problem = kind.problem(action.configuration, world)
        if problem is not None:
            problems.append(replace(problem, action=number))
        step = None if kind.is_left_out(problem) else kind.step(action.configuration)
        actions.append(ReadyAction(action, step))
    return ReadyFilter(row, rules, actions, problems)


def in_order(rows: Iterable[FilterRow]) -> list[FilterRow]:
    """Give filters in the order in which they run: by number, those with the same one in the order of their ids."""
    return sorted(rows, key=lambda row: (row.execorder, row.id))


def keys_of(filters: Iterable[ReadyFilter]) -> frozenset[str]:
    """Give the keys that the rules of these filters ask for: nothing else has to be found out."""
    return frozenset(rule.row.what for one in filters for rule in one.rules if rule.comparison is not None)


def trimmed(values: Mapping[str, Any]) -> dict[str, str]:
    """Give values as texts without blanks at the ends, as rules see them."""
    return {key: str(value).strip(" \t\n\r\0\x0b") for key, value in values.items() if value is not None}


# --- What is wrong with rules -----------------------------------------------------------------------------------------


def problems_of_rules(row: FilterRow) -> list[Problem]:
    """Give what is wrong with the rules of a filter: patterns, and rules that can never be true together."""
    problems: list[Problem] = []
    for number, rule in enumerate(row.rules):
        made = comparison(rule.how, rule.val)
        if made is None:
            problems.append(Problem(ProblemKind.UNKNOWN_OPERATOR, rule=number, detail=rule.how))
        elif made.error:
            problems.append(Problem(ProblemKind.BROKEN_PATTERN, rule=number, detail=made.error))
        elif made.is_slow:
            problems.append(Problem(ProblemKind.SLOW_PATTERN, rule=number))
    if not any(comparison(rule.how, rule.val) for rule in row.rules):
        problems.append(Problem(ProblemKind.NO_RULES))
    contradiction = _contradiction(row)
    return [*problems, contradiction] if contradiction else problems


def _contradiction(row: FilterRow) -> Problem | None:
    """Find a rule that says the opposite of an earlier one: all of them never match, any of them always do."""
    return _never_true(row) if row.match_all else _always_true(row)


def _never_true(row: FilterRow) -> Problem | None:
    """Find opposites, and a rule that the exact value which another one demands does not fulfil."""
    exact: dict[str, tuple[int, RuleRow]] = {}
    for number, rule in enumerate(row.rules):
        if rule.how == Operator.EQUAL:
            exact.setdefault(rule.what, (number, rule))
    opposites = _opposites(row)
    for number, rule in enumerate(row.rules):
        place, demanded = exact.get(rule.what, (number, rule))
        made = comparison(rule.how, rule.val)
        excludes = place != number and made is not None and not made.error and not made.test(demanded.val)
        if excludes or number in opposites:
            return Problem(ProblemKind.NEVER_MATCHES, rule=max(number, place))
    return None


def _always_true(row: FilterRow) -> Problem | None:
    opposites = _opposites(row)
    return Problem(ProblemKind.ALWAYS_MATCHES, rule=min(opposites)) if opposites else None


def _opposites(row: FilterRow) -> set[int]:
    """Give the numbers of the rules that say the opposite of an earlier one; there may be thousands of rules."""
    said: set[tuple[str, str, str]] = set()
    found = set()
    for number, rule in enumerate(row.rules):
        value = folded(rule.val) if rule.how not in PATTERNS else rule.val
        if (rule.what, _OPPOSITES.get(rule.how, ""), value) in said:
            found.add(number)
        said.add((rule.what, rule.how, value))
    return found


_PAIRS = (
    (Operator.EQUAL, Operator.NOT_EQUAL),
    (Operator.CONTAINS, Operator.DOES_NOT_CONTAIN),
    (Operator.MATCHES, Operator.DOES_NOT_MATCH),
)
_OPPOSITES: Mapping[str, str] = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}

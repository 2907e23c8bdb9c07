"""What is wrong with criteria: said on the page, because a queue must never show too much, or nothing, in silence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from helpdesk.legacy.folding import fold, fold_part
from tickets.criteria import CriteriaContext, Criterion, chosen, field_of
from tickets.criteria_kinds import asked_statuses
from tickets.criteria_values import CountKind, DateKind, Range, TextKind, whole_number

_UNWANTED = ("!includes", "!chosen")
_SEVERAL = frozenset({"user__emails__address"})
"""Texts of which a ticket may have several."""
_OPPOSITES = (frozenset({"set", "nset"}), frozenset({"assigned", "!assigned"}))


def unread_paths(criteria: Iterable[Criterion], context: CriteriaContext) -> list[str]:
    """Give the paths of criteria that cannot be read, each once: the list shows more than the queue means."""
    unread: dict[str, None] = {}
    for criterion in criteria:
        field = field_of(criterion.path)
        if field is None or not _is_read(criterion, context):
            unread[criterion.path] = None
    return list(unread)


def problems(criteria: Sequence[Criterion], context: CriteriaContext) -> list[str]:
    """Say in a sentence each what is wrong: unknown fields and methods, values that cannot be used, contradictions."""
    found: dict[str, None] = {}
    for criterion in criteria:
        field = field_of(criterion.path)
        if field is None:
            found[_("%(path)s: there is no such field") % {"path": criterion.path}] = None
            continue
        problem = field.kind.problem(criterion.method, criterion.value, context)
        if not problem and not _is_read(criterion, context):
            problem = _("“%(method)s” cannot be asked of it") % {"method": criterion.method}
        if problem:
            found[f"{field.label}: {problem}"] = None
    return [*found, *contradictions(criteria, context)]


def malformed_problems(parts: Iterable[str]) -> list[str]:
    """Say what stands among stored criteria and cannot be read as one."""
    return [_("“%(part)s” cannot be read as a condition") % {"part": part} for part in dict.fromkeys(parts)]


def contradictions(criteria: Sequence[Criterion], context: CriteriaContext) -> list[str]:
    """Say which fields are asked for what no ticket can be at once."""
    by_path: dict[str, list[Criterion]] = defaultdict(list)
    for criterion in criteria:
        by_path[criterion.path].append(criterion)
    paths = [path for path, asked in by_path.items() if _contradict(asked, context)]
    labels = [str(field.label) for path in paths if (field := field_of(path)) is not None]
    if asked_statuses(criteria, context) == set() and not {"status__state", "status__id"} & set(paths):
        labels.append(_("Status"))
    return [_("%(field)s: no ticket can fulfil these conditions at once") % {"field": label} for label in labels]


def _contradict(asked: Sequence[Criterion], context: CriteriaContext) -> bool:
    methods = {criterion.method for criterion in asked}
    if any(pair <= methods for pair in _OPPOSITES):
        return True
    if "nset" in methods and methods & {"equal", "contains", "match", "includes", "period", "between", "before"}:
        return True
    wanted = [set(chosen(criterion.value)) for criterion in asked if criterion.method == "includes"]
    unwanted = {key for criterion in asked if criterion.method in _UNWANTED for key in chosen(criterion.value)}
    wanted = [keys for keys in wanted if keys]
    if asked[0].path == "assignee":  # an agent and a team may both have a ticket
        return any(keys <= unwanted for keys in wanted)
    if wanted and not set.intersection(*wanted) - unwanted and "M" not in unwanted | set.union(*wanted):
        return True
    field = field_of(asked[0].path)
    if field is None:
        return False
    if isinstance(field.kind, TextKind):
        return _no_text(asked, has_several=field.path in _SEVERAL)
    if isinstance(field.kind, CountKind):
        return _no_number(asked)
    return isinstance(field.kind, DateKind) and _never(field.kind, asked, context)


def _no_text(asked: Sequence[Criterion], *, has_several: bool) -> bool:
    """Whether no text is so: two different ones at once, or one with and without the same.

    Where a ticket has several texts, each of those that are wanted may be another one.
    """
    said: dict[str, set[str]] = defaultdict(set)
    for criterion in asked:
        compared = fold_part if criterion.method in {"contains", "!contains"} else fold
        said[criterion.method].add(compared(str(criterion.value)))
    parts, lacking = said["contains"], said["!contains"]
    if (len(said["equal"]) > 1 and not has_several) or any(lack in part for part in parts for lack in lacking):
        return True
    unlike = said["nequal"] | said["!equal"]
    return any(
        text in unlike
        or any(lack in text for lack in lacking)
        or (not has_several and any(part not in text for part in parts))
        for text in said["equal"]
    )


def _no_number(asked: Sequence[Criterion]) -> bool:
    """Whether no number from 0 on is so."""
    least, most = 0, None
    for criterion in asked:
        number = whole_number(criterion.value)
        if number is None:
            continue
        if criterion.method in {"equal", "greater"}:
            least = max(least, number + (criterion.method == "greater"))
        if criterion.method in {"equal", "less"}:
            highest = number - (criterion.method == "less")
            most = highest if most is None else min(most, highest)
    return most is not None and least > most


def _never(kind: DateKind, asked: Sequence[Criterion], context: CriteriaContext) -> bool:
    """Whether no moment lies in all ranges."""
    ranges: list[Range] = []
    for criterion in asked:
        value = chosen(criterion.value)[0] if criterion.method == "period" and criterion.value else criterion.value
        bounds = kind.bounds(criterion.method, value, context) if criterion.method != "nequal" else None
        if bounds is not None:
            ranges.append(bounds)
    starts = [start for start, _end, _inclusive in ranges if start is not None]
    ends = [(end, is_inclusive) for _start, end, is_inclusive in ranges if end is not None]
    if not starts or not ends:
        return False
    last, is_inclusive = min(ends)
    return max(starts) > last or (max(starts) == last and not is_inclusive)


def _is_read(criterion: Criterion, context: CriteriaContext) -> bool:
    """Whether the method is known; one that wants a value and has none is ignored in osTicket too."""
    if criterion.value is not None and not chosen(criterion.value):
        return True
    field = field_of(criterion.path)
    return field is not None and field.kind.condition(criterion.method, criterion.value, context) is not None

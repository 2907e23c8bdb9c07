"""Making, changing, ordering and deleting ticket filters (osticket/filters.md §4, §5, §10)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from filters.actions import Configuration, Problem, ProblemKind, World, action_type
from filters.constants import FilterFlag
from filters.fields import EMAIL, rule_fields
from filters.matching import BAN_LIST_NAME, ActionRow, FilterRow, RuleRow, Target, problems_of_rules
from filters.models import FilterAction, FilterRule, TicketFilter
from filters.operators import PATTERNS, Operator, comparison
from filters.problems import sentence
from filters.selectors import filter_rows
from filters.upkeep import WARNINGS
from helpdesk.audit.services import Action, ObjectType, difference, record_change
from helpdesk.legacy.characters import clean_text
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.legacy.fields import encode_php_json
from helpdesk.legacy.folding import fold
from helpdesk.people.actor import Actor
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.validation import checked_address

LONGEST_NAME = 32
LONGEST_VALUE = 255
HIGHEST_ORDER = 999_999
MOST_BYTES = 65_535
"""What notes, and the options of an action, may take in their columns."""
_TOO_LONG = _("At most %(count)d bytes fit here")


class Part(StrEnum):
    """Which part of a filter a mistake is in."""

    FILTER = "filter"
    RULE = "rule"
    ACTION = "action"


@dataclass(frozen=True)
class Mistake:
    """Something that keeps a filter from being saved: `row` counts rules or actions from 0, `name` is the input."""

    part: Part
    name: str
    message: str
    row: int = 0


class FilterInvalid(ValidationFailed):
    """A filter that cannot be saved; `mistakes` says everything that is wrong."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__(mistakes[0].message, code="filter_invalid", field=mistakes[0].name)
        self.mistakes = mistakes


@dataclass(frozen=True, kw_only=True)
class FilterDraft:
    """Everything that an administrator says about a filter.

    With `mailbox_id` it is for mails to that address alone; one for another target than Email does not ask other
    origins for it (§2, step 4).
    """

    name: str
    execorder: int = 99
    is_active: bool = True
    target: str = Target.ANY
    mailbox_id: int = 0
    match_all: bool = False
    stops: bool = False
    notes: str = ""
    rules: Sequence[RuleRow] = ()
    actions: Sequence[ActionRow] = field(default_factory=list)


@transaction.atomic
def store_filter(
    draft: FilterDraft, *, world: World, actor: Actor, ticket_filter: TicketFilter | None = None
) -> TicketFilter:
    """Create a filter from a draft, or change the given one into it, and give it; all its rules are written anew.

    A pattern without delimiters gets them (`invoice` becomes `/invoice/iu`). Raises PermissionRefused, FilterInvalid
    with everything that is wrong.
    """
    check_is_administrator(actor)
    _refuse_ban_list(ticket_filter)
    before = _in_words(ticket_filter)
    present = filter_rows([ticket_filter])[0] if ticket_filter is not None else None
    rules = [_completed(rule) for rule in draft.rules]
    name = clean_text(draft.name).strip()
    row = FilterRow(0, name, match_all=draft.match_all, rules=rules, actions=draft.actions)
    mistakes = [
        *_mistakes_of_filter(draft, ticket_filter, world),
        *_mistakes_of_rules(row, present),
        *_mistakes_of_actions(row, present, world),
    ]
    if mistakes:
        raise FilterInvalid(mistakes)
    now = timezone.now()
    saved = ticket_filter or TicketFilter(created=now)
    saved.name, saved.execorder, saved.notes = row.name, draft.execorder, draft.notes
    saved.isactive, saved.match_all_rules, saved.stop_onmatch = draft.is_active, draft.match_all, draft.stops
    saved.target = draft.target
    saved.email_id = draft.mailbox_id or None
    saved.flags, saved.updated = _marks(draft.actions, world), now
    saved.save()
    _write_rules(saved, rules)
    _write_actions(saved, draft.actions)
    _record(saved, before, actor, Action.CREATED if ticket_filter is None else Action.CHANGED)
    return saved


@transaction.atomic
def set_active(ticket_filter: TicketFilter, *, is_active: bool, actor: Actor) -> None:
    """Switch a filter on or off, the ban list too. Raises PermissionRefused."""
    check_is_administrator(actor)
    before = _in_words(ticket_filter)
    ticket_filter.isactive, ticket_filter.updated = is_active, timezone.now()
    ticket_filter.save(update_fields=["isactive", "updated"])
    _record(ticket_filter, before, actor, Action.CHANGED)


@transaction.atomic
def order_filters(order: Sequence[int], *, actor: Actor) -> None:
    """Let filters run in this order of ids; those that are not named come after them. Raises PermissionRefused."""
    check_is_administrator(actor)
    found = {one.pk: one for one in TicketFilter.objects.select_for_update().order_by("execorder", "id")}
    named = [pk for pk in dict.fromkeys(order) if pk in found]
    for number, pk in enumerate([*named, *(pk for pk in found if pk not in named)], start=1):
        one = found[pk]
        if one.execorder != number:
            before = _in_words(one)
            one.execorder = number
            one.save(update_fields=["execorder"])
            _record(one, before, actor, Action.CHANGED)


@transaction.atomic
def copy_filter(ticket_filter: TicketFilter, *, actor: Actor) -> TicketFilter:
    """Make a copy that is switched off, and give it. Raises PermissionRefused, ValidationFailed for the ban list."""
    check_is_administrator(actor)
    _refuse_ban_list(ticket_filter)
    now = timezone.now()
    copied = TicketFilter.objects.create(
        name=_free_name(ticket_filter.name),
        execorder=ticket_filter.execorder,
        isactive=False,
        target=ticket_filter.target,
        email_id=ticket_filter.email_id,
        match_all_rules=ticket_filter.match_all_rules,
        stop_onmatch=ticket_filter.stop_onmatch,
        notes=ticket_filter.notes,
        created=now,
        updated=now,
    )
    (row,) = filter_rows([ticket_filter])
    _write_rules(copied, row.rules)
    _write_actions(copied, row.actions)
    _record(copied, {}, actor, Action.CREATED)
    return copied


@transaction.atomic
def delete_filter(ticket_filter: TicketFilter, *, actor: Actor) -> None:
    """Delete a filter. Raises PermissionRefused, ValidationFailed for the ban list."""
    check_is_administrator(actor)
    _refuse_ban_list(ticket_filter)
    changes = difference(_in_words(ticket_filter), {})
    record_change(actor, Action.DELETED, ObjectType.FILTER, ticket_filter.pk, ticket_filter.name, changes)
    FilterRule.objects.filter(filter=ticket_filter).delete()
    FilterAction.objects.filter(filter=ticket_filter).delete()
    ticket_filter.delete()


def next_order() -> int:
    """Give the number for a filter that comes after all others but the ban list."""
    others = TicketFilter.objects.exclude(name__folded=BAN_LIST_NAME)
    highest = others.aggregate(highest=Max("execorder"))["highest"] or 0
    return min(int(highest) + 1, HIGHEST_ORDER)


def is_ban_list(ticket_filter: TicketFilter) -> bool:
    """Whether a filter is the ban list, which has a page of its own."""
    return fold(str(ticket_filter.name)) == fold(BAN_LIST_NAME)


# --- Checking ---------------------------------------------------------------------------------------------------------


def _refuse_ban_list(ticket_filter: TicketFilter | None) -> None:
    if ticket_filter is not None and is_ban_list(ticket_filter):
        raise ValidationFailed(_("The ban list has a page of its own."), code="ban_list", field="name")


def _mistakes_of_filter(draft: FilterDraft, ticket_filter: TicketFilter | None, world: World) -> Iterator[Mistake]:
    name = clean_text(draft.name).strip()
    others = TicketFilter.objects.exclude(pk=ticket_filter.pk if ticket_filter else 0)
    if not name:
        yield Mistake(Part.FILTER, "name", str(_("Name required")))
    elif len(name) > LONGEST_NAME:
        yield Mistake(Part.FILTER, "name", str(_("At most %(count)d characters.") % {"count": LONGEST_NAME}))
    elif others.filter(name__folded=name).exists() or fold(name) == fold(BAN_LIST_NAME):
        yield Mistake(Part.FILTER, "name", str(_("Name already in use")))
    if len(draft.notes.encode(errors="replace")) > MOST_BYTES:
        yield Mistake(Part.FILTER, "notes", str(_TOO_LONG % {"count": MOST_BYTES}))
    if not 0 <= draft.execorder <= HIGHEST_ORDER:
        yield Mistake(Part.FILTER, "execorder", str(_("A number from 0 to %(most)d.") % {"most": HIGHEST_ORDER}))
    is_known = draft.target in set(Target) and (not draft.mailbox_id or world.name("mailbox", draft.mailbox_id))
    if not is_known:
        yield Mistake(Part.FILTER, "target", str(_("Unknown or invalid target")))
    if not draft.rules:
        yield Mistake(Part.FILTER, "rules", str(_("You must set at least one rule.")))


def _completed(rule: RuleRow) -> RuleRow:
    """Trim the value, and put a pattern that is none by itself between delimiters (§4)."""
    value = clean_text(rule.val).strip()
    if rule.how in PATTERNS and value:
        made = comparison(rule.how, value)
        wrapped = _wrapped(value)
        if made is not None and made.error and not getattr(comparison(rule.how, wrapped), "error", "x"):
            value = wrapped
    return RuleRow(rule.what, rule.how, value)


def _mistakes_of_rules(row: FilterRow, present: FilterRow | None) -> Iterator[Mistake]:
    known = {one.key for one in rule_fields()} | {rule.what for rule in (present.rules if present else ())}
    seen: set[tuple[str, str, str]] = set()
    for number, rule in enumerate(row.rules):
        for name, message in _mistakes_of_rule(rule, known):
            yield Mistake(Part.RULE, name, str(message), number)
        identity = (rule.what, rule.how, _as_compared(rule.val))
        if identity in seen:
            yield Mistake(Part.RULE, "val", str(_("There is such a rule already.")), number)
        seen.add(identity)
    for problem in problems_of_rules(row):
        number = problem.rule or 0
        if problem.kind is ProblemKind.BROKEN_PATTERN and row.rules[number].val:
            yield Mistake(Part.RULE, "val", sentence(_meant(problem, row.rules[number])), number)
        elif problem.kind is ProblemKind.NEVER_MATCHES:
            yield Mistake(Part.RULE, "val", sentence(problem), number)


def _meant(problem: Problem, rule: RuleRow) -> Problem:
    """Say what is wrong with the pattern itself where somebody left the delimiters out."""
    if rule.val[0].isalnum() or rule.val[0] in "^\\.":
        made = comparison(rule.how, _wrapped(rule.val))
        return replace(problem, detail=made.error if made else problem.detail)
    return problem


def _wrapped(pattern: str) -> str:
    return f"/{pattern}/iu"


def _as_compared(text: str) -> str:
    """Give a value as the unique index of the table compares it: MySQL without regard to case and accents."""
    return fold(text) if connection.vendor == "mysql" else text


def _mistakes_of_rule(rule: RuleRow, known: Collection[str]) -> Iterator[tuple[str, Any]]:
    if rule.what not in known:
        yield "what", _("Choose what is compared.")
    if rule.how not in set(Operator):
        yield "how", _("Choose how it is compared.")
    if not rule.val:
        yield "val", _("Value required")
    elif len(rule.val) > LONGEST_VALUE:
        yield "val", _("At most %(count)d characters.") % {"count": LONGEST_VALUE}
    elif rule.what == EMAIL and rule.how == Operator.EQUAL and not _is_address(rule.val):
        yield "val", _("Valid email required for the match type")


def _is_address(text: str) -> bool:
    try:
        checked_address(text)
    except ValidationFailed:
        return False
    return True


def _mistakes_of_actions(row: FilterRow, present: FilterRow | None, world: World) -> Iterator[Mistake]:
    kept = {action.type for action in (present.actions if present else ())}
    seen: set[str] = set()
    for number, action in enumerate(row.actions):
        kind = action_type(action.type)
        if kind is None:
            if action.type not in kept:
                yield Mistake(Part.ACTION, "type", str(_("Choose what is done.")), number)
            continue
        if action.type in seen and not kind.is_repeatable:
            yield Mistake(Part.ACTION, "type", str(_("A filter can do this once.")), number)
        seen.add(action.type)
        if len(encode_php_json(_stored(action)).encode(errors="replace")) > MOST_BYTES:
            yield Mistake(Part.ACTION, "type", str(_TOO_LONG % {"count": MOST_BYTES}), number)
        problem = kind.problem(action.configuration, world)
        if problem is not None and problem.kind is not ProblemKind.INACTIVE_OBJECT:
            yield Mistake(Part.ACTION, problem.option or "type", sentence(problem), number)


# --- Writing ----------------------------------------------------------------------------------------------------------


def _marks(actions: Sequence[ActionRow], world: World) -> FilterFlag:
    """Give the bits for actions that name a department or topic which is switched off."""
    marks = FilterFlag(0)
    for action in actions:
        kind = action_type(action.type)
        for row, pk in kind.named_rows(action.configuration).items() if kind else ():
            if row in WARNINGS and world.name(row, pk) is not None and not world.is_usable(row, pk):
                marks |= WARNINGS[row]
    return marks


def _write_rules(saved: TicketFilter, rules: Sequence[RuleRow]) -> None:
    now = timezone.now()
    FilterRule.objects.filter(filter=saved).delete()
    FilterRule.objects.bulk_create(
        FilterRule(filter=saved, what=rule.what, how=rule.how, val=rule.val, created=now, updated=now) for rule in rules
    )


def _write_actions(saved: TicketFilter, actions: Sequence[ActionRow]) -> None:
    now = timezone.now()
    FilterAction.objects.filter(filter=saved).delete()
    FilterAction.objects.bulk_create(
        FilterAction(filter=saved, sort=sort, type=action.type, configuration=_stored(action), updated=now)
        for sort, action in enumerate(actions, start=1)
    )


def _stored(action: ActionRow) -> Configuration | list[Any]:
    """PHP writes an empty list where there is nothing."""
    return dict(action.configuration) or []


def _free_name(name: str) -> str:
    taken = {fold(str(one)) for one in TicketFilter.objects.values_list("name", flat=True)}
    for number in range(2, len(taken) + 3):
        ending = f" ({number})"
        candidate = name[: LONGEST_NAME - len(ending)] + ending
        if fold(candidate) not in taken:
            return candidate
    raise AssertionError("One of them was free.")


def _in_words(ticket_filter: TicketFilter | None) -> dict[str, Any]:
    """Give a filter as the trail shows it, as the database has it."""
    saved = TicketFilter.objects.filter(pk=ticket_filter.pk).first() if ticket_filter is not None else None
    if saved is None:
        return {}
    (row,) = filter_rows([saved])
    return {
        "name": row.name,
        "order": row.execorder,
        "active": saved.isactive,
        "target": row.target,
        "mailbox": row.mailbox_id,
        "all rules": row.match_all,
        "stops": row.stops,
        "notes": saved.notes or "",
        "rules": [f"{rule.what} {rule.how} {rule.val}" for rule in row.rules],
        "actions": [f"{action.type} {dict(action.configuration)}" for action in row.actions],
    }


def _record(saved: TicketFilter, before: Mapping[str, Any], actor: Actor, action: Action) -> None:
    changes = difference(before, _in_words(saved))
    record_change(actor, action, ObjectType.FILTER, saved.pk, saved.name, changes)

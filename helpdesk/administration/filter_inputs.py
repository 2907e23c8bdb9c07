"""The form of a ticket filter: rules and actions as rows of inputs, read from and shown for one request.

Every row has a key of its own, which its inputs carry in their names; `rule` and `action` list the keys in order. Rows
are added and removed on the page by a script, without it by buttons that show the page again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.html import strip_tags
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from filters.actions import Action, Option, OptionKind, action_type, id_of, registered_actions
from filters.fields import TOPIC, RuleField, rule_fields
from filters.matching import ActionRow, FilterRow, RuleRow, Target
from filters.models import TicketFilter
from filters.operators import OPERATOR_NAMES, Operator
from filters.services import FilterDraft, FilterInvalid, Mistake, Part, next_order
from helpdesk.legacy.ids import id_in, ids_in
from tickets.filter_choices import choices_of, suggestions, topic_id, topic_name

MAILBOX = "mailbox-"
NEW_KEY = "__key__"
"""Stands for the key in the blank rows that the script copies."""
MOST_ROWS = 400
"""Rules, and actions, that one page can send: the number of inputs of a request is limited."""
TARGETS: Mapping[str, Any] = {
    Target.ANY: gettext_lazy("Any origin"),
    Target.WEB: gettext_lazy("Web, and tickets that agents open"),
    Target.EMAIL: gettext_lazy("Email, any address"),
    Target.API: gettext_lazy("API"),
}


@dataclass
class RuleInput:
    """The inputs of one rule."""

    key: str
    what: str = ""
    how: str = Operator.CONTAINS
    val: str = ""
    errors: list[str] = field(default_factory=list)

    @property
    def row(self) -> RuleRow:
        """What was said, names of help topics as their ids."""
        is_topic = self.what == TOPIC and self.how in {Operator.EQUAL, Operator.NOT_EQUAL}
        return RuleRow(self.what, self.how, topic_id(self.val) if is_topic else self.val)


@dataclass
class OptionInput:
    """One input of an action."""

    option: Option
    name: str
    value: str = ""
    choices: Sequence[tuple[str, str]] = ()

    @property
    def kind(self) -> str:
        """How it is shown."""
        return self.option.kind.value


@dataclass
class ActionInput:
    """The inputs of one action. What an action holds that nobody here knows (`unknown`) travels with the form."""

    key: str
    type: str = ""
    configuration: Mapping[str, Any] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def kind(self) -> Action | None:
        """The action itself."""
        return action_type(self.type)

    @property
    def options(self) -> list[OptionInput]:
        """The inputs for its options."""
        return list(options_of(self.kind, self.key, self.configuration)) if self.kind else []


@dataclass
class FilterInputs:
    """All inputs of the page."""

    name: str = ""
    execorder: str = ""
    is_active: bool = True
    target: str = Target.ANY
    match_all: bool = False
    stops: bool = False
    notes: str = ""
    stored_notes: str = ""
    """The notes as the table holds them: osTicket writes HTML."""
    rules: list[RuleInput] = field(default_factory=list)
    actions: list[ActionInput] = field(default_factory=list)
    errors: dict[str, list[str]] = field(default_factory=dict)

    @property
    def has_errors(self) -> bool:
        """Whether anything is wrong."""
        of_rows = [*(one.errors for one in self.rules), *(one.errors for one in self.actions)]
        return bool(self.errors) or any(of_rows)

    def draft(self) -> FilterDraft:
        """Give what the service takes."""
        target, mailbox_id = _target_of(self.target)
        return FilterDraft(
            name=self.name,
            execorder=-1 if (order := id_in(self.execorder)) is None else order,
            is_active=self.is_active,
            target=target,
            mailbox_id=mailbox_id,
            match_all=self.match_all,
            stops=self.stops,
            notes=self.stored_notes or self.notes,
            rules=[one.row for one in self.rules],
            actions=[ActionRow(one.type, one.configuration) for one in self.actions],
        )

    def show(self, refusal: FilterInvalid) -> None:
        """Put what the service said where it belongs."""
        for mistake in refusal.mistakes:
            self._put(mistake)

    def _put(self, mistake: Mistake) -> None:
        if mistake.part is Part.RULE:
            self.rules[mistake.row].errors.append(mistake.message)
        elif mistake.part is Part.ACTION:
            self.actions[mistake.row].errors.append(mistake.message)
        else:
            self.errors.setdefault(mistake.name, []).append(mistake.message)

    def change_rows(self, verb: str, key: str) -> None:
        """Do what a button says: `add_rule`, `add_action`, `remove_rule`, `remove_action`."""
        if verb == "add_rule":
            self.rules.append(RuleInput(_free_key(self.rules)))
        elif verb == "add_action":
            self.actions.append(ActionInput(_free_key(self.actions)))
        elif verb == "remove_rule":
            self.rules = [one for one in self.rules if one.key != key]
        elif verb == "remove_action":
            self.actions = [one for one in self.actions if one.key != key]


def blank() -> FilterInputs:
    """Give the inputs for a new filter."""
    return FilterInputs(execorder=str(next_order()), rules=[RuleInput("0")], actions=[ActionInput("0")])


def inputs_of(ticket_filter: TicketFilter, row: FilterRow) -> FilterInputs:
    """Give the inputs for a stored filter."""
    return FilterInputs(
        name=row.name,
        execorder=str(row.execorder),
        is_active=ticket_filter.isactive,
        target=target_key(row),
        match_all=row.match_all,
        stops=row.stops,
        notes=strip_tags(ticket_filter.notes or ""),
        stored_notes=ticket_filter.notes or "",
        rules=[RuleInput(str(n), one.what, one.how, _shown(one)) for n, one in enumerate(row.rules)],
        actions=[ActionInput(str(n), one.type, one.configuration) for n, one in enumerate(row.actions)],
    )


def posted(data: QueryDict, before: FilterInputs) -> FilterInputs:
    """Give the inputs as they were sent; `before` holds what actions say that nobody here knows."""
    notes = data.get("notes", "").replace("\r\n", "\n")
    unknown = {one.key: one for one in before.actions if one.kind is None}
    too_many = _("At most %(count)d rules fit on this page.") % {"count": MOST_ROWS}
    is_too_long = max(len(data.getlist(kind)) for kind in ("rule", "action")) > MOST_ROWS
    return FilterInputs(
        name=data.get("name", ""),
        execorder=data.get("execorder", "").strip(),
        is_active="is_active" in data,
        target=data.get("target", ""),
        match_all=data.get("match") == "all",
        stops="stops" in data,
        notes=notes,
        stored_notes=before.stored_notes if notes.strip() == before.notes.strip() else "",
        rules=[_posted_rule(data, key) for key in data.getlist("rule")],
        actions=[_posted_action(data, key, unknown.get(key)) for key in data.getlist("action")],
        errors={"rules": [too_many]} if is_too_long else {},
    )


def options_of(kind: Action, key: str, configuration: Mapping[str, Any]) -> Iterator[OptionInput]:
    """Give the inputs for the options of an action; a row that is no longer offered stays among its choices."""
    for option in kind.options():
        value = configuration.get(option.name)
        name = _option_name(key, kind, option)
        if option.kind is not OptionKind.ROW:
            yield OptionInput(option, name, "" if value is None else str(value))
            continue
        chosen = str(id_of(value) or "")
        choices = choices_of(option.row)
        if chosen and chosen not in dict(choices):
            choices = [*choices, (chosen, _("number %(number)s (gone or switched off)") % {"number": chosen})]
        yield OptionInput(option, name, chosen, choices)


@dataclass(frozen=True)
class Menus:
    """What the menus of the page offer."""

    fields: Sequence[tuple[str, Sequence[RuleField]]]
    known: frozenset[str]
    operators: Mapping[Operator, Any]
    suggestions: Mapping[str, Sequence[str]]
    actions: Sequence[tuple[str, Sequence[Action]]]
    targets: Sequence[tuple[str, str]]
    blank_options: Sequence[tuple[Action, Sequence[OptionInput]]]

    @property
    def known_targets(self) -> frozenset[str]:
        """The keys of the targets: one that is gone must not turn into another one unseen."""
        return frozenset(key for key, _label in self.targets)


def menus(kept_target: str = "") -> Menus:
    """Give the menus, fields and actions in groups; `kept_target` is that of the filter, which may be a rare one."""
    fields = rule_fields()
    names = dict(choices_of("mailbox"))
    mailboxes = [(f"{MAILBOX}{pk}", _("Email to %(address)s") % {"address": name}) for pk, name in names.items()]
    target, mailbox_id = _target_of(kept_target)
    if target != Target.EMAIL and str(mailbox_id) in names:
        mailboxes.append((kept_target, origin_in_words(target, names[str(mailbox_id)])))
    actions = registered_actions().values()
    return Menus(
        fields=_grouped([(str(one.group), one) for one in fields]),
        known=frozenset(one.key for one in fields),
        operators=OPERATOR_NAMES,
        suggestions=suggestions(fields),
        actions=_grouped([(str(one.group), one) for one in actions]),
        targets=[*((key, str(label)) for key, label in TARGETS.items()), *mailboxes],
        blank_options=[(one, list(options_of(one, NEW_KEY, {}))) for one in actions if one.options()],
    )


def target_key(row: FilterRow) -> str:
    """Give the choice that stands for the target of a filter and its mailbox."""
    if not row.mailbox_id:
        return row.target
    return f"{MAILBOX}{row.mailbox_id}" if row.target == Target.EMAIL else f"{row.target}-{MAILBOX}{row.mailbox_id}"


def origin_in_words(target: str, mailbox: str) -> str:
    """Say for tickets of which origin a filter is; `mailbox` is the name of its address, '' where it has none."""
    if not mailbox:
        return str(TARGETS.get(target, target))
    if target == Target.EMAIL:
        return _("Email to %(address)s") % {"address": mailbox}
    return _("%(target)s; of the mails only those to %(address)s") % {
        "target": TARGETS.get(target, target),
        "address": mailbox,
    }


def _target_of(key: str) -> tuple[str, int]:
    """Give target and mailbox of a choice."""
    before, _mark, number = key.partition(MAILBOX)
    mailbox_id = id_of(number)
    return (before.removesuffix("-") or Target.EMAIL, mailbox_id) if mailbox_id else (key, 0)


def _grouped(pairs: Sequence[tuple[str, Any]]) -> list[tuple[str, list[Any]]]:
    groups: dict[str, list[Any]] = {}
    for group, one in pairs:
        groups.setdefault(group, []).append(one)
    return list(groups.items())


def _shown(rule: RuleRow) -> str:
    is_topic = rule.what == TOPIC and rule.how in {Operator.EQUAL, Operator.NOT_EQUAL}
    return topic_name(rule.val) if is_topic else rule.val


def _posted_rule(data: QueryDict, key: str) -> RuleInput:
    what, how, val = (data.get(f"rule-{key}-{name}", "") for name in ("what", "how", "val"))
    return RuleInput(key, what, how, val)


def _posted_action(data: QueryDict, key: str, unknown: ActionInput | None) -> ActionInput:
    chosen = data.get(f"action-{key}-type", "")
    if unknown is not None and unknown.type == chosen:
        return ActionInput(key, unknown.type, unknown.configuration)
    kind = action_type(chosen)
    configuration: dict[str, Any] = {}
    for option in kind.options() if kind else ():
        value = data.get(_option_name(key, kind, option), "").strip() if kind else ""
        if option.kind is OptionKind.ROW and kind:
            pk = id_of(value)
            configuration[option.name] = kind.stored_form(option.name, pk) if pk else 0
        else:
            configuration[option.name] = value
    return ActionInput(key, chosen, configuration)


def _option_name(key: str, kind: Action, option: Option) -> str:
    return f"action-{key}-{kind.key}-{option.name}"


def _free_key(rows: Sequence[RuleInput] | Sequence[ActionInput]) -> str:
    return str(max(ids_in(one.key for one in rows), default=-1) + 1)

"""Reads of filters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from filters.matching import ActionRow, FilterRow, RuleRow, in_order
from filters.models import FilterAction, FilterRule, TicketFilter
from helpdesk.legacy.ids import id_in, ids_in


def filter_rows(filters: Iterable[TicketFilter]) -> list[FilterRow]:
    """Give filters with their rules and actions as plain data, in the order in which they run, in two queries.

    An old action whose type is a number does what the action row with this id does (osticket/filters.md §5): one more.
    """
    found = {one.pk: one for one in filters}
    if not found:
        return []
    rules: dict[int, list[RuleRow]] = {}
    for rule in FilterRule.objects.filter(filter__in=found).order_by("id"):
        rules.setdefault(rule.filter_id or 0, []).append(RuleRow(rule.what, rule.how or "", rule.val))
    actions: dict[int, list[ActionRow]] = {}
    stored = list(FilterAction.objects.filter(filter__in=found).order_by("sort", "id"))
    meant = _meant_by_number(stored)
    for action in stored:
        row = meant.get(id_in(action.type), action)
        actions.setdefault(int(action.filter_id or 0), []).append(
            ActionRow(row.type, configuration_of(row.configuration))
        )
    return in_order(
        FilterRow(
            id=one.pk,
            name=one.name,
            target=one.target or "Any",
            mailbox_id=one.email_id or 0,
            match_all=one.match_all_rules,
            stops=one.stop_onmatch,
            execorder=one.execorder,
            rules=rules.get(one.pk, ()),
            actions=actions.get(one.pk, ()),
        )
        for one in found.values()
    )


def _meant_by_number(actions: Iterable[FilterAction]) -> Mapping[int | None, FilterAction]:
    numbers = ids_in(action.type for action in actions)
    return {row.pk: row for row in FilterAction.objects.filter(pk__in=numbers)} if numbers else {}


def active_filter_rows() -> list[FilterRow]:
    """Give the filters that are switched on, in the order in which they run."""
    return filter_rows(TicketFilter.objects.filter(isactive=True))


def configuration_of(stored: Any) -> Mapping[str, Any]:
    """Give the options of an action; PHP writes an empty list for none."""
    return stored if isinstance(stored, dict) else {}

"""Reads of filters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from filters.matching import ActionRow, FilterRow, RuleRow, in_order
from filters.models import FilterAction, FilterRule, TicketFilter


def filter_rows(filters: Iterable[TicketFilter]) -> list[FilterRow]:
    """Give filters with their rules and actions as plain data, in the order in which they run, in two queries."""
    found = {one.pk: one for one in filters}
    if not found:
        return []
    rules: dict[int, list[RuleRow]] = {}
    for rule in FilterRule.objects.filter(filter__in=found).order_by("id"):
        rules.setdefault(rule.filter_id or 0, []).append(RuleRow(rule.what, rule.how or "", rule.val))
    actions: dict[int, list[ActionRow]] = {}
    for action in FilterAction.objects.filter(filter__in=found).order_by("sort", "id"):
        actions.setdefault(int(action.filter_id or 0), []).append(
            ActionRow(action.type, configuration_of(action.configuration))
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


def active_filter_rows() -> list[FilterRow]:
    """Give the filters that are switched on, in the order in which they run."""
    return filter_rows(TicketFilter.objects.filter(isactive=True))


def configuration_of(stored: Any) -> Mapping[str, Any]:
    """Give the options of an action; PHP writes an empty list for none."""
    return stored if isinstance(stored, dict) else {}

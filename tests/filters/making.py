"""Filters for tests: rules as triples, actions as type and options."""

from __future__ import annotations

from typing import Any

from filters.models import FilterAction, FilterRule, TicketFilter

ANYBODY = ("email", "contains", "@")
Triple = tuple[str, str, str]


def make_filter(*rules: Triple, actions: dict[str, Any] | list[tuple[str, Any]], **columns: Any) -> TicketFilter:
    """Make a filter; without rules it matches every sender."""
    number = TicketFilter.objects.count()
    made = TicketFilter.objects.create(**{"name": f"Filter {number}", "execorder": 10 + number, **columns})
    for what, how, val in rules or [ANYBODY]:
        FilterRule.objects.create(filter=made, what=what, how=how, val=val)
    for sort, (kind, options) in enumerate(actions.items() if isinstance(actions, dict) else actions, start=1):
        FilterAction.objects.create(filter=made, sort=sort, type=kind, configuration=options)
    return made

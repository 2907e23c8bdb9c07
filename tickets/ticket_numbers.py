"""Numbers of tickets that lists and exports show as columns (`thread_count`, `task_count` …): read with the tickets."""

from __future__ import annotations

from collections.abc import Iterable

from tickets.criteria import field_of
from tickets.criteria_values import CountKind
from tickets.querysets import TicketQuerySet


def with_numbers(tickets: TicketQuerySet, paths: Iterable[str]) -> TicketQuerySet:
    """Let the query give the numbers among these paths; costs no statement of its own."""
    counts = {}
    for path in paths:
        field = field_of(path) if path else None
        if field is not None and isinstance(field.kind, CountKind):
            counts[_alias(path)] = field.kind.count()
    return tickets.annotate(**counts) if counts else tickets


def number_of(ticket: object, path: str) -> int | None:
    """Give a number that was read; None for zero and for paths that are no numbers."""
    number: int | None = vars(ticket).get(_alias(path))
    return number or None


def _alias(path: str) -> str:
    return f"counted_{path}"

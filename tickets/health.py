"""What the health page says of tickets: filters that do not do what they should, queues that list too much."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from filters.problems import in_words
from helpdesk.health.registry import Finding, health_check, ok, warning
from tickets.criteria import KEYWORDS, field_of, parse_criteria
from tickets.intake import intake
from tickets.reference_data import queue_tables

MOST_SHOWN = 10
FILTERS, QUEUES = "admin:filters", "agent:queue_setup"


@health_check("filters", "Ticket filters")
def filters(now: datetime) -> Iterator[Finding]:
    """Name broken and slow patterns, actions on what is gone, and rules that exclude each other."""
    in_use = intake().filters.filters
    found = [(one, problem) for one in in_use for problem in one.problems]
    for one, problem in found[:MOST_SHOWN]:
        advice = "Correct the filter under Administration, Ticket filters; tickets come in meanwhile."
        sentence = f"Filter “{one.name}”: {in_words(problem, one.row)}"
        yield warning(sentence, f"filter {one.row.id}", advice=advice, page=FILTERS)
    if len(found) > MOST_SHOWN:
        rest = str(len(found) - MOST_SHOWN)
        yield warning("More filters have problems.", rest, advice="Look at the list of filters.", page=FILTERS)
    if not found:
        yield ok("All filters can be used.", f"{len(in_use)} in use")


@health_check("queues", "Queues")
def queues(now: datetime) -> Iterator[Finding]:
    """Name queues and searches that ask for fields which are gone: they list more than they mean."""
    rows = queue_tables().queues.values()
    found = [
        (row, criterion.path)
        for row in rows
        for criterion in parse_criteria(row.config)
        if criterion.path != KEYWORDS and field_of(criterion.path) is None
    ]
    for row, path in found[:MOST_SHOWN]:
        advice = "Take the condition out: “Edit” above the list."
        sentence = f"Queue “{row.title}” asks for a field that is gone: {path}"
        yield warning(sentence, f"queue {row.id}", advice=advice, page=QUEUES)
    if len(found) > MOST_SHOWN:
        rest = str(len(found) - MOST_SHOWN)
        yield warning("More queues have problems.", rest, advice="Look at their conditions.", page=QUEUES)
    if not found:
        yield ok("The conditions of all queues can be read.", f"{len(rows)} there")

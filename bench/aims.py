"""What a run is judged by beside milliseconds: statements, growth with the history, memory of a web worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Figures = Mapping[str, Any]
"""What `bench measure` wrote about one database, or the whole run."""

QUEUE_PAGES, TICKET_PAGES = ("open", "closed", "my tickets"), ("ticket,",)
"""How the names of the pages begin that show tickets of a queue, or one ticket."""
OTHERWISE: tuple[tuple[str, str], ...] = (
    (
        "open, nothing cached",
        "the first page of a new process: it reads the small tables that the next pages find in memory",
    ),
    ("number", "an address that leads on to a ticket"),
    ("two words", "a search: it finds more in a longer history"),
    ("words apart", "a search: it finds more in a longer history"),
    ("common words", "a search: it finds more in a longer history"),
    ("typing", "suggestions: they find more in a longer history"),
    ("all numbers", "the numbers of all queues: they count more in a longer history"),
    ("statistics", "days that nobody has counted yet: they count more in a busier help desk"),
)
"""The pages that are judged by milliseconds alone, by the beginning of their names, and why."""
QUEUE_STATEMENTS, TICKET_STATEMENTS = 8, 12
GROWTH = 0.2
"""By which part a page may differ between the sizes."""
WORKER_MB = 130


def reason_otherwise(name: str) -> str:
    """Say why a page is judged by milliseconds alone, '' for a page of a queue or a ticket."""
    return next((reason for beginning, reason in OTHERWISE if name.startswith(beginning)), "")


def statements_aim(name: str) -> int | None:
    """Give how many statements a page of a queue or a ticket may ask; None for other pages."""
    if reason_otherwise(name):
        return None
    if name.startswith(QUEUE_PAGES):
        return QUEUE_STATEMENTS
    return TICKET_STATEMENTS if name.startswith(TICKET_PAGES) else None


def judged_pages(figures: Figures) -> int:
    """Count the pages of queues and tickets of one database."""
    return sum(statements_aim(case["key"]) is not None for case in figures["cases"])


def too_many_statements(figures: Figures) -> Iterator[str]:
    """Name the pages of one database that ask more statements than they may."""
    for case in figures["cases"]:
        limit = statements_aim(case["key"])
        if limit is not None and case["statements"] > limit:
            yield f"{case['key']} ({case['agent']}): {case['statements']} statements, aim {limit}"


def usual_ms(case: Figures) -> float:
    """Give the milliseconds at the machine's usual pace, of an older run the median."""
    return float(case.get("usual_ms", case["median_ms"]))


def grown(smallest: Figures, largest: Figures) -> Iterator[str]:
    """Name the pages of queues and tickets that take another time with the longer history."""
    before = {(case["key"], case["agent"]): case for case in smallest["cases"]}
    for case in largest["cases"]:
        earlier = before.get((case["key"], case["agent"]))
        if earlier is None or not usual_ms(earlier) or statements_aim(case["key"]) is None:
            continue
        ratio = usual_ms(case) / usual_ms(earlier)
        if abs(ratio - 1) > GROWTH:
            times = f"{usual_ms(earlier)} ms with {smallest['tickets']:,} tickets, {usual_ms(case)} ms"
            yield f"{case['key']} ({case['agent']}): {times} with {largest['tickets']:,}, {ratio:.2f} times"


def sizes_compared(run: Figures) -> Iterator[tuple[Figures, Figures]]:
    """Give the smallest and the largest database of each engine that was measured in more than one size."""
    for engine in dict.fromkeys(figures["engine"] for figures in run["databases"]):
        ordered = sorted(
            (figures for figures in run["databases"] if figures["engine"] == engine),
            key=lambda figures: int(figures["tickets"]),
        )
        if len(ordered) > 1:
            yield ordered[0], ordered[-1]


def judged_otherwise(run: Figures) -> list[str]:
    """Name the pages of a run that are judged by milliseconds alone, each with the reason."""
    names = dict.fromkeys(case["key"] for figures in run["databases"] for case in figures["cases"])
    return [f"{name}: {reason}" for name in names if (reason := reason_otherwise(name))]

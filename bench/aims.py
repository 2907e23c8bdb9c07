"""What a run is judged by beside milliseconds: statements, growth with the history, memory of a web worker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
"""By which part a page may differ between the sizes that are compared (`PageBySize.compared_size`)."""
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


@dataclass(frozen=True)
class PageBySize:
    """A page of one engine: what was measured at the largest size and, from the smallest on, at those below it."""

    name: str
    agent: str
    largest: Figures
    smaller: Mapping[int, Figures]

    @property
    def is_judged(self) -> bool:
        """Whether it may not grow: a page of a queue or a ticket."""
        return statements_aim(self.name) is not None

    @property
    def compared_size(self) -> int | None:
        """The size to compare the largest one with; None when the page is nowhere comparable.

        For a page of a queue or a ticket that is the smallest at which it shows as many tickets as at the largest: a
        short page and a full one differ whatever the history. Other pages are compared with the smallest.
        """
        fitting = (
            size for size, case in self.smaller.items() if not self.is_judged or _rows(case) == _rows(self.largest)
        )
        return next(fitting, None)

    @property
    def compared(self) -> Figures | None:
        """What was measured at `compared_size`."""
        size = self.compared_size
        return None if size is None else self.smaller[size]

    def __str__(self) -> str:
        return f"{self.name} ({self.agent})"


def _rows(case: Figures) -> int | None:
    """Give how many tickets a page shows; None of older runs, which did not count them."""
    return case.get("rows")


def pages_by_size(databases: Sequence[Figures]) -> Iterator[PageBySize]:
    """Give the pages that were measured at the largest size of one engine."""
    *others, largest = sorted(databases, key=lambda figures: int(figures["tickets"]))
    found = {
        int(figures["tickets"]): {(case["key"], case["agent"]): case for case in figures["cases"]} for figures in others
    }
    for case in largest["cases"]:
        key = (case["key"], case["agent"])
        yield PageBySize(*key, case, {size: cases[key] for size, cases in found.items() if key in cases})


def grown(databases: Sequence[Figures]) -> Iterator[str]:
    """Name the pages of queues and tickets of one engine that take another time with the longer history."""
    largest = max(int(figures["tickets"]) for figures in databases)
    for page in pages_by_size(databases):
        if page.compared is None or not page.is_judged:
            continue
        before, after = usual_ms(page.compared), usual_ms(page.largest)
        if abs(after / before - 1) > GROWTH:
            times = f"{before} ms with {page.compared_size:,} tickets{_of_passes(page.compared)}, "
            times += f"{after} ms with {largest:,}{_of_passes(page.largest)}"
            yield f"{page}: {times}, {after / before:.2f} times"


def _of_passes(case: Figures) -> str:
    """Say how far the passes lie apart, which tells a noisy machine from a slow page; '' for a single one."""
    single = case.get("usual_ms_of_passes", ())
    return f" ({min(single)} to {max(single)} in {len(single)} passes)" if len(single) > 1 else ""


def not_comparable(databases: Sequence[Figures]) -> Iterator[str]:
    """Name the pages of queues and tickets of one engine that at no smaller size show as many tickets as at the
    largest, with how many they show."""
    largest = max(int(figures["tickets"]) for figures in databases)
    for page in pages_by_size(databases):
        if page.is_judged and page.compared is None:
            rows = [f"{_rows(case)} with {size:,}" for size, case in {**page.smaller, largest: page.largest}.items()]
            yield f"{page}: rows {', '.join(rows)}"


def engines_compared(run: Figures) -> Iterator[list[Figures]]:
    """Give the databases of each engine that was measured in more than one size."""
    for engine in dict.fromkeys(figures["engine"] for figures in run["databases"]):
        databases = [figures for figures in run["databases"] if figures["engine"] == engine]
        if len(databases) > 1:
            yield databases


def judged_otherwise(run: Figures) -> list[str]:
    """Name the pages of a run that are judged by milliseconds alone, each with the reason."""
    names = dict.fromkeys(case["key"] for figures in run["databases"] for case in figures["cases"])
    return [f"{name}: {reason}" for name in names if (reason := reason_otherwise(name))]

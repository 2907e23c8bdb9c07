"""The pages of a database are measured in several passes, between those of the other sizes, and their times joined.

So a slow minute of the machine falls on single requests of every size, and does not look like growth.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Figures = Mapping[str, Any]
"""What `bench measure` wrote in one pass over one database: of each page the single times."""


def turns(sizes: Sequence[int], passes: int) -> Iterator[tuple[int, int]]:
    """Give the number of each pass, from 1, with each size: one pass upwards, the next one downwards, and so on.

    A machine that becomes slower all the time then does so for all sizes alike.
    """
    for number in range(passes):
        yield from ((number + 1, size) for size in sorted(sizes, reverse=number % 2 == 1))


def joined(passes: Sequence[Figures]) -> dict[str, Any]:
    """Give the figures of one database from all of its passes."""
    cases: dict[tuple[str, str], list[Figures]] = {}
    for figures in passes:
        for case in figures["cases"]:
            cases.setdefault((case["key"], case["agent"]), []).append(case)
    return {
        **passes[-1],
        "passes": len(passes),
        "process_peak_mb": max(figures["process_peak_mb"] for figures in passes),
        "cases": [_case(found) for found in cases.values()],
    }


def _case(passes: Sequence[Figures]) -> dict[str, Any]:
    """Join a page's times; what was counted is that of the pass with most statements, so that none is left out."""
    counted = max(passes, key=lambda case: int(case["statements"]))
    times, busy, paces = ([one for case in passes for one in case[name]] for name in ("ms", "cpu", "slowness"))
    return {
        "key": counted["key"],
        "agent": counted["agent"],
        "rows": counted["rows"],
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(sorted(times)[max(-(-len(times) * 95 // 100) - 1, 0)], 1),
        "best_ms": round(min(times), 1),
        "usual_ms": round(_usual(times, paces), 1),
        "usual_ms_of_passes": [round(_usual(case["ms"], case["slowness"]), 1) for case in passes],
        "slowness": round(statistics.median(paces), 2),
        "cpu_ms": round(statistics.median(busy), 1),
        "runs": len(times),
        "statements": counted["statements"],
        "database_ms": round(statistics.median(case["database_ms"] for case in passes), 1),
        "read": counted["read"],
        "read_most": counted["read_most"],
        "bytes": counted["bytes"],
    }


def _usual(times: Sequence[float], paces: Sequence[float]) -> float:
    """Give the median of the times at the machine's usual pace."""
    return statistics.median(ms / pace for ms, pace in zip(times, paces, strict=True))

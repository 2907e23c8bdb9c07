"""The geometry of the chart: lines over days, as a server-rendered SVG shows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from helpdesk.reports.sql import COUNTED
from helpdesk.reports.statistics import Plot

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 26, 10, 26
MOST_DAY_MARKS = 7


@dataclass(frozen=True)
class Line:
    """One event over the days: `points` for a polyline, `last` the point of the last day, `total` of all days."""

    name: str
    points: str
    last: tuple[float, float]
    total: int


@dataclass(frozen=True)
class Mark:
    """A mark on an axis, at `position` in the drawing."""

    position: float
    value: int | dt.date


@dataclass(frozen=True)
class Chart:
    """Everything that the drawing shows."""

    lines: list[Line]
    heights: list[Mark]
    days: list[Mark]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def chart_of(plot: Plot) -> Chart:
    """Give the chart of the events that the table counts; the others stand in the table of days."""
    shown = [name for name in COUNTED if name in plot.series]
    highest = max((max(plot.series[name]) for name in shown), default=0)
    marks = _marks_up_to(highest)
    top = marks[-1]

    def place(number: int, day: int) -> tuple[float, float]:
        return _x(day, len(plot.days)), _y(number, top)

    lines = []
    for name in shown:
        points = [place(number, day) for day, number in enumerate(plot.series[name])]
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        lines.append(Line(name, text, points[-1], sum(plot.series[name])))
    return Chart(lines, [Mark(_y(mark, top), mark) for mark in marks], _day_marks(plot.days))


def _x(day: int, days: int) -> float:
    width = WIDTH - LEFT - RIGHT
    return round(LEFT + (width / 2 if days == 1 else width * day / (days - 1)), 1)


def _y(number: int, top: int) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * number / top, 1)


def _marks_up_to(highest: int) -> list[int]:
    """Give round numbers from 0 to at least the highest one, about four of them above 0."""
    step = 1
    while step * 4 < highest:
        digits = str(step)
        step = step * 2 if digits[0] in "15" else step * 5 // 2
    count = max(1, -(-highest // step))
    return [step * number for number in range(count + 1)]


def _day_marks(days: Sequence[dt.date]) -> list[Mark]:
    """Give marks of a few days, the last among them."""
    step = max(1, -(-len(days) // MOST_DAY_MARKS))
    chosen = range(len(days) - 1, -1, -step)
    return [Mark(_x(day, len(days)), days[day]) for day in reversed(chosen)]

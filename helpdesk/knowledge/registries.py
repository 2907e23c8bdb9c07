"""What apps above this one know of its objects: they register it when they start."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Uses = Callable[[int], Sequence[str]]
Topics = Callable[[], Sequence[tuple[int, str]]]

_canned_uses: list[Uses] = []
_page_uses: list[Uses] = []
_topics: list[Topics] = []


def register_canned_uses(uses: Uses) -> None:
    """Have `uses(canned_id)` say in words what sends a canned response and so keeps it from being deleted."""
    _canned_uses.append(uses)


def register_page_uses(uses: Uses) -> None:
    """Have `uses(page_id)` say in words what shows a page and so keeps it from being deleted or switched off."""
    _page_uses.append(uses)


def register_help_topics(topics: Topics) -> None:
    """Have `topics()` give the help topics that an FAQ may belong to, by id and full name."""
    _topics.append(topics)


def uses_of_canned_response(canned_id: int) -> list[str]:
    """Say what sends the canned response."""
    return [use for uses in _canned_uses for use in uses(canned_id)]


def uses_of_page(page_id: int) -> list[str]:
    """Say what shows the page."""
    return [use for uses in _page_uses for use in uses(page_id)]


def help_topics() -> list[tuple[int, str]]:
    """Give the help topics by id and full name, in the order in which people choose them."""
    return [topic for topics in _topics for topic in topics()]

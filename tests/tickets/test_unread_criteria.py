"""Queues that ask for what is not understood yet say so instead of showing too much in silence."""

from __future__ import annotations

from typing import Any

import pytest

from helpdesk.people.access import access_of
from tests.tickets.conftest import NOW, Desk
from tickets.constants import QueueFlag
from tickets.models import Queue
from tickets.screens import NavigationQueue, QueuePage
from tickets.selectors import navigation_for, queue_for, queue_page

IS_OPEN = ["status__state", "includes", {"open": "Open"}]


def queue_with(*criteria: Any, title: str = "Own") -> int:
    config = {"criteria": [IS_OPEN, *criteria], "conditions": []}
    return int(Queue.objects.create(title=title, flags=QueueFlag(3), root="T", config=config).pk)


def page_of(desk: Desk, queue_id: int) -> QueuePage:
    access = access_of(desk.agent)
    return queue_page(access, queue_for(access, queue_id), now=NOW)


def in_navigation(desk: Desk, queue_id: int) -> NavigationQueue:
    return next(queue for queue in navigation_for(access_of(desk.agent), now=NOW) if queue.id == queue_id)


@pytest.mark.parametrize(
    "criterion",
    [
        ["cdata__serial", "contains", "nvoice"],
        ["isanswered", "sounds_like", None],
    ],
)
def test_a_condition_that_is_not_understood_is_named_and_nothing_is_counted(desk: Desk, criterion: list[Any]) -> None:
    desk.ticket(subject="x")
    queue_id = queue_with(criterion)
    assert page_of(desk, queue_id).problems
    assert in_navigation(desk, queue_id).count is None


@pytest.mark.parametrize(
    ("label", "criteria"),
    [
        ("Answered", [["isanswered", "set", None], ["isanswered", "nset", None]]),
        ("Status", [["status__id", "includes", {"3": "Closed"}]]),
        ("Issue Summary", [["cdata__subject", "equal", "Réglages"], ["cdata__subject", "equal", "Paper"]]),
        ("Created", [["created", "period", "td"], ["created", "period", "yd"]]),
        ("Created", [["created", "between", {"left": "2026-05-20", "right": "2026-05-10"}]]),
        ("Created", [["created", "before", "2026-05-10"], ["created", "after", "2026-05-10"]]),
        ("Number of entries", [["thread_count", "greater", "3"], ["thread_count", "less", "4"]]),
        ("Number of entries", [["thread_count", "less", "0"]]),
        ("Issue Summary", [["cdata__subject", "equal", "Réglages"], ["cdata__subject", "nequal", "reglages"]]),
        ("Issue Summary", [["cdata__subject", "equal", "Paper"], ["cdata__subject", "contains", "toner"]]),
        ("Issue Summary", [["cdata__subject", "contains", "Papers"], ["cdata__subject", "!contains", "paper"]]),
    ],
)
def test_conditions_that_exclude_each_other_are_named(desk: Desk, label: str, criteria: list[Any]) -> None:
    (problem,) = page_of(desk, queue_with(*criteria)).problems
    assert problem.startswith(label)
    assert "no ticket can fulfil these conditions at once" in problem


def test_conditions_that_agree_are_not_named(desk: Desk) -> None:
    twice = [["cdata__subject", "equal", "Réglages"], ["cdata__subject", "equal", "REGLAGES"]]
    assert page_of(desk, queue_with(*twice, ["created", "period", "td"], ["created", "period", "tm"])).problems == []
    subject = [["cdata__subject", *one] for one in (("contains", "Pap"), ("!contains", "paper"), ("nequal", "Pap"))]
    numbers = [["thread_count", *one] for one in (("greater", "3"), ("less", "5"), ("equal", "4"))]
    subject += [["user__emails__address", "equal", name] for name in ("a@x.test", "b@x.test")]
    one_day = ["created", "between", {"left": "2026-05-10", "right": "2026-05-10"}]
    assert page_of(desk, queue_with(*subject, *numbers, one_day, title="Other")).problems == []


@pytest.mark.parametrize("criterion", [["isanswered", "nset", None], ["status__id", "includes", {}]])
def test_understood_and_empty_conditions_are_not_named(desk: Desk, criterion: list[Any]) -> None:
    desk.ticket(subject="x")
    queue_id = queue_with(criterion)
    assert page_of(desk, queue_id).problems == []
    assert in_navigation(desk, queue_id).count == 1


def test_titles_are_shown_as_they_were_typed(desk: Desk) -> None:
    queue_id = queue_with(title="Hardware &amp; Network")
    assert in_navigation(desk, queue_id).title == "Hardware & Network"
    assert page_of(desk, queue_id).queue.title == "Hardware & Network"

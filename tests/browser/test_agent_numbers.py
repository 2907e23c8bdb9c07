"""The numbers beside the queues, which come after the page when they are not at hand."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Visitor, accessibility_problems
from tests.browser.test_agent_desk import Visit
from tests.desk import PASSWORD, Desk, open_ticket, set_up_desk
from tickets.navigation import forget_counts

OPEN = "#rail [data-queue-key=open]"


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    return set_up_desk()


def places(page: Page) -> list[dict[str, float]]:
    """Where the links of the side bar are."""
    script = (
        "links => links.map(link => (({x, y, width, height}) => ({x, y, width, height}))(link.getBoundingClientRect()))"
    )
    found: list[dict[str, float]] = page.eval_on_selector_all("#rail .rail-link", script)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_moves_and_the_focus_stays_when_numbers_come(visit: Visit, desk: Desk, scheme: str) -> None:
    agent: Visitor = visit(scheme=scheme)
    agent.sign_in("grace", PASSWORD)
    for number in range(3):
        open_ticket(f"Ticket {number}")
    cache.clear()
    held: list[Route] = []
    agent.page.route("**/queues/navigation/?part=open*", lambda route: held.append(route))
    page = agent.open("/scp/queues/1/")
    expect(page.locator(".queue-row")).to_have_count(3)
    expect(page.locator(f"{OPEN} .rail-count-pending")).to_have_text("")
    assert accessibility_problems(page) == []
    before = places(page)
    page.locator(OPEN).focus()
    held[0].continue_()
    expect(page.locator(f"{OPEN} .rail-count")).to_have_text("3")
    assert places(page) == before
    expect(page.locator(OPEN)).to_be_focused()
    expect(page.locator("#rail [data-queue-key=closed] .rail-count")).to_have_text("0")
    assert places(page) == before
    expect(page.locator(OPEN)).to_be_focused()


def test_numbers_of_a_moment_ago_stand_until_those_counted_anew_come(visit: Visit, desk: Desk) -> None:
    agent: Visitor = visit()
    agent.sign_in("grace", PASSWORD)
    open_ticket("Ticket")
    cache.clear()
    page = agent.open("/scp/queues/1/")
    expect(page.locator(f"{OPEN} .rail-count")).to_have_text("1")
    open_ticket("Another ticket")
    forget_counts()
    held: list[Route] = []
    page.route("**/queues/navigation/?part=open*", lambda route: held.append(route))
    agent.open("/scp/queues/1/")
    expect(page.locator(".queue-row")).to_have_count(2)
    expect(page.locator(f"{OPEN} .rail-count")).to_have_text("1")
    held[0].continue_()
    expect(page.locator(f"{OPEN} .rail-count")).to_have_text("2")

"""Choosing rows of a queue and acting on them, by mouse, by keyboard, and without script."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor, accessibility_problems, is_wider_than_the_window
from tests.browser.test_agent_desk import Visit
from tests.desk import PASSWORD, Desk, open_ticket, set_up_desk
from tests.factories import new_task
from tickets.models import Ticket


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    return set_up_desk()


@pytest.fixture
def agent(visit: Visit, desk: Desk) -> Visitor:
    window = visit()
    window.sign_in("grace", PASSWORD)
    return window


def closed() -> int:
    return Ticket.objects.filter(status__state="closed").count()


def test_rows_are_chosen_and_closed_by_keyboard_alone(
    agent: Visitor, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tickets.agent_bulk_views.SLICE", 2)
    tickets = [open_ticket(f"Ticket {number}") for number in range(6)]
    new_task(tickets[3])
    page = agent.open("/scp/queues/1/")
    expect(page.locator("#bulk")).to_be_hidden()
    for key in ("j", "x", "j", "j", "j", "Shift+X"):
        page.keyboard.press(key)
    expect(page.locator("[data-bulk-count]")).to_have_text("4 chosen")
    page.keyboard.press("Escape")
    expect(page.locator("#bulk")).to_be_hidden()
    page.keyboard.press("*")
    expect(page.locator("[data-bulk-count]")).to_have_text("6 chosen")
    assert accessibility_problems(page) == []
    page.keyboard.press("c")
    expect(page.locator("#close_status")).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".bulk-result")).to_have_text("5 of 6 closed")
    expect(page.locator(".bulk-refused")).to_contain_text(f"#{tickets[3].number}")
    assert accessibility_problems(page) == []
    page.keyboard.press("Escape")
    expect(page.locator(".queue-row")).to_have_count(1)
    expect(page.locator("#bulk")).to_be_hidden()
    assert closed() == 5


def test_a_key_acts_on_the_row_with_the_focus(agent: Visitor, desk: Desk) -> None:
    open_ticket("First")
    page = agent.open("/scp/queues/1/")
    page.keyboard.press("a")
    expect(page.locator("#action-dialog")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.select_option("#assign_assignee", f"s{desk.alan.pk}")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message-success")).to_contain_text("1 of 1 assigned")
    expect(page.locator(".cell-assignee")).to_contain_text("Alan Kay")


def test_a_range_is_chosen_by_mouse_and_outlives_a_refresh(visit: Visit, desk: Desk) -> None:
    for number in range(5):
        open_ticket(f"Ticket {number}")
    window = visit(width=390, height=844, scheme="dark")
    window.sign_in("grace", PASSWORD)
    page = window.open("/scp/queues/1/")
    boxes = page.locator("input[name=ticket]")
    boxes.nth(1).click()
    boxes.nth(3).click(modifiers=["Shift"])
    expect(page.locator("[data-bulk-count]")).to_have_text("3 chosen")
    page.evaluate("htmx.ajax('GET', location.href, {target: '#queue', swap: 'innerHTML'})")
    expect(page.locator("input[name=ticket]:checked")).to_have_count(3)
    expect(page.locator("[data-bulk-count]")).to_have_text("3 chosen")
    assert accessibility_problems(page) == []
    assert not is_wider_than_the_window(page)


def test_many_tickets_without_script(visit: Visit, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickets.agent_bulk_views.SLICE", 2)
    for number in range(3):
        open_ticket(f"Ticket {number}")
    window = visit(script=False)
    window.sign_in("grace", PASSWORD)
    page = window.open("/scp/queues/1/")
    for box in page.locator("input[name=ticket]").all():
        box.check()
    page.click("#bulk-close")
    page.click(".action-form button[type=submit]")
    page.click("text=Go on")
    expect(page.locator(".message-success")).to_contain_text("3 of 3 closed")
    assert closed() == 3


def test_what_a_search_found_is_acted_on_like_a_queue(agent: Visitor, desk: Desk) -> None:
    open_ticket("Printer on fire")
    open_ticket("Fire drill on Monday")
    page = agent.open("/scp/search/?q=fire")
    expect(page.locator(".queue-row")).to_have_count(2)
    page.locator(".subject-link").first.focus()
    page.keyboard.press("*")
    assert accessibility_problems(page) == []
    page.keyboard.press("c")
    expect(page.locator("#close_status")).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message-success")).to_contain_text("2 of 2 closed")
    assert closed() == 2

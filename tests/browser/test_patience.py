"""The tests' own hands: what they do on a page that is still being loaded waits for its scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.desk import PASSWORD, open_ticket, set_up_desk

Visit = Callable[..., Visitor]
MILLISECONDS = 400


@pytest.fixture
def slow(visit: Visit, transactional_db: None) -> Page:
    """Grace in a queue with a ticket; each file of the pages to come takes its time."""
    set_up_desk()
    open_ticket()
    window = visit()
    window.sign_in("grace", PASSWORD)
    page = window.open("/scp/queues/1/")
    session = window.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    line = {"offline": False, "latency": MILLISECONDS, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.emulateNetworkConditions", line)
    return page


def test_hands_wait_for_the_scripts_of_a_page_that_a_link_led_to(slow: Page) -> None:
    slow.click(".subject-link")
    slow.click("#tab-note")
    expect(slow.locator("#note_body_area")).to_be_visible()
    slow.reload(wait_until="commit")
    expect(slow.locator("#reply")).to_be_attached()
    slow.keyboard.press("a")
    expect(slow.locator("#action-dialog")).to_be_visible()

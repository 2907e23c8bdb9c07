"""Files of a reply are uploaded while it is being written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Page, expect

from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.selectors import forget
from tests.browser.conftest import Visitor, accessibility_problems, is_wider_than_the_window
from tests.desk import PASSWORD, Desk, open_ticket, set_up_desk


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    return set_up_desk()


def choose(page: Page, *files: tuple[str, bytes]) -> None:
    payloads = [FilePayload(name=name, mimeType="text/plain", buffer=content) for name, content in files]
    page.set_input_files("#reply_attachments", payloads)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_files_are_uploaded_refused_and_removed(
    desk: Desk, visit: Callable[..., Visitor], width: int, scheme: str
) -> None:
    ConfigItem.objects.update_or_create(namespace="core", key="max_file_size", defaults={"value": "5000"})
    forget()
    visitor = visit(width=width, scheme=scheme)
    visitor.sign_in("grace", PASSWORD)
    page = visitor.open(f"/scp/tickets/{open_ticket().pk}/")
    name = "a-rather-long-name-of-a-file-that-somebody-once-gave-it.txt"
    choose(page, ("a.txt", b"x" * 2048), ("big.bin", b"y" * 6000), (name, b"z"))
    items = page.locator("#reply .chosen-files li")
    expect(items).to_have_text(["a.txt · 2 KB", "big.bin: File is too large", f"{name} · 1 KB"])
    expect(page.locator("#reply progress")).to_have_count(0)
    assert accessibility_problems(page) == []
    assert not is_wider_than_the_window(page)
    remove = page.get_by_role("button", name="Remove a.txt")
    remove.focus()
    page.keyboard.press("Enter")
    expect(items).to_have_count(2)
    assert visitor.focused() == "reply_attachments"
    page.fill("#reply_body_area", "One file")
    page.click("#reply button[type=submit]")
    expect(page.locator(".entry-response .attachment-name")).to_have_text([name])


def test_files_of_a_canned_response_are_uploaded_and_removed(desk: Desk, visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.sign_in("grace", PASSWORD)
    page = visitor.open("/scp/canned/new/")
    page.set_input_files(
        "[type=file][name=attachments]", FilePayload(name="a.txt", mimeType="text/plain", buffer=b"one")
    )
    page.set_input_files(
        "[type=file][name=attachments]", FilePayload(name="b.txt", mimeType="text/plain", buffer=b"two")
    )
    items = page.locator(".chosen-files li")
    expect(items).to_have_text(["a.txt · 1 KB", "b.txt · 1 KB"])
    expect(page.locator("progress")).to_have_count(0)
    page.get_by_role("button", name="Remove a.txt").click()
    page.fill("[name=title]", "Rollers")
    page.locator("[contenteditable=true]").fill("See the file.")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Rollers").click()
    expect(page.get_by_text("b.txt")).to_be_visible()
    expect(page.get_by_text("a.txt")).to_have_count(0)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_canned_responses_are_readable(desk: Desk, visit: Callable[..., Visitor], width: int, scheme: str) -> None:
    visitor = visit(width=width, scheme=scheme)
    visitor.sign_in("grace", PASSWORD)
    page = visitor.open("/scp/canned/")
    assert accessibility_problems(page) == []
    assert not is_wider_than_the_window(page)
    title = page.get_by_role("link", name="What is Ostler (sample)?")
    box = title.bounding_box()
    assert box is not None
    assert box["height"] < 30, "on one line"


def test_without_script_the_form_sends_and_keeps_them(desk: Desk, visit: Callable[..., Visitor]) -> None:
    visitor = visit(script=False)
    visitor.sign_in("grace", PASSWORD)
    page = visitor.open(f"/scp/tickets/{open_ticket().pk}/")
    choose(page, ("a.txt", b"one"), ("b.txt", b"two"))
    page.fill("#reply_body", " ")  # which the browser takes for a text
    page.click("#reply button[type=submit]")
    kept = page.locator("#reply .chosen-files li")
    expect(kept).to_have_text(["a.txt · 3 bytes", "b.txt · 3 bytes"])
    kept.nth(1).locator("input").uncheck()
    page.fill("#reply_body", "One file")
    page.click("#reply button[type=submit]")
    expect(page.locator(".entry-response .attachment-name")).to_have_text(["a.txt"])

"""The end users' door in a real browser: every look, and the way in with the keyboard only."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from helpdesk.configuration.services import set_settings
from helpdesk.legacy.passwords import hash_password
from helpdesk.people.actor import Actor
from helpdesk.people.constants import AccountStatus
from helpdesk.people.models import UserAccount
from tests.browser.conftest import Visitor, accessibility_problems, is_wider_than_the_window
from tests.factories import EndUserFactory

Visit = Callable[..., Visitor]
PICTURES = os.environ.get("OSTLER_PICTURES", "")
"""A directory for pictures of the pages, for people who want to look at them."""
PASSWORD = "correct horse"


@pytest.fixture
def jo(transactional_db: None) -> UserAccount:
    set_settings("core", {"client_registration": "public"}, Actor.system("tests"))
    user = EndUserFactory.new(name="Jo Doe", address="jo@customer.test")
    return UserAccount.objects.create(
        user=user, status=AccountStatus.CONFIRMED, username="jodoe", passwd=hash_password(PASSWORD)
    )


def check(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
    assert accessibility_problems(page) == []
    assert not is_wider_than_the_window(page)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_page_of_the_door_looks_right(visit: Visit, jo: UserAccount, width: int, scheme: str) -> None:
    visitor = visit(width=width, scheme=scheme)
    look = f"{width}-{scheme}"
    for path, name in [("/login.php", "sign-in"), ("/pwreset.php", "reset"), ("/account/new/", "register")]:
        check(visitor.open(path), f"{name}-{look}")
    page = visitor.page
    page.fill("[name=name]", "Ann Lee")
    page.fill("[name=email]", "ann@customer.test")
    page.fill("[name=new_password]", PASSWORD)
    page.fill("[name=confirmation]", "another horse")
    page.click("main button[type=submit]")
    expect(page.get_by_text("The two new passwords are not the same.")).to_be_visible()
    check(page, f"register-refused-{look}")
    page.fill("[name=new_password]", PASSWORD)
    page.fill("[name=confirmation]", PASSWORD)
    page.click("main button[type=submit]")
    check(page, f"letter-{look}")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_people_come_in_and_go_with_the_keyboard_only(visit: Visit, jo: UserAccount, width: int, scheme: str) -> None:
    visitor = visit(width=width, scheme=scheme)
    look = f"{width}-{scheme}"
    page = visitor.open("/account/")
    assert "/login.php" in page.url
    expect(page.locator("input:focus")).to_have_count(1)
    page.keyboard.type("jodoe")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong horse")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Access denied")).to_be_visible()
    check(page, f"sign-in-refused-{look}")
    page.locator("[name=lpasswd]").focus()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account/")
    check(page, f"profile-{look}")
    check(visitor.open("/tickets/"), f"tickets-{look}")
    check(visitor.open("/logout.php"), f"sign-out-{look}")
    page.get_by_role("button", name="Sign out").last.click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()

"""Ticket filters and the ban list in a real browser: rows by script, keyboard, accessibility, and without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from filters.models import FilterAction, FilterRule, TicketFilter
from helpdesk.people.models import Agent
from tests.browser.conftest import Visitor, accessibility_problems, is_wider_than_the_window
from tests.desk import PASSWORD, set_up_desk
from tests.filters.making import make_filter

pytestmark = pytest.mark.ignore_template_errors
Visit = Callable[..., Visitor]


@pytest.fixture
def filters(transactional_db: None) -> TicketFilter:
    set_up_desk()
    Agent.objects.filter(username="grace").update(isadmin=True)
    make_filter(
        ("field.20", "contains", "invoice"), actions={"dept": {"dept_id": 2}, "pri": {"priority": 3}}, name="Sales"
    )
    make_filter(("name", "match", "/b(ob/"), actions={"agent": {"staff_id": 99}}, name="Broken", isactive=False)
    return make_filter(
        ("email", "ends", "@partner.test"),
        ("topicId", "equal", "1"),
        actions=[
            ("email", {"recipients": "%{user}", "subject": "Hello", "message": "<p>Hi</p>", "from": 1}),
            ("noresp", []),
        ],
        name="Partners",
        match_all_rules=True,
        stop_onmatch=True,
    )


def enter(window: Visitor) -> Page:
    window.sign_in("grace", PASSWORD)
    return window.open("/admin/filters/")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_page_is_accessible(visit: Visit, filters: TicketFilter, width: int, scheme: str) -> None:
    window = visit(width=width, scheme=scheme)
    enter(window)
    for address in (
        "/admin/filters/",
        "/admin/filters/add/",
        f"/admin/filters/{filters.pk}/",
        "/admin/try-filters/",
        "/scp/ban-list/",
    ):
        page = window.open(address)
        assert accessibility_problems(page) == [], address
        assert not is_wider_than_the_window(page), address
    page = window.open("/admin/try-filters/")
    page.fill("[name=email]", "jo@partner.test")
    page.fill("[name=subject]", "Invoice 7")
    page.get_by_role("button", name="Try").first.click()
    expect(page.get_by_role("heading", name="Result")).to_be_visible()
    assert accessibility_problems(page) == []
    assert not is_wider_than_the_window(page)


@pytest.mark.usefixtures("filters")
def test_rows_are_added_and_removed_by_keyboard(visit: Visit) -> None:
    window = visit()
    enter(window)
    page = window.open("/admin/filters/add/")
    page.fill("[name=name]", "Keyboard")
    page.get_by_role("button", name="Add a rule").press("Enter")
    expect(page.locator("[name=rule-1-what]")).to_be_focused()
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Remove this rule").first.press("Enter")
    expect(page.locator("[data-rows=rule] > [data-row]")).to_have_count(1)
    page.select_option("[name=rule-1-what]", "topicId")
    assert page.get_attribute("[name=rule-1-val]", "list") == "values-topicId"
    page.select_option("[name=rule-1-how]", "equal")
    page.fill("[name=rule-1-val]", "Feedback")
    page.select_option("[name=action-0-type]", "pri")
    page.select_option("[name=action-0-pri-priority]", "4")
    page.locator("[name=rule-1-val]").press("Enter")
    page.wait_for_url("**/admin/filters/")
    made = TicketFilter.objects.get(name="Keyboard")
    assert FilterRule.objects.get(filter=made).val == "2"
    assert FilterAction.objects.get(filter=made).configuration == {"priority": "4"}


@pytest.mark.usefixtures("filters")
def test_it_works_without_scripts(visit: Visit) -> None:
    window = visit(script=False)
    enter(window)
    page = window.open("/admin/filters/add/")
    page.fill("[name=name]", "Plain")
    page.get_by_role("button", name="Add a rule").click()
    for row in (0, 1):
        page.select_option(f"[name=rule-{row}-what]", "email")
        page.fill(f"[name=rule-{row}-val]", f"@{row}.test")
    page.select_option("[name=action-0-type]", "dept")
    page.get_by_role("button", name="Show its options").first.click()
    page.select_option("[name=action-0-dept-dept_id]", "2")
    page.get_by_role("button", name="Save").last.click()
    page.wait_for_url("**/admin/filters/")
    assert TicketFilter.objects.get(name="Plain").rules.count() == 2


@pytest.mark.usefixtures("filters")
def test_filters_are_dragged_into_another_order(visit: Visit) -> None:
    page = enter(visit())
    rows = page.locator("tbody tr")
    with page.expect_navigation():  # the rows stand in the new order before the server knows of it
        rows.nth(2).locator(".adf-handle").drag_to(rows.nth(0))
    expect(page.locator("tbody tr").first).to_contain_text("Partners")
    assert TicketFilter.objects.order_by("execorder").first().name == "Partners"  # type: ignore[union-attr]

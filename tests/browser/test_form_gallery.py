"""Forms in a real browser: every kind of field in every look, also without script, and the pages that make them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from helpdesk.forms.models import CustomList, Form
from helpdesk.people.models import Agent
from tests.browser.conftest import Visitor, accessibility_problems, is_wider_than_the_window
from tests.desk import PASSWORD, Desk, set_up_desk
from tests.factories import AgentFactory
from tests.forms.gallery import make_form

Visit = Callable[..., Visitor]


@pytest.fixture(autouse=True)
def _gallery(transactional_db: None, settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.forms.gallery"
    make_form()


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    return set_up_desk()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_every_field_is_accessible_in_every_look(visit: Visit, width: int, scheme: str) -> None:
    page = visit(width=width, scheme=scheme).open("/gallery/")
    _keep_picture(page, f"{width}-{scheme}-empty")
    assert accessibility_problems(page) == []
    assert not is_wider_than_the_window(page)
    page.locator("form:has(#send)").evaluate("form => form.noValidate = true")
    page.click("#send")
    expect(page.locator("[role=alert]")).to_be_visible()
    _keep_picture(page, f"{width}-{scheme}-errors")
    assert accessibility_problems(page) == []
    assert not is_wider_than_the_window(page)


def test_it_works_without_script(visit: Visit) -> None:
    AgentFactory.new(firstname="Grace", lastname="Hopper")
    page = visit(script=False).open("/gallery/")
    values = {
        "Cost centre": "AB-12",
        "Address": "Street 1\n1000 City",
        "First day": "2026-07-01",
        "Call me at": "2026-07-01T09:30",
    }
    for label, value in values.items():
        page.get_by_label(label).fill(value)
    page.get_by_label("Your time zone").select_option("Europe/Riga")
    page.get_by_label("Telephone: number").fill("555 0100 123")
    page.get_by_label("I have read the rules").check()
    page.get_by_label("Colour required").select_option("g")
    page.get_by_label("Floors").select_option(["3", "4"])
    page.get_by_label("Other device").fill("Router")
    page.get_by_label("Contact").select_option("Grace Hopper")
    page.get_by_label("Papers").set_input_files(
        {"name": "form.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4"}
    )
    page.click("#send")
    expect(page.locator("#outcome")).to_have_text("Sent")
    expect(page.get_by_label("Call me at")).to_have_value("2026-07-01T09:30")


def _keep_picture(page: Any, name: str) -> None:
    """Keep a picture where `$PICTURES` names a directory, to look at."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


@pytest.mark.ignore_template_errors
def test_administrators_edit_forms_in_every_look(visit: Visit, desk: Desk) -> None:
    vpn = Form.objects.get(title="VPN access")
    devices = CustomList.objects.get(name="Device")
    first = vpn.fields.order_by("sort")[0]
    Agent.objects.filter(username="grace").update(isadmin=True)
    CustomList.objects.filter(pk=devices.pk).update(sort_mode="SortCol")
    pages = [
        "forms/",
        "forms/add/",
        f"forms/{vpn.pk}/",
        f"forms/fields/{first.pk}/",
        f"forms/{vpn.pk}/preview/",
        "lists/",
        f"lists/{devices.pk}/",
        f"lists/{devices.pk}/items/add/",
        "topic-forms/",
        "topic-forms/1/",
    ]
    for width, scheme in ((1280, "light"), (390, "dark")):
        window = visit(width=width, scheme=scheme)
        window.sign_in("grace", PASSWORD)
        for path in pages:
            page = window.open(f"/admin/{path}")
            _keep_picture(page, f"admin-{path.strip('/').replace('/', '-')}-{width}-{scheme}")
            found = Axe().run(page, context=None if "preview" in path else ".adm-page").response["violations"]
            assert found == [], path
            assert not is_wider_than_the_window(page), path


@pytest.mark.ignore_template_errors
def test_fields_are_ordered_by_keyboard_and_by_dragging(visit: Visit, desk: Desk) -> None:
    vpn = Form.objects.get(title="VPN access")
    Agent.objects.filter(username="grace").update(isadmin=True)
    window = visit()
    window.sign_in("grace", PASSWORD)
    page = window.open(f"/admin/forms/{vpn.pk}/")
    names = page.locator("tbody th a")
    page.get_by_role("button", name="Move Cost centre down").focus()
    page.keyboard.press("Enter")
    expect(names.first).to_have_text("What for")
    expect(page.get_by_role("button", name="Move Cost centre down")).to_be_focused()
    with page.expect_navigation():  # the rows stand in the new order before the server knows of it
        page.locator(".adf-handle").nth(1).drag_to(page.locator(".adf-handle").first, target_position={"x": 4, "y": 1})
    expect(names.first).to_have_text("Cost centre")
    page.reload()
    expect(names.first).to_have_text("Cost centre")


@pytest.mark.ignore_template_errors
def test_options_come_and_go(visit: Visit, desk: Desk) -> None:
    field = Form.objects.get(title="VPN access").fields.order_by("sort")[0]
    Agent.objects.filter(username="grace").update(isadmin=True)
    window = visit()
    window.sign_in("grace", PASSWORD)
    page = window.open(f"/admin/forms/fields/{field.pk}/")
    expect(page.get_by_label("Pattern")).to_be_visible()
    page.get_by_label("Must be").select_option("number")
    expect(page.get_by_label("Pattern")).to_be_hidden()
    expect(page.get_by_label("What to say otherwise")).to_be_visible()

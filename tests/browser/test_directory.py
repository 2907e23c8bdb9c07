"""Users, organizations, imports and statistics in a real browser: every look, keyboard, an import that goes on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect

from helpdesk.people.actor import Actor
from helpdesk.people.constants import OrganizationFlag, UserFlag
from helpdesk.people.models import Agent, EndUser, Organization
from helpdesk.people.permissions import AgentPermission, stored_form
from helpdesk.people.services import OrganizationDraft, add_note, store_organization
from tests.browser.conftest import Visitor, accessibility_problems, is_wider_than_the_window
from tests.desk import PASSWORD, busy_ticket, closed_ticket, open_ticket, set_up_desk
from tests.factories import EndUserFactory

Visit = Callable[..., Visitor]
SYSTEM = Actor.system()
LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
PICTURES = os.environ.get("OSTLER_PICTURES", "")
"""A directory for pictures of the pages, for people who want to look at them."""


@pytest.fixture
def acme(transactional_db: None) -> Organization:
    """A desk at work: tickets of Maria at Acme, notes, forty more people."""
    desk = set_up_desk()
    Agent.objects.filter(pk=desk.grace.pk).update(permissions=stored_form(AgentPermission))
    busy_ticket(desk)
    closed_ticket(desk)
    open_ticket("A subject that is so long that it has to be broken on the screen of a telephone", message="<p>x</p>")
    draft = OrganizationDraft(
        name="Acme Incorporated",
        domain="acme.test, acme.example",
        manager=f"s{desk.grace.pk}",
        flags=OrganizationFlag.SHARE_PRIMARY_CONTACTS,
        answers={"website": "https://acme.test", "phone": "555-0100"},
    )
    acme = store_organization(draft, actor=SYSTEM)
    maria = EndUser.objects.get(name="Maria Silva")
    EndUser.objects.filter(pk=maria.pk).update(org=acme, status=UserFlag.PRIMARY_CONTACT)
    add_note(maria, "<p>Calls often, <b>always</b> about printers.</p>", actor=Actor.for_agent(desk.grace))
    add_note(acme, "<p>Pays late.</p>", actor=Actor.for_agent(desk.alan))
    for number in range(60):
        EndUserFactory.new(name=f"Person {number:02} of many", org=acme if number % 3 == 0 else None)
    return acme


def check(page: Page, name: str) -> None:
    if PICTURES:
        scheme = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
        width = page.evaluate("innerWidth")
        page.screenshot(path=Path(PICTURES) / f"{name}-{width}-{scheme}.png", full_page=True)
    assert accessibility_problems(page) == []
    assert not is_wider_than_the_window(page)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_is_accessible_in_every_look(visit: Visit, acme: Organization, width: int, scheme: str) -> None:
    maria = EndUser.objects.get(name="Maria Silva")
    window = visit(width=width, scheme=scheme)
    window.sign_in("grace", PASSWORD)
    for name, address in (
        ("users", "/scp/users/"),
        ("users-none", "/scp/users/?q=nobody"),
        ("user", f"/scp/users/{maria.pk}/"),
        ("user-edit", f"/scp/users/{maria.pk}/edit/"),
        ("user-account", f"/scp/users/{maria.pk}/account/"),
        ("user-delete", f"/scp/users/{maria.pk}/delete/"),
        ("organizations", "/scp/organizations/"),
        ("organization", f"/scp/organizations/{acme.pk}/"),
        ("organization-edit", f"/scp/organizations/{acme.pk}/edit/"),
        ("import", "/scp/users/import/"),
        ("statistics", "/scp/statistics/"),
        ("statistics-own", "/scp/statistics/?group=staff&period=7"),
    ):
        check(window.open(address), name)


def test_rows_of_a_list_are_cards_on_a_phone(visit: Visit, acme: Organization) -> None:
    window = visit(width=390)
    window.sign_in("grace", PASSWORD)
    for address in ("/scp/users/", f"/scp/organizations/{acme.pk}/", "/scp/canned/"):
        cells = window.open(address).locator(".stacked tbody :is(th, td)")
        looks = cells.evaluate_all(
            "cells => cells.map(getComputedStyle).map((look) => `${look.borderBottomWidth} ${look.paddingLeft}`)"
        )
        assert set(looks) == {"0px 0px"}, address


def test_an_import_goes_on_by_itself(visit: Visit, acme: Organization) -> None:
    window = visit()
    window.sign_in("grace", PASSWORD)
    page = window.open("/scp/users/import/")
    rows = "".join(f"Imported {number};imported-{number}@customer.test\n" for number in range(70))
    file = FilePayload(name="people.csv", mimeType="text/csv", buffer=f"Name;Mail\n{rows}nobody;here\n".encode())
    page.set_input_files("[name=file]", file)
    page.click("form.panel button[type=submit]")
    expect(page.locator("select[name=column_1]")).to_have_value("email")
    check(page, "import-plan")
    page.click("text=Import >> nth=-1")
    expect(page.locator("#progress-title")).to_have_text("done", timeout=60_000)
    expect(page.locator("text=71 of 71 rows")).to_be_visible()
    check(page, "import-done")
    assert EndUser.objects.filter(name__startswith="Imported").count() == 70


def test_a_user_is_found_and_changed_by_keyboard(visit: Visit, acme: Organization) -> None:
    window = visit()
    window.sign_in("grace", PASSWORD)
    page = window.open("/scp/users/")
    page.focus("#list-search")
    page.keyboard.type("maria")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.focus("tbody th a")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Maria Silva")
    page.focus("#id_note")
    page.keyboard.type("Prefers to be called.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".quick-note", has_text="Prefers to be called.")).to_be_visible()

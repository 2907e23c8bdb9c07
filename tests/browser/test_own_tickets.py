"""An end user at his own ticket: drafts with script, and everything without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import expect

from helpdesk.threads.models import Collaborator, Draft
from tests.browser.conftest import Visitor, accessibility_problems, is_wider_than_the_window
from tests.factories import EndUserFactory, new_ticket
from tests.sign_in import sign_in_user
from tickets.models import Ticket
from tickets.states import is_open

pytestmark = pytest.mark.django_db(transaction=True)
Visit = Callable[..., Visitor]


@pytest.fixture
def ticket(transactional_db: None) -> Ticket:
    return new_ticket(user=EndUserFactory.new(name="Maria Silva"))


def come_in(visitor: Visitor, ticket: Ticket) -> Visitor:
    """Give the window the session of the ticket's owner."""
    assert ticket.user is not None
    cookies = sign_in_user(Client(), ticket.user).cookies
    visitor.context.add_cookies(
        [{"name": name, "value": morsel.value, "url": visitor.address} for name, morsel in cookies.items()]
    )
    return visitor


def test_a_message_is_kept_while_it_is_written(visit: Visit, ticket: Ticket) -> None:
    maria = come_in(visit(width=390, scheme="dark"), ticket)
    page = maria.open(f"/tickets/{ticket.pk}/")
    page.fill("#id_body", "Not yet\nfinished")
    expect(page.locator("[data-writing-status]")).to_have_text("Draft kept")
    page.reload()
    expect(page.locator("#id_body")).to_have_value("Not yet\nfinished")
    assert accessibility_problems(page) == []
    assert not is_wider_than_the_window(page)
    page.click(".user-reply button[type=submit]")
    expect(page.locator("#conversation")).to_contain_text("finished")
    assert not Draft.objects.exists()


def test_without_script_the_owner_does_all_the_same(visit: Visit, ticket: Ticket) -> None:
    maria = come_in(visit(script=False), ticket)
    page = maria.open("/tickets/")
    page.click(f"a[href='/tickets/{ticket.pk}/']")
    page.click("details.participants-add summary")
    page.fill("#id_email", "carol@customer.test")
    page.click("details.participants-add button")
    expect(page.locator(".participants-list button")).to_have_count(1)
    assert Collaborator.objects.count() == 1
    page.click(".participants-list button")
    expect(page.locator(".participants-list button")).to_have_count(0)
    assert not Collaborator.objects.exists()
    page.click("text=Close ticket")
    expect(page.get_by_role("button", name="Open again")).to_be_visible()
    assert not is_open(Ticket.objects.get())
    page.click("text=Open again")
    expect(page.get_by_role("button", name="Close ticket")).to_be_visible()
    assert is_open(Ticket.objects.get())

"""Dialogs of the ticket page in a real browser: focus, errors, what stays while one writes, and no script at all."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from helpdesk.knowledge.models import CannedResponse
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department
from tests.browser.conftest import Visitor, accessibility_problems, is_wider_than_the_window
from tests.browser.test_agent_desk import Visit
from tests.desk import PASSWORD, Desk, busy_ticket, open_ticket, set_up_desk
from tickets.models import Ticket
from tickets.services import post_reply


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    desk = set_up_desk()
    Department.objects.filter(pk=desk.grace.dept_id or 0).update(manager=desk.grace)
    permissions = {"visibility.departments": 1, "emails.banlist": 1, "user.create": 1}
    Agent.objects.filter(pk=desk.grace.pk).update(permissions=permissions)
    return desk


@pytest.fixture
def agent(visit: Visit, desk: Desk) -> Visitor:
    window = visit()
    window.sign_in("grace", PASSWORD)
    return window


def test_an_action_leaves_what_is_being_written_and_gives_the_focus_back(agent: Visitor, desk: Desk) -> None:
    ticket = open_ticket()
    page = agent.open(f"/scp/tickets/{ticket.pk}/")
    page.fill("#reply_body_area", "Half a sentence")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    expect(page.locator("#assign_assignee")).to_be_focused()
    page.keyboard.press("Control+Enter")
    expect(page.locator("#assign_assignee[aria-invalid=true]")).to_be_focused()
    assert accessibility_problems(page) == []
    page.select_option("#assign_assignee", f"s{desk.alan.pk}")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#facts")).to_contain_text("Alan Kay")
    expect(page.locator(".message-success")).to_contain_text("assigned")
    expect(page.locator("#do-assign")).to_be_focused()
    expect(page.locator("#reply_body_area")).to_have_text("Half a sentence")
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert Ticket.objects.get(pk=ticket.pk).staff == desk.alan


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_every_dialog_is_accessible(visit: Visit, desk: Desk, width: int, scheme: str) -> None:
    ticket = busy_ticket(desk)
    window = visit(width=width, scheme=scheme)
    window.sign_in("grace", PASSWORD)
    page = window.open(f"/scp/tickets/{ticket.pk}/")
    names = [str(link.get_attribute("id")) for link in page.locator("[aria-haspopup=dialog]").all()]
    assert {"do-transfer", "do-refer", "do-merge", "do-delete", "do-ban", "do-priority", "do-answers"} <= set(names)
    for name in names:
        page.evaluate(f"document.getElementById('{name}').click()")
        expect(page.locator("#action-dialog")).to_be_visible()
        assert accessibility_problems(page) == [], name
        assert not is_wider_than_the_window(page), name
        page.keyboard.press("Escape")
        expect(page.locator("#action-dialog")).to_have_count(0)


def test_news_are_told_in_the_dialog(agent: Visitor, desk: Desk) -> None:
    ticket = open_ticket()
    page = agent.open(f"/scp/tickets/{ticket.pk}/")
    post_reply(ticket, actor=Actor.for_agent(desk.alan), body="<p>Done.</p>")
    page.keyboard.press("c")
    expect(page.locator("#action-dialog .changes")).to_contain_text("Alan Kay replied")
    expect(page.locator("#action-dialog :focus")).to_have_count(1)
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/scp/queues/**")
    closed = Ticket.objects.select_related("status").get(pk=ticket.pk)
    assert closed.status is not None
    assert closed.status.state == "closed"


def test_an_answer_is_chosen_and_inserted_by_keyboard(agent: Visitor) -> None:
    text = "<p>Dear %{ticket.name}, take 61.218.</p>"
    CannedResponse.objects.create(title="A driver", response=text, isenabled=True)
    page = agent.open(f"/scp/tickets/{open_ticket().pk}/")
    page.keyboard.press("i")
    expect(page.locator("#answer-key")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".answer-preview")).to_contain_text("Dear Maria Silva, take 61.218.")
    page.keyboard.press("Enter")
    expect(page.locator("#reply_body_area")).to_have_text("Dear Maria Silva, take 61.218.")
    expect(page.locator("#reply_body_area")).to_be_focused()


def test_a_dialog_that_comes_and_goes_does_not_end_the_waiting_for_the_next(agent: Visitor) -> None:
    page = agent.open(f"/scp/tickets/{open_ticket().pk}/")
    held: list[Route] = []
    page.route(re.compile("/transfer/"), lambda route: held.append(route))
    is_waiting = page.evaluate(
        """() => new Promise((resolve) => {
            const place = document.getElementById("dialog-place");
            const next = (event) => {
                const dialog = event.detail.target === place && place.querySelector("dialog[open]");
                if (!dialog) return;
                document.removeEventListener("htmx:afterSettle", next);
                dialog.close();
                document.getElementById("do-transfer").click();
                setTimeout(() => resolve("waiting" in place.dataset), 300);
            };
            document.addEventListener("htmx:afterSettle", next);
            document.getElementById("do-assign").click();
        })"""
    )
    assert is_waiting
    held[0].continue_()
    expect(page.locator("#transfer_department")).to_be_focused()
    assert not page.evaluate("'waiting' in document.getElementById('dialog-place').dataset")


def test_a_person_is_offered_while_typing(agent: Visitor) -> None:
    ticket = open_ticket()
    page = agent.open(f"/scp/tickets/{ticket.pk}/")
    page.keyboard.press("p")
    expect(page.locator("#collaborators_user")).to_be_focused()
    page.keyboard.type("maria")
    expect(page.locator("datalist option")).to_have_attribute("value", "maria@customer.test")
    page.fill("#collaborators_user", "nora@new.test")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#facts .people")).to_contain_text("nora")


def test_an_action_in_a_window_of_its_own_is_sent(visit: Visit, desk: Desk) -> None:
    ticket = open_ticket()
    window = visit()
    window.sign_in("grace", PASSWORD)
    page = window.open(f"/scp/tickets/{ticket.pk}/transfer/")
    page.click("main [type=submit]")
    expect(page.locator("#transfer_department[aria-invalid=true]")).to_be_visible()
    page.select_option("#transfer_department", label="Sales")
    page.check("#transfer_refer")
    page.click("main [type=submit]")
    expect(page.locator(".message-success")).to_contain_text("transferred")


def test_actions_are_pages_without_script(visit: Visit, desk: Desk) -> None:
    ticket = open_ticket()
    window = visit(script=False)
    window.sign_in("grace", PASSWORD)
    page = window.open(f"/scp/tickets/{ticket.pk}/")
    page.click("#do-subject")
    page.fill("main input[type=text]", "Printer in room 12")
    page.click("main [type=submit]")
    expect(page.locator("h1")).to_contain_text("Printer in room 12")
    page.click("[data-shortcut=more]")
    page.click("#do-transfer")
    page.click("main [type=submit]")
    expect(page.locator("#transfer_department[aria-invalid=true]")).to_be_visible()
    page.select_option("#transfer_department", label="Sales")
    page.check("#transfer_refer")
    page.click("main [type=submit]")
    expect(page.locator(".message-success")).to_contain_text("transferred")

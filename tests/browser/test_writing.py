"""Drafts and locks while an agent writes (`drafts.js`)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote_plus

import pytest
from playwright.sync_api import expect

from helpdesk.configuration.services import set_setting
from helpdesk.knowledge.models import CannedResponse
from helpdesk.threads.models import Draft, Lock, ThreadEntry
from tests.browser.conftest import Visitor, accessibility_problems, is_wider_than_the_window
from tests.desk import PASSWORD, SYSTEM, Desk, open_ticket, set_up_desk

pytestmark = pytest.mark.django_db(transaction=True)
Visit = Callable[..., Visitor]


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    return set_up_desk()


def test_a_reply_survives_a_reload_and_keeps_others_out(visit: Visit, desk: Desk) -> None:
    ticket = open_ticket()
    address = f"/scp/tickets/{ticket.pk}/"
    grace, alan = visit(), visit(width=390, scheme="dark")
    for agent, name in ((grace, "grace"), (alan, "alan")):
        agent.sign_in(name, PASSWORD)
        agent.open(address)
    reply = grace.page.locator("#reply_body_area")
    reply.fill("Dear Maria,\n\nplease <restart> it.")
    expect(grace.page.locator("#reply .writing-status")).to_have_text("Draft kept")
    assert Draft.objects.get().namespace == f"ticket.response.{ticket.pk}"
    code = Lock.objects.get().code
    expect(grace.page.locator("#reply [data-lock-code]")).to_have_value(code or "")

    alan.page.locator("#reply_body_area").type("Me too")
    expect(alan.page.locator("#reply .writing-status")).to_contain_text("Currently locked by Grace Hopper")

    grace.page.reload()
    expect(reply).to_contain_text("please <restart> it.")
    expect(grace.page.locator("#reply .writing-status")).to_have_text("This is the draft that you kept.")
    reply.press("Control+Enter")
    expect(grace.page.locator(".messages, [role=status]").first).to_contain_text("posted")
    assert ThreadEntry.objects.filter(type="R").count() == 1
    assert not Lock.objects.filter(staff=desk.grace).exists()
    assert not Draft.objects.filter(staff_id=desk.grace.pk).exists()


def test_the_settings_say_when_a_page_takes_the_lock(visit: Visit, desk: Desk) -> None:
    ticket = open_ticket()
    set_setting("core", "ticket_lock", "2", SYSTEM)
    grace = visit()
    grace.sign_in("grace", PASSWORD)
    grace.open(f"/scp/tickets/{ticket.pk}/")
    code = grace.page.locator("#reply [data-lock-code]")
    expect(code).to_have_value("")
    assert not Lock.objects.exists(), "only who writes locks"
    set_setting("core", "ticket_lock", "1", SYSTEM)
    grace.page.reload()
    expect(code).not_to_have_value("")
    assert Lock.objects.get().staff == desk.grace
    set_setting("core", "ticket_lock", "0", SYSTEM)
    grace.page.reload()
    expect(grace.page.locator("#reply_body_area")).to_be_visible()
    expect(code).to_have_count(0)


def test_without_script_the_page_takes_the_lock_itself(visit: Visit, desk: Desk) -> None:
    ticket = open_ticket()
    grace = visit(script=False)
    grace.sign_in("grace", PASSWORD)
    grace.open(f"/scp/tickets/{ticket.pk}/")
    grace.page.fill("#reply textarea", "Written without script.")
    grace.page.click("#reply button[type=submit]")
    expect(grace.page.locator(".entry-response")).to_contain_text("Written without script.")
    assert ThreadEntry.objects.filter(type="R").count() == 1
    assert not Lock.objects.exists()


def test_a_reply_is_written_with_markup_by_keyboard_and_mouse(visit: Visit, desk: Desk) -> None:
    ticket = open_ticket()
    text = "<p>Dear %{ticket.name}, take <b>61.218</b>.</p>"
    CannedResponse.objects.create(title="A driver", response=text, isenabled=True)
    grace = visit()
    grace.sign_in("grace", PASSWORD)
    page = grace.open(f"/scp/tickets/{ticket.pk}/")
    assert accessibility_problems(page) == []
    area = page.locator("#reply_body_area")
    page.keyboard.press("r")
    for tool, keys in (("italic", "iI"), ("underline", "uU"), ("bold", "bB")):  # capitals: Caps Lock is on
        button = page.locator(f"#reply [data-tool={tool}]")
        for key in (*keys, *reversed(keys)):
            was_on = button.get_attribute("aria-pressed") == "true"
            page.keyboard.press(f"Control+{key}")
            expect(button).to_have_attribute("aria-pressed", str(not was_on).lower())
    page.keyboard.press("Control+B")
    page.keyboard.type("Hello Maria")
    page.keyboard.press("Control+B")
    page.keyboard.type(" again")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("i")
    expect(page.locator("#answer-key")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".answer-preview")).to_contain_text("take 61.218")
    page.keyboard.press("Enter")
    expect(area).to_contain_text("Dear Maria Silva, take 61.218.")
    with page.expect_response(lambda answer: "<blockquote>" in unquote_plus(answer.request.post_data or "")):
        page.locator(".entry-message [data-inserts-answer]").click()
    expect(area.locator("blockquote")).to_contain_text("every page is blank")
    expect(page.locator("#reply .writing-status")).to_have_text("Draft kept")
    page.reload()
    expect(area.locator("b").first).to_contain_text("Hello Maria")
    area.press("Control+Enter")
    expect(page.locator(".message-success")).to_contain_text("posted")
    body = ThreadEntry.objects.get(type="R").body
    assert "<b>Hello Maria</b> again" in body.replace("&nbsp;", " ").replace("\xa0", " ")
    assert "<b>61.218</b>" in body
    assert "<blockquote>" in body


def test_tab_passes_the_tools_of_a_text_at_once_and_arrows_go_through_them(visit: Visit, desk: Desk) -> None:
    grace = visit()
    grace.sign_in("grace", PASSWORD)
    page = grace.open("/scp/canned/new/")
    tools, area = page.locator("[data-tool]"), page.locator("[contenteditable=true]")
    expect(tools.first).to_be_visible()
    page.locator("[name=department]").focus()
    page.keyboard.press("Tab")
    expect(tools.first).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(tools.last).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(tools.nth(1)).to_be_focused()
    page.keyboard.press("Tab")
    expect(area).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(tools.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("Slanted")
    expect(area.locator("i")).to_have_text("Slanted")
    assert accessibility_problems(page) == []


def test_a_new_ticket_survives_a_reload(visit: Visit, desk: Desk) -> None:
    grace = visit(width=390, scheme="dark")
    grace.sign_in("grace", PASSWORD)
    page = grace.open("/scp/tickets/new/")
    page.locator("#open_note_area").fill("Call her back")
    expect(page.locator(".writing-status").last).to_have_text("Draft kept")
    assert Draft.objects.get().namespace == "ticket.staff.note"
    page.reload()
    expect(page.locator("#open_note_area")).to_have_text("Call her back")
    assert accessibility_problems(page) == []
    assert not is_wider_than_the_window(page)

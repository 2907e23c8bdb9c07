"""An agent's day in a real browser: look, keyboard, accessibility, strict policy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Page, expect

from helpdesk.threads.models import ThreadEntry
from tests.browser.conftest import Visitor, accessibility_problems, is_wider_than_the_window
from tests.desk import PASSWORD, Desk, busy_ticket, closed_ticket, open_ticket, set_up_desk
from tickets.models import Ticket
from tickets.states import thread_of
from tickets.thread_items import SHOWN_ENTRIES

Visit = Callable[..., Visitor]
QUEUES_BY_KEY = {"o": "Open", "a": "Answered", "m": "My Tickets", "v": "Overdue", "c": "Closed"}
LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    return set_up_desk()


@pytest.fixture
def agent(visit: Visit, desk: Desk) -> Visitor:
    """Grace, signed in, at a desk."""
    window = visit()
    window.sign_in("grace", PASSWORD)
    return window


def check(page: Page) -> None:
    assert accessibility_problems(page) == []
    assert not is_wider_than_the_window(page)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_is_accessible_in_every_look(visit: Visit, desk: Desk, width: int, scheme: str) -> None:
    ticket, closed = busy_ticket(desk), closed_ticket(desk)
    window = visit(width=width, scheme=scheme)
    check(window.open("/"))
    check(window.open("/nothing/"))
    page = window.open("/scp/login.php")
    check(page)
    page.fill("[name=userid]", "grace")
    page.fill("[name=passwd]", "wrong")
    page.click("button[type=submit]")
    expect(page.locator("[role=alert]")).to_be_visible()
    check(page)
    window.sign_in("grace", PASSWORD)
    check(page)
    check(window.open("/scp/queues/8/"))
    check(window.open("/scp/queues/4/"))
    check(window.open(f"/scp/tickets/{closed.pk}/"))
    window.open(f"/scp/tickets/{ticket.pk}/")
    check(page)
    page.click("[data-compose=note]")
    check(page)
    page.click("[data-shortcut=assign]")
    expect(page.locator("#action-dialog")).to_be_visible()
    check(page)
    page.keyboard.press("Escape")
    page.click("[data-shortcut=more]")
    check(page)
    page.click(".agent-menu-opener")
    check(page)


def test_a_queue_is_walked_by_keyboard(agent: Visitor) -> None:
    older, newer = open_ticket("The older one"), open_ticket("The newer one")
    page = agent.open("/scp/queues/1/")
    first, second = (locator.get_attribute("id") for locator in page.locator(".subject-link").all())
    assert {first, second} == {f"ticket-{older.pk}", f"ticket-{newer.pk}"}
    for key, focused in (("j", first), ("j", second), ("j", second), ("k", first), ("j", second)):
        page.keyboard.press(key)
        assert agent.focused() == focused
    page.keyboard.press("Enter")
    page.wait_for_url("**/scp/tickets/**")
    page.go_back()
    page.wait_for_url("**/scp/queues/1/")
    expect(page.locator(f"#{second}")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("o")
    page.wait_for_url(f"**/scp/tickets/{str(first).removeprefix('ticket-')}/")
    page.keyboard.press("u")
    page.wait_for_url("**/scp/queues/1/")


def test_from_the_queue_to_a_sent_reply_without_a_mouse(agent: Visitor, desk: Desk) -> None:
    ticket = open_ticket()
    page = agent.open("/scp/queues/1/")
    page.keyboard.press("j")
    page.keyboard.press("r")
    page.wait_for_url(f"**/scp/tickets/{ticket.pk}/**")
    expect(page.locator("#reply_body_area")).to_be_focused()
    page.keyboard.type("Rust never sleeps: j, k, r and c are letters here.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message-success")).to_contain_text(f"Reply on #{ticket.number} posted.")
    expect(page.locator(".entry-response .entry-body")).to_contain_text("j, k, r and c are letters here.")
    ticket.refresh_from_db()
    assert ticket.staff == desk.grace


def test_the_keys_of_a_ticket(agent: Visitor, desk: Desk) -> None:
    page = agent.open(f"/scp/tickets/{open_ticket().pk}/")
    for key, focused in (("r", "reply_body_area"), ("n", "note_body_area")):
        page.keyboard.press(key)
        expect(page.locator(f"#{focused}")).to_be_focused()
        page.keyboard.press("Escape")
    for key, focused in (("a", "assign_assignee"), ("c", "close_status"), ("s", "status_status")):
        page.keyboard.press(key)
        expect(page.locator(f"#{focused}")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
    page.keyboard.press(".")
    expect(page.locator("#do-status")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#more-actions summary")).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("#shortcut-help")).to_be_visible()
    page.keyboard.press("r")
    assert agent.focused() != "reply_body_area"
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    expect(page.locator(".message-success")).to_contain_text("is yours")
    expect(page.locator("#ticket-actions")).to_be_focused()
    page.keyboard.press("/")
    assert agent.focused() == "ticket-search"


@pytest.mark.parametrize(
    ("key", "heading"), [("o", "Open"), ("a", "Answered"), ("m", "My Tickets"), ("v", "Overdue"), ("c", "Closed")]
)
def test_g_goes_to_the_queues(agent: Visitor, key: str, heading: str) -> None:
    page = agent.open("/scp/queues/14/")
    page.keyboard.type(f"g{key}")  # at once: the first key counts for a second only
    expect(page.locator("h1")).to_contain_text(heading)


def test_the_keyboard_leads_from_the_search_box_into_what_it_offers(agent: Visitor) -> None:
    ticket = open_ticket()
    page = agent.open("/scp/queues/1/")
    box, offered = page.locator("#ticket-search"), page.locator(".suggestion")
    page.keyboard.press("/")
    page.keyboard.type(str(ticket.number))
    expect(offered).to_have_count(2)
    for key, focused in (
        ("ArrowDown", offered.first),
        ("ArrowUp", box),
        ("ArrowUp", offered.last),
        ("ArrowDown", box),
        ("ArrowDown", offered.first),
        ("Escape", box),
        ("ArrowDown", offered.first),
    ):
        page.keyboard.press(key)
        expect(focused).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/scp/tickets/{ticket.pk}/")


def test_reply_and_note_are_tabs(agent: Visitor) -> None:
    page = agent.open(f"/scp/tickets/{open_ticket().pk}/")
    expect(page.locator("#reply_body_area")).to_be_visible()
    expect(page.locator("#note_body_area")).to_be_hidden()
    page.click("#tab-note")
    expect(page.locator("#note_body_area")).to_be_focused()
    expect(page.locator("#reply_body_area")).to_be_hidden()
    page.locator("#tab-note").press("ArrowLeft")
    expect(page.locator("#tab-reply")).to_have_attribute("aria-selected", "true")


def test_unsent_text_is_not_lost_silently(agent: Visitor) -> None:
    page = agent.open(f"/scp/tickets/{open_ticket().pk}/")
    page.fill("#reply_body_area", "Half a sentence")
    asked: list[str] = []

    def stay(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", stay)
    with page.expect_event("dialog"):
        page.click(".brand")
    assert asked == ["beforeunload"]
    expect(page.locator("#reply_body_area")).to_have_text("Half a sentence")
    page.click("#reply .compose-discard")
    page.click("#confirm-discard [value=cancel]")
    expect(page.locator("#reply_body_area")).to_have_text("Half a sentence")
    page.click("#reply .compose-discard")
    page.click("#confirm-discard [value=confirm]")
    expect(page.locator("#reply_body")).to_have_value("")
    page.click(".brand")
    page.wait_for_url("**/scp/queues/**")
    assert asked == ["beforeunload"]


def test_a_double_click_sends_once(agent: Visitor) -> None:
    ticket = open_ticket()
    page = agent.open(f"/scp/tickets/{ticket.pk}/")
    page.fill("#reply_body_area", "Only once, please")
    page.dblclick("#reply button[type=submit]")
    expect(page.locator(".message-success")).to_be_visible()
    assert ThreadEntry.objects.filter(thread__object_id=ticket.pk, type="R").count() == 1


def test_chosen_files_are_listed_and_sent(agent: Visitor) -> None:
    page = agent.open(f"/scp/tickets/{open_ticket().pk}/")
    page.set_input_files(
        "#reply_attachments",
        [
            FilePayload(name="a.txt", mimeType="text/plain", buffer=b"x" * 2048),
            FilePayload(name="b.txt", mimeType="text/plain", buffer=b"y"),
        ],
    )
    expect(page.locator("#reply .chosen-files li")).to_have_text(["a.txt · 2 KB", "b.txt · 1 KB"])
    page.fill("#reply_body_area", "Two files")
    page.click("#reply button[type=submit]")
    expect(page.locator(".entry-response .attachment-name")).to_have_text(["a.txt", "b.txt"])


def test_an_inline_image_is_shown_and_a_remote_one_is_not_asked_for(agent: Visitor, desk: Desk) -> None:
    shown = busy_ticket(desk)
    page = agent.open(f"/scp/tickets/{shown.pk}/")
    image = page.locator(".entry-body img")
    image.scroll_into_view_if_needed()
    expect(image).to_have_js_property("naturalWidth", 1)
    tracked = open_ticket(message='<p>Hi <img src="https://tracker.test/pixel.gif" alt="Logo" width="10"></p>')
    agent.open(f"/scp/tickets/{tracked.pk}/")
    expect(page.locator(".entry-body img[data-remote-src]")).to_be_visible()


def test_the_look_changes_at_once_and_stays(agent: Visitor) -> None:
    page = agent.open("/scp/queues/1/")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.click(".agent-menu-opener")
    page.evaluate("document.body.dataset.same = 'page'")
    page.click("[data-theme-choice][value=dark]")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(page.locator("body")).not_to_have_css("background-color", light)
    dark = page.evaluate(background)
    assert page.evaluate("document.body.dataset.same") == "page"
    agent.open("/scp/queues/1/")
    assert page.evaluate(background) == dark
    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_a_phone_has_the_queues_in_a_drawer(visit: Visit, desk: Desk) -> None:
    window = visit(width=390, height=844)
    window.sign_in("grace", PASSWORD)
    page = window.page
    expect(page.locator("#rail")).to_be_hidden()
    page.click(".rail-opener")
    expect(page.locator("#rail")).to_be_visible()
    check(page)
    page.click("#rail [data-queue-key=closed]")
    expect(page.locator("h1")).to_have_text("Closed")


def test_the_queue_refreshes_itself_and_keeps_the_place(agent: Visitor) -> None:
    first = open_ticket("First")
    page = agent.open("/scp/queues/1/")
    page.keyboard.press("j")
    open_ticket("Second")
    page.evaluate("htmx.ajax('GET', location.href, {target: '#queue', swap: 'innerHTML'})")
    expect(page.locator(".queue-row")).to_have_count(2)
    expect(page.locator(f"#ticket-{first.pk}")).to_be_focused()


def test_everything_works_without_script(visit: Visit, desk: Desk) -> None:
    ticket = open_ticket()
    window = visit(script=False)
    window.sign_in("grace", PASSWORD)
    page = window.page
    page.click(f"#ticket-{ticket.pk}")
    expect(page.locator("#reply_body")).to_be_visible()
    expect(page.locator("#note_body")).to_be_visible()
    page.fill("#note_body", "No script here")
    page.click("#note button[type=submit]")
    expect(page.locator(".entry-note .entry-body")).to_have_text("No script here")
    page.click("[data-shortcut=assign]")
    page.select_option("#assign_assignee", f"s{desk.alan.pk}")
    page.click("form[action$='/assign/'] button[type=submit]")
    expect(page.locator(".message-success")).to_be_visible()
    page.click(".agent-menu-opener")
    page.click("[data-theme-choice][value=dark]")
    assert page.locator("html").get_attribute("data-bs-theme") == "dark"
    page.click(".agent-menu-opener")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/scp/login.php")
    assert Ticket.objects.get(pk=ticket.pk).staff == desk.alan


def test_older_entries_of_a_long_conversation(agent: Visitor, visit: Visit, desk: Desk) -> None:
    """By keyboard without leaving the page; without script as a page of their own."""
    ticket = open_ticket()
    thread = thread_of(ticket)
    entries = [ThreadEntry(thread=thread, type="N", staff=desk.alan, body=f"note {n}") for n in range(SHOWN_ENTRIES)]
    ThreadEntry.objects.bulk_create(entries)
    page = agent.open(f"/scp/tickets/{ticket.pk}/")
    expect(page.locator(".entry")).to_have_count(SHOWN_ENTRIES)
    check(page)
    page.focus("#older-entries")
    page.keyboard.press("Enter")
    expect(page.locator(".entry")).to_have_count(SHOWN_ENTRIES + 1)
    expect(page.locator(".entry").first).to_contain_text("every page is blank")
    expect(page.locator("#older-entries")).to_be_focused()
    expect(page.locator("#older-entries")).to_have_text("The conversation begins here.")
    check(page)
    plain = visit(script=False)
    plain.sign_in("grace", PASSWORD)
    page = plain.open(f"/scp/tickets/{ticket.pk}/")
    page.click("#older-entries")
    expect(page.locator(".entry")).to_have_count(1)
    page.click("text=Show the newest entries")
    expect(page.locator(".entry")).to_have_count(SHOWN_ENTRIES)

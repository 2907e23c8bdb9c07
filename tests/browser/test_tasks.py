"""Tasks in a real browser: look, accessibility, keyboard, many at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from helpdesk.people.actor import Actor
from helpdesk.people.models import Department, EndUser
from tasks.models import Task
from tasks.services import NewTask, add_task_collaborator, close_task, create_task, post_task_note, post_task_update
from tests.browser.conftest import Visitor, accessibility_problems, is_wider_than_the_window
from tests.desk import PASSWORD, Desk, open_ticket, set_up_desk
from tickets.models import Ticket

Visit = Callable[..., Visitor]
LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    return set_up_desk()


def make_tasks(desk: Desk) -> tuple[Ticket, Task]:
    """Some tasks in every state, one of them with a conversation; give the ticket that has them, and that one."""
    grace, now = Actor.for_agent(desk.grace), timezone.now()
    ticket, support = open_ticket(), Department.objects.get(name="Support")

    def task(title: str, **values: object) -> Task:
        given = {"department": support, "answers": {"title": title}, "description": "<p>See the ticket.</p>"}
        return create_task(NewTask(**{**given, **values}), actor=grace).task  # type: ignore[arg-type]

    busy = task(
        "Order a new fuser unit for the printer on floor two",
        ticket=ticket,
        assign_to=desk.alan,
        duedate=now + timedelta(hours=5),
    )
    add_task_collaborator(busy, EndUser.objects.get(name="Maria Silva"), actor=grace)
    post_task_note(busy, actor=Actor.for_agent(desk.alan), body="<p>The vendor has it in stock.</p>", title="Stock")
    post_task_update(busy, actor=grace, body="<p>It is ordered and comes on Thursday.</p>")
    late = task("Call the vendor back", ticket=ticket, duedate=now + timedelta(hours=1))
    Task.objects.filter(pk=late.pk).update(duedate=now - timedelta(hours=3))
    close_task(task("Check the warranty", ticket=ticket), actor=grace)
    task("Update the page about printers")
    task("Tell everybody about the new rules of the meeting rooms", assign_to=desk.grace)
    return ticket, busy


def check(page: Page) -> None:
    assert accessibility_problems(page) == []
    assert not is_wider_than_the_window(page)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_is_accessible_in_every_look(visit: Visit, desk: Desk, width: int, scheme: str) -> None:
    ticket, task = make_tasks(desk)
    window = visit(width=width, scheme=scheme)
    window.sign_in("grace", PASSWORD)
    page = window.open("/scp/tasks/")
    check(page)
    page.check("[name=tids] >> nth=0")
    expect(page.locator(".task-bulk-bar")).to_be_visible()
    check(page)
    for path in ("list/closed/", "list/search/?q=nothing", "new/", f"new/?ticket={ticket.pk}", f"{task.pk}/edit/"):
        check(window.open(f"/scp/tasks/{path}"))
    check(window.open(f"/scp/tickets/{ticket.pk}/"))
    window.open(f"/scp/tasks/{task.pk}/")
    check(page)
    page.click("[data-shortcut=assign]")
    expect(page.locator("#action-dialog")).to_be_visible()
    check(page)
    check(window.open(f"/scp/tasks/{task.pk}/collaborators/"))


def test_by_keyboard_alone(visit: Visit, desk: Desk) -> None:
    _ticket, task = make_tasks(desk)
    window = visit()
    window.sign_in("grace", PASSWORD)
    page = window.page
    page.keyboard.type("gk")
    page.wait_for_url("**/scp/tasks/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert window.focused() == f"task-{task.pk}"
    page.keyboard.press("o")
    page.wait_for_url(f"**/scp/tasks/{task.pk}/")
    page.keyboard.press("n")
    page.keyboard.type("Noted.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message-success")).to_contain_text("added")
    page.keyboard.press("c")
    expect(page.locator("#action-dialog")).to_be_visible()
    page.get_by_role("button", name="Complete the task").click()
    expect(page.locator(".message-success")).to_contain_text("completed")
    page.keyboard.press("u")
    page.wait_for_url("**/scp/tasks/list/closed/")


def test_many_at_once(visit: Visit, desk: Desk) -> None:
    make_tasks(desk)
    window = visit()
    window.sign_in("grace", PASSWORD)
    page = window.open("/scp/tasks/")
    expect(page.locator(".task-bulk-bar")).to_be_hidden()
    for place in range(4):
        page.check(f"[name=tids] >> nth={place}")
    page.click(".task-bulk-bar [value=delete]")
    expect(page.locator("#confirm-bulk-delete")).to_be_visible()
    page.click("#confirm-bulk-delete [value=cancel]")
    assert Task.objects.count() == 5
    page.click(".task-bulk-bar [value=close]")
    expect(page.locator(".message-success")).to_contain_text("closed 4")
    expect(page.locator(".queue-row")).to_have_count(0)


def test_an_entry_is_corrected_in_its_dialog_and_the_page_shows_it(visit: Visit, desk: Desk) -> None:
    _ticket, task = make_tasks(desk)
    window = visit()
    window.sign_in("grace", PASSWORD)
    page = window.open(f"/scp/tasks/{task.pk}/#conversation")
    page.locator(".entry", has_text="It is ordered").get_by_role("link", name="Edit").press("Enter")
    dialog = page.locator("#action-dialog")
    expect(dialog).to_be_visible()
    check(page)
    dialog.get_by_label("Text").fill("It is ordered and comes on Friday.")
    dialog.get_by_role("button", name="Save").press("Enter")
    expect(page.locator(".entry", has_text="comes on Friday")).to_contain_text("edited")
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="How it was before").press("Enter")
    expect(dialog).to_contain_text("comes on Thursday")
    check(page)

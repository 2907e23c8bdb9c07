"""A guest opens a ticket, an agent answers, the guest comes back by a link and writes; agents open tickets, too."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import FilePayload, Page, Route, expect

from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.selectors import forget
from helpdesk.forms.constants import FieldFlag
from helpdesk.forms.models import Form, FormField
from helpdesk.people.permissions import AgentPermission, stored_form
from helpdesk.threads.models import ThreadEntry
from tests.browser.conftest import Visitor, accessibility_problems, is_wider_than_the_window
from tests.desk import PASSWORD, Desk, open_ticket, set_up_desk
from tickets.access_links import link_of
from tickets.intake import forget_intake
from tickets.models import HelpTopic, HelpTopicForm, Ticket

Visit = Callable[..., Visitor]
LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
SHOTS = os.environ.get("SHOTS")
LOG = FilePayload(name="driver-log.txt", mimeType="text/plain", buffer=b"61.250 installed")
REQUIRED = FieldFlag.ENABLED | FieldFlag.CLIENT_VIEW | FieldFlag.CLIENT_REQUIRED | FieldFlag.AGENT_VIEW


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    desk = set_up_desk()
    desk.grace.permissions = stored_form([AgentPermission.USER_CREATE, AgentPermission.VISIBILITY_AGENTS])
    desk.grace.save()
    forget_intake()
    return desk


def box(name: str, form_type: str = "T") -> str:
    return f"#id_field-{FormField.objects.get(form__type=form_type, name=name).pk}"


def first_topic() -> HelpTopic:
    return HelpTopic.objects.filter(ispublic=True).order_by("pk")[0]


def add_building(topic: HelpTopic) -> FormField:
    form = Form.objects.create(type="G", title="Where")
    field = FormField.objects.create(form=form, type="text", label="Building", name="building", flags=REQUIRED, sort=1)
    HelpTopicForm.objects.create(topic=topic, form=form, sort=9)
    return field


def set_setting(key: str, value: str) -> None:
    ConfigItem.objects.update_or_create(namespace="core", key=key, defaults={"value": value})
    forget()


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def check(page: Page, name: str) -> None:
    shot(page, name)
    assert accessibility_problems(page) == [], name
    assert not is_wider_than_the_window(page), name


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_every_page_is_accessible_in_every_look(visit: Visit, desk: Desk, width: int, scheme: str) -> None:
    set_setting("enable_captcha", "1")
    ticket = open_ticket()
    window = visit(width=width, scheme=scheme)
    look = f"{width}-{scheme}"
    check(window.open("/"), f"home-{look}")
    page = window.open(f"/tickets/new/?topicId={first_topic().pk}")
    check(page, f"open-{look}")
    page.click("#open-form .btn-primary")
    expect(page.locator("#open-errors")).to_be_visible()
    check(page, f"open-errors-{look}")
    page = window.open("/tickets/status/")
    check(page, f"status-{look}")
    page.fill("[name=lemail]", "maria@customer.test")
    page.fill("[name=lticket]", "123456")
    page.click(".portal-form button")
    expect(page.locator("h1")).to_have_text("Look into your mail")
    check(page, f"sent-{look}")
    assert ticket.user is not None
    link = urlsplit(link_of(ticket, ticket.user))
    check(window.open(f"{link.path}?{link.query}"), f"ticket-{look}")
    window.sign_in("grace", PASSWORD)
    page = window.open(f"/scp/tickets/new/?topicId={first_topic().pk}")
    check(page, f"agent-{look}")
    page.check("#id_uid_new")
    page.fill("#id_person", "mari")
    expect(page.locator("#person-list [role=option]")).to_have_count(1)
    page.press("#id_person", "ArrowDown")
    check(page, f"agent-list-{look}")
    page.click("#open-form .btn-primary")
    expect(page.locator("#open-errors")).to_be_visible()
    check(page, f"agent-errors-{look}")


def test_a_topic_that_was_chosen_before_the_scripts_stood_shows_its_fields(visit: Visit, desk: Desk) -> None:
    topic = first_topic()
    building = add_building(topic)
    guest = visit()
    waiting: list[Route] = []
    guest.page.route("**/htmx-*.js", lambda route: waiting.append(route))
    guest.page.goto(f"{guest.address}/tickets/new/", wait_until="commit")
    guest.page.select_option("#id_topic", str(topic.pk))
    expect(guest.page.locator("#id_topic")).to_have_value(str(topic.pk))
    waiting[0].continue_()
    expect(guest.page.locator(f"#id_field-{building.pk}")).to_be_visible()
    expect(guest.page.locator("#id_topic")).to_have_value(str(topic.pk))


@pytest.mark.parametrize("script", [True, False])
def test_a_ticket_goes_to_and_fro(visit: Visit, desk: Desk, script: bool) -> None:
    topic = first_topic()
    building = add_building(topic)
    guest = visit(script=script)
    page = guest.open("/")
    page.click(".portal-choices >> text=Open a ticket")
    page.fill(box("email", "U"), "maria@customer.test")
    page.select_option("#id_topic", str(topic.pk))
    if not script:
        page.click("button[name=continue]")
    expect(page.locator(f"#id_field-{building.pk}")).to_be_visible()
    expect(page.locator(box("email", "U"))).to_have_value("maria@customer.test")
    page.fill(box("name", "U"), "Maria Silva")
    page.fill(box("subject"), "Printer prints blank pages")
    page.fill(box("message"), "Since this morning.")
    page.set_input_files(f"{box('message')}_files", [LOG])
    if script:
        expect(page.locator("[data-chosen-files] input[type=hidden]")).to_have_count(1)
    page.click("#open-form .btn-primary")  # without the building
    expect(page.locator("#open-errors")).to_contain_text("Building")
    page.fill(f"#id_field-{building.pk}", "B7")
    page.press(f"#id_field-{building.pk}", "Enter")
    expect(page.locator("h1")).to_contain_text("has been opened")
    if script:
        check(page, "thanks")

    ticket = Ticket.objects.get()
    agent = visit()
    agent.sign_in("grace", PASSWORD)
    desk_page = agent.open(f"/scp/tickets/{ticket.pk}/")
    expect(desk_page.locator(".attachment")).to_contain_text("driver-log.txt")
    desk_page.fill("#reply_body_area", "Please restart it.")
    desk_page.click("#reply button[type=submit]")
    expect(desk_page.locator(".entry-response")).to_contain_text("Please restart it.")

    assert ticket.user is not None
    link = urlsplit(link_of(ticket, ticket.user))
    guest.open(f"{link.path}?{link.query}")
    assert page.url.endswith(f"/tickets/{ticket.pk}/")
    expect(page.locator(".entry-response")).to_contain_text("Please restart it.")
    page.fill("#id_body", "Now it works.")
    page.click(".user-reply button[type=submit]")
    expect(page.locator(".entry-message").last).to_contain_text("Now it works.")
    assert ThreadEntry.objects.filter(type="M").count() == 2


def test_an_agent_opens_a_ticket_with_the_keyboard(visit: Visit, desk: Desk) -> None:
    open_ticket()
    window = visit()
    window.sign_in("grace", PASSWORD)
    page = window.page
    page.keyboard.press("t")
    page.wait_for_url("**/scp/tickets/new/")
    page.focus("#id_person")
    page.keyboard.type("mar")
    expect(page.locator("#id_person")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    assert page.get_attribute("#id_person", "aria-activedescendant")
    page.keyboard.press("Enter")
    expect(page.locator("#person-list")).to_be_hidden()
    expect(page.locator("[data-person-choices] input:checked")).to_have_count(1)
    page.focus("#id_topic")
    with page.expect_response("**/scp/tickets/new/"):
        page.select_option("#id_topic", str(first_topic().pk))
    expect(page.locator("[data-person-choices] input:checked")).to_have_count(1)
    page.fill(box("subject"), "Called about paper")
    page.fill(box("message") + "_area", "No paper since noon.")
    page.press(box("subject"), "Enter")
    page.wait_for_url("**/scp/tickets/*/")
    expect(page.locator(".ticket-subject")).to_have_text("Called about paper")
    expect(page.locator(".facts .person-name")).to_have_text("Maria Silva")

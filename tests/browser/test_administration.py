"""The administration in a real browser: look, keyboard, accessibility, its own policy, and without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Page, expect

from helpdesk.knowledge.models import Faq, FaqCategory
from helpdesk.knowledge.models import Page as TextPage
from helpdesk.mail.models import EmailAccount, EmailAddress
from helpdesk.people.models import Agent, Department, Role
from helpdesk.people.permissions import granted
from tests.browser.conftest import Visitor, accessibility_problems, is_wider_than_the_window
from tests.desk import PASSWORD, Desk, set_up_desk

pytestmark = pytest.mark.ignore_template_errors
Visit = Callable[..., Visitor]
PAGES = (
    "/admin/",
    "/admin/hd_people/agent/",
    "/admin/hd_people/agent/add/",
    "/admin/hd_people/role/1/change/",
    "/admin/hd_people/department/1/change/",
    "/admin/hd_people/department/1/history/",
    "/admin/hd_people/department/1/delete/",
    "/admin/hd_api/apikey/",
    "/admin/hd_api/apikey/add/",
    "/admin/hd_mail/emailaddress/",
    "/admin/hd_mail/emailaddress/add/",
    "/admin/hd_mail/emailaddress/1/change/",
    "/admin/email-addresses/1/mailbox/",
    "/admin/email-addresses/1/smtp/",
    "/admin/hd_sla/slaplan/",
    "/admin/hd_sla/slaplan/1/change/",
    "/admin/hd_knowledge/page/add/",
    "/admin/hd_outbox/effect/",
    "/admin/health/",
    "/admin/schedules/",
    "/admin/schedules/1/",
    "/admin/schedules/4/",
    "/admin/schedules/1/entries/add/",
    "/admin/due-dates/?plan=1&department=1&start=2026-05-22T10:00",
    "/admin/settings/system/",
    "/admin/settings/alerts/",
    "/admin/hd_configuration/systemlogentry/",
    "/admin/hd_audit/administrativechange/",
    "/admin/django_celery_beat/periodictask/",
)


@pytest.fixture
def desk(transactional_db: None) -> Desk:
    desk = set_up_desk()
    Agent.objects.filter(username="grace").update(isadmin=True)
    return desk


def enter(window: Visitor) -> Page:
    window.sign_in("grace", PASSWORD)
    return window.open("/admin/")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
@pytest.mark.usefixtures("desk")
def test_every_page_is_accessible(visit: Visit, width: int, scheme: str) -> None:
    window = visit(width=width, scheme=scheme)
    enter(window)
    for address in PAGES:
        page = window.open(address)
        assert accessibility_problems(page) == [], address
        assert not is_wider_than_the_window(page), address


@pytest.mark.usefixtures("desk")
def test_a_refusal_is_announced_beside_its_field(visit: Visit) -> None:
    window = visit()
    enter(window)
    page = window.open("/admin/hd_people/department/1/change/")
    page.fill("[name=name]", "Sales")
    page.click("[name=_save]")
    expect(page.locator("[role=alert]")).to_be_visible()
    expect(page.get_by_text("Department already exists")).to_be_visible()
    assert accessibility_problems(page) == []


@pytest.mark.usefixtures("desk")
def test_what_is_wrong_far_below_is_shown_and_has_the_focus(visit: Visit) -> None:
    window = visit(width=390, scheme="dark")
    enter(window)
    page = window.open("/admin/schedules/4/")
    wrong = FilePayload(name="holidays.ics", mimeType="text/calendar", buffer=b"hello")
    page.set_input_files("[name=calendar-file]", wrong)
    page.get_by_role("button", name="Add these events").click()
    expect(page.get_by_text("This is no iCalendar file.")).to_be_in_viewport()
    expect(page.locator("[name=calendar-file]")).to_be_focused()


@pytest.mark.usefixtures("desk")
def test_a_mailbox_is_removed_once_that_was_asked(visit: Visit) -> None:
    address = EmailAddress.objects.get(pk=1)
    account = EmailAccount.objects.create(
        email=address, type="mailbox", auth_bk="basic", active=False, host="mail.acme.test", port=993, protocol="IMAP"
    )
    window = visit()
    enter(window)
    page = window.open("/admin/email-addresses/1/mailbox/")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Remove this account").click()
    expect(page.get_by_role("heading", name="The account as it is stored")).to_be_visible()
    assert EmailAccount.objects.filter(pk=account.pk).exists()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove this account").click()
    expect(page.get_by_text("The account was removed.")).to_be_visible()
    assert not EmailAccount.objects.filter(pk=account.pk).exists()


def test_a_page_is_written_with_the_editor_looked_at_and_saved(visit: Visit, desk: Desk) -> None:
    text = TextPage.objects.get(type="landing")
    window = visit()
    enter(window)
    page = window.open(f"/admin/hd_knowledge/page/{text.pk}/change/")
    page.locator("#id_body_area").fill("Closed on ")
    page.keyboard.press("End")
    page.keyboard.press("Control+b")
    page.keyboard.type("Sunday")
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Preview").click()
    expect(opened.value.locator("article b")).to_have_text("Sunday")
    text.refresh_from_db()
    assert "Sunday" not in text.body
    opened.value.close()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/hd_knowledge/page/")
    text.refresh_from_db()
    assert "<b>Sunday</b>" in text.body


def test_an_faq_says_which_markup_the_editor_does_not_keep(visit: Visit, desk: Desk) -> None:
    Agent.objects.filter(username="grace").update(permissions={"faq.manage": 1})
    shelf = FaqCategory.objects.create(name="Shelf", ispublic=1)
    plain = '<p>See <span><a href="https://acme.test/" target="_blank" rel="noopener">this</a></span></p>'
    styled = '<p style="text-align:center">Two</p>'
    one, two = (
        Faq.objects.create(question=text, answer=text, category=shelf, ispublished=1) for text in (plain, styled)
    )
    window = visit(width=390, scheme="dark")
    enter(window)
    page = window.open(f"/scp/kb/faqs/{one.pk}/edit/")
    note, area = page.locator(".rich-text-note").first, page.locator("#id_answer_area")
    expect(area).to_contain_text("See this")
    expect(note).to_be_empty()
    window.open(f"/scp/kb/faqs/{two.pk}/edit/")
    expect(area).to_contain_text("Two")
    expect(note).to_contain_text("goes when this text is changed here")
    assert accessibility_problems(page) == []
    assert not is_wider_than_the_window(page)
    page.get_by_role("button", name="HTML").click()
    page.locator("#id_answer").fill(styled.replace("Two", "Three"))
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**/scp/kb/faqs/{two.pk}/")
    two.refresh_from_db()
    assert two.answer == styled.replace("Two", "Three")


def test_markup_that_the_editor_does_not_keep_is_not_lost_by_opening_a_page(visit: Visit, desk: Desk) -> None:
    text = TextPage.objects.get(type="landing")
    styled = '<p style="text-align:center">Welcome to <a href="%{url}">us</a></p>'
    TextPage.objects.filter(pk=text.pk).update(body=styled)
    window = visit()
    enter(window)
    page = window.open(f"/admin/hd_knowledge/page/{text.pk}/change/")
    expect(page.locator(".rich-text-note")).to_contain_text("shown as HTML")
    expect(page.locator("#id_body")).to_be_visible()
    assert accessibility_problems(page) == []
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator("#id_body")).to_have_value(styled)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="HTML").click()
    expect(page.locator("#id_body_area a")).to_have_attribute("href", "%{url}")
    page.get_by_role("button", name="HTML").press("Home")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/admin/hd_knowledge/page/")
    assert TextPage.objects.get(pk=text.pk).body == styled, "nobody wrote anything"


@pytest.mark.usefixtures("desk")
def test_the_keyboard_leads_everywhere(visit: Visit) -> None:
    window = visit()
    page = enter(window)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(".adm-links a").first).to_be_focused()
    page = window.open("/admin/hd_people/role/1/change/")
    box = page.get_by_role("checkbox", name="Delete tickets for good")
    box.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    page.wait_for_url("**/hd_people/role/")
    assert "ticket.delete" not in granted(Role.objects.get(pk=1).permissions)
    page.get_by_role("button", name="Sign out").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/scp/login.php")


@pytest.mark.usefixtures("desk")
def test_on_a_phone_a_button_opens_the_side_bar(visit: Visit) -> None:
    page = enter(visit(width=390))
    link = page.locator("#nav-sidebar-apps").get_by_role("link", name="Departments")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Navigation").click()
    link.click()
    page.wait_for_url("**/hd_people/department/")


@pytest.mark.usefixtures("desk")
def test_it_works_without_scripts(visit: Visit) -> None:
    window = visit(script=False)
    enter(window)
    page = window.open("/admin/hd_people/department/2/change/")
    page.fill("[name=name]", "Selling")
    page.click("[name=_save]")
    page.wait_for_url("**/hd_people/department/")
    expect(page.get_by_text("Selling").first).to_be_visible()
    assert Department.objects.get(pk=2).name == "Selling"

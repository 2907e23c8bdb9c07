"""The help desk's own addresses in the administration: made, changed, deleted with all that hangs on them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from filters.models import TicketFilter
from helpdesk.administration.services import AddressDraft, SmtpDraft, store_address, store_smtp
from helpdesk.audit.models import AdministrativeChange
from helpdesk.configuration import current
from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.services import set_settings
from helpdesk.mail.models import EmailAccount, EmailAddress
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department
from mailfetch.models import Mailbox
from tests.administration.forms import errors_of, save
from tests.mailfetch.making import new_account
from tickets.intake import intake

pytestmark = pytest.mark.django_db
LIST, ADD = "/admin/hd_mail/emailaddress/", "/admin/hd_mail/emailaddress/add/"
SYSTEM = Actor.system("tests")


def page_of(address: EmailAddress, page: str = "change") -> str:
    return f"{LIST}{address.pk}/{page}/"


@pytest.fixture
def address(db: None) -> EmailAddress:
    return store_address(AddressDraft(email="sales@acme.test", name="Sales", department_id=2), actor=SYSTEM)


def test_an_address_is_made_as_osticket_stores_it(browser: Client) -> None:
    answer = save(
        browser, ADD, email=" Billing@acme.test ", name="Billing", department="2", topic="1", priority="3",
        sends_confirmation=None, notes="for invoices",
    )  # fmt: skip
    made = EmailAddress.objects.get(email="Billing@acme.test")
    assert answer["Location"] == page_of(made)
    assert (made.name, made.dept_id, made.topic_id, made.priority_id, made.noautoresp, made.notes) == (
        *("Billing", 2, 1, 3, True, "for invoices"),
    )
    [change] = AdministrativeChange.objects.filter(object_type="e-mail address")
    assert (change.action, change.object_name, change.actor_name) == ("created", "Billing@acme.test", "ada")
    assert intake().mailboxes[made.pk].name == "Billing"
    page = browser.get(page_of(made)).content.decode()
    for kind in ("mailbox", "smtp"):
        assert f"/admin/email-addresses/{made.pk}/{kind}/" in page


def test_a_new_address_decides_nothing_about_tickets(browser: Client) -> None:
    save(browser, ADD, email="new@acme.test", name="New")
    made = EmailAddress.objects.get(email="new@acme.test")
    assert (made.dept_id, made.topic_id, made.priority_id, made.noautoresp) == (None, 0, 0, False)


def test_it_is_changed_and_what_was_before_is_known(browser: Client, address: EmailAddress) -> None:
    save(browser, page_of(address), name="Selling", sends_confirmation=None)
    address.refresh_from_db()
    assert (address.name, address.noautoresp, address.dept_id) == ("Selling", True, 2)
    change = AdministrativeChange.objects.filter(action="changed").get()
    assert change.changes == {"name": ["Sales", "Selling"], "noautoresp": [False, True]}
    assert "Selling" in browser.get(LIST).content.decode()
    assert "Selling" in browser.get(page_of(address, "history")).content.decode()


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"email": "nobody"}, "email", "Valid email address required"),
        ({"email": "a@b.test\nBcc: c@d.test"}, "email", "Valid email address required"),
        ({"email": "SALES@acme.test"}, "email", "Email already exists"),
        ({"email": "Chief@acme.test"}, "email", "Email already used as admin email!"),
        ({"email": "ADA@acme.test"}, "email", "Email in use by an agent"),
        ({"name": " "}, "name", "This field is required"),
        ({"department": "4711"}, "department", "not one of the available choices"),
        ({"topic": "4711"}, "topic", "not one of the available choices"),
        ({"priority": "4711"}, "priority", "not one of the available choices"),
    ],
    ids=["none", "header", "taken", "administrator", "agent", "no name", "department", "topic", "priority"],
)
def test_a_refusal_stands_at_its_field(
    browser: Client, address: EmailAddress, change: dict[str, str], field: str, message: str
) -> None:
    set_settings("core", {"admin_email": "chief@acme.test"}, SYSTEM)
    count = EmailAddress.objects.count()
    answer = save(browser, ADD, **{"email": "new@acme.test", "name": "New", **change})
    assert message in errors_of(answer)[field][0]
    assert EmailAddress.objects.count() == count


def test_rows_that_are_gone_stay_named_and_in_place(browser: Client, address: EmailAddress) -> None:
    EmailAddress.objects.filter(pk=address.pk).update(topic_id=4711, priority_id=4711)
    assert save(browser, page_of(address), name="Selling").status_code == 302
    address.refresh_from_db()
    assert (address.name, address.topic_id, address.priority_id) == ("Selling", 4711, 4711)


@pytest.mark.parametrize("setting", ["default_email_id", "alert_email_id"])
def test_the_address_that_writes_stays(browser: Client, address: EmailAddress, setting: str) -> None:
    set_settings("core", {setting: address.pk}, SYSTEM)
    answer = browser.post(page_of(address, "delete"), {"post": "yes"}, follow=True)
    assert "Choose another one in the settings of e-mail first." in answer.content.decode()
    assert EmailAddress.objects.filter(pk=address.pk).exists()


def test_what_hangs_on_a_deleted_address_goes_with_it(browser: Client) -> None:
    account = new_account("jane", 993, "IMAP", "mail.acme.test", "secret", "box@acme.test", {})
    address: Any = account.email
    smtp = store_smtp(address, SmtpDraft(host="mail.acme.test", port=587, method="mailbox"), actor=SYSTEM)
    Mailbox.objects.create(account_id=account.pk)
    set_settings("core", {"default_smtp_id": smtp.pk}, SYSTEM)
    Department.objects.filter(pk=1).update(email_id=address.pk)
    Department.objects.filter(pk=2).update(autoresp_email_id=address.pk)
    ticket_filter = TicketFilter.objects.create(name="Its mails", isactive=True, email=address)
    page = browser.get(page_of(address, "delete"))
    assert page.status_code == 200
    browser.post(page_of(address, "delete"), {"post": "yes"})
    assert not EmailAddress.objects.filter(pk=address.pk).exists()
    assert not EmailAccount.objects.filter(email_id=address.pk).exists()
    assert not ConfigItem.objects.filter(namespace__startswith=f"email.{address.pk}.").exists()
    assert not Mailbox.objects.exists()
    default = current().integer("default_email_id")
    assert Department.objects.get(pk=1).email_id == default != 0
    assert Department.objects.get(pk=2).autoresp_email_id == 0
    assert current().integer("default_smtp_id") == 0
    ticket_filter.refresh_from_db()
    assert not ticket_filter.isactive
    assert AdministrativeChange.objects.filter(action="deleted", object_name="box@acme.test").exists()


def test_the_list_says_how_the_accounts_are(browser: Client) -> None:
    account = new_account("jane", 993, "IMAP", "ssl://mail.acme.test", "secret", "box@acme.test", {})
    page = browser.get(LIST).content.decode()
    assert "mail.acme.test" in page
    assert "outgoing mail" in page
    EmailAccount.objects.filter(pk=account.pk).update(last_error_msg="cannot login")
    assert "mail.acme.test (fails)" in browser.get(LIST).content.decode()
    EmailAccount.objects.filter(pk=account.pk).update(last_error_msg=None, active=False)
    assert "mail.acme.test (off)" in browser.get(LIST).content.decode()


def test_an_agent_who_is_no_administrator_stays_outside(address: EmailAddress, make_agent: Any) -> None:
    from tests.sign_in import agent_client

    client = agent_client(make_agent("bob"))
    for page in (LIST, ADD, page_of(address), page_of(address, "delete")):
        assert client.get(page).status_code in (302, 403)
    assert client.post(page_of(address, "delete"), {"post": "yes"}).status_code in (302, 403)
    assert EmailAddress.objects.filter(pk=address.pk).exists()
    assert Agent.objects.filter(username="bob").exists()

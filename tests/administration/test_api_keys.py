"""Keys of the HTTP API in the administration: made, shown once, used, switched off, deleted."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from helpdesk.api.models import ApiKey
from helpdesk.audit.models import AdministrativeChange
from tests.administration.forms import errors_of, save
from tests.sign_in import agent_client
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
LIST, ADD = "/admin/hd_api/apikey/", "/admin/hd_api/apikey/add/"
ADDRESS = "192.0.2.7"
TICKET = '{"name": "Jane", "email": "jane@example.org", "subject": "It broke", "message": "data:text/html,Help"}'


def make(browser: Client, **changes: Any) -> ApiKey:
    assert save(browser, ADD, **{"ipaddr": ADDRESS, **changes}).status_code == 302
    return ApiKey.objects.latest("pk")


def page_of(key: ApiKey, page: str = "change") -> str:
    return f"{LIST}{key.pk}/{page}/"


def ask(key: ApiKey | str, path: str = "tickets.json", *, address: str = ADDRESS) -> tuple[int, str]:
    """Ask as a program does; gives status and text."""
    sent = key if isinstance(key, str) else key.apikey
    headers = {"X-API-Key": sent}
    answer = Client().post(
        f"/api/{path}", TICKET, content_type="application/json", headers=headers, REMOTE_ADDR=address
    )
    return answer.status_code, answer.content.decode()


def test_a_key_is_made_as_osticket_stores_it_and_shown_once(browser: Client) -> None:
    answer = save(browser, ADD, ipaddr=ADDRESS, notes="monitoring")
    key = ApiKey.objects.get()
    assert re.fullmatch("[0-9A-F]{32}", key.apikey)
    assert (key.ipaddr, key.isactive, key.can_create_tickets, key.can_exec_cron, key.notes) == (
        *(ADDRESS, True, True, False, "monitoring"),
    )
    assert key.apikey in browser.get(answer["Location"]).content.decode()
    for page in (LIST, page_of(key), page_of(key, "history"), page_of(key, "delete")):
        shown = browser.get(page).content.decode()
        assert key.apikey not in shown, page
    assert f"{key.apikey[:6]}…" in browser.get(LIST).content.decode()
    change = AdministrativeChange.objects.get()
    assert (change.action, change.object_type, change.object_name) == ("created", "API key", ADDRESS)
    assert change.changes["apikey"] == [None, "(hidden)"]
    assert make(browser).apikey != key.apikey


def test_a_program_uses_it_from_its_address_alone(browser: Client) -> None:
    key = make(browser)
    status, number = ask(key)
    assert status == 201
    assert Ticket.objects.filter(number=number).exists()
    assert ask(key, address="192.0.2.8") == (401, "Valid API key required")
    assert ask(key, "tasks/cron") == (401, "API key not authorized")


def test_it_is_switched_off_and_its_rights_are_changed(browser: Client) -> None:
    key = make(browser)
    save(browser, page_of(key), can_create_tickets=None, can_exec_cron="on")
    assert ask(key) == (401, "API key not authorized")
    save(browser, page_of(key), is_active=None)
    assert ask(key) == (401, "API key not found/active or source IP not authorized")
    change = AdministrativeChange.objects.latest("pk")
    assert change.changes == {"isactive": [True, False]}


def test_address_and_key_stay(browser: Client) -> None:
    key = make(browser)
    browser.post(page_of(key), {"ipaddr": "192.0.2.9", "apikey": "0" * 32, "is_active": "on", "_save": "Save"})
    same = ApiKey.objects.get()
    assert (same.ipaddr, same.apikey) == (ADDRESS, key.apikey)


def test_a_deleted_key_is_refused_at_once(browser: Client) -> None:
    key = make(browser)
    assert ask(key)[0] == 201
    browser.post(page_of(key, "delete"), {"post": "yes"})
    assert not ApiKey.objects.exists()
    assert ask(key) == (401, "Valid API key required")
    change = AdministrativeChange.objects.latest("pk")
    assert (change.action, change.changes["apikey"]) == ("deleted", ["(hidden)", None])


@pytest.mark.parametrize(
    "text",
    ["", "192.0.2.0/24", "192.0.2", "desk.example.com", "0.0.0.0", "::", "192.0.2.7, 192.0.2.8", "224.0.0.1", "*"],  # noqa: S104
    ids=["empty", "range", "short", "name", "any", "any6", "two", "multicast", "star"],
)
def test_what_is_not_one_address_is_refused(browser: Client, text: str) -> None:
    assert errors_of(save(browser, ADD, ipaddr=text))["ipaddr"]
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("text", "stored"),
    [(" 192.0.2.7 ", ADDRESS), ("2001:0DB8::0001", "2001:db8::1"), ("::ffff:192.0.2.7", ADDRESS)],
    ids=["blanks", "long", "mapped"],
)
def test_addresses_are_stored_as_requests_show_them(browser: Client, text: str, stored: str) -> None:
    assert make(browser, ipaddr=text).ipaddr == stored


def test_notes_of_osticket_keep_their_html(browser: Client) -> None:
    key = make(browser)
    ApiKey.objects.filter(pk=key.pk).update(notes="<p>for <b>Ada</b></p>")
    assert "for Ada" in browser.get(LIST).content.decode()
    save(browser, page_of(key), can_exec_cron="on")
    assert ApiKey.objects.get().notes == "<p>for <b>Ada</b></p>"


def test_an_agent_who_is_no_administrator_stays_outside(browser: Client, make_agent: Any) -> None:
    key, client = make(browser), agent_client(make_agent("bob"))
    for page in (LIST, ADD, page_of(key), page_of(key, "delete")):
        assert client.get(page).status_code in (302, 403)
    client.post(ADD, {"ipaddr": "192.0.2.9"})
    client.post(page_of(key, "delete"), {"post": "yes"})
    assert ApiKey.objects.count() == 1

"""`/scp/ban-list/` (osticket/filters.md §7)."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from filters.ban_list import ban, is_banned
from helpdesk.audit.models import AdministrativeChange
from helpdesk.people.actor import Actor
from tests.factories import AgentFactory
from tests.sign_in import agent_client

pytestmark = pytest.mark.django_db
PAGE = "/scp/ban-list/"


@pytest.fixture
def client() -> Client:
    return agent_client(AgentFactory.new(permissions={"emails.banlist": 1}))


def text_of(answer: Any) -> str:
    return " ".join(BeautifulSoup(answer.content, "html.parser").get_text(" ").split())


def test_addresses_are_banned_found_and_taken_off_again(client: Client) -> None:
    assert client.post(PAGE, {"action": "ban", "email": "Spam@bad.test", "notes": "sells watches"}).status_code == 302
    assert is_banned("spam@bad.test")
    for query, is_found in (("watches", True), ("SPAM@", True), ("nobody", False)):
        assert ("Spam@bad.test" in text_of(client.get(PAGE, {"q": query}))) is is_found
    button = BeautifulSoup(client.get(PAGE, {"q": "bad.test"}).content, "html.parser").select_one("[value^=remove-]")
    assert button is not None
    client.post(PAGE, {"action": button["value"]})
    assert not is_banned("spam@bad.test")
    said = AdministrativeChange.objects.filter(object_type="ban list").order_by("pk")
    assert [(one.action, one.changes) for one in said] == [
        ("created", {"address": [None, "Spam@bad.test"]}),
        ("deleted", {"address": ["Spam@bad.test", None]}),
    ]


@pytest.mark.parametrize(
    ("address", "words"), [("nobody", "alid email"), ("test@example.com", "already in the ban list")]
)
def test_what_is_wrong_stands_at_the_field(client: Client, address: str, words: str) -> None:
    answer = client.post(PAGE, {"action": "ban", "email": address})
    assert answer.status_code == 200
    assert words in text_of(answer)


def test_many_are_imported_from_text_and_file(client: Client) -> None:
    file = SimpleUploadedFile("list.txt", b"three@bad.test\nTEST@example.com\nno address here\n")
    answer = client.post(
        PAGE, {"action": "import", "addresses": "one@bad.test; two@bad.test", "file": file}, follow=True
    )
    text = text_of(answer)
    for words in ("3 addresses added.", "1 was on the list already.", "1 is no address: no address here"):
        assert words in text
    assert all(is_banned(f"{name}@bad.test") for name in ("one", "two", "three"))
    assert "choose a file" in text_of(client.post(PAGE, {"action": "import"}))


def test_long_lists_come_in_pages(client: Client) -> None:
    for number in range(60):
        ban(f"spam{number:02}@bad.test", actor=Actor.system())
    first = BeautifulSoup(client.get(PAGE).content, "html.parser")
    assert len(first.select("tbody tr")) == 50
    following = first.select_one("a[rel=next]")
    assert following is not None
    second = BeautifulSoup(client.get(PAGE + str(following["href"])).content, "html.parser")
    assert len(second.select("tbody tr")) == 11  # one came with the help desk


def test_others_do_not_pass() -> None:
    other = agent_client(AgentFactory.new())
    assert other.get(PAGE).status_code == 403
    assert other.post(PAGE, {"action": "ban", "email": "spam@bad.test"}).status_code == 403
    assert not is_banned("spam@bad.test")
    assert "Ban list" not in text_of(other.get("/scp/statistics/"))


def test_administrators_pass_and_osticket_s_address_leads_here() -> None:
    admin = agent_client(AgentFactory.new(isadmin=True))
    assert admin.get("/scp/banlist.php")["Location"] == PAGE
    assert admin.get(PAGE).status_code == 200

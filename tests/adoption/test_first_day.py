"""The first day on an adopted database, through the browser's door: sign in with the old password, read, answer."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from html import unescape

import pytest
from bs4 import BeautifulSoup, Tag
from django.db import transaction
from django.test import Client

from helpdesk.files.models import StoredFile
from helpdesk.people.models import Agent
from helpdesk.threads.models import Thread, ThreadEntry
from tests.adoption.conftest import Adopted
from tickets.models import Ticket

pytestmark = [pytest.mark.mysql, pytest.mark.usefixtures("day")]
PASSWORD = "Secret-pw-1"


@pytest.fixture
def day(adopted: Adopted, working_on: Callable[..., AbstractContextManager[None]]) -> Iterator[None]:
    """Work on the adopted reference database; what happens is taken back."""
    with working_on(adopted.scratch), transaction.atomic():
        yield
        transaction.set_rollback(True)


def sign_in(username: str, password: str = PASSWORD) -> Client:
    """Sign in at the agents' door."""
    browser = Client()
    browser.post("/scp/login.php", {"userid": username, "passwd": password})
    return browser


@pytest.mark.parametrize("username", ["adminada", "bruno", "carla", "dmitri", "eiko", "farid", "BRUNO"])
def test_agents_sign_in_with_their_osticket_passwords(username: str) -> None:
    response = sign_in(username).get("/scp/", follow=True)
    assert response.status_code == 200
    assert response.request["PATH_INFO"].startswith("/scp/queues/")


@pytest.mark.parametrize(
    ("username", "password"), [("bruno", "secret-pw-1"), ("greta", PASSWORD), ("nobody", PASSWORD)]
)
def test_wrong_passwords_and_inactive_agents_stay_outside(username: str, password: str) -> None:
    response = sign_in(username, password).get("/scp/", follow=True)
    assert response.request["PATH_INFO"] == "/scp/login.php"


@pytest.mark.parametrize("offset", range(8))
def test_every_eighth_ticket_opens(offset: int) -> None:
    """Merged, linked, closed, without topic, with every kind of attachment and text."""
    browser = sign_in("adminada")
    for ticket in Ticket.objects.order_by("pk")[offset::8]:
        page = browser.get(f"/scp/tickets/{ticket.pk}/")
        assert page.status_code == 200
        assert str(ticket.number) in page.content.decode()


def test_a_whole_thread_is_shown() -> None:
    ticket = Ticket.objects.get(number="451926")
    page = sign_in("adminada").get(f"/scp/tickets/{ticket.pk}/").content.decode()
    thread = Thread.objects.get(object_type="T", object_id=ticket.pk)
    entries = list(thread.entries.exclude(type="").order_by("pk"))
    assert len(entries) > 2
    for entry in entries:
        words = re.findall(r"\w{4,}", re.sub(r"<[^>]+>", " ", unescape(entry.body)))[:5]
        assert all(word in page for word in words), entry.body


def test_attachments_come_out_byte_for_byte() -> None:
    browser = sign_in("adminada")
    files = StoredFile.objects.filter(attachments__isnull=False).distinct()
    downloaded: set[int] = set()
    for ticket in Ticket.objects.order_by("pk"):
        if len(downloaded) >= 25:
            break
        page = browser.get(f"/scp/tickets/{ticket.pk}/").content.decode()
        for address in re.findall(r"\"(/(?:scp/)?file\.php\?[^\"]+)\"", page):
            response = browser.get(unescape(address))
            assert response.status_code == 200, address
            key = re.search(r"key=([\w.-]+)", address)
            assert key is not None
            (file,) = {f.pk: f for f in files.filter(key=key[1])}.values()
            stored = b"".join(bytes(chunk.filedata) for chunk in file.chunks.order_by("chunk_id"))
            assert b"".join(response) == stored
            downloaded.add(file.pk)
    assert len(downloaded) >= 25


def filled_in(page: str, address: str) -> dict[str, str]:
    """Give what a browser would send from the form at this address, left as it is."""
    form = BeautifulSoup(page, "html.parser").find("form", action=address)
    assert isinstance(form, Tag)
    values: dict[str, str] = {}
    for control in form.select("input[name]:not([type=file]):not([type=checkbox]), textarea[name]"):
        values[str(control["name"])] = str(control.get("value") or control.get_text())
    for control in form.select("select[name]"):
        option = control.select_one("option[selected]") or control.select_one("option")
        values[str(control["name"])] = str(option["value"]) if option else ""
    return values


def test_an_agent_answers_a_ticket() -> None:
    ticket = Ticket.objects.filter(status__state="open", staff=None, dept__name="Support")[0]
    thread = Thread.objects.get(object_type="T", object_id=ticket.pk)
    before = thread.entries.count()
    browser, address = sign_in("bruno"), f"/scp/tickets/{ticket.pk}/reply/"
    form = filled_in(browser.get(f"/scp/tickets/{ticket.pk}/").content.decode(), address)
    response = browser.post(address, {**form, "body": "It works again — ça marche."}, follow=True)
    assert response.status_code == 200
    entry = thread.entries.latest("pk")
    assert thread.entries.count() == before + 1
    assert (entry.type, entry.staff, entry.poster) == ("R", Agent.objects.get(username="bruno"), "Bruno Adeyemi")
    assert "It works again — ça marche." in response.content.decode()
    assert ThreadEntry.objects.get(pk=entry.pk).updated is None
    assert Ticket.objects.get(pk=ticket.pk).isanswered

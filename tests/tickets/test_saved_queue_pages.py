"""Saved searches, the editor and the arrangement of queues, their export and their numbers, through the pages."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from bs4 import BeautifulSoup
from django.core.cache import cache
from django.test import Client

from helpdesk.people.models import Agent
from tests.factories import (
    EndUserFactory,
)
from tests.sign_in import agent_client
from tests.tickets.conftest import Desk
from tests.tickets.list_pages import criteria, subjects
from tickets.constants import QueueFlag
from tickets.models import Queue, QueuePreference
from tickets.reference_data import forget_reference_data


@pytest.fixture
def browser(desk: Desk) -> Client:
    return agent_client(desk.agent)


@pytest.fixture
def administrator(desk: Desk) -> Client:
    Agent.objects.filter(pk=desk.colleague.pk).update(isadmin=True)
    return agent_client(Agent.objects.get(pk=desk.colleague.pk))


def test_an_agent_saves_changes_and_deletes_a_search_of_his_own(desk: Desk, browser: Client) -> None:
    desk.ticket(subject="Broken printer")
    desk.ticket(subject="Late invoice")
    form = {"title": "Printers & co", "kind": "queue", **criteria(("cdata__subject", "contains", "PRINTER"))}
    response = browser.post("/scp/queues/new/", form)
    queue = Queue.objects.get(title="Printers &amp; co")
    assert response.headers["Location"] == f"/scp/queues/{queue.pk}/"
    assert (queue.flags, queue.staff_id, queue.path) == (QueueFlag(0), desk.agent.pk, f"/{queue.pk}/")
    assert queue.config == {"criteria": [["cdata__subject", "contains", "PRINTER"]], "conditions": []}
    page = browser.get(f"/scp/queues/{queue.pk}/").content.decode()
    assert subjects(page) == ["Broken printer"]
    assert "Saved searches" in page
    assert browser.post("/scp/queues/new/", form).status_code == 422  # the name is taken
    browser.post(f"/scp/queues/{queue.pk}/edit/", {**form, "title": "Bills", "c-0-value": "invoice"})
    assert subjects(browser.get(f"/scp/queues/{queue.pk}/").content.decode()) == ["Late invoice"]
    assert agent_client(desk.colleague).get(f"/scp/queues/{queue.pk}/").status_code == 404
    assert agent_client(desk.colleague).post(f"/scp/queues/{queue.pk}/delete/").status_code == 404
    browser.post(f"/scp/queues/{queue.pk}/delete/")
    assert not Queue.objects.filter(pk=queue.pk).exists()


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"title": " "}, "A title is required"),
        ({"title": "x"}, "No fields selected for searching"),
        ({"title": "x", **criteria(("nosuchfield", "includes", "1"))}, "nosuchfield: there is no such field"),
        ({"title": "x", **criteria(("number", "match", "("))}, "broken regular expression"),
        ({"title": "x", **criteria(("isoverdue", "set", ""), ("isoverdue", "nset", ""))}, "no ticket can fulfil"),
        ({"title": "x", **criteria(("created", "before", "soon"))}, "cannot be read"),
        ({"title": "x", "parent": "999", **criteria(("isoverdue", "set", ""))}, "Select a valid queue"),
    ],
)
def test_what_cannot_be_saved_is_named(desk: Desk, browser: Client, form: dict[str, str], message: str) -> None:
    response = browser.post("/scp/queues/new/", form)
    assert response.status_code == 422
    assert message in response.content.decode()
    assert not Queue.objects.filter(staff_id=desk.agent.pk).exists()


def test_only_administrators_change_what_everybody_sees(desk: Desk, browser: Client, administrator: Client) -> None:
    form = {"title": "Phones", "kind": "queue", "parent": "1", **criteria(("source", "includes", "Phone"))}
    assert browser.get("/scp/queues/1/edit/").status_code == 404
    administrator.post("/scp/queues/new/", form)
    queue = Queue.objects.get(title="Phones")
    assert queue.path == f"/1/{queue.pk}/"
    assert queue.flags & (QueueFlag.PUBLIC | QueueFlag.QUEUE | QueueFlag.INHERIT_CRITERIA)
    assert b"Phones" in browser.get("/scp/queues/1/").content
    loop = administrator.post("/scp/queues/1/edit/", {"title": "Open", "kind": "queue", "parent": str(queue.pk)})
    assert (loop.status_code, b"Cannot be a descendent of itself" in loop.content) == (422, True)


def test_the_form_previews_what_it_would_list(desk: Desk, browser: Client) -> None:
    desk.ticket(subject="Broken printer")
    preview = browser.post("/scp/queues/preview/", criteria(("cdata__subject", "contains", "printer"))).content.decode()
    assert "Broken printer" in preview
    assert "no such field" in browser.post("/scp/queues/preview/", criteria(("gone", "set", ""))).content.decode()


def test_no_preview_shows_what_somebody_else_searches_for(desk: Desk, browser: Client) -> None:
    desk.ticket(subject="Broken printer")
    form = {"title": "Mine", **criteria(("cdata__subject", "contains", "printer"), ("number", "nequal", "17"))}
    browser.post("/scp/queues/new/", form)
    mine = Queue.objects.get(title="Mine")
    Queue.objects.filter(pk=mine.pk).update(config={"criteria": [["secret", "set", None]]})
    forget_reference_data()
    below = {"title": "Below", "parent": str(mine.pk), "preview": "1"}
    theirs = agent_client(desk.colleague)
    for response in (theirs.post("/scp/queues/preview/", below), theirs.post("/scp/queues/new/", below)):
        assert response.status_code == 200
        assert b"secret" not in response.content
    refused = theirs.post("/scp/queues/new/", {"title": "Below", "parent": str(mine.pk)})
    assert (refused.status_code, b"secret" in refused.content) == (422, False)


def test_an_agent_arranges_a_queue_for_himself(desk: Desk, browser: Client) -> None:
    desk.ticket(subject="Late", source="Phone")
    form = {"sort_id": "6", "filter": "isoverdue", "only-isanswered": "1", "column-0": "3", "column-1": "1"}
    browser.post("/scp/queues/1/arrange/", form)
    setting = QueuePreference.objects.get(queue=1, staff=desk.agent).setting
    assert (setting or {})["criteria"] == [["isanswered", "set", None]]
    page = browser.get("/scp/queues/1/").content.decode()
    assert subjects(page) == []
    browser.post("/scp/queues/1/arrange/", {"reset": "1"})
    assert subjects(browser.get("/scp/queues/1/").content.decode()) == ["Late"]
    assert subjects(agent_client(desk.colleague).get("/scp/queues/1/").content.decode()) == ["Late"]


def test_two_buttons_at_once_show_the_arrangement_again(desk: Desk, browser: Client) -> None:
    response = browser.post("/scp/queues/1/arrange/", {"do": "column-up-1", "reset": "1"})
    assert response.status_code == 200
    assert not QueuePreference.objects.exists()


def test_lists_are_sorted_and_filtered_by_their_address(desk: Desk, browser: Client) -> None:
    for subject in ("B", "A", "C"):
        desk.ticket(subject=subject)
    Queue.objects.filter(pk=1).update(filter="isoverdue")
    assert subjects(browser.get("/scp/queues/1/", {"sort": "cdata__subject"}).content.decode()) == ["A", "B", "C"]
    down = browser.get("/scp/queues/1/", {"sort": "cdata__subject", "dir": "1"})
    assert subjects(down.content.decode()) == ["C", "B", "A"]
    assert subjects(browser.get("/scp/queues/1/", {"filter": "1"}).content.decode()) == []
    assert len(subjects(browser.get("/scp/queues/1/", {"sort": "nonsense", "filter": "x"}).content.decode())) == 3


def test_a_queue_is_downloaded_as_a_table(desk: Desk, browser: Client) -> None:
    ticket = desk.ticket(subject="Sum 1+1", user=EndUserFactory.new(name="=Ann", address="ann@acme.test"))
    response = browser.get("/scp/queues/1/export.csv")
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert lines[0].startswith("Ticket Number,Date Created,Subject,From,From Email,Priority")
    assert lines[1].startswith(f"{ticket.number},2026-03-02 09:00:00,Sum 1+1,'=Ann,ann@acme.test,Normal")
    assert len(lines) == 2
    book = b"".join(browser.get("/scp/queues/1/export.xlsx").streaming_content)  # type: ignore[attr-defined]
    assert "xl/worksheets/sheet1.xml" in zipfile.ZipFile(io.BytesIO(book)).namelist()
    assert browser.get("/scp/queues/1/export.exe").status_code == 404
    hidden = b"".join(agent_client(desk.stranger).get("/scp/queues/1/export.csv").streaming_content)  # type: ignore[attr-defined]
    assert b"Sum 1+1" not in hidden
    found = json.dumps([["cdata__subject", "contains", "1+1"]])
    response = browser.get("/scp/search/export.csv", {"c": found})
    assert b"Sum 1+1" in b"".join(response.streaming_content)  # type: ignore[attr-defined]


def test_numbers_that_open_tickets_do_not_tell_come_after_the_page(desk: Desk, browser: Client) -> None:
    desk.ticket(subject="Done", closed=True)
    page = browser.get("/scp/queues/1/").content.decode()
    assert "/scp/queues/navigation/" in page
    rail = browser.get("/scp/queues/navigation/").content.decode()
    assert "/scp/queues/navigation/" not in rail
    assert "/scp/queues/navigation/" not in browser.get("/scp/queues/1/").content.decode()


def test_counting_ends_at_the_limit(desk: Desk, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:

    for place in ("tickets.queue_counts", "tickets.navigation"):
        monkeypatch.setattr(f"{place}.MOST_COUNTED", 1)
    for number in range(2):
        desk.ticket(subject=f"Done {number}", closed=True)
        rail = BeautifulSoup(browser.get("/scp/queues/navigation/").content, "html.parser")
        count = rail.select_one('a[href="/scp/queues/8/"] .rail-count')
        assert count is not None
        assert count.get_text() == ("1", "1+")[number]
        cache.clear()

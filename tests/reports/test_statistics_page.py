"""The statistics page, its downloads, and wrong input."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from helpdesk.people.models import Agent
from tests.desk import Desk, closed_ticket, open_ticket, set_up_desk
from tests.sign_in import agent_client
from tickets.models import HelpTopic

pytestmark = pytest.mark.django_db
PAGE = "/scp/statistics/"
EXPORT = "/scp/statistics/export/"


@pytest.fixture
def desk() -> Desk:
    return set_up_desk()


def soup_of(client: Client, address: str, status: int = 200) -> BeautifulSoup:
    answer = client.get(address)
    assert answer.status_code == status
    return BeautifulSoup(answer.content, "html.parser")


def test_the_page_shows_chart_table_and_days(desk: Desk) -> None:
    open_ticket()
    closed_ticket(desk)
    page = soup_of(agent_client(desk.grace), PAGE)
    assert page.select("svg.chart polyline")
    [row] = page.select("section[aria-labelledby=table-title] tbody tr")
    assert [cell.get_text(strip=True) for cell in row.select("th, td")][:5] == ["Support", "2", "0", "0", "1"]
    assert len(page.select(".disclosure tbody tr")) == 30
    assert page.select_one('.rail-areas a[aria-current="page"]')


def test_a_help_desk_without_tickets(desk: Desk) -> None:
    page = soup_of(agent_client(desk.grace), PAGE)
    assert not page.select("svg.chart")
    assert "Nothing happened" in page.get_text()


def test_agents_without_the_permission_are_told_whom_they_see(desk: Desk) -> None:
    closed_ticket(desk)
    page = soup_of(agent_client(desk.vera), f"{PAGE}?group=staff")
    assert "You see yourself" in page.get_text()
    assert "Grace Hopper" not in page.get_text()
    Agent.objects.filter(pk=desk.vera.pk).update(permissions={"stats.agents": 1})
    assert "Grace Hopper" in soup_of(agent_client(desk.vera), f"{PAGE}?group=staff").get_text()


@pytest.mark.parametrize(
    "query",
    [
        "period=own&first=2026-03-02&last=2026-03-01",
        "period=own&first=2020-01-01&last=2026-03-01",
        "period=own&first=yesterday&last=2026-03-01",
        "period=own&first=0001-01-01&last=0001-01-02",
        "period=own&first=9999-12-31&last=9999-12-31x",
        "period=own&first=9999-12-31&last=9999-12-31",
        "period=forever",
        "group=everything",
    ],
)
def test_wrong_choices_are_told_at_their_field(desk: Desk, query: str) -> None:
    page = soup_of(agent_client(desk.grace), f"{PAGE}?{query}", status=422)
    assert page.select(".errorlist li, .form-errors") or "group" in query
    assert agent_client(desk.grace).get(f"{EXPORT}?format=csv&{query}").status_code == 400


def test_the_table_as_csv(desk: Desk) -> None:
    HelpTopic.objects.filter(pk=HelpTopic.objects.order_by("pk")[0].pk).update(topic="=1+1")
    open_ticket()
    answer = agent_client(desk.grace).get(f"{EXPORT}?format=csv&group=topic")
    rows = list(csv.reader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert rows[0][:3] == ["Help Topic", "Opened", "Assigned"]
    assert rows[1][:2] == ["'=1+1", "1"]


@pytest.mark.parametrize("table", ["", "&table=days"])
def test_spreadsheets(desk: Desk, table: str) -> None:
    open_ticket()
    answer = agent_client(desk.grace).get(f"{EXPORT}?format=xlsx{table}")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer)))
    assert archive.testzip() is None
    answer.close()


@pytest.mark.parametrize("export_format", ["", "pdf", "CSV"])
def test_other_formats_are_refused(desk: Desk, export_format: str) -> None:
    assert agent_client(desk.grace).get(f"{EXPORT}?format={export_format}").status_code == 400


def test_the_address_of_osticket_leads_here(desk: Desk) -> None:
    answer = agent_client(desk.grace).get("/scp/dashboard.php")
    assert (answer.status_code, answer["Location"]) == (302, reverse("agent:statistics"))


def test_strangers_must_sign_in(client: Client) -> None:
    for address in (PAGE, EXPORT):
        assert client.get(address).status_code == 302

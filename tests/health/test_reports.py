"""Where the report is read: `manage.py health`, `/health?full`, `/admin/health/` and the mark on agents' pages."""

import json
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from helpdesk.health.registry import registered_checks
from helpdesk.health.selectors import SUMMARY
from helpdesk.health.services import record_backup, record_worker
from helpdesk.mail.outgoing import NewMail, Recipient, RecipientKind, queue_mails
from helpdesk.outbox.models import Effect
from helpdesk.people.models import Agent
from mailfetch import quarantine
from mailfetch.places import Place
from tests.sign_in import agent_client

pytestmark = pytest.mark.django_db
TOKEN = "a-token-of-monitoring-0123456789"
MakeAgent = Callable[..., Agent]


@pytest.fixture
def make_agent() -> MakeAgent:
    def make(username: str, **columns: Any) -> Agent:
        values = {"dept_id": 1, "role_id": 1, "email": f"{username}@acme.test", "firstname": username.title()}
        return Agent.objects.create(username=username, **{**values, **columns})

    return make


def run(*arguments: str) -> tuple[int, str]:
    """Run the command; give its exit status and what it printed."""
    output = StringIO()
    try:
        call_command("health", *arguments, stdout=output, no_color=True)
    except SystemExit as end:
        return int(str(end.code)), output.getvalue()
    return 0, output.getvalue()


class TestCommand:
    def test_failures_end_with_1_and_say_what_to_do(self) -> None:
        status, text = run()
        assert status == 1
        assert "failure  Worker" in text
        assert "Start it: ostler serve" in text
        assert "ok       Database" in text

    def test_one_check_alone_is_enough_for_a_container(self) -> None:
        with time_machine.travel(timezone.now(), tick=False):
            record_worker("celery@one", now=timezone.now())
            status, text = run("worker")
        assert status == 0
        assert "[celery@one, 0 s ago]" in text
        assert "0 failures, 0 warnings, 1 ok." in text

    def test_warnings_are_no_failure(self) -> None:
        assert run("backup")[0] == 0

    def test_json_for_programs(self) -> None:
        status, text = run("--json")
        report = json.loads(text)
        assert (status, report["level"]) == (1, "failure")
        assert {entry["name"] for entry in report["checks"]} == {check.name for check in registered_checks()}

    def test_a_check_that_does_not_exist(self) -> None:
        with pytest.raises(CommandError, match="no check called wroker"):
            run("wroker")


class TestMonitoring:
    def test_without_token_there_is_no_full_report(self, client: Client, settings: Settings) -> None:
        settings.HEALTH_TOKEN = TOKEN
        for headers in ({}, {"authorization": "Bearer x"}, {"authorization": TOKEN}, {"authorization": "Bearer"}):
            answer = client.get("/health?full", headers=headers)
            assert answer.status_code == 403
            assert b"Python" not in answer.content

    @pytest.mark.parametrize("given", ["Bearer ", "Bearer", ""])
    def test_an_unset_token_opens_nothing(self, client: Client, settings: Settings, given: str) -> None:
        settings.HEALTH_TOKEN = ""
        assert client.get("/health?full", headers={"authorization": given}).status_code == 403

    def test_the_token_gives_the_report(self, settings: Settings) -> None:
        settings.HEALTH_TOKEN = TOKEN
        answer = Client(headers={"host": "10.1.2.3"}).get("/health?full", headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 503  # no worker
        assert answer.headers["Cache-Control"] == "no-store"
        assert "worker" in {entry["name"] for entry in answer.json()["checks"]}

    def test_the_short_answer_stays_short(
        self, client: Client, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        settings.HEALTH_TOKEN = TOKEN
        with django_assert_num_queries(1):
            assert client.get("/health?x=1", headers={"authorization": f"Bearer {TOKEN}"}).content == b"ok\n"


@pytest.mark.ignore_template_errors
class TestPage:
    def test_the_worst_comes_first_with_what_to_do(self, make_agent: MakeAgent) -> None:
        record_backup(now=timezone.now(), rows=5, size=1024, place="/srv/x.zip")
        response = agent_client(make_agent("ada", isadmin=True)).get("/admin/health/")
        assert response.status_code == 200
        rows = BeautifulSoup(response.content, "html.parser").select(".adm-health tbody tr")
        marks = [row.select_one(".adm-health-mark").get_text(strip=True) for row in rows]  # type: ignore[union-attr]
        assert marks == sorted(marks, key=["Failure", "Warning", "OK"].index)
        assert len({row.th.get_text() for row in rows if row.th}) == len(registered_checks())
        assert "Start it: ostler serve" in rows[marks.index("Failure")].parent.get_text()  # type: ignore[union-attr]

    def test_what_waits_for_a_decision_leads_to_where_it_is_decided(self, make_agent: MakeAgent) -> None:
        quarantine.keep(
            b"Subject: x\r\n\r\nx", Place(1), mailbox="box@acme.test", reason="broken", explanation="Broke."
        )
        mail = NewMail([Recipient(RecipientKind.ADDRESS, "ann@customer.test")], "x", subject="x", text="x")
        queue_mails([mail], object_type="", object_id=0, now=timezone.now())
        Effect.objects.update(state=Effect.State.FAILED)
        browser = agent_client(make_agent("ada", isadmin=True))
        page = BeautifulSoup(browser.get("/admin/health/").content, "html.parser")
        links = {link.get_text(strip=True): str(link["href"]) for link in page.select(".adm-health tbody a")}
        assert links["Mails set aside"] == "/admin/hd_mailfetch/quarantinedmail/"
        assert links["Outbox"] == "/admin/hd_outbox/effect/"
        assert {browser.get(address).status_code for address in links.values()} == {200}

    def test_it_is_for_administrators(self, make_agent: MakeAgent) -> None:
        assert agent_client(make_agent("bob")).get("/admin/health/").status_code == 403
        assert Client().get("/admin/health/").status_code == 302


class TestMark:
    @pytest.fixture
    def failing(self) -> None:
        cache.set(SUMMARY, {"at": timezone.now(), "failures": 1}, None)

    def has_mark(self, agent: Agent) -> bool:
        page = BeautifulSoup(agent_client(agent).get("/scp/", follow=True).content, "html.parser")
        return page.select_one("a.health-mark[href='/admin/health/']") is not None

    def test_an_administrator_sees_it_when_something_fails(self, make_agent: MakeAgent, failing: None) -> None:
        assert self.has_mark(make_agent("ada", isadmin=True))

    def test_other_agents_do_not(self, make_agent: MakeAgent, failing: None) -> None:
        assert not self.has_mark(make_agent("bob"))

    def test_it_is_not_there_while_all_is_well(self, make_agent: MakeAgent) -> None:
        ada = make_agent("ada", isadmin=True)
        assert not self.has_mark(ada)
        cache.set(SUMMARY, {"at": timezone.now(), "failures": 0}, None)
        assert not self.has_mark(ada)
        cache.set(SUMMARY, {"at": timezone.now() - timedelta(minutes=4), "failures": 0}, None)
        assert self.has_mark(ada)

"""Signing in at the agents' door (osticket/auth.md §3)."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from helpdesk.accounts.models import Account
from helpdesk.configuration.models import ConfigItem
from helpdesk.legacy.passwords import check_password, hash_password
from helpdesk.people.models import Agent
from tests.accounts.conftest import (
    DENIED,
    PASSWORD,
    SIGN_IN,
    WELCOME,
    MakeAgent,
    agent_of,
    configure,
    log_lines,
    sign_in,
)

pytestmark = pytest.mark.django_db
COST_8 = "$2a$08$c1oqnL.P60OamVulRbNm2uctdBIoH.bh9jM80SoF1z2zNId13t6Zi"


class TestWhoIsMeant:
    @pytest.mark.parametrize("userid", ["bob", "BOB", "  bob ", "bob@acme.test", "Bob@ACME.test"])
    def test_by_name_or_address_in_any_case(self, browser: Client, agent: Agent, userid: str) -> None:
        assert sign_in(browser, userid) == WELCOME
        assert agent_of(browser) == "bob"

    def test_by_number(self, browser: Client, agent: Agent) -> None:
        assert sign_in(browser, str(agent.pk)) == WELCOME
        assert agent_of(browser) == "bob"

    def test_a_number_that_is_nobodys_may_be_a_user_name(self, browser: Client, make_agent: MakeAgent) -> None:
        make_agent("007007")
        assert sign_in(browser, "007007") == WELCOME

    def test_an_address_of_two_agents_is_nobodys(self, browser: Client, make_agent: MakeAgent) -> None:
        make_agent("bob", email="desk@acme.test")
        make_agent("ann", email="DESK@acme.test")
        assert sign_in(browser, "desk@acme.test") == DENIED
        assert sign_in(browser, "ann") == WELCOME

    @pytest.mark.parametrize(
        "userid", ["nobody", "nobody@acme.test", "", "b", "99999999999999999999", "bo%", "b\x00b", "@", "٣", "x" * 5000]
    )
    def test_what_means_nobody_is_refused(self, browser: Client, agent: Agent, userid: str) -> None:
        assert sign_in(browser, userid) == DENIED
        assert agent_of(browser) is None


class TestPassword:
    @pytest.mark.parametrize("password", ["", "wrong", "secret-pw-1", "Secret-pw-1 ", " Secret-pw-1"])
    def test_a_wrong_one_is_refused(self, browser: Client, agent: Agent, password: str) -> None:
        assert sign_in(browser, "bob", password) == DENIED
        assert agent_of(browser) is None

    def test_only_128_bytes_count(self, browser: Client, make_agent: MakeAgent) -> None:
        make_agent(passwd=hash_password("p" * 71))
        assert sign_in(browser, "bob", "p" * 72) == DENIED
        assert sign_in(browser, "bob", "p" * 71) == WELCOME

    @pytest.mark.parametrize("stored", [None, "", "*", PASSWORD, hashlib.sha1(PASSWORD.encode()).hexdigest()])  # noqa: S324
    def test_what_is_no_hash_accepts_nothing(self, browser: Client, make_agent: MakeAgent, stored: str | None) -> None:
        make_agent(passwd=stored)
        assert sign_in(browser) == DENIED

    @pytest.mark.parametrize("stored", [hashlib.md5(PASSWORD.encode()).hexdigest(), COST_8])  # noqa: S324
    def test_a_weak_hash_is_replaced(self, browser: Client, make_agent: MakeAgent, stored: str, settings: Any) -> None:
        settings.PASSWORD_COST = 9
        agent = make_agent(passwd=stored)
        assert sign_in(browser) == WELCOME
        agent.refresh_from_db()
        assert (agent.passwd or "").startswith("$2a$09$")
        assert check_password(PASSWORD, agent.passwd).accepted
        assert not agent.change_passwd
        assert agent_of(browser) == "bob"

    def test_a_strong_hash_stays(self, browser: Client, agent: Agent) -> None:
        sign_in(browser)
        assert Agent.objects.get(pk=agent.pk).passwd == agent.passwd

    @pytest.mark.parametrize(
        ("backend", "answer"),
        [(None, WELCOME), ("", WELCOME), ("local", WELCOME), ("ldap", DENIED), ("oauth2.agent.p4i1", DENIED)],
    )
    def test_another_sign_in_backend_blocks_the_local_password(
        self, browser: Client, make_agent: MakeAgent, backend: str | None, answer: dict[str, Any]
    ) -> None:
        make_agent(backend=backend)
        assert sign_in(browser) == answer

    def test_inactive_agents_are_refused_like_unknown_ones(self, browser: Client, make_agent: MakeAgent) -> None:
        make_agent(isactive=False)
        assert sign_in(browser) == DENIED


class TestVisit:
    def test_the_visit_is_noted(self, browser: Client, make_agent: MakeAgent) -> None:
        agent = make_agent(extra={"def_assn_role": False})
        ConfigItem.objects.create(namespace="pwreset", key="x" * 48, value=str(agent.pk))
        ConfigItem.objects.create(namespace="pwreset", key="y" * 48, value="c1")
        before = timezone.now() - timedelta(seconds=1)
        sign_in(browser)
        agent.refresh_from_db()
        assert agent.lastlogin is not None
        assert agent.lastlogin >= before
        assert agent.extra == {"def_assn_role": False, "browser_lang": "en_US"}
        assert list(ConfigItem.objects.filter(namespace="pwreset").values_list("value", flat=True)) == ["c1"]

    def test_the_session_gets_a_new_id_and_nothing_of_the_old_one(self, browser: Client, agent: Agent) -> None:
        sign_in(browser, "bob", "wrong")
        before = browser.cookies["ostler_agent"].value
        sign_in(browser)
        assert browser.cookies["ostler_agent"].value != before
        assert not Session.objects.filter(session_key=before).exists()
        again = browser.cookies["ostler_agent"].value
        sign_in(browser)
        assert browser.cookies["ostler_agent"].value != again
        assert not Session.objects.filter(session_key=again).exists()

    def test_a_session_id_chosen_by_somebody_else_is_not_taken(self, browser: Client, agent: Agent) -> None:
        browser.cookies["ostler_agent"] = "attackerchosenattackerchosen1234"
        assert sign_in(browser) == WELCOME
        assert browser.cookies["ostler_agent"].value != "attackerchosenattackerchosen1234"

    def test_the_form_token_is_a_new_one(self, browser: Client, agent: Agent) -> None:
        browser.get(SIGN_IN)
        before = browser.cookies["ostler_agent_csrf"].value
        sign_in(browser)
        assert browser.cookies["ostler_agent_csrf"].value != before

    def test_signing_out_ends_the_session_on_the_server(self, browser: Client, agent: Agent) -> None:
        sign_in(browser)
        stolen = Client()
        stolen.cookies["ostler_agent"] = browser.cookies["ostler_agent"].value
        assert agent_of(stolen) == "bob"
        response = browser.post("/scp/logout.php")
        assert (response.status_code, response["Location"]) == (302, SIGN_IN)
        assert agent_of(browser) is None
        assert agent_of(stolen) is None

    def test_a_link_to_sign_out_only_asks(self, browser: Client, agent: Agent) -> None:
        sign_in(browser)
        assert b'method="post"' in browser.get("/scp/logout.php").content
        assert agent_of(browser) == "bob"

    def test_django_hears_of_it(self, browser: Client, agent: Agent) -> None:
        heard: list[str] = []
        receivers = {
            user_logged_in: lambda user, **_: heard.append(f"in {user.legacy_id}"),
            user_logged_out: lambda user, **_: heard.append(f"out {user.legacy_id}"),
            user_login_failed: lambda credentials, **_: heard.append(f"failed {credentials}"),
        }
        for signal, receiver in receivers.items():
            signal.connect(receiver)
        try:
            sign_in(browser, "bob", "wrong")
            sign_in(browser)
            browser.post("/scp/logout.php")
        finally:
            for signal, receiver in receivers.items():
                signal.disconnect(receiver)
        assert heard[1:] == [f"in {agent.pk}", f"out {agent.pk}"]
        assert heard[0].startswith("failed")
        assert "wrong" not in heard[0]

    def test_debug_lines_of_the_system_log(self, browser: Client, agent: Agent) -> None:
        configure(log_level=3)
        sign_in(browser)
        browser.post("/scp/logout.php")
        assert log_lines() == [("Debug", "Agent Login"), ("Debug", "Agent Logout")]


class TestPages:
    def test_the_form(self, browser: Client, agent: Agent) -> None:
        page = browser.get(SIGN_IN, {"next": "/scp/tickets.php?id=5"})
        assert page.status_code == 200
        html = page.content.decode()
        assert 'name="userid"' in html
        assert 'name="passwd"' in html
        assert 'value="/scp/tickets.php?id=5"' in html
        assert page["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"

    def test_a_refused_sign_in_shows_the_form_again(self, browser: Client, agent: Agent) -> None:
        page = browser.post(SIGN_IN, {"userid": "bob", "passwd": "wr0ng-one", "next": "/scp/tickets.php"})
        html = page.content.decode()
        assert page.status_code == 200
        assert "Access denied" in html
        assert 'value="bob"' in html
        assert "wr0ng-one" not in html

    @pytest.mark.parametrize(
        ("asked", "sent_to"),
        [
            ("", "/scp/"),
            ("/scp/tickets.php?id=5", "/scp/tickets.php?id=5"),
            ("/", "/scp/"),
            ("/tickets.php", "/scp/"),
            ("https://evil.test/scp/", "/scp/"),
            ("//evil.test/scp/", "/scp/"),
            ("/\\evil.test/scp/", "/scp/"),
            ("https:evil.test/scp/", "/scp/"),
            ("javascript:alert(1)//scp/", "/scp/"),
        ],
    )
    def test_one_is_sent_where_one_wanted_to_go_if_it_is_here(
        self, browser: Client, agent: Agent, asked: str, sent_to: str
    ) -> None:
        response = browser.post(SIGN_IN, {"userid": "bob", "passwd": PASSWORD, "next": asked})
        assert (response.status_code, response["Location"]) == (302, sent_to)

    def test_a_signed_in_agent_is_sent_on(self, browser: Client, agent: Agent) -> None:
        sign_in(browser)
        response = browser.get(SIGN_IN, {"next": "/scp/tickets.php"})
        assert (response.status_code, response["Location"]) == (302, "/scp/tickets.php")

    def test_scripts_learn_where_to_go(self, browser: Client, agent: Agent) -> None:
        answer = browser.post(
            SIGN_IN, {"userid": "bob", "passwd": PASSWORD, "ajax": "1", "next": "/scp/tickets.php"}
        ).json()
        assert answer == {"status": 302, "redirect": "/scp/tickets.php"}

    def test_resetting_is_offered_as_the_setting_says(self, browser: Client, agent: Agent) -> None:
        configure(allow_pw_reset=False)
        assert sign_in(browser, "bob", "wrong") == {**DENIED, "show_reset": False}


class TestFormToken:
    def test_without_it_nobody_comes_in(self, agent: Agent) -> None:
        browser = Client(enforce_csrf_checks=True)
        assert sign_in(browser) == {"status": 302, "redirect": SIGN_IN}
        assert agent_of(browser) is None
        assert log_lines() == [("Warning", "Invalid CSRF Token __CSRFToken__")]

    def test_the_log_is_not_flooded(self, agent: Agent) -> None:
        browser = Client(enforce_csrf_checks=True)
        for _ in range(5):
            sign_in(browser)
        assert len(log_lines()) == 1

    def test_with_it_one_comes_in(self, agent: Agent) -> None:
        browser = Client(enforce_csrf_checks=True)
        browser.get(SIGN_IN)
        token = browser.cookies["ostler_agent_csrf"].value
        response = browser.post(SIGN_IN, {"userid": "bob", "passwd": PASSWORD, "csrfmiddlewaretoken": token})
        assert response["Location"] == "/scp/"
        assert browser.post("/scp/logout.php", {"csrfmiddlewaretoken": token}).status_code == 403
        assert agent_of(browser) == "bob"

    def test_scripts_get_osticket_s_answer(self, agent: Agent) -> None:
        browser = Client(enforce_csrf_checks=True)
        response = browser.post("/scp/logout.php", headers={"X-Requested-With": "XMLHttpRequest"})
        assert (response.status_code, response.content) == (400, b"Valid CSRF Token Required")


class TestAccounts:
    def test_one_account_stands_for_one_agent(self, agent: Agent) -> None:
        for _ in range(2):
            sign_in(Client())
        account = Account.objects.get()
        assert (account.kind, account.legacy_id) == ("agent", agent.pk)
        assert (account.username, account.email) == ("bob", "bob@acme.test")

    def test_it_follows_the_agents_names(self, agent: Agent) -> None:
        sign_in(Client())
        Agent.objects.filter(pk=agent.pk).update(username="robert", email="robert@acme.test")
        assert sign_in(Client(), "robert") == WELCOME
        account = Account.objects.get()
        assert (account.username, account.email) == ("robert", "robert@acme.test")

    def test_names_may_pass_from_one_agent_to_another(self, agent: Agent, make_agent: MakeAgent) -> None:
        sign_in(Client())
        Agent.objects.filter(pk=agent.pk).delete()
        heir = make_agent("BOB", email="BOB@acme.test")
        assert sign_in(Client()) == WELCOME
        assert Account.objects.get(username="bob").legacy_id == heir.pk
        assert Account.objects.get(legacy_id=agent.pk).username is None

    def test_agents_may_share_an_address(self, make_agent: MakeAgent) -> None:
        for name in ("bob", "ann"):
            make_agent(name, email="desk@acme.test")
            assert sign_in(Client(), name) == WELCOME
        assert sign_in(Client(), "bob") == WELCOME


class TestHelpDeskOffLine:
    def test_only_administrators_may_work(self, make_agent: MakeAgent) -> None:
        make_agent("bob")
        make_agent("ada", isadmin=True)
        at_work = Client()
        sign_in(at_work)
        configure(isonline=False)
        assert sign_in(Client())["message"] == "System Offline"
        assert agent_of(at_work) is None
        administrator = Client()
        assert sign_in(administrator, "ada") == WELCOME
        assert agent_of(administrator) == "ada"

    def test_a_wrong_password_is_not_told_so(self, agent: Agent) -> None:
        configure(isonline=False)
        assert sign_in(Client(), "bob", "wrong") == DENIED


class TestExpiredPassword:
    @pytest.mark.parametrize(
        ("period", "age_days", "due"), [("", 9999, False), ("0", 9999, False), ("1", 29, False), ("1", 31, True)]
    )
    def test_after_so_many_months_a_new_one_is_due(
        self, browser: Client, make_agent: MakeAgent, period: str, age_days: int, due: bool
    ) -> None:
        agent = make_agent(passwdreset=timezone.now() - timedelta(days=age_days))
        configure(passwd_reset_period=period)
        assert sign_in(browser) == WELCOME
        assert Agent.objects.get(pk=agent.pk).change_passwd is due

    def test_without_a_change_the_creation_counts(self, browser: Client, make_agent: MakeAgent) -> None:
        agent = make_agent(passwdreset=None, created=timezone.now() - timedelta(days=31))
        configure(passwd_reset_period="1")
        sign_in(browser)
        assert Agent.objects.get(pk=agent.pk).change_passwd


def test_the_time_of_the_visit_is_the_databases(browser: Client, agent: Agent) -> None:
    with time_machine.travel(datetime(2031, 5, 4, 3, 2, 1, tzinfo=UTC), tick=False):
        sign_in(browser)
    assert Agent.objects.get(pk=agent.pk).lastlogin == datetime(2031, 5, 4, 3, 2, 1, tzinfo=UTC)

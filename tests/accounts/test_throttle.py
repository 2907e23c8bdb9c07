"""How often one may try (osticket/auth.md §3), and how nobody is locked out by others."""

import time
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from helpdesk.accounts.signals import excessive_sign_in_attempts
from helpdesk.accounts.throttle import FAILURES_OF_ACCOUNT, FAILURES_OF_ADDRESS, FAILURES_OF_DEVICE, is_within_pace
from helpdesk.legacy.passwords import hash_password
from helpdesk.people.models import Agent
from tests.accounts.conftest import DENIED, LOCKED, PASSWORD, SIGN_IN, WELCOME, MakeAgent, configure, log_lines, sign_in

pytestmark = pytest.mark.django_db

FAILED = ("Warning", "Failed agent login attempt (bob)")
EXCESSIVE = ("Warning", "Excessive login attempts (bob)")


def fail(browser: Client, times: int, userid: str = "bob", address: str = "192.0.2.1") -> list[str]:
    answers = [sign_in(browser, userid, "wrong", REMOTE_ADDR=address) for _ in range(times)]
    return [answer["message"] for answer in answers]


class TestSession:
    """osTicket's own rule."""

    def test_four_failures_are_forgiven(self, browser: Client, agent: Agent) -> None:
        assert fail(browser, 4) == ["Access denied"] * 4
        assert sign_in(browser, REMOTE_ADDR="192.0.2.1") == WELCOME
        assert log_lines() == [FAILED]

    def test_the_fifth_locks_even_the_right_password_out(self, browser: Client, agent: Agent) -> None:
        assert fail(browser, 5) == ["Access denied"] * 5
        assert sign_in(browser, REMOTE_ADDR="198.51.100.9") == LOCKED
        assert log_lines()[:2] == [FAILED, EXCESSIVE]

    def test_whatever_names_were_tried(self, browser: Client, agent: Agent) -> None:
        for number in range(5):
            assert sign_in(browser, f"guess{number}", "wrong") == DENIED
        assert sign_in(browser) == LOCKED

    def test_the_pause_ends_and_is_not_prolonged(self, browser: Client, agent: Agent) -> None:
        with time_machine.travel(time.time(), tick=False) as clock:
            fail(browser, 5)
            clock.shift(timedelta(seconds=110))
            assert sign_in(browser, REMOTE_ADDR="192.0.2.1") == LOCKED
            browser.get(SIGN_IN)
            clock.shift(timedelta(seconds=11))
            assert sign_in(browser, REMOTE_ADDR="192.0.2.1") == WELCOME

    def test_after_the_pause_the_count_begins_anew(self, browser: Client, agent: Agent) -> None:
        with time_machine.travel(time.time(), tick=False) as clock:
            fail(browser, 5)
            clock.shift(timedelta(seconds=121))
            assert fail(browser, 4) == ["Access denied"] * 4
            assert sign_in(browser, REMOTE_ADDR="192.0.2.1") == WELCOME

    def test_a_success_forgets_the_failures(self, browser: Client, agent: Agent) -> None:
        for _ in range(3):
            fail(browser, 4)
            assert sign_in(browser, REMOTE_ADDR="192.0.2.1") == WELCOME

    def test_the_settings_decide(self, browser: Client, agent: Agent) -> None:
        configure(staff_max_logins=1, staff_login_timeout=60)
        with time_machine.travel(time.time(), tick=False) as clock:
            fail(browser, 2)
            clock.shift(timedelta(minutes=59))
            assert sign_in(browser, REMOTE_ADDR="192.0.2.1") == LOCKED
            clock.shift(timedelta(minutes=2))
            assert sign_in(browser, REMOTE_ADDR="192.0.2.1") == WELCOME

    def test_the_session_of_a_stranger_lives_an_hour(self, browser: Client, agent: Agent) -> None:
        fail(browser, 1)
        session = Session.objects.get()
        assert session.expire_date - timezone.now() <= timedelta(hours=1)
        sign_in(browser)
        session = Session.objects.get()
        assert session.expire_date - timezone.now() > timedelta(hours=23)


class TestVisitorsWithoutCookies:
    def test_one_address_and_account_have_the_same_limit(self, agent: Agent) -> None:
        assert [fail(Client(), 1)[0] for _ in range(5)] == ["Access denied"] * 5
        assert sign_in(Client(), REMOTE_ADDR="192.0.2.1") == LOCKED
        assert sign_in(Client(), REMOTE_ADDR="192.0.2.2") == WELCOME
        assert log_lines() == [EXCESSIVE]

    @pytest.mark.parametrize(
        "backend",
        [
            "django.core.cache.backends.locmem.LocMemCache",
            "helpdesk.configuration.file_cache.CountingFileBasedCache",
        ],
    )
    def test_their_pause_ends_and_is_not_prolonged(
        self, agent: Agent, settings: Any, tmp_path: Path, backend: str
    ) -> None:
        settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": str(tmp_path)}}
        with time_machine.travel(time.time(), tick=False) as clock:
            for _ in range(5):
                fail(Client(), 1)
            clock.shift(timedelta(seconds=110))
            assert sign_in(Client(), REMOTE_ADDR="192.0.2.1") == LOCKED
            clock.shift(timedelta(seconds=11))
            assert sign_in(Client(), REMOTE_ADDR="192.0.2.1") == WELCOME

    def test_all_names_of_an_agent_count_as_one(self, agent: Agent) -> None:
        for userid in ("bob", "BOB", "bob@acme.test", str(agent.pk), "Bob@Acme.test"):
            fail(Client(), 1, userid)
        assert sign_in(Client(), REMOTE_ADDR="192.0.2.1") == LOCKED

    def test_names_that_exist_and_names_that_do_not_answer_alike(self, agent: Agent) -> None:
        for userid in ("bob", "nobody"):
            assert [fail(Client(), 1, userid)[0] for _ in range(6)] == ["Access denied"] * 5 + [LOCKED["message"]]

    def test_an_ipv6_visitor_is_a_whole_site(self, agent: Agent) -> None:
        for number in range(5):
            fail(Client(), 1, address=f"2001:db8:0:7::{number:x}")
        assert sign_in(Client(), REMOTE_ADDR="2001:db8:0:7:ffff::1") == LOCKED
        assert sign_in(Client(), REMOTE_ADDR="2001:db8:0:8::1") == WELCOME

    def test_a_header_that_anybody_can_send_changes_nothing(self, agent: Agent) -> None:
        for number in range(5):
            sign_in(
                Client(),
                "bob",
                "wrong",
                REMOTE_ADDR="192.0.2.1",
                HTTP_X_FORWARDED_FOR=f"203.0.113.{number}",
                HTTP_CF_CONNECTING_IP=f"203.0.113.{number}",
            )
        assert sign_in(Client(), REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="203.0.113.99") == LOCKED

    def test_a_whole_net_has_a_limit_for_one_account(self, agent: Agent) -> None:
        for number in range(FAILURES_OF_ACCOUNT):
            assert fail(Client(), 1, address=f"192.0.2.{number}") == ["Access denied"]
        assert fail(Client(), 1, address="198.51.100.1") == [LOCKED["message"]]

    def test_one_address_has_a_limit_for_all_accounts(self, agent: Agent) -> None:
        for number in range(FAILURES_OF_ADDRESS):
            assert fail(Client(), 1, f"guess{number}") == ["Access denied"]
        assert sign_in(Client(), REMOTE_ADDR="192.0.2.1") == LOCKED
        assert sign_in(Client(), REMOTE_ADDR="192.0.2.2") == WELCOME

    def test_successes_do_not_use_the_limits_up(self, agent: Agent) -> None:
        for _ in range(FAILURES_OF_ADDRESS + 5):
            assert sign_in(Client(), REMOTE_ADDR="192.0.2.1") == WELCOME


class TestKnownDevices:
    """An attacker must not be able to keep people out of their own accounts."""

    def known(self) -> Client:
        browser = Client()
        assert sign_in(browser) == WELCOME
        browser.post("/scp/logout.php")
        return browser

    def attack(self) -> None:
        for number in range(FAILURES_OF_ACCOUNT):
            fail(Client(), 1, address=f"192.0.2.{number}")

    def test_a_browser_that_has_been_here_gets_in_during_an_attack(self, agent: Agent) -> None:
        browser = self.known()
        self.attack()
        assert sign_in(Client()) == LOCKED
        assert sign_in(browser) == WELCOME

    def test_even_from_the_attackers_address(self, agent: Agent) -> None:
        browser = self.known()
        for _ in range(5):
            fail(Client(), 1, address="192.0.2.1")
        assert sign_in(browser, REMOTE_ADDR="192.0.2.1") == WELCOME

    def test_it_has_a_limit_too(self, agent: Agent) -> None:
        browser = self.known()
        for _ in range(FAILURES_OF_DEVICE):
            browser.cookies.pop("ostler_agent", None)
            assert fail(browser, 1) == ["Access denied"]
        browser.cookies.pop("ostler_agent", None)
        assert sign_in(browser) == LOCKED

    def test_the_token_counts_for_its_own_account_only(self, agent: Agent, make_agent: MakeAgent) -> None:
        make_agent("ann")
        browser = self.known()
        for number in range(FAILURES_OF_ACCOUNT):
            fail(Client(), 1, "ann", address=f"192.0.2.{number}")
        assert sign_in(browser, "ann") == LOCKED

    def test_a_new_password_makes_the_token_worthless(self, agent: Agent) -> None:
        browser = self.known()
        Agent.objects.filter(pk=agent.pk).update(passwd=hash_password("Other-pw-2"))
        self.attack()
        assert sign_in(browser, "bob", "Other-pw-2") == LOCKED

    @pytest.mark.parametrize("token", ["", "x", "WzEsIngiLCJ5Il0:1abcde:forged", "é"])
    def test_a_forged_token_is_worth_nothing(self, agent: Agent, token: str) -> None:
        sign_in(Client())
        self.attack()
        browser = Client()
        browser.cookies["ostler_agent_device"] = token
        assert sign_in(browser) == LOCKED

    def test_it_opens_nothing_by_itself(self, agent: Agent) -> None:
        browser = self.known()
        assert browser.get("/scp/").status_code == 302


class TestLogs:
    def test_every_third_failure_is_noted_until_it_is_too_many(self, browser: Client, agent: Agent) -> None:
        configure(staff_max_logins=7)
        fail(browser, 8)
        assert log_lines() == [FAILED, FAILED, EXCESSIVE]

    def test_refusals_during_a_pause_do_not_flood_the_log(self, browser: Client, agent: Agent) -> None:
        fail(browser, 30)
        assert log_lines().count(EXCESSIVE) <= 2

    def test_somebody_who_wants_to_send_mail_hears_of_it(self, browser: Client, agent: Agent) -> None:
        heard: list[str] = []

        def hear(userid: str, ip_address: str, **_: object) -> None:
            heard.append(f"{userid} {ip_address}")

        excessive_sign_in_attempts.connect(hear)
        try:
            fail(browser, 5)
        finally:
            excessive_sign_in_attempts.disconnect(hear)
        assert heard == ["bob 192.0.2.1"]


class TestTime:
    @pytest.fixture(autouse=True)
    def _places(self) -> None:
        self.places = count(1)

    def measure(self, userid: str, password: str) -> float:
        browser, address = Client(), f"192.0.2.{next(self.places)}"
        started = time.process_time()
        sign_in(browser, userid, password, REMOTE_ADDR=address)
        return time.process_time() - started

    def test_unknown_names_take_as_long_as_wrong_passwords(self, agent: Agent, settings: object) -> None:
        settings.PASSWORD_COST = 10  # type: ignore[attr-defined]
        Agent.objects.filter(pk=agent.pk).update(passwd=hash_password(PASSWORD))
        # In turns: what else the machine does in the meantime takes from both.
        times = [(self.measure("bob", f"wrong{n}"), self.measure(f"nobody{n}", "wrong")) for n in range(8)]
        known, unknown = (min(column) for column in zip(*times, strict=True))
        assert 0.6 < unknown / known < 1.67

    def test_a_megabyte_of_password_answers_fast(self, agent: Agent) -> None:
        self.measure("bob", "wrong")
        assert self.measure("bob", "x" * 1_000_000) < 0.5


def test_a_pace_counts_each_action_and_the_whole_site_of_an_ipv6_address() -> None:
    def take(action: str, address: str) -> bool:
        return is_within_pace(action, address, most=1, seconds=60)

    assert take("open", "2001:db8::1")
    assert not take("open", "2001:db8::2")
    assert take("open", "2001:db8:1::1")
    assert take("link", "2001:db8::1")
    assert take("open", "")

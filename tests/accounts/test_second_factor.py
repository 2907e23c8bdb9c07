"""The second step of the sign-in (osticket/auth.md §4)."""

import base64
import json
import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from helpdesk.accounts.second_factor import SecondFactor, accepts_code, code_at, mailed_code, second_factor_of
from helpdesk.configuration.models import ConfigItem
from helpdesk.legacy.passwords import hash_password
from helpdesk.outbox.models import Effect
from helpdesk.people.models import Agent
from tests.accounts.conftest import SIGN_IN, WELCOME, agent_of, configure, sign_in

pytestmark = pytest.mark.django_db

KEY = b"12345678901234567890"
SECRET = base64.b32encode(KEY).decode()
CODE_DUE = {"status": 302, "redirect": "login.php"}
RFC_6238_VECTORS = [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]


def set_up(agent: Agent, backend: str, **rows: Any) -> None:
    for key, value in {"default_2fa": backend, **rows}.items():
        text = value if isinstance(value, str) else json.dumps(value)
        ConfigItem.objects.create(namespace=f"staff.{agent.pk}", key=key, value=text)


@pytest.fixture
def guarded(agent: Agent) -> Agent:
    """An agent with an authenticator app."""
    set_up(agent, "auth.agent", **{"auth.agent": {"config": {"key": SECRET, "external2fa": True}}})
    return agent


def send_code(browser: Client, code: str, **extra: Any) -> dict[str, Any]:
    answer: dict[str, Any] = browser.post(SIGN_IN, {"do": "2fa", "code": code, "ajax": "1"}, **extra).json()
    return answer


def current_code(offset: int = 0) -> str:
    return code_at(KEY, time.time() + offset)


def wrong_code() -> str:
    good = {current_code(offset) for offset in (-30, 0, 30)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in good)


@pytest.mark.parametrize(("moment", "code"), RFC_6238_VECTORS)
def test_codes_are_those_of_the_rfc(moment: int, code: str) -> None:
    assert code_at(KEY, moment) == code


class TestCode:
    def test_the_password_alone_opens_nothing(self, browser: Client, guarded: Agent) -> None:
        assert sign_in(browser) == CODE_DUE
        assert agent_of(browser) is None
        assert b'name="code"' in browser.get(SIGN_IN).content
        assert Agent.objects.get(pk=guarded.pk).lastlogin is None

    def test_password_and_code_open_the_door(self, browser: Client, guarded: Agent) -> None:
        sign_in(browser)
        between = browser.cookies["ostler_agent"].value
        assert send_code(browser, current_code()) == WELCOME
        assert agent_of(browser) == "bob"
        assert browser.cookies["ostler_agent"].value != between

    @pytest.mark.parametrize("offset", [-30, 30])
    def test_clocks_may_differ_by_one_step(self, browser: Client, guarded: Agent, offset: int) -> None:
        sign_in(browser)
        assert send_code(browser, current_code(offset)) == WELCOME

    @pytest.mark.parametrize("offset", [-90, 90])
    def test_but_not_by_more(self, browser: Client, guarded: Agent, offset: int) -> None:
        with time_machine.travel(1111111109, tick=False):
            sign_in(browser)
            assert send_code(browser, current_code(offset))["message"] == "Invalid Code"

    def test_blanks_in_the_code_do_not_matter(self, browser: Client, guarded: Agent) -> None:
        sign_in(browser)
        code = current_code()
        assert send_code(browser, f" {code[:3]} {code[3:]} ") == WELCOME

    def test_a_code_counts_once(self, guarded: Agent) -> None:
        with time_machine.travel(time.time(), tick=False):
            first, second = Client(), Client()
            sign_in(first)
            sign_in(second)
            assert send_code(first, current_code()) == WELCOME
            assert send_code(second, current_code())["message"] == "Invalid Code"
            assert agent_of(second) is None

    def test_three_wrong_codes_end_it(self, browser: Client, guarded: Agent) -> None:
        sign_in(browser)
        assert [send_code(browser, wrong_code())["message"] for _ in range(3)] == [
            "Invalid Code",
            "Invalid Code",
            "Please sign in again.",
        ]
        assert send_code(browser, current_code())["message"] == "Please sign in again."
        assert b'name="passwd"' in browser.get(SIGN_IN).content

    def test_starting_over_does_not_give_unlimited_tries(self, browser: Client, guarded: Agent) -> None:
        answers = []
        for _ in range(4):
            sign_in(browser)
            answers += [send_code(browser, wrong_code())["message"] for _ in range(3)]
        assert "Maximum failed login attempts reached" in answers
        sign_in(browser)
        assert send_code(browser, current_code())["message"] == "Maximum failed login attempts reached"

    def test_after_six_minutes_it_is_too_late(self, browser: Client, guarded: Agent) -> None:
        with time_machine.travel(time.time(), tick=False) as clock:
            sign_in(browser)
            clock.shift(timedelta(minutes=6, seconds=1))
            assert send_code(browser, current_code())["message"] == "Please sign in again."

    def test_a_password_changed_meanwhile_ends_it(self, browser: Client, guarded: Agent) -> None:
        sign_in(browser)
        Agent.objects.filter(pk=guarded.pk).update(passwd=hash_password("Other-pw-2"))
        assert send_code(browser, current_code())["message"] == "Please sign in again."

    def test_an_agent_deactivated_meanwhile_stays_out(self, browser: Client, guarded: Agent) -> None:
        sign_in(browser)
        Agent.objects.filter(pk=guarded.pk).update(isactive=False)
        assert send_code(browser, current_code())["message"] == "Please sign in again."

    def test_a_code_without_the_password_means_nothing(self, browser: Client, guarded: Agent) -> None:
        assert send_code(browser, current_code())["message"] == "Please sign in again."

    def test_people_see_the_pages(self, browser: Client, guarded: Agent) -> None:
        sent = browser.post(SIGN_IN, {"userid": "bob", "passwd": "Secret-pw-1", "next": "/scp/tickets.php"})
        assert sent["Location"] == f"{SIGN_IN}?next=%2Fscp%2Ftickets.php"
        assert 'value="/scp/tickets.php"' in browser.get(sent["Location"]).content.decode()
        wrong = browser.post(SIGN_IN, {"do": "2fa", "code": wrong_code(), "next": "/scp/tickets.php"})
        assert "Invalid Code" in wrong.content.decode()
        right = browser.post(SIGN_IN, {"do": "2fa", "code": current_code(), "next": "/scp/tickets.php"})
        assert (right.status_code, right["Location"]) == (302, "/scp/tickets.php")


class TestStoredForms:
    @pytest.mark.parametrize(
        ("backend", "rows"),
        [
            ("auth.agent", {"auth.agent": {"config": {"key": SECRET}}}),
            ("auth.agent", {"auth.agent": SECRET}),
            ("auth.agent", {"auth.agent": SECRET.lower()}),
            ("auth.agent.p5i1", {"auth.agent.p5i1": {"config": {"key": SECRET}}}),
            ("auth.agent.p5i1", {"auth.agent": {"config": {"key": f"{SECRET[:4]} {SECRET[4:]}"}}}),
        ],
    )
    def test_the_secret_is_found(self, agent: Agent, backend: str, rows: dict[str, Any]) -> None:
        set_up(agent, backend, **rows)
        assert second_factor_of(agent.pk) == SecondFactor(backend, KEY)

    @pytest.mark.parametrize(
        ("backend", "rows"),
        [
            ("auth.agent", {}),
            ("auth.agent", {"auth.agent": ""}),
            ("auth.agent", {"auth.agent": "not base32!"}),
            ("auth.agent", {"auth.agent": {"config": {}}}),
            ("auth.agent", {"auth.agent": {"config": "x"}}),
            ("yubikey.p9i1", {"auth.agent": {"config": {"key": SECRET}}}),
        ],
    )
    def test_without_a_step_that_we_know_the_door_stays_closed(
        self, browser: Client, agent: Agent, backend: str, rows: dict[str, Any]
    ) -> None:
        set_up(agent, backend, **rows)
        answer = sign_in(browser)
        assert answer["status"] == 401
        assert "second sign-in step is not available" in answer["message"]
        assert agent_of(browser) is None
        assert sign_in(browser, "bob", "wrong")["message"] == "Access denied"

    def test_who_has_none_needs_none(self, browser: Client, agent: Agent) -> None:
        set_up(agent, "")
        assert sign_in(browser) == WELCOME


class TestByMail:
    """A code by mail, to the agent's own address whatever his settings say."""

    @pytest.fixture(params=[{"2fa-email": {"config": {"email": "other@acme.test"}, "verified": 1}}, {}])
    def mailed(self, agent: Agent, request: Any) -> Agent:
        set_up(agent, "2fa-email", **request.param)
        return agent

    def code(self) -> str:
        effect = Effect.objects.latest("pk")
        assert effect.payload["to"][0]["address"] == "bob@acme.test"
        assert effect.payload["template"] == "email2fa-staff"
        code = mailed_code(effect.payload["context"]["code"])
        assert code not in str(effect.payload)
        return code

    def test_password_and_code_open_the_door(self, browser: Client, mailed: Agent) -> None:
        assert sign_in(browser) == CODE_DUE
        assert agent_of(browser) is None
        assert "mailed you a code" in browser.get(SIGN_IN).content.decode()
        code = self.code()
        assert send_code(browser, "000000")["message"] == "Invalid Code"
        assert send_code(browser, f"{code[:3]} {code[3:]}") == WELCOME
        assert agent_of(browser) == "bob"

    def test_a_code_is_good_for_its_own_sign_in(self, browser: Client, mailed: Agent) -> None:
        other = Client()
        sign_in(other)
        stolen = self.code()
        sign_in(browser)
        assert stolen != self.code()
        assert send_code(browser, stolen)["message"] == "Invalid Code"

    def test_three_wrong_codes_end_it(self, browser: Client, mailed: Agent) -> None:
        sign_in(browser)
        code = self.code()
        assert [send_code(browser, "000000")["message"] for _ in range(3)][-1] == "Please sign in again."
        assert send_code(browser, code)["message"] == "Please sign in again."

    def test_without_an_address_nobody_can_be_asked(self, browser: Client, mailed: Agent) -> None:
        Agent.objects.filter(pk=mailed.pk).update(email="")
        assert "second sign-in step is not available" in sign_in(browser)["message"]


class TestRequired:
    def test_without_a_second_step_nobody_comes_in(self, browser: Client, agent: Agent) -> None:
        configure(require_agent_2fa=True)
        assert sign_in(browser)["message"] == "Two Factor Authentication configuration required to continue"
        assert agent_of(browser) is None

    def test_with_one_it_is_as_usual(self, browser: Client, guarded: Agent) -> None:
        configure(require_agent_2fa=True)
        sign_in(browser)
        assert send_code(browser, current_code()) == WELCOME


def test_codes_of_one_agent_are_not_used_up_by_another() -> None:
    with time_machine.travel(1111111109, tick=False):
        assert accepts_code(1, KEY, "081804")
        assert not accepts_code(1, KEY, "081804")
        assert accepts_code(2, KEY, "081804")

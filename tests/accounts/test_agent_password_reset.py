"""Agents who have forgotten their password (osticket/auth.md §7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from helpdesk.accounts.services.tokens import RESET_TOKENS
from helpdesk.configuration.models import ConfigItem
from helpdesk.outbox.models import Effect
from helpdesk.people.models import Agent
from tests.accounts.conftest import SIGN_IN, MakeAgent, agent_of, configure, log_lines, sign_in
from tests.accounts.test_second_factor import current_code, guarded, send_code  # noqa: F401 -- a fixture

pytestmark = pytest.mark.django_db

RESET, NEW_PASSWORD = "/scp/pwreset.php", "/scp/password/"


def ask(browser: Client, userid: str) -> Any:
    return browser.post(RESET, {"do": "sendmail", "userid": userid})


def token() -> str:
    return str(ConfigItem.objects.get(namespace=RESET_TOKENS).key)


def follow(browser: Client, link: str, userid: str = "bob") -> Any:
    return browser.post(RESET, {"do": "newpasswd", "token": link, "userid": userid})


def age(**by: int) -> None:
    ConfigItem.objects.filter(namespace=RESET_TOKENS).update(updated=timezone.now() - timedelta(**by))


@pytest.mark.parametrize("name", ["bob", "BOB", " bob@acme.test "])
def test_the_link_leads_to_a_new_password(browser: Client, agent: Agent, name: str) -> None:
    assert RESET in browser.get(SIGN_IN).content.decode()
    assert b"Look into your mailbox" in ask(browser, name).content
    effect = Effect.objects.get()
    assert (effect.payload["template"], effect.payload["to"][0]["address"]) == ("pwreset-staff", "bob@acme.test")
    link, other = token(), Client()
    assert link not in str(effect.payload)
    assert b'name="userid"' in other.get(RESET, {"token": link}).content
    assert token() == link  # looking at the page uses nothing up
    answer = follow(other, link)
    assert (answer.status_code, answer["Location"]) == (302, NEW_PASSWORD)
    assert Agent.objects.get(pk=agent.pk).change_passwd
    page = other.get(NEW_PASSWORD).content
    assert b"current_password" not in page
    answer = other.post(NEW_PASSWORD, {"new_password": "Brand-new-1", "confirmation": "Brand-new-1"})
    assert answer.status_code == 302
    assert agent_of(other) == "bob"
    assert b"current_password" in other.get(NEW_PASSWORD).content
    assert sign_in(Client(), "bob", "Brand-new-1")["status"] == 302
    assert ("Warning", "Agent Password Reset") in log_lines()


def test_who_asks_learns_nothing(browser: Client, make_agent: MakeAgent) -> None:
    agents = {
        "locked": make_agent("locked", isactive=False),
        "elsewhere": make_agent("elsewhere", backend="ldap"),
        "without": make_agent("without", passwd=None),
    }
    known = ask(browser, make_agent("known").username)
    answers = [ask(browser, name) for name in (*agents, "nobody", "nobody@acme.test", "%")]
    assert {(one.status_code, one.content) for one in (known, *answers)} == {(200, known.content)}
    assert Effect.objects.count() == ConfigItem.objects.filter(namespace=RESET_TOKENS).count() == 1


def test_a_link_is_good_once_and_for_half_an_hour(browser: Client, agent: Agent) -> None:
    ask(browser, "bob")
    link = token()
    age(minutes=31)
    assert follow(browser, link).status_code == 403
    age(minutes=29)
    assert follow(browser, link).status_code == 302
    assert follow(Client(), link).status_code == 403


def test_a_new_link_makes_the_old_one_worthless(browser: Client, agent: Agent) -> None:
    ask(browser, "bob")
    old = token()
    ask(browser, "bob")
    assert token() == old  # two mails a minute are one too many
    age(minutes=2)
    ask(browser, "bob")
    assert token() != old
    assert follow(browser, old).status_code == 403


@pytest.mark.parametrize("name", ["alice", "nobody", "", "1 or 1"])
def test_a_link_is_for_its_own_agent(browser: Client, agent: Agent, make_agent: MakeAgent, name: str) -> None:
    make_agent("alice")
    ask(browser, "bob")
    assert follow(browser, token(), name).status_code in {403, 422}
    assert agent_of(browser) is None
    assert token()


def test_tokens_of_others_open_nothing_here(browser: Client, agent: Agent) -> None:
    for value in (f"c{agent.pk}", f"{agent.pk} ", "", "0"):
        ConfigItem.objects.filter(namespace=RESET_TOKENS).delete()
        ConfigItem.objects.create(namespace=RESET_TOKENS, key="T" * 48, value=value, updated=timezone.now())
        assert follow(browser, "T" * 48).status_code == 403
    assert follow(browser, "t" * 48).status_code == 403


def test_the_second_step_is_still_asked_for(browser: Client, guarded: Agent) -> None:  # noqa: F811
    ask(browser, "bob")
    answer = follow(browser, token())
    assert answer["Location"].startswith(SIGN_IN)
    assert agent_of(browser) is None
    send_code(browser, current_code())
    assert b"current_password" not in browser.get(NEW_PASSWORD).content
    assert Agent.objects.get(pk=guarded.pk).change_passwd


def test_who_signed_in_with_a_password_types_it_again(browser: Client, agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(change_passwd=True)
    sign_in(browser)
    assert b"current_password" in browser.get(NEW_PASSWORD).content
    answer = browser.post(NEW_PASSWORD, {"new_password": "Brand-new-1", "confirmation": "Brand-new-1"})
    assert answer.status_code == 200
    assert Agent.objects.get(pk=agent.pk).change_passwd


def test_where_it_is_switched_off(browser: Client, agent: Agent) -> None:
    configure(allow_pw_reset=False)
    assert RESET not in browser.get(SIGN_IN).content.decode()
    assert browser.get(RESET)["Location"].startswith(SIGN_IN)
    assert ask(browser, "bob")["Location"].startswith(SIGN_IN)
    assert not Effect.objects.exists()


def test_one_network_cannot_go_on_for_ever(browser: Client, agent: Agent) -> None:
    statuses = [ask(browser, f"nobody{number}").status_code for number in range(21)]
    assert statuses[-2:] == [200, 429]

"""Agents set new passwords (osticket/auth.md §2)."""

from typing import Any

import pytest
from django.test import Client

from helpdesk.accounts.services import change_agent_password, set_agent_password
from helpdesk.configuration.models import ConfigItem
from helpdesk.legacy.errors import PermissionRefused, ValidationFailed
from helpdesk.legacy.passwords import verify_password
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, EndUser
from tests.accounts.conftest import DENIED, PASSWORD, WELCOME, MakeAgent, agent_of, sign_in
from tests.sign_in import agent_client

pytestmark = pytest.mark.django_db

NEW = "Another-pw-2"
PAGE = "/scp/password/"


def form(**changes: str) -> dict[str, str]:
    return {"current_password": PASSWORD, "new_password": NEW, "confirmation": NEW, **changes}


class TestPage:
    def test_a_new_password_opens_the_door_and_the_old_one_does_not(self, make_agent: MakeAgent) -> None:
        agent = make_agent(change_passwd=True)
        ConfigItem.objects.create(namespace="pwreset", key="x" * 48, value=str(agent.pk))
        browser = agent_client(agent)
        assert "Your password has to be changed" in browser.get(PAGE).content.decode()
        response = browser.post(PAGE, form())
        assert (response.status_code, response["Location"]) == (302, "/scp/")
        assert agent_of(browser) == "bob"
        assert sign_in(Client()) == DENIED
        assert sign_in(Client(), "bob", NEW) == WELCOME
        agent.refresh_from_db()
        assert (agent.change_passwd, agent.passwdreset is not None) == (False, True)
        assert not ConfigItem.objects.filter(namespace="pwreset").exists()

    def test_all_other_sessions_end(self, agent: Agent) -> None:
        here, elsewhere = agent_client(agent), agent_client(agent)
        here.post(PAGE, form())
        assert agent_of(here) == "bob"
        assert agent_of(elsewhere) is None

    def test_the_session_gets_a_new_id(self, agent: Agent) -> None:
        browser = agent_client(agent)
        before = browser.cookies["ostler_agent"].value
        browser.post(PAGE, form())
        assert browser.cookies["ostler_agent"].value != before

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"current_password": "wrong"}, "The current password is not right."),
            ({"new_password": "äö", "confirmation": "äö"}, "Password must be at least 6 characters"),
            ({"new_password": "x" * 129, "confirmation": "x" * 129}, "Password is too long"),
            ({"new_password": "secret-PW-1", "confirmation": "secret-PW-1"}, "New password MUST be different"),
            ({"confirmation": "Another-pw-3"}, "The two new passwords are not the same."),
            ({"new_password": "", "confirmation": ""}, "This field is required."),
            ({"new_password": "abc\x00defg", "confirmation": "abc\x00defg"}, "Null characters are not allowed."),
        ],
    )
    def test_what_does_not_do_is_said(self, agent: Agent, changes: dict[str, str], message: str) -> None:
        response = agent_client(agent).post(PAGE, form(**changes))
        assert response.status_code == 200
        assert message in response.content.decode().replace("&#x27;", "'")
        assert Agent.objects.get(pk=agent.pk).passwd == agent.passwd

    def test_no_password_comes_back_in_the_page(self, agent: Agent) -> None:
        html = agent_client(agent).post(PAGE, form(current_password="wr0ng-one")).content.decode()
        assert NEW not in html
        assert "wr0ng-one" not in html

    def test_guessing_the_current_one_is_throttled(self, agent: Agent) -> None:
        browser = agent_client(agent)
        for _ in range(5):
            browser.post(PAGE, form(current_password="wrong"))
        page = browser.post(PAGE, form())
        assert "Maximum failed login attempts reached" in page.content.decode()
        assert Agent.objects.get(pk=agent.pk).passwd == agent.passwd


class TestServices:
    def test_only_the_agent_changes_the_own_password(self, agent: Agent, make_agent: MakeAgent) -> None:
        strangers = [Actor.for_agent(make_agent("ada", isadmin=True)), Actor.for_user(EndUser(name="Jane"))]
        for actor in [*strangers, Actor.system(), Actor.for_api_key("key")]:
            with pytest.raises(PermissionRefused):
                change_agent_password(agent, current_password=PASSWORD, new_password=NEW, actor=actor)
        change_agent_password(agent, current_password=PASSWORD, new_password=NEW, actor=Actor.for_agent(agent))
        assert verify_password(NEW, Agent.objects.get(pk=agent.pk).passwd)

    def test_administrators_and_the_system_set_passwords(self, agent: Agent, make_agent: MakeAgent) -> None:
        administrator = make_agent("ada", isadmin=True)
        for number, actor in enumerate([Actor.for_agent(administrator), Actor.system()]):
            set_agent_password(agent, new_password=f"{NEW}{number}", change_due=True, actor=actor)
            stored = Agent.objects.get(pk=agent.pk)
            assert verify_password(f"{NEW}{number}", stored.passwd)
            assert stored.change_passwd

    def test_others_do_not(self, agent: Agent, make_agent: MakeAgent) -> None:
        former = make_agent("eve", isadmin=True, isactive=False)
        for actor in (
            Actor.for_agent(agent),
            Actor.for_agent(former),
            Actor.for_user(EndUser(name="Jane")),
            Actor.for_api_key("key"),
        ):
            with pytest.raises(PermissionRefused):
                set_agent_password(agent, new_password=NEW, change_due=False, actor=actor)

    def test_a_set_password_must_be_another_one_too(self, agent: Agent) -> None:
        with pytest.raises(ValidationFailed) as refusal:
            set_agent_password(agent, new_password=PASSWORD, change_due=True, actor=Actor.system())
        assert (refusal.value.code, refusal.value.field) == ("password_unchanged", "new_password")


def test_the_hash_is_one_that_php_reads(agent: Agent, settings: Any) -> None:
    settings.PASSWORD_COST = 5
    agent_client(agent).post(PAGE, form())
    assert (Agent.objects.get(pk=agent.pk).passwd or "").startswith("$2a$05$")

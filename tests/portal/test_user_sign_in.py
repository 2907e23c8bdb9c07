"""The end users' door: accounts, passwords, links in mails (osticket/auth.md §5, §7)."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.utils import timezone

from helpdesk.accounts.services.user_sign_in import ask_for_password_reset, register_oneself
from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.services import set_settings
from helpdesk.legacy.passwords import hash_password
from helpdesk.mail.rendering import render
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.people.constants import AccountStatus
from helpdesk.people.models import EndUser, UserAccount
from tests.factories import EndUserFactory

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
PASSWORD = "correct horse"
NEW = "battery staple"


@pytest.fixture
def jo() -> UserAccount:
    user = EndUserFactory.new(name="Jo Doe", address="jo@customer.test")
    return UserAccount.objects.create(
        user=user, status=AccountStatus.CONFIRMED, username="jodoe", passwd=hash_password(PASSWORD)
    )


def sign_in(client: Client, name: str = "jodoe", password: str = PASSWORD, **more: str) -> Any:
    return client.post("/login.php", {"luser": name, "lpasswd": password, **more})


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def follow(client: Client, link: str) -> Any:
    """Press the button of the page that a link leads to."""
    page = BeautifulSoup(client.get(link).content, "html.parser")
    token = page.select_one("main input[name=token]")
    return client.post("/pwreset.php", {"token": str(token["value"]) if token else link.partition("token=")[2]})


def link_in_mail() -> str:
    effect = Effect.objects.latest("pk")
    html = render(effect.payload, key=effect.key).html or ""
    found = BeautifulSoup(html, "html.parser").find("a", href=re.compile("pwreset"))
    assert found
    return str(found["href"]).replace("http://testserver", "")


@pytest.mark.parametrize("name", ["jodoe", "JODOE", "jo@customer.test", " JO@customer.test "])
def test_user_name_and_every_address_lead_in(client: Client, jo: UserAccount, name: str) -> None:
    answer = sign_in(client, name)
    assert answer["Location"] == "/tickets/"
    assert is_in(client)
    page = BeautifulSoup(client.get("/").content, "html.parser")
    assert page.select_one("nav a[href='/account/']")


@pytest.mark.parametrize(
    "stored",
    [hashlib.md5(PASSWORD.encode()).hexdigest(), hash_password(PASSWORD)],  # noqa: S324
    ids=["md5", "few rounds"],
)
def test_a_weak_hash_is_replaced(client: Client, jo: UserAccount, stored: str, settings: Any) -> None:
    settings.PASSWORD_COST = 5
    UserAccount.objects.filter(pk=jo.pk).update(passwd=stored)
    assert sign_in(client)["Location"] == "/tickets/"
    assert (UserAccount.objects.get(pk=jo.pk).passwd or "").startswith("$2a$05$")


def test_too_many_failures_are_mailed_once(client: Client, jo: UserAccount) -> None:
    set_settings("core", {"admin_email": "admin@acme.test", "send_login_errors": "1"}, SYSTEM)
    for _time in range(12):
        sign_in(client, password="wrong")
    assert Effect.objects.count() == 1


def test_signing_in_leads_back_to_where_one_wanted_to_go_but_nowhere_else(client: Client, jo: UserAccount) -> None:
    assert sign_in(client, next="/tickets/new/")["Location"] == "/tickets/new/"
    client.post("/logout.php")
    assert not is_in(client)
    assert sign_in(client, next="https://evil.test/")["Location"] == "/tickets/"


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (AccountStatus(0), "Account confirmation required"),
        (AccountStatus.CONFIRMED | AccountStatus.LOCKED, "Account is administratively locked"),
    ],
)
def test_who_may_not_come_in_is_told_why_after_the_right_password(
    client: Client, jo: UserAccount, status: AccountStatus, message: str
) -> None:
    UserAccount.objects.update(status=status)
    assert message in sign_in(client).content.decode()
    assert "Access denied" in sign_in(client, password="wrong").content.decode()
    assert not is_in(client)


def test_a_session_ends_when_the_account_is_locked(client: Client, jo: UserAccount) -> None:
    sign_in(client)
    UserAccount.objects.update(status=AccountStatus.CONFIRMED | AccountStatus.LOCKED)
    assert not is_in(client)


def test_a_due_password_stands_before_everything(client: Client, jo: UserAccount) -> None:
    UserAccount.objects.update(status=AccountStatus.CONFIRMED | AccountStatus.PASSWORD_RESET_REQUIRED)
    sign_in(client)
    assert client.get("/tickets/")["Location"] == "/account/"
    refused = client.post("/account/", {"new_password": "short", "confirmation": "short"})
    assert refused.status_code == 422
    assert client.post("/account/", {"new_password": NEW, "confirmation": NEW}).status_code == 302
    assert client.get("/tickets/").status_code == 200
    client.post("/logout.php")
    assert sign_in(client, password=NEW)["Location"] == "/tickets/"


def test_changing_the_password_needs_the_current_one_and_ends_other_sessions(client: Client, jo: UserAccount) -> None:
    other = Client()
    sign_in(client)
    sign_in(other)
    data = {"new_password": NEW, "confirmation": NEW}
    assert client.post("/account/", {**data, "current_password": "wrong"}).status_code == 422
    assert client.post("/account/", {**data, "current_password": PASSWORD}).status_code == 302
    assert is_in(client)
    assert not is_in(other)


def test_a_new_password_by_mail(client: Client, jo: UserAccount) -> None:
    page = client.post("/pwreset.php", {"userid": "jo@customer.test"})
    assert "If there is such an account" in page.content.decode()
    link = link_in_mail()
    assert follow(client, link)["Location"] == "/account/"
    assert client.post("/account/", {"new_password": NEW, "confirmation": NEW}).status_code == 302
    again = Client()
    assert "no longer good" in again.get(link).content.decode()
    assert "no longer good" in follow(again, link).content.decode()
    assert not is_in(again)


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_program_that_opens_the_links_of_mails_does_not_use_them_up(
    client: Client, jo: UserAccount, method: str
) -> None:
    UserAccount.objects.update(status=AccountStatus(0))
    set_settings("core", {"client_registration": "public"}, SYSTEM)
    register_oneself(name="Jo", address="jo@customer.test", password=PASSWORD, actor=SYSTEM)
    link = link_in_mail()
    scanner = Client()
    assert getattr(scanner, method)(link).status_code == 200
    assert not is_in(scanner)
    assert "Account confirmation required" in sign_in(Client()).content.decode()
    assert follow(client, link)["Location"] == "/account/"


def test_a_link_lives_as_long_as_the_setting_says(client: Client, jo: UserAccount) -> None:
    """osTicket checks the age wrongly and takes links of any age."""
    set_settings("core", {"pw_reset_window": "30"}, SYSTEM)
    ask_for_password_reset("jodoe", actor=SYSTEM)
    link = link_in_mail()
    ConfigItem.objects.filter(namespace="pwreset").update(updated=timezone.now() - timedelta(minutes=31))
    follow(client, link)
    assert not is_in(client)


@pytest.mark.parametrize("name", ["nobody", "nobody@customer.test", "", "guest@customer.test"])
def test_nobody_learns_whether_there_is_an_account(client: Client, jo: UserAccount, name: str) -> None:
    EndUserFactory.new(name="Guest", address="guest@customer.test")
    before = Effect.objects.count()
    answer = client.post("/pwreset.php", {"userid": name})
    assert answer.status_code == (200 if name else 422)
    assert Effect.objects.count() == before


def test_people_register_where_that_is_allowed_and_confirm_by_mail(client: Client) -> None:
    data = {"name": "Ann Lee", "email": "ann@customer.test", "new_password": NEW, "confirmation": NEW}
    set_settings("core", {"client_registration": "closed"}, SYSTEM)
    assert client.post("/account/new/", data)["Location"] == "/login.php"
    set_settings("core", {"client_registration": "public"}, SYSTEM)
    assert client.post("/account/new/", data).status_code == 200
    row = UserAccount.objects.get(user__name="Ann Lee")
    assert int(row.status) == 0
    assert "Account confirmation required" in sign_in(client, "ann@customer.test", NEW).content.decode()
    assert follow(client, link_in_mail())["Location"] == "/account/"
    row.refresh_from_db()
    assert int(row.status) == int(AccountStatus.CONFIRMED)
    assert is_in(client)
    assert sign_in(Client(), "ann@customer.test", NEW)["Location"] == "/tickets/"


@pytest.mark.parametrize("registers_too", [True, False])
def test_who_confirms_does_not_let_in_who_registered_his_address(client: Client, registers_too: bool) -> None:
    """A stranger gives the address of somebody else and a password of his own, and waits for the confirmation."""
    set_settings("core", {"client_registration": "public"}, SYSTEM)
    data = {"name": "Ann Lee", "email": "ann@customer.test", "new_password": PASSWORD, "confirmation": PASSWORD}
    if registers_too:
        client.post("/account/new/", data)
    stranger = Client()
    stranger.post("/account/new/", {**data, "new_password": NEW, "confirmation": NEW})
    follow(client, link_in_mail())
    assert "Access denied" in sign_in(stranger, "ann@customer.test", NEW).content.decode()
    assert client.get("/tickets/")["Location"] == "/account/"
    client.post("/account/", {"new_password": PASSWORD, "confirmation": PASSWORD})
    assert client.get("/tickets/").status_code == 200
    assert sign_in(Client(), "ann@customer.test", PASSWORD)["Location"] == "/tickets/"
    assert not is_in(stranger)


def locked_after_the_first_look(jo: UserAccount) -> Any:
    """Lock the account as soon as somebody has read it, as an agent may at that moment."""
    looks: list[str] = []

    def execute(run: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = run(sql, params, many, context)
        if sql.startswith("SELECT") and "user_account" in sql and not looks:
            looks.append(sql)
            UserAccount.objects.filter(pk=jo.pk).update(status=AccountStatus.CONFIRMED | AccountStatus.LOCKED)
        return result

    return connection.execute_wrapper(execute)


def test_a_link_does_not_open_an_account_that_is_locked_meanwhile(client: Client, jo: UserAccount) -> None:
    ask_for_password_reset("jodoe", actor=SYSTEM)
    token = link_in_mail().partition("token=")[2]
    with locked_after_the_first_look(jo):
        answer = client.post("/pwreset.php", {"token": token})
    assert "no longer good" in answer.content.decode()
    assert AccountStatus.LOCKED & UserAccount.objects.get(pk=jo.pk).status


def test_guessing_the_current_password_in_a_session_that_was_stolen_ends(client: Client, jo: UserAccount) -> None:
    sign_in(client)
    data = {"new_password": NEW, "confirmation": NEW}
    for _time in range(12):
        client.post("/account/", {**data, "current_password": "wrong"})
    assert client.post("/account/", {**data, "current_password": PASSWORD}).status_code == 422
    assert sign_in(Client())["Location"] == "/tickets/"


def test_registering_with_somebody_elses_address_gives_nothing_away_and_nothing_over(
    client: Client, jo: UserAccount
) -> None:
    set_settings("core", {"client_registration": "public"}, SYSTEM)
    data = {"name": "Eve", "email": "jo@customer.test", "new_password": NEW, "confirmation": NEW}
    page = client.post("/account/new/", data)
    assert "We have sent a mail" in page.content.decode()
    jo.refresh_from_db()
    assert sign_in(Client(), password=PASSWORD)["Location"] == "/tickets/"
    assert EndUser.objects.filter(name="Eve").count() == 0
    assert Effect.objects.latest("pk").payload["to"][0]["address"] == "jo@customer.test"


def test_an_agent_of_this_session_is_no_end_user(client: Client, jo: UserAccount) -> None:
    sign_in(client)
    assert client.get("/scp/").status_code == 302
    assert "login.php" in client.get("/scp/")["Location"]

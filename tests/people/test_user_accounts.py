"""Accounts of end users, as agents manage them (osticket/auth.md §5 and §7)."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from helpdesk.accounts.services import (
    AccountDraft,
    activate_account,
    change_account,
    lock_account,
    register_user,
    require_new_password,
    send_activation_mail,
    send_password_reset_mail,
    unlock_account,
)
from helpdesk.audit.models import AdministrativeChange
from helpdesk.configuration.models import ConfigItem
from helpdesk.legacy.errors import Conflict, NotFound, PermissionRefused, ValidationFailed
from helpdesk.legacy.passwords import verify_password
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser, UserAccount
from helpdesk.people.services import delete_end_user
from tests.factories import AgentFactory, EndUserFactory, new_ticket
from tests.sign_in import sign_in_user

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PASSWORD = AccountDraft(password="correct horse")


def status_of(user: EndUser) -> int:
    return int(UserAccount.objects.get(user=user).status)


def tokens_of(user: EndUser) -> list[str]:
    return list(ConfigItem.objects.filter(namespace="pwreset", value=f"c{user.pk}").values_list("key", flat=True))


def mails() -> list[str]:
    return [effect.payload["template"] for effect in Effect.objects.filter(kind="mail").order_by("pk")]


def test_without_a_password_the_user_confirms_by_mail() -> None:
    user = EndUserFactory.new(address="jane@customer.test")
    account = register_user(user, actor=SYSTEM, now=NOW)
    assert (status_of(user), account.passwd, account.registered) == (0, None, NOW)
    effect = Effect.objects.get(kind="mail")
    assert effect.payload["template"] == "registration-client"
    assert effect.payload["to"][0]["address"] == "jane@customer.test"
    [token] = tokens_of(user)
    assert len(token) == 48
    assert token not in str(effect.payload)
    assert token not in effect.key


def test_with_a_password_the_account_is_active_at_once() -> None:
    user = EndUserFactory.new()
    draft = AccountDraft(
        username="jane", password="correct horse", must_change_password=True, may_reset_password=False, timezone="UTC"
    )
    account = register_user(user, draft, actor=SYSTEM)
    assert status_of(user) == 1 | 4 | 8
    assert (account.username, account.timezone) == ("jane", "UTC")
    assert verify_password("correct horse", account.passwd)
    assert (mails(), tokens_of(user)) == ([], [])


def test_an_account_is_made_once() -> None:
    user = EndUserFactory.new()
    register_user(user, PASSWORD, actor=SYSTEM)
    with pytest.raises(Conflict) as refusal:
        register_user(user, actor=SYSTEM)
    assert refusal.value.code == "account_exists"


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (AccountDraft(username="a@b.test", password="correct horse"), "username"),
        (AccountDraft(username="x", password="correct horse"), "username"),
        (AccountDraft(username="TAKEN", password="correct horse"), "username"),
        (AccountDraft(username="y" * 65), "username"),
        (AccountDraft(password="short"), "password"),
        (AccountDraft(password="x" * 129), "password"),
    ],
)
def test_bad_input_names_its_field(draft: AccountDraft, field: str) -> None:
    register_user(EndUserFactory.new(), AccountDraft(username="taken"), actor=SYSTEM)
    user = EndUserFactory.new()
    with pytest.raises(ValidationFailed) as refusal:
        register_user(user, draft, actor=SYSTEM)
    assert refusal.value.field == field
    assert not UserAccount.objects.filter(user=user).exists()
    assert not tokens_of(user)


def test_nobody_is_written_to_without_an_address() -> None:
    user = EndUserFactory.new()
    user.emails.all().delete()
    EndUser.objects.filter(pk=user.pk).update(default_email=None)
    with pytest.raises(Conflict):
        register_user(user, actor=SYSTEM)
    assert not UserAccount.objects.exists()


def test_states_change_one_bit_each() -> None:
    user = EndUserFactory.new()
    register_user(user, actor=SYSTEM)
    steps: list[tuple[Callable[..., None], int]] = [
        (activate_account, 1),
        (lock_account, 3),
        (require_new_password, 7),
        (unlock_account, 5),
    ]
    for step, status in steps:
        step(user, actor=SYSTEM)
        assert status_of(user) == status
    UserAccount.objects.filter(user=user).update(status=0x41)
    lock_account(user, actor=SYSTEM)
    assert status_of(user) == 0x43


def test_a_guest_has_no_account_to_change() -> None:
    user = EndUserFactory.new()
    for change in (activate_account, lock_account, unlock_account, require_new_password, send_password_reset_mail):
        with pytest.raises(NotFound):
            change(user, actor=SYSTEM)


def test_a_new_mail_makes_the_link_before_it_worthless() -> None:
    user = EndUserFactory.new()
    register_user(user, actor=SYSTEM)
    [first] = tokens_of(user)
    send_activation_mail(user, actor=SYSTEM)
    [second] = tokens_of(user)
    assert first != second
    activate_account(user, actor=SYSTEM)
    send_password_reset_mail(user, actor=SYSTEM)
    assert mails() == ["registration-client", "registration-client", "pwreset-client"]


def test_mails_are_refused_where_they_lead_nowhere() -> None:
    user = EndUserFactory.new()
    register_user(user, actor=SYSTEM)
    with pytest.raises(Conflict) as refusal:
        send_password_reset_mail(user, actor=SYSTEM)
    assert refusal.value.code == "account_not_active"
    activate_account(user, actor=SYSTEM)
    with pytest.raises(Conflict) as refusal:
        send_activation_mail(user, actor=SYSTEM)
    assert refusal.value.code == "account_active"
    change_account(user, AccountDraft(may_reset_password=False), actor=SYSTEM)
    with pytest.raises(Conflict) as refusal:
        send_password_reset_mail(user, actor=SYSTEM)
    assert refusal.value.code == "password_reset_forbidden"
    change_account(user, AccountDraft(may_reset_password=True, is_locked=True), actor=SYSTEM)
    with pytest.raises(Conflict) as refusal:
        send_password_reset_mail(user, actor=SYSTEM)
    assert refusal.value.code == "account_locked"
    UserAccount.objects.filter(user=user).update(status=1, backend="ldap")
    with pytest.raises(Conflict) as refusal:
        send_password_reset_mail(user, actor=SYSTEM)
    assert refusal.value.code == "password_elsewhere"


def test_locking_ends_sessions_and_links() -> None:
    user, browser = EndUserFactory.new(), Client()
    ticket = new_ticket(user=user)
    register_user(user, PASSWORD, actor=SYSTEM)
    page = reverse("portal:ticket", args=[ticket.pk])
    sign_in_user(browser, user)
    assert browser.get(page).status_code == 200
    send_password_reset_mail(user, actor=SYSTEM)
    lock_account(user, actor=SYSTEM)
    assert browser.get(page).status_code in (302, 403, 404)
    assert tokens_of(user) == []


def test_a_new_password_ends_sessions_and_links() -> None:
    user, browser = EndUserFactory.new(), Client()
    ticket = new_ticket(user=user)
    register_user(user, PASSWORD, actor=SYSTEM)
    sign_in_user(browser, user)
    send_password_reset_mail(user, actor=SYSTEM)
    change_account(user, AccountDraft(password="another horse"), actor=SYSTEM)
    assert browser.get(reverse("portal:ticket", args=[ticket.pk])).status_code in (302, 403, 404)
    assert tokens_of(user) == []


def test_the_trail_shows_no_password() -> None:
    user = EndUserFactory.new()
    register_user(user, PASSWORD, actor=SYSTEM)
    change_account(user, AccountDraft(password="another horse", username="jane"), actor=SYSTEM)
    told = str(list(AdministrativeChange.objects.filter(object_type="user").values()))
    assert "$2a$" not in told
    assert "jane" not in told


def test_managing_accounts_is_a_permission() -> None:
    user = EndUserFactory.new()
    manager = Actor.for_agent(AgentFactory.new(permissions={"user.manage": 1}))
    editor = Actor.for_agent(AgentFactory.new(permissions={"user.edit": 1, "user.create": 1, "user.delete": 1}))
    with pytest.raises(PermissionRefused):
        register_user(user, actor=editor)
    register_user(user, actor=manager)
    for actor in (editor, Actor.for_user(user), Actor.for_api_key("key")):
        for change in (activate_account, lock_account, unlock_account, require_new_password, send_activation_mail):
            with pytest.raises(PermissionRefused):
                change(user, actor=actor)
    assert status_of(user) == 0


def test_tokens_go_with_the_user() -> None:
    user = EndUserFactory.new()
    register_user(user, actor=SYSTEM)
    value = f"c{user.pk}"
    delete_end_user(user, actor=SYSTEM)
    assert not ConfigItem.objects.filter(namespace="pwreset", value=value).exists()

"""What two people do to one user at the same time."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from helpdesk.accounts.services import AccountDraft, register_user
from helpdesk.directory.services import ImportPlan, go_on_with_import, prepare_import, start_import
from helpdesk.legacy.errors import DomainError
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser, UserAccount, UserEmail
from helpdesk.people.services import create_end_user, delete_end_user, find_or_create_user

SYSTEM = Actor.system()


def at_once(call: Callable[[], object], times: int = 8) -> Counter[str]:
    """Call something in several threads; count what became of it, by the code of the refusal or ``done``."""

    def one(_number: int) -> str:
        try:
            call()
        except DomainError as refusal:
            return refusal.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(times) as pool:
        return Counter(pool.map(one, range(times)))


@pytest.mark.django_db(transaction=True)
def test_one_address_becomes_one_user() -> None:
    def arrive(number: int) -> int:
        try:
            return find_or_create_user(f"{'Jane' if number % 2 else 'JANE'}@customer.test", actor=Actor.system()).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(arrive, range(16)))
    assert len(ids) == 1
    assert UserEmail.objects.filter(address="jane@customer.test").count() == 1
    assert EndUser.objects.filter(name__iexact="jane").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_user_gets_one_account() -> None:
    user = create_end_user("jane@customer.test", "Jane", actor=SYSTEM)
    draft = AccountDraft(password="correct horse")
    outcome = at_once(lambda: register_user(EndUser.objects.get(pk=user.pk), draft, actor=SYSTEM))
    assert outcome == {"done": 1, "account_exists": 7}
    assert UserAccount.objects.filter(user=user).count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_user_is_deleted_once() -> None:
    user = create_end_user("jane@customer.test", "Jane", actor=SYSTEM)
    number = user.pk

    def delete() -> None:
        delete_end_user(EndUser(pk=number, name="Jane"), actor=SYSTEM)

    assert at_once(delete) == {"done": 1, "user_unknown": 7}
    assert not EndUser.objects.filter(pk=number).exists()
    assert not UserEmail.objects.filter(address="jane@customer.test").exists()


@pytest.mark.django_db(transaction=True)
def test_each_row_of_a_list_is_imported_once_whoever_goes_on() -> None:
    text = "email\n" + "".join(f"user-{number}@customer.test\n" for number in range(60))
    found = prepare_import(text.encode(), actor=SYSTEM)
    found = start_import(found, ImportPlan(columns=["email"], has_headings=True), actor=SYSTEM)
    assert at_once(lambda: go_on_with_import(found, actor=SYSTEM, seconds=30), times=4) == {"done": 4}
    rows = found.rows.values_list("number", flat=True)
    assert sorted(rows) == list(range(2, 62))
    assert EndUser.objects.filter(name__startswith="user-").count() == 60

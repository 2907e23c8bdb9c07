"""Two mails of one new sender arrive at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser, UserEmail
from helpdesk.people.services import find_or_create_user


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

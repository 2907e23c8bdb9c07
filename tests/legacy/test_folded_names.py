"""Names, addresses and keys compare without regard to case and accents, on every engine as on osTicket's."""

from __future__ import annotations

import pytest
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction

from helpdesk.files.models import StoredFile
from helpdesk.legacy.migration import _refuse_equal_rows
from helpdesk.people.models import Agent, Role, UserEmail
from helpdesk.threads.models import EntryEmail
from tests.factories import EndUserFactory


def test_addresses_and_names_are_found_and_taken(db: None) -> None:
    user = EndUserFactory.new(name="Zoë", address="zoë@acme.test")
    assert UserEmail.objects.get(address="ZOE@ACME.test").user_id == user.pk
    assert UserEmail.objects.get(address__in=["nobody@acme.test", "Zoé@acme.test"]).user_id == user.pk
    assert not UserEmail.objects.filter(address="zo@acme.test").exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        UserEmail.objects.create(user=user, address="ZOÉ@acme.test")
    Role.objects.create(name="Évaluation", permissions="{}")
    with pytest.raises(IntegrityError), transaction.atomic():
        Role.objects.create(name="evaluation", permissions="{}")
    role = Role.objects.get(name="EVALUATION")
    agent = Agent.objects.create(username="José", role=role, dept_id=1)
    assert Agent.objects.get(username="jose") == agent


def test_message_ids_and_file_keys_are_found_in_any_case(db: None) -> None:
    mail = EntryEmail.objects.create(entry_id=1, mid="<AbC@Mail.test>")
    assert EntryEmail.objects.get(mid="<aBc@mail.TEST>") == mail
    assert EntryEmail.objects.get(mid__in=["<x@y>", "<abc@mail.test>"]) == mail
    file = StoredFile.objects.create(key="AbCdEf", signature="x")
    assert StoredFile.objects.get(key="abcdef") == file


@pytest.mark.parametrize("column", ["mid", "address"])
def test_look_ups_use_an_index(db: None, column: str) -> None:
    if connection.vendor == "mysql":
        pytest.skip("MySQL compares the column itself.")
    rows = (EntryEmail if column == "mid" else UserEmail).objects.filter(**{column: "Ada"})
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
    assert "Index" in rows.explain() or "USING INDEX" in rows.explain()


def test_rows_that_became_the_same_are_named(db: None) -> None:
    if connection.vendor == "mysql":
        pytest.skip("MySQL has never let such rows in.")
    constraint = next(one for one in Role._meta.constraints if one.name == "role_name")
    _refuse_equal_rows(Role, constraint)
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX role_name")
    one, other = (Role.objects.create(name=name, permissions="{}") for name in ("Évaluation", "evaluation"))
    with pytest.raises(CommandError, match=f"{one.pk}, {other.pk}"):
        _refuse_equal_rows(Role, constraint)

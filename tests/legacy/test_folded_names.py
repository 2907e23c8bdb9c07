"""Names, addresses and keys compare without regard to case and accents, on every engine as on osTicket's."""

from __future__ import annotations

import unicodedata
from importlib import import_module

import pytest
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction

from helpdesk.files.models import StoredFile
from helpdesk.legacy.folding import fold, postgresql_function
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


@pytest.mark.parametrize("name", ["한글", "がぎ", "Ångström", "ǖ", "\u0958\u0932\u092e", "ệ"])
def test_a_name_taken_apart_is_found_by_its_own_text(db: None, name: str) -> None:
    apart = unicodedata.normalize("NFD", name)
    assert apart != name
    role = Role.objects.create(name=apart, permissions="{}")
    assert Role.objects.get(name=apart) == role
    assert Role.objects.filter(name__folded=apart).exists()
    if connection.vendor != "mysql":  # its collation keeps some of these apart
        assert Role.objects.get(name=name) == role
        with pytest.raises(IntegrityError), transaction.atomic():
            Role.objects.create(name=name, permissions="{}")
        with connection.cursor() as cursor:
            cursor.execute("SELECT hd_fold(%s)", [apart])
            assert cursor.fetchone() == (fold(apart),)


def test_indexes_are_rebuilt_with_the_function(db: None) -> None:
    """Only PostgreSQL keeps the function in the database; on the others nothing has to be done."""
    migration = import_module("helpdesk.legacy.migrations.0006_composed_fold")
    name, is_kept = unicodedata.normalize("NFD", "한글"), connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if is_kept:
            cursor.execute(postgresql_function().replace("text_in := normalize(text_in, NFC);", "NULL;"))
            cursor.execute("SET LOCAL enable_seqscan = off")
    role = Role.objects.create(name=name, permissions="{}")
    if is_kept:
        assert not Role.objects.filter(name="한글").exists()
    migration.make_anew(None, connection.SchemaEditorClass(connection))
    assert Role.objects.get(name="한글" if is_kept else name) == role


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

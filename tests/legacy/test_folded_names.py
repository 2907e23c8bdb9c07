"""Names, addresses and keys compare without regard to case and accents, on every engine as on osTicket's."""

# ruff: noqa: RUF001, RUF002 -- letters that look like others are what is tested
from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction

from helpdesk.files.models import StoredFile
from helpdesk.legacy.folding import fold, fold_or_none, postgresql_function
from helpdesk.legacy.migration import refuse_equal_rows
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


@pytest.mark.parametrize("asked", ["isik", "IŞIK", "ışık ", "Isik   "])
def test_a_dotless_i_and_blanks_at_the_end_are_as_in_osticket(db: None, asked: str) -> None:
    role = Role.objects.create(name="Işık", permissions="{}")
    assert Role.objects.get(name=asked) == role
    assert Role.objects.get(name__in=["nobody", asked]) == role
    assert Role.objects.get(name__folded=asked) == role
    with pytest.raises(IntegrityError), transaction.atomic():
        Role.objects.create(name=asked, permissions="{}")


def test_blanks_at_the_end_count_in_parts_of_texts(db: None) -> None:
    for name in ("Ada ", "Ada Lovelace", "Adamant|"):
        Role.objects.create(name=name, permissions="{}")

    def found(**asked: str) -> set[str]:
        return {role.name or "" for role in Role.objects.filter(**asked)}

    assert found(name__folded="ada") == found(name__folded="Ada  ") == found(name__folded_endswith="A ") == {"Ada "}
    assert found(name__folded_contains="DA ") == found(name__folded_startswith="ada ") == {"Ada ", "Ada Lovelace"}
    assert found(name__folded_contains="|") == found(name__folded_endswith="t|") == {"Adamant|"}
    assert found(name__folded_startswith="adamant|") == {"Adamant|"}
    assert not found(name__folded_contains="ada|") | found(name__folded_endswith="ada") - {"Ada "}


def test_all_that_the_collation_calls_equal_folds_alike(db: None) -> None:
    """For each character of the BMP, in the words of the documentation: all but `ß`."""
    if connection.vendor != "mysql":
        pytest.skip("Only MariaDB and MySQL have the collation.")
    letters = [chr(code) for code in range(1, 0x10000) if not 0xD800 <= code <= 0xDFFF]
    alike: dict[bytes, list[str]] = defaultdict(list)
    with connection.cursor() as cursor:
        for start in range(0, len(letters), 5000):
            some = letters[start : start + 5000]
            weights = ", ".join(["HEX(WEIGHT_STRING(CONVERT(%s USING utf8mb3) COLLATE utf8mb3_general_ci))"] * 100)
            for place in range(0, len(some), 100):
                asked = [*some[place : place + 100]]
                asked += ["a"] * (100 - len(asked))
                cursor.execute(f"SELECT {weights}", asked)
                for letter, weight in zip(asked, cursor.fetchone(), strict=True):
                    alike[weight].append(letter)
    different = {
        letter
        for equal in alike.values()
        for letter in equal
        if fold(letter) != fold(min(equal)) or fold(f"a{letter}b") != fold(f"a{min(equal)}b")
    }
    assert len(alike) > 1000
    assert different == {"ß"}


@pytest.mark.parametrize(
    "letter", ["ı", "ϲ", "Ϲ", "ß", "\u0345", "α\u0345", "α\u0301\u0345", "b\u0345", "ᾳ\u0345", "é  "]
)
def test_engines_fold_these_letters_as_python_does(db: None, letter: str) -> None:
    if connection.vendor == "mysql":
        pytest.skip("Its collation folds.")
    texts = [letter, f"x{letter}", f"{letter} ", f"{letter}  y", f" {letter}{letter}"]
    with connection.cursor() as cursor:
        for text in texts:
            cursor.execute("SELECT hd_fold(%s)", [text])
            assert cursor.fetchone() == (fold(text),)


@contextmanager
def folding_as_before() -> Iterator[None]:
    """Let the engine fold as it did before it knew `ı` and blanks; the indexes hold that afterwards."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(postgresql_function().replace("RETURN rtrim(", "RETURN (").replace("ı", "ı".upper()))
        elif connection.vendor == "sqlite":
            connection.connection.create_function("hd_fold", 1, str.lower, deterministic=True)
    yield
    if connection.vendor == "sqlite":
        connection.connection.create_function("hd_fold", 1, fold_or_none, deterministic=True)


MIGRATION = import_module("helpdesk.legacy.migrations.0007_fold_as_collated")


def test_indexes_are_made_anew_with_the_function(db: None) -> None:
    """On MySQL nothing has to be done."""
    with folding_as_before():
        role = Role.objects.create(name="Işık ", permissions="{}")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
    if connection.vendor != "mysql":
        assert not Role.objects.filter(name="isik").exists()
    for _twice in range(2):
        MIGRATION.make_anew(apps, connection.SchemaEditorClass(connection))
        assert Role.objects.get(name="isik") == role
        with pytest.raises(IntegrityError), transaction.atomic():
            Role.objects.create(name="isik", permissions="{}")


def test_names_that_have_become_the_same_are_named_before(db: None) -> None:
    if connection.vendor == "mysql":
        pytest.skip("MySQL has never let such rows in.")
    with folding_as_before():
        one, other = (Role.objects.create(name=name, permissions="{}") for name in ("Ada", "ada "))
    with pytest.raises(CommandError, match=f"{one.pk}, {other.pk} of .*role"):
        MIGRATION.make_anew(apps, connection.SchemaEditorClass(connection))


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
    refuse_equal_rows(Role, constraint)
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX role_name")
    one, other = (Role.objects.create(name=name, permissions="{}") for name in ("Évaluation", "evaluation"))
    with pytest.raises(CommandError, match=f"{one.pk}, {other.pk}"):
        refuse_equal_rows(Role, constraint)

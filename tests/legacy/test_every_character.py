"""Every character is kept: on the three engines, and in osTicket's utf8mb3 tables by the originals beside them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import NotSupportedError, connection, models, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat

from helpdesk.forms.models import CustomList, Form, FormAnswer, FormEntry, ListItem
from helpdesk.legacy import originals
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.legacy.fields import EnumField, LegacyCharField, LegacyTextField, PhpJSONField, Prefixed
from helpdesk.legacy.models import OriginalText
from helpdesk.legacy.schema_introspection import legacy_models
from helpdesk.legacy.text_fields import WholeText, column_limit
from helpdesk.people.models import EndUser, Organization
from tests.factories import EndUserFactory, OrganizationFactory
from tickets.models import Queue, QueueColumn, QueueColumnPlacement

pytestmark = pytest.mark.django_db

TEXTS = {
    "emoji": "Jo 😀",
    "several code points": "👩‍👩‍👧 \N{REGIONAL INDICATOR SYMBOL LETTER D}\N{REGIONAL INDICATOR SYMBOL LETTER E}",
    "letters beyond the basic plane": "\N{MATHEMATICAL BOLD CAPITAL H}i 𠀋",
    "right to left": "\u202eשלום\u202c \u200fمرحبا\u200e",  # noqa: RUF001
    "combining": "e\u0301 u\u0308 ก็",
    "signs": "© ® ™ – “x” …",  # noqa: RUF001
    "typed brackets": "[grinning face]",
    "last of the basic plane": "\uffff \uf8ff",
    "blanks": " \u00a0\u3000\u200b\t x ",
}
every_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
SMILE = "😀"


@pytest.fixture(params=["as they are", "utf8mb3"])
def tables(request: pytest.FixtureRequest) -> str:
    """Run the test with tables that hold every character, and on MySQL with old ones as well."""
    if request.param == "utf8mb3":
        if connection.vendor != "mysql":
            pytest.skip("only MySQL has utf8mb3 tables")
        request.getfixturevalue("utf8mb3")
    return str(request.param)


def stored(row: models.Model, column: str = "name") -> Any:
    """Give what a column holds, as PHP sees it."""
    key = " AND ".join(f"{part.column} = %s" for part in row._meta.pk_fields)
    parts = row.pk if isinstance(row.pk, tuple) else [row.pk]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {row._meta.db_table} WHERE {key}", parts)  # noqa: S608
        return cursor.fetchone()[0]


def new_entry() -> FormEntry:
    return FormEntry.objects.create(form=Form.objects.get(type="T"), object_type="X", object_id=1)


def kept() -> set[tuple[str, str, str]]:
    return set(OriginalText.objects.values_list("table_name", "column_name", "original"))


# --- What goes in comes out -------------------------------------------------------------------------------------------


@every_text
def test_what_is_saved_is_read_back_whole(tables: str, text: str) -> None:
    user = EndUserFactory.new(name=text)
    assert EndUser.objects.get(pk=user.pk).name == text
    assert list(EndUser.objects.filter(pk=user.pk).values_list("name", flat=True)) == [text]
    assert EndUser.objects.filter(name=text).values("name").get() == {"name": text}
    if tables == "utf8mb3":
        assert max(map(ord, stored(user))) < 0x10000


@every_text
def test_related_objects_come_whole_too(tables: str, text: str) -> None:
    user = EndUserFactory.new(org=OrganizationFactory.new(name=text))
    with_organization = EndUser.objects.select_related("org", "default_email")
    assert with_organization.get(pk=user.pk).org.name == text
    assert EndUser.objects.values_list("org__name", flat=True).get(pk=user.pk) == text
    assert EndUser.objects.annotate(of=F("org__name")).get(pk=user.pk).of == text
    inner = Organization.objects.filter(pk=models.OuterRef("org")).values("name")
    assert EndUser.objects.annotate(of=models.Subquery(inner)).get(pk=user.pk).of == text
    assert list(EndUser.objects.filter(pk=user.pk).values("org__name").annotate(n=models.Count("pk"))) == [
        {"org__name": text, "n": 1}
    ]


def test_what_is_no_character_is_left_out(tables: str) -> None:
    user = EndUserFactory.new(name="a\x00b\ud800c \ud83d\ude00 \udc00")
    assert user.name == EndUser.objects.get(pk=user.pk).name == "abc 😀 "
    EndUser.objects.filter(pk=user.pk).update(name="\x00x")
    assert EndUser.objects.filter(name="x\x00").get().name == "x"


def test_every_way_of_writing_keeps_the_original(tables: str) -> None:
    first, second = EndUserFactory.new(), EndUserFactory.new()
    EndUser.objects.filter(pk__in=[first.pk, second.pk]).update(name=f"both {SMILE}")
    assert set(EndUser.objects.values_list("name", flat=True)) == {f"both {SMILE}"}
    first.name, second.name = f"one {SMILE}", "two"
    EndUser.objects.bulk_update([first, second], ["name"])
    assert list(EndUser.objects.order_by("pk").values_list("name", flat=True)) == [f"one {SMILE}", "two"]
    made = EndUser.objects.bulk_create([EndUser(name="plain"), EndUser(name=f"a {SMILE}"), EndUser(name=f"b {SMILE}")])
    names = ["plain", f"a {SMILE}", f"b {SMILE}"]
    assert (
        list(EndUser.objects.exclude(pk__in=[first.pk, second.pk]).order_by("pk").values_list("name", flat=True))
        == names
    )
    assert len(made) == 3
    user, is_new = EndUser.objects.update_or_create(pk=second.pk, defaults={"name": f"three {SMILE}"})
    assert (user.name, is_new) == (f"three {SMILE}", False)
    assert EndUser.objects.get(pk=second.pk).name == f"three {SMILE}"


def test_keys_of_several_parts(tables: str) -> None:
    entry = new_entry()
    rows = [FormAnswer(entry=entry, field_id=n, value=f"{n} {SMILE}") for n in (901, 902)]
    FormAnswer.objects.bulk_create(rows)
    FormAnswer.objects.filter(entry=entry, field_id=901).update(value=f"changed {SMILE}")
    answers = FormAnswer.objects.filter(entry=entry).order_by("field_id")
    assert list(answers.values_list("value", flat=True)) == [f"changed {SMILE}", f"902 {SMILE}"]
    queue, column = Queue.objects.order_by("pk").first(), QueueColumn.objects.order_by("pk").first()
    assert queue is not None
    assert column is not None
    placement = QueueColumnPlacement.objects.create(
        queue_id=queue.pk, column_id=column.pk, staff_id=77, heading=f"H {SMILE}", bits=1, sort=1, width=100
    )
    assert QueueColumnPlacement.objects.get(pk=placement.pk).heading == f"H {SMILE}"


def test_list_items_and_their_like(tables: str) -> None:
    choices = CustomList.objects.create(name=f"Moods {SMILE}")
    ListItem.objects.create(list=choices, value=SMILE, extra=f"x{SMILE}")
    item = ListItem.objects.select_related("list").get(list=choices)
    assert (item.value, item.extra, item.list and item.list.name) == (SMILE, f"x{SMILE}", f"Moods {SMILE}")


# --- Old tables -------------------------------------------------------------------------------------------------------


@pytest.mark.mysql
@pytest.mark.usefixtures("utf8mb3")
class TestOldTables:
    def test_php_sees_the_readable_form(self) -> None:
        user = EndUserFactory.new(name=f"Jo {SMILE} \N{MATHEMATICAL BOLD CAPITAL H}i")
        assert stored(user) == "Jo [grinning face] Hi"
        assert kept() == {("user", "name", user.name)}

    def test_what_php_changed_counts(self) -> None:
        user = EndUserFactory.new(name=f"Jo {SMILE}")
        for text in ("JO [grinning face]", "Jo [grinning face] Doe", ""):
            with connection.cursor() as cursor:
                cursor.execute("UPDATE ost_user SET name = %s WHERE id = %s", [text, user.pk])
            assert EndUser.objects.get(pk=user.pk).name == text

    def test_a_later_text_forgets_the_original(self) -> None:
        user = EndUserFactory.new(name=f"Jo {SMILE}")
        user.name = "Jo [grinning face]"
        user.save(update_fields=["name"])
        assert EndUser.objects.get(pk=user.pk).name == "Jo [grinning face]"
        assert kept() == set()
        EndUser.objects.filter(pk=user.pk).update(name=SMILE)
        EndUser.objects.filter(pk=user.pk).update(name=Concat(Value("[grinning "), Value("face]")))
        assert EndUser.objects.get(pk=user.pk).name == "[grinning face]"

    def test_saving_what_was_read_keeps_it(self) -> None:
        user = EndUserFactory.new(name=f"Jo {SMILE}")
        EndUser.objects.get(pk=user.pk).save()
        assert EndUser.objects.get(pk=user.pk).name == f"Jo {SMILE}"

    def test_a_rolled_back_text_leaves_nothing(self) -> None:
        with transaction.atomic():
            EndUser.objects.create(name=SMILE)
            transaction.set_rollback(True)
        assert kept() == set()

    def test_deleting_a_row_deletes_its_originals(self) -> None:
        gone, stays = EndUser.objects.create(name=f"gone {SMILE}"), EndUser.objects.create(name=f"stays {SMILE}")
        EndUser.objects.filter(pk=gone.pk).delete()
        assert kept() == {("user", "name", f"stays {SMILE}")}
        stays.delete()
        assert kept() == set()

    def test_a_form_longer_than_the_column_is_cut_and_the_original_whole(self) -> None:
        user = EndUserFactory.new(name=SMILE * 128)
        assert len(stored(user)) == 128
        assert stored(user).endswith("…")
        assert EndUser.objects.get(pk=user.pk).name == SMILE * 128

    def test_a_long_text_is_cut_by_bytes(self) -> None:
        entry = new_entry()
        answer = FormAnswer.objects.create(entry=entry, field_id=9, value=SMILE * 16_000)
        assert 65_500 < len(stored(answer, "value").encode()) <= 65_535
        assert FormAnswer.objects.get(entry=entry).value == SMILE * 16_000

    def test_statements_that_cannot_tell_rows_apart_are_refused(self) -> None:
        EndUserFactory.new()
        with pytest.raises(NotSupportedError, match="one by one"), transaction.atomic():
            EndUser.objects.update(name=Concat(F("name"), Value(SMILE)))
        with pytest.raises(NotSupportedError, match="one by one"), transaction.atomic():
            EndUser.objects.bulk_create([EndUser(name=SMILE)], ignore_conflicts=True)

    def test_reading_costs_no_statement_per_row(self, django_assert_num_queries: Any) -> None:
        for number in range(5):
            EndUserFactory.new(name=f"{number} {SMILE}", org=OrganizationFactory.new(name=SMILE))
        list(EndUser.objects.select_related("org"))
        with django_assert_num_queries(1):
            assert len([user.org.name for user in EndUser.objects.select_related("org") if user.org]) == 5
        originals.forget_columns(connection)
        with django_assert_num_queries(2):  # which columns have originals is asked for every few seconds
            list(EndUser.objects.select_related("org"))

    def test_nobody_pays_before_there_is_an_original(self, django_assert_num_queries: Any) -> None:
        EndUserFactory.new(name="Jo")
        list(EndUser.objects.all())
        with django_assert_num_queries(1):
            user = EndUser.objects.get(name="Jo")
        with django_assert_num_queries(1):
            EndUser.objects.filter(pk=user.pk).update(name="Joe")
        assert "hd_original_text" not in str(EndUser.objects.all().query)

    def test_idle_originals_are_swept_away(self) -> None:
        stays, changed, gone = (EndUserFactory.new(name=f"{name} {SMILE}") for name in ("stays", "changed", "gone"))
        with connection.cursor() as cursor:
            cursor.execute("UPDATE ost_user SET name = 'x' WHERE id = %s", [changed.pk])
            cursor.execute("DELETE FROM ost_user WHERE id = %s", [gone.pk])
        assert originals.sweep() == 2
        assert kept() == {("user", "name", stays.name)}
        assert originals.put_back() == {}


def test_a_database_that_holds_every_character_is_asked_nothing(django_assert_num_queries: Any) -> None:
    EndUserFactory.new(name=SMILE)
    with django_assert_num_queries(1):
        assert EndUser.objects.get(name=SMILE).name == SMILE
    with django_assert_num_queries(1):
        EndUser.objects.update(name=f"{SMILE}{SMILE}")
    assert not OriginalText.objects.exists()


def test_originals_are_put_back_where_they_fit() -> None:
    """As after an import, or a conversion of the tables."""
    user, changed = EndUserFactory.new(name="Jo [grinning face]"), EndUserFactory.new(name="Ada")
    entry = new_entry()
    FormAnswer.objects.create(entry=entry, field_id=9, value="[grinning face]")
    rows = [
        ("user", "name", user.pk, 0, "Jo [grinning face]", f"Jo {SMILE}"),
        ("user", "name", changed.pk, 0, "Ada [grinning face]", f"Ada {SMILE}"),
        ("form_entry_values", "value", entry.pk, 9, "[grinning face]", SMILE),
    ]
    for table, column, row, part, text, original in rows:
        OriginalText.objects.create(
            table_name=table,
            column_name=column,
            row_id=row,
            part_id=part,
            stored_hash=originals.hash_of(text),
            original=original,
        )
    assert originals.put_back() == {"user": 1, "form_entry_values": 1}
    assert set(EndUser.objects.values_list("name", flat=True)) == {f"Jo {SMILE}", "Ada"}
    assert FormAnswer.objects.get(entry=entry).value == SMILE
    assert not OriginalText.objects.exists()


# --- Lengths ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("character", ["x", "ä", SMILE])
def test_a_varchar_counts_characters(tables: str, character: str) -> None:
    fits = EndUserFactory.new(name=character * 128)
    assert EndUser.objects.get(pk=fits.pk).name == character * 128
    with pytest.raises(ValidationFailed, match="128 characters") as refusal, transaction.atomic():
        EndUser.objects.create(name=character * 129)
    assert (refusal.value.code, refusal.value.field) == ("too_long", "name")


@pytest.mark.parametrize("character", ["x", "ä", "漢", SMILE])
def test_a_text_counts_bytes(tables: str, character: str) -> None:
    most = 65_535 // len(character.encode())
    entry = new_entry()
    FormAnswer.objects.create(entry=entry, field_id=9, value=character * most)
    assert FormAnswer.objects.get(entry=entry).value == character * most
    with pytest.raises(ValidationFailed, match="65535 bytes") as refusal, transaction.atomic():
        FormAnswer.objects.filter(entry=entry).update(value=character * (most + 1))
    assert (refusal.value.code, refusal.value.field) == ("too_long", "value")


def test_json_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValidationFailed) as refusal, transaction.atomic():
        ListItem.objects.create(value="x", properties={"a": "x" * 65_536})
    assert (refusal.value.code, refusal.value.field) == ("too_long", "properties")


def test_every_text_column_of_osticket_is_kept_whole() -> None:
    plain = [
        f"{model.__name__}.{field.name}"
        for model in legacy_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField | models.TextField)
        and not isinstance(field, WholeText | EnumField | PhpJSONField)
    ]
    assert plain == []


def test_lengths_of_fields_are_those_of_the_columns() -> None:
    for model in legacy_models():
        assert isinstance(model._meta.db_table, Prefixed)
        for field in model._meta.concrete_fields:
            if isinstance(field, LegacyCharField):
                assert column_limit(field).most == field.max_length, field
            elif isinstance(field, LegacyTextField):
                assert column_limit(field).in_bytes, field

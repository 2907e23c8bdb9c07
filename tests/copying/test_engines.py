"""Rows go into a table of the engine under test and come out the same; others see no difference."""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from threading import Thread
from typing import Any

import pytest
from django.apps.registry import Apps
from django.conf import settings
from django.db import connection, models, transaction

from helpdesk.legacy.copying import reading, shapes
from helpdesk.legacy.copying.codec import RowSum
from helpdesk.legacy.copying.reading import consistent_snapshot, count_rows, has_rows, read_batches, sum_of_table
from helpdesk.legacy.copying.shapes import TableShape, UnknownColumnKind, all_shapes, column_shape, table_shape
from helpdesk.legacy.copying.writing import RowWriter, continue_sequences, copying_session, explain_refusal
from helpdesk.people.models import Department, DepartmentAccess, Role
from helpdesk.threads.models import ThreadEntry

pytestmark = pytest.mark.django_db(transaction=True)

own_apps = Apps()


class Everything(models.Model):
    """One column of each kind."""

    small = models.SmallIntegerField(null=True)
    flag = models.BooleanField(null=True)
    name = models.CharField(max_length=100, null=True)
    text = models.TextField(null=True)
    content = models.BinaryField(null=True)
    moment = models.DateTimeField(null=True)
    day = models.DateField(null=True)
    hour = models.TimeField(null=True)
    data = models.JSONField(null=True)
    token = models.UUIDField(null=True)
    price = models.DecimalField(max_digits=9, decimal_places=3, null=True)
    ratio = models.FloatField(null=True)
    duration = models.DurationField(null=True)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        app_label = "copying"
        apps = own_apps
        db_table = "hd_test_everything"


VALUES: list[dict[str, Any]] = [
    {},
    {
        "small": -7,
        "flag": True,
        "name": "Łódź 🖨",
        "text": "line\nline\ttab \\N \\ \"quoted\" 'single' %s %%",
        "content": bytes(range(256)),
        "moment": datetime(2026, 3, 29, 1, 0, 0, 120000, tzinfo=UTC),
        "day": date(2024, 2, 29),
        "hour": time(23, 59, 59, 999999),
        "data": {"b": [1, 2.5, None], "a": {"ü": "🔥"}},
        "token": uuid.UUID("12345678-1234-5678-1234-567812345678"),
        "price": Decimal("-12.5"),
        "ratio": 0.1,
        "duration": timedelta(days=-3, microseconds=7),
        "address": "2001:db8::1",
    },
    {
        "small": 0,
        "flag": False,
        "name": "",
        "text": "",
        "content": b"",
        "moment": datetime(2026, 3, 29, 1, tzinfo=UTC),
        "hour": time(0),
        "data": [],
        "price": Decimal(0),
        "ratio": -1e300,
        "duration": timedelta(0),
        "address": "10.0.0.1",
    },
]


@pytest.fixture
def everything() -> Iterator[TableShape]:
    """Make the table with a column of each kind."""
    with connection.schema_editor() as editor:
        editor.create_model(Everything)
    yield table_shape(Everything)
    with connection.schema_editor() as editor:
        editor.delete_model(Everything)


def all_rows(shape: TableShape) -> list[list[Any]]:
    """Read a table."""
    return [list(row) for rows in read_batches(connection, shape) for row in rows]


def test_every_kind_of_value_comes_back(everything: TableShape) -> None:
    Everything._default_manager.bulk_create(Everything(**values) for values in VALUES)
    rows = all_rows(everything)
    assert dict(zip(everything.column_names, rows[1], strict=True)) == {
        "id": 2,
        "small": -7,
        "flag": 1,
        "name": "Łódź 🖨",
        "text": VALUES[1]["text"],
        "content": bytes(range(256)),
        "moment": "2026-03-29 01:00:00.120000",
        "day": "2024-02-29",
        "hour": "23:59:59.999999",
        "data": '{"a":{"\\u00fc":"\\ud83d\\udd25"},"b":[1,2.5,null]}',
        "token": "12345678123456781234567812345678",
        "price": "-12.500",
        "ratio": 0.1,
        "duration": -259199999993,
        "address": "2001:db8::1",
    }
    Everything._default_manager.all().delete()
    with transaction.atomic():
        assert RowWriter(connection, everything).write(rows) == []
    assert all_rows(everything) == rows
    found = list(Everything._default_manager.order_by("id"))
    for row, values in zip(found, VALUES, strict=True):
        assert {name: getattr(row, name) for name in values} == values | (
            {"content": row.content} if "content" in values else {}
        )
        assert bytes(row.content or b"") == values.get("content", b"")


@pytest.mark.parametrize(
    ("stored", "moment"),
    [
        ("2026-01-31 23:59:59", "2026-01-31 23:59:59"),
        ("2026-01-31 23:59:59.000000", "2026-01-31 23:59:59"),
        ("2026-01-31 23:59:59.5", "2026-01-31 23:59:59.500000"),
        ("2026-01-31T23:59:59+02:00", "2026-01-31 21:59:59"),
        ("2026-01-31", "2026-01-31 00:00:00"),
    ],
)
def test_sqlite_has_no_type_for_moments(stored: str, moment: str) -> None:
    assert reading.sqlite_moment(stored) == moment


def test_every_model_can_be_copied() -> None:
    """A field of a new type is named here, not by the first administrator who makes a backup."""
    names = [shape.database_name for shape in all_shapes()]
    assert len(set(names)) == len(names)
    assert {model._meta.db_table for model in shapes.models_by_table().values()} == set(names)
    assert settings.TABLE_PREFIX + "ticket" in names


def test_a_type_that_nobody_thought_of_is_named() -> None:
    class Odd(models.Field):
        def get_internal_type(self) -> str:
            return "OddField"

    field = Odd(name="odd", db_column="odd")
    field.set_attributes_from_name("odd")
    with pytest.raises(UnknownColumnKind, match="no copying of OddField"):
        column_shape(field)


def test_referenced_tables_come_first() -> None:
    names = [shape.name for shape in all_shapes()]
    assert names.index("django_content_type") < names.index("auth_permission") < names.index("auth_group_permissions")
    assert names.index("hd_import_run") < names.index("hd_import_table")


def test_all_rows_are_read_in_steps_whatever_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows at once, so that steps end within and between the first parts of a key."""
    monkeypatch.setattr(reading, "ROWS_AT_ONCE", 3)
    pairs = [(staff, dept) for staff in (1, 2, 9) for dept in (1, 2, 3, 7, 8)]
    DepartmentAccess.objects.bulk_create(DepartmentAccess(staff_id=s, dept_id=d) for s, d in reversed(pairs))
    shape = table_shape(DepartmentAccess)
    assert [tuple(row[:2]) for row in all_rows(shape)] == pairs
    assert count_rows(connection, shape) == len(pairs)
    seen: list[int] = []
    number, total = sum_of_table(connection, shape, seen.append)
    assert (number, sum(seen)) == (15, 15)
    assert seen == [3, 3, 3, 3, 3]
    assert total != RowSum()


def test_an_empty_table_has_no_rows() -> None:
    shape = table_shape(DepartmentAccess)
    assert not has_rows(connection, shape)
    assert sum_of_table(connection, shape) == (0, RowSum())


def roles(*names: str) -> list[list[Any]]:
    """Give rows of roles with ids from 900."""
    return [[900 + n, 1, name, None, None, "2026-01-01 00:00:00", None] for n, name in enumerate(names)]


def test_rows_that_the_table_refuses_are_found_among_the_others() -> None:
    shape = table_shape(Role)
    assert shape.column_names == ("id", "flags", "name", "permissions", "notes", "created", "updated")
    rows = roles("A", "B", "a", "C", "D", "b", "E")
    with transaction.atomic():
        refused = RowWriter(connection, shape).write(rows)
        assert [refusal.place for refusal in refused] == [2, 5]
        values = dict(zip(shape.column_names, rows[5], strict=True))
        reason = explain_refusal(connection, Role, values, refused[1].error)
    assert reason == "duplicate of row 901: same name (case and accents do not count)"
    assert list(Role.objects.filter(pk__gte=900).order_by("pk").values_list("name", flat=True)) == list("ABCDE")


def test_a_taken_key_is_named() -> None:
    shape, role = table_shape(Role), Role.objects.order_by("pk").first()
    assert role is not None
    row = [role.pk, 1, "Quite another", None, None, "2026-01-01 00:00:00", None]
    with transaction.atomic():
        (refusal,) = RowWriter(connection, shape).write([row])
        values = dict(zip(shape.column_names, row, strict=True))
        assert explain_refusal(connection, Role, values, refusal.error) == "the target has a row with this id already"


def test_a_missing_date_is_stored_as_the_table_says_none() -> None:
    shape = table_shape(Role)
    with transaction.atomic():
        assert RowWriter(connection, shape).write(roles("A")) == []
    assert Role.objects.get(pk=900).updated is None
    assert all_rows(shape)[-1][-1] is None


def test_ids_go_on_behind_the_copied_ones() -> None:
    with copying_session(connection), transaction.atomic():
        RowWriter(connection, table_shape(Role)).write(roles("A"))
    continue_sequences(connection, [Role])
    assert Role.objects.create(name="Next").pk > 900


def test_the_session_is_as_before_after_copying() -> None:
    with copying_session(connection):
        pass
    if connection.vendor == "mysql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@SESSION.sql_mode, @@SESSION.foreign_key_checks")
            assert cursor.fetchone() == ("STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION", 1)
    Department.objects.create(name="Works as ever", signature="", path="/")


def write_elsewhere() -> None:
    """Add a row over a connection of its own, as another process does."""

    def work() -> None:
        try:
            Role.objects.create(name="Meanwhile")
        finally:
            connection.close()

    thread = Thread(target=work)
    thread.start()
    thread.join()


def test_a_snapshot_shows_one_moment_and_keeps_nobody_from_writing() -> None:
    shape = table_shape(Role)
    before = count_rows(connection, shape)
    with consistent_snapshot(connection):
        assert count_rows(connection, shape) == before
        write_elsewhere()
        assert count_rows(connection, shape) == before
    assert count_rows(connection, shape) == before + 1
    ThreadEntry.objects.create(body="writing works again")


def test_a_snapshot_ends_with_an_error_too() -> None:
    with pytest.raises(ZeroDivisionError), consistent_snapshot(connection):
        raise ZeroDivisionError
    assert Role.objects.create(name="After").pk

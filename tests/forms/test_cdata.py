"""The cdata tables: built from answers, kept up to date, missing whenever PHP pleases (osticket/forms.md §8)."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from io import StringIO
from threading import Event
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from helpdesk.forms import cdata, cdata_sql
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.models import Form, FormAnswer, FormEntry, FormField
from helpdesk.forms.services import remove_answers, save_answers
from helpdesk.people.actor import Actor

ACTOR = Actor.system("tests")
TICKET_FORM, SUBJECT, PRIORITY = 2, 20, 22
CHANNELS = {"choices": "shop:Shop\nweb:Web site\nother:Other"}


def add_field(name: str, type_: str = "text", **more: Any) -> FormField:
    form = more.pop("form", TICKET_FORM)
    more.setdefault("sort", 50)
    return FormField.objects.create(form_id=form, name=name, type=type_, label=name or "Nameless", **more)


def store(ticket_id: int, **answers: tuple[str | None, int | None] | str | None) -> FormEntry:
    """Write answers as osTicket stores them, without touching cdata; `f20` names field 20."""
    entry = FormEntry.objects.create(form_id=TICKET_FORM, object_type="T", object_id=ticket_id)
    for key, answer in answers.items():
        value, value_id = answer if isinstance(answer, tuple) else (answer, None)
        FormAnswer.objects.create(entry=entry, field_id=int(key[1:]), value=value, value_id=value_id)
    return entry


def table_of(object_type: str) -> str:
    return cdata.TABLES[EntryObject(object_type)].prefixed_name


def drop(object_type: str = "T") -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {table_of(object_type)}")


def stored_row(ticket_id: int) -> dict[str, str | None]:
    """Read the row straight from the table."""
    names = cdata_sql.table_columns(connection, table_of("T"))
    table = cdata_sql.Build(table_of("T"), "ticket_id", "T", [])
    return cdata_sql.select_rows(connection, table, names[1:], [ticket_id]).get(ticket_id, {})


@pytest.mark.django_db
def test_the_tables_of_a_fresh_help_desk_have_osticket_s_columns() -> None:
    found = {table.name: cdata_sql.table_columns(connection, table.prefixed_name) for table in cdata.TABLES.values()}
    assert found == {
        "ticket__cdata": ["ticket_id", "subject", "priority"],
        "task__cdata": ["task_id", "title"],
        "user__cdata": ["user_id", "email", "name", "phone", "notes"],
        "organization__cdata": ["org_id", "name", "address", "phone", "website", "notes"],
    }


class TestRebuild:
    """DDL: these tests are transactional, as MySQL commits at every such statement."""

    pytestmark = pytest.mark.django_db(transaction=True)

    def test_it_writes_the_encoding_of_an_osticket_rebuild(self) -> None:
        channel = add_field("channel", "choices", configuration=CHANNELS)
        device = add_field("device", "list-2")
        nameless = add_field("")
        store(
            7,
            f20="Späte Lieferung",
            f22=("High", 3),
            **{
                f"f{channel.pk}": '{"web":"Web site"}',
                f"f{device.pk}": '{"1":"Laptop","2":"Phone"}',
                f"f{nameless.pk}": "x",
            },
        )
        store(8, f20="Second", f22=("Low", 1), **{f"f{channel.pk}": None, f"f{device.pk}": ""})
        cdata.rebuild("T")
        assert stored_row(7) == {
            "subject": "Späte Lieferung",
            "priority": "3",
            "channel": "web,Web site",
            "device": "1,Laptop,2,Phone",
            f"field_{nameless.pk}": "x",
        }
        assert stored_row(8) == {
            "subject": "Second",
            "priority": "1",
            "channel": None,
            "device": "",
            f"field_{nameless.pk}": None,
        }

    def test_objects_of_several_slices_are_all_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cdata_sql, "SLICE", 2)
        for number in (3, 4, 9, 10, 4_000_000_000):
            store(number, f20=f"Ticket {number}")
        store(9, f22=("Low", 1))  # a second form of the same object
        cdata.rebuild("T")
        rows = cdata.fetch("T", [3, 4, 9, 10, 4_000_000_000], ["subject", "priority"])
        assert {number: row["subject"] for number, row in rows.items()} == {n: f"Ticket {n}" for n in rows}
        assert len(rows) == 5
        assert rows[9]["priority"] == "1"

    @pytest.mark.once
    def test_others_may_write_between_the_slices_of_sqlite(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(cdata_sql, "SLICE", 1)
        store(1, f20="One")
        store(2, f20="Two")
        path, spans, written = str(connection.settings_dict["NAME"]), cdata_sql._spans, []

        def write_meanwhile(*arguments: Any) -> Iterator[tuple[int, int]]:
            for span in spans(*arguments):
                with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
                    other.execute("BEGIN IMMEDIATE")
                    other.execute(f"UPDATE {FormAnswer._meta.db_table} SET value = value")  # noqa: S608
                    other.execute("COMMIT")
                written.append(span)
                yield span

        monkeypatch.setattr(cdata_sql, "_spans", write_meanwhile)
        cdata.rebuild("T")
        assert written == [(-1, 1), (1, 2)]
        assert stored_row(2)["subject"] == "Two"

    @pytest.mark.once
    def test_what_a_killed_build_left_behind_is_no_obstacle(self) -> None:
        store(1, f20="One")
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {table_of('T')}__sliced__new (ticket_id integer)")
        cdata.rebuild("T")
        assert stored_row(1)["subject"] == "One"
        assert cdata_sql.table_columns(connection, f"{table_of('T')}__sliced__new") == []

    def test_it_leaves_other_objects_and_empty_entries_out(self) -> None:
        store(7, f20="A ticket", f22=("Low", 1))
        FormEntry.objects.create(form_id=TICKET_FORM, object_type="T", object_id=9)
        entry = FormEntry.objects.create(form_id=TICKET_FORM, object_type="U", object_id=8)
        FormAnswer.objects.create(entry=entry, field_id=SUBJECT, value="No ticket")
        cdata.rebuild("T")
        assert cdata.fetch("T", [7, 8, 9], ["subject"]) == {7: {"subject": "A ticket"}}

    @pytest.mark.parametrize("name", ["select", "with space", "quo\"te`s'", "per%cent", "größe", "a" * 64])
    def test_any_name_becomes_a_column(self, name: str) -> None:
        field = add_field(name)
        store(7, **{f"f{field.pk}": "value"})
        cdata.rebuild("T")
        column = cdata.column_names(cdata.cdata_fields("T"), "ticket_id")[field.pk]
        assert column == (f"field_{field.pk}" if len(name) > cdata_sql.longest_name(connection) else name)
        assert stored_row(7)[column] == "value"
        cdata.update_row("T", 7, {field.pk: "changed"})
        assert cdata.fetch("T", [7], [column]) == {7: {column: "changed"}}

    def test_names_that_are_taken_get_the_field_s_number(self) -> None:
        twin, key = add_field("Subject"), add_field("ticket_id")
        cdata.rebuild("T")
        assert cdata.columns("T") == ["subject", "priority", f"field_{twin.pk}", f"field_{key.pk}"]

    def test_only_fields_of_the_first_form_have_columns(self) -> None:
        second = Form.objects.create(type="T", title="Second")
        add_field("elsewhere", form=second.pk)
        add_field("heading", "break")
        cdata.rebuild("T")
        assert cdata.columns("T") == ["subject", "priority"]

    def test_a_removed_field_loses_its_column(self) -> None:
        field = add_field("order_no")
        cdata.rebuild("T")
        assert cdata.columns("T") == ["subject", "priority", "order_no"]
        FormField.objects.filter(pk=field.pk).update(form=None)
        cdata.rebuild("T")
        assert cdata.columns("T") == ["subject", "priority"]

    def test_two_processes_that_rebuild_at_once_take_turns(self) -> None:
        for ticket_id in range(1, 40):
            store(ticket_id, f20=f"Ticket {ticket_id}", f22=("Low", 1))

        def run(_number: int) -> None:
            try:
                cdata.rebuild("T")
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(run, range(4)))
        assert len(cdata.fetch("T", range(1, 40), ["subject"])) == 39
        tables = connection.introspection.table_names()
        assert not [name for name in tables if name.startswith(table_of("T") + "__")]

    def test_answers_given_during_a_rebuild_are_in_the_new_table(self) -> None:
        form = Form.objects.get(pk=TICKET_FORM)
        for ticket_id in range(1, 31):
            save_answers("T", ticket_id, form, {"subject": "before"}, ACTOR)
        done = Event()

        def write() -> None:
            try:
                for ticket_id in range(1, 31):
                    save_answers("T", ticket_id, form, {"subject": f"after {ticket_id}"}, ACTOR)
                    save_answers("T", 100 + ticket_id, form, {"subject": f"new {ticket_id}"}, ACTOR)
            finally:
                done.set()
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(write)
            cdata.rebuild("T")
            while not done.is_set():
                cdata.rebuild("T")
            writing.result()
        expected = {n: f"after {n}" for n in range(1, 31)} | {100 + n: f"new {n}" for n in range(1, 31)}
        rows = cdata.fetch("T", expected, ["subject"])
        assert {ticket_id: row["subject"] for ticket_id, row in rows.items()} == expected

    def test_an_interrupted_build_is_cleared_away_by_the_next_one(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLE {table_of('T')}__new (x integer)")
        store(7, f20="Still here", f22=("Low", 1))
        cdata.rebuild("T")
        assert stored_row(7)["subject"] == "Still here"

    @pytest.mark.mysql
    def test_it_refuses_inside_a_transaction_of_mysql(self) -> None:
        with transaction.atomic(), pytest.raises(cdata.RebuildInTransactionError):
            cdata.rebuild("T")

    @pytest.mark.mysql
    def test_the_table_has_the_character_set_of_the_answers(self) -> None:
        drop()
        cdata.rebuild("T")
        with connection.cursor() as cursor:
            cursor.execute(f"SHOW CREATE TABLE {table_of('T')}")
            definition = cursor.fetchone()[1]
        assert (
            "`ticket_id` int(11) unsigned NOT NULL" in definition or "`ticket_id` int unsigned NOT NULL" in definition
        )
        assert "`subject` mediumtext" in definition
        assert "CHARSET=utf8mb4" in definition

    def test_the_command_builds_all_or_only_what_is_missing(self) -> None:
        drop("U")
        output = StringIO()
        call_command("rebuild_cdata", missing=True, stdout=output)
        assert output.getvalue().split() == [table_of("U"), "built."]
        call_command("rebuild_cdata", stdout=output)
        assert output.getvalue().count("built.") == 5


class TestMissingTable:
    """PHP drops a table whenever a field changes."""

    pytestmark = pytest.mark.django_db(transaction=True)

    def test_a_read_builds_it(self) -> None:
        store(7, f20="Found", f22=("Low", 1))
        drop()
        assert cdata.fetch("T", [7], ["subject"]) == {7: {"subject": "Found"}}
        assert stored_row(7)["subject"] == "Found"

    def test_a_read_builds_it_although_the_columns_are_remembered(self) -> None:
        store(7, f20="Found", f22=("Low", 1))
        assert cdata.columns("T") == ["subject", "priority"]
        drop()
        assert cdata.fetch("T", [7], ["subject"]) == {7: {"subject": "Found"}}

    def test_inside_a_transaction_the_answers_are_read_and_the_table_follows(self) -> None:
        store(7, f20="Found", f22=("Low", 1))
        drop()
        with transaction.atomic():
            assert cdata.fetch("T", [7], ["subject", "priority"]) == {7: {"subject": "Found", "priority": "1"}}
        assert stored_row(7)["subject"] == "Found"

    def test_saving_answers_works_and_the_table_follows(self) -> None:
        drop()
        save_answers("T", 7, Form.objects.get(pk=TICKET_FORM), {"subject": "Saved", "priority": 4}, ACTOR)
        assert stored_row(7) == {"subject": "Saved", "priority": "4"}

    def test_a_rolled_back_transaction_keeps_its_answers_to_itself(self) -> None:
        drop()
        with transaction.atomic():
            save_answers("T", 7, Form.objects.get(pk=TICKET_FORM), {"subject": "Lost"}, ACTOR)
            transaction.set_rollback(True)
        assert cdata.fetch("T", [7]) == {}
        assert not FormEntry.objects.filter(object_type="T").exists()

    def test_a_query_that_joins_it_runs_again(self) -> None:
        store(7, f20="Joined", f22=("Low", 1))
        drop()

        def query() -> list[Any]:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT subject FROM {table_of('T')}")  # noqa: S608
                return list(cursor.fetchall())

        assert cdata.with_table("T", query) == [("Joined",)]

    def test_other_errors_pass_through(self) -> None:
        def query() -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELEKT")

        with pytest.raises(DatabaseError):
            cdata.with_table("T", query)

    def test_a_missing_table_does_not_spoil_the_transaction_around_a_save(self) -> None:
        cdata.columns("T")  # remembered; PHP drops the table afterwards
        drop()
        with transaction.atomic():
            save_answers("T", 7, Form.objects.get(pk=TICKET_FORM), {"subject": "Saved"}, ACTOR)
            assert FormAnswer.objects.get(field=SUBJECT, entry__object_id=7).value == "Saved"
        assert stored_row(7)["subject"] == "Saved"

    def test_a_new_field_gets_its_column_with_the_first_answer(self) -> None:
        field = add_field("order_no")
        form = Form.objects.get(pk=TICKET_FORM)
        save_answers("T", 7, form, {"subject": "Saved", "order_no": "A-1"}, ACTOR)
        assert stored_row(7) == {"subject": "Saved", "priority": None, "order_no": "A-1"}
        FormField.objects.filter(pk=field.pk).delete()

    def test_removing_answers_needs_no_table(self) -> None:
        save_answers("T", 7, Form.objects.get(pk=TICKET_FORM), {"subject": "Saved"}, ACTOR)
        drop()
        remove_answers("T", 7)
        assert not FormEntry.objects.filter(object_type="T").exists()


@pytest.mark.django_db
class TestRows:
    """Rows follow the answers, in the encoding of osTicket's incremental update."""

    def save(self, values: dict[str | int, Any], ticket_id: int = 7) -> None:
        save_answers("T", ticket_id, Form.objects.get(pk=TICKET_FORM), values, ACTOR)

    def test_a_new_row_and_a_changed_one(self) -> None:
        self.save({"subject": "First", "priority": "2"})
        assert stored_row(7) == {"subject": "First", "priority": "2"}
        self.save({"priority": "4"})
        assert stored_row(7) == {"subject": "First", "priority": "4"}
        self.save({"priority": ""})
        assert stored_row(7) == {"subject": "First", "priority": ""}

    def test_removed_answers_take_the_row_along(self) -> None:
        self.save({"subject": "One"})
        self.save({"subject": "Two"}, ticket_id=8)
        remove_answers("T", 7)
        assert set(cdata.fetch("T", [7, 8])) == {8}

    def test_refresh_computes_rows_anew(self) -> None:
        self.save({"subject": "Old", "priority": 3})
        FormAnswer.objects.filter(field=SUBJECT, entry__object_id=7).update(value="New")
        store(8, f20="Never seen", f22=("Low", 1))
        cdata.update_row("T", 9, {SUBJECT: "Gone"})
        cdata.refresh("T", [7, 8, 9])
        assert cdata.fetch("T", [7, 8, 9]) == {
            7: {"subject": "New", "priority": "3"},
            8: {"subject": "Never seen", "priority": "1"},
        }

    def test_many_rows_cost_one_statement(self) -> None:
        for ticket_id in range(1, 30):
            store(ticket_id, f20="x", f22=("Low", 1))
        cdata.refresh("T", range(1, 30))
        cdata.fetch("T", [1])
        with CaptureQueriesContext(connection) as queries:
            assert len(cdata.fetch("T", range(1, 30))) == 29
        statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
        assert len(statements) == 1

    def test_a_new_field_is_read_at_once(self) -> None:
        entry = store(1, f20="x")
        cdata.refresh("T", [1])
        assert cdata.fetch("T", [1], ["room"]) == {1: {"room": None}}
        field = add_field("room")
        FormAnswer.objects.create(entry=entry, field=field, value="12")
        if connection.features.can_rollback_ddl:  # MySQL builds tables outside transactions only
            cdata.rebuild("T")
            assert cdata.fetch("T", [1], ["room"]) == {1: {"room": "12"}}

    def test_no_objects_cost_nothing(self, django_assert_num_queries: Callable[..., Any]) -> None:
        with django_assert_num_queries(0):
            assert cdata.fetch("T", []) == {}

    def test_unknown_columns_read_as_none(self) -> None:
        self.save({"subject": "One"})
        assert cdata.fetch("T", [7], ["subject", "nonsense"]) == {7: {"subject": "One", "nonsense": None}}


@pytest.mark.parametrize(
    ("stored", "keys"),
    [
        ("shop", ["shop"]),
        ("shop,Shop", ["shop"]),
        ("shop, web", ["shop", "web"]),
        ("shop,Shop,web,Web site, online", ["shop", "web"]),
        ("12,Twelve", []),
        ("", []),
        (None, []),
    ],
)
def test_keys_are_found_in_both_encodings(stored: str | None, keys: list[str]) -> None:
    assert cdata.chosen_keys(stored, ["shop", "web", "1", "2"]) == keys
    assert [key for key in ("shop", "web") if cdata.has_key(stored, key)] == keys


def test_a_key_is_no_end_of_another_number() -> None:
    assert cdata.has_key("1,Laptop,2,Phone", "2")
    assert not cdata.has_key("12,Laptop", "2")

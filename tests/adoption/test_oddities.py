"""The oddities of osTicket's data (osticket/schema.md) are written as they are read: nothing changes by the way."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import IntegrityError, connection, models, transaction

from helpdesk.files.models import Attachment
from helpdesk.legacy.fields import LegacyDateTimeField, PhpJSONField, decode_php_json, encode_php_json
from helpdesk.legacy.schema_introspection import legacy_models
from helpdesk.people.models import Agent
from helpdesk.threads import own_rows
from helpdesk.threads.models import Thread, ThreadEntry
from tests.adoption.scratch import Scratch
from tickets.models import Queue, SearchEntry, Ticket
from tickets.search.rows import INDEXED_TYPES, reindex

pytestmark = pytest.mark.mysql
Alter = Callable[[str, str], Scratch]
WorkingOn = Callable[..., AbstractContextManager[None]]
ROWS_PER_TABLE = 150


def _without_narrow_blanks(row: tuple[str, str], stored: tuple[str, str]) -> bool:
    """PHP's ICU puts a narrow blank before AM and PM, by its version; and the answer 0 is none for osTicket."""
    return (stored[0], stored[1].replace("\u202f", " ")) == (row[0], row[1].replace("\n0\n", "\n"))


def _with_words_whole(row: tuple[str, str], stored: tuple[str, str]) -> bool:
    """A tag within a line cuts words for osTicket: `Wi<b>fi</b>` is not found by "wifi"; `team</b>,` is `team ,`."""
    return (stored[0], stored[1].replace(" ,", ",")) == row


def _with_every_address(row: tuple[str, str], stored: tuple[str, str]) -> bool:
    """Of a person with the only address twice or once, or with a second one since, osTicket wrote what it knew then."""
    return row[0] == stored[0] and row[1].startswith(stored[1] + "\n") and "@" in row[1][len(stored[1]) :]


OF_OSTICKET_ALONE: dict[str, tuple[Callable[[tuple[str, str], tuple[str, str]], bool], int]] = {
    "T": (_without_narrow_blanks, 46),
    "H": (_with_words_whole, 34),
    "U": (_with_every_address, 2),
}
"""By type: why its row differs from osTicket's, and how many of them do."""


def test_every_row_of_the_search_is_what_osticket_wrote(altered: Alter, working_on: WorkingOn) -> None:
    """Made anew, the rows of all objects are those of the dump, or fall under one named rule for their type."""
    database = altered("DO 0", "DO 0")
    differing: dict[str, int] = {}
    with working_on(database), transaction.atomic():
        stored = {
            (row.object_type, row.object_id): (row.title or "", row.content or "") for row in SearchEntry.objects.all()
        }
        assert len(stored) == 1099
        for object_type in INDEXED_TYPES:
            reindex(object_type, {pk for kind, pk in stored if kind == object_type})
        for row in SearchEntry.objects.all():
            was, now = stored.pop((row.object_type, row.object_id)), (row.title or "", row.content or "")
            if now != was:
                rule, _count = OF_OSTICKET_ALONE[row.object_type]
                assert rule(now, was), f"{row.object_type}{row.object_id}: {now} instead of {was}"
                differing[row.object_type] = differing.get(row.object_type, 0) + 1
        transaction.set_rollback(True)
    assert stored == {}
    assert differing == {object_type: count for object_type, (_rule, count) in OF_OSTICKET_ALONE.items()}


def test_saving_every_kind_of_row_changes_no_byte(altered: Alter, working_on: WorkingOn) -> None:
    """Read and saved again, rows of every table are what osTicket wrote: zero dates, zeros, JSON, enumerations."""
    database = altered("DO 0", "DO 0")
    before = database.checksums()
    saved: dict[str, int] = {}
    with working_on(database), transaction.atomic():
        for model in legacy_models():
            rows = list(model._default_manager.all()[:ROWS_PER_TABLE])
            for row in rows:
                row.save(force_update=True)
            saved[model._meta.db_table] = len(rows)
    after = database.checksums()
    before.pop("ost__search")  # judged below
    after.pop("ost__search")
    assert after == before
    assert sum(saved.values()) > 2000
    assert len([table for table, count in saved.items() if count]) > 55


def json_columns() -> list[tuple[type[models.Model], str]]:
    """Give the columns that hold JSON."""
    return [
        (model, field.name)
        for model in legacy_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, PhpJSONField)
    ]


@pytest.mark.usefixtures("reference")
def test_json_of_the_whole_database_comes_out_byte_for_byte(reference: Scratch) -> None:
    texts = 0
    for model, name in json_columns():
        column = model._meta.get_field(name).column  # type: ignore[union-attr]
        rows = reference.execute(f"SELECT `{column}` FROM `{model._meta.db_table}` WHERE `{column}` <> ''")  # noqa: S608
        for (text,) in rows:
            assert encode_php_json(decode_php_json(text)) == text
        texts += len(rows)
    assert texts > 1500


@pytest.mark.usefixtures("reference")
def test_no_date_of_the_whole_database_is_a_zero_date_in_python(reference: Scratch) -> None:
    zeros = 0
    for model in legacy_models():
        for field in model._meta.local_concrete_fields:
            if isinstance(field, LegacyDateTimeField):
                sql = f"SELECT COUNT(*) FROM `{model._meta.db_table}` WHERE `{field.column}` = '0000-00-00 00:00:00'"  # noqa: S608
                stored = reference.value(sql)
                without = model._default_manager.filter(**{f"{field.name}__isnull": True}).count()
                assert without >= stored
                zeros += stored
    assert zeros > 795


@pytest.fixture
def writable(altered: Alter, working_on: WorkingOn, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Work on the reference database in a transaction that is rolled back. It is not adopted: nobody follows it."""
    monkeypatch.setattr(own_rows, "_followed", [False])
    database = altered("DO 0", "DO 0")
    with working_on(database), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.usefixtures("writable")
class TestWriting:
    """What Ostler writes is what osTicket would have written, byte by byte where PHP reads bytes."""

    def stored(self, sql: str) -> Any:
        """Read through the connection of the transaction, without the models."""
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()

    def test_a_new_entry_has_a_zero_date_until_it_is_edited(self) -> None:
        entry = ThreadEntry.objects.create(thread_id=1, type="N", poster="x", body="y")
        sql = f"SELECT CAST(updated AS CHAR), pid, staff_id, user_id, extra FROM ost_thread_entry WHERE id = {entry.pk}"  # noqa: S608
        assert self.stored(sql) == ("0000-00-00 00:00:00", 0, 0, 0, None)

    def test_nobody_is_zero(self) -> None:
        ticket = Ticket.objects.get(number="451926")
        ticket.staff = ticket.team = None  # type: ignore[assignment]
        ticket.save()
        assert self.stored("SELECT staff_id, team_id, ticket_pid FROM ost_ticket WHERE number = '451926'") == (
            0,
            0,
            None,
        )

    def test_a_merged_thread_is_written_as_php_writes_it(self) -> None:
        thread = Thread.objects.create(object_id=4711, object_type="C", extra={"ticket_id": 5, "number": "a/ü"})
        assert self.stored(f"SELECT extra FROM ost_thread WHERE id = {thread.pk}") == (  # noqa: S608
            '{"ticket_id":5,"number":"a\\/\\u00fc"}',
        )

    def test_a_dangling_reference_stays_as_it_is(self) -> None:
        ticket = Ticket.objects.get(number="451926")
        Ticket.objects.filter(pk=ticket.pk).update(staff_id=4711)
        ticket = Ticket.objects.get(pk=ticket.pk)
        assert ticket.staff is None
        ticket.isoverdue = False
        ticket.save()
        assert self.stored("SELECT staff_id FROM ost_ticket WHERE number = '451926'") == (4711,)

    def test_settings_of_an_agent_and_of_a_queue(self) -> None:
        agent = Agent.objects.get(username="carla")
        agent.extra = {**(agent.extra or {}), "browser_lang": "en_US"}
        agent.save()
        assert self.stored("SELECT extra FROM ost_staff WHERE username = 'carla'") == (
            '{"def_assn_role":true,"browser_lang":"en_US"}',
        )
        queue = Queue.objects.exclude(config=None).order_by("pk")[0]
        before = self.stored(f"SELECT config FROM ost_queue WHERE id = {queue.pk}")  # noqa: S608
        queue.save()
        assert self.stored(f"SELECT config FROM ost_queue WHERE id = {queue.pk}") == before  # noqa: S608

    def test_the_same_file_is_attached_to_an_object_once(self) -> None:
        """The unique keys of the table are the server's (osticket/schema.md §3.2)."""
        given = Attachment.objects.filter(type="H")[0]
        with pytest.raises(IntegrityError), transaction.atomic():
            Attachment.objects.create(object_id=given.object_id, type="D", file_id=given.file_id)

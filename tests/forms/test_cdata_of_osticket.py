"""The cdata tables that osTicket 1.18.1 itself wrote, read, rebuilt and updated by us (osticket/forms.md §8)."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.plugin import DjangoDbBlocker

from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import StoredAnswer, type_of
from helpdesk.forms.models import FormAnswer
from helpdesk.forms.selectors import subjects_of
from tests.adoption.scratch import Scratch

pytestmark = pytest.mark.mysql

Rows = dict[int, dict[str, str | None]]
KINDS = [table.object_type for table in cdata.TABLES.values()]
# Cells of osTicket's incremental updates, which the dump holds, and what a rebuild writes for the same answers.
CHANNELS = {"shop": "shop,Shop", "web": "web,Web site", "other": "other,Other"}
TIERS = {"a": "a,Tier A", "b": "b,Tier B"}


@pytest.fixture(scope="module")
def osticket() -> Iterator[Scratch]:
    scratch = Scratch("cdata").create().load()
    yield scratch
    scratch.drop()


@pytest.fixture
def own() -> Iterator[Scratch]:
    """Load the dump for a test that changes it."""
    scratch = Scratch("cdata_own").create().load()
    yield scratch
    scratch.drop()


@pytest.fixture
def database(osticket: Scratch, django_db_blocker: DjangoDbBlocker) -> Iterator[Scratch]:
    """Let the models work on the database that osTicket filled."""
    with django_db_blocker.unblock(), osticket.as_default():
        yield osticket


def read(scratch: Scratch, object_type: EntryObject) -> Rows:
    """Read a table past the code under test."""
    table = cdata.TABLES[object_type].prefixed_name
    names = [name for (name, *_rest) in scratch.execute(f"SHOW COLUMNS FROM `{table}`")]
    rows = scratch.execute(f"SELECT * FROM `{table}`")  # noqa: S608
    return {row[0]: dict(zip(names[1:], row[1:], strict=True)) for row in rows}


@pytest.mark.parametrize("object_type", KINDS)
def test_rows_read_as_osticket_wrote_them(database: Scratch, object_type: EntryObject) -> None:
    written = read(database, object_type)
    assert cdata.fetch(object_type, written) == written
    assert len(written) > 2


@pytest.mark.parametrize("object_type", KINDS)
def test_our_updates_write_what_osticket_s_wrote(database: Scratch, object_type: EntryObject) -> None:
    """Every answer of the dump, shortened by us, is the cell that osTicket made of it."""
    written = read(database, object_type)
    fields = {field.pk: field for field in cdata.cdata_fields(object_type)}
    names = cdata.column_names(fields.values(), cdata.TABLES[object_type].key)
    answers = FormAnswer.objects.filter(entry__object_type=object_type, field__in=fields).select_related("entry")
    compared = 0
    for answer in answers:
        row = written.get(answer.entry.object_id or 0)
        if row is None or row[names[answer.field_id]] is None:
            continue  # the field was added later, and the answer never saved again
        field = fields[answer.field_id]
        stored = StoredAnswer(answer.value, answer.value_id)
        short = type_of(field).cdata_value(field, type_of(field).from_database(field, stored))
        assert short == row[names[field.pk]], (answer.entry.object_id, field.name)
        compared += 1
    assert compared > 2


def test_the_command_rebuilds_the_tables_like_osticket(own: Scratch, tmp_path: Path) -> None:
    before = {object_type: read(own, object_type) for object_type in KINDS}
    definitions = {name: text for name, text in own.definitions().items() if name.endswith("__cdata")}
    others = {name: sum_ for name, sum_ in own.checksums().items() if not name.endswith("__cdata")}

    done = own.manage("rebuild_cdata", data_directory=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("built.") == 4
    assert {name: text for name, text in own.definitions().items() if name.endswith("__cdata")} == definitions
    assert {name: sum_ for name, sum_ in own.checksums().items() if not name.endswith("__cdata")} == others
    for object_type in KINDS:
        rebuilt = {key: _plain(row) for key, row in read(own, object_type).items()}
        assert rebuilt == {key: _plain(row) for key, row in before[object_type].items()}
    assert read(own, EntryObject.TICKET) != before[EntryObject.TICKET]


def _plain(row: dict[str, str | None]) -> dict[str, str | None]:
    """Level the two encodings: NULL and '' (of a check box also 0) are nothing, choices are their keys."""
    keys = {long: short for short, long in (CHANNELS | TIERS).items()}
    plain = {name: keys.get(value or "", value) or None for name, value in row.items()}
    return {name: None if (name, value) == ("billable", "0") else value for name, value in plain.items()}


def test_a_table_that_php_dropped_is_built_in_its_character_set(
    own: Scratch, django_db_blocker: DjangoDbBlocker
) -> None:
    written = read(own, EntryObject.TICKET)
    own.execute("DROP TABLE ost_ticket__cdata")
    with django_db_blocker.unblock(), own.as_default():
        subjects = subjects_of(list(written))
    assert subjects == {key: row["subject"] for key, row in written.items()}
    assert re.search(r"CHARSET=utf8(mb3)?\b", own.definitions()["ost_ticket__cdata"])


def test_keys_are_found_whichever_encoding_a_row_is_in(database: Scratch) -> None:
    rows = cdata.fetch("T", read(database, EntryObject.TICKET), ["channel"])
    by_answer = {
        answer.entry.object_id: answer.value
        for answer in FormAnswer.objects.filter(field__name="channel", entry__object_type="T").select_related("entry")
    }
    for ticket_id, row in rows.items():
        match = re.match(r'\{"(\w+)"', by_answer.get(ticket_id) or "")
        assert cdata.chosen_keys(row["channel"], CHANNELS) == ([match[1]] if match else [])

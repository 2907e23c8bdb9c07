"""Into a help desk with people and tickets of its own: nothing hangs on a stranger, and what is left out is named."""

import json
import signal
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django.plugin import DjangoDbBlocker

from helpdesk.legacy.copying.shapes import legacy_shapes, models_by_table
from helpdesk.legacy.importing.left_out import STANDS_FOR
from helpdesk.legacy.importing.references import CONTENT, all_references, digest_of_answer
from tests.importing.conftest import Import, MakeTarget
from tests.importing.databases import Database, MariaDatabase, as_default, manage
from tests.importing.test_interruption import copied, end, start, wait_for_rows

pytestmark = pytest.mark.servers

# Whom and what the target has: ids that osTicket has given to others, and one (9000) that it has not.
OWN: Mapping[str, tuple[dict[str, Any], ...]] = {
    "organization": ({"id": 2, "name": "Another Company"},),
    "staff": ({"staff_id": 4, "username": "another", "firstname": "Another", "lastname": "Agent"},),
    "team": ({"team_id": 2, "name": "Another Team"},),
    "user": (
        {"id": 5, "name": "Another Person", "default_email_id": 5},
        {"id": 9000, "name": "Somebody Else", "default_email_id": 20},
    ),
    "user_email": (
        {"id": 5, "user_id": 5, "address": "another@target.example"},
        {"id": 20, "user_id": 9000, "address": "somebody@target.example"},  # osTicket's user 20 or so has this one
    ),
    "ticket": (
        {"ticket_id": 10, "number": "T10", "user_id": 9000},
        {"ticket_id": 54, "number": "T54", "user_id": 5},
    ),
    "thread": ({"id": 12, "object_id": 10, "object_type": "T"},),
    "thread_entry": (
        {"id": 30, "thread_id": 12, "user_id": 9000, "poster": "Somebody Else", "body": "ours", "type": "M"},
    ),
    "form_entry": ({"id": 60, "form_id": 2, "object_id": 10, "object_type": "T"},),
    "task": ({"id": 3, "number": "A3"},),
    "help_topic": ({"topic_id": 12, "topic": "Ours"},),  # osTicket's one names team 2 as well
    "file": ({"id": 9, "name": "ours.txt", "key": "ours", "signature": "ours"},),
    "faq": ({"faq_id": 2, "question": "Ours?", "category_id": 1},),
}


def fill(target: Database, django_db_blocker: DjangoDbBlocker) -> None:
    """Set the target up and write its own rows."""
    with django_db_blocker.unblock(), as_default(target.url):
        call_command("setup", stdout=StringIO())
        for table, rows in OWN.items():
            model = models_by_table()[f"ost_{table}"]
            attributes = {str(field.column): field.attname for field in model._meta.local_fields}
            for row in rows:
                model(**{attributes[column]: value for column, value in row.items()}).save(force_insert=True)


def keys_in(target: Database, table: str) -> set[tuple[Any, ...]]:
    """Give the keys of a table as texts, which are the same from every driver."""
    quote = "`" if isinstance(target, MariaDatabase) else '"'
    names = ", ".join(f"{quote}{name}{quote}" for name in legacy_shapes()[table].key)
    return {tuple(map(str, row)) for row in target.execute(f"SELECT {names} FROM ost_{table}")}  # noqa: S608


TABLES = sorted(set(legacy_shapes()) - {"session"})
Keys = Mapping[str, set[tuple[Any, ...]]]


def all_keys(target: Database) -> Keys:
    """Give the keys of all tables."""
    return {table: keys_in(target, table) for table in TABLES}


def strangers(source: MariaDatabase, own: Keys, present: Keys) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Give the imported rows, as osTicket has them, that name a row of people or content of the target's own."""
    for table in TABLES:
        shape = legacy_shapes()[table]
        for reference in all_references()[table]:
            if reference.target not in CONTENT:
                continue
            columns = ", ".join(f"`{name}`" for name in (*shape.key, reference.column, reference.type_column) if name)
            end_of_key = len(shape.key)
            for row in source.execute(f"SELECT {columns} FROM ost_{table}"):  # noqa: S608
                key, kind = tuple(map(str, row[:end_of_key])), row[-1] if reference.type_column else None
                if key in own[table] or key not in present[table] or not reference.applies(kind):
                    continue
                if (str(reference.number(row[end_of_key])),) in named_own(own, reference.target):
                    yield table, key, reference.column


def named_own(own: Keys, target: str) -> set[tuple[str, ...]]:
    """Give the ids of the target's rows that stand for nobody of osTicket's."""
    if target == "form_entry_values":
        return {(str(digest_of_answer(int(entry), int(field))),) for entry, field in own[target]}
    return own[target] - ({("1",)} if target == "team" else set())  # both set-ups make this one, of the same name


def named(report: Path) -> dict[tuple[str, str], str]:
    """Give table and row of those that the report says were left out, with the reason."""
    lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    left_out = [line for line in lines if line["what"] == "left out"]
    found = {(line["table"], line["row"]): line["why"] for line in left_out}
    assert len(found) == len(left_out)  # each is named once
    return found


def check(source: MariaDatabase, target: Database, own: Keys, reasons: Mapping[tuple[str, str], str]) -> None:
    """Compare what is in with what was said."""
    present = all_keys(target)
    assert list(strangers(source, own, present)) == []
    for table in TABLES:
        missing = keys_in(source, table) - (present[table] - own[table])
        assert {row for name, row in reasons if name == table} == {", ".join(key) for key in missing}
        assert own[table] <= present[table]
    assert len(present["ticket"] - own["ticket"]) > len(source.execute("SELECT * FROM ost_ticket")) / 3


@pytest.mark.parametrize("engine", ["sqlite", "postgresql", "mariadb"])
def test_nothing_that_comes_in_hangs_on_a_stranger(
    engine: str,
    osticket: MariaDatabase,
    make_target: MakeTarget,
    run_import: Import,
    tmp_path: Path,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    target = make_target(engine)
    fill(target, django_db_blocker)
    own = all_keys(target)
    status, said, error = run_import(target, osticket, "--into-non-empty", "--batch-size", "100")
    assert status == 2, error
    assert "every table read back has the sum of what was read" in said
    reasons = named(tmp_path / "report")
    check(osticket, target, own, reasons)
    follow = sum(why.endswith((" is another row here", " was left out")) for why in reasons.values())
    assert f"and {follow:,} because they refer to people or content that was left out" in " ".join(said.split())
    assert reasons["user", "5"] == "the target has a row with this id already"
    assert reasons["ticket_status", "1"].endswith("; rows that name it now mean that row")
    assert reasons["help_topic", "12"] == "the target has a row with this topic_id already" + STANDS_FOR
    (ticket,) = osticket.execute("SELECT MIN(ticket_id) FROM ost_ticket WHERE user_id = 5")[0]
    assert reasons["ticket", str(ticket)] == "user_id 5 is another row here"
    (thread,) = osticket.execute(f"SELECT id FROM ost_thread WHERE object_type = 'T' AND object_id = {ticket}")[0]  # noqa: S608
    assert reasons["thread", str(thread)] == f"object_id {ticket} was left out"
    assert reasons["draft", "1"] == "namespace ticket.response.54 is another row here"
    (address,) = osticket.execute("SELECT id FROM ost_user WHERE default_email_id = 20")[0]
    assert reasons["user", str(address)] == "default_email_id 20 is another row here"


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_killed_twice_it_leaves_out_the_same_rows(
    engine: str,
    osticket: MariaDatabase,
    make_target: MakeTarget,
    run_import: Import,
    tmp_path: Path,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    whole, target = make_target(engine), make_target(engine)
    for database in (whole, target):
        fill(database, django_db_blocker)
    own = all_keys(target)
    assert run_import(whole, osticket, "--into-non-empty")[0] == 2
    expected = named(tmp_path / "report")
    for rows in (400, 1800):
        process = start(target, osticket, tmp_path, "--into-non-empty")
        wait_for_rows(process, target, rows)
        end(process, signal.SIGKILL)
        assert copied(target) >= rows
    done = manage(
        target.url, "import_osticket", osticket.url, "--report", tmp_path / "resumed", data_directory=tmp_path
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert named(tmp_path / "resumed") == expected
    check(osticket, target, own, expected)

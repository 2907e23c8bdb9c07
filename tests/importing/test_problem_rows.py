"""Rows that no longer fit are named, table and row, and the rest goes on."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django.plugin import DjangoDbBlocker

from helpdesk.portal.copying import GO_ON
from helpdesk.portal.management.commands.import_osticket import SHOWN_PROBLEMS, where_all_are
from helpdesk.threads.models import ThreadEntry
from tests.importing.conftest import NAME, Import, MakeTarget
from tests.importing.databases import ENGINES, MariaDatabase, as_default
from tickets.models import Ticket

pytestmark = pytest.mark.servers

# What years of hand-made changes and forgiving servers leave behind.
DAMAGE = """
    SET SESSION sql_mode = 'ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO';
    ALTER TABLE ost_user_email DROP INDEX address;
    INSERT INTO ost_user_email SELECT 9001, user_id, flags, UPPER(address) FROM ost_user_email WHERE id = 2;
    INSERT INTO ost_user_email SELECT 9002, user_id, flags, CONCAT('ü', address) FROM ost_user_email WHERE id = 2;
    INSERT INTO ost_user_email SELECT 9003, user_id, flags, CONCAT('u', address) FROM ost_user_email WHERE id = 2;
    UPDATE ost_thread_event SET data = '{"status":' WHERE id = 5;
    UPDATE ost_ticket SET created = '2026-02-31 10:00:00', isoverdue = 5, source = 'Fax' WHERE ticket_id = 3;
    UPDATE ost_thread_entry SET body = CONCAT('before', CHAR(0), 'after') WHERE id = 4;
    UPDATE ost_sequence SET next = 18446744073709551615 WHERE id = 2;
    ALTER TABLE ost_list MODIFY name varchar(400) NOT NULL;
    UPDATE ost_list SET name = REPEAT('long ', 70) WHERE id = 2;
    UPDATE ost_schedule_entry SET ends_at = '30:00:00' WHERE id = 2;
    ALTER TABLE ost_role MODIFY flags int unsigned NULL;
    UPDATE ost_role SET flags = NULL WHERE id = 5;
    UPDATE ost_role SET permissions = REPEAT('[', 5000) WHERE id = 4;
    ALTER TABLE ost_thread_entry MODIFY title varchar(255) CHARACTER SET utf8mb4;
    UPDATE ost_thread_entry SET title = 'Feuer 🔥 im 👩‍🚒' WHERE id = 6;
    UPDATE ost_ticket SET staff_id = 4711, dept_id = 4712 WHERE ticket_id = 7;
    CREATE TABLE ost_plugin_notes (id int);
    ALTER TABLE ost_ticket ADD COLUMN mood varchar(10);
"""

# table, row, column, what became of it: the same on every engine
EVERYWHERE = {
    ("user_email", "9001", "", "left out"),
    ("user_email", "9003", "", "left out"),  # without its accent it is the address before it
    ("thread_event", "5", "data", "noted"),
    ("ticket", "3", "created", "changed"),
    ("ticket", "3", "isoverdue", "changed"),
    ("ticket", "3", "source", "changed"),
    ("schedule_entry", "2", "ends_at", "changed"),
    ("role", "5", "flags", "changed"),
    ("role", "4", "permissions", "noted"),  # deeper than any reader of JSON goes
    ("ticket", "7", "staff_id", "noted"),
    ("ticket", "7", "dept_id", "noted"),
    ("thread_event", "1168", "thread_id", "noted"),  # of a ticket that was deleted in osTicket itself
}
# Whose list is left out where its name is too long.
ORPHANED = {("list_items", str(number), "list_id", "noted") for number in (1, 2, 3, 4)}
# ... and where one engine is stricter than another
ONLY_ON = {
    "sqlite": {("sequence", "2", "", "left out")},
    "postgresql": {
        ("sequence", "2", "", "left out"),
        ("list", "2", "", "left out"),
        ("thread_entry", "4", "body", "changed"),
        *ORPHANED,
    },
    "mariadb": {("list", "2", "", "left out"), *ORPHANED},
}


@pytest.fixture(scope="session")
def damaged_osticket() -> Iterator[MariaDatabase]:
    """Give the reference database after years of being worked on by hand; the tests only read it."""
    database = MariaDatabase(f"{NAME}_damaged", "CHARACTER SET utf8mb3").load()
    database.execute(DAMAGE)
    yield database
    database.drop()


def report(tmp_path: Path) -> list[dict[str, str]]:
    """Read the report."""
    return [json.loads(line) for line in (tmp_path / "report").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_that_do_not_fit_are_named_and_the_rest_goes_on(
    engine: str,
    damaged_osticket: MariaDatabase,
    make_target: MakeTarget,
    run_import: Import,
    tmp_path: Path,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    target = make_target(engine)
    status, said, error = run_import(target, damaged_osticket)
    problems = report(tmp_path)
    found = {(p["table"], p["row"], p["column"], p["what"]) for p in problems}
    assert found == EVERYWHERE | ONLY_ON[engine]
    assert len(problems) == len(found)
    assert status == 2
    left_out = sum(what == "left out" for *_, what in found)
    assert f"Rows left out: {left_out}. They are named in the report." in error
    assert "ost_plugin_notes (not osTicket's own: a plugin's?)" in said
    assert "ost_ticket.mood (a column that is not osTicket's own)" in said
    assert f"{8295 + 3 - left_out:,} rows are in; every table read back has the sum of what was read." in said
    with django_db_blocker.unblock(), as_default(target.url):
        check_what_is_in()


def check_what_is_in() -> None:
    """Look at the rows with problems through the models."""
    changed = Ticket.objects.get(pk=3)
    assert [changed.created, changed.isoverdue, changed.source] == [None, True, "Other"]
    dangling = Ticket.objects.get(pk=7)
    assert [dangling.staff_id, dangling.dept_id, dangling.staff, dangling.dept] == [4711, 4712, None, None]
    assert ThreadEntry.objects.get(pk=6).title == "Feuer 🔥 im 👩‍🚒"
    assert ThreadEntry.objects.get(pk=4).body.replace("\0", "") == "beforeafter"


REASONS = {
    ("user_email", "9001"): "duplicate of row 2: same address (case and accents do not count)",
    ("ticket", "3"): "'' is none of Web, Email, Phone, API, Other; became Other",
    ("schedule_entry", "2"): "'30:00:00' is no time; left empty",
    ("ticket", "7"): "4711 is no row of ost_staff; kept, and read as none",
}


def test_the_reasons_say_which_row_and_why(
    damaged_osticket: MariaDatabase, make_target: MakeTarget, run_import: Import, tmp_path: Path
) -> None:
    run_import(make_target("sqlite"), damaged_osticket)
    reasons = {(p["table"], p["row"], p["why"]) for p in report(tmp_path)}
    assert {(table, row, reason) for (table, row), reason in REASONS.items()} <= reasons
    assert (tmp_path / "report").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("engine", ENGINES)
def test_of_many_references_that_lead_nowhere_all_are_named(
    engine: str, own_osticket: MariaDatabase, make_target: MakeTarget, run_import: Import, tmp_path: Path
) -> None:
    own_osticket.execute("UPDATE ost_ticket SET topic_id = 4713 WHERE ticket_id <= 130")  # 128 tickets
    own_osticket.execute("UPDATE ost_thread_event SET topic_id = 4714")
    own_osticket.execute("UPDATE ost_queue_sorts SET sort_id = sort_id + 4000")  # a key of two columns
    status, said, error = run_import(make_target(engine), own_osticket, "--batch-size", "500")
    assert (status, error) == (0, "")
    problems = report(tmp_path)
    for table, key, column in [
        ("ticket", "ticket_id", "ticket_id <= 130"),
        ("thread_event", "id", "1 = 1"),
        ("queue_sorts", "CONCAT(queue_id, ', ', sort_id)", "1 = 1"),
    ]:
        rows = own_osticket.execute(f"SELECT {key} FROM ost_{table} WHERE {column} ORDER BY 1")  # noqa: S608
        named = [p["row"] for p in problems if p["table"] == table and p["column"] in ("topic_id", "sort_id")]
        assert sorted(named) == sorted(str(row[0]) for row in rows)
    assert f"All {len(problems):,} problems, one per line" in " ".join(said.split())
    assert len([line for line in said.splitlines() if line.startswith("noted: ")]) <= SHOWN_PROBLEMS


def test_rows_are_kept_and_free_ids_filled_in_a_target_that_is_not_empty(
    osticket: MariaDatabase,
    make_target: MakeTarget,
    run_import: Import,
    tmp_path: Path,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    target = make_target("sqlite")
    with django_db_blocker.unblock(), as_default(target.url):
        call_command("setup", stdout=StringIO())
        before = target.execute("SELECT name FROM ost_role ORDER BY id")
    status, said, error = run_import(target, osticket)
    assert (status, report_exists(tmp_path)) == (1, False)
    assert "The target is not empty" in error
    status, said, error = run_import(target, osticket, "--into-non-empty")
    assert status == 2, error
    assert "every table read back has the sum of what was read" in said
    reasons = {(p["table"], p["row"]): p["why"] for p in report(tmp_path)}
    assert reasons["role", "1"] == "the target has a row with this id already; rows that name it now mean that row"
    assert target.execute("SELECT name FROM ost_role ORDER BY id")[: len(before)] == before
    assert target.execute("SELECT COUNT(*) FROM ost_ticket") == [(305,)]


def report_exists(tmp_path: Path) -> bool:
    """Tell whether a report was written."""
    return (tmp_path / "report").exists()


def test_times_are_converted_from_the_zone_that_people_name(
    osticket: MariaDatabase,
    make_target: MakeTarget,
    run_import: Import,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    """A datetime is wall time of the server; a timestamp is a moment and does not move."""
    target = make_target("sqlite")
    status, said, error = run_import(target, osticket, "--source-time-zone", "Europe/Riga")
    assert status == 0, error
    assert (
        "Times of osTicket were read as Europe/Riga (as you said; the server's own clock is in another zone)." in said
    )
    created = target.execute("SELECT created FROM ost_ticket WHERE number = '323226'")
    assert created == [("2026-09-02 23:29:43",)]
    moments = osticket.execute("SET time_zone = '+00:00'; SELECT CAST(updated AS CHAR) FROM ost_config ORDER BY id")
    assert target.execute("SELECT updated FROM ost_config ORDER BY id") == moments
    zones = "SELECT origin, osticket_version, database_time_zone FROM hd_installation"
    assert target.execute(zones) == [("imported", "1.18", "UTC")]


def test_a_full_disk_is_named_and_the_import_goes_on_when_there_is_room(
    osticket: MariaDatabase,
    make_target: MakeTarget,
    run_import: Import,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    django_db_blocker: DjangoDbBlocker,
) -> None:
    target = make_target("sqlite")
    (pages,) = target.execute("PRAGMA page_count")[0]
    with monkeypatch.context() as patch:
        patch.setattr("tests.importing.databases.SQLITE_COMMAND", f"PRAGMA max_page_count = {pages + 200}")
        status, _, error = run_import(target, osticket)
    assert status == 1
    assert error == f"The disk is full. Make room first. {GO_ON}"
    (half,) = target.execute("SELECT SUM(rows_copied) FROM hd_import_table")[0]
    assert 0 < half < 8295
    status, _, error = run_import(target, osticket)
    assert (status, error) == (0, "")
    assert target.execute("SELECT SUM(rows_copied) FROM hd_import_table") == [(8295,)]


def test_one_problem_is_told_as_one() -> None:
    assert where_all_are(1, Path("a.jsonl")) == "The problem in full: a.jsonl"
    assert where_all_are(1200, Path("a.jsonl")) == "All 1,200 problems, one per line: a.jsonl"

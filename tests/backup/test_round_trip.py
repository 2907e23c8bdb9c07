"""A backup restores into every engine, row by row the same, wherever it comes from."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.backup.conftest import Run
from tests.importing.conftest import MakeTarget
from tests.importing.databases import Database, MariaDatabase, manage
from tests.importing.test_interruption import contents

pytestmark = pytest.mark.servers

OWN = "SELECT id, kind, legacy_id, username, email FROM hd_account ORDER BY id"
ORIGIN = "SELECT origin, osticket_version, table_prefix, database_time_zone FROM hd_installation"
MIGRATIONS = "SELECT app, name FROM django_migrations ORDER BY app, name"


def rows_of(target: Database) -> list[Any]:
    """Give what a help desk holds, without the sums that only an import notes."""
    own = [tuple(row) for statement in (OWN, ORIGIN, MIGRATIONS) for row in target.execute(statement)]
    return [own, *contents(target)[1:]]


def sums_of(path: Path) -> dict[str, tuple[int, str]]:
    """Give rows and sum of every table in a backup."""
    with zipfile.ZipFile(path) as archive:
        tables = json.loads(archive.read("manifest.json"))["tables"]
    return {table["name"]: (table["rows"], table["sum"]) for table in tables}


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("sqlite", "sqlite"),
        ("sqlite", "postgresql"),
        ("postgresql", "postgresql"),
        ("postgresql", "mariadb"),
        ("mariadb", "sqlite"),
    ],
)
def test_backup_restore_backup_gives_the_same(
    source: str,
    target: str,
    help_desk: Callable[[str], Database],
    make_target: MakeTarget,
    run: Run,
    tmp_path: Path,
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    status, said, error = run(help_desk(source), "backup", first)
    assert (status, error) == (0, "")
    assert f" tables are in {first} (" in said
    restored = make_target(target)
    status, said, error = run(restored, "restore", first)
    assert (status, error) == (0, "")
    assert "Restored, and equal to the backup: " in said
    assert run(restored, "backup", second)[0] == 0
    assert sums_of(first) == sums_of(second)
    assert rows_of(restored) == rows_of(help_desk(target))
    assert restored.execute("SELECT COUNT(*) FROM hd_health_note WHERE name = 'backup'") == [(1,)]
    assert first.stat().st_mode & 0o777 == 0o600


def test_attachments_in_a_directory_are_named(backup: Path, make_target: MakeTarget, run: Run, tmp_path: Path) -> None:
    """They are not in the backup, and nobody must find that out when restoring it."""
    target = make_target("sqlite")
    assert run(target, "restore", backup)[0] == 0
    assert "Attachments in" not in run(target, "backup", tmp_path / "all")[1]
    target.execute("UPDATE ost_file SET bk = 'F' WHERE id = (SELECT MIN(id) FROM ost_file)")
    assert "Attachments in" in run(target, "backup", tmp_path / "without")[1]


def test_ids_go_on_where_they_were(backup: Path, make_target: MakeTarget, run: Run) -> None:
    """Also on PostgreSQL, whose sequences know nothing of restored rows."""
    target = make_target("postgresql")
    assert run(target, "restore", backup)[0] == 0
    highest = target.execute("SELECT MAX(ticket_id) FROM ost_ticket")[0][0]
    assert target.execute("SELECT nextval(pg_get_serial_sequence('ost_ticket', 'ticket_id'))") == [(highest + 1,)]


def test_an_adopted_database_keeps_its_times(
    own_osticket: MariaDatabase, make_target: MakeTarget, run: Run, tmp_path: Path
) -> None:
    """Wall time of Riga on MariaDB, moments elsewhere: back on MariaDB the digits are as they were."""
    adopted = manage(own_osticket.url, "adopt", data_directory=tmp_path / "data", DB_TIME_ZONE="Europe/Riga")
    assert adopted.returncode == 0, adopted.stdout + adopted.stderr
    own_osticket.execute("UPDATE ost_ticket SET closed = '0000-00-00 00:00:00' WHERE number = '323226'")
    before = own_osticket.execute("SELECT ticket_id, created, duedate, closed FROM ost_ticket ORDER BY ticket_id")
    path = tmp_path / "adopted"
    assert run(own_osticket, "backup", path)[0] == 0
    on_postgres, on_mariadb = make_target("postgresql"), make_target("mariadb")
    for target in (on_postgres, on_mariadb):
        status, _, error = run(target, "restore", path)
        assert (status, error) == (0, "")
    created = "SELECT to_char(created AT TIME ZONE 'UTC', 'HH24:MI:SS') FROM ost_ticket WHERE number = '323226'"
    assert on_postgres.execute(created) == [("23:29:43",)]
    after = on_mariadb.execute("SELECT ticket_id, created, duedate, closed FROM ost_ticket ORDER BY ticket_id")
    zero = [row if row[3] != "0000-00-00 00:00:00" else (*row[:3], None) for row in before]
    assert after == zero
    assert on_mariadb.execute(ORIGIN) == [("adopted", "1.18", "ost_", "Europe/Riga")]


def test_a_help_desk_moves_to_another_prefix(backup: Path, make_target: MakeTarget, tmp_path: Path) -> None:
    target = make_target("sqlite", empty=True)
    done = manage(target.url, "restore", backup, data_directory=tmp_path / "data", TABLE_PREFIX="desk_")
    assert done.returncode == 0, done.stderr
    assert target.execute("SELECT COUNT(*) FROM desk_ticket") == [(305,)]
    assert target.execute("SELECT COUNT(*) FROM desk_ticket__cdata") == [(305,)]
    assert target.execute(ORIGIN) == [("imported", "1.18", "desk_", "UTC")]


def test_tables_of_others_are_named(
    help_desk: Callable[[str], Database], make_target: MakeTarget, run: Run, tmp_path: Path
) -> None:
    target = make_target("sqlite")
    target.execute("CREATE TABLE ost_plugin_notes (id integer)")
    status, said, _ = run(target, "backup", tmp_path / "backup")
    assert status == 0
    assert "Not in it, because they are neither osTicket's nor Ostler's: ost_plugin_notes." in said

"""What cannot be imported is refused with the way out, before anything is changed."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from helpdesk.databases import database_from_url
from helpdesk.legacy.importing.source import Source, extra_columns, is_stranger
from helpdesk.legacy.schema_check import FoundColumn, FoundTable
from tests.importing.conftest import Import, MakeTarget
from tests.importing.databases import MariaDatabase, SqliteFile, manage

pytestmark = pytest.mark.servers

NOTHING = "SELECT (SELECT COUNT(*) FROM hd_import_run) + (SELECT COUNT(*) FROM ost_config)"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prefix", "help_"], "has no osTicket tables with the prefix “help_”; there are some with: --prefix ost_."),
        (["--source-time-zone", "Europe/Atlantis"], "'Europe/Atlantis' is no time zone."),
        (["--batch-size", "0"], "--batch-size must be at least 1."),
    ],
)
def test_a_wrong_option(
    arguments: list[str], message: str, osticket: MariaDatabase, make_target: MakeTarget, run_import: Import
) -> None:
    target = make_target("sqlite")
    status, _, error = run_import(target, osticket, *arguments)
    assert status == 1
    assert message in error
    assert target.execute(NOTHING) == [(0,)]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgres://postgres@127.0.0.1/osticket", "osTicket's databases are MySQL or MariaDB: use mysql://…"),
        ("http://127.0.0.1/osticket", "The address of osTicket's database begins with 'http'"),
        ("mysql://root@127.0.0.1/", "The address of osTicket's database names no database"),
        ("mysql://root@127.0.0.1:1/osticket", "No connection to osTicket's database: "),
    ],
)
def test_a_wrong_address(url: str, message: str, make_target: MakeTarget, run_import: Import) -> None:
    status, _, error = run_import(make_target("sqlite"), url)
    assert status == 1
    assert message in error


# What is done to the reference database, and what is said about it.
UNFIT: dict[str, tuple[str, str]] = {
    "older": (
        "UPDATE ost_config SET value = 'c37e165651dc289240fee7d244990ac1' WHERE `key` = 'schema_signature'",
        "This database is of osTicket 1.16; those of 1.17 and 1.18 can be imported. Upgrade osTicket itself first.",
    ),
    "unknown": (
        "UPDATE ost_config SET value = 'abc' WHERE `key` = 'schema_signature'",
        "This database is of an unknown osTicket (signature abc)",
    ),
    "a table is missing": ("DROP TABLE ost_thread_entry", "is incomplete: table ost_thread_entry. Was the dump"),
    "a column is missing": (
        "ALTER TABLE ost_ticket DROP COLUMN isoverdue",
        "is incomplete: column ost_ticket.isoverdue.",
    ),
    "a key is missing": (
        "ALTER TABLE ost_team_member DROP PRIMARY KEY",
        "is incomplete: primary key of ost_team_member (team_id, staff_id).",
    ),
}


def test_a_source_that_cannot_be_read(own_osticket: MariaDatabase, make_target: MakeTarget, run_import: Import) -> None:
    """One damage upon the other: each is found before the one before it."""
    target = make_target("sqlite")
    for statement, message in reversed(UNFIT.values()):
        own_osticket.execute(statement)
        status, _, error = run_import(target, own_osticket)
        assert status == 1
        assert message in error
        if "incomplete" in message:
            own_osticket.load()
    assert target.execute(NOTHING) == [(0,)]


def test_no_osticket_at_all(make_target: MakeTarget, run_import: Import) -> None:
    empty = make_target("mariadb", empty=True)
    assert isinstance(empty, MariaDatabase)
    status, _, error = run_import(make_target("sqlite"), empty)
    assert (status, error) == (1, f"“{empty.name}” holds no tables of osTicket.")


def test_the_database_itself_is_not_imported_into_itself(osticket: MariaDatabase, run_import: Import) -> None:
    before = osticket.execute("SHOW TABLES")
    status, _, error = run_import(osticket, osticket)
    assert status == 1
    assert "Source and target are the same database. To use it in place: manage.py adopt." in error
    assert osticket.execute("SHOW TABLES") == before


def test_a_target_of_another_program_is_left_alone(osticket: MariaDatabase, run_import: Import, tmp_path: Path) -> None:
    target = SqliteFile(tmp_path / "shop.sqlite3")
    target.execute("CREATE TABLE orders (id integer)")
    status, _, error = run_import(target, osticket)
    assert status == 1
    assert "The target holds 1 tables of something else (orders …). Give an empty database." in error
    assert target.execute("SELECT name FROM sqlite_master") == [("orders",)]


def test_a_second_import_is_refused(
    osticket: MariaDatabase, make_target: MakeTarget, run_import: Import, tmp_path: Path
) -> None:
    target = make_target("sqlite")
    assert run_import(target, osticket)[0] == 0
    status, _, error = run_import(target, osticket)
    assert status == 1
    assert "This source was imported already; it was finished " in error
    target.execute("DELETE FROM hd_import_run")
    status, _, error = run_import(target, osticket)
    assert status == 1
    assert "The target is not empty" in error
    assert target.execute("SELECT COUNT(*) FROM hd_import_run") == [(0,)]


def test_an_interrupted_import_is_gone_on_with_from_the_same_source_and_zone_only(
    osticket: MariaDatabase, make_target: MakeTarget, run_import: Import, tmp_path: Path
) -> None:
    target = make_target("sqlite")
    run = "INSERT INTO hd_import_run VALUES (1, 'osticket', %s, 'UTC', 0, '2026-11-21 08:30:00', NULL)"
    target.execute(run, ["mysql://elsewhere:3306/osticket ost_"])
    status, _, error = run_import(target, osticket)
    assert status == 1
    assert "half of another copy: mysql://elsewhere:3306/osticket ost_, begun 2026-11-21 08:30." in error
    source = Source(database_from_url(osticket.url), "ost_")
    target.execute("UPDATE hd_import_run SET source = %s", [source.identity])
    status, _, error = run_import(target, osticket, "--source-time-zone", "Asia/Tokyo")
    assert status == 1
    assert "began with the source in the time zone UTC, now it is Asia/Tokyo." in error


def test_the_address_may_come_from_a_file_and_its_password_is_not_shown(
    osticket: MariaDatabase, make_target: MakeTarget, tmp_path: Path
) -> None:
    parts = urlsplit(osticket.url)
    address = tmp_path / "address"
    address.write_text(f"mysql://nobody:hidden-word@{parts.hostname}:{parts.port}{parts.path}", encoding="utf-8")
    target = make_target("sqlite")
    refused = manage(target.url, "import_osticket", data_directory=tmp_path / "data", IMPORT_URL_FILE=str(address))
    assert refused.returncode == 1
    assert "No connection to osTicket's database: Access denied for user 'nobody'" in refused.stderr
    assert "hidden-word" not in refused.stdout + refused.stderr
    refused = manage(target.url, "import_osticket", data_directory=tmp_path / "data")
    assert "Where is osTicket's database? mysql://user:password@host/database" in refused.stderr


def test_the_configuration_file_of_osticket_says_where_and_which_prefix(
    osticket: MariaDatabase, make_target: MakeTarget, run_import: Import, tmp_path: Path
) -> None:
    where = database_from_url(osticket.url)
    configuration = tmp_path / "ost-config.php"
    configuration.write_text(
        f"<?php define('DBHOST','{where['HOST']}:{where['PORT']}'); define('DBNAME','{where['NAME']}');"
        f"define('DBUSER','{where['USER']}'); define('DBPASS','{where['PASSWORD']}');"
        "define('TABLE_PREFIX','help_'); define('SECRET_SALT','x'); define('ADMIN_EMAIL','a@b.example');",
        encoding="utf-8",
    )
    status, _, error = run_import(make_target("sqlite"), "", "--osticket-config", str(configuration))
    assert status == 1
    assert "has no osTicket tables with the prefix “help_”" in error
    status, _, error = run_import(make_target("sqlite"), "", "--osticket-config", str(tmp_path / "missing.php"))
    assert status == 1
    assert f"--osticket-config={str(tmp_path / 'missing.php')!r} cannot be read" in error
    configuration.write_text("<?php", encoding="utf-8")
    status, _, error = run_import(make_target("sqlite"), "", "--osticket-config", str(configuration))
    assert status == 1
    assert "--osticket-config: the file does not define DBHOST" in error


def test_tables_and_columns_that_are_not_osticket_s_are_known() -> None:
    assert [name for name in ("ticket", "ticket__cdata", "groups", "plugin_notes") if is_stranger(name)] == [
        "plugin_notes"
    ]
    columns = tuple(FoundColumn(name, "int(11)", True, None, "", None, None) for name in ("ID", "name", "mood"))
    assert list(extra_columns({"event": FoundTable("ost_event", "InnoDB", "", columns, ())})) == ["ost_event.mood"]

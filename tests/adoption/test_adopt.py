"""`manage.py adopt`: what it writes, what it leaves alone, and that it may be run again."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from helpdesk.legacy.adoption.side_tables import legacy_migrations
from helpdesk.legacy.adoption.time_zone import detect_time_zone
from helpdesk.legacy.models import Installation
from helpdesk.legacy.schema_introspection import side_table_names
from helpdesk.legacy.table_description import schema_signature
from tests.adoption.conftest import Adopted
from tests.adoption.scratch import SALT, Scratch, server

pytestmark = pytest.mark.mysql
WorkingOn = Callable[..., AbstractContextManager[None]]
Alter = Callable[[str, str], Scratch]


def test_no_row_of_osticket_changes(adopted: Adopted) -> None:
    assert len(adopted.checksums_before) == 72
    assert adopted.scratch.checksums() == adopted.checksums_before


def test_no_table_of_osticket_changes(adopted: Adopted) -> None:
    assert adopted.scratch.definitions() == adopted.definitions_before


def test_only_side_tables_are_added(adopted: Adopted, reference: Scratch) -> None:
    added = reference.tables() - set(adopted.checksums_before)
    assert added == side_table_names()
    assert {"hd_installation", "hd_account", "django_migrations"} <= added


def test_migrations_of_legacy_tables_are_recorded_and_the_others_run(reference: Scratch) -> None:
    applied = set(MigrationRecorder(connection).applied_migrations())
    recorded = legacy_migrations(connection)
    assert len(recorded) == 12
    assert recorded <= applied
    assert ("hd_accounts", "0001_initial") in applied
    output = StringIO()
    call_command("migrate", "--plan", stdout=output)
    assert "No planned migration operations" in output.getvalue()


def test_the_installation_is_noted(reference: Scratch) -> None:
    noted = Installation.objects.get()
    assert (noted.origin, noted.osticket_version, noted.table_prefix) == ("adopted", "1.18", "ost_")
    assert noted.schema_signature == "5fb92bef17f3b603659e024c01cc7a59"
    assert noted.utf8mb3_tables
    assert noted.database_time_zone == connection.timezone_name


def test_the_summary(adopted: Adopted) -> None:
    for words in (
        "Adopted. No table of osTicket's was changed.",
        "1.18, 72 tables “ost_…”",
        "0 differences",
        "tickets    305",
        "agents     6 active",
        "time zone",
        "sign in at /scp/ with your osTicket password",
        "could not be verified",
        "utf8mb3",
    ):
        assert words in adopted.output


def test_the_schema_equals_osticket_s_afterwards(adopted: Adopted, data_directory: Path) -> None:
    outcome = adopted.scratch.manage("checkschema", data_directory=data_directory)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "0 differences" in outcome.stdout


def test_running_again_changes_nothing(adopted: Adopted, data_directory: Path) -> None:
    tables = adopted.scratch.tables()
    noted = adopted.scratch.execute("SELECT * FROM hd_installation")
    migrations = adopted.scratch.execute("SELECT * FROM django_migrations")
    outcome = adopted.scratch.manage("adopt", data_directory=data_directory)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "Adopted again" in outcome.stdout
    assert adopted.scratch.tables() == tables
    assert adopted.scratch.execute("SELECT * FROM hd_installation") == noted
    assert adopted.scratch.execute("SELECT * FROM django_migrations") == migrations
    assert adopted.scratch.checksums() == adopted.checksums_before


def test_a_dry_run_writes_nothing(altered: Alter, data_directory: Path) -> None:
    database = altered("DO 0", "DO 0")
    tables, checksums = database.tables(), database.checksums()
    outcome = database.manage("adopt", "--dry-run", data_directory=data_directory)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "Dry run: nothing was written." in outcome.stdout
    assert "tickets    305" in outcome.stdout
    assert database.tables() == tables
    assert database.checksums() == checksums


def php_file(path: Path, database: str, **changes: str) -> Path:
    """Write an ost-config.php as osTicket's installer does."""
    where = server()
    values = {
        "SECRET_SALT": SALT,
        "ADMIN_EMAIL": "ada@acme.test",
        "DBTYPE": "mysql",
        "DBHOST": f"{where['host']}:{where['port']}",
        "DBNAME": database,
        "DBUSER": where["user"],
        "DBPASS": where["password"],
        "TABLE_PREFIX": "ost_",
    } | changes
    lines = [f"define('{name}','{value}');" for name, value in values.items()]
    path.write_text("<?php\n#define('SECRET_SALT','not this one');\ndefine('OSTINSTALLED',TRUE);\n" + "\n".join(lines))
    return path


def test_ost_config_says_where_everything_is(
    scratch: Scratch, data_directory: Path, tmp_path: Path, working_on: WorkingOn
) -> None:
    """Host, database, user, prefix and salt come out of the file.

    It is a copy from a server in New York: DB_TIME_ZONE says so, and it is remembered.
    """
    scratch.load(prefix="desk_").execute(credentials("desk_") + "DROP TABLE desk__search, desk_ticket__cdata")
    checksums = scratch.checksums("desk_")
    environment = {"OSTICKET_CONFIG": str(php_file(tmp_path / "ost-config.php", scratch.name, TABLE_PREFIX="desk_"))}
    outcome = scratch.manage("adopt", data_directory=data_directory, DB_TIME_ZONE="America/New_York", **environment)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert "70 tables “desk_…”" in outcome.stdout
    assert "SECRET_SALT is right: 1 of 1 stored secrets fit it." in outcome.stdout
    assert "time zone  America/New_York (DB_TIME_ZONE" in outcome.stdout
    assert scratch.execute("SELECT table_prefix, database_time_zone FROM hd_installation") == [
        ("desk_", "America/New_York")
    ]
    # Not even the tables that osTicket makes when it needs them are made.
    assert scratch.checksums("desk_") == checksums
    # Adopted under this prefix, it works under this prefix; stored is 2026-09-03 02:29:43.
    ask = "from tickets.models import Ticket; print(Ticket.objects.get(number='323226').created.isoformat())"
    asked = scratch.manage("shell", "-v0", "-c", ask, data_directory=data_directory, **environment)
    assert asked.stdout.strip() == "2026-09-03T06:29:43+00:00", asked.stderr
    again = scratch.manage("adopt", "--dry-run", data_directory=data_directory, **environment)
    assert "time zone  America/New_York (as recorded" in again.stdout


def credentials(prefix: str = "ost_", salt: str = SALT) -> str:
    """Give the SQL for a mail password encrypted under the salt, as osTicket stores it."""
    from helpdesk.legacy.crypto import encrypt, hashed_subkey

    namespace, username = "email.1.account.1", "support@acme.test"
    secret = encrypt("Mail-pw-1", subkey=hashed_subkey(username, namespace), secret_salt=salt)
    return (
        f"INSERT INTO {prefix}config (namespace, `key`, value, updated) VALUES"  # noqa: S608
        f" ('{namespace}', 'username', '{username}', NOW()), ('{namespace}', 'passwd', '{secret}', NOW());"
    )


def test_side_tables_hold_every_character_whatever_the_database_s_default(adopted: Adopted) -> None:
    """This database's default is latin1."""
    tables = adopted.scratch.execute(
        "SELECT table_collation, engine FROM information_schema.tables WHERE table_schema = DATABASE()"
        " AND table_name NOT LIKE 'ost\\_%'"
    )
    assert set(tables) == {("utf8mb4_general_ci", "InnoDB")}
    charsets = adopted.scratch.execute(
        "SELECT DISTINCT character_set_name FROM information_schema.columns WHERE table_schema = DATABASE()"
        " AND table_name NOT LIKE 'ost\\_%' AND character_set_name IS NOT NULL"
    )
    assert charsets == [("utf8mb4",)]


SIGNATURE = "UPDATE ost_config SET value = '{}' WHERE `key` = 'schema_signature';"


def test_a_1_17_database_is_adopted(altered: Alter, working_on: WorkingOn) -> None:
    """Its plugin names are shorter; everything else is as in 1.18 (osticket/schema.md §1)."""
    database = altered(
        SIGNATURE.format("83a22ba22b1a6a624fcb1da03882ac1b")
        + "ALTER TABLE ost_plugin MODIFY name varchar(30) NOT NULL;"
        "ALTER TABLE ost_plugin_instance MODIFY name varchar(60) NOT NULL DEFAULT '';",
        SIGNATURE.format(schema_signature()) + "ALTER TABLE ost_plugin MODIFY name varchar(255) NOT NULL;"
        "ALTER TABLE ost_plugin_instance MODIFY name varchar(255) NOT NULL DEFAULT '';",
    )
    output = StringIO()
    with working_on(database):
        call_command("adopt", "--dry-run", verbosity=2, stdout=output)
    assert "1.17, 72 tables" in output.getvalue()
    assert "0 differences, 2 normal variations" in output.getvalue()
    assert "ost_plugin.name: type is varchar(30), not varchar(255)" in output.getvalue()


def test_an_upgraded_database_with_history_is_adopted(altered: Alter, working_on: WorkingOn) -> None:
    """Leftover tables, dropped caches, another order of columns, NULL plugin names, a plugin's table and column."""
    database = altered(
        "RENAME TABLE ost_ticket__cdata TO hidden_1, ost__search TO hidden_2, ost_group TO hidden_3;"
        "CREATE TABLE ost_timezone (id int) ENGINE=MyISAM; CREATE TABLE ost_audit (id int);"
        "ALTER TABLE ost_plugin MODIFY name varchar(255) NULL;"
        "ALTER TABLE ost_lock MODIFY expire datetime NULL AFTER lock_id, ADD custom varchar(20) NULL,"
        " ADD KEY custom (custom), DROP KEY staff_id;"
        "ALTER TABLE ost_note CONVERT TO CHARACTER SET latin1",
        "RENAME TABLE hidden_1 TO ost_ticket__cdata, hidden_2 TO ost__search, hidden_3 TO ost_group;"
        "DROP TABLE ost_timezone, ost_audit; ALTER TABLE ost_plugin MODIFY name varchar(255) NOT NULL;"
        "ALTER TABLE ost_lock DROP COLUMN custom, ADD KEY staff_id (staff_id);"
        "ALTER TABLE ost_note CONVERT TO CHARACTER SET utf8mb3",
    )
    output = StringIO()
    with working_on(database):
        call_command("adopt", "--dry-run", verbosity=2, stdout=output)
        with pytest.raises(SystemExit):
            call_command("checkschema", stdout=StringIO())
    for line in (
        "ost_lock.custom: column is not osTicket's (varchar(20))\n    Left alone",
        "ost_lock, index staff_id: missing: (staff_id)\n    Some pages are slower.",
        "ost_note.body: character set is latin1, not utf8\n    Characters outside it cannot be stored",
        "ost_timezone: left over from an older osTicket. Not used; left alone.",
        "ost_audit: not a table of osTicket. A plugin's? Left alone.",
        "ost_group: table is missing. osTicket has not read it since 1.10",
        "ost__search: table is missing. The full-text index, made when it is needed.",
        "ost_ticket__cdata: table is missing. A cache of form answers",
        "ost_plugin.name: accepts NULL. Databases upgraded from osTicket 1.17 have it so.",
        "ost_lock, index custom: is not osTicket's: (custom). It does no harm.",
        " normal variations",
    ):
        assert line in output.getvalue()


def test_migrate_refuses_before_its_first_statement(altered: Alter, data_directory: Path) -> None:
    database = altered("DO 0", "DO 0")
    tables = database.tables()
    outcome = database.manage("migrate", data_directory=data_directory)
    assert outcome.returncode == 1
    assert "Run “manage.py adopt --dry-run”, then “manage.py adopt”" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert database.tables() == tables


def test_migrate_refuses_half_made_tables(scratch: Scratch, working_on: WorkingOn) -> None:
    scratch.execute("CREATE TABLE ost_thread (id int)")
    with working_on(scratch), pytest.raises(CommandError, match=r"ost_thread.*interrupted"):
        call_command("migrate", verbosity=0)
    assert scratch.tables() == {"ost_thread"}


def test_a_changed_column_shows(altered: Alter, data_directory: Path) -> None:
    database = altered(
        "ALTER TABLE ost_lock RENAME COLUMN expire TO hidden, MODIFY code varchar(10) NULL",
        "ALTER TABLE ost_lock RENAME COLUMN hidden TO expire, MODIFY code varchar(20) NULL",
    )
    outcome = database.manage("checkschema", data_directory=data_directory)
    assert outcome.returncode == 1
    assert "ost_lock.expire: column is missing" in outcome.stdout
    assert "ost_lock.code: type is varchar(10), not varchar(20)" in outcome.stdout
    assert "3 differences" in outcome.stdout  # the renamed column is a strange one, too


def test_the_clock_of_the_server_is_measured(altered: Alter, working_on: WorkingOn) -> None:
    """A session's own zone stands in for that of an operating system here."""
    with working_on(altered("DO 0", "DO 0")):
        with connection.cursor() as cursor:
            cursor.execute("SET time_zone = '+05:30'")
        finding = detect_time_zone(connection, "ost_", datetime(2026, 11, 21, tzinfo=UTC))
    assert finding.name == "Asia/Kolkata"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "Europe"])
def test_a_zone_that_is_none_stops_the_start(scratch: Scratch, data_directory: Path, zone: str) -> None:
    outcome = scratch.manage("adopt", data_directory=data_directory, DB_TIME_ZONE=zone)
    assert outcome.returncode == 1
    assert outcome.stderr.startswith(f"DB_TIME_ZONE={zone!r} is no time zone")

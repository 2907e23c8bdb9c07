"""Adoption refuses what cannot work: a clear message with a way out, and nothing changed."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.test import override_settings

from helpdesk.legacy.table_description import schema_signature
from tests.adoption.conftest import Adopted
from tests.adoption.scratch import Scratch
from tests.adoption.test_adopt import credentials

pytestmark = pytest.mark.mysql
WorkingOn = Callable[..., AbstractContextManager[None]]
Refuse = Callable[..., str]
Alter = Callable[[str, str], Scratch]
OTHER_SALT = "another-salt-of-32-characters-xx"


@pytest.fixture
def refuse(working_on: WorkingOn) -> Refuse:
    """Give a function that runs adopt, asserts that it refuses and changes nothing, and gives what it says."""

    def run(database: Scratch, *options: str, **database_settings: object) -> str:
        tables, definitions = database.tables(), database.definitions("")
        checksums = database.checksums("") if tables else {}
        messages = StringIO()
        with (
            working_on(database, **database_settings),
            override_settings(PHP_CONFIGURATION=None),
            pytest.raises(SystemExit) as stopped,
        ):
            call_command("adopt", *options, stdout=StringIO(), stderr=messages)
        assert stopped.value.code == 1
        assert database.tables() == tables
        assert database.definitions("") == definitions
        assert (database.checksums("") if tables else {}) == checksums
        assert "Not adopted; nothing was changed." in messages.getvalue()
        assert "Traceback" not in messages.getvalue()
        return messages.getvalue()

    return run


SIGNATURE = "UPDATE ost_config SET value = '{}' WHERE `key` = 'schema_signature'"
RIGHT_SIGNATURE = SIGNATURE.format(schema_signature())
HIDE_CONFIG = "RENAME TABLE ost_config TO hidden; CREATE TABLE ost_config (id int, isonline int, helpdesk_url text)"
FOREIGN_MIGRATIONS = (
    "CREATE TABLE django_migrations (id int PRIMARY KEY, app varchar(99), name varchar(99), applied datetime);"
    "INSERT INTO django_migrations VALUES (1, 'blog', '0001_initial', NOW())"
)
MADE_BY_OSTLER = (
    "CREATE TABLE hd_installation (id int PRIMARY KEY, origin varchar(10), database_time_zone varchar(64),"
    " table_prefix varchar(20)); INSERT INTO hd_installation VALUES (1, 'fresh', 'UTC', 'ost_')"
)
REPLY = (
    "INSERT INTO ost_thread_entry_email (id, thread_entry_id, mid, headers) SELECT 99, 1, '<x@y>',"
    " CONCAT('In-Reply-To: <BAAAAAA-L_kGQ-AQAAAAEAAAABAAAAVSrLQULl-', email, '>') FROM ost_email WHERE email_id = 1"
)
STATES: dict[str, tuple[str, str, list[str]]] = {
    "1.16": (
        SIGNATURE.format("c37e165651dc289240fee7d244990ac1"),
        RIGHT_SIGNATURE,
        ["osTicket 1.16;", "Upgrade osTicket itself to 1.18 first"],
    ),
    "1.14": (SIGNATURE.format("4bd47d94b10bd8a6bab35c119dadf41f"), RIGHT_SIGNATURE, ["osTicket 1.14;"]),
    "unfinished upgrade": (
        SIGNATURE.format("f0d2e14d0d653b856be20ffeff46da32"),
        RIGHT_SIGNATURE,
        ["osTicket 1.17 (unfinished upgrade);"],
    ),
    "unknown version": (
        SIGNATURE.format("0" * 32),
        RIGHT_SIGNATURE,
        ["signature 00000000000000000000000000000000", "1.17 (83a22ba2), 1.18 (5fb92bef)", "Look for a newer Ostler"],
    ),
    "no signature": (
        "UPDATE ost_config SET `key` = 'hidden' WHERE `key` = 'schema_signature'",
        "UPDATE ost_config SET `key` = 'schema_signature' WHERE `key` = 'hidden'",
        ["no schema signature", "Finish the installation"],
    ),
    "ancient configuration": (
        HIDE_CONFIG,
        "DROP TABLE ost_config; RENAME TABLE hidden TO ost_config",
        ["no schema signature"],
    ),
    "missing tables": (
        "RENAME TABLE ost_thread_entry TO hidden_1, ost_form TO hidden_2",
        "RENAME TABLE hidden_1 TO ost_thread_entry, hidden_2 TO ost_form",
        ["2 tables are missing: ost_form, ost_thread_entry.", "a dump may have been loaded only in part"],
    ),
    "missing column": (
        "ALTER TABLE ost_note RENAME COLUMN ext_id TO hidden",
        "ALTER TABLE ost_note RENAME COLUMN hidden TO ext_id",
        ["ost_note.ext_id: column is missing"],
    ),
    "MyISAM": (
        "ALTER TABLE ost_note ENGINE=MyISAM; ALTER TABLE ost_lock ENGINE=MyISAM",
        "ALTER TABLE ost_note ENGINE=InnoDB; ALTER TABLE ost_lock ENGINE=InnoDB",
        [
            "2 tables have an engine without transactions",
            "ALTER TABLE `ost_lock` ENGINE=InnoDB;",
            "ALTER TABLE `ost_note` ENGINE=InnoDB;",
            "dump of the database first",
        ],
    ),
    "a plugin's obligatory column": (
        "ALTER TABLE ost_note ADD COLUMN custom int NOT NULL",
        "ALTER TABLE ost_note DROP COLUMN custom",
        ["ost_note.custom", "ALTER TABLE `ost_note` MODIFY `custom` int(11) NULL;"],
    ),
    "another Django project": (
        FOREIGN_MIGRATIONS,
        "DROP TABLE django_migrations",
        ["belong to another program: django_migrations", "database of their own"],
    ),
    "tables of our names": (
        "CREATE TABLE auth_group (id int)",
        "DROP TABLE auth_group",
        ["another program: auth_group"],
    ),
    "wrong salt": (
        credentials(salt=OTHER_SALT),
        "DELETE FROM ost_config WHERE namespace = 'email.1.account.1'",
        ["SECRET_SALT is not this database's", "OSTICKET_CONFIG", "--salt-lost"],
    ),
    "wrong salt by a reply": (
        REPLY,
        "DELETE FROM ost_thread_entry_email WHERE id = 99",
        ["SECRET_SALT is not this database's: none of 1 "],
    ),
    "made by Ostler": (
        MADE_BY_OSTLER,
        "DROP TABLE hd_installation",
        ["Ostler itself made this database: there is nothing to adopt."],
    ),
    "many problems": (
        "ALTER TABLE ost_note ENGINE=MyISAM; RENAME TABLE ost_form TO hidden; CREATE TABLE auth_group (id int)",
        "ALTER TABLE ost_note ENGINE=InnoDB; RENAME TABLE hidden TO ost_form; DROP TABLE auth_group",
        ["1 tables have an engine", "1 tables are missing: ost_form", "another program: auth_group"],
    ),
}


@pytest.mark.parametrize("state", STATES, ids=lambda name: name.replace(" ", "-"))
def test_a_database_in_this_state_is_refused(altered: Alter, refuse: Refuse, state: str) -> None:
    do, undo, words = STATES[state]
    message = refuse(altered(do, undo))
    for word in words:
        assert word in message


def test_a_dry_run_says_the_same(altered: Alter, refuse: Refuse) -> None:
    database = altered(*STATES["many problems"][:2])
    assert refuse(database, "--dry-run") == refuse(database)


def test_an_empty_database_is_refused(scratch: Scratch, refuse: Refuse) -> None:
    message = refuse(scratch)
    assert f"“{scratch.name}” is empty" in message
    assert "ostler setup" in message


def test_a_database_of_something_else_is_refused(scratch: Scratch, refuse: Refuse) -> None:
    scratch.execute("CREATE TABLE wp_posts (id int); CREATE TABLE staff (id int)")
    assert "is no database of osTicket: its 2 tables (staff, wp_posts …)" in refuse(scratch)


def test_a_wrong_prefix_is_told_the_right_ones(scratch: Scratch, refuse: Refuse) -> None:
    scratch.load(prefix="support_")
    scratch.execute("CREATE TABLE b_config (id int); CREATE TABLE b_staff (id int); CREATE TABLE b_ticket (id int)")
    message = refuse(scratch)
    assert "no osTicket tables with the prefix “ost_”. Prefixes found: “b_”, “support_”." in message
    assert "TABLE_PREFIX=support_" in message


def test_an_unset_salt_is_refused(altered: Alter, refuse: Refuse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one Ostler makes a salt up, which cannot be osTicket's."""
    monkeypatch.delenv("SECRET_SALT")
    message = refuse(altered("DO 0", "DO 0"))
    assert "SECRET_SALT is not set" in message
    assert "ost-config.php" in message


def test_a_lost_salt_can_be_declared(altered: Alter, working_on: WorkingOn) -> None:
    output = StringIO()
    with working_on(altered(*STATES["wrong salt"][:2])):
        call_command("adopt", "--dry-run", "--salt-lost", stdout=output)
    assert "SECRET_SALT is taken for lost" in output.getvalue()


@pytest.fixture
def reader(osticket: Scratch) -> Iterator[str]:
    """Make a database user who may only read."""
    name = "ostler_scratch_reader"
    osticket.execute(
        f"CREATE OR REPLACE USER '{name}'@'%' IDENTIFIED BY 'read';"
        f"GRANT SELECT ON `{osticket.name.replace('_', chr(92) + '_')}`.* TO '{name}'@'%'"
    )
    yield name
    osticket.execute(f"DROP USER '{name}'@'%'")


def test_a_user_who_may_only_read_is_told_the_grant(
    osticket: Scratch, reader: str, refuse: Refuse, working_on: WorkingOn
) -> None:
    message = refuse(osticket, USER=reader, PASSWORD="read")
    assert f"'{reader}'@'%' lacks INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, REFERENCES, DROP" in message
    # The grant as printed is enough, also to go on where an adoption was interrupted.
    osticket.execute(next(line.strip() for line in message.splitlines() if line.strip().startswith("GRANT ")))
    checksums = osticket.checksums()
    with working_on(osticket, USER=reader, PASSWORD="read"):
        call_command("migrate", "hd_legacy", verbosity=0)
        call_command("adopt", stdout=StringIO())
    assert osticket.execute("SELECT origin FROM hd_installation") == [("adopted",)]
    assert osticket.checksums() == checksums
    # And it can be undone.
    with working_on(osticket, USER=reader, PASSWORD="read"):
        call_command("adopt", "--undo", "--noinput", stdout=StringIO())
    assert osticket.tables() == set(checksums)
    assert osticket.checksums() == checksums


def test_a_server_older_than_django_supports_is_refused(
    altered: Alter, refuse: Refuse, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = connections[DEFAULT_DB_ALIAS].features
    monkeypatch.setitem(features.__dict__, "minimum_database_version", (99, 0))
    monkeypatch.setattr("django.db.backends.base.base.RAN_DB_VERSION_CHECK", set())
    message = refuse(altered("DO 0", "DO 0"))
    assert "The database server is too old: MariaDB 99.0 or later is required (found 1" in message
    assert "Upgrade the database server" in message


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"USER": "nobody_here", "PASSWORD": "x"}, "Access denied for user 'nobody_here'"),
        ({"PORT": "1"}, "Can't connect"),
        ({"NAME": "no_such_database"}, "No connection to the database “no_such_database”"),
    ],
)
def test_a_server_that_does_not_let_us_in(
    altered: Alter, refuse: Refuse, working_on: WorkingOn, changes: dict[str, str], words: str
) -> None:
    for options in ([], ["--undo", "--noinput"]):
        message = refuse(altered("DO 0", "DO 0"), *options, **changes)
        assert words in message
        assert "Check DATABASE_URL" in message
    with working_on(altered("DO 0", "DO 0"), **changes), pytest.raises(CommandError, match=re.escape(words)):
        call_command("checkschema")


def test_a_second_help_desk_in_the_same_database_is_refused(adopted: Adopted, data_directory: Path) -> None:
    """Side tables have no prefix: they serve one help desk only. Three tables are enough to be taken for one."""
    names = ("config", "staff", "ticket")
    adopted.scratch.execute(
        ";".join(f"CREATE TABLE second_{name} AS SELECT * FROM ost_{name}" for name in names)  # noqa: S608
    )
    tables = adopted.scratch.tables()
    outcome = adopted.scratch.manage("adopt", data_directory=data_directory, TABLE_PREFIX="second_")
    assert adopted.scratch.tables() == tables
    adopted.scratch.execute("DROP TABLE " + ", ".join(f"second_{name}" for name in names))
    assert outcome.returncode == 1
    assert "already holds the side tables of another help desk (“ost_”)" in outcome.stderr
    assert "Copy the tables with prefix “second_” into a database of their own" in outcome.stderr
    assert adopted.scratch.checksums() == adopted.checksums_before


def test_another_engine_has_no_osticket(scratch: Scratch, data_directory: Path) -> None:
    outcome = scratch.manage("adopt", data_directory=data_directory, DATABASE_URL=f"sqlite:///{data_directory}.sqlite3")
    assert outcome.returncode == 1
    assert "osTicket's databases are MySQL or MariaDB; DATABASE_URL names SQLite." in outcome.stderr


@pytest.mark.parametrize("path", ["/no/such/ost-config.php", "/dev/null"])
def test_a_config_file_that_is_none(scratch: Scratch, data_directory: Path, path: str) -> None:
    outcome = scratch.manage("adopt", data_directory=data_directory, OSTICKET_CONFIG=path)
    assert outcome.returncode == 1
    assert "OSTICKET_CONFIG" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_what_was_not_adopted_cannot_be_undone(altered: Alter, refuse: Refuse) -> None:
    assert "There is no adoption to undo" in refuse(altered("DO 0", "DO 0"), "--undo", "--noinput")


def test_undoing_asks_first(adopted: Adopted, working_on: WorkingOn, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = adopted.scratch.tables()
    questions: list[str] = []

    def answer(question: str) -> str:
        questions.append(question)
        return "no"

    monkeypatch.setattr("builtins.input", answer)
    with working_on(adopted.scratch):
        call_command("adopt", "--undo", stdout=StringIO())
    assert "Drop Ostler's own tables" in questions[0]
    assert adopted.scratch.tables() == tables

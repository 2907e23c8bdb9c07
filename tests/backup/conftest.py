"""Help desks of every engine to make backups of, and empty databases to restore them into."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.plugin import DjangoDbBlocker

from tests.importing.conftest import (
    Imported,
    imported,
    make_target,
    migrated,
    osticket,
    own_osticket,
)
from tests.importing.databases import Database, as_default

__all__ = ["imported", "make_target", "migrated", "osticket", "own_osticket"]

Run = Callable[..., tuple[int, str, str]]

# Rows of our own beside osTicket's: text beyond the basic plane, a fraction of a second.
OWN_COLUMNS = "id, kind, legacy_id, username, email, created, last_login"
OWN_ROWS = (
    "5, 'agent', 2, 'bruno', 'bruno@umbrella.example', '2026-11-21 10:00:00.123456', NULL",
    "9, 'user', 3, NULL, '🔥@umbrella.example', '2026-11-21 10:00:00', '2026-11-21 11:00:00.5'",
)


@pytest.fixture
def run(django_db_blocker: DjangoDbBlocker) -> Run:
    """Give commands within this process on a database: exit status, what they said, and the error."""

    def command(database: Database, name: str, *arguments: object) -> tuple[int, str, str]:
        said = StringIO()
        with django_db_blocker.unblock(), as_default(database.url):
            try:
                call_command(name, *map(str, arguments), stdout=said)
            except CommandError as error:
                return error.returncode, said.getvalue(), str(error)
        return 0, said.getvalue(), ""

    return command


@pytest.fixture(scope="session")
def help_desk(imported: Callable[[str], Imported]) -> Callable[[str], Database]:
    """Give the imported reference database of an engine with some rows of our own; the tests only read it."""
    known: dict[str, Database] = {}

    def of(engine: str) -> Database:
        if engine not in known:
            known[engine] = imported(engine).target
            for values in OWN_ROWS:
                known[engine].execute(f"INSERT INTO hd_account ({OWN_COLUMNS}) VALUES ({values})")  # noqa: S608
        return known[engine]

    return of


@pytest.fixture
def backup(help_desk: Callable[[str], Database], run: Run, tmp_path: Path) -> Path:
    """Give a backup of the help desk on SQLite."""
    path = tmp_path / "help-desk.ostler"
    status, _, error = run(help_desk("sqlite"), "backup", path)
    assert (status, error) == (0, "")
    return path

"""The file of an SQLite database, which holds every message, and what lies beside it, is its owner's alone."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpdesk.databases import default_database
from helpdesk.legacy.backends.sqlite3.base import DatabaseWrapper

pytestmark = [pytest.mark.once, pytest.mark.django_db]


@pytest.fixture
def usual_umask() -> Iterator[None]:
    """Let everybody read new files, as most systems do."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def write_with(path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Open the file as the help desk does, write something and give the connection, so that its files stay."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    options: dict[str, Any] = {
        "TIME_ZONE": None,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False,
        "AUTOCOMMIT": True,
        "TEST": {},
    }
    connection = DatabaseWrapper({**options, **default_database(path.parent, None)})
    connection.inc_thread_sharing()
    connection.ensure_connection()
    connection.connection.execute("CREATE TABLE note (text)")
    return connection


def modes(directory: Path) -> dict[str, int]:
    return {entry.name: entry.stat().st_mode & 0o777 for entry in directory.iterdir()}


@pytest.mark.usefixtures("usual_umask")
def test_new_files_are_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = write_with(tmp_path / "desk.sqlite3", monkeypatch)
    assert modes(tmp_path) == {"desk.sqlite3": 0o600, "desk.sqlite3-wal": 0o600, "desk.sqlite3-shm": 0o600}
    connection.connection.close()


@pytest.mark.usefixtures("usual_umask")
@pytest.mark.parametrize(("before", "after"), [(0o644, 0o640), (0o666, 0o660), (0o640, 0o640), (0o600, 0o600)])
def test_an_existing_file_is_closed_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int, after: int
) -> None:
    path = tmp_path / "desk.sqlite3"
    sqlite3.connect(path).close()
    path.touch()
    path.chmod(before)
    connection = write_with(path, monkeypatch)
    assert set(modes(tmp_path).values()) == {after}
    connection.connection.close()

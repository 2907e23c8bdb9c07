"""Help desks of their own for tests that start programs: made once in a process, to be copied."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.house.desk import manage

MIGRATED = pytest.StashKey[sqlite3.Connection | None]()
"""The database of the tests after its migrations, before any row was written; None where that is not known."""

COLLECT = "from helpdesk import serving; assert serving.collect_static_files()"


@pytest.fixture(scope="session")
def migrated_folder(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a data directory with a database as `migrate` leaves it.

    It is that of the tests, when they have one already: those that use it come first.
    """
    folder = tmp_path_factory.mktemp("migrated")
    kept = pytestconfig.stash.get(MIGRATED, None)
    if kept is None:
        done = manage(folder, "migrate", "--verbosity", "0")
        assert done.returncode == 0, done.stderr
    else:
        with closing(sqlite3.connect(folder / "ostler.sqlite3")) as database:
            kept.backup(database)
    return folder


@pytest.fixture(scope="session")
def prepared(migrated_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a data directory with a migrated database and the static files."""
    folder = tmp_path_factory.mktemp("prepared") / "data"
    shutil.copytree(migrated_folder, folder)
    done = manage(folder, "shell", "--no-imports", "-c", COLLECT)
    assert done.returncode == 0, done.stderr
    return folder

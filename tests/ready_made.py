"""Help desks of their own for tests that start programs: made once in a process, to be copied; see `prepared`."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
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
    """Make a data directory with a migrated database and the static files.

    Collecting these takes longer than all else: the first process of a parallel run that asks does it for the others.
    """
    folder = tmp_path_factory.mktemp("prepared") / "data"
    shutil.copytree(migrated_folder, folder)
    collected = _of_the_run(tmp_path_factory) / "collected"
    with _alone(collected.with_name("collected.lock")):
        if not collected.exists():
            done = manage(folder, "shell", "--no-imports", "-c", COLLECT)
            assert done.returncode == 0, done.stderr
            half = collected.with_name("half-collected")
            shutil.rmtree(half, ignore_errors=True)
            shutil.copytree(folder / "static", half).rename(collected)
    if not (folder / "static").exists():
        shutil.copytree(collected, folder / "static")
    return folder


def _of_the_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a directory that all processes of a parallel run have in common; each has its own below."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let no other process be in here meanwhile."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield

"""`manage.py quickstart` with everything real: the first start, the second one, and the ones that must not happen."""

import re
import resource
import shutil
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.house.desk import Desk, free_port, manage

pytestmark = pytest.mark.once

PASSWORD_LINE = re.compile(r"Password   (\S+)   \(not shown again\)")
LOADS_TO_OPEN_AGAIN = 2.5
"""Work until the first answer, by that of a command which only loads the program: supervisor and web server do."""


@pytest.fixture
def quickstart(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Give a function that starts the help desk of this test's data directory."""
    desks: list[Desk] = []

    def start(*arguments: str, **variables: str) -> Desk:
        desks.append(Desk(tmp_path / "data", "quickstart", *arguments, **variables))
        return desks[-1]

    (tmp_path / "data").mkdir()
    yield start
    for desk in desks:
        desk.stop_if_running()


@pytest.fixture(scope="module")
def static_root(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give a directory in which the static files are collected already."""
    return str(shutil.copytree(prepared / "static", tmp_path_factory.mktemp("collected") / "static"))


@pytest.fixture
def data_directory(migrated_folder: Path, tmp_path: Path) -> Path:
    """Give a data directory with all tables and no row in them: that a first start makes them, its own test shows."""
    return Path(shutil.copytree(migrated_folder, tmp_path / "data"))


def rows(data_directory: Path, query: str) -> list[tuple[object, ...]]:
    """Ask the help desk's database."""
    with closing(sqlite3.connect(data_directory / "ostler.sqlite3", timeout=20)) as database:
        return database.execute(query).fetchall()


def contents(data_directory: Path) -> dict[str, int]:
    """Count what a help desk is made of."""
    tables = ("ost_ticket", "ost_thread_entry", "ost_attachment", "ost_staff", "ost_user", "ost_department")
    counted = [rows(data_directory, f"SELECT COUNT(*) FROM {table}")[0][0] for table in tables]  # noqa: S608 -- ours
    return {table: int(str(count)) for table, count in zip(tables, counted, strict=True)}


def processor_seconds_of_loading(data_directory: Path) -> float:
    """Measure a command that loads the program and ends: how fast this machine is at the moment."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert manage(data_directory, "check").returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_the_first_start_makes_a_help_desk_and_the_second_finds_it_within_seconds(
    quickstart: Callable[..., Desk],
) -> None:
    first = quickstart()
    first.wait_until_open(seconds=240)
    assert len(PASSWORD_LINE.findall(first.output)) == 1
    assert re.search(r"Sign in    admin\n", first.output)
    assert rows(first.data_directory, "SELECT username FROM ost_staff WHERE isadmin") == [("admin",)]
    sample = contents(first.data_directory)
    assert sample["ost_ticket"] >= 60
    assert min(sample.values()) >= 5
    first.stop()
    assert first.process.returncode == 0

    load = processor_seconds_of_loading(first.data_directory)
    second = quickstart()
    second.wait_until_answering()
    assert second.processor_seconds() < LOADS_TO_OPEN_AGAIN * load
    second.wait_until_open()
    assert "Password" not in second.output
    assert contents(second.data_directory) == sample


def test_a_password_that_was_made_is_shown_even_when_the_web_server_cannot_start(
    data_directory: Path, static_root: str
) -> None:
    given = {"STATIC_ROOT": static_root}
    done = manage(data_directory, "quickstart", "--no-demo", "--workers", "0", "--port", str(free_port()), **given)
    assert done.returncode == 1
    assert len(PASSWORD_LINE.findall(done.stdout)) == 1
    assert rows(data_directory, "SELECT COUNT(*) FROM ost_ticket") == [(0,)]


def test_a_given_password_is_not_shown(data_directory: Path, static_root: str) -> None:
    given = {"ADMIN_USERNAME": "ada", "ADMIN_PASSWORD": "correct horse battery staple", "STATIC_ROOT": static_root}
    done = manage(data_directory, "quickstart", "--no-demo", "--workers", "0", "--port", str(free_port()), **given)
    assert "Sign in    ada with the password of ADMIN_PASSWORD" in done.stdout
    assert "correct horse" not in done.stdout + done.stderr


def test_nothing_is_prepared_for_a_port_in_use(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        done = manage(tmp_path, "quickstart", "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port} of 127.0.0.1 is in use" in done.stderr
    assert not (tmp_path / "ostler.sqlite3").exists()


def test_an_osticket_database_that_was_not_adopted_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "ostler.sqlite3")) as database:
        database.execute("CREATE TABLE ost_staff (staff_id INTEGER)")
    done = manage(tmp_path, "quickstart", "--port", str(free_port()))
    assert done.returncode == 1
    assert "manage.py adopt" in done.stderr
    assert "Traceback" not in done.stderr
    assert rows(tmp_path, "SELECT name FROM sqlite_master") == [("ost_staff",)]

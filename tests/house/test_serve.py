"""`manage.py serve` with everything real: granian, a Celery worker, beat, SQLite and the broker of files."""

import http.client
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest

from tests.house.desk import REPOSITORY, Desk, environment, eventually, free_port, is_alive, manage

pytestmark = pytest.mark.once

EXPIRED_SESSION = "INSERT INTO django_session VALUES ('old', '', '2020-01-01 00:00:00')"
ENQUEUE = "from helpdesk.accounts.jobs import purge_expired_sessions as job; job.delay()"


@contextmanager
def served(prepared: Path, data_directory: Path) -> Iterator[Desk]:
    """Serve a copy of the prepared help desk and wait until it is open."""
    shutil.copytree(prepared, data_directory)
    running = Desk(data_directory, "serve")
    try:
        running.wait_until_open()
        yield running
    finally:
        running.stop_if_running()


@pytest.fixture(scope="module")
def desk(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give an open help desk, started once; the tests leave its programs alone."""
    with served(prepared, tmp_path_factory.mktemp("served") / "data") as running:
        yield running


@pytest.fixture
def own_desk(prepared: Path, tmp_path: Path) -> Iterator[Desk]:
    """Give an open help desk whose programs the test may end."""
    with served(prepared, tmp_path / "data") as running:
        yield running


def test_it_is_open_under_the_addresses_it_prints(desk: Desk) -> None:
    assert f"http://127.0.0.1:{desk.port}/\n" in desk.output
    assert f"http://127.0.0.1:{desk.port}/scp/\n" in desk.output
    assert desk.status() == 404


def test_a_killed_web_server_comes_back_and_ctrl_c_leaves_nothing_behind(own_desk: Desk) -> None:
    eventually(lambda: len(own_desk.programs()) == 3)
    first = own_desk.programs()["granian"]
    workers = first.children(recursive=True)
    first.kill()
    eventually(lambda: own_desk.programs().get("granian", first).pid != first.pid)
    eventually(own_desk.status)
    assert not any(is_alive(worker) for worker in workers)
    remaining = psutil.Process(own_desk.process.pid).children(recursive=True)
    own_desk.stop()
    assert own_desk.process.returncode == 0, own_desk.output
    eventually(lambda: not any(is_alive(process) for process in remaining))
    assert own_desk.status() is None
    assert "Traceback" not in own_desk.output


def test_a_job_is_carried_out_by_the_worker(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.data_directory / "ostler.sqlite3", timeout=20)) as database:
        with database:
            database.execute(EXPIRED_SESSION)
        done = manage(desk.data_directory, "shell", "--no-imports", "-c", ENQUEUE)
        assert done.returncode == 0, done.stderr
        eventually(lambda: not database.execute("SELECT 1 FROM django_session").fetchall())


def test_static_files_are_compressed_and_never_go_stale(desk: Desk) -> None:
    manifest = (desk.data_directory / "static" / "staticfiles.json").read_text()
    name = re.findall(r'"(ostler/ostler\.[0-9a-f]{12}\.css)"', manifest)[0]
    connection = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=60)
    connection.request("GET", f"/static/{name}", headers={"Accept-Encoding": "br"})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "br")
    assert "immutable" in answer.headers["Cache-Control"]
    answer.read()
    connection.close()


def test_a_web_worker_does_not_load_the_driver_of_another_database(prepared: Path) -> None:
    """The admin's theme would load psycopg wherever it is installed: 9 MB in each worker."""
    code = "import sys, helpdesk.wsgi; print('unfold' in sys.modules, 'psycopg_binary' in sys.modules)"
    command = [sys.executable, "-c", code]
    result = subprocess.run(
        command, cwd=REPOSITORY, env=environment(prepared), capture_output=True, text=True, check=False, timeout=240
    )
    assert (result.stdout, result.returncode) == ("True False\n", 0), result.stderr


def test_a_port_in_use_is_named_with_the_way_out(prepared: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        done = manage(prepared, "serve", "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port} of 127.0.0.1 is in use" in done.stderr
    assert f"process {os.getpid()}" in done.stderr
    assert f"--port {port + 1}" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_of_another_machine_is_refused(prepared: Path) -> None:
    done = manage(prepared, "serve", "--host", "192.0.2.1", "--port", str(free_port()))
    assert done.returncode == 1
    assert "cannot listen at 192.0.2.1" in done.stderr


def test_a_web_server_that_cannot_start_ends_the_command(prepared: Path) -> None:
    done = manage(prepared, "serve", "--workers", "0", "--port", str(free_port()))
    assert done.returncode == 1
    assert "Invalid value for '--workers'" in done.stderr
    assert "web could not be started" in done.stderr
    assert "The help desk is open" not in done.stdout

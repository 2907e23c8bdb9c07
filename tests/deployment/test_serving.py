"""`serve` as a service manager runs it: one program at a time, or with https of its own."""

import os
import shutil
import sqlite3
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.error import HTTPError

import psutil
import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat
from pytest_django import Settings

from helpdesk import serving
from tests.deployment.certificates import new_key, write_certificate, write_key
from tests.house.desk import REPOSITORY, Desk, eventually, manage

pytestmark = pytest.mark.once

ENQUEUE = "from helpdesk.accounts.jobs import purge_expired_sessions as job; job.delay()"
EXPIRED_SESSION = "INSERT INTO django_session VALUES ('old', '', '2020-01-01 00:00:00')"
HEALTHCHECK = [sys.executable, "-I", "-S", str(REPOSITORY / "docker" / "healthcheck.py")]

Serve = Callable[..., Desk]


@pytest.fixture
def serve(prepared: Path, tmp_path: Path) -> Iterator[Serve]:
    """Start `serve` with options on a copy of the prepared data; everything is stopped after the test."""
    shutil.copytree(prepared, tmp_path / "data")
    started: list[Desk] = []

    def start(*options: str, **variables: str) -> Desk:
        started.append(Desk(tmp_path / "data", "serve", *options, **variables))
        return started[-1]

    yield start
    for desk in started:
        if desk.process.poll() is None:
            terminate(desk)


def healthcheck(desk: Desk) -> subprocess.CompletedProcess[str]:
    """Ask as the container's health check does."""
    environment = {"HOST": "0.0.0.0", "PORT": str(desk.port)}  # noqa: S104
    return subprocess.run(HEALTHCHECK, env=environment, capture_output=True, text=True, check=False, timeout=120)


def terminate(desk: Desk) -> int:
    """Stop it as service managers do; give the exit status."""
    desk.process.terminate()
    return desk.process.wait(timeout=120)


def command_line(desk: Desk) -> list[str]:
    return psutil.Process(desk.process.pid).cmdline()


def test_the_web_server_alone_takes_the_place_of_the_command(serve: Serve) -> None:
    desk = serve("--only", "web")
    eventually(lambda: desk.status() == 404)
    assert "granian" in command_line(desk)
    assert healthcheck(desk).returncode == 0
    assert terminate(desk) == 0
    assert "Traceback" not in desk.output


def test_the_health_check_notices_a_missing_server_and_a_broken_database(serve: Serve) -> None:
    desk = serve("--only", "web", DATABASE_URL="sqlite:////nowhere/at/all.sqlite3")
    assert "does not answer" in healthcheck(desk).stderr
    eventually(lambda: desk.status() is not None)
    refused = healthcheck(desk)
    assert (refused.returncode, refused.stderr) == (1, "the web server answers 503: no answer: database\n")


def test_the_worker_alone_does_jobs_and_ends_after_the_one_in_hand(serve: Serve) -> None:
    desk = serve("--only", "worker")
    with closing(sqlite3.connect(desk.data_directory / "ostler.sqlite3", timeout=20)) as database:
        with database:
            database.execute(EXPIRED_SESSION)
        assert manage(desk.data_directory, "shell", "--no-imports", "-c", ENQUEUE).returncode == 0
        eventually(lambda: not database.execute("SELECT 1 FROM django_session").fetchall())
    assert {"celery", "worker"} <= set(command_line(desk))
    assert terminate(desk) == 0


def test_the_scheduler_alone_keeps_its_schedule_in_the_database(serve: Serve) -> None:
    desk = serve("--only", "beat")
    with closing(sqlite3.connect(desk.data_directory / "ostler.sqlite3", timeout=20)) as database:
        eventually(lambda: database.execute("SELECT 1 FROM django_celery_beat_periodictask").fetchall())
    assert {"celery", "beat"} <= set(command_line(desk))
    assert terminate(desk) == 0


@pytest.fixture
def installed_static_files(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of static files that belongs to somebody else (root, who runs tests in CI, may write everywhere)."""
    folder = tmp_path / "static"
    folder.mkdir()
    settings.STATIC_ROOT = folder
    monkeypatch.setattr(os, "access", lambda path, mode: not (mode & os.W_OK and Path(path) == folder))
    return folder


def test_static_files_of_the_installation_are_left_alone(installed_static_files: Path) -> None:
    (installed_static_files / "staticfiles.json").write_text("{}")
    assert not serving.collect_static_files()
    assert [path.name for path in installed_static_files.iterdir()] == ["staticfiles.json"]


def test_an_installation_without_static_files_is_refused(installed_static_files: Path) -> None:
    with pytest.raises(serving.CannotServe, match="holds no static files"):
        serving.collect_static_files()


@pytest.mark.parametrize(
    ("kind", "form"),
    [("ec", PrivateFormat.PKCS8), ("ec", PrivateFormat.TraditionalOpenSSL), ("rsa", PrivateFormat.PKCS8)],
)
def test_https_with_a_certificate_of_our_own(serve: Serve, tmp_path: Path, kind: str, form: PrivateFormat) -> None:
    key = new_key(kind)
    certificate = write_certificate(tmp_path / "cert.pem", key)
    desk = serve("--tls-cert", str(certificate), "--tls-key", str(write_key(tmp_path / "key.pem", key, form)))
    desk.wait_until_open()
    assert f"https://127.0.0.1:{desk.port}/scp/\n" in desk.output
    address = f"https://localhost:{desk.port}/scp/login.php"
    trusting = ssl.create_default_context(cafile=str(certificate))
    with urllib.request.urlopen(address, context=trusting) as answer:
        assert answer.status == 200
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        cookies = answer.headers.get_all("Set-Cookie")
    assert cookies
    assert all("; Secure" in cookie for cookie in cookies)


def test_https_serves_clients_that_know_only_tls_1_2(serve: Serve, tmp_path: Path) -> None:
    key = new_key()
    certificate = write_certificate(tmp_path / "cert.pem", key)
    files = ["--tls-cert", str(certificate), "--tls-key", str(write_key(tmp_path / "key.pem", key))]
    desk = serve("--only", "web", *files)
    old = ssl.create_default_context(cafile=str(certificate))
    old.maximum_version = ssl.TLSVersion.TLSv1_2

    def status() -> int:
        try:
            urllib.request.urlopen(f"https://localhost:{desk.port}/static/none", context=old)
        except HTTPError as answer:
            return answer.code
        except OSError:
            return 0
        return 200

    eventually(lambda: status() == 404)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--tls-cert", "cert.pem"], "--tls-cert and --tls-key belong together"),
        (["--tls-key", "key.pem"], "--tls-cert and --tls-key belong together"),
        (["--tls-cert", "cert.pem", "--tls-key", "missing.pem"], "missing.pem cannot be read: No such file"),
        (["--tls-cert", "cert.pem", "--tls-key", "encrypted.pem"], "encrypted.pem is encrypted"),
    ],
)
def test_files_that_cannot_work_stop_the_start(
    prepared: Path, tmp_path: Path, options: list[str], complaint: str
) -> None:
    key = new_key()
    write_certificate(tmp_path / "cert.pem", key)
    write_key(tmp_path / "encrypted.pem", key, password=b"a password of the test")
    started_at = time.monotonic()
    full_names = [str(tmp_path / word) if word.endswith(".pem") else word for word in options]
    done = manage(prepared, "serve", *full_names)
    assert done.returncode == 1
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
    assert "web" not in done.stdout  # it stops by itself, before a program is started that would be waited for
    assert time.monotonic() - started_at < 20

"""Worker and beat as processes of their own, over Redis and over the broker of files: jobs run, mails leave."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from tests.house.desk import REPOSITORY, environment, eventually, manage
from tests.mail.sink import Sink, smtp_sink
from tests.servers import REDIS

pytestmark = pytest.mark.once

SET_UP = """
from datetime import UTC, datetime
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from helpdesk.portal.seed import seed_database
from tests.conftest import ANSWERS
seed_database(ANSWERS, now=datetime(2026, 1, 5, tzinfo=UTC))
often, _new = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.SECONDS)
job = "helpdesk.accounts.jobs.purge_expired_sessions"
PeriodicTask.objects.create(name="often", task=job, interval=often)
"""
WRITE = """
from datetime import UTC, datetime
from django.contrib.sessions.models import Session
from helpdesk.mail.outgoing import NewMail, Recipient, RecipientKind, queue_mails
Session.objects.create(session_key="old", session_data="", expire_date=datetime(2020, 1, 1, tzinfo=UTC))
to = [Recipient(RecipientKind.ADDRESS, "jo@customer.test")]
queue_mails([NewMail(to, "k", subject="Hello", text="Words")], object_type="", object_id=0, now=datetime.now(UTC))
"""
LEFT = "from django.contrib.sessions.models import Session as S; print('left', S.objects.filter(pk='old').count())"


@pytest.fixture(scope="module")
def prepared(migrated_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a help desk with a job that beat hands out every second."""
    folder = tmp_path_factory.mktemp("prepared") / "data"
    shutil.copytree(migrated_folder, folder)
    run(folder, "shell", "--no-imports", "-c", SET_UP)
    return folder


@pytest.fixture(params=["files", "redis"])
def broker(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Give what names the broker: nothing, or a database of Redis that nobody uses."""
    if request.param == "files":
        yield {}
        return
    found = REDIS.find()
    if found is None:
        pytest.skip("Redis is not running (python -m tests.servers up)")
    server = found[0].rpartition("/")[0]
    for number in range(1, 15):
        with redis.Redis.from_url(f"{server}/{number}") as client:
            if client.dbsize() == 0:
                yield {"BROKER_URL": f"{server}/{number}"}
                client.flushdb()
                return
    pytest.fail("Every database of Redis is in use.")


def run(folder: Path, *arguments: str, **variables: str) -> str:
    done = manage(folder, *arguments, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def serving(folder: Path, only: str, variables: dict[str, str]) -> Iterator[None]:
    """Run one of the programs, end it as systemd does, and expect that it ends cleanly."""
    log = folder / f"log-{only}"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--only", only],
            cwd=REPOSITORY,
            env=environment(folder) | variables,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=120) == 0, log.read_text()
        assert "Traceback" not in log.read_text()
        assert "killing what has not ended" not in log.read_text()
    except BaseException:
        print(log.read_text())  # noqa: T201 -- what it said, where the test fails
        raise
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=120)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with smtp_sink() as running:
        yield running


def test_a_job_runs_and_a_mail_leaves(prepared: Path, tmp_path: Path, broker: dict[str, str], sink: Sink) -> None:
    folder = tmp_path / "data"
    shutil.copytree(prepared, folder)
    variables = {**broker, "MAIL_SERVER": sink.url}
    with serving(folder, "worker", variables), serving(folder, "beat", variables):
        run(folder, "shell", "--no-imports", "-c", WRITE, **variables)
        eventually(lambda: sink.messages)
        eventually(lambda: "left 0" in run(folder, "shell", "--no-imports", "-c", LEFT))
    assert [one["To"] for one in sink.messages] == ["jo@customer.test"]

"""The recurring jobs without worker and beat: what is due, one run at a time, failures that harm nobody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from celery import shared_task
from celery.schedules import crontab
from django.core.management import CommandError, call_command
from django.db import connection
from django_celery_beat.models import PeriodicTask

from helpdesk.api import cron
from helpdesk.api.management.commands import cron as command
from helpdesk.api.models import ApiKey
from helpdesk.celery import app
from helpdesk.configuration.models import SystemLogEntry
from helpdesk.health import job_runs, leases
from helpdesk.health.models import HealthNote, Lease
from tests.api.conftest import Send
from tickets.models import RequestKey
from tickets.services.request_keys import purge_request_keys

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, 0, 30, tzinfo=UTC)
ran: list[str] = []


@shared_task
def hourly() -> None:
    ran.append("hourly")


@shared_task
def broken() -> None:
    raise RuntimeError("no")


@pytest.fixture(autouse=True)
def _jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    app.finalize()
    jobs = {
        "broken": {"task": broken.name, "schedule": crontab()},
        "hourly": {"task": hourly.name, "schedule": crontab(minute="0")},
    }
    for module in (cron, command, job_runs):
        monkeypatch.setattr(module, "RECURRING_JOBS", jobs)
    ran.clear()
    yield
    ran.clear()


def test_a_job_runs_when_its_time_has_come_again() -> None:
    for minutes, expected in [(0, ["hourly"]), (1, []), (59, []), (61, ["hourly"])]:
        with time_machine.travel(NOON + timedelta(minutes=minutes), tick=False):
            assert cron.run_due_jobs() == expected
    assert ran == ["hourly", "hourly"]


def test_one_run_at_a_time() -> None:
    holder = leases.take(cron.LOCK)
    assert holder is not None
    assert cron.run_due_jobs() == []
    leases.release(cron.LOCK, holder)
    assert cron.run_due_jobs() == ["hourly"]


def test_a_job_runs_alone_whoever_runs_it() -> None:
    holder = leases.take(f"{job_runs.JOB}{hourly.name}")
    assert holder is not None
    assert hourly.apply().successful()
    assert ran == []
    assert job_runs.job_runs() == {}
    leases.release(f"{job_runs.JOB}{hourly.name}", holder)
    hourly.apply()
    assert ran == ["hourly"]
    assert not Lease.objects.exists()


def test_a_lease_of_a_killed_process_ends_by_itself() -> None:
    with time_machine.travel(NOON, tick=False):
        assert leases.take("x", seconds=60) is not None
        assert leases.take("x", seconds=60) is None
    with time_machine.travel(NOON + timedelta(seconds=61), tick=False):
        second = leases.take("x", seconds=60)
        assert second is not None
        assert leases.extend("x", second)
        assert not leases.extend("x", "somebody else")
        leases.release("x", "somebody else")
        assert leases.take("x") is None


@pytest.mark.django_db(transaction=True)
def test_of_many_who_want_a_lease_one_gets_it() -> None:
    got: list[str | None] = []

    def ask() -> None:
        got.append(leases.take("x"))
        connection.close()

    threads = [threading.Thread(target=ask) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in got if one is not None]) == 1


def test_what_a_worker_ran_is_not_due_and_what_is_paused_does_not_run() -> None:
    with time_machine.travel(NOON, tick=False):
        hourly.apply()
        assert cron.run_due_jobs() == []
    assert set(PeriodicTask.objects.values_list("name", flat=True)) == {"hourly", "broken"}
    PeriodicTask.objects.filter(name="hourly").update(enabled=False)
    with time_machine.travel(NOON + timedelta(hours=2), tick=False):
        assert cron.run_due_jobs() == []
    assert ran == ["hourly"]


def test_runs_and_failures_are_counted() -> None:
    for _number in range(2):
        broken.apply()
        hourly.apply()
    runs = job_runs.job_runs()
    assert [(one.runs, one.failures, one.state) for one in (runs[broken.name], runs[hourly.name])] == [
        (2, 2, job_runs.FAILED), (2, 0, job_runs.DONE),
    ]  # fmt: skip


def test_by_address_and_by_command(send: Send) -> None:
    answer = send(b"anything", "/api/tasks/cron")
    assert (answer.status_code, answer.content, ran) == (200, b"Completed", ["hourly"])
    out = StringIO()
    HealthNote.objects.all().delete()
    call_command("cron", stdout=out)
    assert (out.getvalue(), ran) == ("hourly\n", ["hourly", "hourly"])


def test_a_key_without_the_right(send: Send) -> None:
    ApiKey.objects.update(can_exec_cron=False)
    assert send(b"", "/api/cron").content == b"API key not authorized"
    assert (ran, SystemLogEntry.objects.get().title) == ([], "API Error (401)")


def test_keys_of_requests_are_forgotten_after_some_days() -> None:
    RequestKey.objects.create(digest="old", ticket_id=1, created=NOON - timedelta(days=8))
    RequestKey.objects.create(digest="new", ticket_id=1, created=NOON - timedelta(days=6))
    assert purge_request_keys(now=NOON) == 1
    assert RequestKey.objects.get().digest == "new"


def test_one_job_by_its_name_and_all_with_their_last_runs() -> None:
    with pytest.raises(CommandError, match="no job 'weekly'"):
        call_command("cron", job="weekly")
    with pytest.raises(CommandError, match="'broken' failed"):
        call_command("cron", job="broken")
    out = StringIO()
    call_command("cron", list=True, stdout=out)
    broken_line, hourly_line = out.getvalue().splitlines()
    assert ", failed, " in broken_line
    assert broken_line.endswith("RuntimeError")
    assert hourly_line == "hourly: has not run"
    call_command("cron", job="hourly", stdout=out)
    assert ran == ["hourly"]
    assert job_runs.job_runs()[hourly.name].state == job_runs.DONE

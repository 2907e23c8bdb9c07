"""The recurring jobs on their page: read, paused, resumed, run."""

from datetime import timedelta

import pytest
from celery import current_app
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask, PeriodicTasks
from kombu.connection import Connection
from kombu.pools import producers

from helpdesk.audit.models import AdministrativeChange
from helpdesk.configuration.models import SystemLogEntry
from helpdesk.health.job_runs import FAILED, JOB, RUNNING
from helpdesk.health.registry import Level
from helpdesk.health.selectors import examine
from helpdesk.health.services import remember

pytestmark = pytest.mark.django_db
JOBS = "/admin/django_celery_beat/periodictask/"


@pytest.fixture
def job() -> PeriodicTask:
    crontab, _ = CrontabSchedule.objects.get_or_create(minute="27", hour="3")
    task = "helpdesk.configuration.jobs.purge_system_log"
    return PeriodicTask.objects.create(name="purge the system log", task=task, crontab=crontab)


def act(browser: Client, action: str, job: PeriodicTask) -> bytes:
    content: bytes = browser.post(JOBS, {"action": action, "_selected_action": [job.pk]}, follow=True).content
    return content


def test_it_shows_the_times(browser: Client, job: PeriodicTask) -> None:
    page = browser.get(JOBS).content
    assert b"purge the system log" in page
    assert browser.get(f"{JOBS}{job.pk}/change/").status_code == 200
    assert browser.get(f"{JOBS}add/").status_code == 403


def test_a_job_is_paused_and_resumed(browser: Client, job: PeriodicTask) -> None:
    PeriodicTasks.objects.all().delete()
    act(browser, "pause", job)
    assert not PeriodicTask.objects.get(pk=job.pk).enabled
    assert PeriodicTasks.last_change() is not None
    act(browser, "pause", job)
    act(browser, "resume", job)
    assert PeriodicTask.objects.get(pk=job.pk).enabled
    changes = AdministrativeChange.objects.order_by("pk").values_list("changes", flat=True)
    assert list(changes) == [{"enabled": [True, False]}, {"enabled": [False, True]}]


def test_a_job_runs_now(browser: Client, job: PeriodicTask) -> None:
    entry = SystemLogEntry.objects.create(log_type="Error", title="old", log="", created="2001-01-01T00:00:00Z")
    act(browser, "run_now", job)
    assert not SystemLogEntry.objects.filter(pk=entry.pk).exists()


def test_a_job_of_another_version_is_refused(browser: Client, job: PeriodicTask) -> None:
    PeriodicTask.objects.filter(pk=job.pk).update(task="nothing.like.this")
    assert b"no such job" in act(browser, "run_now", job)


def test_a_job_that_no_broker_takes_is_refused_and_not_recorded(
    browser: Client, job: PeriodicTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = Connection("redis://127.0.0.1:1/0", connect_timeout=1)  # type: ignore[no-untyped-call]
    monkeypatch.setitem(current_app.conf.changes, "task_always_eager", False)
    monkeypatch.setitem(current_app.conf.changes, "task_publish_retry", False)
    monkeypatch.setattr(current_app.amqp, "_producer_pool", producers[nobody])
    page = act(browser, "run_now", job)
    assert b"The broker does not answer" in page
    assert not AdministrativeChange.objects.filter(object_id=str(job.pk)).exists()


def test_the_list_tells_how_the_last_run_ended(browser: Client, job: PeriodicTask) -> None:
    act(browser, "run_now", job)
    page = browser.get(JOBS).content.decode()
    assert "done: 0" in page
    remember(f"{JOB}{job.task}", now=timezone.now(), state=FAILED, seconds=2.5, result="OperationalError")
    page = browser.get(JOBS).content.decode()
    assert "failed: OperationalError" in page
    assert ">2.5<" in page
    report = examine(now=timezone.now(), names={"jobs"})
    assert [(line.level, line.finding.figure) for line in report.lines] == [(Level.WARNING, "purge the system log")]


@pytest.mark.parametrize(("hours", "level"), [(1, Level.OK), (3, Level.WARNING)])
def test_a_job_that_never_ends_is_named(job: PeriodicTask, hours: int, level: Level) -> None:
    now = timezone.now()
    remember(f"{JOB}{job.task}", now=now - timedelta(hours=hours), state=RUNNING)
    assert examine(now=now, names={"jobs"}).level is level

"""What the checks say, each with what it looks at in order and out of order."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import OperationalError, connection
from django.utils import timezone
from django_celery_beat.models import CrontabSchedule, PeriodicTask
from pytest_django import Settings

from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.health.checks import database
from helpdesk.health.checks.machine import present_commit
from helpdesk.health.jobs import compare_schema, report_health
from helpdesk.health.models import HealthNote
from helpdesk.health.registry import Finding, Level, failure, health_check, ok, unregister
from helpdesk.health.selectors import HealthReport, examine, is_trouble_known
from helpdesk.health.services import SCHEMA, cache_mark, record_backup, record_worker, remember
from helpdesk.legacy.indexes import LEGACY_INDEXES, LegacyIndex, create_index, create_sql
from helpdesk.legacy.models import Installation
from helpdesk.schedule import HEARTBEAT

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def findings(name: str, *, now: datetime | None = None) -> list[Finding]:
    """Make one check and give what it found."""
    report = examine(now=now or timezone.now(), names={name})
    return [line.finding for line in report.lines]


def levels(name: str, *, now: datetime | None = None) -> list[Level]:
    return [finding.level for finding in findings(name, now=now)]


@pytest.fixture
def beat(db: None) -> PeriodicTask:
    """The row by which beat remembers the job of every minute, handed out just now."""
    every_minute = CrontabSchedule.objects.create()
    return PeriodicTask.objects.create(name=HEARTBEAT, task="x", crontab=every_minute, last_run_at=timezone.now())


class TestRounds:
    @pytest.fixture
    def own_check(self) -> Iterator[list[Any]]:
        """A check that gives, or raises, what the test puts into the list."""
        outcome: list[Any] = []

        @health_check("own", "Our own")
        def examine_own(now: datetime) -> Any:
            if isinstance(outcome[0], Exception):
                raise outcome[0]
            return outcome

        yield outcome
        unregister("own")

    def test_a_check_may_find_several_things(self, own_check: list[Any]) -> None:
        own_check += [ok("One."), failure("Two.", "2", advice="Do.")]
        report = examine(now=timezone.now())
        assert [(line.title, line.finding.sentence) for line in report.lines[-2:]] == [
            ("Our own", "One."), ("Our own", "Two."),
        ]  # fmt: skip
        assert report.level is Level.FAILURE

    def test_a_check_that_raises_is_a_failure_and_the_others_go_on(self, own_check: list[Any]) -> None:
        own_check.append(RuntimeError("password=hidden"))
        (found,) = findings("own")
        assert (found.level, found.figure) == (Level.FAILURE, "RuntimeError")
        assert "hidden" not in str(examine(now=timezone.now()).as_json())
        assert levels("versions") == [Level.OK]

    def test_two_checks_of_one_name_are_a_mistake(self, own_check: list[Any]) -> None:
        with pytest.raises(ValueError, match="'own'"):
            health_check("own", "Again")(lambda now: ok("x"))

    def test_without_a_database_only_what_needs_none_is_checked(self) -> None:
        def refuse(execute: Any, sql: str, *rest: Any) -> None:
            raise OperationalError("could not connect to 10.0.0.5 as ostler")

        with connection.execute_wrapper(refuse):
            report = examine(now=timezone.now())
        by_name = {line.name: line for line in report.lines}
        assert by_name["database"].level is Level.FAILURE
        assert "broker" in by_name
        assert "worker" not in by_name
        assert "10.0.0.5" not in str(report.as_json())

    def test_a_report_for_machines(self) -> None:
        now = datetime(2026, 11, 21, 12, tzinfo=UTC)
        report = HealthReport(now, ())
        assert report.as_json() == {"at": "2026-11-21T12:00:00+00:00", "level": "ok", "checks": []}


class TestDatabase:
    def test_it_names_engine_and_version(self) -> None:
        (found,) = findings("database")
        assert found.level is Level.OK
        assert found.figure.split()[0] in {"SQLite", "MariaDB", "MySQL", "PostgreSQL"}
        assert found.figure.endswith(" ms")

    @pytest.mark.parametrize(
        ("milliseconds", "level"),
        [((300, 250, 90, 4, 60), Level.OK), ((21, 22, 21, 300, 25), Level.WARNING)],
        ids=["busy for a moment", "far away"],
    )
    def test_the_shortest_of_some_round_trips_is_the_distance_to_the_database(
        self, monkeypatch: pytest.MonkeyPatch, milliseconds: tuple[int, ...], level: Level
    ) -> None:
        moments = iter([moment for taken in milliseconds for moment in (0.0, taken / 1000)])
        monkeypatch.setattr(database, "time", SimpleNamespace(perf_counter=lambda: next(moments)))
        (found,) = findings("database")
        assert found.level is level
        assert found.figure.endswith(f", {min(milliseconds)}.0 ms")

    def test_the_zone_is_the_recorded_one(self) -> None:
        assert levels("time-zone") == [Level.OK]

    @pytest.mark.mysql
    def test_another_zone_than_the_recorded_one_is_warned_of(self) -> None:
        Installation.objects.update(database_time_zone="Europe/Riga")
        (found,) = findings("time-zone")
        assert (found.level, found.figure) == (Level.WARNING, "UTC, not Europe/Riga")

    def test_a_database_without_help_desk_is_a_failure(self) -> None:
        Installation.objects.all().delete()
        assert levels("time-zone") == [Level.FAILURE]

    def test_old_character_sets_are_named(self) -> None:
        assert findings("characters")[0].figure == ""
        Installation.objects.update(utf8mb3_tables=True)
        assert findings("characters")[0].figure == "utf8mb3"

    def test_missing_migrations_are_a_failure(self) -> None:
        assert levels("migrations") == [Level.OK]
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations WHERE app = 'hd_health'")
        (found,) = findings("migrations")
        assert found.level is Level.FAILURE
        assert found.figure.startswith("hd_health 0001_initial, hd_health 0002_leases")

    def test_tables_are_compared_once_and_then_at_night(self) -> None:
        assert levels("schema") == [Level.OK]
        compared = HealthNote.objects.get(name=SCHEMA)
        assert levels("schema", now=timezone.now() + timedelta(days=1)) == [Level.OK]
        assert HealthNote.objects.get(name=SCHEMA).at == compared.at
        assert levels("schema", now=timezone.now() + timedelta(days=4)) == [Level.WARNING]
        with time_machine.travel(timezone.now() + timedelta(days=4), tick=False):
            compare_schema()
            assert levels("schema") == [Level.OK]

    def test_tables_that_ostler_cannot_work_with_are_a_failure(self) -> None:
        example = "ost_ticket.number: column is missing"
        remember(SCHEMA, now=timezone.now(), breaking=1, tolerable=2, examples=[example])
        (found,) = findings("schema")
        assert found.level is Level.FAILURE
        assert found.figure.startswith("3 differences")
        assert example in found.advice

    def test_missing_indexes_are_named_with_the_way_out(self) -> None:
        assert levels("indexes") == [Level.OK]
        index = LEGACY_INDEXES[0]
        with connection.cursor() as cursor:
            table = f" ON {index.table_name}" if connection.vendor == "mysql" else ""
            cursor.execute(f"DROP INDEX {index.name}{table}")
        try:
            (found,) = findings("indexes")
        finally:
            if connection.vendor == "mysql":  # which rolls no change of a table back
                create_index(connection, index)
        assert (found.level, found.figure) == (Level.WARNING, f"1 missing: {index.name}")
        assert "legacy_indexes --apply" in found.advice

    def test_indexes_of_an_earlier_version_are_named_with_the_way_out(self) -> None:
        old = LegacyIndex("hd_ticket_once", "ticket", ("source", "created"), "")
        with connection.cursor() as cursor:
            cursor.execute(create_sql(connection, old))
        try:
            (found,) = findings("indexes")
        finally:
            table = f" ON {old.table_name}" if connection.vendor == "mysql" else ""
            with connection.cursor() as cursor:
                cursor.execute(f"DROP INDEX {old.name}{table}")
        assert (found.level, found.figure) == (Level.WARNING, "1 of an earlier version: hd_ticket_once")
        assert "legacy_indexes --apply" in found.advice

    @pytest.mark.parametrize(("ahead", "level"), [(0, Level.OK), (10, Level.WARNING), (100, Level.FAILURE)])
    def test_clocks_that_differ(self, ahead: int, level: Level) -> None:
        with time_machine.travel(datetime.now(UTC) + timedelta(seconds=ahead), tick=True):
            expected = Level.OK if connection.vendor == "sqlite" else level
            assert levels("clock") == [expected]


class TestProcesses:
    def test_a_help_desk_without_worker_and_beat(self) -> None:
        assert levels("worker") == [Level.FAILURE]
        assert levels("beat") == [Level.FAILURE]

    def test_the_job_of_every_minute_names_its_worker(self, beat: PeriodicTask) -> None:
        report_health.apply()
        (found,) = findings("worker")
        assert found.level is Level.OK
        assert found.figure.endswith("s ago")
        assert levels("beat") == [Level.OK]

    def test_silence_is_a_failure_after_three_minutes(self, beat: PeriodicTask) -> None:
        now = timezone.now()
        record_worker("celery@one", now=now)
        assert levels("worker", now=now + 2.9 * MINUTE) == [Level.OK]
        assert levels("beat", now=now + 2.9 * MINUTE) == [Level.OK]
        assert levels("worker", now=now + 3.1 * MINUTE) == [Level.FAILURE]
        assert levels("beat", now=now + 3.1 * MINUTE) == [Level.FAILURE]

    def test_several_workers_are_named_and_forgotten_after_an_hour(self) -> None:
        now = timezone.now()
        record_worker("celery@one", now=now - 58 * MINUTE)
        record_worker("celery@two", now=now - 10 * MINUTE)
        record_worker("celery@three", now=now)
        found = {finding.figure.split(",")[0]: finding.level for finding in findings("worker", now=now)}
        assert found == {"celery@one": Level.WARNING, "celery@two": Level.OK, "celery@three": Level.OK}
        record_worker("celery@three", now=now + 5 * MINUTE)
        names = {finding.figure.split(",")[0] for finding in findings("worker", now=now + 5 * MINUTE)}
        assert names == {"celery@two", "celery@three"}

    def test_a_start_is_given_time(self, beat: PeriodicTask) -> None:
        PeriodicTask.objects.update(last_run_at=None, date_changed=timezone.now())
        assert levels("worker") == [Level.WARNING]
        assert levels("beat") == [Level.OK]

    def test_the_directory_of_jobs_is_a_broker(self) -> None:
        (found,) = findings("broker")
        assert found.level is Level.OK
        assert found.figure == "filesystem, 0 waiting"

    def test_a_broker_that_does_not_answer(self, settings: Settings) -> None:
        settings.CELERY_BROKER_URL = "redis://:hidden-word@127.0.0.1:1/0"
        (found,) = findings("broker")
        assert found.level is Level.FAILURE
        assert "hidden-word" not in str(found)

    def test_a_worker_with_another_cache_is_a_failure(self) -> None:
        record_worker("celery@one", now=timezone.now())
        assert levels("cache") == [Level.OK]
        cache.set(cache_mark("celery@one"), "somebody else's")
        (found,) = findings("cache")
        assert (found.level, found.figure) == (Level.FAILURE, "celery@one")


class TestMachine:
    @pytest.mark.parametrize(
        ("free", "level"), [(50, Level.OK), (9, Level.WARNING), (2, Level.FAILURE), (0, Level.FAILURE)]
    )
    def test_room_on_the_disk(self, monkeypatch: pytest.MonkeyPatch, free: int, level: Level) -> None:
        usage = shutil._ntuple_diskusage(100 * 1024**3, (100 - free) * 1024**3, free * 1024**3)
        monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
        assert set(levels("disk")) == {level}

    def test_versions_are_named(self) -> None:
        (found,) = findings("versions")
        assert found.sentence.startswith("Ostler 0.")
        assert "Django 5.2" in found.figure

    def test_the_commit_of_a_checkout(self, tmp_path: Path) -> None:
        assert present_commit(tmp_path) == ""
        (tmp_path / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
        assert present_commit(tmp_path) == ""
        (tmp_path / "packed-refs").write_text("# pack\nabc123 refs/heads/main\n", encoding="utf-8")
        assert present_commit(tmp_path) == "abc123"
        (tmp_path / "refs/heads").mkdir(parents=True)
        (tmp_path / "refs/heads/main").write_text("def456\n", encoding="utf-8")
        assert present_commit(tmp_path) == "def456"
        (tmp_path / "HEAD").write_text("0123\n", encoding="utf-8")
        assert present_commit(tmp_path) == "0123"


class TestSettings:
    def test_a_well_known_secret_is_a_failure(self, settings: Settings) -> None:
        settings.SECRET_KEY = "change-me"
        assert Level.FAILURE in levels("settings")

    def test_plain_http_is_warned_of_unless_it_is_for_this_machine(self, settings: Settings) -> None:
        settings.HELPDESK_URL, settings.HOST = "http://127.0.0.1:8000/", "127.0.0.1"
        assert "security.W004" not in {finding.figure for finding in findings("settings")}
        settings.HELPDESK_URL = "http://desk.acme.test/"
        assert "security.W004" in {finding.figure for finding in findings("settings")}

    def test_the_last_backup(self) -> None:
        now = timezone.now()
        assert levels("backup") == [Level.WARNING]
        record_backup(now=now, rows=1234, size=5 * 1024**2, place="/srv/backup.zip")
        assert [(f.level, f.figure) for f in findings("backup", now=now)] == [(Level.OK, "5.0 MB, 1,234 rows, 0 s ago")]
        assert levels("backup", now=now + timedelta(days=2)) == [Level.WARNING]

    def test_errors_of_the_system_log(self) -> None:
        assert levels("system-log") == [Level.OK]
        log_system(LogLevel.ERROR, "Mail fetching failed", "…")
        (found,) = findings("system-log")
        assert (found.level, found.figure) == (Level.WARNING, "1")
        assert "Mail fetching failed" in found.advice
        assert levels("system-log", now=timezone.now() + timedelta(days=2)) == [Level.OK]


class TestTheMarkForAdministrators:
    def test_nothing_is_known_before_the_first_round(self) -> None:
        assert not is_trouble_known(now=timezone.now())

    def test_a_round_without_failure_is_no_trouble_until_it_is_old(
        self, beat: PeriodicTask, settings: Settings
    ) -> None:
        settings.SECRET_KEY = "W3lLQx0d7mVt9sKfZb2nHy5cRj8gUpAe4iXo6Tq1BvNzMwDkGh"
        settings.ALLOWED_HOSTS = ["desk.acme.test"]
        settings.SILENCED_SYSTEM_CHECKS = [*settings.SILENCED_SYSTEM_CHECKS, "hd_accounts.E003"]  # the tests' cache
        report_health.apply()
        now = timezone.now()
        assert [line for line in examine(now=now).lines if line.level is Level.FAILURE] == []
        assert not is_trouble_known(now=now)
        assert is_trouble_known(now=now + 3.1 * MINUTE)

    def test_a_failure_is_trouble(self) -> None:
        report_health.apply()  # beat is missing
        assert is_trouble_known(now=timezone.now())

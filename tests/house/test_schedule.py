"""The table of recurring jobs, and what beat makes of it."""

from typing import Any

import pytest
from celery.schedules import crontab
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler

from helpdesk.celery import app
from helpdesk.schedule import RECURRING_JOBS


@pytest.fixture(scope="module", autouse=True)
def _jobs_of_all_apps() -> None:
    app.loader.import_default_modules()


@pytest.mark.parametrize("entry", RECURRING_JOBS.values(), ids=RECURRING_JOBS.keys())
def test_every_entry_names_a_job_that_exists(entry: dict[str, Any]) -> None:
    assert entry["task"] in app.tasks


@pytest.mark.parametrize("entry", RECURRING_JOBS.values(), ids=RECURRING_JOBS.keys())
def test_no_entry_piles_up_while_there_is_no_worker(entry: dict[str, Any]) -> None:
    assert entry["options"]["expires"] > 0


@pytest.mark.django_db(transaction=True)
def test_beat_takes_over_the_table_and_nothing_else() -> None:
    DatabaseScheduler(app=app, lazy=False)
    rows = {row.name: row for row in PeriodicTask.objects.select_related("crontab", "interval")}
    assert set(rows) == set(RECURRING_JOBS)
    for name, entry in RECURRING_JOBS.items():
        assert rows[name].enabled
        assert rows[name].task == entry["task"]
        if isinstance(entry["schedule"], crontab):
            assert rows[name].schedule == entry["schedule"]

"""Recurring jobs of sign-in."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from helpdesk.accounts import jobs
from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.services import set_settings
from helpdesk.people.actor import Actor

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db
ALL_TOKENS = {"old", "new", "confirmation", "old confirmation"}


def make_sessions(*ages: timedelta) -> None:
    """Make sessions that expired this long before NOW (negative: that are still good)."""
    Session.objects.bulk_create(
        Session(session_key=f"key{number}", session_data="", expire_date=NOW - age) for number, age in enumerate(ages)
    )


def test_expired_sessions_are_deleted_and_others_kept() -> None:
    make_sessions(timedelta(days=3), timedelta(seconds=1), timedelta(0), timedelta(days=-1))
    assert jobs.delete_expired_sessions(now=NOW) == 2
    assert set(Session.objects.values_list("session_key", flat=True)) == {"key2", "key3"}


def test_a_second_sweep_finds_nothing() -> None:
    make_sessions(timedelta(days=1))
    jobs.delete_expired_sessions(now=NOW)
    assert jobs.delete_expired_sessions(now=NOW) == 0


def test_it_deletes_in_slices(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(jobs, "SLICE", 2)
    make_sessions(*[timedelta(days=1)] * 5)
    with django_assert_num_queries(3 * 2 + 1):
        assert jobs.delete_expired_sessions(now=NOW) == 5


def test_the_job_goes_by_the_clock() -> None:
    make_sessions(NOW - timezone.now() + timedelta(hours=1), NOW - timezone.now() - timedelta(hours=1))
    assert jobs.purge_expired_sessions.delay().get() == 1
    assert Session.objects.get().session_key == "key1"


@pytest.mark.parametrize(("minutes", "left"), [("30", {"new", "confirmation"}), ("0", ALL_TOKENS)])
def test_tokens_of_password_resets_are_deleted_after_their_time(minutes: str, left: set[str]) -> None:
    set_settings("core", {"pw_reset_window": minutes}, Actor.system())
    day = 24 * 60
    ages = {"old": ("1", 31), "new": ("1", 29), "confirmation": ("c1", 6 * day), "old confirmation": ("c2", 8 * day)}
    for key, (value, age) in ages.items():
        ConfigItem.objects.create(
            namespace="pwreset", key=key, value=value, updated=timezone.now() - timedelta(minutes=age)
        )
    jobs.purge_password_resets()
    assert set(ConfigItem.objects.filter(namespace="pwreset").values_list("key", flat=True)) == left

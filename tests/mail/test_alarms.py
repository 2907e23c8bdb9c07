"""An alarm is heard once a day, and not lost when it could not be written down."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import DatabaseError, transaction
from django.utils import timezone

from helpdesk.configuration.models import SystemLogEntry
from helpdesk.mail import alarms
from helpdesk.mail.alarms import raise_alarm


@pytest.fixture(autouse=True)
def _forget() -> None:
    cache.clear()


def raise_one() -> None:
    raise_alarm("Fire", "It burns.", key="fire", now=timezone.now())


def heard() -> int:
    return SystemLogEntry.objects.filter(title="Fire").count()


@pytest.mark.django_db
def test_it_is_heard_once() -> None:
    raise_one()
    raise_one()
    assert heard() == 1


@pytest.mark.django_db
def test_one_that_could_not_be_written_is_raised_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise DatabaseError("gone away")

    monkeypatch.setattr(alarms, "log_system", fail)
    with pytest.raises(DatabaseError):
        raise_one()
    monkeypatch.undo()
    raise_one()
    assert heard() == 1


@pytest.mark.django_db(transaction=True)
def test_one_that_was_rolled_back_is_raised_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarms, "CLAIMED", 0)
    with transaction.atomic():
        raise_one()
        transaction.set_rollback(True)
    raise_one()
    raise_one()
    assert heard() == 1

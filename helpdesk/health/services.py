"""What is remembered for the checks, and the regular round of them."""

import socket
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.utils.crypto import get_random_string

from helpdesk.health.models import HealthNote
from helpdesk.health.selectors import SUMMARY, WORKER, HealthReport, examine
from helpdesk.legacy.adoption.versions import read_osticket_version
from helpdesk.legacy.schema_check import Weight
from helpdesk.legacy.schema_introspection import check_schema

BACKUP = "backup"
SCHEMA = "schema"
FORGOTTEN_AFTER = timedelta(hours=1)
TOKEN_SECONDS = 600
NAMED_DIFFERENCES = 5


def remember(name: str, *, now: datetime, **details: Any) -> HealthNote:
    """Keep what happened last under a name, in place of what was there."""
    kept, _ = HealthNote.objects.update_or_create(name=name[:150], defaults={"at": now, "details": details})
    return kept


def record_worker(name: str, *, now: datetime) -> None:
    """Note that the worker ran a job, and leave it a mark in the cache that the other processes must see as well.

    Workers that were not heard of for an hour are forgotten: somebody has taken them away.
    """
    token = get_random_string(16)
    cache.set(cache_mark(name), token, TOKEN_SECONDS)
    remember(WORKER + name, now=now, token=token)
    HealthNote.objects.filter(name__startswith=WORKER, at__lt=now - FORGOTTEN_AFTER).delete()


def cache_mark(worker: str) -> str:
    """Give the key under which a worker leaves its mark in the cache."""
    return f"health.mark.{worker}".replace(" ", "_")


def this_machine() -> str:
    """Give the name of this machine."""
    return socket.gethostname()


def record_summary(*, now: datetime) -> HealthReport:
    """Make all checks and keep the outcome in the cache, for the mark on the pages of administrators."""
    report = examine(now=now)
    cache.set(SUMMARY, {"at": now, "failures": report.failures}, timeout=None)
    return report


def record_schema_comparison(*, now: datetime) -> HealthNote:
    """Compare osTicket's tables with what they should be and keep the outcome: on a busy MySQL it takes a while."""
    version = read_osticket_version(connection)
    report = check_schema(connection, osticket_version=version.name if version else "1.18")
    breaking = report.of(Weight.BREAKING)
    return remember(
        SCHEMA,
        now=now,
        breaking=len(breaking),
        tolerable=len(report.of(Weight.TOLERABLE)),
        examples=[f"{difference.place}: {difference.what}" for difference in breaking[:NAMED_DIFFERENCES]],
    )


def record_backup(*, now: datetime, rows: int, size: int, place: str) -> HealthNote:
    """Note a finished backup: its number of rows, its size in bytes, and the file."""
    return remember(BACKUP, now=now, rows=rows, size=size, place=place)

"""Doing something alone, whatever the engine and however many processes: a lease in the database.

A lease ends by itself when its holder dies. Whoever may take longer keeps it alive from a thread of its own. The clocks
of the machines must agree to about a minute.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.crypto import get_random_string

from helpdesk.health.models import Lease

SECONDS = 120
"""How long a lease lasts when nobody keeps it alive: so long others wait after a holder was killed."""
KEPT_ALIVE_EVERY = 30

logger = structlog.get_logger(__name__)


@contextmanager
def alone(name: str, *, seconds: int = SECONDS) -> Iterator[bool]:
    """Give True when nobody else has the lease of this name, and keep it until the block ends; else give False.

    It is kept alive meanwhile, however long that takes. Not for use inside a transaction: others would not see it.
    """
    holder = take(name, seconds=seconds)
    if holder is None:
        yield False
        return
    ended = threading.Event()
    keeper = threading.Thread(target=_keep_alive, args=(name, holder, seconds, ended), daemon=True)
    keeper.start()
    try:
        yield True
    finally:
        ended.set()
        keeper.join()
        release(name, holder)


def take(name: str, *, seconds: int = SECONDS) -> str | None:
    """Take a lease: gives the word by which it is extended and released, None while somebody else has it."""
    now, holder = timezone.now(), get_random_string(22)
    until = now + timedelta(seconds=seconds)
    if Lease.objects.filter(name=name, until__lte=now).update(holder=holder, taken=now, until=until):
        return holder
    Lease.objects.bulk_create([Lease(name=name, holder=holder, taken=now, until=until)], ignore_conflicts=True)
    return holder if Lease.objects.filter(name=name, holder=holder).exists() else None


def extend(name: str, holder: str, *, seconds: int = SECONDS) -> bool:
    """Keep a lease from now on for so long; False when somebody else has taken it meanwhile."""
    until = timezone.now() + timedelta(seconds=seconds)
    return bool(Lease.objects.filter(name=name, holder=holder).update(until=until))


def release(name: str, holder: str) -> None:
    """Let others have it at once."""
    Lease.objects.filter(name=name, holder=holder).delete()


def _keep_alive(name: str, holder: str, seconds: int, ended: threading.Event) -> None:
    while not ended.wait(min(KEPT_ALIVE_EVERY, seconds / 4)):
        try:
            if not extend(name, holder, seconds=seconds):
                logger.warning("lease_lost", name=name)
                return
        except DatabaseError as error:  # tried again soon; the lease lasts for several rounds
            logger.warning("lease_not_extended", name=name, error=type(error).__name__)
        finally:
            connection.close()

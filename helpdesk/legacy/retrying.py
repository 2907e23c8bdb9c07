"""Services run again when the database gave up their transaction for the sake of another one.

Two transactions that wait for each other end when the server breaks one of them off (a deadlock, a failed
serialization, a lock that was waited for too long). That is nobody's fault, and nothing of it has happened: it is tried
again.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import structlog
from django.db import OperationalError, connection

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 5
LONGEST_PAUSE_SECONDS = 0.05
"""Before the second attempt; each further pause is as much longer."""
MYSQL_CODES = frozenset({1205, 1213})
"""Lock wait timeout, deadlock."""
POSTGRESQL_STATES = frozenset({"40001", "40P01", "55P03"})
"""Serialization failure, deadlock, lock not available."""

logger = structlog.get_logger("database")


def retried(service: Callable[P, R]) -> Callable[P, R]:
    """Run the decorated service up to five times while its transaction is broken off in favour of another.

    For services that open their own transaction and read what they change anew inside it. Called within the transaction
    of another service they run once: what is broken off then is the whole, which only the outermost can repeat.
    """

    @functools.wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            return service(*args, **kwargs)
        for attempt in range(1, ATTEMPTS):
            try:
                return service(*args, **kwargs)
            except OperationalError as error:
                if not was_broken_off(error):
                    raise
                logger.info("transaction_repeated", service=service.__name__, attempt=attempt)
            time.sleep(random.uniform(0, LONGEST_PAUSE_SECONDS) * attempt)  # noqa: S311 -- no secret
        return service(*args, **kwargs)

    return run


def was_broken_off(error: OperationalError) -> bool:
    """Whether the database ended the transaction in favour of another one, so that it may be tried again."""
    if connection.vendor == "mysql":
        return bool(error.args) and error.args[0] in MYSQL_CODES
    return getattr(error.__cause__, "sqlstate", None) in POSTGRESQL_STATES

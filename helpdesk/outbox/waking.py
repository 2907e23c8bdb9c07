"""Telling a worker that there is something to deliver. What nobody heard of is found by the sweep of every minute."""

from __future__ import annotations

import time

import structlog
from django.conf import settings

logger = structlog.get_logger(__name__)

SECONDS_BETWEEN = 1.0
"""One process says it at most so often: the worker goes on until nothing is due."""
_last = 0.0


def wake_workers() -> None:
    """Ask a worker to deliver what is due; a broker that does not answer costs time, never an effect."""
    global _last
    if not settings.OUTBOX_WAKES_WORKERS or time.monotonic() - _last < SECONDS_BETWEEN:
        return
    _last = time.monotonic()
    from helpdesk.outbox.jobs import deliver_effects

    try:
        deliver_effects.apply_async(retry=False, countdown=0.2, expires=60)
    except Exception as error:  # noqa: BLE001 -- whatever the broker raises, the sweep finds the effect
        logger.warning("outbox_worker_not_woken", reason=type(error).__name__)

"""Recurring jobs of the directory."""

import structlog
from celery import shared_task
from django.conf import settings
from django.utils import timezone

from helpdesk.directory.services import imports

SECONDS_PER_RUN = 45.0
logger = structlog.get_logger(__name__)


@shared_task
def purge_imports() -> int:
    """Forget old imports of users; gives how many."""
    return imports.purge_imports(now=timezone.now())


@shared_task
def go_on_with_imports() -> int:
    """Go on with imports of users that are running; gives how many rows it read."""
    return imports.go_on_with_all(now=timezone.now(), seconds=SECONDS_PER_RUN)


def wake_importer() -> None:
    """Ask a worker to begin at once; without an answer the run of the next minute does."""
    if not settings.OUTBOX_WAKES_WORKERS:
        return
    try:
        go_on_with_imports.apply_async(retry=False, countdown=0.2, expires=60)
    except Exception as error:  # noqa: BLE001 -- whatever the broker raises, the run of the next minute goes on
        logger.warning("importer_not_woken", reason=type(error).__name__)

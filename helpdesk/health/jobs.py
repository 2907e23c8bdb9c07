"""The regular rounds: every minute whether all is well, every night whether the tables are what they should be."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from helpdesk.health.services import record_schema_comparison, record_summary, record_worker, this_machine


@shared_task(bind=True)
def report_health(self: Any) -> None:
    """Say that this worker lives, then make all checks for the mark on the pages of administrators."""
    now = timezone.now()
    record_worker(self.request.hostname or this_machine(), now=now)
    record_summary(now=now)


@shared_task
def compare_schema() -> None:
    """Compare osTicket's tables with what they should be."""
    record_schema_comparison(now=timezone.now())

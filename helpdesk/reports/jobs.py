"""Recurring jobs of the statistics."""

from celery import shared_task
from django.utils import timezone

from helpdesk.reports import counting


@shared_task
def count_days() -> int:
    """Keep the counts of days that are over in step with what happened; gives how many days it counted."""
    return counting.count_days(now=timezone.now())

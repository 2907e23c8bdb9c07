"""Recurring jobs of texts that osTicket's tables cannot hold."""

from celery import shared_task

from helpdesk.legacy.originals import put_back, sweep


@shared_task
def tidy_originals() -> int:
    """Put originals back that need no side table any more, remove idle ones; gives the number of those touched."""
    return sum(put_back().values()) + sweep()

"""Recurring jobs of files."""

from celery import shared_task
from django.utils import timezone

from helpdesk.files import orphans


@shared_task
def delete_orphaned_files() -> int:
    """Delete files that nothing refers to, and content that no file has; gives how many there were."""
    now = timezone.now()
    return orphans.delete_orphans(now=now) + orphans.delete_strays(now=now)

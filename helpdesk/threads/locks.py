"""What becomes of locks that nobody released (osticket/jobs.md §4.3)."""

from __future__ import annotations

from datetime import datetime

from helpdesk.threads.models import Lock

PURGE_SLICE = 500


def purge_locks(*, now: datetime) -> int:
    """Delete the locks that have expired, in slices; gives how many there were."""
    expired = Lock.objects.filter(expire__lt=now).order_by("pk")
    deleted = 0
    while ids := list(expired.values_list("pk", flat=True)[:PURGE_SLICE]):
        deleted += Lock.objects.filter(pk__in=ids, expire__lt=now).delete()[0]
    return deleted

"""Recurring jobs of threads."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from helpdesk.threads import drafts, following, locks, mails

SLICES_PER_RUN = 50


@shared_task
def purge_drafts() -> int:
    """Delete drafts that nobody has written on for two weeks; gives how many there were."""
    return drafts.purge_drafts(now=timezone.now())


@shared_task
def purge_locks() -> int:
    """Delete locks that have expired; gives how many there were."""
    return locks.purge_locks(now=timezone.now())


@shared_task
def purge_received_mails() -> int:
    """Forget which mails were taken long ago, and originals that are kept no longer; gives how many there were."""
    days = settings.MAIL_ORIGINALS_DAYS
    return mails.purge_received_mails(now=timezone.now(), originals=timedelta(days=days) if days else None)


@shared_task
def follow_php() -> int:
    """Raise our signals for what osTicket wrote beside us; gives how many rows it handed over."""
    return following.follow(now=timezone.now(), slices=SLICES_PER_RUN)

"""Jobs of the outbox."""

from celery import shared_task
from django.utils import timezone

from helpdesk.outbox.delivery import deliver_due, purge_finished

MOST_PER_RUN = 2000


@shared_task
def deliver_effects() -> int:
    """Deliver what is due; gives how many."""
    return deliver_due(most=MOST_PER_RUN).delivered


@shared_task
def purge_effects() -> int:
    """Forget what was delivered long ago; gives how many."""
    return purge_finished(now=timezone.now())

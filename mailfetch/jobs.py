"""Jobs of incoming mail."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from helpdesk.mail.models import EmailAccount
from mailfetch import quarantine
from mailfetch.fetching import Pace, fetch_mailbox
from mailfetch.rounds import fetch_due


@shared_task
def fetch_mail() -> str:
    """Fetch the mailboxes that are due; gives what it came to."""
    return str(fetch_due())


@shared_task
def fetch_one(account_id: int) -> int:
    """Fetch one mailbox now, due or not; gives how many mails came."""
    account = EmailAccount.objects.select_related("email").filter(pk=account_id, type="mailbox", active=True).first()
    if account is None:
        return 0
    return fetch_mailbox(account, pace=Pace(seconds=settings.MAIL_FETCH_SECONDS)).total


@shared_task
def purge_incoming_mail() -> int:
    """Delete mails set aside about which was decided long ago; gives how many."""
    return quarantine.purge(now=timezone.now())

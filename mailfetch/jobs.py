"""Jobs of incoming mail."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from helpdesk.mail.models import EmailAccount
from mailfetch import posting, quarantine
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
    """Delete mails set aside about which was decided long ago, and Message-IDs of earlier days; gives how many."""
    now = timezone.now()
    return quarantine.purge(now=now) + posting.forget_arrivals(now=now)

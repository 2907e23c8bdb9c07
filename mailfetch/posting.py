"""Posting a mail that came in, whichever way; of two that are the same, the second waits until it sees the first."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from django.db import transaction

from helpdesk.legacy.retrying import retried
from helpdesk.mail.incoming import IncomingMail, read_mail_as_set_up
from helpdesk.people.actor import Actor
from mailfetch.models import MailArrival
from tickets.registries import MailPlace
from tickets.services.incoming_mail import receive_mail

ACTOR_NAME = "mail"
KEPT = timedelta(days=2)


def post(raw: bytes) -> MailPlace:
    """Post a mail and give its ticket or task. Raises DomainError, among them PermissionRefused for who is denied."""
    return _post(read_mail_as_set_up(raw))


@retried
def _post(mail: IncomingMail) -> MailPlace:
    with transaction.atomic():
        return post_in_turn(mail)


def post_in_turn(mail: IncomingMail, *, keep_denied: bool = False) -> MailPlace:
    """Do what `receive_mail` does, in the running transaction, when nobody else is taking the same mail.

    A mail to several addresses lies in several mailboxes. Whoever comes second waits here for the end of the first
    one's transaction, and then sees that the mail is there.
    """
    digest = hashlib.sha256(mail.message_id.encode("utf-8", "surrogatepass")).hexdigest()
    MailArrival.objects.bulk_create([MailArrival(digest=digest)], ignore_conflicts=True)
    return receive_mail(mail, actor=Actor.system(ACTOR_NAME), keep_denied=keep_denied)


def forget_arrivals(*, now: datetime) -> int:
    """Forget the Message-IDs that no two workers can be taking at once any more; gives how many."""
    return MailArrival.objects.filter(at__lt=now - KEPT).delete()[0]

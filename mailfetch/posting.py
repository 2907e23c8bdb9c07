"""Posting a mail that came in, from a mailbox, by LMTP or from the quarantine."""

from __future__ import annotations

from django.db import transaction

from helpdesk.configuration.services import log_lines_kept
from helpdesk.legacy.retrying import retried
from helpdesk.mail.incoming import IncomingMail, read_mail_as_set_up
from helpdesk.people.actor import Actor
from tickets.registries import MailPlace
from tickets.services.incoming_mail import receive_mail

ACTOR_NAME = "mail"


def post(raw: bytes) -> MailPlace:
    """Post a mail and give its ticket or task. Raises DomainError, among them PermissionRefused for who is denied.

    What the system log says of a mail that is refused stays there.
    """
    mail = read_mail_as_set_up(raw)
    with log_lines_kept():
        return _post(mail)


@retried
def _post(mail: IncomingMail) -> MailPlace:
    with transaction.atomic():
        return post_in_turn(mail)


def post_in_turn(mail: IncomingMail, *, keep_denied: bool = False) -> MailPlace:
    """Do what `receive_mail` does, in the running transaction.

    A mail to several addresses lies in several mailboxes. Of two workers that take it at the same moment the second
    one waits at the unique row of the mail (`helpdesk.threads.mails`) for the end of the first one's transaction; then
    it gives up what it has written and finds the mail where it is.
    """
    return receive_mail(mail, actor=Actor.system(ACTOR_NAME), keep_denied=keep_denied)

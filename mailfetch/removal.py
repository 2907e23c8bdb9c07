"""What becomes of what is known of a mailbox when its account is deleted, or leads to another mailbox."""

from __future__ import annotations

from mailfetch.models import KnownMail, Mailbox


def forget_mailbox(account_id: int) -> None:
    """Forget how far the mailbox of an account was fetched: the account is gone. What was set aside stays."""
    KnownMail.objects.filter(account_id=account_id).delete()
    Mailbox.objects.filter(pk=account_id).delete()


def begin_anew(account_id: int) -> None:
    """Take the mailbox of an account for one that was never visited: its server or user is another one."""
    KnownMail.objects.filter(account_id=account_id).delete()
    Mailbox.objects.filter(pk=account_id).update(
        folder="", validity=0, last_uid=0, history_until=0, history_since=None, last_success=None, waiting=None
    )

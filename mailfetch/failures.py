"""What becomes of a mailbox that fails: pauses that grow, an alarm, an end; and of one that works again.

osTicket means to do the first two, but forgets its counter at every start (osticket/mail.md §2.4).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from helpdesk import configuration
from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.legacy.text_fields import cut_to_column
from helpdesk.mail.models import EmailAccount
from helpdesk.mail.outgoing import NewMail, Recipient, RecipientKind, queue_mails
from mailfetch.models import Mailbox
from mailfetch.servers.opening import host_info

ALARM_AFTER = 5
"""Failures in a row; osTicket's number."""
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
_log = structlog.get_logger("mail")


def pause_after(failures: int) -> timedelta:
    """Give how long a mailbox rests after so many failures in a row: doubling, at most an hour."""
    pause: timedelta = SHORTEST_PAUSE * 2 ** min(max(failures - 1, 0), 10)
    return min(pause, LONGEST_PAUSE)


def note_success(account: EmailAccount, *, now: datetime) -> None:
    """Forget the failures of a mailbox, in osTicket's columns as well."""
    Mailbox.objects.filter(pk=account.pk).update(
        last_success=now, failures=0, failing_since=None, next_try=None, stopped=None
    )
    EmailAccount.objects.filter(pk=account.pk).update(num_errors=0, last_error=None, last_error_msg=None)


def note_failure(account: EmailAccount, words: str, *, now: datetime) -> None:
    """Note that a mailbox failed, where osTicket notes it too; tell the administrator when that goes on."""
    mailbox = Mailbox.objects.get_or_create(pk=account.pk)[0]
    mailbox.failures += 1
    mailbox.failing_since = mailbox.failing_since or now
    mailbox.last_error, mailbox.last_error_at = words[:500], now
    mailbox.next_try = now + pause_after(mailbox.failures)
    is_end = _is_over(mailbox, now)
    if is_end:
        mailbox.stopped = now
    mailbox.save(update_fields=["failures", "failing_since", "last_error", "last_error_at", "next_try", "stopped"])
    EmailAccount.objects.filter(pk=account.pk).update(
        num_errors=mailbox.failures,
        last_error=now,
        last_error_msg=cut_to_column(EmailAccount, "last_error_msg", words),
    )
    _log.warning("mailbox.failed", account_id=account.pk, failures=mailbox.failures, reason=words)
    if mailbox.failures == ALARM_AFTER or is_end:
        _alarm(account, mailbox, words, now)


def resume(account_id: int) -> bool:
    """Let a mailbox be fetched again at once, as if it had never failed; gives whether there is one."""
    rows = EmailAccount.objects.filter(pk=account_id)
    rows.update(num_errors=0, last_error=None, last_error_msg=None, last_activity=None)
    mailboxes = Mailbox.objects.filter(pk=account_id)
    return bool(mailboxes.update(stopped=None, failures=0, failing_since=None, next_try=None))


def _is_over(mailbox: Mailbox, now: datetime) -> bool:
    most, days = settings.MAIL_FETCH_STOP_FAILURES, settings.MAIL_FETCH_STOP_DAYS
    since = mailbox.failing_since or now
    return bool((most and mailbox.failures >= most) or (days and now - since >= timedelta(days=days)))


def _alarm(account: EmailAccount, mailbox: Mailbox, words: str, now: datetime) -> None:
    """Write a line of the system log and a mail to the administrator, as osTicket means to (mail.md §2.4)."""
    title = "Mail Fetch Failure Alert"
    lines = [
        _("Mail cannot be fetched for %(address)s.") % {"address": account.email.email},
        _("Mailbox: %(host)s") % {"host": host_info(account)},
        _("Error: %(error)s") % {"error": words},
        _("Failures in a row: %(count)d, since %(since)s UTC")
        % {"count": mailbox.failures, "since": f"{mailbox.failing_since:%Y-%m-%d %H:%M}"},
        _("It is not tried any more until you resume it under Administration, Mailboxes.")
        if mailbox.stopped
        else _("It is tried again by itself."),
    ]
    text = "\n".join(lines)
    log_system(LogLevel.ERROR, title, text)
    address = configuration.current().text("admin_email")
    if address:
        key = f"mail fetch alert {account.pk} {mailbox.failures} {mailbox.failing_since:%Y%m%d%H%M%S}"
        mail = NewMail(to=[Recipient(RecipientKind.ADDRESS, address)], key=key, subject=title, text=text + "\n")
        queue_mails([mail], object_type="", object_id=0, now=now)

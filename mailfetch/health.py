"""What the health page says of incoming mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from helpdesk.health.registry import Finding, failure, health_check, ok, warning
from mailfetch.failures import ALARM_AFTER
from mailfetch.models import QuarantinedMail
from mailfetch.selectors import MailboxReport, is_polling, mailbox_reports

TOKEN_MARGIN = timedelta(days=1)
PLACE = "Look at /admin/ under Mailboxes."
MAILBOXES, QUARANTINE = "admin:mailboxes", "admin:hd_mailfetch_quarantinedmail_changelist"
ADDRESSES = "admin:hd_mail_emailaddress_changelist"


@health_check("mailboxes", "Incoming mail")
def incoming_mail(now: datetime) -> Iterator[Finding]:
    """Name mailboxes that fail or were stopped, and mails that wait for a decision."""
    reports = mailbox_reports()
    findings = [finding for report in reports for finding in _mailbox(report)]
    if reports and not is_polling():
        findings.append(
            warning(
                "Mailboxes are set up, but fetching is switched off.",
                f"{len(reports)}",
                advice="Switch “Fetch mail” on under Settings, E-mail, or take the accounts out of use.",
                page="admin:settings email",
            )
        )
    kept = QuarantinedMail.objects.filter(state=QuarantinedMail.State.KEPT).count()
    if kept:
        findings.append(
            warning(
                "Mails that could not be used were set aside.",
                f"{kept}",
                advice="Decide about them at /admin/ under Mails set aside.",
                page=QUARANTINE,
            )
        )
    yield from findings or [ok("Mail comes in.", f"{len(reports)} mailboxes")]


def _mailbox(report: MailboxReport) -> Iterator[Finding]:
    address, mailbox = report.account.email.email, report.mailbox
    if report.credentials_problem:
        advice = "Save the account with its password again."
        yield failure(f"{address}: {report.credentials_problem}", advice=advice, page=ADDRESSES)
    if mailbox.stopped is not None:
        advice = f"{PLACE} Resume it there."
        yield failure(f"{address} is not fetched any more: {mailbox.last_error}", advice=advice, page=MAILBOXES)
    elif mailbox.failures:
        say = failure if mailbox.failures >= ALARM_AFTER else warning
        sentence = f"{address} cannot be fetched: {mailbox.last_error}"
        yield say(sentence, f"{mailbox.failures} times", advice=PLACE, page=MAILBOXES)

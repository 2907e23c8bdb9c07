"""Which mailboxes there are, which are due, and how they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, Q

from helpdesk.configuration.selectors import current
from helpdesk.legacy.errors import DomainError
from helpdesk.legacy.mail_credentials import OAuthCredentials
from helpdesk.mail.models import EmailAccount
from helpdesk.mail.transport import credentials_of
from mailfetch.models import Mailbox, QuarantinedMail
from mailfetch.servers.opening import host_info

MOST_ERRORS = 5
REST = timedelta(minutes=10)
"""After more errors than that osTicket leaves a mailbox alone for so long (osticket/mail.md §2.1)."""

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class MailboxReport:
    """A mailbox for people: the account, how far its fetching is, and what waits for a decision."""

    account: EmailAccount
    mailbox: Mailbox
    quarantined: int
    token_expires: datetime | None
    credentials_problem: str
    next_try: datetime | None

    @property
    def host(self) -> str:
        """Give where it is."""
        return host_info(self.account)

    @property
    def is_running(self) -> bool:
        """Whether somebody fetches it at this moment."""
        return bool(self.mailbox.holder)

    @property
    def is_untried(self) -> bool:
        """Whether nobody knows if it works: it was not fetched yet, or not since it was resumed after failures."""
        success, error = self.mailbox.last_success, self.mailbox.last_error_at
        return not self.mailbox.failures and (success is None or (error is not None and error > success))


def is_polling() -> bool:
    """Whether mail is fetched at all (osTicket's `enable_mail_polling`)."""
    return current().boolean("enable_mail_polling")


def mailbox_accounts() -> list[EmailAccount]:
    """Give all mailboxes that are in use, the one that was fetched longest ago first."""
    accounts = EmailAccount.objects.filter(type="mailbox", active=True, protocol__in=["IMAP", "POP"])
    return sorted(accounts.select_related("email"), key=lambda one: one.last_activity or AT_ONCE)


def due_accounts(*, now: datetime) -> list[EmailAccount]:
    """Give the mailboxes whose time has come (osticket/mail.md §2.1), and that do not rest after failures."""
    accounts = mailbox_accounts()
    mailboxes = Mailbox.objects.in_bulk([one.pk for one in accounts])
    return [one for one in accounts if is_due(one, mailboxes.get(one.pk), now=now)]


def is_due(account: EmailAccount, mailbox: Mailbox | None, *, now: datetime) -> bool:
    """Whether a mailbox is to be fetched now."""
    if mailbox is not None and mailbox.lease is not None and mailbox.lease > now:
        return False
    due = next_try(account, mailbox)
    return due is not None and due <= now


def next_try(account: EmailAccount, mailbox: Mailbox | None) -> datetime | None:
    """Give when a mailbox is to be fetched next, None for one that is stopped.

    An account that was just saved, here or in osTicket, has neither activity nor errors: that ends every rest.
    """
    if account.last_activity is None and not account.num_errors:
        return AT_ONCE
    if mailbox is not None and mailbox.stopped is not None:
        return None
    times = [AT_ONCE]
    if account.last_activity is not None:
        times.append(account.last_activity + timedelta(minutes=account.fetchfreq))
    if mailbox is not None and mailbox.next_try is not None:
        times.append(mailbox.next_try)
    if account.num_errors > MOST_ERRORS and account.last_error is not None and mailbox is None:
        times.append(account.last_error + REST)
    return max(times)


def mailbox_reports(accounts: Iterable[EmailAccount] | None = None) -> list[MailboxReport]:
    """Give how all mailboxes are; three statements, and one for each account's credentials."""
    accounts = mailbox_accounts() if accounts is None else list(accounts)
    ids = [one.pk for one in accounts]
    mailboxes = Mailbox.objects.in_bulk(ids)
    kept = Q(state=QuarantinedMail.State.KEPT, account_id__in=ids)
    counts = QuarantinedMail.objects.filter(kept).values_list("account_id").annotate(count=Count("pk")).order_by()
    quarantined = dict(counts)
    reports = []
    for account in accounts:
        mailbox = mailboxes.get(account.pk) or Mailbox(account_id=account.pk)
        expires, problem = _credentials(account)
        due = next_try(account, mailboxes.get(account.pk))
        reports.append(MailboxReport(account, mailbox, quarantined.get(account.pk, 0), expires, problem, due))
    return sorted(reports, key=lambda one: str(one.account.email.email).lower())


def _credentials(account: EmailAccount) -> tuple[datetime | None, str]:
    try:
        credentials = credentials_of(account)
    except DomainError as error:
        return None, str(error)
    if isinstance(credentials, OAuthCredentials) and credentials.expires:
        return datetime.fromtimestamp(credentials.expires, tz=UTC), ""
    return None, ""

"""Fetching all mailboxes that are due, some of them at the same time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from helpdesk.mail.models import EmailAccount
from mailfetch.fetching import Fetched, Pace, fetch_mailbox
from mailfetch.selectors import due_accounts, is_polling

_log = structlog.get_logger("mail")


@dataclass(frozen=True)
class Round:
    """What a round came to: mails, and mailboxes that failed."""

    mailboxes: int = 0
    mails: int = 0
    failed: int = 0

    def __str__(self) -> str:
        return f"{self.mails} mails from {self.mailboxes} mailboxes, {self.failed} failed"


def fetch_due(*, pace: Pace | None = None) -> Round:
    """Fetch the mailboxes that are due, unless fetching is switched off (`enable_mail_polling`)."""
    if not is_polling():
        return Round()
    pace = pace or Pace(seconds=settings.MAIL_FETCH_SECONDS)
    return fetch_all(due_accounts(now=timezone.now()), pace_of=lambda _account: pace)


def fetch_all(accounts: Sequence[EmailAccount], *, pace_of: Callable[[EmailAccount], Pace]) -> Round:
    """Fetch these mailboxes, at most `MAIL_FETCH_PARALLEL` at once: one that hangs holds up no other."""
    at_once = min(settings.MAIL_FETCH_PARALLEL, len(accounts))
    if at_once <= 1:
        results = [_fetch(account, pace_of(account)) for account in accounts]
    else:
        with ThreadPoolExecutor(at_once, thread_name_prefix="fetch") as pool:
            runs = [pool.submit(_fetch_apart, account, pace_of(account)) for account in accounts]
            results = [run.result() for run in runs]
    return Round(
        mailboxes=len(results),
        mails=sum(one.total for one in results),
        failed=sum(bool(one.failure) for one in results),
    )


def _fetch_apart(account: EmailAccount, pace: Pace) -> Fetched:
    """Fetch in a thread, which has a connection to the database of its own."""
    try:
        return _fetch(account, pace)
    finally:
        connections.close_all()


def _fetch(account: EmailAccount, pace: Pace) -> Fetched:
    """Fetch one mailbox; what nobody foresaw concerns this one alone."""
    try:
        return fetch_mailbox(account, pace=pace)
    except Exception as error:
        _log.exception("mailbox.broke", account_id=account.pk)
        if connection.in_atomic_block:
            raise
        return Fetched(failure=f"{type(error).__name__}: {error}")

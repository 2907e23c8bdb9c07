"""`manage.py fetchmail`: fetch mailboxes now, with progress; or keep watching those that can tell of new mail."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from helpdesk.mail.models import EmailAccount
from mailfetch.fetching import Pace
from mailfetch.rounds import fetch_all
from mailfetch.selectors import MailboxReport, due_accounts, is_polling, mailbox_accounts, mailbox_reports


class Command(BaseCommand):
    """Fetch mail."""

    help = "Fetch the mailboxes that are due, or some of them whether due or not; Ctrl-C ends after the mail in hand."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to fetch, and how."""
        parser.add_argument("--mailbox", action="append", metavar="ADDRESS", help="only that of this address, now")
        parser.add_argument("--all", action="store_true", help="all mailboxes, due or not")
        parser.add_argument("--list", action="store_true", help="say how the mailboxes are, and fetch nothing")
        parser.add_argument("--idle", action="store_true", help="run until stopped; fetch as soon as a server says so")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; the exit status is 1 when a mailbox failed."""
        if options["list"]:
            self._list()
            return
        stop = threading.Event()
        handlers = {number: signal.signal(number, _setting(stop)) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            if options["idle"]:
                self._watch(stop)
            else:
                self._fetch(options, stop)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def _list(self) -> None:
        for report in mailbox_reports():
            self.stdout.write(f"{report.account.email.email}   {report.host}   {_state(report)}")

    def _fetch(self, options: dict[str, Any], stop: threading.Event) -> None:
        accounts = self._wanted(options)
        failed: dict[str, str] = {}

        def pace_of(account: EmailAccount) -> Pace:
            def tell(taken: int, waiting: int) -> None:
                self.stdout.write(f"{account.email.email}: {taken} taken, {waiting} waiting")
                self.stdout.flush()

            return Pace(is_over=stop.is_set, tell=tell)

        done = fetch_all(accounts, pace_of=pace_of)
        self.stdout.write(f"{done}.")
        for report in mailbox_reports(accounts):
            if report.mailbox.failures:
                failed[str(report.account.email.email)] = str(report.mailbox.last_error)
        if failed:
            raise CommandError("\n".join(f"{address}: {error}" for address, error in failed.items()))

    def _wanted(self, options: dict[str, Any]) -> list[EmailAccount]:
        accounts = mailbox_accounts()
        if options["mailbox"]:
            wanted = {one.lower() for one in options["mailbox"]}
            chosen = [one for one in accounts if str(one.email.email).lower() in wanted]
            if missing := wanted - {str(one.email.email).lower() for one in chosen}:
                raise CommandError(f"No active mailbox: {', '.join(sorted(missing))}. See fetchmail --list.")
            return chosen
        if options["all"]:
            return accounts
        if not is_polling():
            raise CommandError("Fetching is switched off (enable_mail_polling). Name a --mailbox, or switch it on.")
        return due_accounts(now=timezone.now())

    def _watch(self, stop: threading.Event) -> None:
        from mailfetch.idling import watch_mailboxes

        watch_mailboxes(stop, seconds=settings.MAIL_FETCH_SECONDS)


def _setting(stop: threading.Event) -> Any:
    def handler(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    return handler


def _state(report: MailboxReport) -> str:
    mailbox = report.mailbox
    words = [f"{mailbox.taken} taken", f"{report.quarantined} set aside"]
    if mailbox.last_success:
        words.append(f"last success {mailbox.last_success:%Y-%m-%d %H:%M} UTC")
    if mailbox.failures:
        words.append(f"{mailbox.failures} failures: {mailbox.last_error}")
    if mailbox.stopped:
        words.append(f"stopped since {mailbox.stopped:%Y-%m-%d %H:%M} UTC")
    return ", ".join(words)

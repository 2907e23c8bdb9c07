"""Watching mailboxes whose servers tell of new mail (IMAP IDLE): it is fetched within a second or two.

One thread and one connection for each mailbox. A server that does not offer it, or does not answer, is left to the
regular round of every minute, which counts its failures; here it is only asked again later.
"""

from __future__ import annotations

import threading
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections

from helpdesk.mail.models import EmailAccount
from mailfetch.failures import pause_after
from mailfetch.fetching import Pace, fetch_mailbox
from mailfetch.models import Mailbox
from mailfetch.selectors import is_polling, mailbox_accounts
from mailfetch.servers import MailboxFailed, current_access_token, open_session
from mailfetch.servers.imap import ImapSession

LOOK_SECONDS = 30
"""How often it is looked whether there are other mailboxes to watch."""
IDLE_SECONDS = 9 * 60
"""Servers may end a session that idles for longer than half an hour, and some routers sooner."""
_log = structlog.get_logger("mail")


def watch_mailboxes(stop: threading.Event, *, seconds: float) -> None:
    """Watch all IMAP mailboxes until told to stop; a run of fetching takes at most `seconds`."""
    watchers: dict[int, _Watcher] = {}
    while not stop.is_set():
        wanted = _watched()
        for pk, watcher in list(watchers.items()):
            if pk not in wanted or wanted[pk] != watcher.account_version:
                watcher.end()
                del watchers[pk]
        for pk, version in wanted.items():
            if pk not in watchers:
                watchers[pk] = _Watcher(pk, version, seconds)
                watchers[pk].start()
        stop.wait(LOOK_SECONDS)
    for watcher in watchers.values():
        watcher.stop.set()
    for watcher in watchers.values():
        watcher.join(IDLE_SECONDS)


def _watched() -> dict[int, object]:
    """Give what is to be watched: ids of accounts, each with what changes when it is saved."""
    close_old_connections()
    try:
        if not is_polling():
            return {}
        stopped = set(Mailbox.objects.exclude(stopped=None).values_list("pk", flat=True))
        return {one.pk: one.updated for one in mailbox_accounts() if one.protocol == "IMAP" and one.pk not in stopped}
    except DatabaseError:
        _log.exception("mail.watching_failed")
        return {}


class _Watcher(threading.Thread):
    """Watches one mailbox."""

    def __init__(self, account_id: int, account_version: object, seconds: float) -> None:
        super().__init__(name=f"idle-{account_id}", daemon=True)
        self.account_id, self.account_version, self.seconds = account_id, account_version, seconds
        self.stop = threading.Event()
        self.failures = 0

    def end(self) -> None:
        """Stop as soon as possible, without waiting for it."""
        self.stop.set()

    def run(self) -> None:
        """Watch until told to stop."""
        try:
            while not self.stop.is_set():
                try:
                    self._watch()
                    self.failures = 0
                except (MailboxFailed, DatabaseError) as error:
                    self._rest(error)
        finally:
            connections.close_all()

    def _rest(self, error: Exception) -> None:
        self.failures += 1
        pause: timedelta = pause_after(self.failures)
        _log.info("mailbox.not_watched", account_id=self.account_id, reason=str(error), seconds=pause.total_seconds())
        self.stop.wait(pause.total_seconds())

    def _watch(self) -> None:
        """Fetch what came in the meantime, then idle, over and over, on one connection."""
        close_old_connections()
        account = EmailAccount.objects.select_related("email").filter(pk=self.account_id, active=True).first()
        if account is None:
            self.stop.set()
            return
        session = open_session(account, largest=settings.MAIL_LARGEST, access_token=current_access_token)
        try:
            if not isinstance(session, ImapSession):
                self.stop.set()
                return
            while not self.stop.is_set():
                if session.has_news(after=_last_uid(self.account_id)):
                    self._fetch()
                session.wait_for_news(IDLE_SECONDS, is_over=self.stop.is_set)
        finally:
            session.drop()

    def _fetch(self) -> None:
        close_old_connections()
        account = EmailAccount.objects.select_related("email").get(pk=self.account_id)
        result = fetch_mailbox(account, pace=Pace(seconds=self.seconds, is_over=self.stop.is_set))
        if result.failure:
            raise MailboxFailed(result.failure)


def _last_uid(account_id: int) -> int:
    return Mailbox.objects.filter(pk=account_id).values_list("last_uid", flat=True).first() or 0

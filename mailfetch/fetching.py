"""Fetching a mailbox: what waits is taken mail by mail, and only what is committed is flagged, moved or deleted.

Mails are known by UID, not by what was read or by their number (osTicket goes by number, and passes over old mails
when many wait; osticket/mail.md §2.3). Their sizes are asked first, so that no more than a few megabytes, or one mail,
are in memory. `fetchmax` of the account is the size of a batch: between two batches the claim is renewed, PHP is told
that somebody is at work, and the time is looked at.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.mail.models import EmailAccount
from mailfetch import failures
from mailfetch.claims import Claim, ClaimLost, claim, release, show_activity
from mailfetch.models import KnownMail, Mailbox
from mailfetch.places import Place
from mailfetch.servers import (
    AccessToken,
    ArchiveFailed,
    Listed,
    MailboxFailed,
    MailRefused,
    Session,
    current_access_token,
    open_session,
)
from mailfetch.servers.opening import INBOX
from mailfetch.taking import Reason, Visit, begin_attempt, set_aside, take

State = KnownMail.State
Answer = TypeVar("Answer")
USUAL_BATCH = 30
GROUP_BYTES = 4 * 1024 * 1024
GROUP_MAILS = 100
BEGINNING_BYTES = 64 * 1024
CAREFUL_MAILS = 5
"""After a run that died, so many mails are taken one by one, each counted before it is looked at."""
PATIENT_ROUNDS = 3
"""Rounds in a row that may fail before a mail is set aside that was kept back while no other came: a server in
trouble refuses all of them."""
HISTORY_MARGIN = timedelta(days=2)
RENEW_SECONDS = 30
_log = structlog.get_logger("mail")


@dataclass
class Fetched:
    """What a run came to. `busy` means that somebody else fetches the mailbox; `failure` is why it ended early."""

    posted: int = 0
    denied: int = 0
    aside: int = 0
    waiting: int = 0
    busy: bool = False
    failure: str = ""

    @property
    def total(self) -> int:
        """How many mails were dealt with."""
        return self.posted + self.denied + self.aside

    def count(self, outcome: str) -> None:
        """Count one mail."""
        setattr(self, outcome, getattr(self, outcome) + 1)


@dataclass
class Pace:
    """When a run ends: after some time, or when somebody says so; `tell` hears how many were taken and still wait."""

    seconds: float | None = None
    is_over: Callable[[], bool] = lambda: False
    tell: Callable[[int, int], None] = lambda taken, waiting: None
    started: float = field(default_factory=time.monotonic)

    @property
    def is_out(self) -> bool:
        """Whether the run is to end."""
        is_late = self.seconds is not None and time.monotonic() - self.started > self.seconds
        return is_late or self.is_over()


def fetch_mailbox(
    account: EmailAccount, *, pace: Pace | None = None, access_token: AccessToken = current_access_token
) -> Fetched:
    """Take what waits in the mailbox of an account, and say what it came to; what went wrong is noted, not raised.

    Raises the errors of a database that does not answer, and KeyboardInterrupt.
    """
    claimed = claim(account.pk, now=timezone.now())
    if claimed is None:
        return Fetched(busy=True)
    result, is_finished = Fetched(), False
    try:
        _fetch(account, claimed, result, pace or Pace(), access_token)
        is_finished = True
    finally:
        with suppress(OperationalError, InterfaceError):  # the claim ends by itself
            release(claimed, is_finished=is_finished)
    if result.total:
        counts = {"posted": result.posted, "denied": result.denied, "aside": result.aside}
        _log.info("mailbox.fetched", account_id=account.pk, **counts)
    return result


def _fetch(account: EmailAccount, claimed: Claim, result: Fetched, pace: Pace, access_token: AccessToken) -> None:
    run = _Run(account, claimed, pace, access_token)
    if account.last_activity is None and not account.num_errors:
        failures.resume(account.pk)  # somebody saved the account
    if not show_activity(account, now=timezone.now()):
        result.busy = True
        return
    try:
        run.fetch(result)
        failures.note_success(account, now=timezone.now())
    except MailboxFailed as error:
        result.failure = str(error)
    except ClaimLost:
        _log.warning("mailbox.claim_lost", account_id=account.pk)
        result.failure = "Another process took over."
        return
    except (OperationalError, InterfaceError) as error:
        _log.exception("mailbox.database_failed", account_id=account.pk)
        result.failure = f"The database failed: {type(error).__name__}"
    except Exception as error:
        failures.note_failure(account, f"{type(error).__name__}: {error}", now=timezone.now())
        raise
    if result.failure:
        with suppress(OperationalError, InterfaceError):
            failures.note_failure(account, result.failure, now=timezone.now())


class _Run:
    """One visit to a mailbox."""

    def __init__(self, account: EmailAccount, claimed: Claim, pace: Pace, access_token: AccessToken) -> None:
        self.account, self.claim, self.pace, self.access_token = account, claimed, pace, access_token
        self.result, self.validity = Fetched(), 0
        self.activity_before = account.last_activity
        self.action = str(account.postfetch)
        self.batch = account.fetchmax or USUAL_BATCH
        self.careful = CAREFUL_MAILS if claimed.after_crash else 0
        self.is_patient = False
        self.trouble: ArchiveFailed | None = None
        self.renewed = time.monotonic()

    def fetch(self, result: Fetched) -> None:
        """Do it, and count in `result`. Raises MailboxFailed."""
        self.result = result
        session = open_session(
            self.account,
            largest=settings.MAIL_LARGEST,
            access_token=self.access_token,
            on_progress=self._renew,
        )
        try:
            self._work_off(session)
            session.close()
            if not session.keeps_order and self.action == "delete":
                self._forget_taken()
        finally:
            session.drop()
        if self.trouble is not None:
            raise self.trouble

    def _work_off(self, session: Session) -> None:
        visit = Visit(self.claim, str(self.account.email.email), session.keeps_order)
        mailbox = self._mailbox_of(session)
        self.validity, self.is_patient = mailbox.validity, mailbox.failures < PATIENT_ROUNDS
        known = self._clear_up(session)
        waiting = self._waiting(session, mailbox, known)
        self._tell(len(waiting))
        for start in range(0, len(waiting), self.batch):
            batch = waiting[start : start + self.batch]
            listed = self._sizes(session, batch)
            for group in _groups(listed, most=1 if self.careful else GROUP_MAILS):
                if self.pace.is_out:
                    return
                self._take_group(session, group, visit, known)
            self._tell(len(waiting) - start - len(batch))
        if mailbox.history_until:
            self.claim.write_where(Q(last_uid__lt=mailbox.history_until), last_uid=mailbox.history_until)

    def _mailbox_of(self, session: Session) -> Mailbox:
        """Give the mailbox's row for the folder that is open; another folder, or one made anew, begins at its start.

        Where mails stay in the folder, what lies there at the first visit is history: only what is unread, or came
        since the mailbox was fetched last, by whichever program, becomes a ticket.
        """
        folder, name = session.folder, str(self.account.folder or INBOX)
        mailbox = Mailbox.objects.get(pk=self.account.pk)
        if not session.keeps_order:
            name = "POP3"
        if (mailbox.folder, mailbox.validity) == (name, folder.validity):
            return mailbox
        KnownMail.objects.filter(account_id=self.account.pk).exclude(validity=folder.validity).delete()
        is_kept = session.keeps_order and self.action == "nothing"
        earlier = mailbox.last_success or self.activity_before
        mailbox.folder, mailbox.validity, mailbox.last_uid = name, folder.validity, 0
        mailbox.history_until = folder.highest if is_kept else 0
        mailbox.history_since = earlier - HISTORY_MARGIN if earlier is not None else None
        columns = ("folder", "validity", "last_uid", "history_until", "history_since")
        self.claim.write(**{name: getattr(mailbox, name) for name in columns})
        return mailbox

    def _clear_up(self, session: Session) -> dict[str, KnownMail]:
        """Do on the server what a run that died has left undone; give what else is known of mails there."""
        rows = {one.uid: one for one in KnownMail.objects.filter(account_id=self.account.pk, validity=self.validity)}
        there = session.present(rows)
        gone = [one.pk for uid, one in rows.items() if uid not in there]
        for start in range(0, len(gone), 500):
            KnownMail.objects.filter(pk__in=gone[start : start + 500]).delete()
        rows = {uid: one for uid, one in rows.items() if uid in there}
        undone = [uid for uid, one in rows.items() if one.state == State.TAKEN]
        self._finish(session, undone)
        return rows

    def _waiting(self, session: Session, mailbox: Mailbox, known: dict[str, KnownMail]) -> list[str]:
        dealt_with = {uid for uid, one in known.items() if one.state in (State.TAKEN, State.LEFT)}
        found = session.uids(
            after=mailbox.last_uid,
            until=max(session.folder.highest, mailbox.last_uid),
            only_new_until=mailbox.history_until,
            since=mailbox.history_since,
        )
        again = [uid for uid, one in known.items() if one.state == State.AGAIN and uid not in set(found)]
        return [uid for uid in [*again, *found] if uid not in dealt_with]

    def _take_group(self, session: Session, group: Sequence[Listed], visit: Visit, known: dict[str, KnownMail]) -> None:
        """Take some mails, then do on the server what is to be done with those that were committed."""
        small = [one for one in group if one.size is not None and one.size <= settings.MAIL_LARGEST]
        contents, kept_back = self._contents(session, small) if small else ({}, {})
        done: list[str] = []
        try:
            for one in group:
                if self.pace.is_over():
                    return
                place = Place(self.account.pk, self.validity, one.uid, has_row=one.uid in known)
                if one.uid in contents:
                    self.result.count(self._take(contents[one.uid], place, visit))
                    done.append(one.uid)
                elif one.size is None or one.uid in kept_back:
                    self.result.count(self._leave(session, one, place, visit, _not_delivered(kept_back.get(one.uid))))
                elif one.size > settings.MAIL_LARGEST:
                    self.result.count(self._leave(session, one, place, visit, _too_large(one.size)))
        finally:
            self._renew()
            self._finish(session, done)

    def _take(self, raw: bytes, place: Place, visit: Visit) -> str:
        if self.careful or place.has_row:
            self.careful = max(self.careful - 1, 0)
            place = Place(place.account_id, place.validity, place.uid, has_row=True)
            if not begin_attempt(place):
                words = _("The program ended several times while it was taking this mail.")
                return set_aside(raw, place, visit, Reason("too_many_attempts", words))
        try:
            return take(raw, place, visit)
        except (OperationalError, InterfaceError):
            with suppress(OperationalError, InterfaceError):
                begin_attempt(place)
            raise

    def _leave(self, session: Session, one: Listed, place: Place, visit: Visit, reason: Reason) -> str:
        """Set a mail aside that stays where it is, with what the server gives of its beginning."""
        try:
            beginning = session.beginning(one.uid, BEGINNING_BYTES)
        except MailRefused:
            beginning = b""
        return set_aside(beginning, place, visit, reason, size=one.size or 0, is_whole=False)

    def _sizes(self, session: Session, uids: Sequence[str]) -> list[Listed]:
        """Give mails with their sizes, in order, those without which the server has but tells nothing of."""
        sizes, kept_back = self._one_by_one(session, uids, session.sizes)
        return [Listed(uid, sizes.get(uid)) for uid in uids if uid in sizes or uid in kept_back]

    def _contents(self, session: Session, group: Sequence[Listed]) -> tuple[dict[str, bytes], dict[str, str]]:
        """Fetch mails whole; give them, and what the server said of those that it has but does not deliver.

        An empty answer delivers nothing, unless the mail is empty.
        """
        sizes = {one.uid: one.size for one in group}

        def whole(uids: Sequence[str]) -> dict[str, bytes]:
            return {uid: raw for uid, raw in session.contents(uids).items() if raw or not sizes.get(uid)}

        return self._one_by_one(session, list(sizes), whole)

    def _one_by_one(
        self, session: Session, uids: Sequence[str], ask: Callable[[Sequence[str]], Mapping[str, Answer]]
    ) -> tuple[dict[str, Answer], dict[str, str]]:
        """Ask for some mails at once, then one by one for those that are there and did not come.

        Gives what came, and of the others why not, in the server's words. Raises MailboxFailed where nothing came:
        that is not the fault of a mail, unless it goes on.
        """
        found, refusal = _answered(uids, ask)
        missing = [uid for uid in uids if uid not in found]
        there = session.present(missing)
        kept_back: dict[str, str] = {}
        for uid in missing:
            if uid not in there:
                continue
            if len(uids) > 1:
                alone, refusal = _answered([uid], ask)
                found |= alone
            if uid not in found:
                kept_back[uid] = refusal
        if kept_back and not found and self.is_patient:
            raise MailboxFailed(next(iter(kept_back.values())) or "cannot fetch the mails; the server leaves them out")
        return found, kept_back

    def _finish(self, session: Session, uids: Sequence[str]) -> None:
        """Flag, move or delete what was committed; on POP3 at the end of the session, and notes stay till then."""
        if not uids:
            return
        try:
            session.finish(uids, action=self.action, archive=str(self.account.archivefolder or ""))
        except ArchiveFailed as error:
            self.trouble = error
            return
        if session.keeps_order:
            self._forget(uids)

    def _forget(self, uids: Sequence[str]) -> None:
        rows = KnownMail.objects.filter(account_id=self.account.pk, validity=self.validity, state=State.TAKEN)
        for start in range(0, len(uids), 500):
            rows.filter(uid__in=uids[start : start + 500]).delete()

    def _forget_taken(self) -> None:
        KnownMail.objects.filter(account_id=self.account.pk, validity=self.validity, state=State.TAKEN).delete()

    def _renew(self) -> None:
        """Show the others, and PHP, that somebody is at work."""
        if time.monotonic() - self.renewed > RENEW_SECONDS:
            self.renewed = time.monotonic()
            self.claim.write()
            EmailAccount.objects.filter(pk=self.account.pk).update(last_activity=timezone.now())

    def _tell(self, waiting: int) -> None:
        self.result.waiting = waiting
        self.claim.write(waiting=waiting)
        self.pace.tell(self.result.total, waiting)


def _answered(
    uids: Sequence[str], ask: Callable[[Sequence[str]], Mapping[str, Answer]]
) -> tuple[dict[str, Answer], str]:
    """Ask for some mails; give the answers, and what the server said where it refuses."""
    try:
        found = ask(uids)
    except MailRefused as error:
        return {}, str(error)
    return {uid: found[uid] for uid in uids if uid in found}, ""


def _too_large(size: int) -> Reason:
    words = _("The mail has %(size)d bytes, more than %(most)d (MAIL_LARGEST). It is still in the mailbox.")
    return Reason("too_large", words % {"size": size, "most": settings.MAIL_LARGEST})


def _not_delivered(said: str | None) -> Reason:
    words = _("The server does not deliver this mail. It is still in the mailbox.")
    return Reason("not_delivered", f"{words} {said or ''}".rstrip())


def _groups(listed: Sequence[Listed], *, most: int) -> Iterator[list[Listed]]:
    """Divide mails into groups that fit into memory together."""
    group: list[Listed] = []
    size = 0
    for one in listed:
        if group and (len(group) >= most or size + (one.size or 0) > GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(one)
        size += one.size or 0
    if group:
        yield group

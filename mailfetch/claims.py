"""Who fetches a mailbox: one process at a time, for as long as it shows signs of life.

A claim is a word in the mailbox's row with a time at which it ends by itself. Whoever writes for the mailbox asks in
the same transaction whether the word still stands there; so a process that was taken for dead, and is not, writes
nothing more. PHP knows nothing of it: it keeps away while `last_activity` is young (`show_activity`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.crypto import get_random_string

from helpdesk.mail.models import EmailAccount
from mailfetch.models import Mailbox

LEASE = timedelta(minutes=10)


class ClaimLost(Exception):  # noqa: N818 -- named by what happened
    """Somebody else fetches the mailbox now: this process was silent for too long."""


@dataclass(frozen=True)
class Claim:
    """The right to fetch the mailbox of an account. `after_crash`: the last one who had it died."""

    account_id: int
    holder: str
    after_crash: bool = False

    def write(self, **columns: object) -> None:
        """Write columns of the mailbox and prolong the claim. Raises ClaimLost."""
        if not self.write_where(Q(), **columns):
            raise ClaimLost

    def write_where(self, condition: Q, **columns: object) -> bool:
        """Do the same where the condition holds; gives whether it was done."""
        lease = timezone.now() + LEASE
        return bool(self.rows.filter(condition).update(lease=lease, **columns))

    @property
    def rows(self) -> QuerySet[Mailbox]:
        """Give the mailbox's row, if the claim still stands."""
        return Mailbox.objects.filter(pk=self.account_id, holder=self.holder)


def claim(account_id: int, *, now: datetime) -> Claim | None:
    """Claim a mailbox; None while somebody else has it."""
    mailbox, _made = Mailbox.objects.get_or_create(pk=account_id)
    holder = get_random_string(32)
    free = Q(lease__isnull=True) | Q(lease__lt=now)
    taken = Mailbox.objects.filter(free, pk=account_id).update(
        holder=holder, lease=now + LEASE, unfinished=F("unfinished") + 1
    )
    return Claim(account_id, holder, after_crash=mailbox.unfinished > 0) if taken else None


def release(claimed: Claim, *, is_finished: bool = True) -> None:
    """Let others fetch the mailbox; a run that did not finish is followed by a careful one."""
    rows = Mailbox.objects.filter(pk=claimed.account_id, holder=claimed.holder)
    rows.update(holder="", lease=None, **({"unfinished": 0} if is_finished else {}))


def show_activity(account: EmailAccount, *, now: datetime) -> bool:
    """Tell PHP that the mailbox is being fetched; False if PHP began in the meantime (osticket/mail.md §2.1)."""
    rows = EmailAccount.objects.filter(pk=account.pk)
    if account.last_activity is None:
        rows = rows.filter(last_activity=None)
    else:
        rows = rows.filter(last_activity__lte=account.last_activity)
    is_ours = bool(rows.update(last_activity=now))
    if is_ours:
        account.last_activity = now
    return is_ours

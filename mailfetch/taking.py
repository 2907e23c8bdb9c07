"""Taking one mail: into a ticket, or aside, in one transaction with the note that it was taken.

A process that dies before the commit has done nothing, and the mail is fetched again; after it, the note says what is
still to be done on the server.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F, Q

from helpdesk.configuration.services import log_lines_kept
from helpdesk.legacy.errors import DomainError, PermissionRefused
from helpdesk.legacy.retrying import retried
from helpdesk.mail.incoming import IncomingMail, read_mail_as_set_up
from mailfetch import quarantine
from mailfetch.claims import Claim, ClaimLost
from mailfetch.models import KnownMail
from mailfetch.places import Place
from mailfetch.posting import post_in_turn

State = KnownMail.State
MOST_ATTEMPTS = 3
POSTED, DENIED, ASIDE = "posted", "denied", "aside"
"""What became of a mail: it is in a ticket (as it may have been before), its sender is denied, it was set aside."""
_log = structlog.get_logger("mail")


@dataclass(frozen=True)
class Visit:
    """A mailbox being fetched: the right to do so, its address, and whether its UIDs grow."""

    claim: Claim
    address: str
    keeps_order: bool


@dataclass(frozen=True)
class Reason:
    """Why a mail is set aside: a stable code, and words."""

    code: str
    words: str


def take(raw: bytes, place: Place, visit: Visit) -> str:
    """Take a mail that was fetched. Raises ClaimLost, and what says that the database itself does not work.

    Whatever else is wrong with a mail, it is kept in the quarantine and dealt with.
    """
    try:
        mail = read_mail_as_set_up(raw)
        with log_lines_kept():
            return _take(mail, place, visit)
    except DomainError as error:
        reason = Reason(error.code, quarantine.words_of(error))
    except (ClaimLost, OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 -- no mail may be lost, or tried for ever, whatever is wrong with it
        _log.exception("mail.not_taken", account_id=place.account_id, uid=place.uid, bytes=len(raw))
        reason = Reason("broken", f"{type(error).__name__}: {error}")
    return set_aside(raw, place, visit, reason)


@retried
def _take(mail: IncomingMail, place: Place, visit: Visit) -> str:
    with transaction.atomic():
        _note(place, visit, State.TAKEN)
        try:
            post_in_turn(mail, keep_denied=True)
        except PermissionRefused:
            return DENIED
        return POSTED


@retried
def set_aside(raw: bytes, place: Place, visit: Visit, reason: Reason, *, size: int = 0, is_whole: bool = True) -> str:
    """Keep a mail in the quarantine; one that is not whole stays on the server. Raises ClaimLost."""
    with transaction.atomic():
        _note(place, visit, State.TAKEN if is_whole else State.LEFT)
        quarantine.keep(
            raw,
            place,
            mailbox=visit.address,
            reason=reason.code,
            explanation=reason.words,
            size=size,
            is_whole=is_whole,
        )
    return ASIDE


def begin_attempt(place: Place) -> bool:
    """Note that a mail is about to be taken after a crash; False when that was tried too often."""
    row, _made = KnownMail.objects.get_or_create(**place.columns, defaults={"state": State.TRYING})
    if row.attempts >= MOST_ATTEMPTS:
        return False
    KnownMail.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1)
    return True


def _note(place: Place, visit: Visit, state: str) -> None:
    """Note in the transaction of a mail that it is dealt with. Raises ClaimLost where that is not ours to do."""
    claim, known = visit.claim, KnownMail.objects.filter(**place.columns, state__in=[State.AGAIN, State.TRYING])
    is_next = visit.keeps_order and claim.write_where(
        Q(validity=place.validity, last_uid__lt=place.number), last_uid=place.number, taken=F("taken") + 1
    )
    if not is_next:
        claim.write(taken=F("taken") + 1)
    is_noted = place.has_row and known.update(state=state)
    if visit.keeps_order and not is_next and not is_noted:
        raise ClaimLost  # it was dealt with already
    if not is_noted:
        KnownMail.objects.create(**place.columns, state=state)

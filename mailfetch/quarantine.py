"""Mails that could not be used: kept whole, looked at, posted after all, or discarded."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk.configuration.services import log_lines_kept
from helpdesk.legacy.errors import Conflict, DomainError
from helpdesk.mail.incoming import read_mail
from helpdesk.mail.reading.headers import header_block
from helpdesk.mail.reading.limits import LIMITS
from helpdesk.threads.constants import ObjectType
from mailfetch.models import KnownMail, QuarantinedMail, QuarantinedPiece
from mailfetch.places import Place
from mailfetch.posting import post
from tickets.models import Ticket

State = QuarantinedMail.State
RETRIED = frozenset({State.KEPT, State.DISCARDED})
DISCARDED = frozenset({State.KEPT})
"""In which states mails can be tried again, and discarded."""
PIECE = 512 * 1024
KEPT_DAYS = 90
_log = structlog.get_logger("mail")


def keep(
    raw: bytes, place: Place, *, mailbox: str, reason: str, explanation: str, size: int = 0, is_whole: bool = True
) -> QuarantinedMail:
    """Keep a mail; call it in the transaction that marks it as dealt with. `size` is that on the server, if larger."""
    block = header_block(raw, LIMITS)
    shown = read_mail(block + b"\r\n\r\n")
    mail = QuarantinedMail.objects.create(
        account_id=place.account_id,
        mailbox=mailbox[:255],
        validity=place.validity,
        uid=place.uid,
        reason=reason[:64],
        explanation=explanation[:500],
        sender=_printable(str(shown.sender or "")),
        subject=_printable(shown.subject),
        message_id=_printable(shown.message_id),
        size=max(size, len(raw)),
        is_whole=is_whole,
    )
    for number, start in enumerate(range(0, len(raw), PIECE)):
        QuarantinedPiece.objects.create(mail=mail, number=number, content=raw[start : start + PIECE])
    _log.warning("mail.set_aside", mail_id=mail.pk, reason=reason, bytes=mail.size)
    return mail


def pieces_of(mail: QuarantinedMail) -> Iterator[bytes]:
    """Give the bytes of a mail, some at a time."""
    numbers = list(mail.pieces.order_by("number").values_list("pk", flat=True))
    for pk in numbers:
        yield bytes(QuarantinedPiece.objects.values_list("content", flat=True).get(pk=pk))


def raw_of(mail: QuarantinedMail) -> bytes:
    """Give the bytes of a mail."""
    return b"".join(pieces_of(mail))


def beginning_of(mail: QuarantinedMail, most: int) -> str:
    """Give the beginning of a mail as text for people: nothing in it can control a terminal or a page."""
    raw = b""
    for piece in pieces_of(mail):
        raw += piece
        if len(raw) >= most:
            break
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in _lines(raw[:most]))


def retry(mail_id: int, *, now: datetime) -> QuarantinedMail:
    """Try to post a mail now, and give its row: posted with its ticket or task, or kept with the new reason.

    A mail of which only the beginning is here is fetched once more at the next round. Raises Conflict for one that was
    posted or is gone.
    """
    with transaction.atomic():
        mail = _locked(mail_id, RETRIED)
        if not mail.is_whole:
            place = Place(mail.account_id, mail.validity, mail.uid)
            KnownMail.objects.update_or_create(
                **place.columns, defaults={"state": KnownMail.State.AGAIN, "attempts": 0}
            )
            mail.state, mail.decided = State.DISCARDED, now
            mail.save(update_fields=["state", "decided"])
            return mail
    raw = raw_of(mail)
    try:
        with log_lines_kept(), transaction.atomic():
            mail = _locked(mail_id, RETRIED)
            found = post(raw)
            mail.state, mail.decided = State.POSTED, now
            mail.place_type = ObjectType.TICKET if isinstance(found, Ticket) else ObjectType.TASK
            mail.place_id = found.pk
            mail.save(update_fields=["state", "decided", "place_type", "place_id"])
    except Conflict as error:
        if error.code == "mail_decided":
            raise
        _note(mail, error.code, words_of(error))
    except DomainError as error:
        _note(mail, error.code, words_of(error))
    except Exception as error:  # noqa: BLE001 -- whatever is wrong with it, it stays here
        _log.exception("mail.not_taken", mail_id=mail_id, bytes=mail.size)
        _note(mail, "broken", f"{type(error).__name__}: {error}")
    return mail


def words_of(refusal: DomainError) -> str:
    """Give why a mail could not be used; what is said of an input of a form needs the name of the input here."""
    if refusal.field is None:
        return str(refusal)
    return _("%(field)s: %(reason)s") % {"field": refusal.field, "reason": refusal}


def discard(ids: Collection[int], *, now: datetime) -> int:
    """Decide that mails are not needed; gives how many. They can be looked at and posted for some time still."""
    return QuarantinedMail.objects.filter(pk__in=ids, state__in=DISCARDED).update(state=State.DISCARDED, decided=now)


def purge(*, now: datetime) -> int:
    """Delete what was posted or discarded long ago; gives how many. What was kept stays until somebody decides."""
    over = QuarantinedMail.objects.filter(decided__lt=now - timedelta(days=KEPT_DAYS)).exclude(state=State.KEPT)
    count = 0
    while ids := list(over.order_by("pk").values_list("pk", flat=True)[:100]):
        QuarantinedMail.objects.filter(pk__in=ids).delete()
        count += len(ids)
    return count


def _locked(mail_id: int, states: Collection[str]) -> QuarantinedMail:
    mail = QuarantinedMail.objects.select_for_update().filter(pk=mail_id, state__in=states).first()
    if mail is None:
        raise Conflict(_("Somebody has decided about this mail already."), code="mail_decided")
    return mail


def _note(mail: QuarantinedMail, reason: str, explanation: str) -> None:
    mail.state, mail.reason, mail.explanation = State.KEPT, reason[:64], explanation[:500]
    mail.decided, mail.attempts = None, mail.attempts + 1
    mail.save(update_fields=["state", "reason", "explanation", "decided", "attempts"])


def _lines(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")


def _printable(text: str) -> str:
    return "".join(c for c in text if c.isprintable())[:255]

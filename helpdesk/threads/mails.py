"""What is kept of a mail beside its entry: its Message-ID and headers, that it was taken, and the mail as it came.

osTicket keeps the first two (`thread_entry_email`). That a mail was taken is a row under a unique key, written in the
transaction of its entry, so that two workers who hold the same mail at the same moment make one entry of it; the
original hangs on that row.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from helpdesk.files.models import StoredFile
from helpdesk.files.services import read_file, store_file
from helpdesk.legacy.errors import Conflict
from helpdesk.threads.models import EntryEmail, ReceivedMail, ThreadEntry

LONGEST_MESSAGE_ID = 255
ORIGINAL = "M"
"""`file.ft` of originals: neither program takes such a file for one that is attached to nothing."""
KEPT = timedelta(days=1)
"""Rows without original are kept so long: no longer are two workers busy with one mail."""
SLICE = 500


@dataclass(frozen=True)
class MailFacts:
    """What is kept of a mail: its Message-ID and its headers as they came, and the stored original.

    `is_received` says that exactly this mail may come in once only.
    """

    message_id: str
    headers: str
    is_received: bool = False
    original: StoredFile | None = None


class MailTaken(Conflict):
    """Somebody else has taken this mail in the same moment."""


def keep_mail(entry: ThreadEntry, mail: MailFacts | None) -> None:
    """Keep what is known of the mail that an entry came by, in the running transaction.

    Raises MailTaken when another transaction was faster with the same mail; the running one must end then.
    """
    if mail is None:
        return
    EntryEmail.objects.create(entry=entry, mid=mail.message_id, headers=mail.headers)
    if mail.is_received:
        row = ReceivedMail(digest=digest_of(mail.message_id), entry_id=entry.pk, original=mail.original)
        try:
            row.save(force_insert=True)
        except IntegrityError as error:
            raise MailTaken(_("This mail is being stored already."), code="mail_taken") from error


def store_original(raw: bytes) -> StoredFile | None:
    """Store a mail as it came, packed, before the transaction that will keep it; None for one without bytes."""
    if not raw:
        return None
    return store_file(
        zlib.compress(raw), name="original.eml.zz", media_type="application/zlib", deduplicate=False, kind=ORIGINAL
    )


def original_of(entry_id: int) -> Iterator[bytes] | None:
    """Give the mail that an entry came by, piece by piece as it came; None if there is none."""
    row = ReceivedMail.objects.filter(entry_id=entry_id, original__isnull=False).select_related("original").first()
    return _unpacked(row.original) if row is not None and row.original is not None else None


def entries_with_original(entry_ids: Collection[int]) -> set[int]:
    """Give those of the entries whose mails are kept as they came."""
    rows = ReceivedMail.objects.filter(entry_id__in=entry_ids, original__isnull=False)
    return set(rows.values_list("entry_id", flat=True))


def remove_mails(entry_ids: Collection[int]) -> None:
    """Forget what mails said when their entries are deleted: headers and originals; their Message-IDs stay known."""
    EntryEmail.objects.filter(entry__in=entry_ids).update(headers=None)
    _forget(ReceivedMail.objects.filter(entry_id__in=entry_ids))


def forget_mail(message_id: str) -> None:
    """Forget that a mail was taken: what came of it is gone, deleted by osTicket, which knows nothing of our rows."""
    _forget(ReceivedMail.objects.filter(pk=digest_of(message_id)))


def purge_received_mails(*, now: datetime, originals: timedelta | None = None) -> int:
    """Forget old rows without original and originals older than `originals`, in slices; give how many.

    An original that no row holds was stored for a mail that was then refused or broken off.
    """
    due = [ReceivedMail.objects.filter(created__lt=now - KEPT, original__isnull=True)]
    if originals is not None:
        due.append(ReceivedMail.objects.filter(created__lt=now - originals, original__isnull=False))
    purged = 0
    for rows in due:
        while digests := list(rows.values_list("pk", flat=True)[:SLICE]):
            purged += _forget(ReceivedMail.objects.filter(pk__in=digests))
    loose = StoredFile.objects.filter(ft=ORIGINAL, created__lt=now - KEPT)
    loose = loose.exclude(Exists(ReceivedMail.objects.filter(original=OuterRef("pk"))))
    while files := list(loose.values_list("pk", flat=True)[:SLICE]):
        purged += _release(files)
    return purged


def digest_of(message_id: str) -> str:
    """Give the key of a mail: its Message-ID as it came, letter by letter."""
    return hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()


def _forget(rows: QuerySet[ReceivedMail]) -> int:
    _release([pk for pk in rows.values_list("original", flat=True) if pk is not None])
    return rows.delete()[0]


def _release(files: Collection[int]) -> int:
    """Let the job for orphans delete these files, as it does those of attachments."""
    return StoredFile.objects.filter(pk__in=files).update(ft="T") if files else 0


def _unpacked(file: StoredFile) -> Iterator[bytes]:
    machine = zlib.decompressobj()
    for piece in read_file(file):
        if unpacked := machine.decompress(piece):
            yield unpacked
    yield machine.flush()

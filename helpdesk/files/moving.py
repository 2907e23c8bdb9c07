"""Moving the content of files from one storage to another."""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from helpdesk.files.models import StoredFile
from helpdesk.files.storage import DATABASE, backend_for, backend_of, known_letters
from helpdesk.legacy.errors import Conflict
from helpdesk.legacy.file_keys import ContentDigest

logger = structlog.get_logger(__name__)


def files_to_move(letter: str) -> QuerySet[StoredFile]:
    """Give the files that are in another storage that we can read, in the order of their ids."""
    return StoredFile.objects.filter(bk__in=known_letters() - {letter}).order_by("pk")


def move_file(file: StoredFile, letter: str) -> bool:
    """Move one file; False when somebody else moved or deleted it meanwhile.

    The content is written to the new place and read back before the row names it, and removed from the old one last: at
    every moment the row names a place that has all of it, and a move that was interrupted can be done again. Raises
    NotFound when the old place does not have it, Conflict when it reads differently at the new one, OSError.
    """
    old, target = str(file.bk), backend_for(letter)
    source = backend_of(file)
    target.delete(file)  # what an interrupted move left
    digest = ContentDigest()
    size = target.write(file, _digested(source.read(file), digest))
    written = ContentDigest()
    moved = StoredFile(pk=file.pk, bk=letter, key=file.key)
    size_there = sum(len(piece) for piece in _digested(target.read(moved), written))
    if (size, digest.signature()) != (size_there, written.signature()):
        target.delete(file)
        raise Conflict(_("The file reads differently at its new place"), code="file_damaged")
    with transaction.atomic():
        is_ours = StoredFile.objects.filter(pk=file.pk, bk=old).update(bk=letter, attrs=None) == 1
        if is_ours and old == DATABASE:
            source.delete(file)
    if not is_ours:
        if not StoredFile.objects.filter(pk=file.pk, bk=letter).exists():
            target.delete(file)
        return False
    if old != DATABASE:
        source.delete(file)
    file.bk, file.attrs = letter, None
    logger.debug("file_moved", file_id=file.pk, size=size, storage=letter)
    return True


def _digested(pieces: Iterator[bytes], digest: ContentDigest) -> Iterator[bytes]:
    for piece in pieces:
        digest.update(piece)
        yield piece

"""Files that nothing refers to any more (osticket/files.md §7, osticket/jobs.md §4.7)."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from helpdesk.files.filesystem import FilesystemStorage
from helpdesk.files.models import Attachment, FileChunk, StoredFile
from helpdesk.files.services import LEAST_AGE_OF_ORPHANS
from helpdesk.files.storage import DATABASE, FILESYSTEM, backend_for, backend_of, known_letters

logger = structlog.get_logger(__name__)

SLICE = 2000
"""Rows looked at by one query; each file is deleted in a transaction of its own."""


def delete_orphans(*, now: datetime) -> int:
    """Delete the files without attachment that were made more than a day before `now`; give their number.

    Logos and backdrops stay, and files in a storage that is unknown here: their content could not be removed.
    """
    deleted, last = 0, 0
    while ids := list(_old_files(now).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:SLICE]):
        last = ids[-1]
        orphans = _unattached(StoredFile.objects.filter(pk__in=ids)).values_list("pk", flat=True)
        deleted += sum(_delete(pk, now) for pk in orphans)
    if deleted:
        logger.info("orphaned_files_deleted", count=deleted)
    return deleted


def delete_strays(*, now: datetime) -> int:
    """Delete content that no row has: of transactions that were rolled back, or moved elsewhere; give its amount.

    Only what is older than a day, so that nothing that is just being written is taken.
    """
    chunks = FileChunk.objects.exclude(Exists(StoredFile.objects.filter(pk=OuterRef("file_id")))).order_by("file_id")
    deleted = 0
    for file_id in list(chunks.values_list("file_id", flat=True).distinct()[:SLICE]):
        deleted += FileChunk.objects.filter(file_id=file_id).delete()[0]
    storage = backend_for(FILESYSTEM)
    if isinstance(storage, FilesystemStorage):
        for path in storage.strays(older_than=(now - LEAST_AGE_OF_ORPHANS).timestamp()):
            if not StoredFile.objects.filter(key=path.name, bk=FILESYSTEM).exists():
                path.unlink(missing_ok=True)
                deleted += 1
    if deleted:
        logger.info("stray_file_content_deleted", count=deleted)
    return deleted


def _old_files(now: datetime) -> QuerySet[StoredFile]:
    return StoredFile.objects.filter(ft="T", created__lt=now - LEAST_AGE_OF_ORPHANS, bk__in=known_letters())


def _unattached(files: QuerySet[StoredFile]) -> QuerySet[StoredFile]:
    return files.exclude(Exists(Attachment.objects.filter(file=OuterRef("pk"))))


def _delete(pk: int, now: datetime) -> bool:
    """Look once more under lock, then delete; content outside the database goes after the commit."""
    with transaction.atomic():
        file = _unattached(_old_files(now).select_for_update().filter(pk=pk)).first()
        if file is None:
            return False
        backend_for(DATABASE).delete(file)  # a move that was interrupted may have left something there, too
        StoredFile.objects.filter(pk=pk).delete()
    if file.bk != DATABASE:
        backend_of(file).delete(file)
    return True

"""Reading attachments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from contextlib import suppress

from helpdesk.files.models import Attachment, FileChunk, StoredFile
from helpdesk.files.storage import DATABASE, backend_of
from helpdesk.legacy.errors import NotFound


def attachments_of(object_type: str, object_ids: Collection[int]) -> dict[int, list[Attachment]]:
    """Give the attachments of many objects of one type by object id, with their files, in one query."""
    found: dict[int, list[Attachment]] = defaultdict(list)
    if object_ids:
        rows = Attachment.objects.filter(type=object_type, object_id__in=object_ids).select_related("file")
        for attachment in rows.order_by("id"):
            if attachment.file is not None:
                found[attachment.object_id].append(attachment)
    return dict(found)


def display_name(attachment: Attachment) -> str:
    """Give the name of the file at this place."""
    return str(attachment.name or attachment.file.name)


def get_attachment(attachment_id: int) -> Attachment | None:
    """Give an attachment with its file, None when there is no such attachment or its file is gone."""
    found = Attachment.objects.filter(pk=attachment_id).select_related("file").first()
    return found if found is not None and found.file is not None else None


def attachments_with_key(key: str, *, limit: int = 50) -> list[Attachment]:
    """Give the newest places where the file with this key (in any letter case) is attached."""
    return list(Attachment.objects.filter(file__key=key).select_related("file").order_by("-id")[:limit])


def contents_of(files: Iterable[StoredFile]) -> dict[int, bytes]:
    """Give the whole content of several small files by id; those in the database cost one query together.

    What cannot be read is empty.
    """
    contents: dict[int, bytes] = {}
    in_database = []
    for file in files:
        contents[file.pk] = b""
        if file.bk == DATABASE:
            in_database.append(file.pk)
        else:
            with suppress(NotFound):
                contents[file.pk] = b"".join(backend_of(file).read(file))
    chunks = FileChunk.objects.filter(file_id__in=in_database).order_by("file_id", "chunk_id")
    for file_id, data in chunks.values_list("file_id", "filedata") if in_database else ():
        contents[file_id] += bytes(data)
    return contents

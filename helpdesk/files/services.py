"""Storing files and attaching them to things (osticket/files.md §2-§4)."""

from __future__ import annotations

import mimetypes
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from typing import Protocol, runtime_checkable

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.files.models import Attachment, StoredFile
from helpdesk.files.storage import CHUNK_SIZE, DATABASE, backend_of, letter_for_new_files
from helpdesk.legacy.characters import clean_text, shortened
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.legacy.file_keys import ContentDigest

logger = structlog.get_logger(__name__)


@runtime_checkable
class Stream(Protocol):
    """The part of a binary file object that storing needs."""

    def read(self, size: int = ..., /) -> bytes:
        """Give up to `size` bytes."""

    def seek(self, offset: int, /) -> object:
        """Go to a place."""

    def seekable(self) -> bool:
        """Whether `seek` works."""


Content = bytes | Stream | Iterable[bytes]

OCTET_STREAM = "application/octet-stream"
NAME_LENGTH = 255
_DROPPED = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d", *map(chr, range(0xE0020, 0xE0080))}
"""Invisible, but part of words and emoji."""
LEAST_AGE_OF_ORPHANS = timedelta(days=1)
"""Files without attachment are kept so long (osticket/files.md §7)."""
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,120}")
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
)


def store_file(
    content: Content, *, name: str, media_type: str = "", deduplicate: bool = True, kind: str = "T"
) -> StoredFile:
    """Store `content` (bytes, a binary stream or pieces) and give its row; memory use does not depend on its size.

    With `deduplicate` an existing row with the same content is given unchanged, whatever its name (uploads and the
    API; osTicket stores parts of mails and embedded images anew each time). `kind` is the letter of `file.ft`. The
    name loses paths, control characters and text-direction marks; a missing type is guessed from the content, then the
    name. Raises ValidationFailed (`file_empty`) for empty content. Source: osticket/files.md §2 and §3.
    """
    with _rewindable(content) as stream:
        digest, size, head = _measure(stream)
        if size == 0:
            raise ValidationFailed(_("The file is empty."), code="file_empty")
        existing = _same_content(digest.signature(), size) if deduplicate else None
        if existing is not None:
            return existing
        clean_name = file_name(name)
        file = StoredFile(
            ft=kind,
            bk=letter_for_new_files(),
            type=media_type_of(media_type, clean_name, head),
            size=size,
            key=digest.new_key(),
            signature=digest.signature(),
            name=clean_name,
        )
        _save(file, stream)
    logger.info("file_stored", file_id=file.pk, size=size, storage=file.bk)
    return file


def _save(file: StoredFile, stream: Stream) -> None:
    """Write row and content: in one transaction, or (a large file, and none is open) piece by piece without one.

    A large file would keep every other writer of SQLite waiting. Until all of it is there the row has no signature, so
    that nobody takes it for the same content; a row left behind by a crash is an orphan.
    """
    is_alone = not transaction.get_connection().in_atomic_block
    if is_alone and file.size <= CHUNK_SIZE:
        with transaction.atomic():
            _save(file, stream)
        return
    signature, file.signature = file.signature, "" if is_alone else file.signature
    file.save(force_insert=True)
    try:
        _write(file, stream)
    except BaseException:
        if is_alone:
            backend_of(file).delete(file)
            StoredFile.objects.filter(pk=file.pk).delete()
        raise
    if is_alone:
        file.signature = signature
        file.save(update_fields=["signature"])


def _write(file: StoredFile, stream: Stream) -> None:
    """Write the content where new files go; into the database when that fails, as osTicket does (files.md §3)."""
    try:
        backend_of(file).write(file, _pieces(stream))
    except OSError as error:
        if file.bk == DATABASE:
            raise
        logger.warning("file_storage_failed", storage=file.bk, reason=str(error))
        file.bk = DATABASE
        file.save(update_fields=["bk"])
        backend_of(file).write(file, _pieces(stream))


def attach(
    file: StoredFile, *, object_type: str, object_id: int, inline: bool = False, name: str | None = None
) -> Attachment:
    """Attach a stored file to an object (type letters: osticket/schema.md §3.2) and give the row.

    `name` is what the file is called there; it is kept only if it differs from the file's own name other than in case.
    Attaching the same file again gives the existing row. A file attached to an object of another type that happens to
    have the same id cannot be attached again (unique in osTicket's table): a copy of it is.
    """
    found = Attachment.objects.filter(file=file, object_id=object_id).first()
    if found is not None and found.type == object_type:
        return found
    if found is not None:
        file = store_file(read_file(file), name=file.name, media_type=file.type, deduplicate=False, kind=file.ft)
    display_name = file_name(name) if name else file.name
    differs = display_name.casefold() != file.name.casefold()
    return Attachment.objects.create(
        object_id=object_id, type=object_type, file=file, name=display_name if differs else None, inline=inline
    )


def read_file(file: StoredFile, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """Give the content of a stored file in pieces, from byte `start` to before `stop`.

    Raises NotFound when its storage is unknown here, or does not have it.
    """
    return backend_of(file).read(file, start, stop)


def file_name(name: str) -> str:
    """Make a name harmless: its last path component, NFC, without control and direction characters, 255 at most.

    A longer one is shortened with `…` before its extension, which is logged; a name of nothing becomes `file`.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    printable = "".join(c for c in clean_text(last) if c in _JOINERS or unicodedata.category(c) not in _DROPPED)
    clean = printable.strip(" .") or "file"
    if len(clean) <= NAME_LENGTH:
        return clean
    logger.info("file_name_shortened", length=len(clean))
    stem, dot, extension = clean.rpartition(".")
    if dot and len(extension) < 20:
        return f"{shortened(stem, NAME_LENGTH - len(extension) - 1)}.{extension}"
    return shortened(clean, NAME_LENGTH)


def media_type_of(claimed: str, name: str, head: bytes) -> str:
    """Give the media type to store: the claimed one if it is well formed, else by content, else by name.

    It is a claim for display and for mail; downloads never trust it (see `helpdesk.files.views`).
    """
    essence = claimed.partition(";")[0].strip().lower()
    if _MEDIA_TYPE.fullmatch(essence):
        return essence
    by_content = next((media_type for magic, media_type in _MAGIC if head.startswith(magic)), None)
    return by_content or mimetypes.guess_type(name)[0] or OCTET_STREAM


@contextmanager
def _rewindable(content: Content) -> Iterator[Stream]:
    """Give a stream that can be read twice; what cannot be rewound goes through a temporary file."""
    if isinstance(content, bytes):
        yield BytesIO(content)
    elif isinstance(content, Stream) and content.seekable():
        yield content
    else:
        with tempfile.SpooledTemporaryFile(max_size=CHUNK_SIZE) as spool:
            for piece in _rest(content) if isinstance(content, Stream) else content:
                spool.write(piece)
            yield spool


def _measure(stream: Stream) -> tuple[ContentDigest, int, bytes]:
    digest, size, head = ContentDigest(), 0, b""
    for piece in _pieces(stream):
        head = head or piece[:16]
        size += len(piece)
        digest.update(piece)
    return digest, size, head


def _pieces(stream: Stream) -> Iterator[bytes]:
    stream.seek(0)
    yield from _rest(stream)


def _rest(stream: Stream) -> Iterator[bytes]:
    while piece := stream.read(CHUNK_SIZE):
        yield piece


def _same_content(signature: str, size: int) -> StoredFile | None:
    """Give the oldest file with this content, and see to it that it stays.

    One that nothing refers to may be about to be cleared away: it counts as new from now on.
    """
    candidates = StoredFile.objects.filter(signature=signature, size=size, ft="T").order_by("id")
    is_attached = Exists(Attachment.objects.filter(file=OuterRef("pk")))
    for file in candidates.annotate(is_attached=is_attached):
        if file.signature == signature and (file.is_attached or _renew(file)):
            return file
    return None


def _renew(file: StoredFile) -> bool:
    """Make the file young; False when it has just been cleared away."""
    return StoredFile.objects.filter(pk=file.pk).update(created=timezone.now()) == 1

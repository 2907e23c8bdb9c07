"""Where the bytes of stored files are: storage back ends by the letter in `file.bk` (osticket/files.md §3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from django.db.models import QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from helpdesk.files.models import FileChunk, StoredFile
from helpdesk.legacy.errors import NotFound

CHUNK_SIZE = 512_000
DATABASE = "D"


class StorageBackend(Protocol):
    """A place for the bytes of files."""

    def size(self, file: StoredFile) -> int:
        """Give the number of bytes that `read` will give."""

    def read(self, file: StoredFile) -> Iterator[bytes]:
        """Give the content in pieces."""

    def write(self, file: StoredFile, pieces: Iterable[bytes]) -> int:
        """Store the content of a file that has a row but no bytes yet; gives the number of bytes written."""


class DatabaseStorage:
    """Chunks of at most 512,000 bytes in the table `file_chunk`; one chunk at a time is in memory."""

    def size(self, file: StoredFile) -> int:
        """Add up the lengths of the chunks; the database does not send their content."""
        lengths = _chunks(file).annotate(length=Length("filedata")).values_list("length", flat=True)
        return sum(int(length or 0) for length in lengths)

    def read(self, file: StoredFile) -> Iterator[bytes]:
        """Give one chunk after the other."""
        for chunk_id in _chunks(file).values_list("chunk_id", flat=True):
            chunk = _chunks(file).filter(chunk_id=chunk_id).values_list("filedata", flat=True).first()
            yield bytes(chunk or b"")

    def write(self, file: StoredFile, pieces: Iterable[bytes]) -> int:
        """Cut the content into chunks, numbered from 0."""
        written = 0
        for chunk_id, chunk in enumerate(cut_into_chunks(pieces)):
            FileChunk.objects.create(file=file, chunk_id=chunk_id, filedata=chunk)
            written += len(chunk)
        return written


def cut_into_chunks(pieces: Iterable[bytes], size: int = CHUNK_SIZE) -> Iterator[bytes]:
    """Regroup pieces of any length into chunks of exactly `size` bytes, the last one shorter."""
    pending = bytearray()
    for piece in pieces:
        pending += piece
        while len(pending) >= size:
            yield bytes(pending[:size])
            del pending[:size]
    if pending:
        yield bytes(pending)


_backends: dict[str, StorageBackend] = {DATABASE: DatabaseStorage()}


def register_backend(letter: str, backend: StorageBackend) -> None:
    """Make `backend` responsible for the files whose `bk` is `letter`."""
    _backends[letter] = backend


def backend_of(file: StoredFile) -> StorageBackend:
    """Give the back end of a file; raises NotFound when nobody here can read it (osticket/files.md §3)."""
    backend = _backends.get(str(file.bk))
    if backend is None:
        raise NotFound(_("Unknown or invalid file"), code="file_unreadable")
    return backend


def _chunks(file: StoredFile) -> QuerySet[FileChunk]:
    return FileChunk.objects.filter(file=file).order_by("chunk_id")

"""Where the bytes of stored files are: storage back ends by the letter in `file.bk` (osticket/files.md §3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from django.db.models import QuerySet
from django.db.models.functions import Length
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.files.filesystem import FilesystemStorage
from helpdesk.files.models import FileChunk, StoredFile
from helpdesk.legacy.errors import NotFound

CHUNK_SIZE = 512_000
"""Bytes of a chunk, as osTicket writes them: escaped for a statement they stay below MySQL's smallest usual limit
(`max_allowed_packet`, 1 MiB)."""
DATABASE = "D"
FILESYSTEM = "F"


class StorageBackend(Protocol):
    """A place for the bytes of files."""

    def size(self, file: StoredFile) -> int:
        """Give the number of bytes that `read` will give."""

    def read(self, file: StoredFile, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Give the content from byte `start` to before `stop` (None: to the end) in pieces."""

    def write(self, file: StoredFile, pieces: Iterable[bytes]) -> int:
        """Store the content of a file that has a row but no bytes here; gives the number of bytes written."""

    def delete(self, file: StoredFile) -> None:
        """Remove the content, if there is any."""


class DatabaseStorage:
    """Chunks of at most 512,000 bytes in the table `file_chunk`; one chunk at a time is in memory."""

    def size(self, file: StoredFile) -> int:
        """Add up the lengths of the chunks; the database does not send their content."""
        return sum(length for _chunk_id, length in _lengths(file))

    def read(self, file: StoredFile, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Give one chunk after the other, those at the ends cut."""
        begins = 0
        for chunk_id, length in _lengths(file):
            first, last = max(start - begins, 0), length if stop is None else min(stop - begins, length)
            if first < last:
                chunk = _chunks(file).filter(chunk_id=chunk_id).values_list("filedata", flat=True).first()
                yield bytes(chunk or b"")[first:last]
            begins += length

    def write(self, file: StoredFile, pieces: Iterable[bytes]) -> int:
        """Cut the content into chunks, numbered from 0."""
        written = 0
        for chunk_id, chunk in enumerate(cut_into_chunks(pieces)):
            FileChunk.objects.create(file=file, chunk_id=chunk_id, filedata=chunk)
            written += len(chunk)
        return written

    def delete(self, file: StoredFile) -> None:
        """Remove the chunks."""
        FileChunk.objects.filter(file=file).delete()


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


_backends: dict[str, StorageBackend] = {DATABASE: DatabaseStorage(), FILESYSTEM: FilesystemStorage()}


def register_backend(letter: str, backend: StorageBackend) -> None:
    """Make `backend` responsible for the files whose `bk` is `letter`."""
    _backends[letter] = backend


def backend_for(letter: str) -> StorageBackend:
    """Give the back end of a letter; raises NotFound when nobody here has it (osticket/files.md §3)."""
    backend = _backends.get(letter)
    if backend is None:
        raise NotFound(_("Unknown or invalid file"), code="file_unreadable")
    return backend


def backend_of(file: StoredFile) -> StorageBackend:
    """Give the back end of a file; raises NotFound when nobody here can read it."""
    return backend_for(str(file.bk))


def known_letters() -> frozenset[str]:
    """Give the letters of the back ends that there are."""
    return frozenset(_backends)


def letter_for_new_files() -> str:
    """Give the letter of the back end that new files go to: setting `default_storage_bk`, else the database."""
    chosen = configuration.current().text("default_storage_bk")
    return chosen if chosen in _backends else DATABASE


def _chunks(file: StoredFile) -> QuerySet[FileChunk]:
    return FileChunk.objects.filter(file=file).order_by("chunk_id")


def _lengths(file: StoredFile) -> list[tuple[int, int]]:
    rows = _chunks(file).annotate(length=Length("filedata")).values_list("chunk_id", "length")
    return [(chunk_id, int(length or 0)) for chunk_id, length in rows]

"""Large files are stored before a transaction opens, piece by piece, and nobody takes half a file for a whole one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO

import pytest
from django.db import connection

from helpdesk.files.models import Attachment, FileChunk, StoredFile
from helpdesk.files.services import read_file, store_file
from helpdesk.files.storage import DatabaseStorage
from helpdesk.people.actor import Actor
from helpdesk.threads.bodies import NewFile
from helpdesk.threads.constants import ObjectType
from tests.factories import new_ticket
from tickets.services import post_note

pytestmark = pytest.mark.django_db(transaction=True)
LARGE = bytes(range(256)) * 4688
Write = Callable[[DatabaseStorage, StoredFile, Iterable[bytes]], int]


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each file that is written: whether a transaction was open."""
    seen: list[bool] = []
    write: Write = DatabaseStorage.write

    def watch(self: DatabaseStorage, file: StoredFile, pieces: Iterable[bytes]) -> int:
        seen.append(connection.in_atomic_block)
        return write(self, file, pieces)

    monkeypatch.setattr(DatabaseStorage, "write", watch)
    return seen


def test_large_file_of_a_note_is_there_before_its_transaction(watched: list[bool]) -> None:
    ticket = new_ticket()
    note = post_note(ticket, actor=Actor.system(), body="see", files=[NewFile("big.bin", BytesIO(LARGE))]).entry
    assert watched == [False]
    attachment = Attachment.objects.select_related("file").get(type=ObjectType.THREAD_ENTRY, object_id=note.pk)
    assert b"".join(read_file(attachment.file)) == LARGE
    assert attachment.file.signature == store_file(LARGE, name="same").signature
    assert StoredFile.objects.filter(size=len(LARGE)).count() == 1


def test_small_file_takes_one_transaction(watched: list[bool]) -> None:
    store_file(b"small", name="small.txt")
    assert watched == [True]


def test_file_that_breaks_off_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    write: Write = DatabaseStorage.write

    def break_off(self: DatabaseStorage, file: StoredFile, pieces: Iterable[bytes]) -> int:
        write(self, file, [LARGE[:600_000]])
        assert store_file(LARGE, name="somebody else's").pk != file.pk
        raise ConnectionResetError

    def once(self: DatabaseStorage, file: StoredFile, pieces: Iterable[bytes]) -> int:
        monkeypatch.setattr(DatabaseStorage, "write", write)
        return break_off(self, file, pieces)

    monkeypatch.setattr(DatabaseStorage, "write", once)
    with pytest.raises(ConnectionResetError):
        store_file(LARGE, name="big.bin")
    other = StoredFile.objects.get(size=len(LARGE))
    assert other.name == "somebody else's"
    assert FileChunk.objects.exclude(file=other).filter(file_id__gt=other.pk - 2).count() == 0

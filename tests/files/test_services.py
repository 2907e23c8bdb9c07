"""Storing files: keys, chunks, duplicates, names, memory (osticket/files.md §2-§4)."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator

import pytest

from helpdesk.files.models import Attachment, FileChunk, StoredFile
from helpdesk.files.selectors import attachments_of, display_name
from helpdesk.files.services import attach, file_name, media_type_of, read_file, store_file
from helpdesk.files.storage import backend_of, cut_into_chunks
from helpdesk.legacy.errors import NotFound, ValidationFailed

pytestmark = pytest.mark.django_db


def content_of(file: StoredFile) -> bytes:
    return b"".join(read_file(file))


def test_signature_and_key_are_osTickets() -> None:  # noqa: N802
    file = store_file(b"hello", name="hello.txt")
    assert file.signature == "qvTGHdzF6KLavt4PXUFAKrxLKna5cZ2R"
    assert file.key[5:] == "qvTGHdzF6KLavt4PO0gs2a6pQ00"
    assert (len(file.key), file.size, file.bk, file.ft, file.type) == (32, 5, "D", "T", "text/plain")


def test_content_is_cut_into_chunks_of_512000_bytes() -> None:
    data = bytes(range(256)) * 4688  # 1,200,128 bytes
    file = store_file(data, name="big.bin")
    chunks = FileChunk.objects.filter(file=file).order_by("chunk_id")
    assert [(c.chunk_id, len(c.filedata)) for c in chunks] == [(0, 512_000), (1, 512_000), (2, 176_128)]
    assert content_of(file) == data
    assert backend_of(file).size(file) == len(data)


@pytest.mark.parametrize("pieces", [[b"ab", b"c"], [b"", b"abc"], [b"a", b"", b"bc"]])
def test_pieces_of_any_length_make_full_chunks(pieces: list[bytes]) -> None:
    assert list(cut_into_chunks(pieces, 2)) == [b"ab", b"c"]


def test_streams_and_pieces_are_stored_like_bytes() -> None:
    class Pipe(io.RawIOBase):
        """A stream that cannot go back."""

        def __init__(self) -> None:
            self.rest = io.BytesIO(b"from a pipe")

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: object) -> int:
            return self.rest.readinto(buffer)  # type: ignore[arg-type]

    stream = io.BytesIO(b"from a stream")
    stream.read(5)
    assert content_of(store_file(stream, name="a")) == b"from a stream"
    assert content_of(store_file(Pipe(), name="b")) == b"from a pipe"
    assert content_of(store_file((piece for piece in (b"from ", b"pieces")), name="c")) == b"from pieces"


def test_memory_does_not_grow_with_the_file() -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(300):
            yield b"x" * 100_000

    tracemalloc.start()
    try:
        file = store_file(pieces(), name="30-megabytes.bin")
        sizes = [len(piece) for piece in read_file(file)]
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(sizes) == file.size == 30_000_000
    assert peak < 12_000_000


def test_same_content_is_stored_once_if_the_caller_wants() -> None:
    first = store_file(b"same", name="first.txt")
    assert store_file(b"same", name="second.txt", media_type="image/png").pk == first.pk
    again = store_file(b"same", name="third.txt", deduplicate=False)
    assert again.pk != first.pk
    assert (again.signature, again.key) != (first.signature, first.key)


def test_signatures_compare_with_case() -> None:
    """On MySQL as everywhere: another content whose signature differs in case only is another content."""
    file = store_file(b"original", name="a")
    StoredFile.objects.filter(pk=file.pk).update(signature=file.signature.swapcase())
    assert store_file(b"original", name="b").pk != file.pk


def test_empty_content_is_refused() -> None:
    with pytest.raises(ValidationFailed) as refusal:
        store_file(b"", name="empty")
    assert refusal.value.code == "file_empty"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\report.pdf", "report.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\x00b\r\nc.txt", "abc.txt"),
        ("...", "file"),
        ("", "file"),
        ("dir/", "file"),
        ("u\u0308.txt", "ü.txt"),
        ("x" * 300 + ".tar.gz", "x" * 251 + "….gz"),
        ("y" * 300, "y" * 254 + "…"),
        ("😀" * 300, "😀" * 254 + "…"),
        ("👩\u200d💻 נ.txt", "👩\u200d💻 נ.txt"),
        ("a\ud83d\ude00\ud83d.txt", "a😀.txt"),
    ],
)
def test_names_are_made_harmless(given: str, stored: str) -> None:
    assert file_name(given) == stored


@pytest.mark.parametrize(
    ("claimed", "name", "head", "stored"),
    [
        ("Image/PNG; name=x", "x", b"", "image/png"),
        ("nonsense", "x.pdf", b"", "application/pdf"),
        ("", "x.bin", b"\x89PNG\r\n\x1a\n", "image/png"),
        ("", "x.unknown", b"?", "application/octet-stream"),
        ("text/html\r\nX-Evil: 1", "x.txt", b"", "text/plain"),
        ("a/" + "b" * 300, "x", b"", "application/octet-stream"),
    ],
)
def test_media_types(claimed: str, name: str, head: bytes, stored: str) -> None:
    assert media_type_of(claimed, name, head) == stored


def test_attaching_twice_is_attaching_once() -> None:
    file = store_file(b"x", name="Report.pdf")
    first = attach(file, object_type="H", object_id=5, name="report.PDF")
    assert attach(file, object_type="H", object_id=5) == first
    assert (first.name, display_name(first)) == (None, "Report.pdf")


def test_own_name_at_the_place_where_it_hangs() -> None:
    attachment = attach(store_file(b"x", name="a.pdf"), object_type="H", object_id=5, name="b.pdf", inline=True)
    assert (attachment.name, display_name(attachment), attachment.inline) == ("b.pdf", "b.pdf", True)


def test_file_on_objects_of_two_types_with_one_id() -> None:
    """osTicket's table allows a file once per object id, whatever the type: the second one gets a copy."""
    file = store_file(b"shared", name="a.pdf")
    entry, canned = (attach(file, object_type=letter, object_id=5) for letter in "HC")
    assert entry.file_id == file.pk != canned.file_id
    assert content_of(canned.file) == b"shared"


def test_attachments_of_many_objects_cost_one_query(django_assert_num_queries: object) -> None:
    for number in range(1, 4):
        attach(store_file(b"%d" % number, name=f"{number}.txt"), object_type="H", object_id=number)
    attach(store_file(b"other", name="other.txt"), object_type="C", object_id=1)
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = attachments_of("H", [1, 2, 99])
        assert {key: [a.file.name for a in value if a.file] for key, value in found.items()} == {
            1: ["1.txt"],
            2: ["2.txt"],
        }


def test_attachment_whose_file_is_gone_is_left_out() -> None:
    Attachment.objects.create(object_id=1, type="H", file_id=4_000_000)
    assert attachments_of("H", [1]) == {}


def test_file_in_a_storage_that_is_unknown_here_is_missing() -> None:
    file = store_file(b"x", name="x")
    file.bk = "3"
    with pytest.raises(NotFound):
        read_file(file)

"""Nothing that a sender writes makes the reading of mails fail, and no mail goes past the limits unnoticed."""

from __future__ import annotations

import base64
import contextlib
import random
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.mail.incoming import IncomingMail, read_mail
from helpdesk.mail.reading.charsets import text_of
from helpdesk.mail.reading.headers import decoded
from helpdesk.mail.reading.limits import LIMITS
from helpdesk.mail.reading.quotations import without_quotation
from helpdesk.mail.reading.tnef import TnefError, unpack
from tests.conformance.mail_pieces import raw_mail
from tests.conformance.recorded import cases_folder, load_cases

HEAD = b"From: Jane <jane@example.com>\r\nSubject: Printer\r\nMessage-ID: <1@example.com>\r\n"
NOTE = "could not be read completely"
RECORDED = [raw_mail(case) for case in load_cases(cases_folder()) if case.file == "mail-parse.json"]


def _is_whole(mail: IncomingMail) -> None:
    """Whatever was read can be stored: texts are Unicode, and everybody who answers finds an id."""
    assert mail.subject
    assert mail.message_id
    for text in (mail.body, mail.subject, mail.headers, mail.message_id, *(file.name for file in mail.files)):
        text.encode()
    assert all(file.name for file in mail.files)


@given(st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    _is_whole(read_mail(raw, reply_separator="--"))
    _is_whole(read_mail(HEAD + raw, rich_text=False))


@given(st.sampled_from(RECORDED), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_mangled_mails_are_mails(raw: bytes, chance: random.Random) -> None:
    mangled = bytearray(raw)
    for _change in range(chance.randint(1, 12)):
        position = chance.randrange(len(mangled))
        piece = chance.choice(
            (b"", bytes([chance.randrange(256)]), b"\r\n", b"=?", b"\x00", bytes(mangled[position:][:40]))
        )
        mangled[position : position + chance.choice((0, 1, 30))] = piece
        if not mangled:
            break
    _is_whole(read_mail(bytes(mangled), reply_separator="-- reply above this line --"))


@given(st.binary(max_size=200), st.text(max_size=30))
@settings(max_examples=150, deadline=None)
def test_any_charset_gives_text(data: bytes, charset: str) -> None:
    text_of(data, charset).encode()


@given(st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_header_decodes(value: str) -> None:
    decoded(value).encode()


@given(st.text(alphabet="<>abp/ \n-=", max_size=80), st.booleans())
@settings(max_examples=150, deadline=None)
def test_cutting_a_quotation_loses_nothing(text: str, is_html: bool) -> None:
    cut = without_quotation(text, "--", is_html=is_html)
    assert cut.text + cut.quoted == text


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_stream_in_winmail_dat_is_read_or_refused(data: bytes) -> None:
    stream = struct.pack("<IH", 0x223E9F78, 1)
    for tag in (0x69003, 0x69005):
        stream += struct.pack("<BII", 1, tag, len(data)) + data + struct.pack("<H", sum(data) % 65536)
    with contextlib.suppress(TnefError):
        unpack(stream, most_bytes=10_000)


def test_counts_in_winmail_dat_are_not_believed() -> None:
    data = struct.pack("<IHHI", 0xFFFFFFFF, 0x101E, 0x3707, 0xFFFFFFFF)
    stream = struct.pack("<IHBII", 0x223E9F78, 1, 1, 0x69003, len(data)) + data + struct.pack("<H", sum(data) % 65536)
    with pytest.raises(TnefError):
        unpack(stream, most_bytes=10_000)


def _multipart(parts: bytes) -> bytes:
    return HEAD + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + parts + b"--b--\r\n"


def _nested(depth: int) -> bytes:
    kind, text = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n", b"Content-Type: text/plain\r\n\r\nlevel %d\r\n"
    template = kind + b"--b%d\r\n" + text + b"--b%d\r\n"
    return HEAD + b"".join(template % (level, level, level, level) for level in range(depth)) + b"\r\nend\r\n"


OVER_THE_LIMIT: dict[str, Callable[[], bytes]] = {
    "parts": lambda: _multipart(b"--b\r\n\r\nfirst\r\n" * (LIMITS.parts + 5)),
    "depth": lambda: _nested(LIMITS.depth + 500),
    "headers": lambda: _multipart(b"--b\r\n\r\nfirst\r\n--b\r\n" + b"X: y\r\n" * (LIMITS.headers + 1) + b"\r\n"),
    "lines": lambda: HEAD + b"\r\nfirst" + b"\r" * (LIMITS.lines + 1),
}


@pytest.mark.parametrize("limit", OVER_THE_LIMIT)
def test_a_mail_past_a_limit_is_readable_and_kept_whole(limit: str) -> None:
    raw = OVER_THE_LIMIT[limit]()
    mail = read_mail(raw)
    assert mail.sender is not None
    assert mail.sender.address == "jane@example.com"
    assert mail.subject == "Printer"
    assert mail.body.lstrip().startswith(("first", "level 0"))
    assert NOTE in mail.body
    assert mail.files[-1].content == raw


def test_a_mail_that_is_too_large_is_read_by_its_beginning() -> None:
    raw = HEAD + b"\r\nfirst words" + b" and more" * 1000
    mail = read_mail(raw, limits=replace(LIMITS, mail_bytes=1000, beginning_bytes=200))
    assert mail.body.startswith("first words")
    assert NOTE in mail.body
    assert [file.content for file in mail.files] == [raw]


def test_a_winmail_dat_that_unpacks_to_too_much_stays_a_file() -> None:
    content = b"x" * 5000
    stream = struct.pack("<IH", 0x223E9F78, 1)
    for tag, data in ((0x69002, b""), (0x6800F, content)):
        stream += struct.pack("<BII", 2, tag, len(data)) + data + struct.pack("<H", sum(data) % 65536)
    part = b"--b\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    raw = _multipart(part + base64.encodebytes(stream) + b"\r\n")
    assert [len(file.content) for file in read_mail(raw).files] == [5000]
    kept = read_mail(raw, limits=replace(LIMITS, unpacked_bytes=4000)).files
    assert [(file.name, file.content) for file in kept] == [("winmail.dat", stream)]


@pytest.mark.parametrize(
    "hostile", ["(", '"', '"\\', "<", "<@", ",", ";", ":", "a ", "=?", "=?*", "?= ", "a@", "[", "\\"]
)
def test_a_header_of_one_repeated_sign_is_read(hostile: str) -> None:
    line = (hostile * 100_000)[:100_000].encode()
    names = (b"From", b"To", b"Cc", b"References", b"Content-Type", b"Content-Disposition", b"Subject")
    raw = b"".join(name + b": " + line + b"\r\n" for name in names) + b"\r\ntext\r\n"
    _is_whole(read_mail(raw))


def test_a_mail_of_25_megabytes_needs_less_than_300_of_memory() -> None:
    program = """
import base64, os
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
django.setup()
from helpdesk.mail.incoming import read_mail
content = base64.encodebytes(os.urandom(18_500_000)).replace(b"\\n", b"\\r\\n")
head = b"From: a@b.test\\r\\nContent-Type: multipart/mixed; boundary=b\\r\\n\\r\\n--b\\r\\n\\r\\ntext\\r\\n--b\\r\\n"
kind = b"Content-Type: application/pdf; name=a.pdf\\r\\nContent-Transfer-Encoding: base64\\r\\n\\r\\n"
raw = head + kind + content + b"--b--\\r\\n"
assert len(raw) > 25_000_000
del content
assert len(read_mail(raw).files[0].content) == 18_500_000
[peak] = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(int(peak.split()[1]) // 1024)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[-1]) < 300


@pytest.mark.parametrize("markup", ["<a ", "<a b='", '<div style="', "<!--", "</a", "a</a>"])
@pytest.mark.parametrize("subject", [b"Printer", b"Undelivered mail returned"])
def test_markup_without_an_end_is_read_in_one_go(markup: str, subject: bytes) -> None:
    """The parser of the standard library begins anew at each `<`, and takes hours for a megabyte of them."""
    html = f"<p>words</p><a href='x'>{markup * (200_000 // len(markup))}".encode()
    head = HEAD.replace(b"Printer", subject) + b"Content-Type: text/html\r\n\r\n"
    started = time.process_time()
    mail = read_mail(head + html, rich_text=False)
    assert time.process_time() - started < 1
    assert "words" in mail.body

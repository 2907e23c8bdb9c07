"""What is read from a mail beyond the recorded cases."""

from __future__ import annotations

import base64
import struct

import pytest

from helpdesk.mail.incoming import read_mail
from helpdesk.threads.bodies import HTML, TEXT

HEAD = b"From: Jane <jane@example.com>\r\nTo: help@acme.test\r\nSubject: Printer\r\nMessage-ID: <1@example.com>\r\n"
MIXED = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
TEXT_PART = b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSee the file\r\n"


def _with_file(headers: bytes, content: bytes = b"data") -> bytes:
    return MIXED + TEXT_PART + b"--b\r\n" + headers + b"\r\n\r\n" + content + b"\r\n--b--\r\n"


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        (
            b"Content-Type: a/b\r\nContent-Disposition: attachment; filename*0*=utf-8''%C3%BCber; filename*1=.txt",
            "über.txt",
        ),
        (b"Content-Type: a/b\r\nContent-Disposition: attachment;\r\n filename*0=long; filename*1=.txt", "long.txt"),
        (b'Content-Type: application/pdf;\r\n name="=?utf-8?Q?=C3=A9t=C3=A9=2Epdf?="', "été.pdf"),
        (b"Content-Type: application/pdf; name*=utf-8'de'%zz%C3%BC.pdf", "%zzü.pdf"),
    ],
    ids=["RFC 2231 in pieces", "plain pieces", "RFC 2047", "broken percent signs"],
)
def test_names_of_files_are_read_in_every_notation(headers: bytes, name: str) -> None:
    assert [file.name for file in read_mail(_with_file(headers)).files] == [name]


@pytest.mark.parametrize(
    ("kind", "beginning", "end"),
    [
        (b"audio/mpeg", "audio-", ".mpeg"),
        (b"image/jpeg", "image-", ".jpeg"),
        (b"text/calendar", "attachment-", ".ics"),
        (b"application/zip", "attachment-", ".zip"),
        (b"application/x-..-etc", "attachment-", ".bin"),
        (b"image/svg+xml", "image-", ".svg"),
    ],
)
def test_a_file_without_a_name_gets_one(kind: bytes, beginning: str, end: str) -> None:
    (file,) = read_mail(_with_file(b"Content-Type: " + kind)).files
    assert file.content == b"data"
    assert file.name.startswith(beginning)
    assert file.name.endswith(end)
    assert "/" not in file.name


def test_a_long_text_without_a_charset_is_guessed() -> None:
    text = "Здравствуйте, у меня не работает принтер, и я не могу напечатать договор. Помогите, пожалуйста, скорее. "  # noqa: RUF001
    mail = read_mail(HEAD + b"Content-Type: text/plain\r\n\r\n" + (text * 5).encode("cp1251"))
    assert mail.body == text * 5


@pytest.mark.parametrize("charset", ["idna", "punycode", "unicode_escape", "base64", "zlib", "x" * 5000])
def test_codecs_that_are_no_charsets_are_unknown(charset: str) -> None:
    mail = read_mail(HEAD + f'Content-Type: text/plain; charset="{charset}"\r\n\r\ncafé'.encode())
    assert mail.body == "café"


def test_words_of_a_header_that_cut_a_character_in_two_are_put_together() -> None:
    first, second = (base64.b64encode(part).decode() for part in ("ü".encode()[:1], "ü".encode()[1:]))
    subject = f"Subject: =?utf-8?B?{first}?=\r\n =?utf-8*de?B?{second}?= ok\r\n".encode()
    assert read_mail(b"From: a@b.test\r\n" + subject + b"\r\nx").subject == "ü ok"


def test_files_beside_winmail_dat_are_kept() -> None:
    stream = struct.pack("<IH", 0x223E9F78, 1)
    for tag, data in ((0x69002, b""), (0x18010, b"a.txt\0"), (0x6800F, b"packed")):
        stream += struct.pack("<BII", 2, tag, len(data)) + data + struct.pack("<H", sum(data) % 65536)
    packed = b"Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    raw = _with_file(packed + base64.b64encode(stream) + b"\r\n--b\r\nContent-Type: application/pdf; name=b.pdf")
    assert [(file.name, file.content) for file in read_mail(raw).files] == [("a.txt", b"packed"), ("b.pdf", b"data")]


REPORT = (
    b"From: MAILER-DAEMON@mx.test\r\nSubject: Undelivered Mail Returned to Sender\r\nMessage-ID: <b@mx.test>\r\n"
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
    b"--b\r\n\r\nIt did not arrive.\r\n"
    b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\n"
    b"Final-Recipient: rfc822; gone@nowhere.test\r\nAction: %s\r\nStatus: 5.1.1\r\n\r\n"
    b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <ours@acme.test>\r\nReferences: <first@x.test>\r\n"
    b"\r\n--b--\r\n"
)


@pytest.mark.parametrize(("action", "has_failed"), [(b"failed", True), (b"delayed", False)])
def test_a_delivery_report_names_the_mail_that_came_back(action: bytes, has_failed: bool) -> None:
    mail = read_mail(REPORT % action)
    assert mail.is_bounce
    assert mail.body.strip() == "It did not arrive."
    assert mail.report is not None
    assert mail.report.has_failed is has_failed
    assert mail.report.recipients == ("gone@nowhere.test",)
    assert mail.report.status == "5.1.1"
    assert mail.answers_to == ["<ours@acme.test>", "<first@x.test>"]
    assert [file.media_type for file in mail.files] == ["message/delivery-status", "text/rfc822-headers"]


def test_a_bounce_in_prose_names_whom_it_did_not_reach() -> None:
    text = (
        b"Hi. This is the qmail-send program at qm.test.\r\n\r\n"
        b"<gone@x.test>:\r\nSorry, no mailbox here by that name.\r\n\r\n--- Below this line is a copy.\r\n"
    )
    mail = read_mail(b"From: MAILER-DAEMON@qm.test\r\nSubject: failure notice\r\nReturn-Path: <>\r\n\r\n" + text)
    assert mail.report is not None
    assert mail.report.recipients == ("gone@x.test",)


def test_a_mail_on_which_reading_fails_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helpdesk.mail.incoming.read_parts", lambda *args: 1 / 0)
    raw = HEAD + b"\r\nhello"
    mail = read_mail(raw)
    assert mail.sender is not None
    assert (mail.sender.address, mail.subject, mail.message_id) == ("jane@example.com", "Printer", "<1@example.com>")
    assert "could not be read completely" in mail.body
    assert [(file.name, file.content) for file in mail.files] == [("Printer.eml", raw)]


def test_text_that_is_not_in_its_encoding_stays() -> None:
    mail = read_mail(HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n!!! ???")
    assert mail.body == "!!! ???"


def test_a_mail_that_nobody_bounced_has_no_report() -> None:
    assert read_mail(HEAD + b"\r\nhello").report is None


def test_html_becomes_text_where_rich_text_is_off() -> None:
    raw = HEAD + b"Content-Type: text/html\r\n\r\n<p>One</p><script>two</script><p>Three</p>"
    assert (read_mail(raw).format, read_mail(raw, rich_text=False).format) == (HTML, TEXT)
    assert read_mail(raw, rich_text=False).body.split() == ["One", "Three"]


def test_what_was_quoted_is_still_there() -> None:
    mail = read_mail(HEAD + b"\r\nThanks\r\n-- above --\r\nold text", reply_separator="-- above --")
    assert (mail.body, mail.quoted) == ("Thanks\r\n", "-- above --\r\nold text")

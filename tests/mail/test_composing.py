"""What the headers and parts of our mails look like: as the standard library writes them, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.mail.composing import compose
from helpdesk.mail.models import EmailAddress
from helpdesk.mail.outgoing import Recipient, RecipientKind
from helpdesk.mail.rendering import RenderedMail

NOW = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
MESSAGE_ID = "B65M1k5-9ocOR-CQAAAMt0AADvJgAAVUXMr-support@acme.test"
PLAIN_WORDS = st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=90), max_size=9)
LINES = st.one_of(PLAIN_WORDS.map(" ".join), st.text(st.characters(exclude_categories=["C", "Z"]), max_size=120))
REFERENCES = st.lists(st.from_regex(r"<[!#-;=?-~]{1,80}@[a-z.-]{1,30}>", fullmatch=True), min_size=1, max_size=20)


def mail_of(subject: str, name: str, text: str, headers: Mapping[str, str], html: str | None) -> RenderedMail:
    sender = EmailAddress(email="support@acme.test", name=name)
    ann = Recipient(RecipientKind.USER, "ann@customer.test", name, 1)
    bob = Recipient(RecipientKind.USER, "bob@customer.test", name, 1)
    return RenderedMail(sender, name, [ann], [bob, ann], subject, text, html, MESSAGE_ID, headers)


def as_the_library_writes_it(mail: RenderedMail) -> bytes:
    message = EmailMessage(policy=SMTP)
    people = [Address(mail.sender_name, addr_spec=one.address) for one in (*mail.to, *mail.cc)]
    message["From"] = Address(mail.sender_name, addr_spec=mail.sender.email)
    message["To"], message["Cc"] = people[:1], people[1:]
    message["Subject"], message["Date"] = mail.subject, format_datetime(NOW)
    message["Message-ID"] = f"<{mail.message_id}>"
    for header, value in mail.headers.items():
        message[header] = value
    message["X-Mailer"] = "Ostler"
    message.set_content(mail.text, cte="base64")
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html", cte="base64")
    return message.as_bytes()


def without_boundaries(written: bytes) -> bytes:
    boundary = re.search(rb'boundary="([^"]+)"', written)
    return written.replace(boundary[1], b"BOUNDARY") if boundary else written


def headers_of(written: bytes) -> list[bytes]:
    """Give header fields and what follows them; a MIME version is the same wherever it stands."""
    return sorted(without_boundaries(written).replace(b"MIME-Version: 1.0\r\n", b"").split(b"\r\n"))


@given(subject=LINES, name=LINES, references=REFERENCES)
def test_headers_are_written_as_the_library_does_it(subject: str, name: str, references: list[str]) -> None:
    chain = " ".join(references)
    mail = mail_of(" ".join(subject.split()), " ".join(name.split()), "Hello", {"References": chain}, "<p>Hello</p>")
    assert headers_of(compose(mail, now=NOW).message.as_bytes()) == headers_of(as_the_library_writes_it(mail))


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_texts_are_written_as_the_library_does_it(text: str) -> None:
    mail = mail_of("Hello", "Support", text, {}, f"<p>{text}</p>")
    assert headers_of(compose(mail, now=NOW).message.as_bytes()) == headers_of(as_the_library_writes_it(mail))


@pytest.mark.parametrize("html", [None, "<p>Grüße</p>"])
def test_a_header_that_says_how_it_is_encoded_is_no_plain_text(html: str | None) -> None:
    mail = mail_of("=?utf-8?q?forged?= and more", "=?utf-8?q?forged?=", "Grüße\n", {}, html)
    assert headers_of(compose(mail, now=NOW).message.as_bytes()) == headers_of(as_the_library_writes_it(mail))

"""A rendered mail as MIME (osticket/mail.md §6.2, §6.4)."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from helpdesk.configuration.kept import Kept
from helpdesk.files.models import StoredFile
from helpdesk.files.services import OCTET_STREAM, read_file
from helpdesk.mail.headers import QUICK, alternatives, text_part
from helpdesk.mail.outgoing import Recipient
from helpdesk.mail.rendering import RenderedMail, file_name_of
from helpdesk.outbox.handlers import GiveUp

MAILER = "Ostler"
MOST_KEPT = 32 * 1024
"""Bytes of an image that is kept in memory for a moment."""
_NOT_IN_HEADERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DOMAIN = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff@<>()\[\],;:\"\\]+|\[[\w.:]+\]")


@dataclass(frozen=True)
class Letter:
    """A message, the addresses that it is to go to now, and why it cannot go to others."""

    message: EmailMessage
    recipients: Sequence[str]
    impossible: Mapping[str, str] = field(default_factory=dict)


def compose(mail: RenderedMail, *, now: datetime, only: Collection[str] | None = None) -> Letter:
    """Make the message with its files; `only` names those who have not got it yet, None stands for everybody.

    An address that no mail can go to is left out. Raises GiveUp where none is left, or for the sender's own.
    """
    impossible: dict[str, str] = {}
    to, cc = _mailboxes(mail.to, impossible), _mailboxes(mail.cc, impossible)
    if not to and not cc:
        raise GiveUp(f"No mail can go to {told_refusals(impossible)}")
    message = _message(mail, to, cc, now)
    everybody = dict.fromkeys(one.addr_spec for one in (*to, *cc))
    return Letter(message, [one for one in everybody if only is None or one in only], impossible)


def told_refusals(refused: Mapping[str, str]) -> str:
    """Give in one line who was refused and why; what no column could hold in an address is written by its number."""
    return "; ".join(f"{one if one.isprintable() else ascii(one)}: {why}" for one, why in refused.items())


def _message(mail: RenderedMail, to: Sequence[Address], cc: Sequence[Address], now: datetime) -> EmailMessage:
    message = EmailMessage(policy=QUICK)
    message["From"] = _sender(mail)
    if to:
        message["To"] = to
    if cc:
        message["Cc"] = cc
    message["Subject"] = _one_line(mail.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.message_id}>"
    for name, value in mail.headers.items():
        message[name] = value
    message["X-Mailer"] = MAILER
    message["MIME-Version"] = "1.0"
    if mail.html is None:
        text_part(mail.text, "plain", message)
    else:
        alternatives(message, text_part(mail.text, "plain"), _html_part(mail.html, mail.images))
    for attachment in mail.files:
        main, sub = _media_type(attachment.file)
        message.add_attachment(_content(attachment.file), maintype=main, subtype=sub, filename=file_name_of(attachment))
    return message


def _html_part(html: str, images: Mapping[str, StoredFile]) -> EmailMessage:
    part = text_part(html, "html")
    for content_id, file in images.items():
        main, sub = _media_type(file)
        part.add_related(
            _image(file),
            maintype=main,
            subtype=sub,
            cid=f"<{content_id}>",
            filename=file.name,
            disposition="inline",
        )
    return part


def _sender(mail: RenderedMail) -> Address:
    try:
        return _mailbox(mail.sender_name, mail.sender.email)
    except ValueError as error:
        raise GiveUp(f"No mail can come from the address {mail.sender.email!r}: {error}") from error


def _mailboxes(people: Sequence[Recipient], impossible: dict[str, str]) -> list[Address]:
    """Give the addresses that a mail can go to, and add those it cannot go to to `impossible`."""
    found: list[Address] = []
    for one in people:
        try:
            found.append(_mailbox(one.name, one.address.strip()))
        except ValueError as error:
            impossible[one.address] = str(error)
    return found


def _mailbox(name: str, address: str) -> Address:
    """Give an address with its name. Raises ValueError for one that neither a header nor a mail server can be told."""
    local, _at, domain = address.rpartition("@")
    if not local or not _DOMAIN.fullmatch(domain) or _NOT_IN_HEADERS.search(local):
        raise ValueError("this is no address")
    clean_name = _one_line(name)
    if not local.startswith('"'):
        return Address(clean_name, local, domain)
    try:
        return Address(clean_name, addr_spec=address)
    except (MessageError, IndexError) as error:
        raise ValueError("this is no address") from error


def _one_line(text: str) -> str:
    return " ".join(_NOT_IN_HEADERS.sub(" ", text).split())


def _media_type(file: StoredFile) -> tuple[str, str]:
    essence = file.type or mimetypes.guess_type(file.name)[0] or OCTET_STREAM
    main, slash, sub = essence.partition("/")
    return (main, sub) if slash and main not in {"message", "multipart"} else ("application", "octet-stream")


def _image(file: StoredFile) -> bytes:
    """Give the content of an image; a small one may be in every mail (a logo)."""
    return _small_image(file.pk) if file.size <= MOST_KEPT else _content(file)


def _content(file: StoredFile) -> bytes:
    return b"".join(read_file(file))


_small_image = Kept(lambda file_id: _content(StoredFile.objects.get(pk=file_id)))
_small_image.forget_with(StoredFile)

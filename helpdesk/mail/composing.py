"""A rendered mail as MIME (osticket/mail.md §6.2, §6.4)."""

from __future__ import annotations

import mimetypes
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from helpdesk.files.models import StoredFile
from helpdesk.files.services import OCTET_STREAM, read_file
from helpdesk.mail.outgoing import Recipient
from helpdesk.mail.rendering import RenderedMail, file_name_of
from helpdesk.outbox.handlers import GiveUp

MAILER = "Ostler"


def compose(mail: RenderedMail, *, now: datetime) -> EmailMessage:
    """Make the message with its files. Raises GiveUp for an address that no mail can go to."""
    message = EmailMessage(policy=SMTP)
    message["From"] = _mailbox(mail.sender_name, mail.sender.email)
    if mail.to:
        message["To"] = _mailboxes(mail.to)
    if mail.cc:
        message["Cc"] = _mailboxes(mail.cc)
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.message_id}>"
    for name, value in mail.headers.items():
        message[name] = value
    message["X-Mailer"] = MAILER
    message.set_content(mail.text, cte="base64")
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html", cte="base64")
        for content_id, file in mail.images.items():
            html_part = message.get_payload()[-1]  # type: ignore[index]
            main, sub = _media_type(file)
            html_part.add_related(  # type: ignore[union-attr]
                _content(file),
                maintype=main,
                subtype=sub,
                cid=f"<{content_id}>",
                filename=file.name,
                disposition="inline",
            )
    for attachment in mail.files:
        main, sub = _media_type(attachment.file)
        message.add_attachment(_content(attachment.file), maintype=main, subtype=sub, filename=file_name_of(attachment))
    return message


def _mailboxes(people: Sequence[Recipient]) -> list[Address]:
    return [_mailbox(one.name, one.address) for one in people]


def _mailbox(name: str, address: str) -> Address:
    local, _at, domain = address.rpartition("@")
    clean_name = " ".join(name.split())
    try:
        return Address(clean_name, local, domain)
    except (ValueError, IndexError) as error:
        raise GiveUp(f"No mail can go to the address {address!r}: {error}") from error


def _media_type(file: StoredFile) -> tuple[str, str]:
    essence = file.type or mimetypes.guess_type(file.name)[0] or OCTET_STREAM
    main, slash, sub = essence.partition("/")
    return (main, sub) if slash and main not in {"message", "multipart"} else ("application", "octet-stream")


def _content(file: StoredFile) -> bytes:
    return b"".join(read_file(file))

"""Adapter for `mail-parse.json`: one mail, read once (cases/README §9)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from helpdesk.mail.incoming import IncomingMail, MailPart, read_mail
from helpdesk.mail.reading.headers import Mailbox
from helpdesk.mail.reading.recipients import OwnAddress, Recipients, recipients_of
from helpdesk.threads.bodies import prepare_body
from tests.conformance.comparison import differences, html_differences, plain_text_differences
from tests.conformance.mail_pieces import raw_mail, sha1_of
from tests.conformance.recorded import RecordedCase
from tests.conformance.registry import Aspect, adapter

FILE = "mail-parse.json"
NO_SUBJECT = "[No Subject]"
_STORED_IMAGE = re.compile(r"cid:(?:<random>|[\w-]{32})")
_EMBEDDED = re.compile(r'src="data:image/[^"]+"')


def _compare(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Compare all that was recorded about reading."""
    wanted = {**expected, "thread_entry_recipients": _without_gaps(expected["thread_entry_recipients"])}
    wanted["mailflags"] = {"bounce": bool(dict(expected["mailflags"] or {}).get("bounce"))}
    message, told = dict(wanted.pop("message")), dict(found["message"])
    message.pop("stored", None)
    message["body"], told["body"] = _plain(message["body"]), _plain(told["body"])
    return [
        *differences(wanted, found, exact=False),
        *differences(message, told, at="$.message"),
        *(f"$.{key}: not recorded, found {found[key]!r}" for key in ("email", "name") if key in found.keys() - wanted),
    ]


def _plain(body: Any) -> Any:
    """Give a text without what counts nowhere: kinds of line ends, blanks at its end (cases/README §0)."""
    return body.replace("\r\n", "\n").rstrip() if isinstance(body, str) else body


def _without_gaps(recipients: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(listed.values()) if isinstance(listed, Mapping) else listed for key, listed in recipients.items()}


def _compare_stored(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Compare what becomes of the text when it is stored: HTML by meaning, texts without their escaping."""
    wanted, present = expected["message"]["stored"], found["message"]["stored"]
    if expected["message"]["type"] == "html":
        return html_differences(_STORED_IMAGE.sub("cid:key", wanted), _STORED_IMAGE.sub("cid:key", present))
    return plain_text_differences(unescape(wanted), unescape(present))


@adapter(FILE, "parse", aspects=(Aspect("read", _compare), Aspect("stored", _compare_stored)), uses_database=True)
def read(case: RecordedCase) -> dict[str, Any]:
    config = case.given["config"]
    mail = read_mail(
        raw_mail(case),
        rich_text=bool(config["enable_richtext"]),
        reply_separator=config["reply_separator"] if config["strip_quoted_reply"] else "",
    )
    own = [OwnAddress(row["email_id"], Mailbox(row["name"], row["email"])) for row in case.given["system_emails"]]
    recipients = recipients_of(mail.to, mail.cc, mail.delivered_to, own)
    return {**_sender(mail), **_facts(case, mail), **_addressed(case, recipients)}


def _sender(mail: IncomingMail) -> dict[str, Any]:
    if mail.sender is None:
        return {}
    return {"email": mail.sender.address, "name": mail.sender.name or mail.sender.address}


def _facts(case: RecordedCase, mail: IncomingMail) -> dict[str, Any]:
    urgency = f"(urgency {mail.urgency.value})" if mail.urgency else None
    priorities = [key for key, words in case.given["priorities"].items() if urgency and urgency in words]
    return {
        "subject": "" if mail.subject == NO_SUBJECT else mail.subject,
        "subject_after_fixup": mail.subject,
        "mid": mail.message_id,
        "in-reply-to": mail.in_reply_to or False,
        "references": mail.references or False,
        "reply-to": mail.reply_to.address if mail.reply_to else None,
        "priorityId": next(iter(priorities), None),
        "mailflags": {"bounce": mail.is_bounce},
        "is_bounce": mail.is_bounce,
        "is_auto_reply": mail.is_automatic,
        "message": {
            "type": mail.format,
            "body": _EMBEDDED.sub('src="cid:embedded"', mail.body),
            "stored": prepare_body(mail.body, format=mail.format).body,
            "embedded_images": len(_EMBEDDED.findall(mail.body)),
            "stripped_images": list(mail.quoted_images),
        },
        "attachments": [_file(file) for file in mail.files],
    }


def _file(file: MailPart) -> dict[str, Any]:
    return {
        "name": file.name,
        "type": file.media_type or False,
        "size": len(file.content),
        "cid": file.content_id or False,
        "sha1": sha1_of(file.content),
    }


def _addressed(case: RecordedCase, recipients: Recipients) -> dict[str, Any]:
    first = next(iter(recipients.own), 0)
    others = [{"source": one.source, "name": one.name, "email": one.address} for one in recipients.others]
    listed = {"to": list(recipients.listed_to)}
    return {
        "emailId": first,
        "to-email-id": first,
        "emailId_after_fixup": first or case.given["default_email_id"],
        "system_emails": list(recipients.own),
        "recipients": others,
        "thread_entry_recipients": {**listed, "cc": list(recipients.listed_cc)} if recipients.listed_cc else listed,
    }

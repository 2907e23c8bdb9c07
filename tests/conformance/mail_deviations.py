"""Where a mail is read otherwise than by osTicket, on purpose (`mail-parse.json`).

A mail may meet several of these; it counts under the first, and all of them are in what we expect of it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from functools import cache
from html import escape
from typing import Any

from tests.conformance.deviation import Deviation, Reason
from tests.conformance.mail_pieces import (
    decoded_content,
    head_and_content,
    header_of,
    is_text,
    leaves,
    raw_mail,
    sha1_of,
    texts_of,
)
from tests.conformance.recorded import RecordedCase

Expected = dict[str, Any]
FAILED = "Email parse failed: ["
NOTE = "[This mail could not be read completely; it is attached as it came.]"
_INNER_PARAGRAPH = re.compile(r"(<p\b[^>]*>)<p>[^<]*</p>")
_TAG = re.compile(r"<(?!img|hr)[^>]*>", re.IGNORECASE)
_PRIORITY_HEADER = re.compile(rb"^[\w-]*(?:priority|importance): ", re.IGNORECASE | re.MULTILINE)
_TNEF = re.compile(rb"^Content-Type: application/(vnd\.)?ms-tnef", re.IGNORECASE | re.MULTILINE)
_LAST_PROPERTY = re.compile(rb"\x02\x01\x13\x10\x01\x00\x00\x00....([ -~]+)", re.DOTALL)


@dataclass(frozen=True)
class _Correction:
    name: str
    reason: Reason
    explanation: str
    applies: Callable[[RecordedCase], bool]
    change: Callable[[RecordedCase, Expected], None]


# --- What is wrong, and what we promise -------------------------------------------------------------------------------


def _text(body: str) -> Expected:
    return {"type": "text", "body": body, "stored": escape(body.strip()) or "-"}


def _html(body: str) -> Expected:
    return {"type": "html", "body": body, "stored": re.sub(r"</?(?:html|body)>", "", body)}


def _is_nothing_read(case: RecordedCase) -> bool:
    return str(case.expect.get("message", {}).get("body", "")).startswith(f"{FAILED}]") or "exception" in case.expect


def _read_headers(case: RecordedCase, expected: Expected) -> None:
    head, content = head_and_content(raw_mail(case))
    sender = getaddresses(head.get_all("from", []))
    own = {row["email"]: row for row in case.given["system_emails"]}
    ours = [own[address] for _name, address in getaddresses(head.get_all("to", [])) if address in own]
    identity = hashlib.md5(str(head).strip().encode(), usedforsecurity=False).hexdigest()
    first = ours[0]["email_id"] if ours else 0
    expected.clear()
    expected |= {
        "subject": header_of(case, "subject"),
        "subject_after_fixup": header_of(case, "subject"),
        "mid": head.get("message-id", f"<{identity}@local>"),
        "emailId": first,
        "emailId_after_fixup": first or case.given["default_email_id"],
        "system_emails": [row["email_id"] for row in ours],
        "thread_entry_recipients": {"to": [f"{row['name']} <{row['email']}>" for row in ours]},
        "mailflags": {"bounce": False},
        "message": _text(content.decode()),
        "attachments": [],
    }
    expected |= {"email": sender[0][1], "name": sender[0][0]} if sender else {}


def _has_no_boundary(case: RecordedCase) -> bool:
    head, content = head_and_content(raw_mail(case))
    boundary = head.get_boundary()
    is_there = boundary is not None and f"--{boundary}".encode() in content
    return head.get_content_maintype() == "multipart" and not is_there


def _as_it_came(case: RecordedCase, expected: Expected) -> None:
    raw = raw_mail(case)
    text = head_and_content(raw)[1].decode().rstrip()
    expected["message"] = _text(f"{text}\n\n{NOTE}")
    name = f"{header_of(case, 'subject')}.eml"
    expected["attachments"] = [{"name": name, "type": "message/rfc822", "size": len(raw), "sha1": sha1_of(raw)}]


def _is_bytes(value: Any) -> bool:
    return isinstance(value, Mapping) and "bytes_base64" in value


def _has_bytes(case: RecordedCase) -> bool:
    return any(map(_is_bytes, (*case.expect.values(), *case.expect.get("message", {}).values())))


def _as_western(case: RecordedCase, expected: Expected) -> None:
    for values in (expected, expected["message"]):
        for key, value in values.items():
            values[key] = base64.b64decode(value["bytes_base64"]).decode("cp1252") if _is_bytes(value) else value


def _drops_bytes(case: RecordedCase) -> bool:
    head, content = head_and_content(raw_mail(case))
    return head.get_content_charset() == "utf-8" and "�" in content.decode("utf-8", "replace")


def _keep_bytes(case: RecordedCase, expected: Expected) -> None:
    content = head_and_content(raw_mail(case))[1]
    characters = [bytes([byte]) for byte in content]
    text = "".join(
        one.decode("latin-1" if one in {b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d"} else "cp1252")
        for one in characters
    )
    expected["message"] = _text(text)


def _message(case: RecordedCase) -> Mapping[str, Any]:
    found: Mapping[str, Any] = case.expect.get("message", {})
    return found


def _shows_nothing(case: RecordedCase) -> bool:
    """Whether HTML was taken in which there is nothing to see, and there was something."""
    message = _message(case)
    if message.get("type") != "html" or _TAG.sub("", message["body"]).strip():
        return False
    return bool(texts_of(case, "text/plain") or _TAG.sub("", texts_of(case, "text/html")).strip())


def _show_something(case: RecordedCase, expected: Expected) -> None:
    plain = texts_of(case, "text/plain")
    expected["message"] = _text(plain) if plain else _html(texts_of(case, "text/html"))


def _name_of_comment(case: RecordedCase, expected: Expected) -> None:
    expected["name"] = case.expect["name"].strip(" ()")


def _has_semicolons(case: RecordedCase) -> bool:
    return any(";" in one["email"] for one in case.expect.get("recipients", []))


def _split_at_semicolons(case: RecordedCase, expected: Expected) -> None:
    addresses = [one.strip() for one in header_of(case, "to").split(";")]
    own = {row["email"]: row for row in case.given["system_emails"]}
    ours = [own[one] for one in addresses if one in own]
    noted = [f"{own[one]['name'] if one in own else ''} <{one}>" for one in addresses]
    ids = [row["email_id"] for row in ours]
    expected |= {"system_emails": ids, "emailId": ids[0], "to-email-id": ids[0], "emailId_after_fixup": ids[0]}
    expected["recipients"] = [{"source": "Email (to)", "name": "", "email": one} for one in addresses if one not in own]
    expected["thread_entry_recipients"] = {"to": noted}


def _asks_for_no_answer(case: RecordedCase) -> bool:
    asked = header_of(case, "X-Auto-Response-Suppress") in {"All", "AutoReply"}
    return asked or "disposition-notification" in header_of(case, "content-type")


def _files(case: RecordedCase) -> list[Expected]:
    """Give all parts that are not the text, as they were sent; names that were recorded stay."""
    recorded = {one["sha1"]: one for one in case.expect.get("attachments", [])}
    files = []
    for head, content, kind in leaves(raw_mail(case)):
        data = decoded_content(head, content)
        if not is_text(head, kind):
            known = recorded.get(sha1_of(data)) or recorded.get(sha1_of(data + b"\r\n")) or {}
            name = known.get("name") or _name(head, data, kind)
            file = {"name": name, "type": kind, "size": len(data), "sha1": sha1_of(data)}
            files.append({**file, "cid": known["cid"]} if known else file)
    return files


def _name(head: Message, data: bytes, kind: str) -> str:
    name = head.get_filename()
    if name:
        return str(make_header(decode_header(name)))
    main, _slash, sub = kind.partition("/")
    if kind == "message/rfc822":
        return f"{message_from_bytes(data)['subject']}.eml"
    if main == "message" or sub == "rfc822-headers":
        return f"{sub}-<random4>.txt"
    if main == "image":
        return f"image-<random4>.{sub}"
    return f"attachment-<random4>.{ {'calendar': 'ics', 'pgp-encrypted': 'pgp'}[sub] }"


def _changes_files(case: RecordedCase) -> bool:
    if _is_nothing_read(case) or _has_no_boundary(case) or _TNEF.search(raw_mail(case)):
        return False
    return [one["sha1"] for one in _files(case)] != [one["sha1"] for one in case.expect["attachments"]]


def _keep_files(case: RecordedCase, expected: Expected) -> None:
    expected["attachments"] = _files(case)


def _adds_text_of_inner_mail(case: RecordedCase) -> bool:
    if _is_nothing_read(case) or _has_no_boundary(case) or not _has_inner_mail(case):
        return False
    message = _message(case)
    return bool(message["body"].rstrip() != texts_of(case, f"text/{_subtype(message)}").rstrip())


def _has_inner_mail(case: RecordedCase) -> bool:
    return "multipart" in header_of(case, "content-type") and b"\r\nContent-Type: message/rfc822" in raw_mail(case)


def _subtype(message: Mapping[str, Any]) -> str:
    return "html" if message["type"] == "html" else "plain"


def _only_own_text(case: RecordedCase, expected: Expected) -> None:
    message = _message(case)
    text = texts_of(case, f"text/{_subtype(message)}")
    expected["message"] = _html(text) if message["type"] == "html" else _text(text)


def _tnef(case: RecordedCase) -> bytes:
    return next(
        (decoded_content(head, content) for head, content, kind in leaves(raw_mail(case)) if "ms-tnef" in kind), b""
    )


def _last_property(case: RecordedCase) -> str:
    """Give the HTML in the stream if nothing of it was recorded."""
    found = _LAST_PROPERTY.search(_tnef(case))
    html = found[1].decode() if found else ""
    is_read = case.expect.get("priorityId") is not None
    return html if html and is_read and _message(case)["type"] == "text" and _reads_html(case) else ""


def _reads_html(case: RecordedCase) -> bool:
    return bool(case.given["config"]["enable_richtext"])


def _show_last_property(case: RecordedCase, expected: Expected) -> None:
    html = _last_property(case)
    expected["message"] = _html(html[: html.rindex(">") + 1])


def _unpack_registered(case: RecordedCase, expected: Expected) -> None:
    html, content = "<html><body><p>TNEF html café</p></body></html>", b"%PDF-tnef"
    assert html.encode("cp1252") in _tnef(case)
    assert content in _tnef(case)
    expected["message"] = _html(html)
    expected["priorityId"] = "3"
    name, kind = "Document one.pdf", "application/pdf"
    expected["attachments"] = [{"name": name, "type": kind, "size": len(content), "sha1": sha1_of(content)}]


def _mangles_addresses(case: RecordedCase) -> bool:
    """Whether an address in brackets was taken for an element, which got an end."""
    message = _message(case)
    address = re.search(r"<(\w+)@[\w.]+>", str(message.get("body", "")))
    return bool(address and message["type"] == "text" and f"&lt;/{address[1]}&gt;" in message["stored"])


def _keep_addresses(case: RecordedCase, expected: Expected) -> None:
    expected["message"] = _text(expected["message"]["body"])


def _makes_markup(case: RecordedCase) -> bool:
    message = _message(case)
    return message.get("type") == "html" and bool(re.search(r"&lt;\w", message["body"]))


def _keep_entities(case: RecordedCase, expected: Expected) -> None:
    expected["message"] = _html(case.expect["message"]["body"])


def _has_nul(case: RecordedCase) -> bool:
    return "\0" in str(_message(case).get("body", ""))


def _blank_for_nul(case: RecordedCase, expected: Expected) -> None:
    expected["message"] = _text(case.expect["message"]["body"].replace("\0", " "))


def _no_inner_paragraphs(case: RecordedCase, expected: Expected) -> None:
    expected["message"]["stored"] = _INNER_PARAGRAPH.sub(r"\1", case.expect["message"]["stored"])


def _nothing_hidden(case: RecordedCase, expected: Expected) -> None:
    expected["message"] = _html(case.expect["message"]["body"])
    expected["message"]["stored"] = re.sub(r' (?:class|style)="[^"]*"', "", expected["message"]["stored"])


_CORRECTIONS = (
    _Correction(
        "a mail without text, with one header or with two subjects is a mail",
        Reason.DATA_LOSS,
        "osTicket cannot name its sender or ends with an error: it stays in the mailbox for ever.",
        _is_nothing_read,
        _read_headers,
    ),
    _Correction(
        "a mail whose parts cannot be told apart shows its text",
        Reason.DATA_LOSS,
        "osTicket shows an error or nothing; here the text is readable, and the original is attached.",
        _has_no_boundary,
        _as_it_came,
    ),
    _Correction(
        "texts without a known charset are text",
        Reason.PLAINLY_WRONG_RESULT,
        "osTicket hands on bytes that are no text in any charset.",
        _has_bytes,
        _as_western,
    ),
    _Correction(
        "no byte of a text is dropped",
        Reason.DATA_LOSS,
        "Where a mail names a wrong charset, osTicket drops what does not fit it.",
        _drops_bytes,
        _keep_bytes,
    ),
    _Correction(
        "what nobody can see does not stand for a text",
        Reason.DATA_LOSS,
        "HTML without content hides the plain text, or a reply below the separator, of which nothing is kept.",
        _shows_nothing,
        _show_something,
    ),
    _Correction(
        "a name in a comment is the name",
        Reason.PLAINLY_WRONG_RESULT,
        "osTicket makes the brackets and a leading blank part of the name.",
        lambda case: str(case.expect.get("name", "")).startswith(" ("),
        _name_of_comment,
    ),
    _Correction(
        "addresses between semicolons are addresses",
        Reason.DATA_LOSS,
        "osTicket makes one bogus address of the list, and does not see its own in it.",
        _has_semicolons,
        _split_at_semicolons,
    ),
    _Correction(
        "only headers of that name set the priority",
        Reason.PLAINLY_WRONG_RESULT,
        "osTicket also obeys the words in a subject.",
        lambda case: (
            bool(case.expect.get("priorityId"))
            and not _PRIORITY_HEADER.search(raw_mail(case))
            and not _TNEF.search(raw_mail(case))
        ),
        lambda case, expected: expected.update(priorityId=None),
    ),
    _Correction(
        "who asks for no automatic answer gets none, and neither does a read receipt",
        Reason.PLAINLY_WRONG_RESULT,
        "osTicket compares in the wrong case, and answers receipts: programs talk to each other.",
        _asks_for_no_answer,
        lambda case, expected: expected.update(is_auto_reply=True),
    ),
    _Correction(
        "the text of a mail inside the mail is not its text",
        Reason.PLAINLY_WRONG_RESULT,
        "osTicket appends the text of every forwarded or returned mail, as if the sender had written it.",
        _adds_text_of_inner_mail,
        _only_own_text,
    ),
    _Correction(
        "addresses in a text stay what they are",
        Reason.DATA_LOSS,
        "osTicket takes them for elements: their domain is lost, and an end is added to the text.",
        _mangles_addresses,
        _keep_addresses,
    ),
    _Correction(
        "text that looks like markup stays text",
        Reason.SECURITY,
        "osTicket decodes entities before it cleans: what somebody wrote about HTML becomes HTML, or is gone.",
        _makes_markup,
        _keep_entities,
    ),
    _Correction(
        "a NUL byte is read as a blank",
        Reason.CRASH,
        "PostgreSQL refuses it; osTicket, too, stores a blank.",
        _has_nul,
        _blank_for_nul,
    ),
    _Correction(
        "paragraphs do not stand in paragraphs",
        Reason.PLAINLY_WRONG_RESULT,
        "osTicket stores what no parser of HTML reads that way.",
        lambda case: bool(_INNER_PARAGRAPH.search(str(_message(case).get("stored", "")))),
        _no_inner_paragraphs,
    ),
    _Correction(
        "no style hides text",
        Reason.SECURITY,
        "osTicket keeps display:none, so that a mail says one thing to a reader and another to a search.",
        lambda case: "display:none" in str(_message(case).get("stored", "")),
        _nothing_hidden,
    ),
    _Correction(
        "every part of a mail is kept, as it was sent",
        Reason.DATA_LOSS,
        "osTicket drops parts without a name or of kinds it does not know, and lengthens others by a line end.",
        _changes_files,
        _keep_files,
    ),
    _Correction(
        "the last property in winmail.dat counts",
        Reason.DATA_LOSS,
        "osTicket never comes to the last property of a block.",
        lambda case: bool(_last_property(case)),
        _show_last_property,
    ),
    _Correction(
        "winmail.dat is read under its registered type, too",
        Reason.DATA_LOSS,
        "osTicket does not know application/vnd.ms-tnef, and leaves a file that nobody can open.",
        lambda case: b"application/vnd.ms-tnef" in raw_mail(case),
        _unpack_registered,
    ),
)


@cache
def _found(case: RecordedCase) -> list[_Correction]:
    return [one for one in _CORRECTIONS if one.applies(case)] if case.file == "mail-parse.json" else []


def _ours(case: RecordedCase) -> Expected:
    expected = {**case.expect, "message": dict(_message(case))}
    for one in _found(case):
        one.change(case, expected)
    return expected


def _rule(correction: _Correction) -> Deviation:
    return Deviation(
        correction.name,
        correction.reason,
        correction.explanation,
        applies=lambda case: next(iter(_found(case)), None) is correction,
        expectation=_ours,
    )


MAIL_DEVIATIONS = tuple(map(_rule, _CORRECTIONS))

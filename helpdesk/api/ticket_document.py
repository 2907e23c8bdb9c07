"""A ticket as a program describes it: JSON and XML brought into one shape (osticket/api.md §6, §7, §9.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from helpdesk.api import attachments
from helpdesk.api.attachments import SentFile
from helpdesk.api.documents.data_uri import read_data_uri
from helpdesk.api.documents.json_document import read_json
from helpdesk.api.documents.php import id_of, is_true, text_of
from helpdesk.api.documents.xml_document import TEXT as XML_TEXT
from helpdesk.api.documents.xml_document import read_xml
from helpdesk.threads.bodies import HTML, TEXT


@dataclass(frozen=True)
class TicketDocument:
    """The members as they came, and what was understood of them. `message` None: there was none."""

    members: Mapping[str, Any]
    message: str | None = None
    format: str = TEXT
    alert: bool = True
    autorespond: bool = True
    files: list[SentFile] = field(default_factory=list)

    def text(self, name: str) -> str:
        """Give a member as text, '' without one; raises DocumentUnreadable for lists and objects."""
        return text_of(self.members.get(name), name=name)

    def id(self, name: str) -> int | None:
        """Give a member that is a positive number, None for everything else."""
        return id_of(self.members.get(name))

    def is_truth(self, name: str) -> bool:
        """Whether a member is there and PHP takes it for true."""
        return is_true(self.members.get(name))


def document_of_json(body: bytes) -> TicketDocument:
    """Read a ticket from JSON; raises DocumentUnreadable."""
    members = read_json(body)
    if isinstance(members.get("phone"), str):
        members["phone"] = members["phone"].upper()
    message, body_format = _message_of_json(members)
    return TicketDocument(
        members,
        message=message,
        format=body_format,
        alert=is_true(members.get("alert", True)),
        autorespond=is_true(members.get("autorespond", True)),
        files=attachments.from_json(members.get("attachments")),
    )


def document_of_xml(body: bytes) -> TicketDocument:
    """Read a ticket from XML; raises DocumentUnreadable. Another root element than `ticket` is a member itself."""
    root = read_xml(body)
    members: dict[str, Any] = root
    if isinstance(root.get("ticket"), dict):
        members = dict(root["ticket"])
        members.pop(XML_TEXT, None)
    phone = members.get("phone")
    if isinstance(phone, dict):
        members["phone"] = phone.get(XML_TEXT, "")
    message, body_format = _message_of_xml(members)
    return TicketDocument(
        members,
        message=message,
        format=body_format,
        alert=_xml_flag(members.get("alert", "1")),
        autorespond=_xml_flag(members.get("autorespond", "1")),
        files=attachments.from_xml(members.get("attachments")),
    )


def _message_of_json(members: Mapping[str, Any]) -> tuple[str | None, str]:
    if "message" not in members:
        return None, TEXT
    uri = read_data_uri(text_of(members["message"], name="message"))
    return uri.text(), HTML if uri.media_type == "text/html" else TEXT


def _message_of_xml(members: Mapping[str, Any]) -> tuple[str | None, str]:
    message = members.get("message")
    if message is None:
        return None, TEXT
    if not isinstance(message, dict):
        return text_of(message, name="message"), TEXT
    kind = text_of(message.get("type"), name="message/type").lower()
    return text_of(message.get(XML_TEXT), name="message"), HTML if kind == "text/html" else TEXT


def _xml_flag(value: Any) -> bool:
    return is_true(value) and not (isinstance(value, str) and value.lower() == "false")

"""Files that come with a ticket document (osticket/api.md §11)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from helpdesk.api.documents.data_uri import decoded, read_data_uri, strict_base64
from helpdesk.api.documents.php import text_of
from helpdesk.api.documents.xml_document import TEXT
from helpdesk.api.refusals import DocumentUnreadable
from helpdesk.configuration.selectors import current
from helpdesk.forms.field_types.files import UploadRules
from helpdesk.forms.field_types.presentation import ThreadEntryType
from helpdesk.forms.models import FormField
from helpdesk.threads.bodies import NewFile
from tickets.intake import intake

MOST_FILES = 1000


@dataclass
class Files:
    """The files of a request: those to attach, and those left out with the reason."""

    accepted: list[NewFile] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class SentFile:
    """A file as it was sent; `content` None could not be decoded."""

    name: str
    media_type: str
    content: bytes | None


def from_json(value: Any) -> list[SentFile]:
    """Read `[{"name.txt": "data:…"}, …]`; what is no list holds no files.

    Raises DocumentUnreadable for an object in place of the list, over which osTicket crashes, and for items without
    name and text.
    """
    if isinstance(value, dict):
        raise DocumentUnreadable('attachments: a list is expected: [{"name.txt": "data:…"}]')
    return [_from_json(item) for item in value[:MOST_FILES]] if isinstance(value, list) else []


def from_xml(value: Any) -> list[SentFile]:
    """Read `<attachments><file name= type= encoding=>…</file>…</attachments>`."""
    files = value.get("file") if isinstance(value, dict) else None
    items = files if isinstance(files, list) else [files] if files else []
    return [_from_xml(item) for item in items[:MOST_FILES]]


def judge(sent: Iterable[SentFile]) -> Files:
    """Decide which files are attached, by the options of the ticket form's message and the settings behind them."""
    message = _message_field()
    rules = UploadRules(_options(message))
    result = Files()
    for one in sent:
        reason = _reason(one, rules) if _takes_files(message) else _("Attachments are not allowed")
        if reason:
            result.left_out.append((one.name, reason))
        else:
            result.accepted.append(NewFile(one.name, one.content or b"", one.media_type))
    return result


def _from_json(item: Any) -> SentFile:
    if not isinstance(item, dict) or not item:
        raise DocumentUnreadable('attachments: each one is an object: {"name.txt": "data:…"}')
    name, value = next(iter(item.items()))
    uri = read_data_uri(text_of(value, name=f"attachments/{name}"))
    content = uri.content
    if uri.charset and not uri.is_text and uri.media_type.lower().startswith("text/"):
        content = decoded(content, uri.charset).encode("utf-8", "replace")
    return SentFile(name, uri.media_type.lower(), content)


def _from_xml(item: Any) -> SentFile:
    if not isinstance(item, dict):
        return SentFile("file.txt", "text/plain", text_of(item, name="attachments/file").encode())
    name = text_of(item.get("name"), name="attachments/file/name") or "file"
    media_type = text_of(item.get("type"), name="attachments/file/type").lower()
    text = text_of(item.get(TEXT), name="attachments/file")
    is_encoded = text_of(item.get("encoding"), name="attachments/file/encoding").lower() == "base64"
    return SentFile(name, media_type or "text/plain", strict_base64(text) if is_encoded else text.encode())


def _message_field() -> FormField | None:
    form = intake().ticket_form
    return next((one for one in form.fields if one.type == ThreadEntryType.key), None) if form else None


def _takes_files(message: FormField | None) -> bool:
    if message is None:
        return current().boolean("allow_attachments")
    return ThreadEntryType().takes_files(message)


def _options(message: FormField | None) -> dict[str, Any]:
    return ThreadEntryType().configuration(message) if message is not None else {}


def _reason(one: SentFile, rules: UploadRules) -> str:
    if not one.content:
        return _("Unable to save file")
    if rules.largest and len(one.content) > rules.largest:
        return _("File size is too large")
    return "" if _is_allowed(one, rules) else _("File type is not allowed")


def _is_allowed(one: SentFile, rules: UploadRules) -> bool:
    """The media type or the ending must be listed; without any list everything is."""
    if one.media_type in rules.types or (rules.extensions is None and not rules.types):
        return True
    name = one.name.lower()
    return any(name.endswith(ending) for ending in rules.extensions or ())

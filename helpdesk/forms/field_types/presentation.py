"""Fields that hold no answer of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from helpdesk.configuration.selectors import current
from helpdesk.files.models import StoredFile
from helpdesk.forms.field_types.base import Asked, Control, FieldType, register
from helpdesk.forms.field_types.files import UPLOAD_GONE, UploadRules, upload_ticket, uploaded_files
from helpdesk.forms.models import FormField
from helpdesk.forms.posted import Posted
from helpdesk.forms.rich_text import html_as_typed, plain_text, shown_answer, typed_as_html


@dataclass(frozen=True)
class Message:
    """What was typed into a thread field: HTML or text as it came, and the files beside it.

    `stored` are files that an earlier submission of the page has uploaded, with the names they were sent under;
    `has_refused` says that others were handed in which are not taken.
    """

    body: str
    uploads: Sequence[UploadedFile[Any]] = ()
    stored: Sequence[tuple[StoredFile, str]] = ()
    has_refused: bool = False

    def __bool__(self) -> bool:
        """Whether anything can be read in it; images count."""
        return bool(plain_text(self.body).strip()) or "<img" in self.body.lower()


@register
class ThreadEntryType(FieldType):
    """The first message of a ticket or task: it goes into the thread. The clean value is a `Message`."""

    key = "thread"
    label = _("Thread entry")
    has_data = False
    FILES = "-files"
    defaults = {"attachments": None, "size": None, "mimetypes": {}, "extensions": "", "max": None}

    def takes_files(self, field: FormField) -> bool:
        """Whether files may be attached: the option, else the setting `allow_attachments`."""
        own = self.configuration(field).get("attachments")
        return current().boolean("allow_attachments", default=True) if own is None else self.flag(field, "attachments")

    def read(self, field: FormField, posted: Posted, name: str) -> Any:
        """Take the text and the files."""
        body = typed_as_html(str(posted.one(name) or ""))
        if not self.takes_files(field):
            return Message(body)
        files_name = f"{name}{self.FILES}"
        tickets = [str(ticket) for ticket in posted.many(files_name) if ticket]
        stored = uploaded_files(field.pk, tickets, owner=posted.upload_owner) if tickets else []
        return Message(body, posted.files(files_name), stored, has_refused=len(stored) < len(set(tickets)))

    def misread(self, field: FormField, submitted: Any, clean: Any) -> list[str]:
        """Say so when a file that was uploaded before is not taken."""
        return [str(UPLOAD_GONE)] if isinstance(clean, Message) and clean.has_refused else []

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Give the message; cleaning it is the thread's business."""
        return submitted if isinstance(submitted, Message) else Message(str(submitted or ""))

    def validate(self, field: FormField, clean: Any) -> list[str]:
        """Check the files."""
        if not isinstance(clean, Message) or not (clean.uploads or clean.stored):
            return []
        return UploadRules(self.configuration(field)).problems(clean.uploads, kept=len(clean.stored))

    def to_string(self, field: FormField, clean: Any) -> str:
        """Give the text."""
        return clean.body if isinstance(clean, Message) else super().to_string(field, clean)

    def control(self, field: FormField, value: Any, asked: Asked) -> Control:
        """Give the editor, and an input for files where they are allowed."""
        rules = UploadRules(self.configuration(field)) if self.takes_files(field) else None
        attributes: dict[str, str | int | bool] = {"rows": 8}
        if current().boolean("enable_richtext"):
            attributes["data-rich-text"] = True
        stored = value.stored if isinstance(value, Message) else ()
        owner = asked.upload_owner
        waiting = [
            {"ticket": upload_ticket(field.pk, file.pk, name, owner=owner), "name": name, "size": file.size}
            for file, name in stored
        ]
        extra = {
            "files": rules,
            "accept": rules.accept() if rules else "",
            "largest": rules.largest if rules else 0,
            "waiting": waiting,
        }
        return Control(
            "message", values=[html_as_typed(self.to_string(field, value))], attributes=attributes, extra=extra
        )


@register
class SectionBreakType(FieldType):
    """A heading between fields."""

    key = "break"
    label = _("Section break")
    has_data = False
    is_presentation = True

    def control(self, field: FormField, value: Any, asked: Asked) -> Control:
        """Give the heading."""
        return Control("heading")


@register
class InformationType(FieldType):
    """A text for whoever fills in the form."""

    key = "info"
    label = _("Information")
    has_data = False
    is_presentation = True
    defaults = {"content": ""}

    def content(self, field: FormField) -> SafeString:
        """Give the text as safe HTML."""
        return shown_answer(str(self.option(field, "content") or ""))

    def control(self, field: FormField, value: Any, asked: Asked) -> Control:
        """Give the text."""
        return Control("information", extra={"content": self.content(field)})

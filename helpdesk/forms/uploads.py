"""Files that a page uploads before its form is sent, for fields of type `files` and for messages.

The page gets a ticket for each, a signed text that names owner, field and file, and sends it with the form under the
field's name. It is worth nothing to others than its owner: an agent, an end user, or the session of a stranger. Whoever
never sends the form leaves an orphan, which goes after a day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.db.models import Q

from helpdesk.files.images import is_image
from helpdesk.files.models import StoredFile
from helpdesk.files.services import file_name, store_file
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types.base import type_of
from helpdesk.forms.field_types.files import Files, UploadRules, upload_ticket
from helpdesk.forms.field_types.files import uploaded_files as files_of_tickets
from helpdesk.forms.field_types.presentation import Message
from helpdesk.forms.models import FormField
from helpdesk.legacy.errors import ValidationFailed

if TYPE_CHECKING:
    from helpdesk.forms.bound import BoundForm

TYPES_WITH_FILES = ("files", "thread")
MESSAGE_FIELD_KEPT_SECONDS = 10


@dataclass(frozen=True)
class Uploaded:
    """A file that waits for its form."""

    ticket: str
    name: str
    size: int


def rules_of(field: FormField) -> UploadRules:
    """Give what files a field takes."""
    return UploadRules(type_of(field).configuration(field))


def largest_of_fields() -> int:
    """Give the bytes of the largest file that a field takes by a limit of its own."""
    fields = FormField.objects.filter(Q(type__in=TYPES_WITH_FILES), configuration__contains='"size"')
    return max((rules_of(field).largest for field in fields), default=0)


def message_field() -> FormField | None:
    """Give the field of messages on tickets, whose options hold for files of replies and notes, too (files.md §6).

    Every ticket page asks for it: it is kept for some seconds, after which changes made by PHP are seen; ours are at
    once.
    """
    kept: tuple[FormField | None] | None = cache.get(_message_field_key())
    if kept is None:
        fields = FormField.objects.filter(form__type=EntryObject.TICKET, type="thread")
        kept = (fields.order_by("form", "sort").first(),)
        cache.set(_message_field_key(), kept, MESSAGE_FIELD_KEPT_SECONDS)
    return kept[0]


def forget_message_field(**_: object) -> None:
    """Look for the field again from now on, in every process (a receiver of model signals)."""
    cache.delete(_message_field_key())
    transaction.on_commit(lambda: cache.delete(_message_field_key()))


def _message_field_key() -> str:
    return f"forms.message-field.{connection.settings_dict['HOST']}/{connection.settings_dict['NAME']}"


def problem_of(field: FormField | None, upload: UploadedFile[Any]) -> str | None:
    """Give why a field does not take this file, None when it does: size, type, images that are none."""
    problem = (rules_of(field) if field else UploadRules({})).problem(upload)
    if problem is None and (upload.content_type or "").lower().startswith("image/") and not is_image(upload):
        return f"{upload.name}: Invalid File"
    return problem


def store_upload(field: FormField, upload: UploadedFile[Any], *, owner: str) -> Uploaded:
    """Check and store one file, which `owner` alone may hand in.

    Raises ValidationFailed with the reason for one that the field does not take.
    """
    problem = problem_of(field, upload)
    if problem is not None:
        raise ValidationFailed(problem, code="file_refused", field="files")
    name = file_name(upload.name or "")
    file = store_file(upload, name=name, media_type=upload.content_type or "")
    return Uploaded(upload_ticket(field.pk, file.pk, name, owner=owner), name, file.size)


def uploaded_files(field: FormField, tickets: Iterable[str], *, owner: str) -> list[tuple[StoredFile, str]]:
    """Give the files of the owner's genuine tickets for this field that are still there, with the names they were
    sent under."""
    return files_of_tickets(field.pk, tickets, owner=owner)


def keep_uploads(form: BoundForm) -> None:
    """Store the files of a form that is shown again, so that the page can hand them in: browsers forget file controls.

    Files that their field does not take are left out; what is wrong with them stays among the errors.
    """
    for bound in form:
        clean = bound.clean
        uploads = clean.uploads if isinstance(clean, Files | Message) else ()
        if not uploads:
            continue
        bound.errors  # noqa: B018 -- judged as it was sent, before the files are taken out
        good = [upload for upload in uploads if problem_of(bound.field, upload) is None]
        files = [(store_file(one, name=one.name or "", media_type=one.content_type or ""), one.name) for one in good]
        stored = [(file, file_name(name or file.name)) for file, name in files]
        if isinstance(clean, Message):
            bound.clean = replace(clean, uploads=(), stored=[*clean.stored, *stored])
        else:
            kept = {str(file.pk): name for file, name in stored}
            bound.clean = Files({**clean, **kept}, refused=clean.refused)

"""What FAQs, canned responses and pages have in common: an HTML text with images, and files beside it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from django.db import models
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _

from helpdesk.files.models import Attachment
from helpdesk.files.services import attach
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.threads.bodies import HTML, NewFile, PreparedBody, is_empty, prepare_html, stored_files

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LONGEST_TEXT = 65_535
"""Bytes of a `text` column."""
_SHOWN_FILE = re.compile(r"cid:([\w.-]{32})", re.IGNORECASE)


def checked_html(html: str, *, field: str, missing: StrOrPromise) -> PreparedBody:
    """Clean a text and store its images. Raises ValidationFailed when nobody would see anything of it, or too much."""
    prepared = prepare_html(html)
    if is_empty(prepared.body, HTML):
        raise ValidationFailed(missing, code="text_required", field=field)
    if len(prepared.body.encode()) > LONGEST_TEXT:
        message = _("This text is too long: at most %(count)d bytes fit here, with its markup.")
        raise ValidationFailed(message % {"count": LONGEST_TEXT}, code="too_long", field=field)
    return prepared


def plain_line(text: str) -> str:
    """Give a title without markup and surrounding blanks, as osTicket stores it (osticket/kb.md §1)."""
    return " ".join(strip_tags(text).split())


def store_attachments(
    object_type: str,
    row: models.Model,
    prepared: PreparedBody,
    *,
    files: Sequence[NewFile] = (),
    kept: Collection[int] | None = None,
) -> None:
    """Attach the images of a text and the files beside it.

    `kept` are the ids of the listed attachments that stay, None for all of them; images that the text shows no longer
    go. Call it in the transaction that saves the row.
    """
    shown = {key.lower() for key in _SHOWN_FILE.findall(prepared.body)}
    for attachment in Attachment.objects.filter(type=object_type, object_id=row.pk).select_related("file"):
        is_kept = (
            attachment.file is not None and attachment.file.key.lower() in shown
            if attachment.inline
            else kept is None or attachment.pk in kept
        )
        if not is_kept:
            attachment.delete()
    for placed in prepared.files:
        attach(placed.file, object_type=object_type, object_id=row.pk, inline=True, name=placed.name)
    for new in files:
        attach(new.stored(), object_type=object_type, object_id=row.pk, name=new.name)


def ready_files(files: Sequence[NewFile]) -> list[NewFile]:
    """Store uploads before the transaction opens."""
    return stored_files(files)


def delete_attachments(object_type: str, row: models.Model) -> None:
    """Detach all files; what nothing else shows then is cleared away after a day."""
    Attachment.objects.filter(type=object_type, object_id=row.pk).delete()

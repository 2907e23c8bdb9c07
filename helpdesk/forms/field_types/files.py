"""Uploaded files (osticket/forms.md §4.7)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.core.signing import BadSignature, TimestampSigner
from django.utils.translation import gettext_lazy as _

from helpdesk.configuration.selectors import current
from helpdesk.files.models import Attachment, StoredFile
from helpdesk.files.services import attach, file_name, store_file
from helpdesk.forms.field_types.base import Asked, Control, FieldType, StoredAnswer, joined, register
from helpdesk.forms.models import FormField
from helpdesk.forms.posted import Posted
from helpdesk.legacy.fields import decode_php_json, encode_php_json
from helpdesk.legacy.ids import id_in

ATTACHMENT_TYPE = "E"
"""`attachment.type` of files that belong to an answer."""
MOST_FILES = 20
DAY = 86400
UPLOAD_GONE = _("An uploaded file is no longer there: choose it again.")
"""Why a ticket is refused; it does not tell whether the file is gone or somebody else's."""
_SIGNER_SALT = "forms.upload"
_GROUPS = {"image": "image/", "video": "video/", "audio": "audio/", "text": "text/"}


class Files(dict[str, str]):
    """Stored files by id with their names, `uploads` that are not stored yet, and how many tickets were `refused`."""

    uploads: Sequence[UploadedFile[Any]]

    def __init__(
        self,
        stored: Mapping[Any, Any] | None = None,
        uploads: Sequence[UploadedFile[Any]] = (),
        *,
        refused: int = 0,
    ) -> None:
        """Take all three."""
        super().__init__({str(key): str(name) for key, name in (stored or {}).items()})
        self.uploads = uploads
        self.refused = refused

    def __bool__(self) -> bool:
        """Whether there is any file."""
        return len(self) > 0 or len(self.uploads) > 0


def attachment_object(field_id: int, entry_id: int) -> int:
    """Give `attachment.object_id` for the files of one answer."""
    return zlib.crc32(f"{ATTACHMENT_TYPE}{field_id}{entry_id}".encode())


def upload_ticket(field_id: int, file_id: int, name: str, *, owner: str) -> str:
    """Give a signed text that lets its owner hand in a file again which a page has uploaded before, for a day."""
    return TimestampSigner(salt=_SIGNER_SALT).sign_object([owner, field_id, file_id, name])


def _uploaded_before(field_id: int, ticket: Any, owner: str) -> tuple[int, str] | None:
    try:
        signed_for, signed_field, file_id, name = TimestampSigner(salt=_SIGNER_SALT).unsign_object(
            str(ticket), max_age=DAY
        )
    except (BadSignature, ValueError):
        return None
    is_good = bool(owner) and (signed_for, signed_field) == (owner, field_id)
    return (int(file_id), str(name)) if is_good else None


def uploaded_files(field_id: int, tickets: Iterable[str], *, owner: str) -> list[tuple[StoredFile, str]]:
    """Give the files of the owner's genuine tickets for this field that are still there, with the names they were
    sent under: one for each different ticket, though several may be of the same content and therefore file."""
    found = (_uploaded_before(field_id, ticket, owner) for ticket in dict.fromkeys(tickets))
    pairs = [pair for pair in found if pair]
    files = StoredFile.objects.in_bulk({pk for pk, _name in pairs})
    return [(files[pk], name) for pk, name in pairs if pk in files]


def allowed_extensions(text: object) -> frozenset[str] | None:
    """Give the allowed endings with their dots, in small letters; None when every file is allowed."""
    words = {f".{word.lower().lstrip('.')}" for word in re.split(r"[\s,]+", str(text or "")) if word.strip(".")}
    return None if not words or ".*" in words else frozenset(words)


class UploadRules:
    """What files a field takes: its options `size`, `extensions`, `mimetypes`, `max`, and the settings behind them."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Take the configuration of a field."""
        settings = current()
        self.largest = _positive(options.get("size")) or settings.integer("max_file_size") or 0
        self.most = _positive(options.get("max")) or MOST_FILES
        mimetypes = options.get("mimetypes")
        self.types = frozenset(map(str, mimetypes)) if isinstance(mimetypes, Mapping | list) else frozenset()
        configured = options.get("extensions")
        self.extensions = allowed_extensions(configured or ("" if self.types else settings.text("allowed_filetypes")))

    def problem(self, upload: UploadedFile[Any]) -> str | None:
        """Give what is wrong with one file, None when nothing is."""
        name = upload.name or ""
        if not upload.size:
            return str(_("%(name)s: the file is empty") % {"name": name})
        if self.largest and upload.size > self.largest:
            return str(_("%(name)s: File is too large") % {"name": name})
        return None if self._takes(upload) else str(_("%(name)s: File type is not allowed") % {"name": name})

    def problems(self, uploads: Iterable[UploadedFile[Any]], *, kept: int = 0) -> list[str]:
        """Give what is wrong with all of them; `kept` files are there already."""
        files = list(uploads)
        if len(files) + kept > self.most:
            return [str(_("At most %(count)d files can be attached here") % {"count": self.most})]
        return [problem for problem in map(self.problem, files) if problem]

    def accept(self) -> str:
        """Give the `accept` attribute of the input, '' when every file is allowed."""
        endings = sorted(self.extensions or ())
        groups = [f"{_GROUPS[name]}*" for name in sorted(self.types) if name in _GROUPS]
        return "" if self.extensions is None and not self.types else ",".join([*endings, *groups])

    def _takes(self, upload: UploadedFile[Any]) -> bool:
        name, media_type = (upload.name or "").lower(), (upload.content_type or "").lower()
        if self.extensions is None and not self.types:
            return True
        if self.extensions and any(name.endswith(ending) for ending in self.extensions):
            return True
        return any(media_type == known or media_type.startswith(_GROUPS.get(known, "\0")) for known in self.types)


def _positive(value: Any) -> int:
    try:
        return max(int(str(value or 0)), 0)
    except ValueError:
        return 0


@register
class FilesType(FieldType):
    """Files by id and name. `[]` and `false` are stored forms of "none"."""

    key = "files"
    label = _("File upload")
    defaults = {"size": None, "mimetypes": {}, "extensions": "", "strictmimecheck": False, "max": None}

    def read(self, field: FormField, posted: Posted, name: str) -> Any:
        """Take the uploads, and the files that an earlier submission of the page has uploaded."""
        tickets = [ticket for ticket in posted.many(name) if ticket]  # an empty control sends an empty text
        kept = [_uploaded_before(field.pk, ticket, posted.upload_owner) for ticket in tickets]
        return Files(dict(pair for pair in kept if pair), uploads=posted.files(name), refused=kept.count(None))

    def misread(self, field: FormField, submitted: Any, clean: Any) -> list[str]:
        """Say so when a file that was uploaded before is not taken."""
        return [str(UPLOAD_GONE)] if isinstance(clean, Files) and clean.refused else []

    def read_named(self, field: FormField, posted: Posted, name: str) -> Any:
        """Take uploads; ids of files are not believed, as anybody could name those of others."""
        return Files(uploads=posted.files(name)) if posted.files(name) else None

    def parse(self, field: FormField, submitted: Any) -> Any:
        """Take what `read` or `from_database` gave, nothing else."""
        return submitted if isinstance(submitted, Files) else Files()

    def validate(self, field: FormField, clean: Any) -> list[str]:
        """Check number, sizes and types of the uploads."""
        return UploadRules(self.configuration(field)).problems(clean.uploads, kept=len(clean)) if clean else []

    def to_database(self, field: FormField, clean: Any) -> StoredAnswer:
        """Store the mapping, `[]` for none."""
        return StoredAnswer(encode_php_json(dict(clean) if clean else []))

    def from_database(self, field: FormField, stored: StoredAnswer) -> Any:
        """Give the mapping of file id to name."""
        decoded = decode_php_json(stored.value)
        return Files(decoded if isinstance(decoded, dict) else {})

    def prepare(self, field: FormField, clean: Any) -> Any:
        """Store the uploads."""
        if not isinstance(clean, Files) or not clean.uploads:
            return clean
        kept = Files(clean)
        for upload in clean.uploads:
            file = store_file(upload, name=upload.name or "", media_type=upload.content_type or "")
            kept[str(file.pk)] = file_name(upload.name or file.name)
        return kept

    def saved(self, field: FormField, entry_id: int, clean: Any) -> None:
        """Attach the files of the answer, and detach those that are not in it any more (osticket/forms.md §4.7)."""
        if not isinstance(clean, Files):
            return
        object_id = attachment_object(field.pk, entry_id)
        numbers = ((id_in(key), name) for key, name in clean.items())
        wanted = {number: name for number, name in numbers if number is not None}
        present = {row.file_id: row for row in Attachment.objects.filter(type=ATTACHMENT_TYPE, object_id=object_id)}
        for file_id, row in present.items():
            if file_id not in wanted:
                row.delete()
        for file in StoredFile.objects.filter(pk__in=wanted.keys() - present.keys()):
            attach(file, object_type=ATTACHMENT_TYPE, object_id=object_id, name=wanted[file.pk])

    def to_string(self, field: FormField, clean: Any) -> str:
        """Give the names."""
        return joined([str(name) for name in clean.values()]) if clean else ""

    def submitted_form(self, field: FormField, clean: Any) -> Any:
        """Give the files."""
        return clean

    def control(self, field: FormField, value: Any, asked: Asked) -> Control:
        """Give the file input, with a box for each file that is there already."""
        rules = UploadRules(self.configuration(field))
        files = value if isinstance(value, Files) else Files()
        stored = [(id_in(key), name) for key, name in files.items()]
        owner = asked.upload_owner
        tickets = [
            (upload_ticket(field.pk, number, name, owner=owner), name) for number, name in stored if number is not None
        ]
        attributes: dict[str, str | int | bool] = {"accept": rules.accept(), "multiple": rules.most > 1}
        extra = {"largest": rules.largest, "most": rules.most}
        return Control("files", choices=tickets, attributes=attributes, is_group=bool(tickets), extra=extra)

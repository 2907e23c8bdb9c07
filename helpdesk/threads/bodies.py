"""Bodies of entries: how a text and its files become what the tables hold, and back (osticket/files.md §4)."""

from __future__ import annotations

import hashlib
import html as html_text
import re
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from helpdesk.files.models import Attachment, StoredFile
from helpdesk.files.selectors import contents_of
from helpdesk.files.services import Content, attach, store_file
from helpdesk.legacy.characters import holds_every_character, storable_html
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.html import clean_html, replace_placeholders, text_as_html, text_of_html

HTML = "html"
TEXT = "text"
NOTHING = "-"
"""What osTicket stores for a body that is empty after cleaning."""
LONGEST_BODY = 65_000
"""Characters; from here on the body is stored as an attached file."""
COLUMN_BYTES = 65_535

_EXTENSIONS = {"image/jpeg": "jpg", "image/jpg": "jpg"}
_BODY_FILE = re.compile(r"[0-9a-f]{32}\.txt")
_EMPTY_LINES = re.compile(r"\n{3,}")
_VISIBLE_ELEMENT = re.compile(r"<(?:img|hr)\b")


@dataclass(frozen=True)
class NewFile:
    """A file that comes with an entry: its content, or the row of a stored one.

    `content_id` is the Content-ID (without brackets) under which an HTML body may show it. With `deduplicate` the same
    content is stored once (uploads, API).
    """

    name: str
    content: Content | StoredFile
    media_type: str = ""
    content_id: str = ""
    deduplicate: bool = True

    def stored(self) -> StoredFile:
        """Give the row, storing the content first if need be."""
        if isinstance(self.content, StoredFile):
            return self.content
        return store_file(self.content, name=self.name, media_type=self.media_type, deduplicate=self.deduplicate)


@dataclass(frozen=True)
class PlacedFile:
    """A stored file and how it hangs on an entry."""

    file: StoredFile
    name: str
    inline: bool


@dataclass
class PreparedBody:
    """What goes into the columns `body` and `format`, and the files to attach to the entry."""

    body: str
    format: str
    files: list[PlacedFile] = field(default_factory=list)


def stored_files(files: Sequence[NewFile]) -> list[NewFile]:
    """Store the files that are not stored yet, and give them as stored ones.

    For services to call before their transaction opens: reading and writing a large file takes longer than others may
    be kept waiting. What is not attached then goes after a day. Raises ValidationFailed for an empty file.
    """
    return [replace(file, content=file.stored()) for file in files]


def prepare_body(text: str, *, format: str, files: Sequence[NewFile] = ()) -> PreparedBody:  # noqa: A002 -- the column
    """Clean a body, store what comes with it, and give what the row of the entry must hold.

    Plain text with characters that the tables cannot hold becomes HTML, so that nothing is lost. Raises
    ValidationFailed for an empty file.
    """
    if format == TEXT and storable_html(text) != text.replace("\x00", "") and not holds_every_character():
        text, format = text_as_html(text), HTML  # noqa: A001
    prepared = prepare_html(text, files) if format == HTML else _prepare_text(text, files)
    if is_empty(prepared.body, prepared.format) or prepared.body == "0":
        prepared.body = NOTHING
    return _offloaded(prepared) if _is_too_long(prepared.body) else prepared


def is_empty(body: str, format: str) -> bool:  # noqa: A002 -- the column
    """Whether nobody would see anything of this body."""
    if format != HTML:
        return not body.strip()
    return not text_of_html(body).strip() and not _VISIBLE_ELEMENT.search(body)


def attach_files(entry_id: int, files: Sequence[PlacedFile]) -> None:
    """Attach prepared files to the entry."""
    for placed in files:
        attach(
            placed.file,
            object_type=ObjectType.THREAD_ENTRY,
            object_id=entry_id,
            inline=placed.inline,
            name=placed.name,
        )


def offloaded_bodies(attachments: Mapping[int, Sequence[Attachment]], entry_ids: Collection[int]) -> dict[int, str]:
    """Give the bodies of those entries (empty in their own row) that were stored as files, in at most one query."""
    body_files = {
        entry_id: attachment.file
        for entry_id in entry_ids
        for attachment in attachments.get(entry_id, ())
        if is_body_file(attachment) and attachment.file is not None
    }
    contents = contents_of(body_files.values())
    return {entry_id: contents[file.pk].decode("utf-8", "replace") for entry_id, file in body_files.items()}


def is_body_file(attachment: Attachment) -> bool:
    """Whether the attachment is not a file but the body of a long entry."""
    file = attachment.file
    return bool(attachment.inline and file.type.startswith("text/") and _BODY_FILE.fullmatch(file.name))


def _prepare_text(text: str, files: Sequence[NewFile]) -> PreparedBody:
    """Plain text is stored as osTicket stores it: trimmed, at most one empty line in a row, and escaped."""
    placed = [PlacedFile(new.stored(), new.name, inline=False) for new in files]
    trimmed = _EMPTY_LINES.sub("\n\n", storable_html(text).strip())
    return PreparedBody(html_text.escape(trimmed, quote=False), TEXT, placed)


def prepare_html(html: str, files: Sequence[NewFile] = ()) -> PreparedBody:
    """Clean HTML and store what comes with it, without moving a long text into a file as entries do."""
    cleaned = clean_html(html)
    keys: dict[str, str] = {}
    placed = []
    for new in files:
        is_inline = bool(new.content_id) and f"cid:{new.content_id}" in cleaned.html.replace("&amp;", "&")
        file = new.stored()
        placed.append(PlacedFile(file, new.name, is_inline))
        if is_inline:
            keys[new.content_id] = file.key
    for image in cleaned.images:
        extension = _EXTENSIONS.get(image.type, image.type.partition("/")[2])
        name = f"image{secrets.token_hex(2)}.{extension}"
        file = store_file(image.data, name=name, media_type=image.type, deduplicate=False)
        placed.append(PlacedFile(file, name, inline=True))
        keys[image.placeholder] = file.key
    return PreparedBody(storable_html(replace_placeholders(cleaned.html, keys)), HTML, placed)


def _is_too_long(body: str) -> bool:
    return len(body) >= LONGEST_BODY or len(body.encode("utf-8", "surrogatepass")) > COLUMN_BYTES


def _offloaded(prepared: PreparedBody) -> PreparedBody:
    content = prepared.body.encode("utf-8", "surrogatepass")
    name = f"{hashlib.md5(content, usedforsecurity=False).hexdigest()}.txt"
    media_type = "text/html" if prepared.format == HTML else "text/plain"
    file = store_file(content, name=name, media_type=media_type, deduplicate=False)
    return PreparedBody("", prepared.format, [*prepared.files, PlacedFile(file, name, inline=True)])

"""Receiving uploads: to disk while they come in, and no further than the largest file that any field takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from helpdesk import configuration

_field_limits: list[Callable[[], int]] = []


def register_field_limit(limit: Callable[[], int]) -> None:
    """Let `limit` say how large a file may be that some field takes."""
    if limit not in _field_limits:
        _field_limits.append(limit)


def largest_upload() -> int:
    """Give the bytes of the largest file that is taken anywhere, 0 when the settings limit nothing."""
    general = configuration.current().integer("max_file_size")
    return max([general, *(limit() for limit in _field_limits)]) if general > 0 else 0


class TooLargeFile(UploadedFile):  # type: ignore[type-arg]
    """What is left of an upload that nobody takes: its name and how much came in. It has no content."""

    def __init__(self, name: str, content_type: str, size: int) -> None:
        """Take what is known of it."""
        super().__init__(ContentFile(b""), name, content_type, size)


class LimitedUploadHandler(FileUploadHandler):
    """Stands before Django's handlers and lets nothing more through once a file is too large for every field.

    The rest is received and thrown away, so that the page can say which file was too large.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Look the limit up for each file."""
        super().new_file(*args, **kwargs)
        self.limit, self.received = largest_upload(), 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Pass a piece on, or drop it."""
        self.received += len(raw_data)
        return raw_data if not self._is_too_large else None

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        """Give the remains of a file that is too large; the handlers behind give the others."""
        if not self._is_too_large:
            return None
        return TooLargeFile(str(self.file_name), str(self.content_type or ""), self.received)

    @property
    def _is_too_large(self) -> bool:
        return bool(self.limit) and self.received > self.limit

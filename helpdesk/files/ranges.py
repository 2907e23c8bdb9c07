"""Parts of a file that a client asks for (RFC 9110 §14): one span of bytes; for several at once it gets the whole."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

_SPAN = re.compile(r"bytes\s*=\s*(?P<first>\d{0,18})\s*-\s*(?P<last>\d{0,18})\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Span:
    """Bytes from `start` to before `stop` of a file of `size` bytes."""

    start: int
    stop: int
    size: int

    @property
    def header(self) -> str:
        """The header `Content-Range`."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


class UnsatisfiableSpan(ValueError):  # noqa: N818 -- what it is
    """The file has no such bytes."""


def requested_span(
    header: str, *, size: int, if_range: str = "", etag: str = "", last_modified: datetime | None = None
) -> Span | None:
    """Give the span that `Range` asks for, None for the whole file; raises UnsatisfiableSpan.

    A header that is none of ours to understand is ignored, and so is one with an `If-Range` that names another state
    of the file.
    """
    match = _SPAN.fullmatch(header.strip())
    if match is None or (if_range and not _is_same(if_range.strip(), etag, last_modified)):
        return None
    first, last = match["first"], match["last"]
    if not first and not last:
        return None
    if not first:
        start, stop = max(size - int(last), 0), size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):
            return None
    if start >= stop:
        raise UnsatisfiableSpan
    return Span(start, stop, size)


def _is_same(if_range: str, etag: str, last_modified: datetime | None) -> bool:
    if if_range.startswith(('"', "W/")):
        return bool(etag) and if_range == etag
    try:
        named = parsedate_to_datetime(if_range)
    except ValueError:
        return False
    return last_modified is not None and int(named.timestamp()) == int(last_modified.timestamp())

"""The download page `file.php` of both doors (osticket/files.md §5, osticket/auth.md §9)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from csp.constants import NONE
from csp.decorators import csp
from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import condition, require_safe

from helpdesk.files.access import may_download
from helpdesk.files.links import is_genuine
from helpdesk.files.models import Attachment
from helpdesk.files.selectors import attachments_with_key, display_name, get_attachment
from helpdesk.files.services import OCTET_STREAM
from helpdesk.files.storage import backend_of
from helpdesk.legacy.errors import NotFound

INLINE_TYPES = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
    "image/bmp": b"BM",
}
"""Raster images, the only kind that is shown in the page, with the bytes that each must begin with."""
SHOWABLE_TEXT = {"text/plain", "text/csv"}
LARGEST_EXPIRY = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())


@require_safe
@csp({"default-src": [NONE], "sandbox": ""})
def download(request: HttpRequest) -> HttpResponseBase:
    """Send an attachment: a valid, unexpired link and the right to see its object, else 404, whatever is wrong."""
    attachment = _requested_attachment(request)
    request.attachment = attachment  # type: ignore[attr-defined]
    return _send(request)


def _requested_attachment(request: HttpRequest) -> Attachment:
    """Find the attachment that the link names and check the link and the person."""
    signature, expires = request.GET.get("signature", ""), _number(request.GET.get("expires", ""))
    for attachment in _candidates(request):
        genuine = is_genuine(
            attachment,
            signature=signature,
            expires=expires,
            host=request.get_host(),
            root_path="/",
            now=timezone.now(),
        )
        if genuine and may_download(request, attachment):
            return attachment
    raise Http404(_("Unknown or invalid file"))


def _candidates(request: HttpRequest) -> list[Attachment]:
    """The attachment by its id, or (osTicket's links often have none) all places where the file is attached."""
    key = request.GET.get("key", "")
    if "id" not in request.GET:
        return attachments_with_key(key) if key else []
    attachment = get_attachment(_number(request.GET["id"]))
    return [attachment] if attachment and attachment.file.key.lower() == key.lower() else []


def _number(text: str) -> int:
    """The number in a parameter; 0, which is no id and no time to come, for anything else."""
    is_short_number = text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_EXPIRY))
    return int(text) if is_short_number and int(text) <= LARGEST_EXPIRY else 0


def _etag(request: HttpRequest) -> str:
    attachment: Attachment = request.attachment  # type: ignore[attr-defined]
    return f'"{attachment.file.signature}"'


def _last_modified(request: HttpRequest) -> datetime | None:
    attachment: Attachment = request.attachment  # type: ignore[attr-defined]
    return attachment.file.created


@condition(etag_func=_etag, last_modified_func=_last_modified)
def _send(request: HttpRequest) -> HttpResponseBase:
    """Stream the bytes with the headers that keep a browser from running them."""
    attachment: Attachment = request.attachment  # type: ignore[attr-defined]
    try:
        backend = backend_of(attachment.file)
    except NotFound as error:
        raise Http404(str(error)) from error
    pieces = backend.read(attachment.file)
    first = next(pieces, b"")
    media_type, is_inline = _presentation(request, attachment, first)
    response = StreamingHttpResponse(_from(first, pieces) if request.method == "GET" else iter(()), media_type)
    response["Content-Length"] = str(backend.size(attachment.file))
    response["Content-Disposition"] = (
        content_disposition_header(not is_inline, display_name(attachment)) or "attachment"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, max-age=3600"
    response["Content-Encoding"] = "identity"  # else the length above is lost to compression on the way
    return response


def _presentation(request: HttpRequest, attachment: Attachment, first: bytes) -> tuple[str, bool]:
    """Give the media type to send and whether the browser may show the file instead of saving it."""
    claimed = attachment.file.type
    magic = INLINE_TYPES.get(claimed)
    is_image = magic is not None and first.startswith(magic)
    if is_image:
        return claimed, request.GET.get("disposition") == "inline"
    return (f"{claimed}; charset=utf-8" if claimed in SHOWABLE_TEXT else OCTET_STREAM), False


def _from(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest

"""The download page `file.php` of both doors (osticket/files.md §5, osticket/auth.md §9)."""

from __future__ import annotations

from datetime import UTC, datetime

from csp.constants import NONE
from csp.decorators import csp
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import condition, require_safe

from helpdesk.files.access import link_is_enough, may_download
from helpdesk.files.links import is_genuine
from helpdesk.files.models import Attachment
from helpdesk.files.ranges import Span, UnsatisfiableSpan, requested_span
from helpdesk.files.selectors import attachments_with_key, display_name, get_attachment
from helpdesk.files.services import OCTET_STREAM
from helpdesk.files.storage import StorageBackend, backend_of
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
def download(request: HttpRequest) -> HttpResponseBase:
    """Send an attachment: a valid, unexpired link and the right to see its object, else 404, whatever is wrong."""
    try:
        request.attachment = _requested_attachment(request)  # type: ignore[attr-defined]
        return _send(request)
    except NotFound:
        return render(request, "files/not_found.html", status=404)


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
        if genuine and (link_is_enough(attachment) or may_download(request, attachment)):
            return attachment
    raise NotFound(_("Unknown or invalid file"), code="file_not_found")


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


@csp({"default-src": [NONE], "sandbox": ""})
@condition(etag_func=_etag, last_modified_func=_last_modified)
def _send(request: HttpRequest) -> HttpResponseBase:
    """Stream the bytes with the headers that keep a browser from running them. Raises NotFound without content."""
    attachment: Attachment = request.attachment  # type: ignore[attr-defined]
    file, backend = attachment.file, backend_of(attachment.file)
    size = backend.size(file)
    if size == 0:
        raise NotFound(_("Unknown or invalid file"), code="file_unreadable")
    try:
        span = _span(request, size)
    except UnsatisfiableSpan:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    media_type, is_inline = _presentation(request, attachment, backend)
    pieces = backend.read(file, span.start, span.stop) if span else backend.read(file)
    response = StreamingHttpResponse(
        pieces if request.method == "GET" else iter(()), status=206 if span else 200, content_type=media_type
    )
    if span:
        response["Content-Range"] = span.header
    response["Content-Length"] = str(span.stop - span.start if span else size)
    response["Accept-Ranges"] = "bytes"
    response["Content-Disposition"] = (
        content_disposition_header(not is_inline, display_name(attachment)) or "attachment"
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, must-revalidate, max-age=3600"
    response["Content-Encoding"] = "identity"  # else the length above is lost to compression on the way
    return response


def _span(request: HttpRequest, size: int) -> Span | None:
    """The part of the file that is asked for; a HEAD asks for none (RFC 9110 §14.2)."""
    if request.method != "GET":
        return None
    return requested_span(
        request.headers.get("Range", ""),
        size=size,
        if_range=request.headers.get("If-Range", ""),
        etag=_etag(request),
        last_modified=_last_modified(request),
    )


def _presentation(request: HttpRequest, attachment: Attachment, backend: StorageBackend) -> tuple[str, bool]:
    """Give the media type to send and whether the browser may show the file instead of saving it."""
    claimed = attachment.file.type
    magic = INLINE_TYPES.get(claimed)
    if magic is not None and next(iter(backend.read(attachment.file, 0, len(magic))), b"") == magic:
        return claimed, request.GET.get("disposition") == "inline"
    return (f"{claimed}; charset=utf-8" if claimed in SHOWABLE_TEXT else OCTET_STREAM), False

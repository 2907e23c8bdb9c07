"""Uploading files while a form is still being written, at both doors. Without script the form sends them itself."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from helpdesk import configuration
from helpdesk.accounts.client_address import client_address
from helpdesk.forms.constants import FieldFlag
from helpdesk.forms.field_types import agent_owner
from helpdesk.forms.models import FormField
from helpdesk.forms.uploads import TYPES_WITH_FILES, store_upload
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.people.models import Agent
from tickets.visitors import upload_owner, visitor_of

FILES_OF_A_GUEST = 100
"""Files that one address may upload in an hour without having signed in."""
HOUR = 3600


@never_cache
@require_POST
def upload(request: HttpRequest, field_id: int) -> JsonResponse:
    """Store the posted `files` for a field; give for each a ticket to send with the form, or why it is not taken.

    422 when none was taken, 404 for a field that the visitor may not fill in, 429 for guests who upload too much.
    """
    field = _field(request, field_id)
    files = request.FILES.getlist("files")
    if not files:
        return JsonResponse({"message": _("There is no file in the request.")}, status=400)
    if _is_guest(request) and not _may_go_on(request, len(files)):
        message = _("Too many files were uploaded from your network. Please try again in an hour.")
        return JsonResponse({"message": message}, status=429)
    owner = _owner(request)
    answers = [_store(field, file, owner) for file in files]
    return JsonResponse({"files": answers}, status=200 if any("ticket" in answer for answer in answers) else 422)


def _field(request: HttpRequest, field_id: int) -> FormField:
    field = FormField.objects.filter(pk=field_id, type__in=TYPES_WITH_FILES).first()
    needed = FieldFlag.ENABLED if hasattr(request, "access") else FieldFlag.ENABLED | FieldFlag.CLIENT_VIEW
    if field is None or (field.flags or 0) & needed != needed:
        raise Http404
    if _is_guest(request) and configuration.current().boolean("clients_only"):
        raise Http404
    return field


def _is_guest(request: HttpRequest) -> bool:
    """Whether a stranger uploads; those whom a link has let in write on a ticket."""
    return not hasattr(request, "access") and visitor_of(request) is None


def _may_go_on(request: HttpRequest, count: int) -> bool:
    key = f"uploads.{client_address(request)}"
    cache.add(key, 0, HOUR)
    try:
        return cache.incr(key, count) <= FILES_OF_A_GUEST
    except ValueError:  # it ran out just now
        return True


def _owner(request: HttpRequest) -> str:
    agent: Agent | None = getattr(request, "agent", None)
    return agent_owner(agent) if agent is not None else upload_owner(request)


def _store(field: FormField, file: UploadedFile[Any], owner: str) -> dict[str, str | int]:
    try:
        uploaded = store_upload(field, file, owner=owner)
    except ValidationFailed as refusal:
        return {"name": file.name or "", "error": str(refusal.message)}
    return {"ticket": uploaded.ticket, "name": uploaded.name, "size": uploaded.size}

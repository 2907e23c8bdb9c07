"""Prepared answers (osticket/kb.md §4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from helpdesk.audit.meanwhile import locked
from helpdesk.audit.services import Action, ObjectType, record_change, row_difference, values_of
from helpdesk.knowledge.constants import AttachmentType
from helpdesk.knowledge.models import CannedResponse
from helpdesk.knowledge.policies import check_may_manage_canned
from helpdesk.knowledge.registries import uses_of_canned_response
from helpdesk.knowledge.services.texts import (
    checked_html,
    delete_attachments,
    ready_files,
    store_attachments,
)
from helpdesk.legacy.errors import Conflict, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.models import Department
from helpdesk.threads.bodies import NewFile

SHORTEST_TITLE, LONGEST_TITLE = 3, 255


@dataclass(frozen=True, kw_only=True)
class CannedDraft:
    """Everything that an agent says about a canned response.

    `response` is HTML with `%{ticket…}` variables; `department_id` 0 offers it everywhere. `kept` are the ids of the
    attached files that stay (None: all of them), `files` come new.
    """

    title: str
    response: str
    department_id: int = 0
    is_enabled: bool = True
    notes: str = ""
    files: Sequence[NewFile] = ()
    kept: Collection[int] | None = None


def create_canned_response(
    title: str, response: str, *, actor: Actor, department: Department | None = None, notes: str = ""
) -> CannedResponse:
    """Create an enabled canned response for a department, or for all; refusals as in `store_canned_response`."""
    draft = CannedDraft(title=title, response=response, department_id=department.pk if department else 0, notes=notes)
    return store_canned_response(draft, actor=actor)


def store_canned_response(draft: CannedDraft, *, actor: Actor, canned: CannedResponse | None = None) -> CannedResponse:
    """Create a canned response, or change the given one, and give it.

    Raises PermissionRefused without `canned.manage` in any department, ValidationFailed for a title that is too short
    or taken, for an empty text and for an unknown department; NotFound when it has been deleted meanwhile.
    Source: osticket/kb.md §4.
    """
    check_may_manage_canned(actor)
    title = draft.title.strip()
    if not SHORTEST_TITLE <= len(title) <= LONGEST_TITLE:
        raise ValidationFailed(_("Title is too short. 3 chars minimum"), code="title_length", field="title")
    files = ready_files(draft.files)
    text = checked_html(draft.response, field="response", missing=_("Response text is required"))
    with transaction.atomic():
        canned = locked(canned) if canned else None
        if CannedResponse.objects.filter(title__folded=title).exclude(pk=canned.pk if canned else 0).exists():
            raise ValidationFailed(_("Title already exists"), code="title_taken", field="title")
        department = Department.objects.filter(pk=draft.department_id).first() if draft.department_id else None
        if draft.department_id and department is None:
            raise ValidationFailed(
                _("This department no longer exists."), code="department_unknown", field="department"
            )
        action = Action.CHANGED if canned else Action.CREATED
        before = values_of(canned) if canned else {}
        canned = canned or CannedResponse(created=now())
        canned.title, canned.response, canned.dept_id = title, text.body, department.pk if department else None
        canned.isenabled, canned.notes, canned.updated = draft.is_enabled, draft.notes, now()
        canned.save()
        store_attachments(AttachmentType.CANNED_RESPONSE, canned, text, files=files, kept=draft.kept)
        changes = row_difference(before, values_of(canned))
        record_change(actor, action, ObjectType.CANNED_RESPONSE, canned.pk, canned.title, changes)
    return canned


@transaction.atomic
def delete_canned_response(canned: CannedResponse, *, actor: Actor) -> None:
    """Delete a canned response with its files.

    Raises PermissionRefused; Conflict while something (a ticket filter) sends it.
    """
    check_may_manage_canned(actor)
    uses = uses_of_canned_response(canned.pk)
    if uses:
        message = _("This canned response is in use: %(uses)s.") % {"uses": ", ".join(uses)}
        raise Conflict(message, code="canned_response_in_use")
    changes = row_difference(values_of(canned), {})
    record_change(actor, Action.DELETED, ObjectType.CANNED_RESPONSE, canned.pk, canned.title, changes)
    delete_attachments(AttachmentType.CANNED_RESPONSE, canned)
    canned.delete()

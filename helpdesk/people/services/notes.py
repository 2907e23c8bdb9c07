"""Quick notes of agents on users and organizations (osticket/tickets.md §15.6)."""

from __future__ import annotations

import html
from datetime import datetime

import nh3
from django.db import transaction
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _

from helpdesk.configuration.models import QuickNote
from helpdesk.legacy.characters import clean_text, storable_html
from helpdesk.legacy.errors import NotFound, PermissionRefused, ValidationFailed
from helpdesk.legacy.text_fields import check_length
from helpdesk.people.actor import Actor, ActorKind
from helpdesk.people.models import EndUser, Organization
from helpdesk.people.selectors import note_owner


@transaction.atomic
def add_note(on: EndUser | Organization, body: str, *, actor: Actor, now: datetime | None = None) -> QuickNote:
    """Note something on a user or an organization; `body` is HTML of the editor, or text.

    Any agent may (§15.6). Raises PermissionRefused for others, ValidationFailed for a note that says nothing.
    """
    _check_is_agent(actor)
    moment = now or timezone.now()
    return QuickNote.objects.create(
        ext_id=note_owner(on),
        staff_id=actor.agent.pk if actor.agent else 0,
        body=_checked(body),
        created=moment,
        updated=moment,
    )


@transaction.atomic
def change_note(note: QuickNote, body: str, *, actor: Actor, now: datetime | None = None) -> None:
    """Write a note anew. Raises PermissionRefused, ValidationFailed; NotFound when it has been deleted meanwhile."""
    _check_is_agent(actor)
    found = _locked(note)
    found.body, found.updated = _checked(body), now or timezone.now()
    found.save(update_fields=["body", "updated"])


@transaction.atomic
def delete_note(note: QuickNote, *, actor: Actor) -> None:
    """Delete a note. Raises PermissionRefused, NotFound."""
    _check_is_agent(actor)
    _locked(note).delete()


def _check_is_agent(actor: Actor) -> None:
    is_active = actor.agent is not None and actor.agent.isactive
    if actor.kind is not ActorKind.SYSTEM and not is_active:
        raise PermissionRefused(_("Permission denied"), code="agents_only")


def _checked(body: str) -> str:
    """Give the note as HTML without scripts and the like, which pages clean once more."""
    text = storable_html(nh3.clean(clean_text(body), link_rel=None))
    if not html.unescape(strip_tags(text)).strip():
        raise ValidationFailed(_("Write something first."), code="required", field="note")
    check_length(QuickNote._meta.get_field("body"), text, name="note")
    return text


def _locked(note: QuickNote) -> QuickNote:
    found = QuickNote.objects.select_for_update().filter(pk=note.pk).first()
    if found is None:
        raise NotFound(_("Note not found"), code="note_unknown")
    return found

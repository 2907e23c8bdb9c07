"""Which further forms a ticket has beside its own: one comes with nothing answered, one goes with its answers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.files.models import Attachment
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import EMPTY, StoredAnswer, type_of
from helpdesk.forms.field_types.files import ATTACHMENT_TYPE
from helpdesk.forms.models import Form, FormAnswer, FormEntry
from helpdesk.forms.services import save_answers
from helpdesk.legacy.errors import Conflict, NotFound, ValidationFailed
from helpdesk.legacy.retrying import retried
from helpdesk.people.actor import Actor
from helpdesk.people.permissions import RolePermission
from tickets.freshness import check_fresh
from tickets.further_forms import addable_forms, disabled_fields, further_entries
from tickets.models import Ticket
from tickets.notices import activity_alert
from tickets.policies import require
from tickets.services.common import lock, log, post_note_of, queue, record
from tickets.services.search_index import index_ticket
from tickets.signals import send_after_commit, ticket_edited


@retried
def change_forms(
    ticket: Ticket,
    *,
    actor: Actor,
    taken_off: Collection[int] = (),
    added: Sequence[Form] = (),
    note: str = "",
    format: str = "html",  # noqa: A002 -- the column
    seen: str | None = None,
    now: datetime | None = None,
) -> Ticket:
    """Take further forms off a ticket, by the ids of their entries, and add empty ones at the end.

    The answers and files of a form go with it; the event `edited` says which answers there were. An empty form is no
    event. The note is an internal one, `Ticket Updated`.

    Raises ValidationFailed for nothing to do (`forms_required`) and for a form that no ticket can have
    (`form_unusable`), NotFound for an entry that is no further form of the ticket, Conflict for a form that it has
    (`form_twice`) and (`ticket_changed`) when `seen` is no longer its version, PermissionRefused without `ticket.edit`.
    Source: §3.4, §12.1.
    """
    now = now or timezone.now()
    if not taken_off and not added:
        raise ValidationFailed(_("Choose a form to take off or to add."), code="forms_required")
    with transaction.atomic():
        lock(ticket)
        require(actor, RolePermission.TICKET_EDIT, ticket)
        check_fresh(ticket, seen)
        fields = _answers_of(ticket, taken_off)
        drop_entries(taken_off)
        for form in added:
            _add(ticket, form, actor, now)
        index_ticket(ticket)
        if note.strip():
            entry = post_note_of(ticket, actor=actor, title="Ticket Updated", body=note, format=format, now=now)
            queue(ticket, activity_alert(ticket, entry, assigned_before=ticket.staff), now=now)
        if fields:
            changes = {"fields": fields}
            record(ticket, "edited", actor=actor, now=now, data=changes)
            send_after_commit(ticket_edited, ticket=ticket, actor=actor, changes=changes)
        log("ticket_forms_changed", ticket, actor, taken_off=sorted(taken_off), added=[form.pk for form in added])
    return ticket


def drop_entries(entry_ids: Collection[int]) -> None:
    """Delete form entries with their answers and files."""
    Attachment.objects.filter(type=ATTACHMENT_TYPE, object_id__in=entry_ids).delete()
    FormAnswer.objects.filter(entry__in=entry_ids).delete()
    FormEntry.objects.filter(pk__in=entry_ids).delete()


def _answers_of(ticket: Ticket, entry_ids: Collection[int]) -> dict[str, list[Any]]:
    """Give what the event says of the answers that go, by field id. Raises NotFound for entries of something else."""
    known = set(further_entries(ticket).filter(pk__in=entry_ids).values_list("pk", flat=True))
    if known != set(entry_ids):
        raise NotFound(_("The ticket no longer has this form."), code="form_not_found")
    found: dict[str, list[Any]] = {}
    answers = FormAnswer.objects.filter(entry__in=known).select_related("field").order_by("entry_id", "field_id")
    for answer in answers:
        old = StoredAnswer(answer.value, answer.value_id)
        if answer.field is not None and not old.is_empty:
            found[str(answer.field.pk)] = type_of(answer.field).change(answer.field, old, EMPTY)
    return found


def _add(ticket: Ticket, form: Form, actor: Actor, now: datetime) -> None:
    entries = FormEntry.objects.filter(object_type=EntryObject.TICKET, object_id=ticket.pk)
    if entries.filter(form=form).exists():
        raise Conflict(_("The ticket has this form already."), code="form_twice", field="added")
    if form.pk not in {one.pk for one in addable_forms(ticket)}:
        raise ValidationFailed(_("This form cannot be used for tickets."), code="form_unusable", field="added")
    last: int | None = entries.aggregate(last=Max("sort"))["last"]
    disabled = disabled_fields(ticket, form)
    save_answers(
        EntryObject.TICKET, ticket.pk, form, {}, actor, sort=(last or 0) + 1, disabled=disabled, now=now
    )  # an empty row for each field

"""Saving what a page or document submitted for an object, with what has changed (osticket/forms.md §3)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.forms.bound import BoundForm, BoundPart, FormPart
from helpdesk.forms.field_types import EMPTY, Clean, StoredAnswer, has_answers, type_of
from helpdesk.forms.models import FormAnswer, FormEntry, FormField
from helpdesk.forms.selectors import disabled_field_ids, form_for
from helpdesk.forms.services import save_answers
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.people.actor import Actor

Changes = dict[str, list[Any]]
"""By field id the stored value before and after: `fields` of the thread event `edited`."""


def parts_of(object_type: str, object_id: int | None) -> list[FormPart]:
    """Give the forms of an object with its answers, for editing; the built-in form also when nobody has answered it.

    `object_id` None is the company. Costs at most three queries.
    """
    found = FormEntry.objects.filter(object_type=object_type, object_id=object_id).select_related("form")
    entries = [entry for entry in found.order_by("sort", "id") if entry.form is not None]
    stored: dict[int, dict[int, StoredAnswer]] = {entry.pk: {} for entry in entries}
    for answer in FormAnswer.objects.filter(entry__in=stored):
        stored[answer.entry_id][answer.field_id] = StoredAnswer(answer.value, answer.value_id)
    parts = [
        FormPart(entry.form, entry.sort, disabled_field_ids(entry.extra), entry, stored[entry.pk]) for entry in entries
    ]
    if not any(part.form.type == object_type for part in parts) and (built_in := form_for(object_type)):
        parts.append(FormPart(built_in))
    return parts


def save_submission(
    form: BoundForm, object_type: str, object_id: int | None, *, actor: Actor, now: datetime | None = None
) -> Changes:
    """Save all fields that the form asked for; give what has changed in forms that were filled in before.

    New entries are made where there are none. Uploads are stored before the transaction, attachments and the cdata row
    with the answers. Whether the actor may do this is the business of the service of the object. Raises
    ValidationFailed naming the first field that is wrong: check `is_valid()` to show all of them.
    """
    if not form.is_valid():
        bound, message = next(iter(form.error_summary), (None, ""))
        text = message or _("Nothing was submitted.")
        raise ValidationFailed(text, code="form_invalid", field=bound.name if bound else None)
    moment = now or timezone.now()
    ready = [(part, _prepared(part)) for part in form.parts]
    changes: Changes = {}
    with transaction.atomic():
        for part, clean in ready:
            changes |= _save_part(part, clean, object_type, object_id, actor, moment)
    return changes


def _prepared(part: BoundPart) -> dict[FormField, Any]:
    answered = [bound for bound in part.fields if has_answers(bound.field)]
    return {bound.field: bound.type.prepare(bound.field, bound.clean) for bound in answered}


def _save_part(
    part: BoundPart,
    clean: dict[FormField, Any],
    object_type: str,
    object_id: int | None,
    actor: Actor,
    now: datetime,
) -> Changes:
    entries = FormEntry.objects.select_for_update().filter(object_type=object_type, object_id=object_id, form=part.form)
    earlier = entries.order_by("id").first()
    before = {row.field_id: row for row in FormAnswer.objects.filter(entry=earlier)} if earlier else {}
    entry = save_answers(
        object_type,
        object_id,
        part.form,
        {each.pk: Clean(value) for each, value in clean.items()},
        actor,
        sort=part.part.sort,
        disabled=part.part.disabled,
        now=now,
    )
    changes: Changes = {}
    for each, value in clean.items():
        type_of(each).saved(each, entry.pk, value)
        row = before.get(each.pk)
        old = StoredAnswer(row.value, row.value_id) if row else EMPTY
        new = type_of(each).to_database(each, value)
        if earlier and old != new and not (old.is_empty and new.is_empty):
            changes[str(each.pk)] = type_of(each).change(each, old, new)
    return changes

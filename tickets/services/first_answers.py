"""Writing the first answers of new objects in few statements; later changes go through the services of forms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from helpdesk.forms import cdata
from helpdesk.forms.field_types import type_of
from helpdesk.forms.models import FormAnswer, FormEntry
from tickets.filled_forms import FilledForm


def insert_answers(filled: Sequence[tuple[FilledForm, int]], *, now: datetime) -> None:
    """Write forms with the ids of the new objects that they are filled in for (osticket/forms.md §3).

    Every field that stores answers gets a row, an empty one where nothing was given, and every object its cdata row.
    """
    entries = [
        FormEntry(
            form=one.form.form,
            object_type=one.object_type,
            object_id=object_id,
            sort=one.position,
            extra=None if one.disabled is None else {"disable": sorted(one.disabled)},
            created=now,
            updated=now,
        )
        for one, object_id in filled
    ]
    _insert_entries(entries)
    stored = [one.stored() for one, _object_id in filled]
    FormAnswer.objects.bulk_create(
        FormAnswer(entry=entry, field_id=field_id, value=answer.value, value_id=answer.value_id)
        for entry, answers in zip(entries, stored, strict=True)
        for field_id, answer in answers.items()
    )
    for (one, _object_id), entry in zip(filled, entries, strict=True):
        one.saved(entry.pk)
    for (one, object_id), answers in zip(filled, stored, strict=True):
        fields = [field for field in one.form.fields if field.pk in answers]
        short = {field.pk: type_of(field).cdata_value(field, one.clean.get(field.pk)) for field in fields}
        if one.object_type in cdata.TABLES and one.form.form.type == one.object_type:
            cdata.update_row(one.object_type, object_id, short, fields=one.form.fields)


def _insert_entries(entries: Sequence[FormEntry]) -> None:
    """Insert them in one statement where the database tells the new ids."""
    if connection.features.can_return_rows_from_bulk_insert:
        FormEntry.objects.bulk_create(entries)
        return
    for entry in entries:
        entry.save(force_insert=True)

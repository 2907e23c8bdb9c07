"""What changes answers."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from helpdesk.forms import cdata
from helpdesk.forms.field_types import EMPTY, Clean, StoredAnswer, has_answers, type_of
from helpdesk.forms.models import Form, FormAnswer, FormEntry, FormField
from helpdesk.forms.selectors import fields_of
from helpdesk.forms.signals import answers_saved
from helpdesk.legacy.characters import clean_text, storable_html
from helpdesk.legacy.text_fields import check_length
from helpdesk.people.actor import Actor

log = structlog.get_logger(__name__)

Submitted = Mapping[str, Any] | Mapping[int, Any] | Mapping[str | int, Any]


def save_answers(
    object_type: str,
    object_id: int | None,
    form: Form,
    values: Submitted,
    actor: Actor,
    *,
    sort: int = 1,
    disabled: Collection[int] | None = None,
    built_in: Sequence[FormField] | None = None,
    now: datetime | None = None,
) -> FormEntry:
    """Save answers of one form for one object, with the row of the cdata table; give the form's entry.

    `values` is keyed by variable name (in any case) or field id; a value is what was submitted, or the Python value
    of the field's type. The first call makes the entry at position `sort` with one answer row for every field that
    stores answers, empty where nothing was given, and notes the fields in `disabled`, which the help topic switched
    off (None: no topic has listed the form). Later calls change the given fields only. `built_in` are the fields of the
    form for callers who have them, where it is the built-in one of the type. Whether the actor may do this is the
    business of the service of the object. `object_id` is None for the company. Raises ValidationFailed
    (`too_long`, the field's name) for an answer of more bytes than its column holds. (osticket/forms.md §3)
    """
    moment = now or timezone.now()
    fields = [field for field in (fields_of(form) if built_in is None else built_in) if has_answers(field)]
    with transaction.atomic():
        entry, is_new = _entry(object_type, object_id, form, sort, disabled, moment)
        clean = _parsed(fields, values)
        given = {field.pk: _stored(field, clean[field.pk]) for field in fields if field.pk in clean}
        changed = _write_new(entry, fields, given) if is_new else _write_changes(entry, given)
        if changed and not is_new:
            FormEntry.objects.filter(pk=entry.pk).update(updated=moment)
        if changed and object_id is not None and object_type in cdata.TABLES:
            written = [field for field in fields if field.pk in changed]
            short = {field.pk: _short(field, clean.get(field.pk)) for field in written}
            cdata.update_row(object_type, object_id, short, fields=built_in)
        if changed and not is_new and object_id is not None:
            answers_saved.send(FormEntry, object_type=object_type, object_id=object_id)
    log.debug("answers_saved", entry=entry.pk, fields=len(changed), actor_kind=actor.kind)
    return entry


def _entry(
    object_type: str, object_id: int | None, form: Form, sort: int, disabled: Collection[int] | None, moment: datetime
) -> tuple[FormEntry, bool]:
    entries = FormEntry.objects.filter(object_type=object_type, object_id=object_id, form=form)
    found = entries.select_for_update().order_by("id").first()
    if found:
        return found, False
    extra: Any = None if disabled is None else {"disable": sorted(disabled)}
    entry = FormEntry.objects.create(
        object_type=object_type,
        object_id=object_id,
        form=form,
        sort=sort,
        extra=extra,
        created=moment,
        updated=moment,
    )
    return entry, True


def _parsed(fields: list[FormField], values: Submitted) -> dict[int, Any]:
    """Give the Python values of what was submitted, by field id; a field is found by its name, else by its id."""
    by_key = {str(key).casefold(): value for key, value in values.items()}
    clean: dict[int, Any] = {}
    for field in fields:
        keys = [key for key in (field.name.casefold(), str(field.pk)) if key and key in by_key]
        if keys:
            value = by_key[keys[0]]
            is_clean = isinstance(value, Clean)
            clean[field.pk] = value.value if is_clean else type_of(field).parse(field, _characters_of(value))
    return clean


def _characters_of(submitted: Any) -> Any:
    return clean_text(submitted) if isinstance(submitted, str) else submitted


def _stored(field: FormField, clean: Any) -> StoredAnswer:
    """Give the columns of an answer; raise ValidationFailed when it is too long for them."""
    answer = type_of(field).to_database(field, clean)
    if answer.value is None:
        return answer
    answer = StoredAnswer(_storable(field, answer.value), answer.value_id)
    check_length(FormAnswer._meta.get_field("value"), answer.value or "", name=field.name or f"field_{field.pk}")
    return answer


def _short(field: FormField, clean: Any) -> str:
    return _storable(field, type_of(field).cdata_value(field, clean))


def _storable(field: FormField, text: str) -> str:
    """Give HTML as the tables of this installation can hold it; the column itself sees to plain text."""
    is_html = field.type == "memo" and type_of(field).option(field, "html")
    return storable_html(text) if is_html else text


def _write_new(entry: FormEntry, fields: list[FormField], given: Mapping[int, StoredAnswer]) -> dict[int, StoredAnswer]:
    answers = {field.pk: given.get(field.pk, EMPTY) for field in fields}
    FormAnswer.objects.bulk_create(
        FormAnswer(entry=entry, field_id=field_id, value=answer.value, value_id=answer.value_id)
        for field_id, answer in answers.items()
    )
    return answers


def _write_changes(entry: FormEntry, given: Mapping[int, StoredAnswer]) -> dict[int, StoredAnswer]:
    """Write what differs; give it."""
    present = {answer.field_id: answer for answer in FormAnswer.objects.filter(entry=entry, field__in=given)}
    changed: dict[int, StoredAnswer] = {}
    for field_id, answer in given.items():
        row = present.get(field_id)
        if row is None:
            FormAnswer.objects.create(entry=entry, field_id=field_id, value=answer.value, value_id=answer.value_id)
        elif (row.value, row.value_id) != (answer.value, answer.value_id):
            FormAnswer.objects.filter(entry=entry, field=field_id).update(value=answer.value, value_id=answer.value_id)
        else:
            continue
        changed[field_id] = answer
    return changed


def remove_answers(object_type: str, object_id: int) -> None:
    """Remove all form entries of an object that is being deleted, its answers and its cdata row."""
    with transaction.atomic():
        entries = FormEntry.objects.filter(object_type=object_type, object_id=object_id)
        FormAnswer.objects.filter(entry__in=entries.values("pk")).delete()
        entries.delete()
        if object_type in cdata.TABLES:
            cdata.remove_rows(object_type, [object_id])

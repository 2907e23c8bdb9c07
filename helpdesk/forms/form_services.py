"""What changes forms and their fields (osticket/forms.md §1, §2). Administrators only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.audit.services import Action, ObjectType, record_change, row_difference, values_of
from helpdesk.forms import cdata
from helpdesk.forms.constants import FieldFlag, FormFlag
from helpdesk.forms.field_types import type_for
from helpdesk.forms.models import Form, FormAnswer, FormField
from helpdesk.forms.rich_text import clean_answer
from helpdesk.forms.selectors import fields_of
from helpdesk.legacy.characters import storable_html
from helpdesk.legacy.errors import Conflict, ValidationFailed
from helpdesk.legacy.fields import encode_php_json
from helpdesk.people.actor import Actor
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.validation import checked_text

log = structlog.get_logger(__name__)

CUSTOM, LIST_PROPERTIES = "G", "L"
_NAME = re.compile(r"(?!\d)[\w-]+")
_REQUIRE = FieldFlag.CLIENT_REQUIRED | FieldFlag.AGENT_REQUIRED
_SHOW = FieldFlag.CLIENT_VIEW | FieldFlag.CLIENT_EDIT | FieldFlag.AGENT_VIEW | FieldFlag.AGENT_EDIT
_OF_ADMINISTRATORS = _REQUIRE | _SHOW | FieldFlag.ENABLED | FieldFlag.CLOSE_REQUIRED
LONGEST_CONFIGURATION = 65535

VISIBILITY = {
    "optional": FieldFlag(0x3300),
    "required": FieldFlag(0x7700),
    "required for users": FieldFlag(0x3700),
    "required for agents": FieldFlag(0x7300),
    "internal, optional": FieldFlag(0x3000),
    "internal, required": FieldFlag(0x7000),
    "for users only": FieldFlag(0x0700),
}
"""What is offered for new fields, to which ENABLED is added (osticket/forms.md §2)."""


@dataclass(frozen=True)
class FieldDefinition:
    """What an administrator says of a field. `flags` holds those bits that administrators may set, the others stay."""

    type: str
    label: str
    name: str = ""
    hint: str = ""
    flags: FieldFlag = FieldFlag.ENABLED | FieldFlag(0x3300)
    configuration: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def create_form(title: str, *, actor: Actor, instructions: str = "", notes: str = "") -> Form:
    """Make a custom form, which help topics and agents may then use. Raises PermissionRefused, ValidationFailed."""
    check_is_administrator(actor)
    form = Form.objects.create(type=CUSTOM, flags=FormFlag.DELETABLE, **_texts(title, instructions, notes))
    record_change(actor, Action.CREATED, ObjectType.FORM, form.pk, form.title, row_difference({}, values_of(form)))
    log.info("form_created", form=form.pk)
    return form


@transaction.atomic
def update_form(form: Form, *, title: str, actor: Actor, instructions: str = "", notes: str = "") -> None:
    """Change what a form is called and says. Raises PermissionRefused, ValidationFailed."""
    check_is_administrator(actor)
    before = values_of(form)
    for name, text in _texts(title, instructions, notes).items():
        setattr(form, name, text)
    form.updated = timezone.now()
    form.save(update_fields=["title", "instructions", "notes", "updated"])
    changes = row_difference(before, values_of(form))
    record_change(actor, Action.CHANGED, ObjectType.FORM, form.pk, form.title, changes)


def _texts(title: str, instructions: str, notes: str) -> dict[str, str]:
    return {
        "title": checked_text(title, field="title", longest=255),
        "instructions": checked_text(instructions, field="instructions", longest=512, required=False),
        "notes": storable_html(notes),
    }


@transaction.atomic
def delete_form(form: Form, *, actor: Actor) -> None:
    """Take a custom form out of use: it is not offered any more, answers stay. Raises Conflict for built-in forms."""
    check_is_administrator(actor)
    if form.type != CUSTOM:
        raise Conflict(_("Built-in forms cannot be deleted."), code="form_built_in")
    form.flags, form.updated = form.flags | FormFlag.DELETED, timezone.now()
    form.save(update_fields=["flags", "updated"])
    record_change(actor, Action.DELETED, ObjectType.FORM, form.pk, form.title, {})
    log.info("form_deleted", form=form.pk)


@transaction.atomic
def add_field(form: Form, definition: FieldDefinition, *, actor: Actor) -> FormField:
    """Add a field at the end of a form. Raises PermissionRefused, ValidationFailed naming the input."""
    check_is_administrator(actor)
    _lock(form)
    _check_type(definition.type)
    checked = _checked(form, None, definition)
    last = form.fields.aggregate(last=Max("sort"))["last"] or 0
    added = FormField.objects.create(
        form=form,
        type=definition.type,
        sort=last + 1,
        flags=definition.flags & _OF_ADMINISTRATORS,
        configuration=dict(definition.configuration) or None,
        **checked,
    )
    _record(actor, Action.CREATED, added, row_difference({}, values_of(added)))
    _form_changed(form, added)
    return added


@transaction.atomic
def update_field(form_field: FormField, definition: FieldDefinition, *, actor: Actor) -> None:
    """Change a field; what its masks protect stays as it is.

    Raises PermissionRefused, ValidationFailed naming the input, Conflict for a protected change.
    """
    check_is_administrator(actor)
    form = _form_of(form_field)
    _lock(form)
    before = FormField.objects.get(pk=form_field.pk)
    old = values_of(before)
    masks = FieldFlag(before.flags or 0)
    if definition.type != before.type:
        if masks & FieldFlag.MASK_CHANGE:
            raise Conflict(_("The type of this field cannot be changed."), code="field_type_fixed", field="type")
        _check_type(definition.type)
    checked = _checked(form, before, definition)
    if masks & FieldFlag.MASK_NAME:
        checked["name"] = before.name
    if not masks & FieldFlag.MASK_EDIT:
        before.configuration = dict(definition.configuration) or None
    is_rebuilt = (before.name, before.type) != (checked["name"], definition.type)
    before.type = definition.type
    before.flags = _allowed_flags(masks, definition.flags)
    for name, value in checked.items():
        setattr(before, name, value)
    before.updated = timezone.now()
    before.save()
    form_field.refresh_from_db()
    _record(actor, Action.CHANGED, before, row_difference(old, values_of(before)))
    if is_rebuilt:
        _form_changed(form, before)


@transaction.atomic
def remove_field(form_field: FormField, *, actor: Actor) -> None:
    """Take a field out of its form: its answers stay and still show; without answers it goes altogether.

    Raises PermissionRefused, Conflict for a protected field. (osticket/forms.md §2)
    """
    check_is_administrator(actor)
    form = _form_of(form_field)
    _lock(form)
    if (form_field.flags or 0) & FieldFlag.MASK_DELETE:
        raise Conflict(_("This field cannot be deleted."), code="field_protected")
    has_data = type_for(form_field.type).has_data
    _record(actor, Action.DELETED, form_field, row_difference(values_of(form_field), {}))
    if has_data and FormAnswer.objects.filter(field=form_field).exists():
        form_field.form = None  # type: ignore[assignment]
        form_field.updated = timezone.now()
        form_field.save(update_fields=["form", "updated"])
    else:
        FormAnswer.objects.filter(field=form_field).delete()
        FormField.objects.filter(pk=form_field.pk).delete()
    log.info("form_field_removed", form=form.pk, field=form_field.pk)
    if has_data:
        _form_changed(form, form_field)


@transaction.atomic
def order_fields(form: Form, field_ids: Sequence[int], *, actor: Actor) -> None:
    """Put the fields of a form into this order; fields that are not named follow in their old order."""
    check_is_administrator(actor)
    _lock(form)
    present = fields_of(form)
    before = [each.label for each in present]
    wanted = {field_id: position for position, field_id in enumerate(field_ids)}
    present.sort(key=lambda each: wanted.get(each.pk, len(wanted)))
    after = [each.label for each in present]
    changes = {"order": [before, after]} if before != after else {}
    record_change(actor, Action.CHANGED, ObjectType.FORM, form.pk, form.title, changes)
    for position, each in enumerate(present, start=1):
        if each.sort != position:
            each.sort, each.updated = position, timezone.now()
            each.save(update_fields=["sort", "updated"])


def move_field(form_field: FormField, *, up: bool, actor: Actor) -> None:
    """Let a field change places with the one before or behind it."""
    form = _form_of(form_field)
    order = [each.pk for each in fields_of(form)]
    at = order.index(form_field.pk)
    other = at - 1 if up else at + 1
    if 0 <= other < len(order):
        order[at], order[other] = order[other], order[at]
    order_fields(form, order, actor=actor)


def _form_of(form_field: FormField) -> Form:
    if form_field.form is None:
        raise Conflict(_("This field has been removed from its form."), code="field_removed")
    return form_field.form


def _record(actor: Actor, action: Action, form_field: FormField, changes: dict[str, list[Any]]) -> None:
    record_change(actor, action, ObjectType.FORM_FIELD, form_field.pk, form_field.label, changes)


def _lock(form: Form) -> None:
    """Let changes of one form follow each other: names must stay unique."""
    list(Form.objects.select_for_update().filter(pk=form.pk).values_list("pk"))


def _check_type(key: str) -> None:
    if type_for(key).key == "unknown":
        raise ValidationFailed(_("There is no such type of field."), code="field_type_unknown", field="type")


def _checked(form: Form, before: FormField | None, definition: FieldDefinition) -> dict[str, Any]:
    """Check label, name, hint and size of the options; give the columns."""
    label = checked_text(definition.label, field="label", longest=255)
    name = checked_text(definition.name, field="name", longest=64, required=False)
    if name and not _NAME.fullmatch(name):
        message = _("Use letters, digits, _ and - only, with no digit at the beginning")
        raise ValidationFailed(message, code="field_name_invalid", field="name")
    if not name and definition.flags & _REQUIRE and type_for(definition.type).has_data:
        message = _("Variable name is required for required fields")
        raise ValidationFailed(message, code="field_name_required", field="name")
    others = (each for each in fields_of(form) if before is None or each.pk != before.pk)
    if name and any(each.name.casefold() == name.casefold() for each in others):
        raise ValidationFailed(_("Field variable name is not unique"), code="field_name_taken", field="name")
    hint = checked_text(clean_answer(definition.hint), field="hint", longest=512, required=False)
    if len(encode_php_json(dict(definition.configuration))) > LONGEST_CONFIGURATION:
        raise ValidationFailed(_("The options of this field are too long."), code="options_too_long", field="choices")
    return {"label": label, "name": name, "hint": hint or None}


def _allowed_flags(before: FieldFlag, wanted: FieldFlag) -> FieldFlag:
    """Give the new bits: administrators set some, and of those not what a mask protects."""
    changeable = _OF_ADMINISTRATORS
    if before & FieldFlag.MASK_REQUIRE:
        changeable &= ~_REQUIRE
    if before & FieldFlag.MASK_VIEW:
        changeable &= ~_SHOW
    if before & FieldFlag.MASK_DISABLE:
        changeable &= ~FieldFlag.ENABLED
    return FieldFlag((before & ~changeable) | (wanted & changeable))


def _form_changed(form: Form, form_field: FormField) -> None:
    """Build the cdata table anew once the change stands (osticket/forms.md §8.4)."""
    form.updated = timezone.now()
    form.save(update_fields=["updated"])
    if form.type in cdata.TABLES and type_for(form_field.type).has_data:
        transaction.on_commit(lambda: cdata.rebuild(form.type), robust=True)

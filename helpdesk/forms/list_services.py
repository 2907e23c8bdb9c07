"""What changes custom lists and their items (osticket/forms.md §9). Administrators only.

The items of the list of ticket statuses are rows of `ticket_status`, which other services change.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.audit.services import Action, ObjectType, record_change, row_difference, values_of
from helpdesk.forms.constants import ListItemStatus, ListMask
from helpdesk.forms.field_types import StoredAnswer, type_of
from helpdesk.forms.field_types.base import LIST_PREFIX
from helpdesk.forms.field_types.choices import items_of, property_text
from helpdesk.forms.field_types.validators import FORMULA_START
from helpdesk.forms.form_services import LIST_PROPERTIES
from helpdesk.forms.models import CustomList, Form, FormField, ListItem
from helpdesk.legacy.errors import Conflict, ValidationFailed
from helpdesk.legacy.folding import fold
from helpdesk.people.actor import Actor
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.validation import checked_text

log = structlog.get_logger(__name__)

SORT_MODES = ("Alpha", "-Alpha", "SortCol")
TICKET_STATUSES = "ticket-status"
MOST_IMPORTED = 20000
VALUE, ABBREVIATION, ENABLED = "value", "abbreviation", "enabled"
_OFF = {"0", "no", "false", "off", "disabled"}


@dataclass(frozen=True)
class Imported:
    """What an import did: how many items are new and how many have changed."""

    added: int = 0
    changed: int = 0


@dataclass(frozen=True)
class ItemDefinition:
    """What an administrator says of an item; `properties` are submitted values by id of the property field."""

    value: str
    abbreviation: str = ""
    is_enabled: bool = True
    properties: Mapping[int, Any] = field(default_factory=dict)


@transaction.atomic
def create_list(
    name: str, *, actor: Actor, name_plural: str = "", sort_mode: str = "Alpha", notes: str = ""
) -> CustomList:
    """Make a list, with an empty form for the properties of its items. Raises PermissionRefused, ValidationFailed."""
    check_is_administrator(actor)
    custom_list = CustomList.objects.create(masks=ListMask(0), **_columns(name, name_plural, sort_mode, notes))
    Form.objects.create(type=f"{LIST_PROPERTIES}{custom_list.pk}", title=f"{custom_list.name} properties"[:255])
    _record(actor, Action.CREATED, custom_list, row_difference({}, values_of(custom_list)))
    log.info("list_created", list=custom_list.pk)
    return custom_list


@transaction.atomic
def update_list(
    custom_list: CustomList,
    *,
    name: str,
    actor: Actor,
    name_plural: str = "",
    sort_mode: str = "Alpha",
    notes: str = "",
) -> None:
    """Change a list; one that osTicket protects keeps its names. Raises PermissionRefused, ValidationFailed."""
    check_is_administrator(actor)
    before = values_of(custom_list)
    columns = _columns(name, name_plural, sort_mode, notes)
    if custom_list.masks & ListMask.NO_EDIT:
        columns = {key: value for key, value in columns.items() if key in {"sort_mode", "notes"}}
    CustomList.objects.filter(pk=custom_list.pk).update(updated=timezone.now(), **columns)
    custom_list.refresh_from_db()
    _record(actor, Action.CHANGED, custom_list, row_difference(before, values_of(custom_list)))


def _columns(name: str, name_plural: str, sort_mode: str, notes: str) -> dict[str, Any]:
    if sort_mode not in SORT_MODES:
        raise ValidationFailed(_("Select one of the choices"), code="sort_mode_unknown", field="sort_mode")
    return {
        "name": checked_text(name, field="name", longest=255),
        "name_plural": checked_text(name_plural, field="name_plural", longest=255, required=False) or None,
        "sort_mode": sort_mode,
        "notes": notes,
    }


def fields_that_use(custom_list: CustomList) -> list[FormField]:
    """Give the fields whose choices are the items of this list."""
    return list(FormField.objects.filter(type=f"{LIST_PREFIX}{custom_list.pk}").select_related("form"))


@transaction.atomic
def delete_list(custom_list: CustomList, *, actor: Actor) -> None:
    """Delete a list; its items and their answers stay readable. Raises Conflict while a field uses it."""
    check_is_administrator(actor)
    if custom_list.masks & ListMask.NO_DELETE:
        raise Conflict(_("This list cannot be deleted."), code="list_protected")
    if fields_that_use(custom_list):
        raise Conflict(_("Fields still use this list: remove them first."), code="list_in_use")
    _record(actor, Action.DELETED, custom_list, row_difference(values_of(custom_list), {}))
    ListItem.objects.filter(list=custom_list).update(list=None)
    Form.objects.filter(type=f"{LIST_PROPERTIES}{custom_list.pk}").delete()
    log.info("list_deleted", list=custom_list.pk)
    custom_list.delete()


def property_fields(custom_list: CustomList) -> list[FormField]:
    """Give the fields of the form that holds the properties of the items."""
    return list(FormField.objects.filter(form__type=f"{LIST_PROPERTIES}{custom_list.pk}").order_by("sort", "id"))


@transaction.atomic
def add_item(custom_list: CustomList, definition: ItemDefinition, *, actor: Actor) -> ListItem:
    """Add an item at the end of a list. Raises PermissionRefused, ValidationFailed, Conflict."""
    check_is_administrator(actor)
    _check_has_items(custom_list)
    if custom_list.masks & ListMask.NO_ADD:
        raise Conflict(_("No items can be added to this list."), code="list_closed")
    _check_is_free(custom_list, definition, None)
    last = ListItem.objects.filter(list=custom_list).aggregate(last=Max("sort"))["last"] or 0
    item = ListItem.objects.create(
        list=custom_list, sort=last + 1, **_item_columns(custom_list, None, definition, property_fields(custom_list))
    )
    _record_item(actor, Action.CREATED, item, row_difference({}, values_of(item)))
    return item


@transaction.atomic
def update_item(item: ListItem, definition: ItemDefinition, *, actor: Actor) -> None:
    """Change an item; answers keep the value of their time. Raises PermissionRefused, ValidationFailed, Conflict."""
    check_is_administrator(actor)
    custom_list = _list_of(item)
    _check_is_free(custom_list, definition, item)
    before = values_of(item)
    for name, value in _item_columns(custom_list, item, definition, property_fields(custom_list)).items():
        setattr(item, name, value)
    item.save()
    _record_item(actor, Action.CHANGED, item, row_difference(before, values_of(item)))


@transaction.atomic
def remove_item(item: ListItem, *, actor: Actor) -> None:
    """Take an item out of its list: its row stays for the answers that hold it. Raises PermissionRefused."""
    check_is_administrator(actor)
    if item.status & ListItemStatus.INTERNAL:
        raise Conflict(_("This item cannot be deleted."), code="item_protected")
    _record_item(actor, Action.DELETED, item, row_difference(values_of(item), {}))
    item.list = None
    item.save(update_fields=["list"])


@transaction.atomic
def order_items(custom_list: CustomList, item_ids: Sequence[int], *, actor: Actor) -> None:
    """Put the items into this order, which counts where the list is sorted by hand."""
    check_is_administrator(actor)
    wanted = {item_id: position for position, item_id in enumerate(item_ids)}
    items = list(ListItem.objects.filter(list=custom_list).order_by("sort", "id"))
    before = [item.pk for item in items]
    items.sort(key=lambda item: wanted.get(item.pk, len(wanted)))
    for position, item in enumerate(items, start=1):
        item.sort = position
    ListItem.objects.bulk_update(items, ["sort"], batch_size=200)
    if before != [item.pk for item in items]:
        _record(actor, Action.CHANGED, custom_list, {"order": [None, "changed"]})


def _record(actor: Actor, action: Action, custom_list: CustomList, changes: dict[str, list[Any]]) -> None:
    record_change(actor, action, ObjectType.LIST, custom_list.pk, custom_list.name, changes)


def _record_item(actor: Actor, action: Action, item: ListItem, changes: dict[str, list[Any]]) -> None:
    record_change(actor, action, ObjectType.LIST_ITEM, item.pk, item.value, changes)


def _list_of(item: ListItem) -> CustomList:
    if item.list is None:
        raise Conflict(_("This item has been removed from its list."), code="item_removed")
    return item.list


def _check_has_items(custom_list: CustomList) -> None:
    if custom_list.type == TICKET_STATUSES:
        raise Conflict(_("Ticket statuses are edited on their own page."), code="list_of_statuses")


def _check_is_free(custom_list: CustomList, definition: ItemDefinition, item: ListItem | None) -> None:
    same = ListItem.objects.filter(list=custom_list, value=definition.value.strip()).values_list("pk", flat=True)
    if any(pk != (item.pk if item else None) for pk in same):
        raise ValidationFailed(_("Value already in use"), code="item_exists", field="value")


def _item_columns(
    custom_list: CustomList, before: ListItem | None, definition: ItemDefinition, fields: Sequence[FormField]
) -> dict[str, Any]:
    value = checked_text(definition.value, field="value", longest=255)
    abbreviation = checked_text(definition.abbreviation, field="extra", longest=255, required=False)
    if custom_list.masks & ListMask.NO_ABBREVIATION:
        abbreviation = ""
    kept = ListItemStatus(before.status if before else 0) & ~ListItemStatus.ENABLED
    properties = dict(before.properties) if before and isinstance(before.properties, dict) else {}
    for each in fields:
        if each.pk in definition.properties:
            properties[str(each.pk)] = _property(each, definition.properties[each.pk])
    return {
        "value": value,
        "extra": abbreviation or None,
        "status": kept | (ListItemStatus.ENABLED if definition.is_enabled else ListItemStatus(0)),
        "properties": properties or None,
    }


def _property(form_field: FormField, submitted: Any) -> Any:
    """Give a property as osTicket stores it: the text, or text and id as a pair."""
    field_type = type_of(form_field)
    clean = field_type.parse(form_field, submitted)
    errors = field_type.errors(form_field, clean, required=False)
    if errors:
        raise ValidationFailed(errors[0] or _("Invalid value"), code="property_invalid", field=form_field.name)
    stored: StoredAnswer = field_type.to_database(form_field, clean)
    return stored.value if stored.value_id is None else [stored.value, stored.value_id]


# --- CSV --------------------------------------------------------------------------------------------------------------


def export_items(custom_list: CustomList) -> str:
    """Give the items as CSV: value, abbreviation, enabled, then each property under its name.

    What a spreadsheet would take for a formula gets an apostrophe in front, which the import takes away again.
    """
    fields = property_fields(custom_list)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([VALUE, ABBREVIATION, ENABLED, *(_column(each) for each in fields)])
    for item in items_of(custom_list):
        enabled = "1" if item.status & ListItemStatus.ENABLED else "0"
        texts = [item.value, item.extra or "", enabled, *(property_text(item, each) for each in fields)]
        writer.writerow([_guarded(text) for text in texts])
    return out.getvalue()


@transaction.atomic
def import_items(custom_list: CustomList, text: str, *, actor: Actor) -> Imported:
    """Add items from CSV, or change those with the same value; nothing happens when a line is wrong.

    The first line may name the columns (`value`, `abbreviation`, `enabled`, names of properties); without it they are
    value and abbreviation. Raises PermissionRefused, Conflict, ValidationFailed saying which line is wrong.
    """
    check_is_administrator(actor)
    _check_has_items(custom_list)
    fields = property_fields(custom_list)
    present = {fold(item.value): item for item in ListItem.objects.filter(list=custom_list)}
    last = max((item.sort for item in present.values()), default=0)
    added, changed = 0, 0
    for number, row in _rows(text, fields):
        try:
            before = present.get(fold(row.get(VALUE, "").strip()))
            definition = _definition(row, before, fields)
            columns = _item_columns(custom_list, before, definition, fields)
        except ValidationFailed as error:
            message = _("Line %(number)d: %(error)s") % {"number": number, "error": error.message}
            raise ValidationFailed(message, code=error.code, field="file") from None
        if before is None:
            last += 1
            item = ListItem.objects.create(list=custom_list, sort=last, **columns)
            present[fold(item.value)] = item
            added += 1
        elif any(getattr(before, name) != value for name, value in columns.items()):
            for name, value in columns.items():
                setattr(before, name, value)
            before.save()
            changed += 1
    if added or changed:
        _record(actor, Action.CHANGED, custom_list, {"imported items": [None, f"{added} added, {changed} changed"]})
    log.info("list_imported", list=custom_list.pk, added=added, changed=changed)
    return Imported(added, changed)


def _rows(text: str, fields: Iterable[FormField]) -> list[tuple[int, dict[str, str]]]:
    """Give each line that is not empty by the names of its columns, with its number."""
    try:
        lines = list(enumerate(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True), start=1))
    except csv.Error as error:
        raise ValidationFailed(_("This is no CSV: %(error)s") % {"error": error}, code="csv", field="file") from None
    filled = [(number, [_unguarded(cell) for cell in cells]) for number, cells in lines if any(map(str.strip, cells))]
    if len(filled) > MOST_IMPORTED:
        message = _("At most %(count)d lines can be imported at once.") % {"count": MOST_IMPORTED}
        raise ValidationFailed(message, code="too_many", field="file")
    names = [VALUE, ABBREVIATION]
    if filled and filled[0][1][0].strip().casefold() == VALUE:
        names = [cell.strip().casefold() for cell in filled.pop(0)[1]]
        known = {VALUE, ABBREVIATION, ENABLED, *(_column(each).casefold() for each in fields)}
        if unknown := [name for name in names if name not in known]:
            message = _("Unknown column: %(name)s") % {"name": unknown[0]}
            raise ValidationFailed(message, code="unknown_column", field="file")
    return [(number, dict(zip(names, cells, strict=False))) for number, cells in filled]


def _definition(row: Mapping[str, str], before: ListItem | None, fields: Iterable[FormField]) -> ItemDefinition:
    """Columns that the file does not have stay as they are."""
    was_enabled = before is None or bool(before.status & ListItemStatus.ENABLED)
    return ItemDefinition(
        value=row.get(VALUE, ""),
        abbreviation=row.get(ABBREVIATION, (before.extra or "") if before else ""),
        is_enabled=row[ENABLED].strip().casefold() not in _OFF if row.get(ENABLED, "").strip() else was_enabled,
        properties={each.pk: row[_column(each).casefold()] for each in fields if _column(each).casefold() in row},
    )


def _column(form_field: FormField) -> str:
    return form_field.name or f"field_{form_field.pk}"


_GUARDED = frozenset({*FORMULA_START, "'", "\t", "\r"})


def _guarded(text: str) -> str:
    return f"'{text}" if text[:1] in _GUARDED else text


def _unguarded(text: str) -> str:
    return text[1:] if text[:1] == "'" and text[1:2] in _GUARDED else text

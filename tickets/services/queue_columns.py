"""Making, changing and deleting what queues are put together from: columns and orders (osticket/queues.md §5, §6)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.audit.services import Action, ObjectType, record_change, row_difference, values_of
from helpdesk.legacy.errors import Conflict, ValidationFailed
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.policies import check_is_administrator
from tickets.annotations import KINDS, PLACES
from tickets.models import (
    Queue,
    QueueColumn,
    QueueColumnPlacement,
    QueuePreference,
    QueueSort,
    QueueSortChoice,
)
from tickets.navigation import context_for
from tickets.queue_page import showable_fields
from tickets.reference_data import StyleCondition, forget_reference_data
from tickets.row_styles import check_marks
from tickets.sorting import is_sortable

LONGEST_NAME = 64
MOST_PATHS = 6
LINKS = ("", "link:ticket", "link:ticketP", "link:user", "link:org", "date:full", "date:human")
"""What osTicket makes of the value of a column."""
TRUNCATIONS = ("wrap", "ellipsis", "clip", "lclip")


@dataclass(frozen=True)
class ColumnDraft:
    """What a column is to be: `secondary` shows where `primary` is empty; annotations are classes and places."""

    name: str
    primary: str
    secondary: str = ""
    filter: str = ""
    truncate: str = "wrap"
    annotations: Sequence[tuple[str, str]] = ()
    marks: Sequence[StyleCondition] = ()


@dataclass(frozen=True)
class SortDraft:
    """What an order is to be: paths, `-` in front of those that sort down."""

    name: str
    paths: Sequence[str]


@transaction.atomic
def store_column(
    draft: ColumnDraft, *, actor: Actor, column: QueueColumn | None = None, now: datetime | None = None
) -> QueueColumn:
    """Make a column, or change the given one.

    Raises PermissionRefused for others than administrators, ValidationFailed naming the field: no name, one that is
    taken, fields and annotations that do not exist (unless the column has them already), styles that cannot be used.
    """
    check_is_administrator(actor)
    name = " ".join(draft.name.split())
    _check_name(name, QueueColumn.objects.exclude(pk=column.pk if column else 0).filter(name__iexact=name).exists())
    _check_column(draft, column)
    if actor.agent is not None:
        check_marks(draft.marks, context_for(access_of(actor.agent), now or timezone.now()))
    before = {} if column is None else values_of(column)
    stored = column or QueueColumn()
    stored.name, stored.primary, stored.secondary = name, draft.primary, draft.secondary or None
    stored.filter, stored.truncate = draft.filter or None, draft.truncate
    stored.annotations = [{"c": kind, "p": place} for kind, place in draft.annotations]
    stored.conditions = [mark.as_json() for mark in draft.marks]
    stored.save()
    _record(stored, before, actor, is_new=column is None)
    return stored


@transaction.atomic
def delete_column(column: QueueColumn, *, actor: Actor) -> None:
    """Delete a column that stands in no queue. Raises PermissionRefused, Conflict naming the queues."""
    check_is_administrator(actor)
    queues = QueueColumnPlacement.objects.filter(column_id=column.pk).values("queue_id")
    _refuse_used(Queue.objects.filter(pk__in=queues).values_list("title", flat=True))
    _delete(column, actor)


@transaction.atomic
def store_sort(
    draft: SortDraft, *, actor: Actor, sort: QueueSort | None = None, now: datetime | None = None
) -> QueueSort:
    """Make an order, or change the given one.

    Raises PermissionRefused for others than administrators, ValidationFailed: no name, one that is taken, no field, one
    that tickets cannot be sorted by, one twice.
    """
    check_is_administrator(actor)
    name = " ".join(draft.name.split())
    _check_name(name, QueueSort.objects.exclude(pk=sort.pk if sort else 0).filter(name__iexact=name).exists())
    paths = [path.removeprefix("-") for path in draft.paths]
    if not paths or len(paths) > MOST_PATHS:
        message = _("Choose one to %(number)s fields to sort by.") % {"number": MOST_PATHS}
        raise ValidationFailed(message, code="paths_required", field="paths")
    if len(set(paths)) < len(paths):
        raise ValidationFailed(_("Each field can be sorted by once."), code="path_twice", field="paths")
    for path in paths:
        if not is_sortable(path):
            message = _("%(path)s: tickets cannot be sorted by this field.") % {"path": path}
            raise ValidationFailed(message, code="path_unknown", field="paths")
    before = {} if sort is None else values_of(sort)
    stored = sort or QueueSort(root="T")
    stored.name, stored.columns, stored.updated = name, list(draft.paths), now or timezone.now()
    stored.save()
    _record(stored, before, actor, is_new=sort is None)
    return stored


@transaction.atomic
def delete_sort(sort: QueueSort, *, actor: Actor) -> None:
    """Delete an order that no queue has or offers and nobody chose. Raises PermissionRefused, Conflict."""
    check_is_administrator(actor)
    offering = QueueSortChoice.objects.filter(queue_sort_id=sort.pk).values("queue_id")
    queues = Queue.objects.filter(default_sort_id=sort.pk) | Queue.objects.filter(pk__in=offering)
    _refuse_used(queues.values_list("title", flat=True))
    settings = QueuePreference.objects.values_list("setting", flat=True)
    if any(isinstance(one, dict) and str(one.get("sort_id")) == str(sort.pk) for one in settings):
        raise Conflict(_("Agents have chosen this order for themselves."), code="in_use")
    _delete(sort, actor)


# --- Checking and writing ---------------------------------------------------------------------------------------------


def _check_name(name: str, is_taken: bool) -> None:
    if not name:
        raise ValidationFailed(_("Name required"), code="name_required", field="name")
    if len(name) > LONGEST_NAME:
        message = _("At most %(count)d characters.") % {"count": LONGEST_NAME}
        raise ValidationFailed(message, code="name_too_long", field="name")
    if is_taken:
        raise ValidationFailed(_("Name already in use"), code="name_taken", field="name")


def _check_column(draft: ColumnDraft, column: QueueColumn | None) -> None:
    known = dict(showable_fields())
    for name, path in (("primary", draft.primary), ("secondary", draft.secondary)):
        is_kept = column is not None and path == (getattr(column, name) or "")
        if path not in known and not is_kept and (path or name == "primary"):
            raise ValidationFailed(_("Choose the field that it shows."), code="path_unknown", field=name)
    _check_choice("filter", draft.filter, LINKS, column)
    _check_choice("truncate", draft.truncate, TRUNCATIONS, column)
    kept = {one.get("c") for one in (column.annotations if column else None) or () if isinstance(one, dict)}
    if any((kind not in KINDS and kind not in kept) or place not in PLACES for kind, place in draft.annotations):
        raise ValidationFailed(_("Choose annotations from the list."), code="annotation", field="annotations")
    if len({kind for kind, _place in draft.annotations}) < len(draft.annotations):
        raise ValidationFailed(_("Each annotation can stand in a column once."), code="twice", field="annotations")


def _check_choice(name: str, value: str, choices: Collection[str], column: QueueColumn | None) -> None:
    if value not in choices and (column is None or value != (getattr(column, name) or "")):
        raise ValidationFailed(_("Choose one from the list."), code="choice", field=name)


def _refuse_used(titles: Collection[Any]) -> None:
    if titles:
        named = ", ".join(sorted({str(title) for title in titles})[:5])
        message = _("It is used by: %(queues)s. Take it out there first.") % {"queues": named}
        raise Conflict(message, code="in_use")


def _record(stored: QueueColumn | QueueSort, before: dict[str, Any], actor: Actor, *, is_new: bool) -> None:
    action = Action.CREATED if is_new else Action.CHANGED
    changes = row_difference(before, values_of(stored))
    record_change(actor, action, ObjectType.QUEUE, _key(stored), str(stored), changes)
    forget_reference_data()


def _delete(stored: QueueColumn | QueueSort, actor: Actor) -> None:
    changes = row_difference(values_of(stored), {})
    record_change(actor, Action.DELETED, ObjectType.QUEUE, _key(stored), str(stored), changes)
    stored.delete()
    forget_reference_data()


def _key(stored: QueueColumn | QueueSort) -> str:
    """Columns and orders stand in the trail with the queues."""
    return f"{'column' if isinstance(stored, QueueColumn) else 'order'} {stored.pk}"

"""What belongs to a queue in tables of its own: columns at their places, orders to choose from, fields of exports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import ValidationFailed
from tickets.models import Queue, QueueColumn, QueueColumnPlacement, QueueExportField, QueueSort, QueueSortChoice
from tickets.queue_export import exportable_fields

MOST_COLUMNS = 12
MOST_EXPORTED = 60
NARROWEST, WIDEST, USUAL_WIDTH = 30, 2000, 100
"""Pixels."""
LONGEST_HEADING = 64
SORTABLE = 1
"""Bit of a column's place: the list can be sorted by it."""


@dataclass(frozen=True)
class PlacedColumn:
    """A column at its place in a queue; an empty heading is the column's name, no width the usual one."""

    column_id: int
    heading: str = ""
    width: int = 0
    is_sortable: bool = True


def place_columns(queue: Queue, columns: Sequence[PlacedColumn], *, staff_id: int) -> None:
    """Put these columns into this order, for all (`staff_id` 0) or for one agent.

    Raises ValidationFailed (field `columns`) for unknown columns, one twice, too many, and widths that cannot be.
    """
    ids = [one.column_id for one in columns]
    known = QueueColumn.objects.in_bulk(ids)
    if set(ids) - set(known) or len(columns) > MOST_COLUMNS:
        raise ValidationFailed(_("Choose up to twelve columns from the list."), code="columns", field="columns")
    if len(set(ids)) < len(ids):
        raise ValidationFailed(_("Each column can stand in a list once."), code="columns", field="columns")
    for one in columns:
        _check_place(one)
    QueueColumnPlacement.objects.filter(queue=queue, staff_id=staff_id).delete()
    QueueColumnPlacement.objects.bulk_create(
        QueueColumnPlacement(
            queue=queue,
            column_id=one.column_id,
            staff_id=staff_id,
            bits=SORTABLE if one.is_sortable else 0,
            sort=number,
            heading=" ".join(one.heading.split()) or known[one.column_id].name,
            width=one.width or USUAL_WIDTH,
        )
        for number, one in enumerate(columns, 1)
    )


def _check_place(one: PlacedColumn) -> None:
    if len(one.heading) > LONGEST_HEADING:
        message = _("A heading may have at most %(number)s characters.") % {"number": LONGEST_HEADING}
        raise ValidationFailed(message, code="heading_too_long", field="columns")
    if one.width and not NARROWEST <= one.width <= WIDEST:
        limits = {"least": NARROWEST, "most": WIDEST}
        message = _("A column is between %(least)s and %(most)s pixels wide.") % limits
        raise ValidationFailed(message, code="width", field="columns")


def offer_sorts(queue: Queue, sort_ids: Sequence[int]) -> None:
    """Let a queue offer these orders, and no others; unknown ones are left out."""
    known = set(QueueSort.objects.filter(pk__in=sort_ids).values_list("pk", flat=True))
    QueueSortChoice.objects.filter(queue=queue).delete()
    QueueSortChoice.objects.bulk_create(
        QueueSortChoice(queue=queue, queue_sort_id=sort_id, sort=number)
        for number, sort_id in enumerate((pk for pk in dict.fromkeys(sort_ids) if pk in known), 1)
    )


def export_fields(queue: Queue, fields: Sequence[tuple[str, str]]) -> None:
    """Let a queue export these fields (path and heading) in this order.

    Raises ValidationFailed (field `export`) for unknown fields that it does not have already, one twice, too many.
    """
    paths = [path for path, _heading in fields]
    rows = QueueExportField.objects.filter(queue=queue)
    names = dict(exportable_fields())
    kept = set(rows.values_list("path", flat=True))
    if len(fields) > MOST_EXPORTED or set(paths) - set(names) - kept:
        message = _("Choose up to %(number)s fields from the list.") % {"number": MOST_EXPORTED}
        raise ValidationFailed(message, code="export", field="export")
    if len(set(paths)) < len(paths):
        raise ValidationFailed(_("Each field can be exported once."), code="export", field="export")
    if any(len(heading) > LONGEST_HEADING for _path, heading in fields):
        message = _("A heading may have at most %(number)s characters.") % {"number": LONGEST_HEADING}
        raise ValidationFailed(message, code="heading_too_long", field="export")
    rows.delete()
    QueueExportField.objects.bulk_create(
        QueueExportField(
            queue=queue, path=path, heading=" ".join(heading.split()) or names.get(path, path)[:64], sort=number
        )
        for number, (path, heading) in enumerate(fields, 1)
    )

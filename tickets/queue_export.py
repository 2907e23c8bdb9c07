"""The tickets of a list as a table (osticket/tickets.md §16.3): osTicket's columns, or those that the queue names.

Tickets are read slice by slice along the order of the list, so that memory does not grow with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.utils.translation import gettext as _

from helpdesk.exports.cells import Cell
from helpdesk.exports.files import Table
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject, FieldFlag
from helpdesk.forms.field_types import has_answers
from helpdesk.people.access import AgentAccess
from tickets.constants import QueueFlag
from tickets.criteria_rows import offered_fields
from tickets.field_values import is_readable, unreadable, values_of, with_values
from tickets.list_options import ListOptions, filter_of, order_for
from tickets.models import Ticket
from tickets.navigation import context_for
from tickets.paging import visible_page
from tickets.queues import QueueDefinition, sees_everything, with_preferences
from tickets.reference_data import queue_exports, queue_tables

SLICE = 200
_ANSWERS = "cdata__"


@dataclass(frozen=True)
class ExportColumn:
    """A column: path and heading."""

    path: str
    heading: str


def export_columns(queue_id: int) -> list[ExportColumn]:
    """Give the columns of a queue's export: its own ones or those of the queue above, else the standard ones."""
    own = queue_exports().get(exporting_queue(queue_id), ())
    return [ExportColumn(path, heading) for path, heading in own or standard_fields()]


def exporting_queue(queue_id: int) -> int:
    """Give the queue whose fields a queue exports: its own, or with bit 128 those of the one above (§1)."""
    rows, seen = queue_tables().queues, {queue_id}
    row = rows.get(queue_id)
    while row is not None and row.flags & QueueFlag.INHERIT_EXPORT and row.parent_id in rows:
        if row.parent_id in seen:
            break
        row = rows[row.parent_id]
        seen.add(row.id)
    return row.id if row is not None else queue_id


def standard_fields() -> list[tuple[str, str]]:
    """Give path and heading of what queues export that say nothing: osTicket's, and the fields of the ticket form."""
    standard = _standard_headings()
    known = {path for path, _heading in standard}
    more = [
        (f"{_ANSWERS}{name}", field.label or name)
        for name, field in cdata.fields_by_column(EntryObject.TICKET).items()
        if f"{_ANSWERS}{name}" not in known and (field.flags or 0) & FieldFlag.ENABLED and has_answers(field)
    ]
    return [*standard, *more]


def exportable_fields() -> list[tuple[str, str]]:
    """Give path and usual heading of everything that can be exported."""
    fields = dict(standard_fields())
    for field in offered_fields():
        if is_readable(field.path):
            fields.setdefault(field.path, str(field.label))
    return list(fields.items())


def export_problems(queue_id: int) -> list[str]:
    """Say which fields of a queue's export cannot be read."""
    return unreadable(column.path for column in export_columns(queue_id))


def queue_table(
    access: AgentAccess, queue: QueueDefinition, *, now: datetime, zone: tzinfo, options: ListOptions
) -> Table:
    """Give the tickets of a list, as far as the agent sees them, in its order and through its quick filter."""
    columns = export_columns(queue.id)
    return Table(
        title=queue.title,
        headings=[column.heading for column in columns],
        rows=_rows(access, with_preferences(queue, access), columns, now=now, zone=zone, options=options),
        zone=zone,
    )


def file_name(queue: QueueDefinition, *, now: datetime, zone: tzinfo) -> str:
    """Give the name of the file without its ending."""
    return f"{queue.title} Tickets-{now.astimezone(zone):%Y%m%d}"


def _rows(
    access: AgentAccess,
    queue: QueueDefinition,
    columns: Sequence[ExportColumn],
    *,
    now: datetime,
    zone: tzinfo,
    options: ListOptions,
) -> Iterator[list[Cell]]:
    context = context_for(access, now)
    order, more = order_for(queue, options, context), filter_of(queue, options, context)
    after: str | None = None
    while True:
        page = visible_page(
            access,
            queue.criteria,
            context,
            order,
            size=SLICE,
            with_merged=not queue.is_queue,
            sees_everything=sees_everything(queue, access),
            after=after,
            before=None,
            more=more,
            gives_up=False,
        )
        yield from _cells(page.ids, columns, zone)
        after = page.after
        if after is None:
            return


def _cells(ids: Sequence[int], columns: Sequence[ExportColumn], zone: tzinfo) -> Iterator[list[Cell]]:
    if not ids:
        return
    paths = {column.path for column in columns}
    tickets = {ticket.pk: ticket for ticket in with_values(Ticket.objects.filter(pk__in=ids), paths)}
    values = values_of(list(tickets.values()), paths, zone=zone)
    for pk in ids:
        if pk in tickets:
            yield [values.of(tickets[pk], column.path) for column in columns]


def _standard_headings() -> list[tuple[str, str]]:
    return [
        ("number", _("Ticket Number")),
        ("created", _("Date Created")),
        ("cdata__subject", _("Subject")),
        ("user__name", _("From")),
        ("user__emails__address", _("From Email")),
        ("cdata__priority", _("Priority")),
        ("dept_id", _("Department")),
        ("topic_id", _("Help Topic")),
        ("source", _("Source")),
        ("status__id", _("Current Status")),
        ("lastupdate", _("Last Updated")),
        ("est_duedate", _("SLA Due Date")),
        ("sla_id", _("SLA Plan")),
        ("duedate", _("Due Date")),
        ("closed", _("Closed Date")),
        ("isoverdue", _("Overdue")),
        ("merged", _("Merged")),
        ("linked", _("Linked")),
        ("isanswered", _("Answered")),
        ("staff_id", _("Agent Assigned")),
        ("team_id", _("Team Assigned")),
        ("thread_count", _("Thread Count")),
        ("reopen_count", _("Reopen Count")),
        ("attachment_count", _("Attachment Count")),
        ("task_count", _("Task Count")),
    ]

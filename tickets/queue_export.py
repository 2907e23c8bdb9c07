"""The tickets of a list as a table (osticket/tickets.md §16.3): osTicket's columns, or those that the queue names.

Tickets are read slice by slice along the order of the list, so that memory does not grow with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.utils.translation import gettext as _

from helpdesk.exports.cells import Cell
from helpdesk.exports.files import Table
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject, FieldFlag
from helpdesk.forms.field_types import StoredAnswer, has_answers, type_of
from helpdesk.forms.models import FormAnswer, FormField
from helpdesk.people.access import AgentAccess
from tickets.constants import QueueFlag, TicketFlag
from tickets.criteria import field_of
from tickets.list_options import ListOptions, filter_of, order_for
from tickets.models import Ticket
from tickets.names import address_of, full_name, shown_user
from tickets.navigation import context_for
from tickets.paging import visible_page
from tickets.querysets import TicketQuerySet
from tickets.queues import QueueDefinition, sees_everything, with_preferences
from tickets.reference_data import priorities, queue_exports, queue_tables
from tickets.ticket_numbers import number_of, with_numbers

SLICE = 200
_ANSWERS = "cdata__"
MERGED = TicketFlag.COMBINE_THREADS | TicketFlag.SEPARATE_THREADS


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
    for path in (*_READERS, "collaborator_count"):
        known = field_of(path)
        if known is not None:
            fields.setdefault(path, str(known.label))
    return list(fields.items())


def queue_table(
    access: AgentAccess, queue: QueueDefinition, *, now: datetime, zone: tzinfo, options: ListOptions
) -> Table:
    """Give the tickets of a list, as far as the agent sees them, in its order and through its quick filter."""
    columns = export_columns(queue.id)
    return Table(
        title=queue.title,
        headings=[column.heading for column in columns],
        rows=_rows(access, with_preferences(queue, access), columns, now=now, options=options),
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
        )
        yield from _cells(page.ids, columns)
        after = page.after
        if after is None:
            return


def _cells(ids: Sequence[int], columns: Sequence[ExportColumn]) -> Iterator[list[Cell]]:
    if not ids:
        return
    paths = {column.path for column in columns}
    tickets = {ticket.pk: ticket for ticket in _with_columns(Ticket.objects.filter(pk__in=ids), paths)}
    answers = _answers(ids, paths)
    subjects = cdata.fetch(EntryObject.TICKET, ids, {"subject", "priority"})
    for pk in ids:
        if pk in tickets:
            yield [_cell(column.path, tickets[pk], answers, subjects.get(pk, {})) for column in columns]


def _with_columns(tickets: TicketQuerySet, paths: set[str]) -> TicketQuerySet:
    related = tickets.select_related(
        "user__default_email", "user__org", "status", "dept", "staff", "team", "topic", "sla"
    )
    return with_numbers(related, paths)


def _answers(ids: Sequence[int], paths: set[str]) -> dict[tuple[int, str], Cell]:
    """Give the answers that stand in columns, by ticket and path."""
    fields = {f"{_ANSWERS}{name}": field for name, field in cdata.fields_by_column(EntryObject.TICKET).items()}
    wanted = {field.pk: (path, field) for path, field in fields.items() if path in paths}
    rows = FormAnswer.objects.filter(
        entry__object_type=EntryObject.TICKET, entry__object_id__in=ids, field__in=list(wanted)
    ).values_list("entry__object_id", "field_id", "value", "value_id")
    found: dict[tuple[int, str], Cell] = {}
    for ticket_id, field_id, value, value_id in rows:
        path, field = wanted[field_id]
        found[ticket_id or 0, path] = _answer(field, StoredAnswer(value, value_id))
    return found


def _answer(field: FormField, stored: StoredAnswer) -> Cell:
    field_type = type_of(field)
    return field_type.export(field, field_type.from_database(field, stored)) if stored.value is not None else ""


def _cell(path: str, ticket: Ticket, answers: dict[tuple[int, str], Cell], short: dict[str, str | None]) -> Cell:
    if path == "cdata__subject":
        return short.get("subject") or ""
    if path == "cdata__priority":
        keys = cdata.chosen_keys(short.get("priority"), {str(pk) for pk in priorities()})
        return priorities()[int(keys[0])].name if keys else ""
    if path.startswith(_ANSWERS):
        return answers.get((ticket.pk, path), "")
    read = _READERS.get(path)
    if read is not None:
        return read(ticket)
    return number_of(ticket, path)


_READERS: dict[str, Callable[[Ticket], Cell]] = {
    "number": lambda ticket: ticket.number or "",
    "created": lambda ticket: ticket.created,
    "user__name": lambda ticket: shown_user(ticket.user),
    "user__emails__address": lambda ticket: address_of(ticket.user),
    "user__org__name": lambda ticket: ticket.user.org.name if ticket.user and ticket.user.org else "",
    "dept_id": lambda ticket: ticket.dept.name if ticket.dept else "",
    "topic_id": lambda ticket: ticket.topic.topic if ticket.topic else "",
    "source": lambda ticket: ticket.source,
    "ip_address": lambda ticket: ticket.ip_address,
    "status__id": lambda ticket: ticket.status.name if ticket.status else "",
    "lastupdate": lambda ticket: ticket.lastupdate,
    "est_duedate": lambda ticket: ticket.est_duedate,
    "sla_id": lambda ticket: ticket.sla.name if ticket.sla else "",
    "duedate": lambda ticket: ticket.duedate,
    "closed": lambda ticket: ticket.closed,
    "reopened": lambda ticket: ticket.reopened,
    "isoverdue": lambda ticket: ticket.isoverdue,
    "merged": lambda ticket: bool(ticket.flags & MERGED),
    "linked": lambda ticket: bool(ticket.flags & TicketFlag.LINKED),
    "isanswered": lambda ticket: ticket.isanswered,
    "staff_id": lambda ticket: full_name(ticket.staff) if ticket.staff else "",
    "team_id": lambda ticket: ticket.team.name if ticket.team else "",
    "assignee": lambda ticket: full_name(ticket.staff) if ticket.staff else ticket.team.name if ticket.team else "",
}


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

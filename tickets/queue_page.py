"""One page of a queue (docs/architecture.md, no count over history; osticket/queues.md §4 to §6).

Two steps: order and limit on the tickets alone, then read what the 25 rows show. The number of statements is the same
for every queue and every size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Func, IntegerField, OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from helpdesk import configuration
from helpdesk.files.models import Attachment
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.people.access import AgentAccess
from helpdesk.threads.constants import EntryFlag, ObjectType
from helpdesk.threads.models import Collaborator, Thread, ThreadEntry
from tickets.constants import TicketState
from tickets.criteria import CriteriaContext, compile_criteria, unread_paths
from tickets.models import Ticket
from tickets.names import address_of, full_name, shown_user
from tickets.navigation import context_for
from tickets.querysets import TicketQuerySet
from tickets.queues import QueueDefinition, with_preferences
from tickets.reference_data import ColumnRow, PriorityRow, priorities, status_ids
from tickets.screens import CellValue, ColumnHeading, QueueCell, QueueHeading, QueuePage, QueueRow
from tickets.sorting import TicketOrder, order_of

DEFAULT_PAGE_SIZE = 25
LARGEST_PAGE_SIZE = 200
_ANSWERS = "cdata__"


@dataclass(frozen=True)
class _Keyset:
    """The ids of a page in their order, and the cursors to its neighbours."""

    ids: list[int]
    before: str | None
    after: str | None


def queue_page(
    access: AgentAccess,
    queue: QueueDefinition,
    *,
    now: datetime,
    after: str | None = None,
    before: str | None = None,
) -> QueuePage:
    """Give the first page of the queue, or the one after or before a cursor.

    Raises NotFound (`cursor_invalid`) for a cursor of another order.
    """
    queue = with_preferences(queue, access)
    order = order_of(queue.sort_paths)
    context = context_for(access, now)
    tickets = _tickets_of(access, queue, context)
    page = _keyset(tickets, order, _page_size(access), after=after, before=before)
    return QueuePage(
        queue=QueueHeading(queue.id, queue.title, queue.parent_title),
        columns=[ColumnHeading(_key(column), column.heading, column.width) for column in queue.columns],
        rows=_rows(page.ids, queue.columns, access, now),
        before=page.before,
        after=page.after,
        unread=unread_paths(queue.criteria, context),
    )


def _tickets_of(access: AgentAccess, queue: QueueDefinition, context: CriteriaContext) -> TicketQuerySet:
    condition = compile_criteria(queue.criteria, context)
    tickets = Ticket.objects.visible_to(access, open_status_ids=status_ids(TicketState.OPEN)).filter(condition)
    return tickets.without_merged_children() if queue.is_queue else tickets


def _page_size(access: AgentAccess) -> int:
    wanted = access.agent.max_page_size or configuration.current().integer("max_page_size", DEFAULT_PAGE_SIZE)
    return min(max(wanted, 1), LARGEST_PAGE_SIZE) if wanted > 0 else DEFAULT_PAGE_SIZE


def _keyset(
    tickets: TicketQuerySet, order: TicketOrder, size: int, *, after: str | None, before: str | None
) -> _Keyset:
    """Find the page; one row more than it holds tells whether there is another one."""
    cursor, backwards = (before, True) if before else (after, False)
    tickets = order.annotated(tickets, priorities())
    if cursor:
        tickets = tickets.filter(order.after(order.values(cursor), backwards=backwards))
    query = order.ordered(tickets, backwards=backwards).values_list("pk", *order.names)[: size + 1]
    rows = cdata.with_table(EntryObject.TICKET, lambda: list(query.all())) if order.needs_urgency else list(query)
    has_more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    if not rows:
        return _Keyset([], None, None)
    has_before, has_after = (has_more, True) if backwards else (bool(cursor), has_more)
    return _Keyset(
        ids=[row[0] for row in rows],
        before=order.cursor(rows[0][1:]) if has_before else None,
        after=order.cursor(rows[-1][1:]) if has_after else None,
    )


def _rows(ids: Sequence[int], columns: Sequence[ColumnRow], access: AgentAccess, now: datetime) -> list[QueueRow]:
    """Read what the rows show, in three statements: the tickets with what hangs on them, and their answers."""
    found = {ticket.pk: ticket for ticket in _with_row_data(Ticket.objects.filter(pk__in=ids))} if ids else {}
    names = {"subject", "priority", *_answer_names(columns)}
    answers = cdata.fetch(EntryObject.TICKET, ids, names) if ids else {}
    return [_row(found[pk], answers.get(pk, {}), columns, access, now) for pk in ids if pk in found]


_SHOWN_COLUMNS = (
    *("number", "source", "ip_address", "created", "lastupdate", "closed", "reopened", "duedate", "est_duedate"),
    *("isoverdue", "isanswered", "user__name", "user__default_email__address", "status__name", "status__state"),
    *("dept__name", "staff__firstname", "staff__lastname", "staff__username", "team__name", "topic__topic"),
    *("sla__name", "lock__expire", "lock__staff__firstname", "lock__staff__lastname", "lock__staff__username"),
)


def _with_row_data(tickets: TicketQuerySet) -> TicketQuerySet:
    related = tickets.select_related(
        "user__default_email", "status", "dept", "staff", "team", "topic", "sla", "lock__staff"
    ).only(*_SHOWN_COLUMNS)
    own = {"thread__object_id": OuterRef("pk"), "thread__object_type": ObjectType.TICKET}
    thread = Thread.objects.filter(object_id=OuterRef("pk"), object_type=ObjectType.TICKET)
    entries = ThreadEntry.objects.alias(hidden=F("flags").bitand(int(EntryFlag.HIDDEN))).filter(hidden=0)
    of_thread = entries.filter(thread__object_id=OuterRef(OuterRef("pk")), thread__object_type=ObjectType.TICKET)
    attachments = Attachment.objects.filter(
        type=ObjectType.THREAD_ENTRY, inline=False, object_id__in=of_thread.values("pk")
    )
    return related.annotate(
        last_message=Subquery(thread.values("lastmessage")[:1]),
        last_response=Subquery(thread.values("lastresponse")[:1]),
        entry_count=_count_of(entries.filter(**own)),
        attachment_count=_count_of(attachments),
        collaborator_count=_count_of(Collaborator.objects.filter(**own)),
    )


def _count_of(rows: QuerySet[Any]) -> Subquery:
    """Count the rows of a correlated query; COUNT as a plain function needs no grouping."""
    counted = rows.order_by().annotate(number=Func(F("pk"), function="COUNT")).values("number")
    return Subquery(counted, output_field=IntegerField())


def _row(
    ticket: Any, answers: Mapping[str, str | None], columns: Sequence[ColumnRow], access: AgentAccess, now: datetime
) -> QueueRow:
    """Make the row of one ticket, which carries the annotations of `_with_row_data`."""
    priority = _priority(answers.get("priority"))
    row = QueueRow(
        ticket_id=ticket.pk,
        number=ticket.number or "",
        subject=answers.get("subject") or _("(no subject)"),
        requester_name=shown_user(ticket.user),
        requester_email=address_of(ticket.user),
        priority_name=priority.name if priority else "",
        priority_urgency=priority.urgency if priority else 0,
        status_name=ticket.status.name if ticket.status else "",
        status_state=(ticket.status.state or "") if ticket.status else "",
        department_name=ticket.dept.name if ticket.dept else "",
        assignee_name=_assignee(ticket),
        team_name=ticket.team.name if ticket.team else "",
        source=ticket.source,
        created=ticket.created,
        last_update=ticket.lastupdate,
        closed=ticket.closed,
        due=ticket.duedate or ticket.est_duedate,
        last_message=ticket.last_message,
        last_response=ticket.last_response,
        is_overdue=ticket.isoverdue,
        is_answered=ticket.isanswered,
        entry_count=ticket.entry_count,
        attachment_count=ticket.attachment_count,
        collaborator_count=ticket.collaborator_count,
        locked_by=_locked_by(ticket, access, now),
        cells=[],
    )
    row.cells.extend(QueueCell(_key(column), _cell(column, row, ticket, answers)) for column in columns)
    return row


def _assignee(ticket: Ticket) -> str:
    if ticket.staff is not None:
        return full_name(ticket.staff)
    return ticket.team.name if ticket.team is not None else ""


def _locked_by(ticket: Ticket, access: AgentAccess, now: datetime) -> str:
    lock = ticket.lock
    if lock is None or lock.staff is None or lock.staff_id == access.agent.pk:
        return ""
    return full_name(lock.staff) if lock.expire is not None and lock.expire > now else ""


def _priority(stored: str | None) -> PriorityRow | None:
    """Give the priority whose id the answer holds, in either encoding of cdata."""
    rows = priorities()
    keys = cdata.chosen_keys(stored, {str(pk) for pk in rows})
    return rows[int(keys[0])] if keys else None


# --- Columns ----------------------------------------------------------------------------------------------------------

_KEYS = {
    "number": "number",
    "created": "created",
    "cdata__subject": "subject",
    "user__name": "requester",
    "cdata__priority": "priority",
    "status__id": "status",
    "closed": "closed",
    "assignee": "assignee",
    "duedate": "due",
    "lastupdate": "last_update",
    "dept_id": "department",
    "thread__lastmessage": "last_message",
    "thread__lastresponse": "last_response",
    "team_id": "team",
}
_FIELDS: dict[str, Callable[[QueueRow], CellValue]] = {
    "number": lambda row: row.number,
    "created": lambda row: row.created,
    "subject": lambda row: row.subject,
    "requester": lambda row: row.requester_name,
    "priority": lambda row: row.priority_name,
    "status": lambda row: row.status_name,
    "closed": lambda row: row.closed,
    "assignee": lambda row: row.assignee_name,
    "due": lambda row: row.due,
    "last_update": lambda row: row.last_update,
    "department": lambda row: row.department_name,
    "last_message": lambda row: row.last_message,
    "last_response": lambda row: row.last_response,
    "team": lambda row: row.team_name,
}
_OTHER_PATHS: dict[str, Callable[[Ticket], CellValue]] = {
    "source": lambda ticket: ticket.source,
    "ip_address": lambda ticket: ticket.ip_address,
    "est_duedate": lambda ticket: ticket.est_duedate,
    "reopened": lambda ticket: ticket.reopened,
    "topic_id": lambda ticket: ticket.topic.topic if ticket.topic else "",
    "sla_id": lambda ticket: ticket.sla.name if ticket.sla else "",
    "staff_id": lambda ticket: full_name(ticket.staff) if ticket.staff else "",
    "user__emails__address": lambda ticket: address_of(ticket.user),
    "isoverdue": lambda ticket: _("Yes") if ticket.isoverdue else _("No"),
    "isanswered": lambda ticket: _("Yes") if ticket.isanswered else _("No"),
}


def _key(column: ColumnRow) -> str:
    return _KEYS.get(column.primary, column.primary)


def _cell(column: ColumnRow, row: QueueRow, ticket: Ticket, answers: Mapping[str, str | None]) -> CellValue:
    """Give what a column shows: its first path, or the second one where that is empty."""
    return _value(column.primary, row, ticket, answers) or _value(column.secondary, row, ticket, answers)


def _value(path: str, row: QueueRow, ticket: Ticket, answers: Mapping[str, str | None]) -> CellValue:
    if path in _KEYS:
        return _FIELDS[_KEYS[path]](row)
    if path in _OTHER_PATHS:
        return _OTHER_PATHS[path](ticket)
    return answers.get(path.removeprefix(_ANSWERS)) or "" if path.startswith(_ANSWERS) else ""


def _answer_names(columns: Sequence[ColumnRow]) -> set[str]:
    paths = {path for column in columns for path in (column.primary, column.secondary)}
    return {path.removeprefix(_ANSWERS) for path in paths if path.startswith(_ANSWERS)}

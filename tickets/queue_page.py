"""One page of a queue (docs/architecture.md, no count over history; osticket/queues.md §4 to §6).

Two steps: order and limit on the tickets alone, then read what the 25 rows show. The number of statements is the same
for every queue and every size.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from helpdesk import configuration
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import type_of
from helpdesk.forms.field_types.dates import DateTimeType
from helpdesk.legacy.prepared_reads import PreparedRead
from helpdesk.people.access import AgentAccess
from helpdesk.people.permissions import AgentPermission
from tickets.annotations import Shown, annotations_of, counted_paths
from tickets.criteria import CriteriaContext, field_of
from tickets.criteria_checks import malformed_problems, problems
from tickets.criteria_fields import answer_at
from tickets.criteria_rows import offered_fields
from tickets.field_values import (
    SUBJECT,
    Values,
    is_readable,
    joins_of,
    related_columns,
    thread_dates,
    unreadable,
    values_of,
)
from tickets.list_options import (
    ListOptions,
    filter_of,
    heading_sort,
    list_filter,
    order_for,
    sort_choices,
    sortable_paths,
)
from tickets.models import Ticket
from tickets.names import address_of, full_name, shown_user
from tickets.navigation import context_for
from tickets.paging import KeysetPage, visible_page
from tickets.querysets import TicketQuerySet
from tickets.queues import QueueDefinition, sees_everything, with_preferences
from tickets.reference_data import ColumnRow, PriorityRow, StyleCondition, priorities
from tickets.row_styles import Marks, marks_for, marks_of, with_marks
from tickets.screens import CellValue, ColumnHeading, QueueCell, QueueHeading, QueuePage, QueueRow, TimeStyle
from tickets.sorting import DATE_COLUMNS
from tickets.ticket_counts import attachment_count, collaborator_count, entry_count
from tickets.ticket_numbers import with_numbers

ORGANIZATION = "user__org__name"
DEFAULT_PAGE_SIZE = 25
LARGEST_PAGE_SIZE = 200


def queue_page(
    access: AgentAccess,
    queue: QueueDefinition,
    *,
    now: datetime,
    after: str | None = None,
    before: str | None = None,
    options: ListOptions = ListOptions(),  # noqa: B008 -- immutable
    context: CriteriaContext | None = None,
) -> QueuePage:
    """Give the first page of the queue, or the one after or before a cursor.

    Raises NotFound (`cursor_invalid`) for a cursor of another order.
    """
    queue = with_preferences(queue, access)
    context = context or context_for(access, now)
    page = visible_page(
        access,
        queue.criteria,
        context,
        order_for(queue, options, context),
        size=page_size(access),
        with_merged=not queue.is_queue,
        after=after,
        before=before,
        sees_everything=sees_everything(queue, access),
        more=filter_of(queue, options, context),
    )
    return page_of_ids(access, queue, page, now=now, options=options, context=context)


def page_of_ids(
    access: AgentAccess,
    queue: QueueDefinition,
    page: KeysetPage,
    *,
    now: datetime,
    options: ListOptions,
    context: CriteriaContext,
) -> QueuePage:
    """Give what is shown of these tickets."""
    sortable = sortable_paths(queue, context)
    return QueuePage(
        queue=QueueHeading(queue.id, queue.title, queue.parent_title),
        columns=[
            ColumnHeading(
                _key(column),
                column.heading,
                column.width,
                column.width != _USUAL_WIDTHS.get(_key(column), 100),
                *heading_sort(column, options, sortable),
                is_full_time=column.filter == "date:full" and _is_moment(column.primary),
            )
            for column in queue.columns
        ],
        rows=_rows(page.ids, queue, access, now, context),
        before=page.before,
        after=page.after,
        problems=[
            *malformed_problems(queue.malformed),
            *problems(queue.criteria, context),
            *column_problems(queue.columns),
        ],
        is_unfinished=page.is_unfinished,
        is_of_newest=page.is_of_newest,
        sorts=sort_choices(queue, options),
        filter=list_filter(queue, options),
        parameters=options.query(),
    )


def ids_in_queue(
    access: AgentAccess, queue: QueueDefinition, *, now: datetime, most: int, options: ListOptions
) -> list[int]:
    """Give the ids of the tickets of a queue as the agent looks at it, in that order, at most so many."""
    queue = with_preferences(queue, access)
    context = context_for(access, now)
    page = visible_page(
        access,
        queue.criteria,
        context,
        order_for(queue, options, context),
        size=most,
        with_merged=not queue.is_queue,
        after=None,
        before=None,
        sees_everything=sees_everything(queue, access),
        more=filter_of(queue, options, context),
        gives_up=False,
    )
    return page.ids


def page_size(access: AgentAccess) -> int:
    """Give how many tickets a page of this agent holds."""
    wanted = access.agent.max_page_size or configuration.current().integer("max_page_size", DEFAULT_PAGE_SIZE)
    return min(max(wanted, 1), LARGEST_PAGE_SIZE) if wanted > 0 else DEFAULT_PAGE_SIZE


def _rows(
    ids: Sequence[int], queue: QueueDefinition, access: AgentAccess, now: datetime, context: CriteriaContext
) -> list[QueueRow]:
    """Read what the rows show: the tickets with what hangs on them, their subjects and priorities, and where columns
    show other answers, those of all tickets, requesters and organizations at once."""
    columns, of_rows = queue.columns, queue.conditions
    paths = _paths(columns)
    asked = frozenset(paths | counted_paths(columns) | ({ORGANIZATION} if _links_to_organizations(columns) else set()))
    found = {ticket.pk: ticket for ticket in _tickets(ids, asked, columns, of_rows, context)}
    short = cdata.fetch(EntryObject.TICKET, ids, {"subject", "priority"}) if ids else {}
    values = values_of(list(found.values()), paths, short, zone=context.zone)
    known = priorities()
    return [
        _row(found[pk], values, known, queue, access, now, marks_of(found[pk], columns, of_rows))
        for pk in ids
        if pk in found
    ]


def _tickets(
    ids: Sequence[int],
    paths: frozenset[str],
    columns: Sequence[ColumnRow],
    of_rows: Sequence[StyleCondition],
    context: CriteriaContext,
) -> Iterable[Ticket]:
    """Read the tickets. Unless styles depend on the moment or on who looks, the statement is the same time and again,
    and compiling it takes as long as drawing the rows.
    """
    if not ids:
        return ()
    marks, are_settled = marks_for(columns, of_rows, context)
    if not are_settled:
        return _row_data(paths, marks)(ids)
    missing = -len(ids) % _IDS_AT_ONCE
    return _prepared_rows(paths, marks).all([*ids, *[ids[-1]] * missing])


_IDS_AT_ONCE = 25
"""Statements ask for a multiple of so many ids, so that there are few of them; an id may stand in one twice."""


@functools.lru_cache(maxsize=64)
def _prepared_rows(paths: frozenset[str], marks: Marks) -> PreparedRead[Ticket]:
    return PreparedRead(Ticket, _row_data(paths, marks))


def _row_data(paths: frozenset[str], marks: Marks) -> Callable[[Sequence[int]], TicketQuerySet]:
    def read(ids: Sequence[int]) -> TicketQuerySet:
        tickets = _with_row_data(Ticket.objects.filter(pk__in=ids), related_columns(paths))
        return with_marks(with_numbers(tickets, sorted(paths)), marks)

    return read


_SHOWN_COLUMNS = (
    *(
        "number",
        "source",
        "ip_address",
        "created",
        "lastupdate",
        "closed",
        "reopened",
        "duedate",
        "est_duedate",
        "flags",
    ),
    *("isoverdue", "isanswered", "user__name", "user__default_email__address", "status__name", "status__state"),
    *("dept__name", "staff__firstname", "staff__lastname", "staff__username", "team__name", "topic__topic"),
    *("sla__name", "lock__expire", "lock__staff__firstname", "lock__staff__lastname", "lock__staff__username"),
)


def _with_row_data(tickets: TicketQuerySet, more: Sequence[str]) -> TicketQuerySet:
    related = tickets.select_related(
        *("user__default_email", "status", "dept", "staff", "team", "topic", "sla", "lock__staff"),
        *sorted(joins_of(more)),
    ).only(*_SHOWN_COLUMNS, *more)
    return related.annotate(
        **thread_dates(("thread__lastmessage", "thread__lastresponse")),
        entry_count=entry_count(),
        attachment_count=attachment_count(),
        collaborator_count=collaborator_count(),
    )


def _row(
    ticket: Any,
    values: Values,
    known: Mapping[int, PriorityRow],
    queue: QueueDefinition,
    access: AgentAccess,
    now: datetime,
    marks: tuple[str, Sequence[str]],
) -> QueueRow:
    """Make the row of one ticket, which carries the annotations of `_with_row_data`; `known` are all priorities."""
    answers = values.short.get(ticket.pk, {})
    priority = _priority(answers.get("priority"), known)
    ground, of_cells = marks
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
        ground=ground,
    )
    shown, link = Shown(row, ticket, is_search=not queue.is_queue), _link_column(queue.columns)
    may_see_people = access.has_agent_permission(AgentPermission.USER_DIRECTORY)
    for column, mark in zip(queue.columns, of_cells, strict=True):
        signs = annotations_of(column, shown)
        cell = QueueCell(
            _key(column),
            _cell(column, row, ticket, values),
            mark,
            start=signs.get("<", ()),
            before=signs.get("b", ()),
            after=signs.get("a", ()),
            end=signs.get(">", ()),
            is_link=column is link,
            leads_to=None if column is link else _leads_to(column, ticket, may_see_people),
            time_style=_TIME_STYLES.get(column.filter, TimeStyle.SHORT),
            truncation=column.truncate,
        )
        row.cells.append(cell)
    return row


def _link_column(columns: Sequence[ColumnRow]) -> ColumnRow | None:
    """Give the column whose cells lead to the tickets: the subject, else what osTicket makes a link, or the first."""
    for column in columns:
        if column.primary == SUBJECT:
            return column
    others = [column for column in columns if column.filter not in {"link:user", "link:org"}] or columns
    return next((column for column in columns if column.filter.startswith("link:ticket")), next(iter(others), None))


def _links_to_organizations(columns: Sequence[ColumnRow]) -> bool:
    return any(column.filter == "link:org" for column in columns)


def _leads_to(column: ColumnRow, ticket: Ticket, may_see_people: bool) -> tuple[str, int] | None:
    """Give the page that a cell of the column leads to; None for no link, and where the agent may not see the page."""
    if column.filter.startswith("link:ticket"):
        return "agent:ticket", ticket.pk
    if not may_see_people or ticket.user is None:
        return None
    if column.filter == "link:user":
        return "agent:user", ticket.user.pk
    if column.filter == "link:org" and ticket.user.org is not None:
        return "agent:organization", ticket.user.org.pk
    return None


def _assignee(ticket: Ticket) -> str:
    if ticket.staff is not None:
        return full_name(ticket.staff)
    return ticket.team.name if ticket.team is not None else ""


def _locked_by(ticket: Ticket, access: AgentAccess, now: datetime) -> str:
    lock = ticket.lock
    if lock is None or lock.staff is None or lock.staff_id == access.agent.pk:
        return ""
    return full_name(lock.staff) if lock.expire is not None and lock.expire > now else ""


def _priority(stored: str | None, known: Mapping[int, PriorityRow]) -> PriorityRow | None:
    """Give the priority whose id the answer holds, in either encoding of cdata."""
    keys = cdata.chosen_keys(stored, {str(pk) for pk in known})
    return known[int(keys[0])] if keys else None


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
_USUAL_WIDTHS = {
    "number": 100,
    "subject": 300,
    "requester": 185,
    "priority": 85,
    "assignee": 160,
    "department": 160,
    "team": 160,
    **dict.fromkeys(("created", "closed", "due", "last_update"), 150),
}
"""Pixels that osTicket gives its columns: our own style sheet says how wide these are here."""
_FIELDS: dict[str, Callable[[QueueRow], CellValue]] = {
    "number": lambda row: row.number,
    "created": lambda row: row.created,
    "requester": lambda row: row.requester_name,
    "priority": lambda row: row.priority_name,
    "status": lambda row: row.status_name,
    "closed": lambda row: row.closed,
    "assignee": lambda row: row.assignee_name,
    "last_update": lambda row: row.last_update,
    "department": lambda row: row.department_name,
    "last_message": lambda row: row.last_message,
    "last_response": lambda row: row.last_response,
    "team": lambda row: row.team_name,
}


_DATE_PATHS = frozenset({*DATE_COLUMNS, "due", "thread__lastmessage", "thread__lastresponse"})
_TIME_STYLES = {"date:full": TimeStyle.FULL, "date:human": TimeStyle.DISTANCE}


def _key(column: ColumnRow) -> str:
    return _KEYS.get(column.primary, column.primary)


def _cell(column: ColumnRow, row: QueueRow, ticket: Ticket, values: Values) -> CellValue:
    """Give what a column shows: its first path, or the second one where that is empty."""
    return _value(column.primary, row, ticket, values) or _value(column.secondary, row, ticket, values)


def _value(path: str, row: QueueRow, ticket: Ticket, values: Values) -> CellValue:
    read = _FIELDS.get(_KEYS.get(path, ""))
    if read is not None:
        return read(row)
    value = values.of(ticket, path) if path else ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return value if isinstance(value, str | int | date) else ""


def _paths(columns: Sequence[ColumnRow]) -> set[str]:
    return {path for column in columns for path in (column.primary, column.secondary)}


def showable_fields() -> list[tuple[str, str]]:
    """Give path and name of everything that a column can show, by name."""
    paths = [*_KEYS, *(field.path for field in offered_fields() if is_readable(field.path))]
    fields = (field_of(path) for path in dict.fromkeys(paths))
    return sorted(((one.path, str(one.label)) for one in fields if one is not None), key=lambda one: one[1].casefold())


def why_idle(shown_as: str, primary: str, secondary: str) -> str:
    """Say why a column's `filter` changes nothing; '' where it changes something."""
    if shown_as in _TIME_STYLES and not any(_is_moment(path) for path in (primary, secondary)):
        return _("Without effect: only dates of the ticket, its messages and answers with a time are shown so.")
    if shown_as in {"link:user", "link:org"} and primary == SUBJECT:
        return _("Without effect: the subject always leads to its ticket.")
    return ""


def _is_moment(path: str) -> bool:
    """Whether a path shows a date with its time of day."""
    found = answer_at(path) if path not in _DATE_PATHS else None
    if found is None:
        return path in _DATE_PATHS
    field_type = type_of(found[1])
    return isinstance(field_type, DateTimeType) and field_type.flag(found[1], "time")


def column_problems(columns: Sequence[ColumnRow]) -> list[str]:
    """Say which fields of columns cannot be shown."""
    return unreadable(path for column in columns for path in (column.primary, column.secondary))

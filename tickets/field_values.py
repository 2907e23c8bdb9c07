"""What a field shows of a ticket, in columns of queues and in exports: one reader per path (osticket/queues.md §3).

`with_values` lets the query of the tickets give what stands in their rows and in those that they refer to; `values_of`
reads the answers to forms for all tickets of a page at once: one statement each for tickets, users and organizations.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from helpdesk.exports.cells import Cell
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import StoredAnswer, type_of
from helpdesk.forms.field_types.dates import DateTimeType
from helpdesk.forms.models import FormAnswer, FormField
from helpdesk.threads.models import Thread
from tickets.constants import TicketFlag
from tickets.criteria import field_of
from tickets.criteria_fields import answer_at
from tickets.criteria_kinds import STATE_NAMES
from tickets.criteria_values import CountKind
from tickets.models import Ticket
from tickets.names import address_of, full_name, shown_user
from tickets.querysets import TicketQuerySet
from tickets.reference_data import priorities
from tickets.ticket_counts import of_tickets
from tickets.ticket_numbers import number_of, with_numbers

SUBJECT, PRIORITY = "cdata__subject", "cdata__priority"
MERGED = TicketFlag.COMBINE_THREADS | TicketFlag.SEPARATE_THREADS


def _organization(ticket: Ticket) -> str:
    return (ticket.user.org.name or "") if ticket.user and ticket.user.org else ""


def _manager(ticket: Ticket) -> str:
    return full_name(ticket.dept.manager) if ticket.dept and ticket.dept.manager else ""


READERS: dict[str, Callable[[Any], Cell]] = {
    "number": lambda ticket: ticket.number or "",
    "created": lambda ticket: ticket.created,
    "lastupdate": lambda ticket: ticket.lastupdate,
    "closed": lambda ticket: ticket.closed,
    "reopened": lambda ticket: ticket.reopened,
    "duedate": lambda ticket: ticket.duedate,
    "est_duedate": lambda ticket: ticket.est_duedate,
    "due": lambda ticket: ticket.duedate or ticket.est_duedate,
    "source": lambda ticket: ticket.source,
    "ip_address": lambda ticket: ticket.ip_address,
    "status__id": lambda ticket: ticket.status.name if ticket.status else "",
    "status__state": lambda ticket: str(STATE_NAMES.get(ticket.status.state, "")) if ticket.status else "",
    "dept_id": lambda ticket: ticket.dept.name if ticket.dept else "",
    "dept__name": lambda ticket: ticket.dept.name if ticket.dept else "",
    "dept__manager": _manager,
    "dept__manager_id": _manager,
    "topic_id": lambda ticket: ticket.topic.topic if ticket.topic else "",
    "topic__topic": lambda ticket: ticket.topic.topic if ticket.topic else "",
    "sla_id": lambda ticket: ticket.sla.name if ticket.sla else "",
    "staff_id": lambda ticket: full_name(ticket.staff) if ticket.staff else "",
    "team_id": lambda ticket: ticket.team.name if ticket.team else "",
    "assignee": lambda ticket: full_name(ticket.staff) if ticket.staff else ticket.team.name if ticket.team else "",
    "isassigned": lambda ticket: ticket.staff is not None or ticket.team is not None,
    "isoverdue": lambda ticket: ticket.isoverdue,
    "isanswered": lambda ticket: ticket.isanswered,
    "merged": lambda ticket: bool(ticket.flags & MERGED),
    "linked": lambda ticket: bool(ticket.flags & TicketFlag.LINKED),
    "user_id": lambda ticket: shown_user(ticket.user),
    "user__name": lambda ticket: shown_user(ticket.user),
    "user__cdata__name": lambda ticket: shown_user(ticket.user),
    "user__emails__address": lambda ticket: address_of(ticket.user),
    "user__cdata__email": lambda ticket: address_of(ticket.user),
    "user__org_id": _organization,
    "user__org__name": _organization,
    "user__org__cdata__name": _organization,
    "thread__lastmessage": lambda ticket: ticket.last_message,
    "thread__lastresponse": lambda ticket: ticket.last_response,
}
"""What stands in the row of a ticket or in one that it refers to."""
_MANAGER = tuple(f"dept__manager__{name}" for name in ("firstname", "lastname", "username"))
_THREAD_DATES = {"thread__lastmessage": "last_message", "thread__lastresponse": "last_response"}


def is_readable(path: str) -> bool:
    """Whether a column or an export can show this path."""
    if path in READERS or path in {SUBJECT, PRIORITY} or answer_at(path) is not None:
        return True
    known = field_of(path) if path else None
    return known is not None and isinstance(known.kind, CountKind)


def unreadable(paths: Iterable[str]) -> list[str]:
    """Say which paths cannot be shown, each once."""
    gone = dict.fromkeys(path for path in paths if path and not is_readable(path))
    return [_("%(path)s: there is no such field to be shown") % {"path": path} for path in gone]


def related_columns(paths: Collection[str]) -> tuple[str, ...]:
    """Give the columns that these paths need of rows which no other list reads with its tickets."""
    found: list[str] = []
    if any(path.startswith("user__org") for path in paths):
        found.append("user__org__name")
    if {"dept__manager", "dept__manager_id"} & set(paths):
        found += _MANAGER
    return tuple(found)


def joins_of(columns: Iterable[str]) -> set[str]:
    """Give the relations that columns lead over."""
    return {column.rpartition("__")[0] for column in columns}


def thread_dates(paths: Collection[str]) -> dict[str, Subquery]:
    """Give the dates of the threads among these paths, as what the readers expect."""
    threads = of_tickets(Thread.objects.filter(object_id=OuterRef("pk")), "object_type")
    return {
        name: Subquery(threads.values(path.removeprefix("thread__"))[:1])
        for path, name in _THREAD_DATES.items()
        if path in paths
    }


def with_values(tickets: TicketQuerySet, paths: Collection[str]) -> TicketQuerySet:
    """Let the query give what these paths need, whole rows of what tickets refer to."""
    related = ("user__default_email", "user__org", "status", "dept", "staff", "team", "topic", "sla")
    found = tickets.select_related(*related, *sorted(joins_of(related_columns(paths))))
    return with_numbers(found.annotate(**thread_dates(paths)), sorted(paths))


@dataclass(frozen=True)
class Values:
    """What the fields show of the tickets of a page."""

    short: Mapping[int, Mapping[str, str | None]]
    """Subject and priority by ticket, as cdata holds them."""
    answers: Mapping[tuple[EntryObject, int, int], Cell]
    """By kind and id of the object, and field."""

    def of(self, ticket: Ticket, path: str) -> Cell:
        """Give what a path shows; None for nothing, and for paths that cannot be read."""
        if path == SUBJECT:
            return self.short.get(ticket.pk, {}).get("subject") or ""
        if path == PRIORITY:
            keys = cdata.chosen_keys(self.short.get(ticket.pk, {}).get("priority"), {str(pk) for pk in priorities()})
            return priorities()[int(keys[0])].name if keys else ""
        read = READERS.get(path)
        if read is not None:
            return read(ticket)
        found = answer_at(path)
        if found is None:
            return number_of(ticket, path)
        object_type, field = found
        return self.answers.get((object_type, _object_id(ticket, object_type), field.pk), "")


def values_of(
    tickets: Collection[Ticket],
    paths: Collection[str],
    short: Mapping[int, Mapping[str, str | None]] | None = None,
    *,
    zone: tzinfo,
) -> Values:
    """Read what these paths show of tickets that came from `with_values`; `short` is what was read of cdata already.

    Days are those of `zone`. It is said and not asked for: a download goes on when the zone of the request is gone.
    """
    if short is None:
        names = {path.removeprefix("cdata__") for path in paths if path in {SUBJECT, PRIORITY}}
        short = cdata.fetch(EntryObject.TICKET, [ticket.pk for ticket in tickets], names) if names else {}
    wanted: dict[EntryObject, dict[int, FormField]] = {}
    for path in paths:
        found = answer_at(path) if path not in READERS and path not in {SUBJECT, PRIORITY} else None
        if found is not None:
            wanted.setdefault(found[0], {})[found[1].pk] = found[1]
    answers: dict[tuple[EntryObject, int, int], Cell] = {}
    for object_type, fields in wanted.items():
        ids = sorted({_object_id(ticket, object_type) for ticket in tickets} - {0})
        answers.update(_answers(object_type, ids, fields, zone))
    return Values(short, answers)


def _answers(
    object_type: EntryObject, ids: Sequence[int], fields: Mapping[int, FormField], zone: tzinfo
) -> dict[tuple[EntryObject, int, int], Cell]:
    rows = FormAnswer.objects.filter(
        entry__object_type=object_type, entry__object_id__in=ids, field__in=list(fields)
    ).values_list("entry__object_id", "field_id", "value", "value_id")
    return {
        (object_type, object_id or 0, field_id): _shown(fields[field_id], StoredAnswer(value, value_id), zone)
        for object_id, field_id, value, value_id in (rows if ids else ())
    }


def _shown(field: FormField, stored: StoredAnswer, zone: tzinfo) -> Cell:
    if stored.value is None:
        return ""
    field_type = type_of(field)
    clean = field_type.from_database(field, stored)
    if isinstance(field_type, DateTimeType):
        return field_type.moment_or_day(field, clean, zone)
    return field_type.export(field, clean)


def _object_id(ticket: Ticket, object_type: EntryObject) -> int:
    """Give the id of what the answers are about."""
    if object_type == EntryObject.USER:
        return ticket.user_id or 0
    if object_type == EntryObject.ORGANIZATION:
        return (ticket.user.org_id or 0) if ticket.user is not None else 0
    return int(ticket.pk)

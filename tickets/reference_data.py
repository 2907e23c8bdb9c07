"""Small tables that every ticket page needs, kept in the shared cache: statuses, priorities, queues, columns, sorts.

Our own changes are seen at once (signals forget what is kept), those of PHP osTicket after ten seconds at the latest.
Whoever asks for the queues draws a page that asks for all that lists show (`_OF_LISTS`), so that it is read in one
statement.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from helpdesk.configuration.changes import forget_remembered, remember, remembered
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.models import Form, FormField
from helpdesk.legacy.joint_reads import JointRead
from helpdesk.mail.models import EmailAccount
from helpdesk.people.models import Agent, Department, Team, TeamMember
from helpdesk.people.names import agent_name
from sla.models import SlaPlan
from tickets.assignees import assignable_teams
from tickets.models import (
    HelpTopic,
    HelpTopicForm,
    Queue,
    QueueColumn,
    QueueColumnPlacement,
    QueueExportField,
    QueuePreference,
    QueueSort,
    QueueSortChoice,
    RankingState,
    TicketPriority,
    TicketStatus,
)

LONGEST_AGE = 10
"""Seconds."""
Value = TypeVar("Value")


@dataclass(frozen=True)
class StatusRow:
    """A ticket status."""

    id: int
    name: str
    state: str
    mode: int


@dataclass(frozen=True)
class PriorityRow:
    """A ticket priority; urgency 1 is the most urgent."""

    id: int
    name: str
    color: str
    urgency: int


@dataclass(frozen=True)
class ColumnRow:
    """A column at its place in a queue: the field paths it shows, its heading and its width in pixels.

    `annotations` are the classes of marks with their places, `conditions` criteria with the style of a cell that
    fulfils them (osticket/queues.md §6).
    """

    primary: str
    secondary: str
    heading: str
    width: int
    id: int = 0
    filter: str = ""
    truncate: str = "wrap"
    annotations: tuple[tuple[str, str], ...] = ()
    conditions: tuple[StyleCondition, ...] = ()
    is_sortable: bool = True


@dataclass(frozen=True)
class StyleCondition:
    """A criterion `[path, method, value]` and the style of what fulfils it."""

    criterion: tuple[str, str, Any]
    style: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        """Give it as the tables hold it."""
        return {"crit": list(self.criterion), "prop": dict(self.style)}


@dataclass(frozen=True)
class QueueRow:
    """A row of `queue` with its own columns; what it inherits is worked out by `tickets.queues`."""

    id: int
    parent_id: int | None
    staff_id: int | None
    title: str
    flags: int
    sort: int
    sort_id: int | None
    columns_id: int | None
    config: Any
    columns: tuple[ColumnRow, ...]
    filter: str = ""
    sort_choices: tuple[int, ...] = ()
    personal_columns: Mapping[int, tuple[ColumnRow, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class SortRow:
    """A sort definition."""

    id: int
    name: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class QueueTables:
    """All queues and sort definitions by id."""

    queues: dict[int, QueueRow]
    sorts: dict[int, tuple[str, ...]]
    named_sorts: dict[int, SortRow] = field(default_factory=dict)
    worked_out: dict[Any, Any] = field(default_factory=dict, compare=False)
    """What `tickets.queues` has made of them: a page asks four times for each queue beside it."""


def statuses() -> dict[int, StatusRow]:
    """Give all statuses by id."""
    return kept("statuses", _STATUSES.read)


def status_ids(*states: str) -> list[int]:
    """Give the ids of the statuses of these states."""
    return [row.id for row in statuses().values() if row.state in states]


def priorities() -> dict[int, PriorityRow]:
    """Give all priorities by id, the most urgent first."""
    rows = priority_objects().values()
    return {row.pk: PriorityRow(row.pk, row.priority_desc, row.priority_color, row.priority_urgency) for row in rows}


def priority_objects() -> dict[int, TicketPriority]:
    """Give the rows of all priorities by id, the most urgent first."""
    return kept("priority_objects", _PRIORITIES.read)


def queue_tables() -> QueueTables:
    """Give the definitions of all queues."""
    tables: QueueTables = kept("queues", lambda: _read_for_lists()["queues"])
    return tables


def queue_preferences() -> dict[tuple[int, int], Any]:
    """Give what agents set for queues (another sort, a few more criteria) by queue and agent id."""
    return kept("preferences", _PREFERENCES.read)


def ranking_state() -> tuple[datetime | None, int | None]:
    """Give watermark and newest referral of the ranks (`tickets.ranking`). Older ones are as right, only slower."""
    return kept("ranking", _RANKING.read)


def forget_ranking_state(**_: object) -> None:
    """Read it anew from now on, in every process (a receiver of model signals)."""
    _forget([_key("ranking")])


def queue_exports() -> dict[int, tuple[tuple[str, str], ...]]:
    """Give path and heading of the fields that queues export, by queue; none for queues with the standard ones."""
    return kept("exports", _read_exports)


def agent_names() -> dict[int, str]:
    """Give the names of all agents by id, in the configured format."""
    parts = kept("agents", _read_agents)
    return {pk: agent_name(first, last, username=username) for pk, (first, last, username) in parts.items()}


def team_names() -> dict[int, str]:
    """Give the names of all teams by id."""
    return {pk: name for pk, (name, _is_assignable) in kept("teams", _read_teams).items()}


def assignable_team_names() -> dict[int, str]:
    """Give the names of the teams that can be chosen, by name."""
    return {pk: name for pk, (name, is_assignable) in kept("teams", _read_teams).items() if is_assignable}


def department_names() -> dict[int, str]:
    """Give the names of all departments by id."""
    return kept("departments", lambda: dict(Department.objects.values_list("pk", "name")))


def form_fields() -> dict[int, FormField]:
    """Give the fields of all forms by id, in the order in which they stand there, each with its form."""
    return kept("form_fields", _read_form_fields)


def _read_form_fields() -> dict[int, FormField]:
    rows = FormField.objects.filter(form__isnull=False).select_related("form")
    return {row.pk: row for row in rows.order_by("form__title", "form_id", "sort", "id") if row.form is not None}


def fields_of_tickets() -> list[FormField]:
    """Give the fields of the form that all tickets have, then those of topics' forms, each with its form.

    Every page with a list asks, so they do not come from `tickets.intake`, which knows them but reads a dozen tables.
    """
    return kept("fields_of_tickets", _FIELDS.read)


def sending_address_ids() -> tuple[int, ...]:
    """Give the addresses of the help desk with a mail server of their own, by address."""
    return kept("senders", _read_senders)


def _read_senders() -> tuple[int, ...]:
    accounts = EmailAccount.objects.filter(type="smtp", active=True, email__isnull=False)
    return tuple(dict.fromkeys(accounts.order_by("email__email", "pk").values_list("email_id", flat=True)))


def forget_reference_data(**_: object) -> None:
    """Read everything anew from now on, in every process (a receiver of model signals)."""
    _forget([_key(name) for name in _NAMES])


def _forget(keys: Sequence[str]) -> None:
    def forget() -> None:
        cache.delete_many(keys)
        forget_remembered(keys)

    forget()
    transaction.on_commit(forget)


TABLES = (
    *(Agent, Department, Team, TeamMember, TicketPriority, TicketStatus),
    *(Queue, QueueColumn, QueueColumnPlacement, QueuePreference, QueueSort, QueueSortChoice, QueueExportField),
    *(HelpTopic, HelpTopicForm, SlaPlan, EmailAccount, Form, FormField),
)
"""The models whose changes make this module read anew."""
_NAMES = (
    *("statuses", "priority_objects", "queues", "preferences", "agents", "teams", "departments"),
    *("exports", "senders"),
    *("topic_names", "sla_names", "form_fields", "fields_of_tickets", "ranking"),
)


def kept(name: str, read: Callable[[], Value]) -> Value:
    """Give what `read` read at most ten seconds ago; forgotten with everything else here. Nobody may change it: it is
    the same object for a whole request.
    """
    key = _key(name)

    def from_cache() -> Value:
        value: Value | None = cache.get(key)
        if value is None:
            value = read()
            cache.set(key, value, LONGEST_AGE)
        return value

    return remembered(key, from_cache)


def _key(name: str) -> str:
    return f"tickets.reference.{connection.settings_dict['NAME']}.{name}"


def _read_agents() -> dict[int, tuple[str, str, str]]:
    rows = Agent.objects.values_list("pk", "firstname", "lastname", "username")
    return {pk: (first or "", last or "", username) for pk, first, last, username in rows}


def _read_teams() -> dict[int, tuple[str, bool]]:
    choosable = set(assignable_teams().values_list("pk", flat=True))
    return {pk: (name, pk in choosable) for pk, name in Team.objects.order_by("name").values_list("pk", "name")}


def _read_exports() -> dict[int, tuple[tuple[str, str], ...]]:
    exports: dict[int, list[tuple[str, str]]] = {}
    for queue_id, path, heading in QueueExportField.objects.order_by("sort", "id").values_list(
        "queue_id", "path", "heading"
    ):
        exports.setdefault(queue_id, []).append((path, heading or path))
    return {queue_id: tuple(fields) for queue_id, fields in exports.items()}


def column_row(column: QueueColumn, *, heading: str = "", width: int = 0, bits: int = 1) -> ColumnRow:
    """Give a column as it stands in a queue."""
    return ColumnRow(
        column.primary,
        column.secondary or "",
        heading or column.name,
        width or 100,
        id=column.pk,
        filter=column.filter or "",
        truncate=column.truncate or "wrap",
        annotations=tuple(_annotations(column.annotations)),
        conditions=style_conditions(column.conditions),
        is_sortable=bool(bits & 1),
    )


def _annotations(stored: Any) -> Iterable[tuple[str, str]]:
    for one in stored if isinstance(stored, list) else ():
        if isinstance(one, dict) and isinstance(one.get("c"), str):
            yield one["c"], str(one.get("p") or "a")


def style_conditions(stored: Any) -> tuple[StyleCondition, ...]:
    """Read `{"crit":[path, method, value],"prop":{name: value}}`; what is malformed is left out."""
    found = []
    for one in stored if isinstance(stored, list) else ():
        criterion, style = (one.get("crit"), one.get("prop")) if isinstance(one, dict) else (None, None)
        if isinstance(criterion, list) and len(criterion) in {2, 3} and isinstance(style, dict):
            path, method, value = (*criterion, None)[:3]
            pairs = tuple((str(name), str(text)) for name, text in style.items())
            found.append(StyleCondition((str(path), str(method or ""), value), pairs))
    return tuple(found)


def _paths(columns: Collection[Any] | None) -> tuple[str, ...]:
    return tuple(path for path in columns or () if isinstance(path, str)) if isinstance(columns, list) else ()


# --- What lists show --------------------------------------------------------------------------------------------------


class _Table(Generic[Value]):
    """A value by its name: querysets without an order, and what makes it of their rows."""

    def __init__(self, name: str, made_of: Callable[..., Value], *querysets: Callable[[], QuerySet[Any, Any]]) -> None:
        self.name = name
        self.made_of = made_of
        self.querysets = querysets
        self._alone = JointRead(*querysets)

    def read(self) -> Value:
        """Read this one alone."""
        return self.made_of(*self._alone())


def _read_for_lists() -> dict[str, Any]:
    """Read everything that a page with a list asks for, and keep it."""
    rows, values = iter(_for_lists()), {}
    for table in _OF_LISTS:
        values[table.name] = table.made_of(*(next(rows) for _ in table.querysets))
    by_key = {_key(name): value for name, value in values.items()}
    cache.set_many(by_key, LONGEST_AGE)
    remember(by_key)
    return values


def _statuses(rows: Iterable[tuple[int, str, str | None, int, int]]) -> dict[int, StatusRow]:
    ordered = sorted(rows, key=lambda row: (row[-1], row[0]))
    return {pk: StatusRow(pk, name, state or "", int(mode)) for pk, name, state, mode, _sort in ordered}


def _priorities(rows: Iterable[TicketPriority]) -> dict[int, TicketPriority]:
    return {row.pk: row for row in sorted(rows, key=lambda row: (row.priority_urgency, row.pk))}


def _preferences(rows: Iterable[tuple[int, int, Any]]) -> dict[tuple[int, int], Any]:
    return {(queue_id, staff_id): setting for queue_id, staff_id, setting in rows}


def _ranking(rows: Iterable[tuple[int, datetime | None, int | None]]) -> tuple[datetime | None, int | None]:
    _pk, watermark, referral = min(rows, default=(0, None, None), key=lambda row: row[0])
    return watermark, referral


def _rows_of_fields() -> QuerySet[FormField]:
    uses = HelpTopicForm.objects.filter(form=OuterRef("form"), topic__isnull=False).order_by("topic_id", "sort", "id")
    rows = FormField.objects.annotate(
        first_topic=Subquery(uses.values("topic_id")[:1]),
        first_place=Subquery(uses.values("sort")[:1]),
        first_use=Subquery(uses.values("pk")[:1]),
    )
    found = rows.filter(Q(form__type=EntryObject.TICKET) | Q(first_use__isnull=False))
    return found.select_related("form")


def _fields_of_tickets(rows: Sequence[Any]) -> list[FormField]:
    of_type = [row for row in rows if row.form is not None and row.form.type == EntryObject.TICKET]
    cdata.keep_form(EntryObject.TICKET, of_type)
    # Where several forms have the type, the first one counts, as everywhere.
    of_all = min((row.form_id for row in of_type), default=0)
    own = [row for row in rows if row.form_id == of_all]
    of_topics = [row for row in rows if row.form_id != of_all and row.first_use is not None]
    of_topics.sort(key=lambda row: (row.first_topic, row.first_place, row.first_use, row.sort, row.pk))
    return [*sorted(own, key=lambda row: (row.sort, row.pk)), *of_topics]


def _queue_tables(
    placements: Iterable[QueueColumnPlacement], sorts: Iterable[tuple[Any, ...]], rows: Iterable[Queue]
) -> QueueTables:
    columns = _columns_by_queue(placements)
    named: dict[int, SortRow] = {}
    choices: dict[int, list[int]] = {}
    for sort_id, name, paths, queue_id, _place in sorted(sorts, key=lambda row: (row[-1] or 0, row[0])):
        named.setdefault(sort_id, SortRow(sort_id, name, _paths(paths)))
        if queue_id is not None:
            choices.setdefault(queue_id, []).append(sort_id)
    queues = {
        queue.pk: QueueRow(
            id=queue.pk,
            parent_id=queue.parent_id,
            staff_id=queue.staff_id,
            title=html.unescape(queue.title or ""),  # osTicket stores titles escaped
            flags=int(queue.flags),
            sort=queue.sort,
            sort_id=queue.default_sort_id,
            columns_id=queue.columns_of_id,
            config=queue.config,
            columns=columns.get((queue.pk, 0), ()),
            filter=queue.filter or "",
            sort_choices=tuple(choices.get(queue.pk, ())),
            personal_columns={agent: rows for (pk, agent), rows in columns.items() if pk == queue.pk and agent},
        )
        for queue in sorted(rows, key=lambda queue: queue.pk)
    }
    by_name = sorted(named.values(), key=lambda sort: (sort.name.casefold(), sort.id))
    return QueueTables(
        _with_tops(queues),
        {pk: sort.paths for pk, sort in named.items()},
        {sort.id: sort for sort in by_name},
    )


def _with_tops(queues: dict[int, QueueRow]) -> dict[int, QueueRow]:
    """Put queues on top that stand below one that is gone, or in a circle (its first one): nothing would lead there."""
    found = dict(queues)
    for pk in sorted(queues):
        parent_id = found[pk].parent_id
        line, above = {pk}, parent_id
        while above is not None and above in found and above not in line:
            line.add(above)
            above = found[above].parent_id
        is_below_nothing = parent_id is not None and parent_id not in found
        if above == pk or is_below_nothing:
            found[pk] = replace(found[pk], parent_id=None)
    return found


def _columns_by_queue(placements: Iterable[QueueColumnPlacement]) -> dict[tuple[int, int], tuple[ColumnRow, ...]]:
    """Give the columns by queue and agent, whose id is 0 for the standard ones."""
    found: dict[tuple[int, int], list[ColumnRow]] = {}
    for place in sorted(placements, key=lambda place: (place.sort, place.column_id or 0)):
        if place.column is not None and place.queue_id is not None:
            row = column_row(place.column, heading=place.heading or "", width=place.width, bits=place.bits)
            found.setdefault((place.queue_id, place.staff_id or 0), []).append(row)
    return {key: tuple(rows) for key, rows in found.items()}


_STATUSES = _Table(
    "statuses", _statuses, lambda: TicketStatus.objects.values_list("id", "name", "state", "mode", "sort")
)
_PRIORITIES = _Table("priority_objects", _priorities, TicketPriority.objects.all)
_QUEUES = _Table(
    "queues",
    _queue_tables,
    lambda: QueueColumnPlacement.objects.select_related("column"),
    lambda: QueueSort.objects.annotate(place=F("choices__sort")).values_list(
        "pk", "name", "columns", "choices__queue_id", "place"
    ),
    Queue.objects.all,
)
_PREFERENCES = _Table(
    "preferences", _preferences, lambda: QueuePreference.objects.values_list("queue_id", "staff_id", "setting")
)
_FIELDS = _Table("fields_of_tickets", _fields_of_tickets, _rows_of_fields)
_RANKING = _Table("ranking", _ranking, lambda: RankingState.objects.values_list("pk", "watermark", "referral"))
_OF_LISTS: tuple[_Table[Any], ...] = (_STATUSES, _PRIORITIES, _QUEUES, _PREFERENCES, _FIELDS, _RANKING)
_for_lists = JointRead(*(queryset for table in _OF_LISTS for queryset in table.querysets))

"""What the screens of the desk show: plain values, ready for templates, no rows of the database behind them.

Times are aware UTC datetimes (templates convert them to the viewer's zone). Texts are plain and must be escaped, except
`body_html`, which is sanitised. What is not set is None or ''. Everything is made by `tickets.selectors`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

CellValue = str | datetime | int | None


@dataclass(frozen=True)
class NavigationQueue:
    """A queue of the navigation.

    `key` is stable for styles and shortcuts: `open`, `my-tickets`, `closed`, `open-answered`, `open-overdue` … for the
    queues of a new installation, `queue-<id>` for all others. `count` is None where no number is shown (closed
    tickets, criteria that cannot be counted cheaply).
    """

    id: int
    key: str
    title: str
    count: int | None
    children: tuple[NavigationQueue, ...] = ()


@dataclass(frozen=True)
class QueueHeading:
    """The queue of a page; `parent_title` is '' at the top level."""

    id: int
    title: str
    parent_title: str = ""


@dataclass(frozen=True)
class ColumnHeading:
    """A column; `width` is in CSS pixels.

    `key` is number, subject, requester, priority, status, assignee, team, department, created, last_update, closed,
    due, last_message or last_response, each with its field in `QueueRow`; any other column has the field path as its
    key (`cdata__field_36`) and is shown by its cell alone.
    """

    key: str
    heading: str
    width: int


@dataclass(frozen=True)
class QueueCell:
    """The value of a row in a column: a text, a time or a number."""

    key: str
    value: CellValue


@dataclass(frozen=True)
class QueueRow:
    """One ticket in a list. `cells` stand in the order of the page's columns; the other fields are always filled.

    `due` is the explicit due date or else that of the SLA. `assignee_name` names the agent or else the team, '' for
    nobody (of a closed ticket: the closing agent). `priority_urgency` 1 is the most urgent, 0 is unknown.
    `entry_count` counts visible entries. `locked_by` names another agent who is answering right now, or is ''.
    """

    ticket_id: int
    number: str
    subject: str
    requester_name: str
    requester_email: str
    priority_name: str
    priority_urgency: int
    status_name: str
    status_state: str
    department_name: str
    assignee_name: str
    team_name: str
    source: str
    created: datetime | None
    last_update: datetime | None
    closed: datetime | None
    due: datetime | None
    last_message: datetime | None
    last_response: datetime | None
    is_overdue: bool
    is_answered: bool
    entry_count: int
    attachment_count: int
    collaborator_count: int
    locked_by: str
    cells: list[QueueCell]


@dataclass(frozen=True)
class QueuePage:
    """One page of a queue. `after` (the next page) and `before` (the page before) are cursors, None at the ends.

    They are the values of the request parameters of the same names and of the arguments of `selectors.queue_page`.
    `unread` names criteria of the queue that are not understood: the page shows more than the queue means.
    """

    queue: QueueHeading
    columns: list[ColumnHeading]
    rows: list[QueueRow]
    before: str | None
    after: str | None
    unread: list[str] = field(default_factory=list)


class ItemKind(StrEnum):
    """What an item of a thread is."""

    MESSAGE = "message"
    RESPONSE = "response"
    NOTE = "note"
    EVENT = "event"


class AuthorKind(StrEnum):
    """Who wrote an entry or caused an event."""

    AGENT = "agent"
    USER = "user"
    SYSTEM = "system"


@dataclass(frozen=True)
class AttachedFile:
    """A file below an entry; `url` is signed, bound to this attachment, and ends; `size` is in bytes."""

    id: int
    name: str
    size: int
    type: str
    url: str


@dataclass(frozen=True)
class ThreadItem:
    """An entry or an event. `id` is unique among entries and among events.

    An event has its sentence in `title` and nothing in `body_html`. `origin` is the number of the merged ticket that
    an entry came from, else ''.
    """

    kind: ItemKind
    id: int
    author_name: str
    author_kind: AuthorKind
    created: datetime | None
    title: str
    body_html: SafeString
    attachments: list[AttachedFile] = field(default_factory=list)
    is_edited: bool = False
    origin: str = ""


@dataclass(frozen=True)
class Person:
    """An end user on a ticket. `is_active` tells collaborators that receive mail from those that do not."""

    id: int
    name: str
    email: str
    organization_name: str = ""
    is_active: bool = True


@dataclass(frozen=True)
class RelatedTicket:
    """A merged or linked ticket of the same family; `is_visible` says whether this agent may open it."""

    ticket_id: int
    number: str
    is_merged: bool
    is_visible: bool


@dataclass(frozen=True)
class CustomAnswer:
    """An answer of a form; `form` is the title of the form, `value` is plain text."""

    form: str
    label: str
    value: str


@dataclass(frozen=True)
class Choice:
    """One entry of a select box; `value` is what the form sends back."""

    value: str
    label: str


class Action(StrEnum):
    """What an agent may be able to do on the ticket page; `TicketPage.allowed` holds those that are possible now."""

    REPLY = "reply"
    NOTE = "note"
    CLAIM = "claim"
    ASSIGN = "assign"
    RELEASE = "release"
    CLOSE = "close"
    REOPEN = "reopen"


@dataclass(frozen=True)
class TicketPage:
    """Everything on the page of one ticket.

    `assignee_name` is the agent (of a closed ticket: the closing agent). The values of `assignable_agents` are
    `s<id>`, of `assignable_teams` `t<id>`, of the statuses their ids. `close_obstacle` says why the ticket cannot be
    closed at present, '' when nothing is in the way.
    """

    ticket_id: int
    number: str
    subject: str
    status_name: str
    status_state: str
    department_name: str
    topic_name: str
    sla_name: str
    assignee_name: str
    team_name: str
    priority_name: str
    priority_urgency: int
    source: str
    created: datetime | None
    last_update: datetime | None
    closed: datetime | None
    reopened: datetime | None
    due: datetime | None
    is_overdue: bool
    is_answered: bool
    requester: Person | None
    collaborators: list[Person]
    custom_answers: list[CustomAnswer]
    related: list[RelatedTicket]
    items: list[ThreadItem]
    allowed: frozenset[Action]
    assignable_agents: list[Choice]
    assignable_teams: list[Choice]
    closing_statuses: list[Choice]
    open_statuses: list[Choice]
    close_obstacle: str

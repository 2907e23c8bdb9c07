"""What the screens of the desk show: plain values, ready for templates, no rows of the database behind them.

Times are aware UTC datetimes (templates convert them to the viewer's zone). Texts are plain and must be escaped, except
`body_html`, which is sanitised. What is not set is None or ''. Everything is made by `tickets.selectors`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from django.utils.formats import number_format

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

CellValue = str | datetime | date | int | None
_STYLED_CELLS = frozenset({"number", "subject", "requester", "priority", "assignee"})
"""Keys of columns whose cells look like no others."""


@dataclass(frozen=True)
class NavigationQueue:
    """A queue of the navigation.

    `key` is stable for styles and shortcuts: `open`, `my-tickets`, `closed`, `open-answered`, `open-overdue` … for the
    queues of a new installation, `queue-<id>` for all others. `count` is None where no number is shown (words,
    criteria that cannot be counted); with `is_more` there are more than that. `is_pending`: it is still to be counted,
    `is_waiting` as well, and soon, as open tickets tell it.
    `is_personal` marks the agent's own.
    """

    id: int
    key: str
    title: str
    count: int | None
    children: tuple[NavigationQueue, ...] = ()
    is_more: bool = False
    is_pending: bool = False
    is_waiting: bool = False
    is_personal: bool = False
    is_search: bool = False

    @property
    def number(self) -> str:
        """The number as people write it, "1,000+" where there are more."""
        if self.count is None:
            return ""
        return f"{number_format(self.count, force_grouping=True)}{'+' if self.is_more else ''}"


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
    has_own_width: bool = False
    """Whether `width` was chosen; the usual one is that of the key."""
    sort_query: str = ""
    """The parameters that sort by it, '' where nothing does."""
    sorted: str = ""
    """`ascending`, `descending`, or '' where the list is not sorted by it."""
    is_full_time: bool = False
    """Whether it tells date and time of day, which take more room than its key has otherwise."""


@dataclass(frozen=True)
class Annotation:
    """A small sign in a cell: an icon with its meaning and perhaps a number, or the initials of `avatar_of`."""

    icon: str
    title: str
    text: str = ""
    css_class: str = ""
    avatar_of: str = ""


class TimeStyle(StrEnum):
    """How a time is told: as shortly as it can be, with date and time of day, or by how long ago it is."""

    SHORT = "short"
    FULL = "full"
    DISTANCE = "distance"


@dataclass(frozen=True)
class QueueCell:
    """The value of a row in a column: a text, a time or a number. Annotations stand around it."""

    key: str
    value: CellValue
    marks: str = ""
    """Classes of the conditions that the ticket fulfils."""
    start: tuple[Annotation, ...] = ()
    before: tuple[Annotation, ...] = ()
    after: tuple[Annotation, ...] = ()
    end: tuple[Annotation, ...] = ()
    is_link: bool = False
    """Whether it leads to the ticket, with the whole row; one cell of each row does."""
    leads_to: tuple[str, int] | None = None
    """Name and number of the address that the value of another cell leads to: ticket, requester or organization."""
    time_style: TimeStyle = TimeStyle.SHORT
    truncation: str = "ellipsis"
    """What becomes of a text that is too long: `wrap`, `ellipsis`, `clip` or, cut off at its front, `lclip`."""

    @property
    def is_annotated(self) -> bool:
        """Whether anything stands around the value."""
        return bool(self.start or self.before or self.after or self.end)

    @property
    def css_class(self) -> str:
        """The classes of the cell: what it shows, and the conditions that the ticket fulfils."""
        name = f"cell-{self.key}" if self.key in _STYLED_CELLS else "cell-text"
        if isinstance(self.value, date):
            name = "cell-time cell-due" if self.key == "due" else "cell-time"
        return f"{name} {self.marks}" if self.marks else name


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
    ground: str = ""
    """Class of the row's background, by a style of rows."""


@dataclass(frozen=True)
class ListChoice:
    """Something to choose above a list."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True)
class ListFilter:
    """The quick filter of a queue."""

    label: str
    choices: list[ListChoice]

    @property
    def is_active(self) -> bool:
        """Whether a value is chosen: the list shows less than the queue holds."""
        return any(choice.is_chosen for choice in self.choices)


@dataclass(frozen=True)
class QueuePage:
    """One page of a queue. `after` (the next page) and `before` (the page before) are cursors, None at the ends.

    They are the values of the request parameters of the same names and of the arguments of `selectors.queue_page`.
    `problems` says what is wrong with the criteria of the queue: what cannot be read (the page shows more than the
    queue means), and what contradicts (it shows nothing).
    """

    queue: QueueHeading
    columns: list[ColumnHeading]
    rows: list[QueueRow]
    before: str | None
    after: str | None
    problems: list[str] = field(default_factory=list)
    sorts: list[ListChoice] = field(default_factory=list)
    filter: ListFilter | None = None
    parameters: str = ""
    """What addresses of this list carry besides the cursor."""
    is_unfinished: bool = False
    """Whether too many tickets had to be looked at to fill the page; the next one goes on from there."""
    is_of_newest: bool = False
    """Whether only the newest tickets were looked at, since looking at all took too long."""

    def first(self, number: int) -> QueuePage:
        """Give the first rows, to look at only: without other pages and orders."""
        columns = [replace(column, sort_query="", sorted="") for column in self.columns]
        return replace(self, rows=self.rows[:number], columns=columns, before=None, after=None, is_unfinished=False)

    def with_parameters(self, parameters: str) -> QueuePage:
        """Give the page of a list whose addresses carry these parameters, also where they sort by a column."""
        own = parse_qsl(parameters)
        columns = []
        for column in self.columns:
            sorting = dict(parse_qsl(column.sort_query))
            query = urlencode({**{key: value for key, value in own if key not in {"sort", "dir"}}, **sorting})
            columns.append(replace(column, sort_query=query if sorting else ""))
        return replace(self, parameters=parameters, columns=columns)


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
    an entry came from, else ''. `author_id` is that of an agent or user, 0 for the system and for events.
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
    author_id: int = 0
    has_original: bool = False
    """Whether the mail that it came by is kept as it came."""


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
    """An answer of a form; `form` is the title of the form, `value` is plain text, or links to files (safe HTML).

    `field_id` names the field where agents may change the answer, 0 elsewhere.
    """

    form: str
    label: str
    value: str
    field_id: int = 0


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
    STATUS = "status"
    TRANSFER = "transfer"
    REFER = "refer"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    OVERDUE = "overdue"
    NOT_OVERDUE = "not-overdue"
    OWNER = "owner"
    COLLABORATORS = "collaborators"
    FORMS = "forms"
    MERGE = "merge"
    LINK = "link"
    UNLINK = "unlink"
    BAN = "ban"
    DELETE = "delete"
    EDIT_TOPIC = "edit-topic"
    EDIT_SLA = "edit-sla"
    EDIT_SOURCE = "edit-source"
    EDIT_DUE = "edit-due"
    EDIT_ANSWER = "edit-answer"
    EDIT_ENTRY = "edit-entry"
    RESEND_ENTRY = "resend-entry"


@dataclass(frozen=True)
class TicketPage:
    """Everything on the page of one ticket.

    `assignee_name` is the agent (of a closed ticket: the closing agent). The values of the statuses are their ids.
    `close_obstacle` says why the ticket cannot be closed at present, '' when nothing is in the way. `items` are the
    newest ones or, unless `is_newest_part`, older ones; `older` is the value of the request parameter `before` that
    gives those before them, None at the beginning. `mark` tells forms what the page had seen (`tickets.changes`).
    `locked_by` names another agent who is answering right now, or is ''.
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
    older: int | None
    is_newest_part: bool
    allowed: frozenset[Action]
    closing_statuses: list[Choice]
    open_statuses: list[Choice]
    close_obstacle: str
    mark: str
    locked_by: str
    may_break_lock: bool
    senders: list[Choice] = field(default_factory=list)
    """Addresses from which a reply may come; the first is that of the department."""
    signatures: list[Choice] = field(default_factory=list)
    signature: str = ""
    """Signatures for a reply, and the one that the agent prefers."""
    subject_field: int = 0
    priority_field: int = 0
    """Ids of the fields, where agents may change the answer."""

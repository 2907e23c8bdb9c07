"""What the screens of tasks show: plain values, ready for templates, no rows of the database behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tickets.screens import CustomAnswer, Person, ThreadItem


class TaskAction(StrEnum):
    """What an agent may be able to do with a task; `TaskPage.allowed` holds those that are possible now."""

    UPDATE = "update"
    NOTE = "note"
    CLAIM = "claim"
    ASSIGN = "assign"
    TRANSFER = "transfer"
    EDIT = "edit"
    EDIT_ENTRY = "edit-entry"
    DUE = "due"
    COLLABORATORS = "collaborators"
    CLOSE = "close"
    REOPEN = "reopen"
    DELETE = "delete"


@dataclass(frozen=True)
class TaskRow:
    """One task in a list. `ticket_number` is '' for a task on its own; `is_visible`: whether the agent may open it.

    `may_close` is known on the page of a ticket only.
    """

    task_id: int
    number: str
    title: str
    is_open: bool
    is_overdue: bool
    department_name: str
    assignee_name: str
    team_name: str
    created: datetime | None
    due: datetime | None
    closed: datetime | None
    ticket_id: int
    ticket_number: str
    is_visible: bool = True
    may_close: bool = False


@dataclass(frozen=True)
class TaskList:
    """One page of a list. `after` and `before` are cursors to its neighbours, None at the ends."""

    key: str
    title: str
    rows: list[TaskRow]
    before: str | None
    after: str | None
    query: str = ""


@dataclass(frozen=True)
class TicketTasks:
    """The tasks of a ticket, on its page; `more` counts closed ones that are not shown."""

    ticket_id: int
    rows: list[TaskRow]
    open_count: int
    more: int
    may_add: bool


@dataclass(frozen=True)
class TaskCollaborator:
    """Somebody who gets the updates by mail; `row_id` is that of the collaborator's row."""

    row_id: int
    person: Person


@dataclass(frozen=True)
class TaskPage:
    """Everything on the page of one task; see `TicketPage` for what is alike.

    `mark` tells forms what the page had seen (`tickets.changes`).
    """

    task_id: int
    number: str
    title: str
    is_open: bool
    is_overdue: bool
    department_name: str
    assignee_name: str
    assignee_id: int
    team_name: str
    created: datetime | None
    updated: datetime | None
    due: datetime | None
    closed: datetime | None
    ticket_id: int
    ticket_number: str
    may_open_ticket: bool
    collaborators: list[TaskCollaborator]
    custom_answers: list[CustomAnswer]
    items: list[ThreadItem]
    older: int | None
    is_newest_part: bool
    allowed: frozenset[TaskAction]
    close_obstacle: str
    mark: str

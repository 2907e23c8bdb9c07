"""What a new task is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from helpdesk.people.models import Agent, Department, Team
from helpdesk.threads.bodies import HTML, NewFile
from helpdesk.threads.models import ThreadEntry
from tickets.models import Ticket


@dataclass(frozen=True)
class NewTask:
    """A task to be made, on a ticket or on its own.

    `answers` are those of the task form by variable name or field id (`title`). `from_entry` is the thread entry of a
    ticket that the task was made from. Without `has_entry_title` the description has no title of its own.
    """

    department: Department | None
    answers: Mapping[str | int, Any] = field(default_factory=dict)
    ticket: Ticket | None = None
    description: str = ""
    format: str = HTML
    files: Sequence[NewFile] = ()
    duedate: datetime | None = None
    assign_to: Agent | Team | None = None
    from_entry: ThreadEntry | None = None
    has_entry_title: bool = True

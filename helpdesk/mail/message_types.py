"""The messages that have templates (osticket/mail.md §8): who reads them, and what they may speak of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Audience(Enum):
    """Who reads a message, and where it belongs."""

    USER = "user"
    AGENT = "agent"
    TASK = "task"


@dataclass(frozen=True)
class MessageType:
    """A message: its code, what it is for, its readers, and the first names of the variables that it knows."""

    code: str
    title: StrOrPromise
    purpose: StrOrPromise
    audience: Audience
    roots: tuple[str, ...]

    @property
    def is_about_task(self) -> bool:
        """Whether it speaks of a task, not of a ticket."""
        return "task" in self.roots


def _message(code: str, title: StrOrPromise, purpose: StrOrPromise, audience: Audience, roots: str) -> MessageType:
    return MessageType(code, title, purpose, audience, tuple(roots.split()))


_USER, _AGENT, _TASK = Audience.USER, Audience.AGENT, Audience.TASK

MESSAGE_TYPES = {
    one.code: one
    for one in (
        _message(
            "ticket.autoresp",
            _("New ticket: confirmation"),
            _("To the owner of a new ticket."),
            _USER,
            "ticket signature message recipient",
        ),
        _message(
            "ticket.autoreply",
            _("New ticket: canned answer"),
            _("In place of the confirmation, where a filter chose a canned response."),
            _USER,
            "ticket signature response recipient",
        ),
        _message(
            "message.autoresp",
            _("New message: confirmation"),
            _("To whoever wrote a message in a ticket."),
            _USER,
            "ticket signature recipient message",
        ),
        _message(
            "ticket.notice",
            _("Ticket opened by an agent"),
            _("To the owner for whom an agent opened a ticket."),
            _USER,
            "ticket signature recipient staff message response",
        ),
        _message(
            "ticket.overlimit",
            _("Too many open tickets"),
            _("To a user who has as many open tickets as are allowed."),
            _USER,
            "ticket signature recipient",
        ),
        _message(
            "ticket.reply",
            _("Answer of an agent"),
            _("To the owner and the collaborators."),
            _USER,
            "ticket signature response staff poster recipient",
        ),
        _message(
            "ticket.activity.notice",
            _("New message: notice to the others"),
            _("To the other participants, when one of them writes in the portal."),
            _USER,
            "ticket signature message poster recipient",
        ),
        _message(
            "ticket.alert", _("New ticket"), _("To agents of the department."), _AGENT, "ticket recipient message"
        ),
        _message(
            "message.alert",
            _("New message"),
            _("To the agents who work on the ticket."),
            _AGENT,
            "ticket recipient message poster",
        ),
        _message(
            "note.alert",
            _("Internal activity"),
            _("A note or an answer, to the other agents who work on the ticket."),
            _AGENT,
            "ticket recipient note comments activity",
        ),
        _message(
            "assigned.alert",
            _("Assignment"),
            _("To the agent or team that a ticket was assigned to."),
            _AGENT,
            "ticket recipient comments assignee assigner",
        ),
        _message(
            "transfer.alert",
            _("Transfer"),
            _("To agents of the department that a ticket came to."),
            _AGENT,
            "ticket recipient comments staff",
        ),
        _message(
            "ticket.overdue",
            _("Overdue ticket"),
            _("A ticket has passed its due date."),
            _AGENT,
            "ticket recipient comments",
        ),
        _message(
            "task.alert", _("New task"), _("To agents of the department."), _TASK, "task ticket recipient message"
        ),
        _message(
            "task.activity.notice",
            _("Task: new message"),
            _("To the collaborators of a task."),
            _TASK,
            "task ticket signature message poster recipient",
        ),
        _message(
            "task.activity.alert",
            _("Task: activity"),
            _("To the agents who work on the task."),
            _TASK,
            "task ticket recipient note comments activity message",
        ),
        _message(
            "task.assignment.alert",
            _("Task: assignment"),
            _("To the agent or team that a task was assigned to."),
            _TASK,
            "task ticket recipient comments assignee assigner",
        ),
        _message(
            "task.transfer.alert",
            _("Task: transfer"),
            _("To agents of the department that a task came to."),
            _TASK,
            "task ticket recipient note comments activity staff",
        ),
        _message(
            "task.overdue.alert",
            _("Overdue task"),
            _("A task has passed its due date."),
            _TASK,
            "task ticket recipient comments",
        ),
    )
}
"""All messages by their codes, in the order in which they are shown."""

"""What is in the way of closing a ticket (osticket/tickets.md §9.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.forms.models import FormAnswer
from helpdesk.forms.selectors import missing_required_for_close, unanswered_for_close
from helpdesk.legacy.errors import Conflict, DomainError
from helpdesk.threads.drafts import objects_with_drafts
from helpdesk.threads.events import threads_with_event
from tickets.models import Ticket
from tickets.registries import close_obstacles, reads_ahead_of_closing
from tickets.states import remember_threads, remembered_thread

_KEY = "_before_closing"


@dataclass(frozen=True)
class BeforeClosing:
    """What was read of a ticket, together with others, before it is closed."""

    unanswered: Sequence[FormAnswer]
    was_closed: bool
    """Whether an event says that it was closed, which the new one annuls."""
    has_drafts: bool


def read_ahead_of_closing(tickets: Sequence[Ticket]) -> None:
    """Read for many locked tickets, in a few statements, what closing asks of each; `take_read_ahead` gives it."""
    ids = [ticket.pk for ticket in tickets]
    remember_threads(tickets)
    threads = {ticket.pk: thread.pk for ticket in tickets if (thread := remembered_thread(ticket)) is not None}
    unanswered, with_drafts = unanswered_for_close(ids), objects_with_drafts("ticket.", ids)
    closed = threads_with_event(threads.values(), "closed")
    for ticket in tickets:
        ticket.__dict__[_KEY] = BeforeClosing(
            unanswered.get(ticket.pk, ()), threads.get(ticket.pk) in closed, ticket.pk in with_drafts
        )
    for read_ahead in reads_ahead_of_closing():
        read_ahead(tickets)


def take_read_ahead(ticket: Ticket) -> BeforeClosing | None:
    """Give what `read_ahead_of_closing` has read of the ticket, once: it holds for the transaction that read it."""
    read: BeforeClosing | None = ticket.__dict__.pop(_KEY, None)
    return read


def close_obstacle(ticket: Ticket, *, answers: Sequence[FormAnswer] | None = None) -> DomainError | None:
    """Give the first reason why the ticket cannot be closed, None when it can.

    In order: fields that must be answered first, what other packages have against it (open tasks), a missing help
    topic where the settings demand one. Open tickets merged into it do not matter. `answers` are those of the ticket
    where they are at hand (`answers_of`).
    """
    if missing_required_for_close(ticket.pk, ticket.topic_id, answers=answers):
        return Conflict(
            _("This ticket is missing data on one or more required fields and cannot be closed"),
            code="required_fields_missing",
        )
    for obstacle in close_obstacles():
        refusal = obstacle(ticket)
        if refusal is not None:
            return refusal
    if configuration.current().boolean("require_topic_to_close") and ticket.topic_id is None:
        return Conflict(_("This ticket is missing a Help Topic and cannot be closed"), code="topic_missing")
    return None

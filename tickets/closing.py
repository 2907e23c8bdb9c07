"""What is in the way of closing a ticket (osticket/tickets.md §9.2)."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.forms.models import FormAnswer
from helpdesk.forms.selectors import missing_required_for_close
from helpdesk.legacy.errors import Conflict, DomainError
from tickets.models import Ticket
from tickets.registries import close_obstacles


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

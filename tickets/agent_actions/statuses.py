"""Close, reopen, and every other change of status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.forms.rich_text import typed_as_html
from helpdesk.people.actor import Actor
from helpdesk.threads.bodies import TEXT
from tickets import services
from tickets.agent_actions.base import CommentedForm, Group, Subject, TicketAction, pairs
from tickets.closing import close_obstacle, read_ahead_of_closing
from tickets.constants import TicketFlag, TicketState
from tickets.models import Ticket, TicketStatus
from tickets.registries import ReadAhead
from tickets.screens import Action
from tickets.statuses import choosable_statuses


def status_with_id(status_id: str) -> TicketStatus:
    """Give the status of a choice."""
    return TicketStatus.objects.get(pk=int(status_id))


def _obstacle_to_closing(subject: Subject) -> str:
    refusal = close_obstacle(subject.ticket) if subject.ticket is not None else None
    return str(refusal.message) if refusal else ""


class FamilyStatusForm(CommentedForm):
    """A change that may go for the tickets merged into or linked with this one as well."""

    children = forms.BooleanField(label=gettext_lazy("Also the tickets merged into or linked with it"), required=False)

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        """Ask about them only where there are any."""
        super().__init__(subject, *args, **kwargs)
        if subject.ticket is None or not subject.ticket.flags & TicketFlag.PARENT:
            del self.fields["children"]


class CloseForm(FamilyStatusForm):
    """The closed status that the ticket gets."""

    status = forms.TypedChoiceField(label=gettext_lazy("Status"), coerce=status_with_id)
    field_order = ["status", "children", "comments"]

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        """Offer the closed statuses."""
        super().__init__(subject, *args, **kwargs)
        self.offer("status", pairs(choosable_statuses(TicketState.CLOSED)))


class Close(TicketAction):
    """Close the ticket and go on to the queue."""

    action = Action.CLOSE
    label = gettext_lazy("Close")
    title = gettext_lazy("Close ticket")
    submit = gettext_lazy("Close ticket")
    done = gettext_lazy("#%(number)s closed.")
    icon = "circle-check"
    shortcut = "c"
    leaves = True
    form_class = CloseForm
    bulk_permissions = ("ticket.close",)
    bulk_done = gettext_lazy("%(done)d of %(count)d closed")

    def obstacle(self, subject: Subject) -> str:
        """Say what is in the way of closing."""
        return _obstacle_to_closing(subject)

    def read_ahead(self, data: dict[str, Any]) -> ReadAhead:
        """Read what is in the way of closing."""
        return read_ahead_of_closing

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> list[str]:
        """Call the service."""
        return _change(services.close_ticket, subject, actor, data)


class Reopen(TicketAction):
    """Open a closed ticket again."""

    action = Action.REOPEN
    label = gettext_lazy("Reopen")
    title = gettext_lazy("Reopen ticket")
    submit = gettext_lazy("Reopen ticket")
    done = gettext_lazy("#%(number)s reopened.")
    icon = "refresh"
    shortcut = "c"
    bulk_permissions = ("ticket.close", "ticket.create")
    has_bulk_shortcut = False
    bulk_done = gettext_lazy("%(done)d of %(count)d reopened")

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        services.reopen_ticket(subject.the_ticket, actor=actor, comments=data["comments"], format=TEXT)


class StatusForm(FamilyStatusForm):
    """Any status that the ticket does not have and the agent may set."""

    status = forms.TypedChoiceField(label=gettext_lazy("New status"), coerce=status_with_id)
    field_order = ["status", "children", "comments"]

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        """Offer open statuses, and closed ones where nothing is in the way."""
        super().__init__(subject, *args, **kwargs)
        self.offer("status", self._groups(subject))

    @staticmethod
    def _groups(subject: Subject) -> list[Any]:
        states = {TicketState.OPEN: _("Open"), TicketState.CLOSED: _("Closed")}
        ticket = subject.ticket
        if ticket is not None:
            is_closed = ticket.status is not None and ticket.status.state == TicketState.CLOSED
            may_close = is_closed or (Action.CLOSE in subject.allowed and not _obstacle_to_closing(subject))
            if not may_close:
                del states[TicketState.CLOSED]
        current = str(ticket.status_id) if ticket is not None else ""
        groups = {
            title: [pair for pair in pairs(choosable_statuses(state)) if pair[0] != current]
            for state, title in states.items()
        }
        return [("", _("Choose …")), *((title, choices) for title, choices in groups.items() if choices)]


class ChangeStatus(TicketAction):
    """Give the ticket another status, with a comment."""

    action = Action.STATUS
    label = gettext_lazy("Change status")
    title = gettext_lazy("Change status")
    submit = gettext_lazy("Change status")
    done = gettext_lazy("The status of #%(number)s has changed.")
    icon = "status-change"
    group = Group.STATE
    shortcut = "s"
    form_class = StatusForm
    bulk_permissions = ("ticket.close", "ticket.create")
    bulk_done = gettext_lazy("%(done)d of %(count)d changed")

    def read_ahead(self, data: dict[str, Any]) -> ReadAhead | None:
        """Read what is in the way of a closed status."""
        return read_ahead_of_closing if data["status"].state == TicketState.CLOSED else None

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> list[str]:
        """Call the service."""
        return _change(services.change_status, subject, actor, data)


def _change(change: Callable[..., Ticket], subject: Subject, actor: Actor, data: dict[str, Any]) -> list[str]:
    """Change the status, of the whole family where that was asked for; give which of the others stay as they are."""
    ticket, comments = subject.the_ticket, data["comments"]
    if not data.get("children"):
        change(ticket, actor=actor, status=data["status"], comments=comments, format=TEXT)
        return []
    results = services.change_status_of_family(
        ticket, status=data["status"], actor=actor, comments=typed_as_html(comments)
    )
    return [f"#{one.number}: {one.refusal.message}" for one in results if one.refusal is not None]

"""Merge, link, unlink."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.legacy.errors import NotFound
from helpdesk.people.actor import Actor
from tickets import services
from tickets.agent_actions.base import ActionForm, Group, Subject, TicketAction, pairs
from tickets.agent_actions.statuses import status_with_id
from tickets.constants import TicketFlag, TicketState
from tickets.lookup import ticket_id_by_number
from tickets.models import Ticket
from tickets.policies import get_ticket_for_agent
from tickets.screens import Action
from tickets.services import MergeKind, Participants
from tickets.states import is_closed, is_merge_parent
from tickets.statuses import choosable_statuses

LONGEST_LIST = 1000


class FamilyForm(ActionForm):
    """The numbers of the other tickets."""

    tickets = forms.CharField(
        label=gettext_lazy("Numbers of the other tickets"),
        max_length=LONGEST_LIST,
        help_text=gettext_lazy("Several between commas."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_tickets(self) -> list[Ticket]:
        """Give the tickets; says which number is none that the agent sees."""
        numbers = [word for word in re.split(r"[\s,;]+", self.cleaned_data["tickets"].replace("#", " ")) if word]
        found, unknown = [], []
        for number in dict.fromkeys(numbers):
            try:
                ticket_id = ticket_id_by_number(self.subject.access, number)
                found.append(get_ticket_for_agent(self.subject.access, ticket_id))
            except NotFound:
                unknown.append(number)
        if unknown:
            raise forms.ValidationError(
                _("There is no ticket with this number, or you may not see it: %(numbers)s")
                % {"numbers": ", ".join(unknown)}
            )
        return found


def _kind_of(ticket: Ticket) -> MergeKind:
    """Give how the conversations of a merge stand."""
    return MergeKind.COMBINE if ticket.flags & TicketFlag.COMBINE_THREADS else MergeKind.SEPARATE


class MergeForm(FamilyForm):
    """Which tickets are merged into this one, and how."""

    kind = forms.TypedChoiceField(
        label=gettext_lazy("Conversations"),
        coerce=MergeKind,
        choices=[
            (MergeKind.COMBINE.value, gettext_lazy("one, in the order of time")),
            (MergeKind.SEPARATE.value, gettext_lazy("one after the other")),
        ],
    )
    participants = forms.TypedChoiceField(
        label=gettext_lazy("Who takes part from now on"),
        coerce=Participants,
        choices=[
            (Participants.OWNER.value, gettext_lazy("the owners of the other tickets")),
            (Participants.EVERYBODY.value, gettext_lazy("their owners and collaborators")),
        ],
    )
    child_status = forms.TypedChoiceField(
        label=gettext_lazy("Status of the other tickets"), coerce=status_with_id, required=False, empty_value=None
    )
    parent_status = forms.TypedChoiceField(
        label=gettext_lazy("Status of this ticket"), coerce=status_with_id, required=False, empty_value=None
    )
    move_tasks = forms.BooleanField(label=gettext_lazy("Their tasks come along"), required=False, initial=True)
    delete_children = forms.BooleanField(
        label=gettext_lazy("Delete the other tickets for good"),
        required=False,
        help_text=gettext_lazy(
            "Only what was said on them, their people and their tasks stay, here. Their numbers, answers and history "
            "will be gone, and nobody can bring them back."
        ),
    )

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        """Offer the statuses that the agent may set; a ticket that is a merge already needs no other tickets."""
        super().__init__(subject, *args, **kwargs)
        self.offer("child_status", [("", _("as usual")), *pairs(choosable_statuses(TicketState.CLOSED))])
        if is_merge_parent(subject.the_ticket):
            self.fields["tickets"].required = False
            self.fields["tickets"].help_text = _(
                "Several between commas. Without any, only the conversations and the status of this ticket change."
            )
            self.initial["kind"] = _kind_of(subject.the_ticket).value
        if not subject.access.has_permission_anywhere("ticket.delete"):
            del self.fields["delete_children"]
        if Action.STATUS in subject.allowed:
            self.offer("parent_status", self._statuses(subject))
        else:
            del self.fields["parent_status"]

    @staticmethod
    def _statuses(subject: Subject) -> list[tuple[str, str]]:
        """Give the other statuses; what is in the way of closing may go with the merge, so the service says that."""
        ticket, states = subject.the_ticket, [TicketState.OPEN]
        if is_closed(ticket) or Action.CLOSE in subject.allowed:
            states.append(TicketState.CLOSED)
        others = [pair for state in states for pair in pairs(choosable_statuses(state))]
        keep = _("keep %(status)s") % {"status": ticket.status.name if ticket.status is not None else ""}
        return [("", keep), *(pair for pair in others if pair[0] != str(ticket.status_id))]


class Merge(TicketAction):
    """Merge other tickets into this one."""

    action = Action.MERGE
    label = gettext_lazy("Merge")
    title = gettext_lazy("Merge other tickets into this one")
    submit = gettext_lazy("Merge")
    done = gettext_lazy("Merged into #%(number)s.")
    icon = "git-merge"
    group = Group.FAMILY
    form_class = MergeForm

    def done_text(self, subject: Subject, data: dict[str, Any]) -> str:
        """Say what was done where no ticket was named."""
        return str(self.done) if data["tickets"] else _("The merge of #%(number)s has changed.")

    def warning(self, subject: Subject) -> str:
        """Say that there is no way back."""
        return _("What was said on the other tickets moves here, and they are closed. This cannot be undone.")

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> Sequence[str]:
        """Call the service; the wanted status of the parent may have been refused."""
        merged = services.merge_tickets(
            [subject.the_ticket, *data["tickets"]],
            actor=actor,
            kind=data["kind"],
            participants=data["participants"],
            child_status=data["child_status"],
            parent_status=data.get("parent_status"),
            move_tasks=data["move_tasks"],
            delete_children=data.get("delete_children", False),
        )
        if merged.status_refusal is None:
            return []
        return [_("The status was not changed: %(reason)s") % {"reason": merged.status_refusal.message}]


class Link(TicketAction):
    """Link other tickets with this one."""

    action = Action.LINK
    label = gettext_lazy("Link")
    title = gettext_lazy("Link other tickets with this one")
    submit = gettext_lazy("Link")
    done = gettext_lazy("Linked with #%(number)s.")
    icon = "link"
    group = Group.FAMILY
    form_class = FamilyForm

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        services.link_tickets([subject.the_ticket, *data["tickets"]], actor=actor)


class Unlink(TicketAction):
    """Take the ticket out of its family."""

    action = Action.UNLINK
    label = gettext_lazy("Unlink")
    title = gettext_lazy("Unlink ticket")
    submit = gettext_lazy("Unlink")
    done = gettext_lazy("#%(number)s is linked no longer.")
    icon = "link"
    group = Group.FAMILY
    form_class = ActionForm
    bulk_permissions = ("ticket.link",)
    bulk_done = gettext_lazy("%(done)d of %(count)d are linked no longer")

    def warning(self, subject: Subject) -> str:
        """Say whom it concerns."""
        if subject.the_ticket.parent_id is None:
            return _("All tickets that are linked with this one will be on their own again.")
        return ""

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        services.unlink_ticket(subject.the_ticket, actor=actor)

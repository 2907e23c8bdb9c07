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
from tickets.constants import TicketState
from tickets.lookup import ticket_id_by_number
from tickets.models import Ticket
from tickets.policies import get_ticket_for_agent
from tickets.screens import Action
from tickets.services import MergeKind, Participants
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
    move_tasks = forms.BooleanField(label=gettext_lazy("Their tasks come along"), required=False, initial=True)

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        """Offer the closed statuses."""
        super().__init__(subject, *args, **kwargs)
        self.offer("child_status", [("", _("as usual")), *pairs(choosable_statuses(TicketState.CLOSED))])


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
            move_tasks=data["move_tasks"],
        )
        return [str(merged.status_refusal.message)] if merged.status_refusal is not None else []


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

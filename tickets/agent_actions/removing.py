"""Delete a ticket for good."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.people.actor import Actor
from tickets import services
from tickets.agent_actions.base import ActionForm, Group, Subject, TicketAction
from tickets.screens import Action


class DeleteForm(ActionForm):
    """Being sure, and why."""

    sure = forms.BooleanField(
        label=gettext_lazy("Delete for good"),
        error_messages={"required": gettext_lazy("Check this box to delete.")},
    )
    comments = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        help_text=gettext_lazy("Goes into the system log."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class Delete(TicketAction):
    """Delete the ticket with its conversation and files."""

    action = Action.DELETE
    label = gettext_lazy("Delete")
    title = gettext_lazy("Delete ticket")
    submit = gettext_lazy("Delete")
    done = gettext_lazy("#%(number)s deleted.")
    icon = "trash"
    group = Group.DANGER
    shortcut = "#"
    is_dangerous = True
    leaves = True
    form_class = DeleteForm
    bulk_permissions = ("ticket.delete",)
    bulk_done = gettext_lazy("%(done)d of %(count)d deleted")

    def warning(self, subject: Subject) -> str:
        """Say what goes."""
        return _("The conversation, its files and all answers will be gone. Nobody can bring them back.")

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        services.delete_ticket(subject.the_ticket, actor=actor, comments=data["comments"])

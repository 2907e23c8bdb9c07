"""Answered or not, overdue or not."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from helpdesk.people.actor import Actor
from helpdesk.threads.bodies import TEXT
from tickets import services
from tickets.agent_actions.base import ActionForm, Group, Subject, TicketAction
from tickets.screens import Action


class MarkAnswered(TicketAction):
    """Say that the ticket waits for the requester."""

    action = Action.ANSWERED
    label = gettext_lazy("Mark as answered")
    title = gettext_lazy("Mark as answered")
    submit = gettext_lazy("Mark as answered")
    done = gettext_lazy("#%(number)s is marked as answered.")
    icon = "mail-opened"
    group = Group.STATE
    shortcut = "w"
    bulk_permissions = ("ticket.markanswered",)
    is_for_managers = True
    bulk_done = gettext_lazy("%(done)d of %(count)d marked as answered")

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        services.mark_answered(subject.the_ticket, actor=actor, comments=data["comments"], format=TEXT)


class MarkUnanswered(TicketAction):
    """Say that the ticket waits for an agent."""

    action = Action.UNANSWERED
    label = gettext_lazy("Mark as unanswered")
    title = gettext_lazy("Mark as unanswered")
    submit = gettext_lazy("Mark as unanswered")
    done = gettext_lazy("#%(number)s is marked as unanswered.")
    icon = "mail"
    group = Group.STATE
    shortcut = "w"
    bulk_permissions = ("ticket.markanswered",)
    is_for_managers = True
    has_bulk_shortcut = False
    bulk_done = gettext_lazy("%(done)d of %(count)d marked as unanswered")

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        services.mark_answered(subject.the_ticket, actor=actor, answered=False, comments=data["comments"], format=TEXT)


class MarkOverdue(TicketAction):
    """Say that the ticket takes too long."""

    action = Action.OVERDUE
    label = gettext_lazy("Mark as overdue")
    title = gettext_lazy("Mark as overdue")
    submit = gettext_lazy("Mark as overdue")
    done = gettext_lazy("#%(number)s is marked as overdue.")
    icon = "alarm"
    group = Group.STATE
    form_class = ActionForm
    is_for_managers = True
    bulk_done = gettext_lazy("%(done)d of %(count)d are marked as overdue")

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        services.mark_overdue(subject.the_ticket, actor=actor)


class ClearOverdue(TicketAction):
    """Take the mark back, and due dates that have passed."""

    action = Action.NOT_OVERDUE
    label = gettext_lazy("Clear overdue")
    title = gettext_lazy("Clear the overdue mark")
    submit = gettext_lazy("Clear overdue")
    done = gettext_lazy("#%(number)s is overdue no longer.")
    icon = "alarm"
    group = Group.STATE
    form_class = ActionForm
    is_for_managers = True
    bulk_done = gettext_lazy("%(done)d of %(count)d are overdue no longer")

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        services.clear_overdue(subject.the_ticket, actor=actor)

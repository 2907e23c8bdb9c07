"""Claim, assign, release."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Team
from helpdesk.threads.bodies import TEXT
from tickets import services
from tickets.agent_actions.base import CommentedForm, Group, Subject, TicketAction
from tickets.assignees import assignable_agents
from tickets.names import full_name
from tickets.reference_data import assignable_team_names
from tickets.screens import Action


def assignee_choices(subject: Subject) -> list[Any]:
    """Give the agents (`s<id>`) and teams (`t<id>`) that the ticket may go to, without the one who has it."""
    ticket = subject.ticket
    found = assignable_agents(subject.access, ticket.dept if ticket else None)
    agents = [(f"s{one.pk}", full_name(one)) for one in found if ticket is None or one.pk != ticket.staff_id]
    teams = [(f"t{pk}", name) for pk, name in assignable_team_names().items() if ticket is None or pk != ticket.team_id]
    return [(title, group) for title, group in ((_("Agents"), agents), (_("Teams"), teams)) if group]


def assignee_of(value: str) -> dict[str, Agent | Team]:
    """Give the choice as the argument of a service that it is: `agent` or `team`."""
    kind, pk = value[0], int(value[1:])
    return {"agent": Agent.objects.get(pk=pk)} if kind == "s" else {"team": Team.objects.get(pk=pk)}


class AssignForm(CommentedForm):
    """The agent or team that the ticket goes to."""

    assignee = forms.TypedChoiceField(label=gettext_lazy("Assign to"), coerce=assignee_of)
    refer = forms.BooleanField(
        label=gettext_lazy("Keep access for who has it now"), required=False, help_text=gettext_lazy("By a referral.")
    )
    field_order = ["assignee", "comments", "refer"]

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        """Offer agents and teams."""
        super().__init__(subject, *args, **kwargs)
        self.offer("assignee", [("", _("Choose …")), *assignee_choices(subject)])
        ticket = subject.ticket
        if ticket is not None and ticket.staff_id is None and ticket.team_id is None:
            del self.fields["refer"]


class Assign(TicketAction):
    """Give the ticket to an agent or a team."""

    action = Action.ASSIGN
    label = gettext_lazy("Assign")
    title = gettext_lazy("Assign ticket")
    submit = gettext_lazy("Assign")
    done = gettext_lazy("#%(number)s assigned.")
    icon = "user-plus"
    shortcut = "a"
    form_class = AssignForm
    bulk_permissions = ("ticket.assign",)
    bulk_done = gettext_lazy("%(done)d of %(count)d assigned")

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        services.assign_ticket(
            subject.the_ticket,
            actor=actor,
            seen=subject.seen,
            comments=data["comments"],
            format=TEXT,
            refer=data.get("refer", False),
            **data["assignee"],
        )


class Claim(TicketAction):
    """Take a ticket that no agent has."""

    action = Action.CLAIM
    label = gettext_lazy("Claim")
    title = gettext_lazy("Claim ticket")
    submit = gettext_lazy("Claim")
    done = gettext_lazy("#%(number)s is yours.")
    icon = "hand-grab"
    shortcut = "m"
    is_direct = True
    bulk_permissions = ("ticket.assign",)
    bulk_done = gettext_lazy("%(done)d of %(count)d claimed")

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        services.claim_ticket(subject.the_ticket, actor=actor, comments=data["comments"], format=TEXT)


class ReleaseForm(CommentedForm):
    """From whom the ticket is taken, when an agent and a team have it."""

    agent = forms.BooleanField(required=False, initial=True)
    team = forms.BooleanField(required=False, initial=True)
    field_order = ["agent", "team", "comments"]

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        """Ask only about those who have it."""
        super().__init__(subject, *args, **kwargs)
        ticket = subject.ticket
        staff, team = (ticket.staff, ticket.team) if ticket is not None else (None, None)
        if ticket is None:
            self.fields["agent"].label, self.fields["team"].label = _("From their agents"), _("From their teams")
            return
        self.fields["agent"].label = _("From the agent %(name)s") % {"name": full_name(staff)} if staff else ""
        self.fields["team"].label = _("From the team %(name)s") % {"name": team.name} if team else ""
        for name, who in (("agent", staff), ("team", team)):
            if who is None:
                del self.fields[name]


class Release(TicketAction):
    """Take the ticket from its agent, its team, or both."""

    action = Action.RELEASE
    label = gettext_lazy("Release")
    title = gettext_lazy("Release ticket")
    submit = gettext_lazy("Release")
    done = gettext_lazy("#%(number)s released.")
    icon = "user-off"
    group = Group.ROUTE
    form_class = ReleaseForm
    bulk_permissions = ("ticket.release",)
    is_for_managers = True
    bulk_done = gettext_lazy("%(done)d of %(count)d released")

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        services.release_ticket(
            subject.the_ticket,
            actor=actor,
            agent=data.get("agent", subject.the_ticket.staff_id is not None),
            team=data.get("team", subject.the_ticket.team_id is not None),
            comments=data["comments"],
            format=TEXT,
        )

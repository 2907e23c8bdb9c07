"""Transfer to another department, refer to others who then see it, too."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.legacy.retrying import retried
from helpdesk.people.access import AgentAccess
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, Team
from helpdesk.people.selectors import department_names
from helpdesk.threads.bodies import TEXT
from helpdesk.threads.constants import ObjectType
from tickets import services
from tickets.agent_actions.assigning import assignee_choices, assignee_of
from tickets.agent_actions.base import CheckboxList, CommentedForm, Group, Subject, TicketAction
from tickets.assignees import transfer_targets
from tickets.models import Ticket
from tickets.reference_data import agent_names, team_names
from tickets.screens import Action
from tickets.states import find_thread


def department_with_id(department_id: str) -> Department:
    """Give the department of a choice."""
    return Department.objects.get(pk=int(department_id))


def department_choices(subject: Subject) -> list[tuple[str, str]]:
    """Give the departments that the ticket may go to, with their full names."""
    names, ticket = department_names(), subject.ticket
    found = [one for one in transfer_targets(subject.access) if ticket is None or one.pk != ticket.dept_id]
    return sorted(((str(one.pk), names.get(one.pk, one.name)) for one in found), key=lambda pair: pair[1].casefold())


class TransferForm(CommentedForm):
    """The department that the ticket goes to."""

    department = forms.TypedChoiceField(label=gettext_lazy("Department"), coerce=department_with_id)
    refer = forms.BooleanField(
        label=gettext_lazy("The department that has it now keeps access"),
        required=False,
        help_text=gettext_lazy("By a referral."),
    )
    field_order = ["department", "comments", "refer"]

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        """Offer departments."""
        super().__init__(subject, *args, **kwargs)
        self.offer("department", [("", _("Choose …")), *department_choices(subject)])


class Transfer(TicketAction):
    """Move the ticket to another department."""

    action = Action.TRANSFER
    label = gettext_lazy("Transfer")
    title = gettext_lazy("Transfer ticket")
    submit = gettext_lazy("Transfer")
    done = gettext_lazy("#%(number)s transferred.")
    icon = "switch-horizontal"
    group = Group.ROUTE
    shortcut = "f"
    form_class = TransferForm
    bulk_permissions = ("ticket.transfer",)
    bulk_done = gettext_lazy("%(done)d of %(count)d transferred")

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        services.transfer_ticket(
            subject.the_ticket,
            department=data["department"],
            actor=actor,
            seen=subject.seen,
            comments=data["comments"],
            format=TEXT,
            refer=data["refer"],
        )


def _referee(value: str) -> Agent | Team | Department:
    """Give whom the choice means: `s<id>`, `t<id>` or `d<id>`."""
    if value[0] == "d":
        return department_with_id(value[1:])
    return next(iter(assignee_of(value).values()))


class ReferForm(CommentedForm):
    """Who shall see the ticket, and whose referral ends."""

    referee = forms.TypedChoiceField(
        label=gettext_lazy("Refer to"),
        required=False,
        coerce=_referee,
        empty_value=None,
        help_text=gettext_lazy("Sees the ticket from now on, beside those who have it."),
    )
    withdraw = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Take back"), required=False, coerce=int, widget=CheckboxList
    )
    field_order = ["referee", "comments", "withdraw"]

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        """Offer agents, teams and departments, and the referrals that there are."""
        super().__init__(subject, *args, **kwargs)
        departments = [(f"d{pk}", name) for pk, name in department_choices(subject)]
        groups = [*assignee_choices(subject), *([(_("Departments"), departments)] if departments else [])]
        self.offer("referee", [("", _("Choose …")), *groups])
        referrals = _referrals(subject)
        self.offer("withdraw", referrals)
        if not referrals:
            del self.fields["withdraw"]

    def clean(self) -> dict[str, Any]:
        """Ask for something to do."""
        data = super().clean() or {}
        if not self.errors and data.get("referee") is None and not data.get("withdraw"):
            self.add_error("referee", _("Choose to whom the ticket is referred."))
        return data


class Refer(TicketAction):
    """Let others see the ticket, or no longer."""

    action = Action.REFER
    label = gettext_lazy("Refer")
    title = gettext_lazy("Refer ticket")
    submit = gettext_lazy("Refer")
    done = gettext_lazy("The referrals of #%(number)s have changed.")
    icon = "arrow-forward-up"
    group = Group.ROUTE
    form_class = ReferForm
    bulk_done = gettext_lazy("%(done)d of %(count)d referred")

    def is_offered_in_bulk(self, access: AgentAccess) -> bool:
        """Both permissions are needed, as on one ticket."""
        return all(access.has_permission_anywhere(key) for key in ("ticket.assign", "ticket.refer"))

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the services."""
        _change_referrals(subject.the_ticket, actor, data)


@retried
def _change_referrals(ticket: Ticket, actor: Actor, data: dict[str, Any]) -> None:
    """Both or none: whose referral ends, and to whom the ticket is referred."""
    with transaction.atomic():
        if data.get("withdraw"):
            services.withdraw_referrals(ticket, data["withdraw"], actor=actor)
        if data["referee"] is not None:
            services.refer_ticket(ticket, to=data["referee"], actor=actor, comments=data["comments"], format=TEXT)


def _referrals(subject: Subject) -> list[tuple[str, str]]:
    thread = find_thread(subject.ticket) if subject.ticket is not None else None
    if thread is None:
        return []
    known = {
        ObjectType.AGENT.value: agent_names(),
        ObjectType.TEAM.value: team_names(),
        ObjectType.DEPARTMENT.value: department_names(),
    }
    rows = thread.referrals.order_by("pk").values_list("pk", "object_type", "object_id")
    return [(str(pk), known.get(kind, {}).get(number) or f"{kind}{number}") for pk, kind, number in rows]

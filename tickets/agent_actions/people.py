"""Whose ticket it is, who else takes part, and whether the owner may write at all."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from filters.ban_list import is_banned
from helpdesk.legacy.retrying import retried
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser
from helpdesk.threads.constants import CollaboratorFlag
from tickets import services
from tickets.agent_actions.base import ActionForm, CheckboxList, Group, Subject, TicketAction
from tickets.agent_actions.person_field import PersonField
from tickets.models import Ticket
from tickets.names import address_of, shown_user
from tickets.screens import Action
from tickets.services.ownership import ban_owner, unban_owner
from tickets.states import find_thread


class OwnerForm(ActionForm):
    """The new owner."""

    user = PersonField(label=gettext_lazy("New owner: name or e-mail address"))


class ChangeOwner(TicketAction):
    """Make somebody else the owner."""

    action = Action.OWNER
    label = gettext_lazy("Change owner")
    title = gettext_lazy("Change the owner")
    submit = gettext_lazy("Change owner")
    done = gettext_lazy("#%(number)s has a new owner.")
    icon = "user-circle"
    group = Group.EDIT
    form_class = OwnerForm
    bulk_permissions = ("ticket.edit",)
    bulk_done = gettext_lazy("%(done)d of %(count)d have the new owner")

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        services.change_owner(subject.the_ticket, user=data["user"], actor=actor, seen=subject.seen)


class CollaboratorsForm(ActionForm):
    """Somebody who joins, and what becomes of those who are there: mail or not, or off the ticket."""

    user = PersonField(
        label=gettext_lazy("Add: name or e-mail address"),
        required=False,
        allows_new=True,
        help_text=gettext_lazy("Somebody new is made from the address."),
    )
    name = forms.CharField(label=gettext_lazy("Name of somebody new"), required=False, max_length=120)
    active = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Receive mail"), required=False, coerce=int, widget=CheckboxList
    )
    removed = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Take off the ticket"), required=False, coerce=int, widget=CheckboxList
    )

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        """List those who are there."""
        super().__init__(subject, *args, **kwargs)
        thread = find_thread(subject.ticket) if subject.ticket is not None else None
        rows = thread.collaborators.select_related("user__default_email").order_by("pk") if thread else []
        listed = [row for row in rows if row.user is not None]
        names = [(str(row.pk), f"{shown_user(row.user)} · {address_of(row.user)}") for row in listed]
        self.initial["active"] = [row.pk for row in listed if row.flags & CollaboratorFlag.ACTIVE]
        for field in ("active", "removed"):
            self.offer(field, names)
            if not names:
                del self.fields[field]
        self.fields["user"].required = not names


class Collaborators(TicketAction):
    """Change who takes part."""

    action = Action.COLLABORATORS
    label = gettext_lazy("Collaborators")
    title = gettext_lazy("Collaborators")
    submit = gettext_lazy("Save")
    done = gettext_lazy("The collaborators of #%(number)s have changed.")
    icon = "users"
    group = Group.EDIT
    shortcut = "p"
    form_class = CollaboratorsForm

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the services."""
        _change_collaborators(subject.the_ticket, actor, data)


@retried
def _change_collaborators(ticket: Ticket, actor: Actor, data: dict[str, Any]) -> None:
    """All or none: first who is there, then who joins."""
    joining = data["user"]
    with transaction.atomic():
        if "active" in data:
            services.update_collaborators(ticket, actor=actor, active=data["active"], removed=data["removed"])
        if isinstance(joining, EndUser):
            services.add_collaborator(ticket, actor=actor, user=joining)
        elif joining:
            services.add_collaborator(ticket, actor=actor, email=joining, name=data["name"])


class BanForm(ActionForm):
    """What the agent saw: whether the address is on the list."""

    was_banned = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        """Note how it is."""
        super().__init__(subject, *args, **kwargs)
        self.initial["was_banned"] = "yes" if _is_owner_banned(subject) else ""


class Ban(TicketAction):
    """Put the owner's address on the ban list, or take it off."""

    action = Action.BAN
    label = gettext_lazy("Ban address")
    title = gettext_lazy("Ban list")
    submit = gettext_lazy("Ban")
    done = gettext_lazy("The ban list has changed.")
    icon = "ban"
    group = Group.DANGER
    is_dangerous = True
    form_class = BanForm

    def submit_label(self, subject: Subject) -> str:
        """Say which of both it will be."""
        return _("Take off the ban list") if _is_owner_banned(subject) else _("Ban this address")

    def warning(self, subject: Subject) -> str:
        """Say what it means."""
        address = address_of(subject.the_ticket.user)
        if _is_owner_banned(subject):
            return _("%(address)s is banned.") % {"address": address}
        return _("Nothing that %(address)s writes will be accepted any more.") % {"address": address}

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service that the agent saw the button of."""
        change = unban_owner if data["was_banned"] else ban_owner
        change(subject.the_ticket, actor=actor)


def _is_owner_banned(subject: Subject) -> bool:
    address = address_of(subject.the_ticket.user)
    return bool(address) and is_banned(address)

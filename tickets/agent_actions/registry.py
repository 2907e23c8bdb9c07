"""All actions, in the order in which pages show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.urls import reverse

from helpdesk.people.access import AgentAccess
from tickets.agent_actions.assigning import Assign, Claim, Release
from tickets.agent_actions.base import GROUP_TITLES, Group, Subject, TicketAction
from tickets.agent_actions.editing import EditAnswer, EditDueDate, EditPlan, EditSource, EditTopic
from tickets.agent_actions.entries import EditEntry, ResendEntry
from tickets.agent_actions.families import Link, Merge, Unlink
from tickets.agent_actions.forms_of_ticket import Forms
from tickets.agent_actions.marking import ClearOverdue, MarkAnswered, MarkOverdue, MarkUnanswered
from tickets.agent_actions.moving import Refer, Transfer
from tickets.agent_actions.people import Ban, ChangeOwner, Collaborators
from tickets.agent_actions.removing import Delete
from tickets.agent_actions.statuses import ChangeStatus, Close, Reopen
from tickets.screens import Action

ACTIONS: dict[str, TicketAction] = {
    action.name: action
    for action in (
        Claim(),
        Assign(),
        Close(),
        Reopen(),
        Transfer(),
        Refer(),
        Release(),
        ChangeStatus(),
        MarkAnswered(),
        MarkUnanswered(),
        MarkOverdue(),
        ClearOverdue(),
        ChangeOwner(),
        Collaborators(),
        Forms(),
        Merge(),
        Link(),
        Unlink(),
        Ban(),
        Delete(),
        EditTopic(),
        EditPlan(),
        EditSource(),
        EditDueDate(),
        EditAnswer(),
        EditEntry(),
        ResendEntry(),
    )
}
"""By name."""


def allowed(subject: Subject) -> list[TicketAction]:
    """Give the actions that the agent may take on the ticket as it is now."""
    return [action for action in ACTIONS.values() if action.is_allowed(subject)]


@dataclass(frozen=True)
class BulkOffer:
    """Something that may be done to chosen tickets, with its address."""

    action: TicketAction
    id: str
    label: str
    address: str
    group: Group

    @property
    def shortcut(self) -> str:
        """The key, where it means this action for many, too."""
        return self.action.shortcut if self.action.has_bulk_shortcut else ""


@dataclass(frozen=True)
class BulkBar:
    """What an agent may do to chosen tickets: with a button each, and in the parts of a menu."""

    toolbar: list[BulkOffer] = field(default_factory=list)
    menu: list[tuple[str, list[BulkOffer]]] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.toolbar or self.menu)


_IN_BULK_BAR = frozenset({Action.TRANSFER, Action.STATUS})
"""What is done to many so often that it has a button, though it stands in the menu of a ticket."""


def bulk_actions() -> list[TicketAction]:
    """Give all actions that many tickets know, whoever may take them."""
    return [action for action in ACTIONS.values() if action.bulk_done is not None]


def bulk_bar(access: AgentAccess) -> BulkBar:
    """Give what the agent may do to many tickets."""
    offers = [
        BulkOffer(
            action,
            id=f"bulk-{action.name}" if subject.part is None else f"bulk-{action.name}-{number}",
            label=action.bulk_label(subject),
            address=action.bulk_address(subject),
            group=Group.EDIT if action.group is Group.FACT else action.group,
        )
        for action in bulk_actions()
        for number, subject in enumerate(action.bulk_subjects(access))
    ]
    offers += [
        BulkOffer(action, f"bulk-{action.name}", str(action.label), reverse(action.bulk_url_name), action.group)
        for action in family_actions(access)
    ]
    has_button = [one for one in offers if one.group is Group.TOOLBAR or one.action.action in _IN_BULK_BAR]
    menu = [
        (str(title), [one for one in offers if one.group is group and one not in has_button])
        for group, title in GROUP_TITLES.items()
    ]
    return BulkBar(has_button, [(title, members) for title, members in menu if members])


def family_actions(access: AgentAccess) -> list[TicketAction]:
    """Give what makes one family of chosen tickets: they are merged into, or linked with, the oldest of them."""
    permissions = {"merge": "ticket.merge", "link": "ticket.link"}
    return [ACTIONS[name] for name, key in permissions.items() if access.has_permission_anywhere(key)]


def grouped(actions: Iterable[TicketAction]) -> list[tuple[str, list[TicketAction]]]:
    """Give the parts of the menu with their titles."""
    listed = list(actions)
    groups = [(GROUP_TITLES[group], [one for one in listed if one.group is group]) for group in GROUP_TITLES]
    return [(str(title), members) for title, members in groups if members]


def in_toolbar(actions: Iterable[TicketAction]) -> list[TicketAction]:
    """Give those with a button of their own."""
    return [action for action in actions if action.group is Group.TOOLBAR]

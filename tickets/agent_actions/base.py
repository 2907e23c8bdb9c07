"""The frame that all actions share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy

from helpdesk.legacy.errors import DomainError
from helpdesk.people.access import AgentAccess
from helpdesk.people.actor import Actor
from tickets.freshness import version_of
from tickets.models import Ticket
from tickets.possible_actions import allowed_actions
from tickets.registries import ReadAhead
from tickets.screens import Action, Choice

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass
class Subject:
    """What an action is about: one ticket, or in bulk (`ticket` is None) whatever the agent has chosen."""

    access: AgentAccess
    ticket: Ticket | None = None
    part: Any = None
    """The part of the ticket that the action is about, where it is not the whole (`TicketAction.part_of`)."""

    @property
    def the_ticket(self) -> Ticket:
        """The ticket, where there is one for sure: when something is done."""
        if self.ticket is None:
            raise ValueError("An action is done to a ticket.")
        return self.ticket

    @property
    def seen(self) -> str:
        """The version of the ticket as this request has read it: the service refuses when it is another by then."""
        return version_of(self.the_ticket)

    @cached_property
    def allowed(self) -> frozenset[Action]:
        """What the agent may do with the ticket."""
        return allowed_actions(self.access, self.ticket) if self.ticket is not None else frozenset()


class Group(StrEnum):
    """Where an action stands: in the toolbar itself, or in a part of its menu."""

    TOOLBAR = "toolbar"
    ROUTE = "route"
    STATE = "state"
    EDIT = "edit"
    FAMILY = "family"
    DANGER = "danger"
    FACT = "fact"
    """In the list of facts beside the thread."""
    ENTRY = "entry"
    """At an entry of the thread."""


GROUP_TITLES = {
    Group.ROUTE: gettext_lazy("Hand over"),
    Group.STATE: gettext_lazy("State"),
    Group.EDIT: gettext_lazy("Change"),
    Group.FAMILY: gettext_lazy("Other tickets"),
    Group.DANGER: gettext_lazy("Remove"),
}


class CheckboxList(forms.CheckboxSelectMultiple):
    """Several boxes in the look of the others."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        """Take further attributes."""
        super().__init__({"class": "form-check-input", **(attrs or {})})


class ActionForm(forms.Form):
    """What an action asks. Ids begin with the name of the action; `subject` says what may be chosen."""

    def __init__(self, subject: Subject, *args: Any, prefix_of_ids: str = "action", **kwargs: Any) -> None:
        """Take the subject first; the rest is what Django's forms take."""
        kwargs["auto_id"] = f"{prefix_of_ids}_%s"
        super().__init__(*args, **kwargs)
        self.subject = subject

    def show_refusal(self, refusal: DomainError) -> None:
        """Show why a service refused: at the field that it names, else above the form."""
        self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal.message))

    def offer(self, name: str, choices: Sequence[Any]) -> None:
        """Fill a select box."""
        cast("forms.ChoiceField", self.fields[name]).choices = list(choices)


class CommentedForm(ActionForm):
    """An action that may be explained; the comment becomes an internal note."""

    comments = forms.CharField(
        label=gettext_lazy("Comment"),
        required=False,
        help_text=gettext_lazy("Becomes an internal note."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class TicketAction(ABC):
    """Something that an agent does to a ticket: `label` stands on the button, `title` above the dialog."""

    action: ClassVar[Action]
    label: ClassVar[_StrPromise]
    title: ClassVar[_StrPromise]
    submit: ClassVar[_StrPromise]
    done: ClassVar[_StrPromise]
    """Said when it is done, with a place for `number`."""
    icon: ClassVar[str]
    group: ClassVar[Group] = Group.TOOLBAR
    shortcut: ClassVar[str] = ""
    """The key that opens it."""
    is_direct: ClassVar[bool] = False
    """Whether the button acts at once; the dialog then comes only to say why it did not."""
    is_wide: ClassVar[bool] = False
    """Whether the dialog needs room."""
    is_dangerous: ClassVar[bool] = False
    leaves: ClassVar[bool] = False
    """Whether the agent is done with the ticket afterwards and goes on to the queue."""
    form_class: ClassVar[type[ActionForm]] = CommentedForm
    bulk_permissions: ClassVar[tuple[str, ...]] = ()
    """Permissions of which one, held anywhere, offers the action for many tickets."""
    is_for_managers: ClassVar[bool] = False
    """Whether managers of departments may do this to many tickets without a permission."""
    has_bulk_shortcut: ClassVar[bool] = True
    """Whether the key means this action for many, too; of two that share a key only one can."""
    bulk_done: ClassVar[_StrPromise | None] = None
    """The sum of many, with places for `done` and `count`; None for actions on one ticket alone."""
    bulk_path: ClassVar[str] = ""
    """How the address of the action on many tickets goes on, where it is about a part that they have in common."""

    path: ClassVar[str] = ""
    """Where the address of an action on a part of the ticket goes on: `entries/<int:entry_id>/edit`."""
    fields_template: ClassVar[str] = "tickets/agent/_action_fields.html"

    @property
    def name(self) -> str:
        """The name in addresses and ids."""
        return self.action.value

    @property
    def pattern(self) -> str:
        """What its address has behind that of the ticket."""
        return self.path or self.name

    @property
    def url_name(self) -> str:
        """The name of its address for one ticket."""
        return f"agent:ticket_{self.name}"

    @property
    def bulk_pattern(self) -> str:
        """What its address for many tickets ends with."""
        return self.bulk_path or self.name

    @property
    def bulk_url_name(self) -> str:
        """The name of its address for many tickets."""
        return f"agent:bulk_{self.name}"

    def bulk_part_of(self, access: AgentAccess, **names: Any) -> Any:
        """Give the part that the address for many tickets names. Raises NotFound; most actions have none."""
        return None

    def bulk_address(self, subject: Subject) -> str:
        """Give the address for many tickets."""
        return reverse(self.bulk_url_name)

    def bulk_label(self, subject: Subject) -> str:
        """Give what the action on many tickets is called."""
        return str(self.label)

    def bulk_subjects(self, access: AgentAccess) -> list[Subject]:
        """Give what the agent may do this to: once for each part that tickets have in common."""
        return [Subject(access)] if self.is_offered_in_bulk(access) else []

    def part_of(self, ticket: Ticket, **names: Any) -> Any:
        """Give the part that the address names. Raises NotFound; actions on the whole ticket have none."""
        return None

    def address(self, subject: Subject) -> str:
        """Give the address for this ticket, or this part of it."""
        return reverse(self.url_name, args=[subject.ticket.pk if subject.ticket else 0])

    def submit_label(self, subject: Subject) -> str:
        """Give what stands on the button of the dialog."""
        return str(self.submit)

    def is_allowed(self, subject: Subject) -> bool:
        """Whether the agent may do this to the ticket as it is now."""
        return self.action in subject.allowed

    def is_offered_in_bulk(self, access: AgentAccess) -> bool:
        """Whether the agent may do this to many tickets at once, perhaps not to each of them."""
        if any(access.has_permission_anywhere(key) for key in self.bulk_permissions):
            return True
        return self.is_for_managers and access.is_manager

    def obstacle(self, subject: Subject) -> str:
        """Say what is in the way of an action that is allowed, '' when nothing is; the form is not shown then."""
        return ""

    def done_text(self, subject: Subject, data: dict[str, Any]) -> str:
        """Give what is said when it is done, with a place for `number`."""
        return str(self.done)

    def form(self, subject: Subject, *args: Any, **kwargs: Any) -> ActionForm:
        """Give the form, bound when data are given."""
        return self.form_class(subject, *args, prefix_of_ids=self.name, **kwargs)

    def warning(self, subject: Subject) -> str:
        """Say what the agent should know before it is done."""
        return ""

    def read_ahead(self, data: dict[str, Any]) -> ReadAhead | None:
        """Give what reads for many tickets, before `perform` is called for each, what that will ask; None for nothing.

        Only for actions that change no ticket but their own.
        """
        return None

    @abstractmethod
    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> Iterable[str] | None:
        """Call the service with what the form cleaned; its refusals go through. Give what else the agent must know."""


def pairs(choices: Sequence[Choice]) -> list[tuple[str, str]]:
    """Give choices as Django's select boxes take them."""
    return [(choice.value, choice.label) for choice in choices]

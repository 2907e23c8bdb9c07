"""What filters do: the registry of actions, and those that need nothing of tickets (osticket/filters.md §5, §6).

Actions that set something of a ticket are registered by the tickets app, further ones by plugins:

    @register
    class TagIt(Action):
        key = "tag"                      # filter_action.type
        label = _("Tag the ticket")      # in the menu of the form
        group = TICKET

        def step(self, configuration): return lambda draft: draft.choose("priority", 4)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from django.utils.translation import gettext_lazy as _

from filters.recipients import OWNER, listed_recipients
from helpdesk.legacy.characters import shortened
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.legacy.ids import id_in
from helpdesk.people.validation import checked_address

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Configuration = Mapping[str, Any]
LONGEST_NAME = 128
TICKET = _("Ticket")
COMMUNICATION = _("Communication")


class World(Protocol):
    """What is known of the rows that actions name."""

    def name(self, kind: str, pk: int) -> str | None:
        """Give the name of a row (`department`, `topic`, `agent` …), None when there is none."""

    def is_usable(self, kind: str, pk: int) -> bool:
        """Whether a row that exists is switched on."""


class ProblemKind(Enum):
    """What may be wrong with a filter."""

    BROKEN_PATTERN = "broken pattern"
    SLOW_PATTERN = "slow pattern"
    UNKNOWN_OPERATOR = "unknown operator"
    NO_RULES = "no rules"
    NEVER_MATCHES = "never matches"
    ALWAYS_MATCHES = "always matches"
    UNKNOWN_ACTION = "unknown action"
    MISSING_OBJECT = "missing object"
    INACTIVE_OBJECT = "inactive object"
    INCOMPLETE = "incomplete"
    MISSING_MAILBOX = "missing mailbox"
    NO_ADDRESS = "no address"

    @property
    def is_serious(self) -> bool:
        """Whether the filter does not do what its author meant; the others only deserve a look."""
        return self not in {ProblemKind.SLOW_PATTERN, ProblemKind.ALWAYS_MATCHES}


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with a filter; `rule` or `action` is the number of the row, counted from 0."""

    kind: ProblemKind
    rule: int | None = None
    action: int | None = None
    detail: str = ""
    option: str = ""
    """The option of the action that is meant."""


class OptionKind(Enum):
    """How an option of an action is asked for."""

    ROW = "row"
    LINE = "line"
    TEXT = "text"


@dataclass(frozen=True)
class Option:
    """An option of an action: its key in the configuration, and for a row (a menu) the kind of it."""

    name: str
    label: StrOrPromise
    kind: OptionKind = OptionKind.LINE
    row: str = ""
    is_required: bool = True
    help_text: StrOrPromise = ""


@dataclass
class Draft:
    """A ticket before it exists, as filters see and change it.

    `chosen` holds ids by kind (`department`, `priority`, `sla`, `agent`, `team`, `topic`, `status`,
    `canned_response`). `answer_to` and `answer_to_name` come from the Reply-To header of a mail.
    """

    sender: str = ""
    name: str = ""
    answer_to: str = ""
    answer_to_name: str = ""
    chosen: dict[str, int] = field(default_factory=dict)
    autorespond: bool = True

    def choose(self, kind: str, pk: int) -> None:
        """Decide; what the caller or an earlier filter wanted no longer counts."""
        self.chosen[kind] = pk


class Rejected(Exception):  # noqa: N818 -- named by what happened
    """The ticket is refused."""


class SenderChanged(Exception):  # noqa: N818 -- named by what happened
    """The sender is another one now: everything begins anew."""


Step = Callable[[Draft], None]
"""What an action does before the ticket exists; raises Rejected or SenderChanged."""


class Action:
    """A kind of action. The base class does nothing."""

    key: ClassVar[str]
    label: ClassVar[StrOrPromise] = ""
    group: ClassVar[StrOrPromise] = TICKET
    is_repeatable: ClassVar[bool] = False
    """Whether a filter may have several."""
    event_label: ClassVar[str] = ""
    """What the thread calls it (`edited` events), '' where nothing is said."""

    def options(self) -> Sequence[Option]:
        """Give what has to be said besides the action itself."""
        return ()

    def stored_form(self, name: str, pk: int) -> int | str:
        """Give the id of a chosen row as osTicket's form stores it."""
        return pk

    def named_rows(self, configuration: Configuration) -> dict[str, int]:
        """Give the ids of the rows that a configuration names, by kind."""
        return {one.row: id_of(configuration.get(one.name)) for one in self.options() if one.row}

    def problem(self, configuration: Configuration, world: World) -> Problem | None:
        """Give what is wrong with the configuration."""
        return None

    def is_left_out(self, problem: Problem | None) -> bool:
        """Whether the action does nothing because of this problem."""
        return False

    def chosen_name(self, configuration: Configuration, world: World) -> str | None:
        """Give the name of what is chosen, None when it is gone or nothing is."""
        return None

    def step(self, configuration: Configuration) -> Step | None:
        """Give what is done before the ticket exists."""
        return None


def id_of(value: Any) -> int:
    """Give an id, stored as number or text; 0 for none, which means unchanged."""
    return id_in(str(value or "").strip()) or 0


class ChoosingAction(Action):
    """An action that chooses a row; subclasses name its kind, the key of its id, and whether it must be switched on."""

    choice: ClassVar[str]
    option: ClassVar[str]
    option_label: ClassVar[StrOrPromise] = ""

    must_be_usable: ClassVar[bool] = False
    """osTicket looks at departments and topics beforehand, at the others when the ticket is made (§8)."""

    def options(self) -> Sequence[Option]:
        """Give the menu of rows."""
        return (Option(self.option, self.option_label or self.label, OptionKind.ROW, row=self.choice),)

    def chosen_id(self, configuration: Configuration) -> int:
        """Give the id of the row, 0 for none."""
        return id_of(configuration.get(self.option))

    def problem(self, configuration: Configuration, world: World) -> Problem | None:
        """A row that is gone, or one that is switched off."""
        pk = self.chosen_id(configuration)
        if not pk:
            return Problem(ProblemKind.INCOMPLETE, option=self.option)
        if world.name(self.choice, pk) is None:
            return Problem(ProblemKind.MISSING_OBJECT, detail=str(pk), option=self.option)
        if not world.is_usable(self.choice, pk):
            name = world.name(self.choice, pk) or ""
            return Problem(ProblemKind.INACTIVE_OBJECT, detail=name, option=self.option)
        return None

    def chosen_name(self, configuration: Configuration, world: World) -> str | None:
        """Give the name of the row."""
        return world.name(self.choice, self.chosen_id(configuration))

    def is_left_out(self, problem: Problem | None) -> bool:
        """A row that is looked at beforehand, and gone or switched off."""
        return problem is not None and self.must_be_usable

    def step(self, configuration: Configuration) -> Step | None:
        """Choose the row."""
        pk = self.chosen_id(configuration)
        return (lambda draft: draft.choose(self.choice, pk)) if pk else None


Kind = TypeVar("Kind", bound=type[Action])
_actions: dict[str, Action] = {}


def register(action: Kind) -> Kind:
    """Class decorator: make an action known under its `key` (also for plugins and higher packages)."""
    _actions[action.key] = action()
    return action


def unregister(key: str) -> None:
    """Forget an action; filters that have it say so and leave it out."""
    _actions.pop(key, None)


def action_type(key: str) -> Action | None:
    """Give the action with this key."""
    return _actions.get(key)


def registered_actions() -> Mapping[str, Action]:
    """Give all actions by key, in the order of their registration."""
    return dict(_actions)


@register
class Reject(Action):
    """Refuse the ticket."""

    key = "reject"
    label = _("Reject the ticket")

    def step(self, configuration: Configuration) -> Step:
        """Stop everything."""

        def reject(draft: Draft) -> None:
            raise Rejected

        return reject


@register
class DisableAutoresponse(Action):
    """Send no confirmation."""

    key = "noresp"
    label = _("Send no automatic confirmation")
    group = COMMUNICATION

    def step(self, configuration: Configuration) -> Step:
        """Note it."""

        def keep_silent(draft: Draft) -> None:
            draft.autorespond = False

        return keep_silent


@register
class UseReplyTo(Action):
    """Take the address of the Reply-To header for the sender's, if mail could go there: the ticket is made anyway."""

    key = "replyto"
    label = _("Use the Reply-To address as sender")
    group = COMMUNICATION

    def step(self, configuration: Configuration) -> Step:
        """Change the sender; in the second round there is nothing left to change."""

        def use_reply_to(draft: Draft) -> None:
            new = draft.answer_to
            if not _is_sender(new) or not draft.sender or new.lower() == draft.sender.lower():
                return
            draft.sender, draft.answer_to = new, ""
            draft.name = shortened(draft.answer_to_name, LONGEST_NAME) or draft.name
            raise SenderChanged

        return use_reply_to


def _is_sender(address: str) -> bool:
    """Whether a new person could have this address."""
    try:
        checked_address(address)
    except ValidationFailed:
        return False
    return True


@register
class SendEmail(Action):
    """Send a mail once the ticket exists; the tickets app does it."""

    key = "email"
    label = _("Send an email")
    group = COMMUNICATION
    is_repeatable = True

    def options(self) -> Sequence[Option]:
        """Give recipients, texts and sender."""
        return (
            Option(
                "recipients",
                _("Recipients"),
                help_text=_("Addresses with commas between them; %(variable)s is whoever opened the ticket.")
                % {"variable": OWNER},
            ),
            Option("subject", _("Subject")),
            Option(
                "message",
                _("Message"),
                OptionKind.TEXT,
                help_text=_("HTML, with variables such as %(variable)s.") % {"variable": "%{ticket.number}"},
            ),
            Option("from", _("From"), OptionKind.ROW, row="mailbox", is_required=False),
        )

    def problem(self, configuration: Configuration, world: World) -> Problem | None:
        """Nobody to send it to, what is no address, nothing to say, or an address of the help desk that is gone."""
        for name in ("recipients", "subject", "message"):
            if not str(configuration.get(name) or "").strip():
                return Problem(ProblemKind.INCOMPLETE, option=name)
        unusable = listed_recipients(str(configuration["recipients"])).unusable
        if unusable:
            return Problem(ProblemKind.NO_ADDRESS, detail=unusable[0], option="recipients")
        sender = id_of(configuration.get("from"))
        if sender and world.name("mailbox", sender) is None:
            return Problem(ProblemKind.MISSING_OBJECT, detail=str(sender), option="from")
        return None

"""Questions that tickets ask packages above them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from helpdesk.legacy.errors import DomainError
from helpdesk.people.actor import Actor
from tickets.models import Ticket

if TYPE_CHECKING:
    from helpdesk.mail.incoming import IncomingMail
    from helpdesk.threads.mails import MailFacts
    from tickets.services.mail_matching import Match

CloseObstacle = Callable[[Ticket], DomainError | None]
ReadAhead = Callable[[Sequence[Ticket]], None]
MergeFollower = Callable[[Ticket, Ticket], None]
Removal = Callable[[Ticket], None]


class MailPlace(Protocol):
    """What a mail can be posted on: a ticket or a task."""

    @property
    def pk(self) -> Any:
        """Its id."""

    @property
    def number(self) -> Any:
        """The number by which people know it."""


class MailReceiver(Protocol):
    """Posts mails on what has a conversation and is no ticket."""

    def find(self, object_id: int) -> MailPlace | None:
        """Give what a thread belongs to; None when it is gone."""

    def post(self, place: Any, match: Match, mail: IncomingMail, facts: MailFacts, *, actor: Actor) -> None:
        """Post the mail there."""


_mail_receivers: dict[str, MailReceiver] = {}
_removals: list[Removal] = []
_close_obstacles: list[CloseObstacle] = []
_reads_ahead: list[ReadAhead] = []
_merge_followers: list[MergeFollower] = []


def register_close_obstacle(obstacle: CloseObstacle, *, read_ahead: ReadAhead | None = None) -> None:
    """Let a package forbid closing: its function gives the refusal, or None when it has nothing against it.

    Before many tickets are closed, `read_ahead` reads for all of them what the function will ask of each.
    """
    if obstacle not in _close_obstacles:
        _close_obstacles.append(obstacle)
    if read_ahead is not None and read_ahead not in _reads_ahead:
        _reads_ahead.append(read_ahead)


def close_obstacles() -> tuple[CloseObstacle, ...]:
    """Give the registered functions."""
    return tuple(_close_obstacles)


def reads_ahead_of_closing() -> tuple[ReadAhead, ...]:
    """Give the registered functions."""
    return tuple(_reads_ahead)


def register_merge_follower(follower: MergeFollower) -> None:
    """Let a package move what it keeps for a merged ticket: its function gets that ticket and the parent."""
    if follower not in _merge_followers:
        _merge_followers.append(follower)


def merge_followers() -> tuple[MergeFollower, ...]:
    """Give the registered functions."""
    return tuple(_merge_followers)


def register_removal(removal: Removal) -> None:
    """Let a package clear away what it keeps for a ticket: its function runs in the transaction of the deletion."""
    if removal not in _removals:
        _removals.append(removal)


def removals() -> tuple[Removal, ...]:
    """Give the registered functions."""
    return tuple(_removals)


def register_mail_receiver(object_type: str, receiver: MailReceiver) -> None:
    """Let a package take the mails that belong to threads of its type (`thread.object_type`)."""
    _mail_receivers[object_type] = receiver


def mail_receiver(object_type: str) -> MailReceiver | None:
    """Give who takes the mails of threads of this type; None for tickets, and where nobody does."""
    return _mail_receivers.get(object_type)

"""Who stands in the end users' door: somebody signed in, or a guest who may see one ticket (osticket/auth.md §6).

A guest has followed a link into a ticket, which signs nobody in: the session notes ticket and person, and every request
asks anew whether this person may still see this ticket. Another link takes the place of the first.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.accounts.client_address import client_address
from helpdesk.accounts.models import Account
from helpdesk.legacy.errors import NotFound
from helpdesk.legacy.ids import LARGEST_ID
from helpdesk.people.actor import Actor, ActorKind
from helpdesk.people.constants import AccountStatus
from helpdesk.people.models import EndUser, UserAccount
from tickets.models import Ticket
from tickets.querysets import TicketQuerySet
from tickets.states import is_merged_child, remember_thread_read_with, with_thread

GUEST_KEY = "guest"
"""Session: the ticket, the user and when the guest was seen last, seconds since 1970."""
UPLOADS_KEY = "uploads"
"""Session: a random text that stands for a stranger, so that nobody else can hand in what he uploaded."""
RENEWAL_SECONDS = 60
GUEST = "guest"


@dataclass(frozen=True)
class Visitor:
    """An end user at the door; `ticket_id` is the only ticket that a guest may see, None for one who is signed in."""

    user: EndUser
    ip_address: str = ""
    ticket_id: int | None = None

    @property
    def is_guest(self) -> bool:
        """Whether a link, not a password, let the visitor in."""
        return self.ticket_id is not None

    @property
    def actor(self) -> Actor:
        """The visitor as services know him."""
        return Actor.for_user(self.user, ip_address=self.ip_address)

    def tickets(self) -> TicketQuerySet:
        """Give the tickets that the visitor may see; a guest's may have been merged into another one."""
        seen = Ticket.objects.accessible_to_user(self.user)
        if self.ticket_id is None:
            return seen
        own = Ticket.objects.filter(pk=self.ticket_id)
        return seen.filter(pk__in=[self.ticket_id, *own.values_list("parent_id", flat=True)])


def visitor_of(request: HttpRequest) -> Visitor | None:
    """Give who stands in the end users' door, None for a stranger. Read once per request."""
    if not hasattr(request, "_visitor"):
        request._visitor = _read(request)  # type: ignore[attr-defined]  # noqa: SLF001 -- kept with the request
    visitor: Visitor | None = request._visitor  # type: ignore[attr-defined]  # noqa: SLF001
    return visitor


def let_in(request: HttpRequest, user: EndUser, ticket: Ticket) -> None:
    """Let a guest see one ticket, in a session of its own id with nothing from before in it."""
    request.session.flush()
    rotate_token(request)
    request.session[GUEST_KEY] = {"ticket": ticket.pk, "user": user.pk, "seen": int(time.time())}
    request._visitor = Visitor(user, client_address(request), ticket.pk)  # type: ignore[attr-defined]  # noqa: SLF001


def upload_owner(request: HttpRequest) -> str:
    """Give the owner of what the visitor uploads: the person, for strangers their session, which begins with the first
    file. '' for a stranger without files."""
    visitor = visitor_of(request)
    if visitor is not None:
        return f"u{visitor.user.pk}"
    if request.FILES and UPLOADS_KEY not in request.session:
        request.session[UPLOADS_KEY] = secrets.token_urlsafe(16)
    key = request.session.get(UPLOADS_KEY)
    return f"g{key}" if key else ""


def stranger(request: HttpRequest) -> Actor:
    """Give the actor for a request of somebody unknown."""
    return Actor(ActorKind.END_USER, GUEST, ip_address=client_address(request))


def may_come_in(user: EndUser) -> bool:
    """Whether a link may let this person in: not while an account of his is locked or waits for confirmation."""
    accounts = UserAccount.objects.filter(user=user).values_list("status", flat=True)
    return all(status & AccountStatus.CONFIRMED and not status & AccountStatus.LOCKED for status in accounts)


def get_ticket_for_user(visitor: Visitor | None, ticket_id: int) -> Ticket:
    """Give the ticket with this id, or the one it was merged into. Raises NotFound whatever the reason."""
    if visitor is not None and 0 < ticket_id <= LARGEST_ID:
        tickets = visitor.tickets().select_related("status", "dept", "user__default_email", "user__org", "topic")
        ticket = with_thread(tickets.filter(pk=ticket_id)).first()
        if ticket is not None and is_merged_child(ticket):
            ticket = with_thread(tickets.filter(pk=ticket.parent_id or 0)).first()
        if ticket is not None:
            return remember_thread_read_with(ticket)
    raise NotFound(_("Unknown or invalid ticket ID."), code="ticket_not_found")


def _read(request: HttpRequest) -> Visitor | None:
    account = getattr(request, "user", None)
    if isinstance(account, Account) and account.end_user is not None:
        return Visitor(account.end_user, client_address(request))
    return _guest(request)


def _guest(request: HttpRequest) -> Visitor | None:
    known: Any = request.session.get(GUEST_KEY)
    if not isinstance(known, dict):
        return None
    now, idle_minutes = int(time.time()), configuration.current().integer("client_session_timeout")
    if idle_minutes and now - known["seen"] > idle_minutes * 60:
        request.session.flush()
        return None
    user = EndUser.objects.select_related("org").filter(pk=known["user"]).first()
    if user is None or not may_come_in(user):
        return None
    if now - known["seen"] >= RENEWAL_SECONDS:
        request.session[GUEST_KEY] = {**known, "seen": now}
    return Visitor(user, client_address(request), known["ticket"])

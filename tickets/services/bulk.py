"""One operation on many tickets, each with a result of its own (osticket/tickets.md §15.2).

Tickets are done in slices, each slice one transaction in which every ticket has the savepoint of its service: a refusal
undoes that ticket alone, and nobody waits longer than a slice takes. What was done before an interruption stays done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import Conflict, DomainError, NotFound, PermissionRefused, ValidationFailed
from helpdesk.legacy.retrying import retried
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, Team
from helpdesk.people.permissions import RolePermission
from tickets.closing import read_ahead_of_closing
from tickets.constants import TicketState
from tickets.models import Ticket, TicketStatus
from tickets.registries import ReadAhead
from tickets.services.answered import mark_answered
from tickets.services.assignment import assign_ticket, release_ticket
from tickets.services.common import lock_together
from tickets.services.deletion import delete_ticket
from tickets.services.status import change_status
from tickets.services.transfer import transfer_ticket

MOST_TICKETS = 500
"""Tickets of one action: what a queue page can select, several times over."""
SLICE = 25
"""Tickets of one transaction: on SQLite everybody else waits meanwhile."""
Operation = Callable[[Ticket], object]
"""A service, which is a transaction of its own or a savepoint within one: what it refuses leaves nothing half done."""


@dataclass(frozen=True)
class BulkResult:
    """What became of one ticket; `refusal` is None where it was done, `number` '' for one that may not be seen."""

    ticket_id: int
    number: str
    refusal: DomainError | None = None


def for_each_ticket(
    ticket_ids: Sequence[int], operation: Operation, *, actor: Actor, read_ahead: ReadAhead | None = None
) -> list[BulkResult]:
    """Carry out the operation on every ticket that the actor may see, and say what became of each, in their order.

    Tickets that do not exist and those of others are refused alike. For an operation that changes no ticket but its
    own, `read_ahead` may read for a whole slice, which is locked then, what it will ask of each. Raises
    ValidationFailed for none and for more than `MOST_TICKETS`.
    """
    wanted = list(dict.fromkeys(ticket_ids))
    if not wanted:
        raise ValidationFailed(_("You must select at least one ticket."), code="tickets_required", field="tickets")
    if len(wanted) > MOST_TICKETS:
        message = _("Please select at most %(most)d tickets.") % {"most": MOST_TICKETS}
        raise ValidationFailed(message, code="too_many_tickets", field="tickets")
    slices = [wanted[start : start + SLICE] for start in range(0, len(wanted), SLICE)]
    return [result for some in slices for result in _do_slice(some, operation, actor, read_ahead)]


def assign_tickets(
    ticket_ids: Sequence[int],
    *,
    actor: Actor,
    agent: Agent | None = None,
    team: Team | None = None,
    comments: str = "",
    refer: bool = False,
    now: datetime | None = None,
) -> list[BulkResult]:
    """Give tickets to an agent or a team; see `assign_ticket`. Raises PermissionRefused without `ticket.assign`."""
    _require_anywhere(actor, RolePermission.TICKET_ASSIGN)
    give = partial(assign_ticket, actor=actor, agent=agent, team=team, comments=comments, refer=refer, now=now)
    return for_each_ticket(ticket_ids, give, actor=actor)


def claim_tickets(
    ticket_ids: Sequence[int], *, actor: Actor, comments: str = "", now: datetime | None = None
) -> list[BulkResult]:
    """Take tickets, also those of others, as osTicket does it here (§7.3); closed ones are left alone.

    Raises PermissionRefused for who is no agent, and without `ticket.assign` anywhere.
    """
    if actor.agent is None:
        raise PermissionRefused(_("Only agents can claim tickets."), code="agent_required")
    _require_anywhere(actor, RolePermission.TICKET_ASSIGN)
    agent = actor.agent

    def claim(ticket: Ticket) -> None:
        if ticket.status is not None and ticket.status.state != TicketState.OPEN:
            raise Conflict(_("The ticket is closed."), code="ticket_closed")
        assign_ticket(ticket, actor=actor, agent=agent, comments=comments, now=now)

    return for_each_ticket(ticket_ids, claim, actor=actor)


def release_tickets(
    ticket_ids: Sequence[int],
    *,
    actor: Actor,
    agent: bool = True,
    team: bool = True,
    comments: str = "",
    now: datetime | None = None,
) -> list[BulkResult]:
    """Take tickets from their agents, their teams, or both; see `release_ticket`."""
    release = partial(release_ticket, actor=actor, agent=agent, team=team, comments=comments, now=now)
    return for_each_ticket(ticket_ids, release, actor=actor)


def transfer_tickets(
    ticket_ids: Sequence[int],
    *,
    department: Department,
    actor: Actor,
    comments: str = "",
    refer: bool = False,
    now: datetime | None = None,
) -> list[BulkResult]:
    """Move tickets to a department; see `transfer_ticket`. Raises PermissionRefused without `ticket.transfer`."""
    _require_anywhere(actor, RolePermission.TICKET_TRANSFER)
    move = partial(transfer_ticket, department=department, actor=actor, comments=comments, refer=refer, now=now)
    return for_each_ticket(ticket_ids, move, actor=actor)


def change_status_of_tickets(
    ticket_ids: Sequence[int],
    *,
    status: TicketStatus,
    actor: Actor,
    comments: str = "",
    now: datetime | None = None,
) -> list[BulkResult]:
    """Give tickets another status; see `change_status`.

    Raises PermissionRefused for agents who may not manage tickets at all, or who hold none of the permissions that the
    status takes anywhere.
    """
    if not _holds_anywhere(actor, _MANAGING):
        raise PermissionRefused(
            _("You do not have permission to mass manage tickets. Contact admin for such access."),
            code="permission_denied",
        )
    _require_anywhere(actor, *_NEEDED.get(status.state or "", ()))
    change = partial(change_status, status=status, actor=actor, comments=comments, now=now)
    read_ahead = read_ahead_of_closing if status.state == TicketState.CLOSED else None
    return for_each_ticket(ticket_ids, change, actor=actor, read_ahead=read_ahead)


def change_status_of_family(
    ticket: Ticket,
    *,
    status: TicketStatus,
    actor: Actor,
    comments: str = "",
    now: datetime | None = None,
) -> list[BulkResult]:
    """Give a ticket, and then every ticket merged into it or linked with it, another status (§9.1).

    Raises what `change_status` raises for the ticket itself; the others have results.
    """
    children = list(ticket.family.order_by("sort", "pk").values_list("pk", flat=True))
    change_status(ticket, status=status, actor=actor, comments=comments, now=now)
    if not children:
        return []
    change = partial(change_status, status=status, actor=actor, comments=comments, now=now)
    return for_each_ticket(children, change, actor=actor)


def mark_tickets_answered(
    ticket_ids: Sequence[int], *, actor: Actor, answered: bool = True, now: datetime | None = None
) -> list[BulkResult]:
    """Mark tickets as answered or unanswered; see `mark_answered`."""
    return for_each_ticket(ticket_ids, partial(mark_answered, actor=actor, answered=answered, now=now), actor=actor)


def delete_tickets(
    ticket_ids: Sequence[int], *, actor: Actor, comments: str = "", now: datetime | None = None
) -> list[BulkResult]:
    """Delete tickets; see `delete_ticket`. Raises PermissionRefused without `ticket.delete` anywhere."""
    if not _holds_anywhere(actor, {RolePermission.TICKET_DELETE}):
        raise PermissionRefused(_("You do not have permission to delete tickets"), code="permission_denied")
    return for_each_ticket(ticket_ids, partial(delete_ticket, actor=actor, comments=comments, now=now), actor=actor)


_MANAGING = {
    RolePermission.TICKET_DELETE,
    RolePermission.TICKET_TRANSFER,
    RolePermission.TICKET_ASSIGN,
    RolePermission.TICKET_CLOSE,
}
_NEEDED: dict[str, tuple[RolePermission, ...]] = {
    TicketState.OPEN: (RolePermission.TICKET_CLOSE, RolePermission.TICKET_CREATE),
    TicketState.CLOSED: (RolePermission.TICKET_CLOSE,),
    TicketState.DELETED: (RolePermission.TICKET_DELETE,),
}


@retried
def _do_slice(
    ticket_ids: Sequence[int], operation: Operation, actor: Actor, read_ahead: ReadAhead | None
) -> list[BulkResult]:
    with transaction.atomic():
        tickets = _visible(ticket_ids, actor)
        if read_ahead is not None:
            tickets = lock_together([ticket.pk for ticket in tickets])
            read_ahead(tickets)
        seen = {ticket.pk: ticket for ticket in tickets}
        return [_do_one(ticket_id, seen.get(ticket_id), operation) for ticket_id in ticket_ids]


def _do_one(ticket_id: int, ticket: Ticket | None, operation: Operation) -> BulkResult:
    if ticket is None:
        return BulkResult(ticket_id, "", NotFound(_("No such ticket."), code="ticket_not_found"))
    number = ticket.number or ""
    try:
        operation(ticket)
    except DomainError as refusal:
        return BulkResult(ticket_id, number, refusal)
    return BulkResult(ticket_id, number)


def _visible(ticket_ids: Sequence[int], actor: Actor) -> list[Ticket]:
    tickets = Ticket.objects.filter(pk__in=ticket_ids).select_related("status")
    if actor.agent is not None:
        tickets = tickets.accessible_to(access_of(actor.agent))
    return list(tickets)


def _holds_anywhere(actor: Actor, permissions: Collection[RolePermission]) -> bool:
    if actor.agent is None:
        return actor.user is None  # the system and its programs; end users have no bulk actions
    access = access_of(actor.agent)
    return any(access.has_permission_anywhere(permission) for permission in permissions)


def _require_anywhere(actor: Actor, *permissions: RolePermission) -> None:
    if permissions and not _holds_anywhere(actor, permissions):
        raise PermissionRefused(_("Permission denied"), code="permission_denied")

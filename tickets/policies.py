"""Who may do what to a ticket (osticket/tickets.md §3.3, §3.4). The list and the single check share one definition."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import NotFound, PermissionRefused
from helpdesk.people.access import AgentAccess, access_of
from helpdesk.people.actor import Actor, ActorKind
from tickets.constants import TicketState
from tickets.models import Ticket

LARGEST_ID = 0xFFFFFFFF


def can(actor: Actor, permission: str | None, ticket: Ticket) -> bool:
    """Whether the actor may do to the ticket what the permission key (`ticket.reply`) names; None asks for viewing.

    The system (jobs, filters, integrations) and API keys may do everything here; what a key may do at all is decided
    by the API. End users have no permission keys: their own rules are in the services they use.
    """
    if actor.kind in {ActorKind.SYSTEM, ActorKind.API_KEY}:
        return True
    if actor.agent is None:
        return False
    return may_agent(access_of(actor.agent), permission, ticket)


def may_agent(access: AgentAccess, permission: str | None, ticket: Ticket) -> bool:
    """Whether the agent may see the ticket (None) or holds this permission on it."""
    if not is_accessible(access, ticket):
        return False
    return permission is None or permission in permissions_on(access, ticket)


def is_accessible(access: AgentAccess, ticket: Ticket) -> bool:
    """Whether the agent may open the ticket."""
    return Ticket.objects.accessible_to(access).filter(pk=ticket.pk).exists()


def permissions_on(access: AgentAccess, ticket: Ticket) -> frozenset[str]:
    """Give the permission keys that hold on a ticket that the agent may open (check that first)."""
    return access.permissions_in(ticket.dept_id, assigned=is_assigned(access, ticket))


def is_assigned(access: AgentAccess, ticket: Ticket) -> bool:
    """Whether the ticket is open and assigned to the agent or to one of the agent's teams."""
    is_open = ticket.status is not None and ticket.status.state == TicketState.OPEN
    return is_open and (ticket.staff_id == access.agent.pk or ticket.team_id in access.team_ids)


def get_ticket_for_agent(access: AgentAccess, ticket_id: int) -> Ticket:
    """Give the ticket with this id, with its status, department, owner and assignees.

    Raises NotFound alike when there is no such ticket and when the agent may not see it.
    """
    if 0 < ticket_id <= LARGEST_ID:
        tickets = Ticket.objects.accessible_to(access).select_related(
            "status", "dept", "user__default_email", "user__org", "staff", "team", "topic", "sla"
        )
        ticket = tickets.filter(pk=ticket_id).first()
        if ticket is not None:
            return ticket
    raise NotFound(_("No such ticket."), code="ticket_not_found")


def require(actor: Actor, permission: str | None, ticket: Ticket) -> None:
    """Raise NotFound unless the actor may see the ticket, PermissionRefused without the permission."""
    if can(actor, permission, ticket):
        return
    if permission is not None and can(actor, None, ticket):
        raise PermissionRefused(_("Permission denied"), code="permission_denied")
    raise NotFound(_("No such ticket."), code="ticket_not_found")

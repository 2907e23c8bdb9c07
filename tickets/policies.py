"""Who may do what to a ticket (osticket/tickets.md §3.3, §3.4). The list and the single check share one definition."""

from __future__ import annotations

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.legacy.errors import NotFound, PermissionRefused
from helpdesk.legacy.ids import LARGEST_ID
from helpdesk.legacy.prepared_reads import PreparedRead
from helpdesk.people.access import AgentAccess, access_of
from helpdesk.people.actor import Actor, ActorKind
from helpdesk.people.models import EndUser
from tickets.constants import TicketState
from tickets.models import Ticket
from tickets.states import remember_thread_read_with, with_thread


class UserAction(StrEnum):
    """What end users do to tickets."""

    SEE = "see"
    WRITE = "write"
    EDIT = "edit"
    MANAGE_COLLABORATORS = "manage collaborators"
    CLOSE = "close"
    """And open again."""


def can(actor: Actor, permission: str | None, ticket: Ticket) -> bool:
    """Whether the actor may do to the ticket what the permission key (`ticket.reply`) names; None asks for viewing.

    The system (jobs, filters, integrations) and API keys may do everything here; what a key may do at all is decided
    by the API. End users hold no permission keys, not even to look: what they may do is said by `may_user`, and only
    services meant for them ask it.
    """
    if actor.kind in {ActorKind.SYSTEM, ActorKind.API_KEY}:
        return True
    return actor.agent is not None and may_agent(access_of(actor.agent), permission, ticket)


def may_agent(access: AgentAccess, permission: str | None, ticket: Ticket) -> bool:
    """Whether the agent may see the ticket (None) or holds this permission on it."""
    if not is_accessible(access, ticket):
        return False
    return permission is None or permission in permissions_on(access, ticket)


def may_user(user: EndUser, action: UserAction, ticket: Ticket) -> bool:
    """Whether an end user may do this to the ticket (osticket/tickets.md §5).

    Whoever sees a ticket writes on it. Only its owner changes its fields and decides who takes part, which he may do by
    mail as well (`add_email_collabs`); he closes it and opens it again where the settings let end users.
    """
    return (
        action in user_actions(user, ticket) and Ticket.objects.accessible_to_user(user).filter(pk=ticket.pk).exists()
    )


def user_actions(user: EndUser, ticket: Ticket) -> frozenset[UserAction]:
    """Give what an end user may do to a ticket that he may see (check that first)."""
    if ticket.user_id != user.pk:
        return frozenset({UserAction.SEE, UserAction.WRITE})
    current = configuration.current()
    denied = set()
    if not current.boolean("users_close_tickets"):
        denied.add(UserAction.CLOSE)
    if not current.boolean("add_email_collabs"):
        denied.add(UserAction.MANAGE_COLLABORATORS)
    return frozenset(UserAction) - denied


def require_user(user: EndUser, action: UserAction, ticket: Ticket) -> None:
    """Raise NotFound unless the end user may see the ticket, PermissionRefused where he may do no more than that."""
    if may_user(user, action, ticket):
        return
    if may_user(user, UserAction.SEE, ticket):
        raise PermissionRefused(_("Only the owner of the ticket may do this."), code="permission_denied")
    raise NotFound(_("Unknown or invalid ticket ID."), code="ticket_not_found")


def is_accessible(access: AgentAccess, ticket: Ticket) -> bool:
    """Whether the agent may open the ticket; where its own row says so, the database is not asked for referrals."""
    is_in_reach = not access.agent.assigned_only and ticket.dept_id in access.department_ids
    if is_in_reach or is_assigned(access, ticket):
        return True
    return Ticket.objects.accessible_to(access).filter(pk=ticket.pk).exists()


def permissions_on(access: AgentAccess, ticket: Ticket) -> frozenset[str]:
    """Give the permission keys that hold on a ticket that the agent may open (check that first)."""
    return access.permissions_in(ticket.dept_id, assigned=is_assigned(access, ticket))


def is_assigned(access: AgentAccess, ticket: Ticket) -> bool:
    """Whether the ticket is open and assigned to the agent or to one of the agent's teams."""
    is_open = ticket.status is not None and ticket.status.state == TicketState.OPEN
    return is_open and (ticket.staff_id == access.agent.pk or ticket.team_id in access.team_ids)


_RELATED = ("status", "dept", "user__default_email", "user__org", "staff", "team", "topic", "sla", "lock__staff")
_of_id = PreparedRead(
    Ticket, lambda ticket_id: with_thread(Ticket.objects.filter(pk=ticket_id)).select_related(*_RELATED).order_by("pk")
)


def get_ticket_for_agent(access: AgentAccess, ticket_id: int) -> Ticket:
    """Give the ticket with this id, with its status, department, owner, assignees and the id of its thread.

    Raises NotFound alike when there is no such ticket and when the agent may not see it.
    """
    if 0 < ticket_id <= LARGEST_ID:
        ticket = _of_id.first(ticket_id)
        if ticket is not None and is_accessible(access, ticket):
            return remember_thread_read_with(ticket)
    raise NotFound(_("No such ticket."), code="ticket_not_found")


def require(actor: Actor, permission: str | None, ticket: Ticket) -> None:
    """Raise NotFound unless the actor may see the ticket, PermissionRefused without the permission."""
    if can(actor, permission, ticket):
        return
    if permission is not None and can(actor, None, ticket):
        raise PermissionRefused(_("Permission denied"), code="permission_denied")
    raise NotFound(_("No such ticket."), code="ticket_not_found")

"""Who keeps drafts on tickets, and under which names (`helpdesk.threads.drafts`; osticket/tickets.md §15.4)."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest

from helpdesk.legacy.ids import LARGEST_ID
from helpdesk.people.access import AgentAccess
from helpdesk.threads.drafts import register_drafts
from tickets.models import Ticket
from tickets.visitors import visitor_of

ON_A_TICKET = (r"ticket\.(?:response|note)\.([1-9]\d{0,9})", r"ticket\.([1-9]\d{0,9})\.task")
OF_ANY_AGENT = r"ticket\.staff(?:\.(?:response|note))?"
OF_END_USERS = r"ticket\.client\.([1-9]\d{0,9})"


def register_namespaces() -> None:
    """Let agents keep replies, notes and new tickets, and end users their messages."""
    for pattern in ON_A_TICKET:
        register_drafts(pattern, _agent_on_ticket)
    register_drafts(OF_ANY_AGENT, _agent)
    register_drafts(OF_END_USERS, _user_on_ticket)


def _agent(request: HttpRequest, groups: Sequence[str]) -> int | None:
    access: AgentAccess | None = getattr(request, "access", None)
    return access.agent.pk if access is not None else None


def _agent_on_ticket(request: HttpRequest, groups: Sequence[str]) -> int | None:
    access: AgentAccess | None = getattr(request, "access", None)
    ticket_id = int(groups[0])
    if access is None or ticket_id > LARGEST_ID:
        return None
    return access.agent.pk if Ticket.objects.accessible_to(access).filter(pk=ticket_id).exists() else None


def _user_on_ticket(request: HttpRequest, groups: Sequence[str]) -> int | None:
    if hasattr(request, "access"):
        return None
    visitor, ticket_id = visitor_of(request), int(groups[0])
    if visitor is None or ticket_id > LARGEST_ID or not visitor.tickets().filter(pk=ticket_id).exists():
        return None
    return visitor.user.pk

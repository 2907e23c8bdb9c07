"""The tasks of a ticket, for its page: tickets know nothing of tasks."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from helpdesk.people.access import AgentAccess
from tasks.policies import may_create_on
from tasks.tasks_of_ticket import tasks_of_ticket
from tickets.models import Ticket

register = template.Library()


@register.inclusion_tag("tasks/agent/_of_ticket.html", takes_context=True)
def ticket_tasks(context: dict[str, Any], ticket: Ticket) -> dict[str, Any]:
    """Show the tasks of the ticket to the agent of the page, and the way to a new one."""
    request = context["request"]
    access: AgentAccess = request.access
    return {
        "tasks": tasks_of_ticket(access, ticket, now=timezone.now()),
        "request": request,
        "csrf_token": context.get("csrf_token"),
    }


@register.simple_tag(takes_context=True)
def may_add_tasks(context: dict[str, Any], ticket: Ticket) -> bool:
    """Tell whether the agent of the page may make tasks of what is written on the ticket."""
    return may_create_on(context["request"].access, ticket)

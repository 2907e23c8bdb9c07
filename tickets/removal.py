"""What becomes of tickets and topics when people or SLA plans are deleted (osticket/tickets.md §15.7)."""

from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import PermissionRefused
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, EndUser, Team
from helpdesk.people.permissions import RolePermission
from sla.models import SlaPlan
from tickets.intake import forget_intake
from tickets.models import HelpTopic, Ticket
from tickets.navigation import forget_counts
from tickets.policies import can
from tickets.services.deletion import delete_ticket


def release_department(department: Department, default: Department) -> None:
    """Move its tickets to the default department; topics fall back to the default as well."""
    Ticket.objects.filter(dept=department).update(dept=default)
    HelpTopic.objects.filter(dept=department).update(dept=None)
    forget_counts()


def release_agent(agent: Agent) -> None:
    """Leave the agent's tickets, closed ones too, to nobody."""
    Ticket.objects.filter(staff=agent).update(staff=None)
    HelpTopic.objects.filter(staff=agent).update(staff=None)
    forget_counts()


def release_team(team: Team) -> None:
    """Leave the team's tickets to no team."""
    Ticket.objects.filter(team=team).update(team=None)
    HelpTopic.objects.filter(team=team).update(team=None)
    forget_counts()


def release_plan(plan: SlaPlan, default: SlaPlan) -> None:
    """Give its tickets the default plan, their due dates as they are; topics choose anew."""
    Ticket.objects.filter(sla=plan).update(sla=default)
    HelpTopic.objects.filter(sla=plan).update(sla=None)
    forget_intake()


def count_tickets(user: EndUser) -> int:
    """Give how many tickets a user owns."""
    return Ticket.objects.filter(user=user).count()


def check_tickets_deletable(user: EndUser, actor: Actor) -> None:
    """Raise PermissionRefused unless the actor may delete every ticket of the user; nothing is deleted yet."""
    for ticket in Ticket.objects.filter(user=user).select_related("status").iterator():
        if not can(actor, RolePermission.TICKET_DELETE, ticket):
            raise PermissionRefused(
                _("You do not have permission to delete Ticket #%(number)s.") % {"number": ticket.number},
                code="permission_denied",
            )


def delete_tickets(user: EndUser, actor: Actor) -> None:
    """Delete the tickets of a user, each in a transaction of its own."""
    for ticket in list(Ticket.objects.filter(user=user).order_by("pk")):
        delete_ticket(ticket, actor=actor)

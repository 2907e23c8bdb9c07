"""How a new ticket gets its department, status, priority, assignees and SLA (osticket/tickets.md §6.1 step 10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpdesk import configuration
from helpdesk.people.constants import DepartmentFlag, OrganizationFlag
from helpdesk.people.models import Agent, Department, Organization, Team
from helpdesk.people.selectors import organization_of_address
from sla.models import SlaPlan
from tickets.assignees import manager_of
from tickets.constants import TicketSource, TicketState
from tickets.filled_forms import is_active
from tickets.intake import by_id, intake
from tickets.models import HelpTopic, TicketPriority, TicketStatus
from tickets.statuses import default_status

if TYPE_CHECKING:
    from tickets.new_ticket import NewTicket


@dataclass(frozen=True)
class Route:
    """The resolved values of a new ticket. `sla` may be a plan that is switched off, as in osTicket."""

    topic: HelpTopic | None
    department: Department | None
    status: TicketStatus
    priority: TicketPriority | None
    agent: Agent | None
    team: Team | None
    sla: SlaPlan | None
    source: TicketSource


def resolve(new: NewTicket) -> Route:
    """Give the values of the first place in each order that has one (osticket/routing.md §5)."""
    topic = topic_of(new)
    department = _department(new, topic)
    agent, team = _assignees(new, topic)
    return Route(
        topic=topic,
        department=department,
        status=_status(new, topic),
        priority=_priority(new, topic),
        agent=agent,
        team=team,
        sla=_sla(new, topic, department),
        source=TicketSource.EMAIL if new.mailbox else new.source or TicketSource.WEB,
    )


def topic_of(new: NewTicket) -> HelpTopic | None:
    """Give the help topic: the given one, that of the mailbox if it is switched on, the one of the settings."""
    return new.topic or _topic_of_mailbox(new) or by_id(intake().topics, _setting("default_help_topic"))


def account_manager(organization: Organization | None) -> Agent | Team | None:
    """Give the agent or team that gets the new tickets of an organization, None without that setting."""
    if organization is None or not organization.status & OrganizationFlag.ASSIGN_ACCOUNT_MANAGER:
        return None
    return manager_of(organization)


def _topic_of_mailbox(new: NewTicket) -> HelpTopic | None:
    topic: HelpTopic | None = by_id(intake().topics, new.mailbox.topic_id) if new.mailbox else None
    return topic if topic is not None and is_active(topic) else None


def _department(new: NewTicket, topic: HelpTopic | None) -> Department | None:
    default: Department | None = by_id(intake().departments, _setting("default_dept_id"))
    chosen = new.department
    if new.mailbox is not None:
        chosen = chosen or new.mailbox.dept
        if chosen is not None and not chosen.flags & DepartmentFlag.ACTIVE:
            return default
    return chosen or (topic.dept if topic else None) or default


def _status(new: NewTicket, topic: HelpTopic | None) -> TicketStatus:
    wanted = new.status or (topic.status if topic and "status" not in new.gone else None)
    if wanted is not None and wanted.state in {TicketState.OPEN, TicketState.CLOSED}:
        return wanted
    return default_status()


def _priority(new: NewTicket, topic: HelpTopic | None) -> TicketPriority | None:
    priorities = intake().priorities
    answered = by_id(priorities, new.answers.get("priority"))
    mailbox = by_id(priorities, new.mailbox.priority_id) if new.mailbox else None
    of_topic = topic.priority if topic else None
    found: TicketPriority | None = answered or new.priority or mailbox or of_topic
    return found or by_id(priorities, _setting("default_priority_id"))


def _assignees(new: NewTicket, topic: HelpTopic | None) -> tuple[Agent | None, Team | None]:
    """The topic's team counts only when its agent did not; the account manager only where nobody is set yet.

    Who is named and does not exist keeps all others out as well. Somebody new will belong to the organization with the
    domain of the address.
    """
    names_agent = new.agent is not None or "agent" in new.gone
    names_team = new.team is not None or "team" in new.gone
    of_topic = topic.staff if topic and not names_agent else None
    agent = new.agent or of_topic
    team = new.team or (topic.team if topic and not names_team and of_topic is None else None)
    manager = account_manager(new.user.org if new.user else organization_of_address(new.email))
    if isinstance(manager, Agent) and not names_agent:
        agent = agent or manager
    if isinstance(manager, Team) and not names_team:
        team = team or manager
    return agent, team


def _sla(new: NewTicket, topic: HelpTopic | None, department: Department | None) -> SlaPlan | None:
    explicit = new.sla or (topic.sla if topic else None)
    if explicit is not None:
        return explicit
    plans = intake().plans
    of_department: SlaPlan | None = by_id(plans, department.sla_id) if department else None
    return of_department or by_id(plans, _setting("default_sla_id"))


def _setting(key: str) -> int:
    return configuration.current().integer(key)

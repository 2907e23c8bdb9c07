"""How a new ticket gets its department, status, priority, assignees and SLA (osticket/tickets.md §6.1 step 10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import Model

from helpdesk import configuration
from helpdesk.people.constants import DepartmentFlag, OrganizationFlag
from helpdesk.people.models import Agent, Department, Organization, Team
from sla.models import SlaPlan
from tickets.constants import TicketSource, TicketState, TopicFlag
from tickets.models import HelpTopic, TicketPriority, TicketStatus
from tickets.statuses import default_status

if TYPE_CHECKING:
    from tickets.services.creation import NewTicket


Row = TypeVar("Row", bound=Model)


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
    topic = new.topic or _topic_of_mailbox(new) or _by_id(HelpTopic, _setting("default_help_topic"))
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


def account_manager(organization: Organization | None) -> Agent | Team | None:
    """Give the agent or team that gets the new tickets of an organization, None without that setting."""
    if organization is None or not organization.status & OrganizationFlag.ASSIGN_ACCOUNT_MANAGER:
        return None
    kind, number = organization.manager[:1], organization.manager[1:]
    if kind == "s":
        return _by_id(Agent, number)
    return _by_id(Team, number) if kind == "t" else None


def _topic_of_mailbox(new: NewTicket) -> HelpTopic | None:
    topic = _by_id(HelpTopic, new.mailbox.topic_id) if new.mailbox else None
    return topic if topic is not None and (topic.flags or 0) & TopicFlag.ACTIVE else None


def _department(new: NewTicket, topic: HelpTopic | None) -> Department | None:
    default_id = _setting("default_dept_id")
    chosen = new.department
    if new.mailbox is not None:
        chosen = chosen or new.mailbox.dept
        if chosen is not None and not chosen.flags & DepartmentFlag.ACTIVE:
            return _by_id(Department, default_id)
    return chosen or (topic.dept if topic else None) or _by_id(Department, default_id)


def _status(new: NewTicket, topic: HelpTopic | None) -> TicketStatus:
    wanted = new.status or (topic.status if topic else None)
    if wanted is not None and wanted.state in {TicketState.OPEN, TicketState.CLOSED}:
        return wanted
    return default_status()


def _priority(new: NewTicket, topic: HelpTopic | None) -> TicketPriority | None:
    answered = _by_id(TicketPriority, new.answers.get("priority"))
    mailbox = _by_id(TicketPriority, new.mailbox.priority_id) if new.mailbox else None
    of_topic = topic.priority if topic else None
    return answered or new.priority or mailbox or of_topic or _by_id(TicketPriority, _setting("default_priority_id"))


def _assignees(new: NewTicket, topic: HelpTopic | None) -> tuple[Agent | None, Team | None]:
    """The topic's team counts only when its agent did not; the account manager only where nobody is set yet."""
    agent = new.agent or (topic.staff if topic else None)
    team = new.team or (topic.team if topic and (new.agent or agent is None) else None)
    manager = account_manager(new.user.org if new.user else None)
    if isinstance(manager, Agent):
        agent = agent or manager
    if isinstance(manager, Team):
        team = team or manager
    return agent, team


def _sla(new: NewTicket, topic: HelpTopic | None, department: Department | None) -> SlaPlan | None:
    explicit = new.sla or (topic.sla if topic else None)
    if explicit is not None:
        return explicit
    of_department: SlaPlan | None = _by_id(SlaPlan, department.sla_id) if department else None
    default: SlaPlan | None = of_department or _by_id(SlaPlan, _setting("default_sla_id"))
    return default


def _setting(key: str) -> int:
    return configuration.current().integer(key)


def _by_id(model: type[Row], key: Any) -> Row | None:
    """Give the row with this id; None for 0, None, what is no number, and ids without row."""
    text = str(key or "")
    if not (text.isascii() and text.isdecimal()) or int(text) == 0:
        return None
    return model._default_manager.filter(pk=int(text)).first()

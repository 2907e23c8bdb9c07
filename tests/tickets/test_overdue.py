"""Marking tickets as overdue (osticket/tickets.md §11.2)."""

from datetime import UTC, datetime

import pytest

from helpdesk.legacy.errors import NotFound, PermissionRefused
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, EndUser
from helpdesk.threads.models import ThreadEvent
from tickets.models import HelpTopic, Ticket, TicketStatus
from tickets.services import NewTicket, Origin, create_ticket, mark_overdue

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)


@pytest.fixture
def ticket() -> Ticket:
    new = NewTicket(
        origin=Origin.WEB,
        message="<p>Help</p>",
        subject="Help",
        email="eve@x.example",
        topic=HelpTopic.objects.get(topic="Feedback"),
    )
    return create_ticket(new, actor=Actor.for_user(EndUser(name="Eve")))


def events(ticket: Ticket) -> list[ThreadEvent]:
    return list(ThreadEvent.objects.filter(thread__object_id=ticket.pk, event__name="overdue"))


def test_the_system_marks_an_open_ticket_once(ticket: Ticket) -> None:
    assert mark_overdue(ticket, actor=Actor.system(), now=NOW)
    assert not mark_overdue(ticket, actor=Actor.system(), now=NOW)
    ticket.refresh_from_db()
    assert ticket.isoverdue
    [event] = events(ticket)
    assert (event.timestamp, event.data, event.username, event.annulled) == (NOW, None, "SYSTEM", False)


def test_closed_tickets_stay_as_they_are(ticket: Ticket) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(status=TicketStatus.objects.get(name="Closed"))
    assert not mark_overdue(ticket, actor=Actor.system(), now=NOW)
    assert not events(ticket)


def test_the_manager_of_the_department_may_a_colleague_may_not_and_a_stranger_sees_nothing(ticket: Ticket) -> None:
    manager, colleague, stranger = (
        Agent.objects.create(username=name, dept_id=dept, role_id=1)
        for name, dept in (("mia", 1), ("cleo", 1), ("sam", 3))
    )
    Department.objects.filter(pk=1).update(manager=manager)
    with pytest.raises(PermissionRefused):
        mark_overdue(ticket, actor=Actor.for_agent(colleague), now=NOW)
    with pytest.raises(NotFound):
        mark_overdue(ticket, actor=Actor.for_agent(stranger), now=NOW)
    assert mark_overdue(ticket, actor=Actor.for_agent(manager), now=NOW)

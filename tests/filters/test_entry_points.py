"""A rejection and a broken filter at every door: web, agents, programs, mails."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from filters.ban_list import ban
from helpdesk.configuration.models import SystemLogEntry
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser
from sla.constants import ScheduleFlag
from sla.health import schedules
from sla.models import Schedule, SlaPlan
from tests.api.conftest import Send, api_key, send, ticket_document
from tests.factories import AgentFactory
from tests.filters.making import make_filter
from tests.sign_in import agent_client
from tickets.health import queues
from tickets.models import HelpTopic, Queue, Ticket

__all__ = ["api_key", "send"]
pytestmark = pytest.mark.django_db
REFUSAL = "This help desk is for use by authorized users only"
MAIL = b"From: Jo <jo@customer.test>\nTo: support@acme.test\nSubject: Buy now\nMessage-ID: <1@x>\n\nCheap.\n"


def submit(client: Client, page: str, **values: Any) -> Any:
    """Fill in the form of a page and send it."""
    shown = client.get(page).content.decode()
    names = re.findall(r'name="([^"]+)"', shown)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)"[^>]*value="([^"]*)"', shown))
    known = {name: value for name, value in values.items() if name in names}
    return client.post(page, {**hidden, **known})


def portal(client: Client) -> Any:
    topic = HelpTopic.objects.get(topic="Feedback")
    fields = {"email": "jo@customer.test", "name": "Jo", "field-1": "jo@customer.test", "field-2": "Jo"}
    fields |= {"field-20": "Buy now", "field-21": "Cheap.", "topic": str(topic.pk)}
    return submit(client, f"/tickets/new/?topicId={topic.pk}", **fields)


def test_a_rejection_reads_the_same_for_people_programs_and_mails(client: Client, send: Send) -> None:
    make_filter(("field.20", "contains", "buy"), actions={"reject": []}, name="Spam")
    for answer, status in (
        (portal(client), 403),
        (send(ticket_document(subject="Buy now")), 403),
        (send(MAIL, "/api/tickets.email"), 403),
    ):
        assert answer.status_code == status
        assert REFUSAL in answer.content.decode()
    assert not Ticket.objects.exists()


def test_a_broken_filter_keeps_nothing_out(client: Client, send: Send) -> None:
    rules = ("field.20", "match", "/b(uy/"), ("field.20", "not_match", "/b(uy/")
    make_filter(*rules, actions={"dept": {"dept_id": 99}, "agent": {"staff_id": 99}, "status": {"status_id": 99}})
    assert portal(client).status_code == 302
    assert send(ticket_document(subject="Buy now")).status_code == 201
    assert send(MAIL, "/api/tickets.email").status_code == 201
    assert Ticket.objects.count() == 3


def test_a_schedule_without_entries_and_a_queue_of_a_field_that_is_gone_keep_nothing_out(
    client: Client, send: Send
) -> None:
    empty = Schedule.objects.create(name="Nobody works", flags=ScheduleFlag.BUSINESS_HOURS)
    SlaPlan.objects.update(schedule_id=empty.pk)
    Queue.objects.filter(pk=1).update(config=[["cdata__gone", "set", None]])
    assert portal(client).status_code == 302
    assert send(ticket_document(subject="Buy now")).status_code == 201
    assert send(MAIL, "/api/tickets.email").status_code == 201
    assert Ticket.objects.count() == 3
    found: tuple[Any, ...] = schedules(timezone.now()), queues(timezone.now())
    said = [finding.sentence for findings in found for finding in findings]
    assert any("Nobody works" in text for text in said)
    assert any("cdata__gone" in text for text in said)


def test_agents_are_told_that_an_address_is_banned(db: None) -> None:
    from helpdesk.legacy.errors import PermissionRefused
    from tickets.constants import TicketSource
    from tickets.new_ticket import NewTicket, Origin
    from tickets.services.opening import open_for_user

    ban("jo@customer.test", actor=Actor.system())
    agent = AgentFactory.new()
    new = NewTicket(
        origin=Origin.STAFF,
        source=TicketSource.PHONE,
        email="jo@customer.test",
        name="Jo",
        subject="Buy now",
        message="Cheap.",
        topic=HelpTopic.objects.get(topic="Feedback"),
    )
    with pytest.raises(PermissionRefused, match=REFUSAL):
        open_for_user(new, actor=Actor.for_agent(agent), collaborators=["friend@customer.test"])
    (line,) = SystemLogEntry.objects.filter(title="Ticket denied")
    assert line.log == 'Ticket rejected (jo@customer.test) by filter "SYSTEM BAN LIST"'
    assert not EndUser.objects.filter(default_email__address__in=["jo@customer.test", "friend@customer.test"]).exists()
    assert agent_client(agent).get("/scp/tickets/new/").status_code == 200


def test_a_long_ban_list_is_ready_at_once() -> None:
    from filters.matching import FilterRow, RuleRow, ready
    from tickets.filter_world import KnownRows

    rules = [RuleRow("email", "equal", f"spam{number}@bad.test") for number in range(20_000)]
    for match_all in (False, True):
        one = ready(FilterRow(1, "SYSTEM BAN LIST", match_all=match_all, rules=rules), KnownRows())
        assert one.matches({"email": "SPAM19999@bad.test"}) is not match_all
        assert [problem.kind.value for problem in one.problems] == (["never matches"] if match_all else [])

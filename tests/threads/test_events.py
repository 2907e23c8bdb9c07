"""Events: who is in which column, what annuls what (osticket/tickets.md §2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from helpdesk.legacy.fields import encode_php_json
from helpdesk.people.actor import Actor
from helpdesk.people.models import UserAccount
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.events import event_id, forget_event_ids
from helpdesk.threads.models import Event, Thread, ThreadEvent
from helpdesk.threads.services import EventFacts, create_thread, record_event
from tests.factories import AgentFactory, EndUserFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FACTS = EventFacts(dept_id=1, topic_id=10)


@pytest.fixture
def thread() -> Thread:
    return create_thread(ObjectType.TICKET, 7, now=NOW)


def test_unassigned_ticket_carries_the_acting_agent(thread: Thread) -> None:
    agent = AgentFactory.new()
    record_event(thread, "edited", actor=Actor.for_agent(agent), facts=FACTS, now=NOW, data={"status": 6})
    event = ThreadEvent.objects.get()
    assert (event.thread_type, event.event.name if event.event else "", event.timestamp) == ("T", "edited", NOW)
    assert (event.staff_id, event.dept_id, event.team_id, event.topic_id) == (agent.pk, 1, None, 10)
    assert (event.username, event.uid, event.uid_type, event.data) == (agent.username, agent.pk, "S", {"status": 6})


def test_assigned_ticket_carries_its_agent(thread: Thread) -> None:
    agent, owner = AgentFactory.new(), AgentFactory.new()
    facts = EventFacts(dept_id=1, staff_id=owner.pk, team_id=1)
    event = record_event(thread, "closed", actor=Actor.for_agent(agent), facts=facts, now=NOW)
    event.refresh_from_db()
    assert (event.staff_id, event.team_id, event.uid) == (owner.pk, 1, agent.pk)


def test_task_never_carries_the_acting_agent(thread: Thread) -> None:
    facts = EventFacts(dept_id=1, object_type=ObjectType.TASK)
    event = record_event(thread, "created", actor=Actor.for_agent(AgentFactory.new()), facts=facts, now=NOW)
    event.refresh_from_db()
    assert (event.staff_id, event.topic_id, event.thread_type) == (None, 0, "A")


def test_names_of_end_users(thread: Thread) -> None:
    """A guest is known by the address, who has an account by the name."""
    guest, member = EndUserFactory.new(name="Gus", address="gus@x.test"), EndUserFactory.new(name="Mia Member")
    UserAccount.objects.create(user=member)
    events = [record_event(thread, "edited", actor=Actor.for_user(u), facts=FACTS, now=NOW) for u in (guest, member)]
    assert [(e.username, e.uid, e.uid_type) for e in events] == [
        ("gus@x.test", guest.pk, "U"),
        ("Mia Member", member.pk, "U"),
    ]


def test_names_of_the_system_and_of_keys(thread: Thread) -> None:
    actors = [Actor.system(), Actor.system("Ticket Filter"), Actor.for_api_key("shop")]
    events = [record_event(thread, "edited", actor=actor, facts=FACTS, now=NOW) for actor in actors]
    assert [(e.username, e.uid, e.uid_type) for e in events] == [
        ("SYSTEM", None, "S"),
        ("Ticket Filter", None, "S"),
        ("SYSTEM", None, "S"),
    ]


def test_annulling_touches_earlier_events_of_that_name_in_this_thread(thread: Thread) -> None:
    other = create_thread(ObjectType.TICKET, 8, now=NOW)
    for where, name in ((thread, "closed"), (thread, "overdue"), (other, "closed")):
        record_event(where, name, actor=Actor.system(), facts=FACTS, now=NOW)
    record_event(thread, "reopened", actor=Actor.system(), facts=FACTS, now=NOW + timedelta(1), annul="closed")
    annulled = ThreadEvent.objects.filter(annulled=True)
    assert [(e.thread_id, e.event_id) for e in annulled] == [(thread.pk, event_id("closed"))]


def test_long_texts_are_cut_until_the_column_holds_them(thread: Thread) -> None:
    data = {"add": {str(n): {"name": "ä" * 300} for n in range(5)}}
    event = record_event(thread, "collab", actor=Actor.system(), facts=FACTS, now=NOW, data=data)
    event.refresh_from_db()
    stored: dict[str, dict[str, object]] = event.data  # type: ignore[assignment]
    assert set(stored["add"]) == {"0", "1", "2", "3", "4"}
    assert len(encode_php_json(stored)) <= 1024


def test_unknown_event_names_get_a_row() -> None:
    """An installation may lack a name; the id is looked up by name, never assumed."""
    forget_event_ids()
    assert event_id("snoozed") == Event.objects.get(name="snoozed").pk
    assert event_id("closed") == Event.objects.get(name="closed").pk

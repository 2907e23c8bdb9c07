"""Help topics as administrators keep them (osticket/routing.md §2, osticket/tickets.md §15.7)."""

from __future__ import annotations

from typing import Any

import pytest

from helpdesk.configuration.services import set_setting
from helpdesk.knowledge.models import Faq, FaqCategory, FaqTopic
from helpdesk.legacy.errors import Conflict, DomainError, NotFound, PermissionRefused, ValidationFailed
from helpdesk.mail.models import EmailAddress
from helpdesk.people.actor import Actor
from tests.factories import AgentFactory, HelpTopicFactory, TeamFactory, new_ticket
from tickets.constants import TopicFlag
from tickets.models import HelpTopic, HelpTopicForm, Ticket
from tickets.services.help_topics import TopicDraft, delete_topic, store_topic

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()


def make(**values: Any) -> HelpTopic:
    return store_topic(TopicDraft(**{"name": "Printers", **values}), actor=SYSTEM)


def test_a_new_topic_asks_for_the_ticket_form() -> None:
    topic = make()
    stored = HelpTopic.objects.get(pk=topic.pk)
    assert (stored.topic, int(stored.flags or 0), stored.ispublic, stored.noautoresp) == ("Printers", 2, True, False)
    assert [(row.form.type, row.extra) for row in HelpTopicForm.objects.filter(topic=topic) if row.form] == [
        ("T", {"disable": []})
    ]


def test_names_are_unique_below_one_parent() -> None:
    parent = make(name="Hardware")
    make(parent_id=parent.pk)
    make()
    with pytest.raises(ValidationFailed, match="Topic already exists"):
        make(name="PRINTERS")
    with pytest.raises(ValidationFailed) as refusal:
        make(name="Four")
    assert refusal.value.field == "name"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"parent_id": 4_000_000}, "parent"),
        ({"department_id": 4_000_000}, "department"),
        ({"status_id": 4_000_000}, "status"),
        ({"priority_id": 4_000_000}, "priority"),
        ({"sla_id": 4_000_000}, "sla"),
        ({"page_id": 4_000_000}, "page"),
        ({"agent_id": 4_000_000}, "agent"),
        ({"team_id": 4_000_000}, "team"),
        ({"agent_id": 1, "team_id": 1}, "team"),
        ({"number_format": "no digits"}, "number_format"),
        ({"number_format": "##", "sequence_id": 4_000_000}, "sequence"),
        ({"name": "x" * 129}, "name"),
        ({"name": " "}, "name"),
    ],
)
def test_bad_input_names_its_field(values: dict[str, Any], field: str) -> None:
    before = HelpTopic.objects.count()
    with pytest.raises(DomainError) as refusal:
        make(**values)
    assert (refusal.value.field, HelpTopic.objects.count()) == (field, before)


def test_no_topic_lies_below_itself() -> None:
    top = make(name="Hardware")
    below = make(parent_id=top.pk)
    for parent in (top, below):
        with pytest.raises(Conflict) as refusal:
            store_topic(TopicDraft(name="Hardware", parent_id=parent.pk), actor=SYSTEM, topic=top)
        assert refusal.value.code == "topic_below_itself"


def test_agent_and_team_take_each_others_place() -> None:
    agent, team = AgentFactory.new(), TeamFactory.new()
    topic = make(agent_id=agent.pk)
    store_topic(TopicDraft(name="Printers", team_id=team.pk), actor=SYSTEM, topic=topic)
    stored = HelpTopic.objects.get(pk=topic.pk)
    assert (stored.staff_id, stored.team_id) == (None, team.pk)


def test_numbers_of_its_own_and_bits_of_others() -> None:
    topic = make(number_format="P####", sequence_id=1)
    assert int(topic.flags or 0) == int(TopicFlag.ACTIVE | TopicFlag.CUSTOM_NUMBERS)
    HelpTopic.objects.filter(pk=topic.pk).update(flags=0x13)
    store_topic(TopicDraft(name="Printers", state=TopicFlag.ARCHIVED), actor=SYSTEM, topic=topic)
    assert int(HelpTopic.objects.get(pk=topic.pk).flags or 0) == 0x14


def test_what_is_gone_may_stay_as_it_is() -> None:
    topic = HelpTopicFactory.new(topic="Printers", staff_id=4_000_000)
    store_topic(TopicDraft(name="Scanners", agent_id=4_000_000), actor=SYSTEM, topic=topic)
    assert HelpTopic.objects.get(pk=topic.pk).staff_id == 4_000_000


def test_the_last_active_and_the_last_public_topic_stay() -> None:
    topic = make()
    HelpTopic.objects.exclude(pk=topic.pk).delete()
    for values, code in (({"state": TopicFlag(0)}, "last_active_topic"), ({"is_public": False}, "last_public_topic")):
        with pytest.raises(Conflict) as refusal:
            store_topic(TopicDraft(name="Printers", **values), actor=SYSTEM, topic=topic)
        assert refusal.value.code == code
    with pytest.raises(Conflict):
        delete_topic(topic, actor=SYSTEM)


def test_the_default_topic_stays() -> None:
    topic = make()
    set_setting("core", "default_help_topic", topic.pk, SYSTEM)
    with pytest.raises(Conflict) as refusal:
        delete_topic(topic, actor=SYSTEM)
    assert refusal.value.code == "topic_is_default"
    with pytest.raises(Conflict):
        store_topic(TopicDraft(name="Printers", state=TopicFlag(0)), actor=SYSTEM, topic=topic)
    assert HelpTopic.objects.filter(pk=topic.pk).exists()


def test_deleting_lets_go_of_everything() -> None:
    topic = make()
    below = make(name="Laser printers", parent_id=topic.pk)
    tickets = [new_ticket(topic=topic), new_ticket(topic=topic, closed=True)]
    EmailAddress.objects.update(topic_id=topic.pk)
    category = FaqCategory.objects.create(name="x")
    FaqTopic.objects.create(faq=Faq.objects.create(category=category, question="?", answer="!"), topic_id=topic.pk)
    number = topic.pk
    delete_topic(topic, actor=SYSTEM)
    assert not Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets], topic__isnull=False).exists()
    assert HelpTopic.objects.get(pk=below.pk).parent_id is None
    assert not EmailAddress.objects.filter(topic_id=number).exists()
    assert not FaqTopic.objects.filter(topic_id=number).exists()
    assert not HelpTopicForm.objects.filter(topic_id=number).exists()
    with pytest.raises(NotFound):
        delete_topic(below.__class__(pk=number), actor=SYSTEM)


def test_administrators_only() -> None:
    topic = make()
    agent = Actor.for_agent(AgentFactory.new())
    for refused in (
        lambda: store_topic(TopicDraft(name="Another"), actor=agent),
        lambda: delete_topic(topic, actor=agent),
    ):
        with pytest.raises(PermissionRefused):
            refused()

"""Opening tickets (osticket/tickets.md §6.1, osticket/routing.md §5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from filters.ban_list import ban
from helpdesk.configuration.models import SystemLogEntry
from helpdesk.configuration.services import set_setting
from helpdesk.files.models import Attachment
from helpdesk.forms import cdata
from helpdesk.forms.constants import FieldFlag
from helpdesk.forms.models import Form, FormAnswer, FormEntry, FormField
from helpdesk.legacy.errors import Conflict, DomainError, PermissionRefused
from helpdesk.mail.models import EmailAddress
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentFlag, OrganizationFlag, UserFlag
from helpdesk.people.models import EndUser
from helpdesk.threads.bodies import NewFile
from helpdesk.threads.constants import EntryFlag, EntryType
from helpdesk.threads.models import Collaborator, Thread, ThreadEvent
from sla.models import SlaPlan
from tests.factories import (
    OPENED_AT,
    AgentFactory,
    DepartmentFactory,
    EndUserFactory,
    HelpTopicFactory,
    OrganizationFactory,
    RoleFactory,
    TeamFactory,
    new_task,
    open_status,
    resolved_status,
)
from tests.tickets.conftest import Desk, entries, events, fresh
from tickets.constants import TicketSource, TicketState, TopicFlag
from tickets.filled_forms import Part, TicketInvalid
from tickets.models import HelpTopic, HelpTopicForm, Sequence, Ticket, TicketPriority, TicketStatus
from tickets.services import NewTicket, Origin, ReplyTo, create_ticket
from tickets.signals import ticket_created
from tickets.states import thread_of

pytestmark = pytest.mark.django_db


def create(actor: Actor | None = None, **values: Any) -> Ticket:
    given: dict[str, Any] = {
        "origin": Origin.API,
        "source": TicketSource.API,
        "email": "jo@customer.test",
        "name": "Jo Doe",
        "subject": "New laptop request",
        "message": "<p>Please.</p>",
        **values,
    }
    return fresh(create_ticket(NewTicket(**given), actor=actor or Actor.system(), now=OPENED_AT))


class TestRows:
    """What a plain ticket of the API leaves behind; the recorded case `create-api-basic`."""

    def test_ticket(self) -> None:
        ticket = create(ip_address="198.51.100.7")
        user = EndUser.objects.get(name="Jo Doe")
        assert ticket.number is not None
        assert (len(ticket.number), ticket.number.isdigit(), ticket.user_id) == (6, True, user.pk)
        assert (ticket.status_id, ticket.dept_id, ticket.sla_id, ticket.topic_id) == (1, 1, 1, None)
        assert (ticket.staff_id, ticket.team_id, ticket.source, ticket.ip_address) == (
            None,
            None,
            "API",
            "198.51.100.7",
        )
        assert {ticket.created, ticket.updated, ticket.lastupdate} == {OPENED_AT}
        assert (ticket.isanswered, ticket.isoverdue, ticket.flags) == (False, False, 0)
        # Monday 9:00 and 18 hours of 8:00 to 17:00.
        assert ticket.est_duedate == OPENED_AT + timedelta(days=2)

    def test_thread_message_and_event(self) -> None:
        ticket = create(ip_address="198.51.100.7")
        thread, (entry,) = Thread.objects.get(object_id=ticket.pk), entries(ticket)
        assert (thread.object_type, thread.lastmessage, thread.created) == ("T", OPENED_AT, OPENED_AT)
        assert (entry.type, entry.flags, entry.poster, entry.source) == (EntryType.MESSAGE, 65, "Jo Doe", "API")
        assert (entry.title, entry.body, entry.format) == ("New laptop request", "<p>Please.</p>", "html")
        assert (entry.recipients, entry.ip_address, entry.user_id) == (None, "198.51.100.7", ticket.user_id)
        event = ThreadEvent.objects.get(thread=thread)
        assert (event.username, event.uid, event.uid_type, event.staff_id, event.dept_id) == (
            "SYSTEM",
            ticket.user_id,
            "U",
            None,
            1,
        )

    def test_answers_and_cdata(self) -> None:
        ticket = create()
        entry = FormEntry.objects.get(object_type="T", object_id=ticket.pk)
        assert (entry.form_id, entry.sort, entry.extra) == (2, 1, None)
        answers = FormAnswer.objects.filter(entry=entry).values_list("field_id", "value", "value_id")
        assert set(answers) == {(20, "New laptop request", None), (22, "Normal", 2)}
        assert cdata.fetch("T", [ticket.pk]) == {ticket.pk: {"subject": "New laptop request", "priority": "2"}}

    def test_forms_of_the_topic_in_their_places(self) -> None:
        topic, extra = HelpTopicFactory.new(), Form.objects.create(title="Details", type="G")
        asked = FormField.objects.create(form=extra, label="Room", name="room", sort=1, flags=FieldFlag.ENABLED)
        HelpTopicForm.objects.create(topic=topic, form=extra, sort=1, extra={"disable": [asked.pk]})
        HelpTopicForm.objects.create(topic=topic, form_id=2, sort=2, extra={"disable": []})
        ticket = create(topic=topic, answers={"room": "12"})
        found = FormEntry.objects.filter(object_id=ticket.pk, object_type="T").order_by("sort")
        assert [(e.form_id, e.sort, e.extra) for e in found] == [
            (extra.pk, 0, {"disable": [asked.pk]}),
            (2, 1, {"disable": []}),
        ]
        assert FormAnswer.objects.get(field=asked).value == "12"

    def test_attachments_and_inline_images(self) -> None:
        ticket = create(
            message='<p><img src="cid:shot"></p>',
            files=[
                NewFile("shot.png", b"\x89PNG\r\n\x1a\n", media_type="image/png", content_id="shot"),
                NewFile("log.txt", b"log"),
            ],
        )
        attached = Attachment.objects.filter(object_id=entries(ticket)[0].pk, type="H").order_by("id")
        assert [a.inline for a in attached] == [True, False]

    def test_signal(self, django_capture_on_commit_callbacks: Any) -> None:
        seen = []

        def receive(**values: Any) -> None:
            seen.append((values["ticket"].pk, values["entry"].flags & EntryFlag.ORIGINAL_MESSAGE))

        ticket_created.connect(receive)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                ticket = create()
        finally:
            ticket_created.disconnect(receive)
        assert seen == [(ticket.pk, EntryFlag.ORIGINAL_MESSAGE)]


class TestSubject:
    @pytest.fixture
    def optional(self) -> None:
        """Let the subject be left out."""
        subject = FormField.objects.get(pk=20)
        subject.flags = (subject.flags or FieldFlag(0)) & ~(FieldFlag.CLIENT_REQUIRED | FieldFlag.AGENT_REQUIRED)
        subject.save()

    def test_empty_subject_becomes_the_name_of_the_topic(self, optional: None) -> None:
        parent = HelpTopicFactory.new(topic="Something broke")
        ticket = create(subject="", topic=HelpTopicFactory.new(topic="Access", parent=parent))
        assert entries(ticket)[0].title == "Something broke / Access"
        assert FormAnswer.objects.get(field_id=20).value == "Something broke / Access"

    def test_topic_that_is_its_own_ancestor(self, optional: None) -> None:
        topic = HelpTopicFactory.new(topic="Round and round")
        topic.parent = topic
        topic.save()
        assert entries(create(subject="", topic=topic))[0].title == "Round and round"

    def test_title_is_stored_escaped_and_the_answer_without_tags(self) -> None:
        ticket = create(subject='<b>Sub</b> & "q" <3')
        assert entries(ticket)[0].title == '&lt;b&gt;Sub&lt;/b&gt; &amp; "q" &lt;3'
        assert FormAnswer.objects.get(field_id=20).value == 'Sub & "q" <3'

    @pytest.mark.parametrize("topic", [True, False])
    def test_it_is_required_where_the_form_says_so(self, topic: bool) -> None:
        with pytest.raises(TicketInvalid) as refusal:
            create(subject="", topic=HelpTopicFactory.new() if topic else None)
        (problem,) = refusal.value.problems
        assert (problem.message, problem.name, problem.part) == (
            "Issue Summary is a required field",
            "subject",
            Part.TICKET_FORM,
        )
        assert (problem.form_field.pk if problem.form_field else 0, Ticket.objects.count()) == (20, 0)


class TestForms:
    """Who must answer what (osticket/forms.md §2, osticket/api.md §12)."""

    def form(self, flags: FieldFlag, **values: Any) -> HelpTopic:
        topic, form = HelpTopicFactory.new(), Form.objects.create(title="Details", type="G")
        FormField.objects.create(form=form, label="Room", name="room", sort=1, flags=flags, **values)
        HelpTopicForm.objects.create(topic=topic, form=form, sort=1, extra={"disable": []})
        return topic

    def problems(self, **values: Any) -> list[tuple[Part, str, str]]:
        with pytest.raises(TicketInvalid) as refusal:
            create(**values)
        assert (Ticket.objects.count(), EndUser.objects.filter(name="Jo Doe").count()) == (0, 0)
        return [(problem.part, problem.name, problem.message) for problem in refusal.value.problems]

    def test_programs_are_told_of_every_field(self) -> None:
        topic = self.form(FieldFlag.CLIENT_REQUIRED)
        assert self.problems(topic=topic) == [(Part.TOPIC_FORM, "room", "Room is a required field")]
        assert create(topic=topic, answers={"ROOM": "12"}).topic == topic

    def test_only_the_topic_that_was_asked_for_brings_its_forms(self) -> None:
        topic = self.form(FieldFlag.CLIENT_REQUIRED)
        set_setting("core", "default_help_topic", str(topic.pk), Actor.system())
        mailbox = EmailAddress.objects.create(email="help@acme.test", topic_id=topic.pk)
        email: dict[str, Any] = {"origin": Origin.EMAIL, "mailbox": mailbox}
        for ticket in (create(), create(**email)):
            entries_of_ticket = FormEntry.objects.filter(object_id=ticket.pk, object_type="T")
            assert ticket.topic == topic
            assert [(e.form_id, e.sort, e.extra) for e in entries_of_ticket] == [(2, 1, None)]

    def test_people_are_told_of_what_they_see(self) -> None:
        hidden = self.form(FieldFlag.ENABLED | FieldFlag.CLIENT_REQUIRED)
        web: dict[str, Any] = {"origin": Origin.WEB, "source": None}
        assert create(topic=hidden, **web).topic == hidden
        shown = self.form(FieldFlag.ENABLED | FieldFlag.CLIENT_REQUIRED | FieldFlag.CLIENT_VIEW)
        with pytest.raises(TicketInvalid):
            create(topic=shown, **web)

    def test_everything_that_is_wrong_is_said_at_once(self) -> None:
        topic = self.form(FieldFlag.CLIENT_REQUIRED, configuration={"validator": "number"})
        found = self.problems(
            topic=topic, answers={"room": "x"}, subject="", message=None, name="", email="nobody@x.test"
        )
        assert [(part, name) for part, name, _message in found] == [
            (Part.USER, "name"),
            (Part.TICKET_FORM, "subject"),
            (Part.TICKET_FORM, "message"),
            (Part.TOPIC_FORM, "room"),
        ]

    def test_mail_is_never_refused_for_its_form(self) -> None:
        topic = self.form(FieldFlag.CLIENT_REQUIRED)
        mailbox = EmailAddress.objects.create(email="help@acme.test")
        ticket = create(origin=Origin.EMAIL, mailbox=mailbox, topic=topic)
        assert FormAnswer.objects.get(entry__object_id=ticket.pk, field__name="room").value is None

    def test_topic_that_is_switched_off_asks_for_nothing(self) -> None:
        topic = self.form(FieldFlag.CLIENT_REQUIRED)
        topic.flags = TopicFlag(0)
        topic.save()
        ticket = create(topic=topic, answers={"room": "12"})
        assert FormAnswer.objects.get(entry__object_id=ticket.pk, field__name="room").value is None

    def test_new_people_answer_their_form(self) -> None:
        FormField.objects.create(form_id=1, label="Shoe", name="shoe", sort=9, flags=FieldFlag.CLIENT_REQUIRED)
        assert self.problems() == [(Part.USER, "shoe", "Shoe is a required field")]
        ticket = create(user_answers={"shoe": "42", "phone": "555 1234567"})
        answers = FormAnswer.objects.filter(entry__object_type="U", entry__object_id=ticket.user_id)
        assert dict(answers.values_list("field__name", "value")) == {"shoe": "42", "phone": "5551234567", "notes": None}
        assert create(subject="Again").user_id == ticket.user_id


class TestNumbers:
    def test_topic_with_its_own_format(self) -> None:
        sequence = Sequence.objects.create(name="Orders", next=7)
        topic = HelpTopicFactory.new(
            flags=TopicFlag.ACTIVE | TopicFlag.CUSTOM_NUMBERS, number_format="TX-####", sequence=sequence
        )
        assert [create(topic=topic).number for _ in range(2)] == ["TX-0007", "TX-0008"]

    def test_format_of_the_settings(self) -> None:
        sequence = Sequence.objects.create(name="All", next=41, increment=2)
        set_setting("core", "ticket_number_format", "T##", Actor.system())
        set_setting("core", "ticket_sequence_id", str(sequence.pk), Actor.system())
        assert [create().number for _ in range(2)] == ["T41", "T43"]


class TestRouting:
    """The first place that has a value wins."""

    def test_department(self) -> None:
        asked, of_topic, of_mailbox = (DepartmentFactory.new() for _ in range(3))
        topic = HelpTopicFactory.new(dept=of_topic)
        mailbox = EmailAddress.objects.create(email="help@acme.test", dept=of_mailbox)
        email: dict[str, Any] = {"origin": Origin.EMAIL, "mailbox": mailbox, "topic": topic}
        assert create(department=asked, topic=topic).dept == asked
        assert create(**email).dept == of_mailbox
        assert create(topic=topic).dept == of_topic
        assert create().dept_id == 1
        of_mailbox.flags = DepartmentFlag(0)
        of_mailbox.save()
        assert create(**email).dept_id == 1

    def test_topic(self) -> None:
        topic, default = HelpTopicFactory.new(), HelpTopicFactory.new()
        set_setting("core", "default_help_topic", str(default.pk), Actor.system())
        mailbox = EmailAddress.objects.create(email="help@acme.test", topic_id=topic.pk)
        email: dict[str, Any] = {"origin": Origin.EMAIL, "mailbox": mailbox}
        assert create(topic=topic).topic == topic
        assert create(**email).topic == topic
        assert create().topic == default
        topic.flags = TopicFlag(0)
        topic.save()
        assert create(**email).topic == default

    def priority_of(self, **values: Any) -> int | None:
        ticket = create(**values)
        return FormAnswer.objects.get(entry__object_id=ticket.pk, entry__object_type="T", field_id=22).value_id

    def test_priority(self) -> None:
        low, _normal, high, emergency = TicketPriority.objects.order_by("priority_id")
        topic = HelpTopicFactory.new(priority=low)
        mailbox = EmailAddress.objects.create(email="help@acme.test", priority_id=high.pk)
        assert self.priority_of(answers={"priority": emergency.pk}, priority=high, topic=topic) == emergency.pk
        assert self.priority_of(answers={"priority": "77"}, priority=high, topic=topic) == high.pk
        assert self.priority_of(origin=Origin.EMAIL, mailbox=mailbox, topic=topic) == high.pk
        assert self.priority_of(topic=topic) == low.pk
        assert self.priority_of() == 2

    def test_sla(self) -> None:
        asked, of_topic, of_department = (SlaPlan.objects.create(name=f"Plan {n}") for n in range(3))
        department = DepartmentFactory.new(sla_id=of_department.pk)
        topic = HelpTopicFactory.new(sla=of_topic)
        assert create(sla=asked, topic=topic, department=department).sla == asked
        assert create(topic=topic, department=department).sla == of_topic
        assert create(department=department).sla == of_department
        assert create().sla_id == 1

    def test_agent_and_team(self) -> None:
        agent, other, team = AgentFactory.new(), AgentFactory.new(), TeamFactory.new()
        both = HelpTopicFactory.new(staff=agent, team=team)
        ticket = create(topic=both)
        assert (ticket.staff_id, ticket.team_id) == (agent.pk, None)
        assert events(ticket)[-1] == ("assigned", {"staff": agent.pk})
        of_team = HelpTopicFactory.new(team=team)
        assert (create(topic=of_team).staff_id, create(topic=of_team).team_id) == (None, team.pk)
        assert create(topic=both, agent=other).staff_id == other.pk

    def test_account_manager(self) -> None:
        manager = AgentFactory.new()
        organization = OrganizationFactory.new(manager=f"s{manager.pk}", status=OrganizationFlag.ASSIGN_ACCOUNT_MANAGER)
        user = EndUserFactory.new(org=organization)
        assert create(user=user).staff_id == manager.pk
        organization.status = OrganizationFlag(0)
        organization.save()
        assert create(user=EndUser.objects.get(pk=user.pk)).staff_id is None

    @pytest.mark.parametrize("manager", ["s999999", "t", "x1", "", "s1 OR 1"])
    def test_account_manager_who_is_none(self, manager: str) -> None:
        organization = OrganizationFactory.new(manager=manager, status=OrganizationFlag.ASSIGN_ACCOUNT_MANAGER)
        assert create(user=EndUserFactory.new(org=organization)).staff_id is None

    def test_source(self) -> None:
        mailbox = EmailAddress.objects.create(email="help@acme.test")
        assert create(origin=Origin.EMAIL, mailbox=mailbox, source=None).source == "Email"
        assert create(source=TicketSource.PHONE).source == "Phone"
        assert create(origin=Origin.WEB, source=None, topic=HelpTopicFactory.new()).source == "Web"


class TestFirstStatus:
    def test_another_open_status_is_an_event(self) -> None:
        waiting = TicketStatus.objects.create(name="Waiting", state=TicketState.OPEN, mode=1)
        ticket = create(topic=HelpTopicFactory.new(status=waiting))
        assert (ticket.status, events(ticket)) == (waiting, [("created", None), ("edited", {"status": waiting.pk})])

    def test_closed_at_once(self, desk: Desk) -> None:
        """The closing agent is recorded only when an agent opened it."""
        by_web = create(status=resolved_status())
        assert (by_web.closed, by_web.staff_id) == (OPENED_AT, None)
        topic = HelpTopicFactory.new()
        by_agent = create(
            desk.actor, origin=Origin.STAFF, topic=topic, department=desk.department, status=resolved_status()
        )
        assert (by_agent.closed, by_agent.staff_id) == (OPENED_AT, desk.agent.pk)

    def test_assignment_only_while_open(self) -> None:
        assert create(status=resolved_status(), agent=AgentFactory.new()).staff_id is None

    def test_ticket_that_cannot_be_closed_stays_open(self) -> None:
        set_setting("core", "require_topic_to_close", "1", Actor.system())
        ticket = create(status=resolved_status())
        assert (ticket.status, events(ticket)) == (open_status(), [("created", None)])

    @pytest.mark.parametrize("name", ["Archived", "Deleted"])
    def test_impossible_status_is_the_default(self, name: str) -> None:
        assert create(status=TicketStatus.objects.get(name=name)).status == open_status()


class TestCollaborators:
    def test_named_ones(self) -> None:
        friend, owner = EndUserFactory.new(name="Al"), EndUserFactory.new()
        ticket = create(user=owner, collaborators=[friend, friend, owner])
        assert [c.user for c in Collaborator.objects.all()] == [friend]
        assert events(ticket)[1:] == [("collab", {"add": {str(friend.pk): {"name": "Al"}}})]
        entry = entries(ticket)[0]
        assert entry.recipients == {"cc": {str(Collaborator.objects.get().pk): f"Al <user{friend.pk}@customer.test>"}}

    @pytest.mark.parametrize(
        ("flags", "count"),
        [
            (OrganizationFlag.COLLABORATE_ALL_MEMBERS, 2),
            (OrganizationFlag.COLLABORATE_PRIMARY_CONTACTS, 1),
            (OrganizationFlag(0), 0),
        ],
    )
    def test_members_of_the_organization(self, flags: OrganizationFlag, count: int) -> None:
        organization = OrganizationFactory.new(status=flags)
        owner = EndUserFactory.new(org=organization)
        EndUserFactory.new(org=organization)
        EndUserFactory.new(org=organization, status=UserFlag.PRIMARY_CONTACT)
        ticket = create(user=owner)
        assert Collaborator.objects.filter(thread=thread_of(ticket)).count() == count
        kinds = [name for name, _ in events(ticket)[1:]]
        assert kinds == (["collab"] * (count + 1) if count else [])
        if count:
            assert events(ticket)[-1] == ("collab", {"org": organization.pk})


class TestRefusals:
    """What each origin requires; nothing is written when something is missing."""

    def refused(self, actor: Actor | None = None, **values: Any) -> str:
        with pytest.raises(DomainError) as refusal:
            create(actor, **values)
        assert (Ticket.objects.count(), EndUser.objects.filter(name="Jo Doe").count()) == (0, 0)
        return str(refusal.value)

    def test_by_origin(self) -> None:
        topic = HelpTopicFactory.new()
        assert self.refused(origin=Origin.WEB) == "Select a Help Topic"
        assert self.refused(origin=Origin.STAFF) == "Help topic selection is required"
        assert self.refused(origin=Origin.STAFF, topic=topic, source=None) == "Indicate ticket source"
        assert self.refused(source=None) == "Indicate ticket source"
        assert self.refused(origin=Origin.EMAIL) == "Unknown system email"
        assert self.refused(origin=Origin.WEB, topic=topic, message="<p> </p>") == "Issue Details is a required field"
        assert self.refused(message=None) == "Issue Details is a required field"
        assert self.refused(duedate=OPENED_AT) == "Due date must be in the future"
        assert self.refused(email="not-an-email")

    def test_banned_people_and_strangers(self) -> None:
        ban("Bad@customer.test", actor=Actor.system())
        denied = "This help desk is for use by authorized users only"
        assert self.refused(email="bad@Customer.test", subject="") == denied
        mailbox = EmailAddress.objects.create(email="help@acme.test")
        set_setting("core", "accept_unregistered_email", "0", Actor.system())
        assert self.refused(origin=Origin.EMAIL, mailbox=mailbox) == denied
        lines = SystemLogEntry.objects.order_by("log_id").values_list("log_type", "title", "log")
        assert list(lines) == [
            ("Warning", "Ticket denied", 'Ticket rejected (bad@Customer.test) by filter "SYSTEM BAN LIST"'),
            ("Warning", "Ticket denied", "Ticket rejected (jo@customer.test) (unregistered client)"),
        ]
        OrganizationFactory.new(domain="customer.test")
        create(origin=Origin.EMAIL, mailbox=mailbox)

    def test_mail_without_text_is_a_ticket(self) -> None:
        mailbox = EmailAddress.objects.create(email="help@acme.test")
        ticket = create(origin=Origin.EMAIL, mailbox=mailbox, message="")
        assert entries(ticket)[0].body == "-"

    def test_agents_need_the_permission(self, desk: Desk) -> None:
        topic = HelpTopicFactory.new()
        staff: dict[str, Any] = {"origin": Origin.STAFF, "topic": topic}
        nowhere = AgentFactory.new(role=RoleFactory.new(keys=["ticket.reply"]))
        with pytest.raises(PermissionRefused):
            create(Actor.for_agent(nowhere), **staff)
        with pytest.raises(PermissionRefused) as refusal:
            create(Actor.for_agent(nowhere), department=desk.department, **staff)
        ticket = create(desk.actor, department=desk.department, **staff)
        event = ThreadEvent.objects.get(thread=thread_of(ticket))
        assert (event.username, event.uid, event.uid_type, event.staff_id) == ("ada", desk.agent.pk, "S", desk.agent.pk)
        assert refusal.value.code == "permission_denied"

    def test_first_message_of_an_agent_names_its_recipient(self, desk: Desk) -> None:
        ticket = create(
            desk.actor,
            origin=Origin.STAFF,
            topic=HelpTopicFactory.new(),
            department=desk.department,
            source=TicketSource.PHONE,
            reply_to=ReplyTo.USER,
            duedate=OPENED_AT + timedelta(1),
        )
        assert (entries(ticket)[0].flags, entries(ticket)[0].source) == (577, "Phone")
        assert ticket.duedate == OPENED_AT + timedelta(1)
        assert create(duedate=OPENED_AT + timedelta(1)).duedate is None

    def test_agent_without_user_create_cannot_bring_new_people(self, desk: Desk) -> None:
        desk.agent.permissions = {}
        desk.agent.save()
        with pytest.raises(PermissionRefused):
            create(desk.actor, origin=Origin.STAFF, topic=HelpTopicFactory.new(), department=desk.department)

    def test_limit_of_open_tickets(self) -> None:
        set_setting("core", "max_open_tickets", "2", Actor.system())
        user = EndUserFactory.new()
        for _ in range(2):
            create(user=user)
        create(user=user, origin=Origin.STAFF, topic=HelpTopicFactory.new())
        with pytest.raises(Conflict) as refusal:
            create(user=user)
        assert str(refusal.value) == "You've reached the maximum open tickets allowed."

    def test_known_address_in_any_case(self) -> None:
        first = create(email="Jo@Customer.test")
        assert create(email="jo@customer.TEST", name="Somebody").user_id == first.user_id


@pytest.mark.usefixtures("warm")
def test_statements_do_not_grow_with_the_history(django_assert_max_num_queries: Any) -> None:
    new = NewTicket(origin=Origin.API, source=TicketSource.API, message="x", subject="y", user=EndUserFactory.new())
    create_ticket(new, actor=Actor.system())
    for _ in range(5):
        new_task(create_ticket(replace(new), actor=Actor.system()))
    with django_assert_max_num_queries(16):
        create_ticket(new, actor=Actor.system())


@pytest.mark.mysql
@pytest.mark.usefixtures("utf8mb3")
def test_no_character_breaks_a_ticket_in_old_tables() -> None:
    """Bodies have character references, and plain columns originals beside them (docs/architecture.md)."""
    smile = "\N{GRINNING FACE}"
    files = [NewFile(f"{smile}.txt", b"x")]
    ticket = create(subject=f"Sub {smile}", name=f"Emo {smile}", message=f"<p>{smile}</p>", files=files)
    assert ticket.user is not None
    assert EndUser.objects.get(pk=ticket.user.pk).name == f"Emo {smile}"
    assert entries(ticket)[0].title == f"Sub {smile}"
    assert entries(ticket)[0].body == "<p>&#x1F600;</p>"
    assert cdata.fetch("T", [ticket.pk])[ticket.pk]["subject"] == f"Sub {smile}"
    assert Attachment.objects.get(object_id=entries(ticket)[0].pk, type="H").file.name == f"{smile}.txt"

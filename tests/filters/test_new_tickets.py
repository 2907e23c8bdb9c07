"""Filters at work on new tickets: what they see, decide, say and send (osticket/filters.md §3, §5, §6, §9)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from filters.actions import Action, Draft, register, unregister
from filters.models import FilterAction, TicketFilter
from filters.upkeep import retire_filters
from helpdesk.configuration.models import SystemLogEntry
from helpdesk.files.models import Attachment, StoredFile
from helpdesk.files.services import attach, store_file
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.models import FormField
from helpdesk.forms.selectors import form_for
from helpdesk.forms.services import save_answers
from helpdesk.knowledge.models import CannedResponse
from helpdesk.legacy.errors import PermissionRefused
from helpdesk.mail.incoming import read_mail
from helpdesk.mail.models import EmailAddress
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.people.models import Department, EndUser, Organization
from helpdesk.threads.models import ThreadEvent
from tests.desk import PIXEL
from tests.factories import AgentFactory, DepartmentFactory, EndUserFactory, HelpTopicFactory, TeamFactory
from tests.filters.making import make_filter
from tickets.constants import TicketSource
from tickets.models import HelpTopic, Ticket
from tickets.names import address_of
from tickets.new_ticket import NewTicket, Origin
from tickets.services import create_ticket
from tickets.services.incoming_mail import receive_mail
from tickets.states import thread_of

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


def open_ticket(**values: Any) -> Ticket:
    new = NewTicket(
        **{
            "origin": Origin.API,
            "source": TicketSource.API,
            "email": "jo@customer.test",
            "name": "Jo Doe",
            "subject": "Printer jam",
            "message": "The printer is <b>jammed</b>",
            **values,
        }
    )
    return Ticket.objects.get(pk=create_ticket(new, actor=values.pop("actor", SYSTEM)).pk)


def edits(ticket: Ticket) -> list[Any]:
    rows = ThreadEvent.objects.filter(thread=thread_of(ticket), event__name="edited").order_by("id")
    assert {row.username for row in rows} <= {"Ticket Filter"}
    return [row.data for row in rows]


@pytest.fixture
def sales(db: None) -> Department:
    return DepartmentFactory.new(name="Sales desk")


def test_department_agent_and_team_are_set_and_the_thread_says_so(sales: Department) -> None:
    agent, team = AgentFactory.new(firstname="Bob", lastname="B"), TeamFactory.new(name="Night")
    make_filter(
        actions={"dept": {"dept_id": sales.pk}, "agent": {"staff_id": str(agent.pk)}, "team": {"team_id": team.pk}},
        name="All",
    )
    ticket = open_ticket()
    assert (ticket.dept, ticket.staff, ticket.team) == (sales, agent, team)
    assert edits(ticket) == [
        {"value": "Sales desk", "filter": "All", "type": "Department"},
        {"value": "Bob B", "filter": "All", "type": "Agent"},
        {"value": "Night", "filter": "All", "type": "Team"},
    ]


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        (("email", "ends", "@customer.test"), True),
        (("name", "equal", "jo doe"), True),
        (("body", "contains", "is jammed"), True),
        (("field.21", "contains", "is jammed"), True),
        (("field.20", "starts", "printer"), True),
        (("field.1", "equal", "JO@customer.test"), True),
        (("field.2", "equal", "Jo Doe"), True),
        (("field.22", "equal", "High"), True),
        (("field.3", "contains", "555"), True),
        (("topicId", "equal", ""), True),
        (("subject", "contains", "Printer"), False),
        (("field.999", "contains", "Printer"), False),
    ],
)
def test_what_rules_see_of_somebody_new(sales: Department, rule: tuple[str, str, str], *, matches: bool) -> None:
    make_filter(rule, actions={"dept": {"dept_id": sales.pk}})
    ticket = open_ticket(answers={"priority": 3}, user_answers={"phone": "555-1234"})
    assert (ticket.dept == sales) is matches


def test_of_somebody_known_the_stored_data_count(sales: Department) -> None:
    organization = Organization.objects.create(name="Acme", domain="acme.test")
    user = EndUserFactory.new(name="Ada Stored", address="ada@acme.test", org=organization)
    form = form_for(EntryObject.USER)
    phone = FormField.objects.get(form=form, name="phone")
    assert form is not None
    save_answers(EntryObject.USER, user.pk, form, {"phone": "2025550143"}, SYSTEM)
    for rule in (
        ("name", "equal", "Ada Stored"),
        (f"field.{phone.pk}", "contains", "555-0143"),
        ("field.27", "equal", "Acme"),
    ):
        TicketFilter.objects.all().delete()
        make_filter(rule, actions={"dept": {"dept_id": sales.pk}})
        assert open_ticket(email="ada@acme.test", name="Sent Name").dept == sales


def test_the_thread_tells_what_matches_once_somebody_new_is_stored() -> None:
    make_filter(("name", "equal", ""), actions={"pri": {"priority": 4}}, name="Nameless")
    make_filter(("name", "equal", "jo"), actions={"pri": {"priority": 3}}, name="Named by the address")
    ticket = open_ticket(name="", origin=Origin.EMAIL, mailbox=EmailAddress.objects.order_by("pk").first())
    assert ticket.user is not None
    assert [event["filter"] for event in edits(ticket)] == ["Named by the address"]
    assert ticket.user.name == "jo"


def test_new_people_have_the_organization_of_their_domain(sales: Department) -> None:
    organization = Organization.objects.create(name="Acme", domain="customer.test")
    make_filter(("field.27", "equal", "acme"), actions={"dept": {"dept_id": sales.pk}})
    ticket = open_ticket()
    assert ticket.dept == sales
    assert ticket.user is not None
    assert ticket.user.org == organization


def test_rejection_makes_nothing_but_a_line_of_the_log() -> None:
    make_filter(("field.20", "contains", "refund"), actions={"reject": []}, name="No refunds")
    people = EndUser.objects.count()
    with pytest.raises(PermissionRefused) as refusal:
        open_ticket(subject="Refund now")
    assert refusal.value.code == "denied"
    assert EndUser.objects.count() == people
    assert not Ticket.objects.exists()
    log = SystemLogEntry.objects.get(title="Ticket denied").log
    assert log == 'Ticket rejected (jo@customer.test) by filter "No refunds"'


def test_a_filter_that_stops_saves_from_a_later_rejection(sales: Department) -> None:
    make_filter(actions={"dept": {"dept_id": sales.pk}}, stop_onmatch=True)
    make_filter(actions={"reject": []})
    assert open_ticket().dept == sales


def test_topic_of_a_filter_counts_but_its_forms_are_not_asked(sales: Department) -> None:
    topic = HelpTopic.objects.get(topic="Access Issue")
    HelpTopic.objects.filter(pk=topic.pk).update(dept=sales)
    make_filter(actions={"topic": {"topic_id": topic.pk}})
    ticket = open_ticket()
    assert (ticket.topic, ticket.dept) == (topic, sales)


def test_canned_response_and_no_confirmation() -> None:
    from helpdesk.configuration.services import set_settings
    from helpdesk.knowledge.models import CannedResponse

    set_settings("core", {"ticket_autoresponder": 1, "ticket_alert_active": 0}, SYSTEM)
    canned = CannedResponse.objects.create(title="Hello", response="<p>We look into it.</p>")
    make_filter(("field.20", "contains", "hello"), actions={"canned": {"canned_id": canned.pk}})
    make_filter(("field.20", "contains", "quiet"), actions={"noresp": []})
    assert thread_of(open_ticket(subject="hello")).entries.filter(poster="SYSTEM (Canned Reply)").exists()
    before = Effect.objects.count()
    open_ticket(subject="quiet")
    assert Effect.objects.count() == before
    open_ticket(subject="other")
    assert Effect.objects.count() == before + 1


def test_mails_of_filters_wait_in_the_outbox_one_for_each_recipient() -> None:
    options = {"recipients": "%{user}, Boss <boss@acme.test>, boss@acme.test", "subject": "#%{ticket.number}"}
    make_filter(actions=[("email", {**options, "message": "<p>New</p>", "from": 99})])
    open_ticket(alert=False, autorespond=False)
    mails = [effect.payload for effect in Effect.objects.order_by("id")]
    assert [mail["to"][0]["address"] for mail in mails] == ["jo@customer.test", "boss@acme.test"]
    assert {(mail["subject"], mail["html"], mail["sender"]) for mail in mails} == {
        ("#%{ticket.number}", "<p>New</p>", 0)
    }


# --- Mails ------------------------------------------------------------------------------------------------------------

MAIL = b"""From: Shop <shop@web.test>
Reply-To: Jane Roe <jane@customer.test>
To: Support <support@acme.test>, Bob Other <bob@partner.test>
Subject: Order
Message-ID: <1@web.test>

I want to order.
"""


def test_reply_to_becomes_the_sender_and_everything_begins_anew(sales: Department) -> None:
    make_filter(("reply-to", "ends", "@customer.test"), actions={"replyto": [], "pri": {"priority": 4}}, target="Email")
    make_filter(("email", "equal", "jane@customer.test"), actions={"dept": {"dept_id": sales.pk}})
    ticket = receive_mail(read_mail(MAIL), actor=SYSTEM)
    ticket = Ticket.objects.select_related("user__default_email").get(pk=ticket.pk)
    assert ticket.user is not None
    assert (address_of(ticket.user), ticket.user.name, ticket.dept) == ("jane@customer.test", "Jane Roe", sales)


def test_reply_to_that_is_a_further_address_of_somebody_known_comes_to_an_end() -> None:
    from helpdesk.people.models import UserEmail

    user = EndUserFactory.new(address="main@customer.test")
    UserEmail.objects.create(user=user, address="jane@customer.test")
    make_filter(actions={"replyto": []})
    ticket = receive_mail(read_mail(MAIL), actor=SYSTEM)
    assert Ticket.objects.get(pk=ticket.pk).user == user


@pytest.mark.parametrize("unusable", ["jane", "a@b@c", "é@customer.test", f"{'x' * 300}@customer.test"])
def test_reply_to_that_is_no_address_keeps_the_sender_and_the_ticket(sales: Department, unusable: str) -> None:
    make_filter(actions={"replyto": [], "dept": {"dept_id": sales.pk}})
    mail = MAIL.replace(b"jane@customer.test", unusable.encode())
    ticket = Ticket.objects.select_related("user__default_email").get(pk=receive_mail(read_mail(mail), actor=SYSTEM).pk)
    assert ticket.user is not None
    assert (address_of(ticket.user), ticket.dept) == ("shop@web.test", sales)


def test_a_long_name_in_reply_to_is_shortened() -> None:
    make_filter(actions={"replyto": []})
    mail = MAIL.replace(b"Reply-To: Jane Roe", b"Reply-To: " + b"N" * 300)
    ticket = Ticket.objects.select_related("user").get(pk=receive_mail(read_mail(mail), actor=SYSTEM).pk)
    assert ticket.user is not None
    assert len(ticket.user.name) == 128


def test_addressees_are_all_but_the_help_desk(sales: Department) -> None:
    make_filter(("addressee", "contains", "bob other bob@partner"), actions={"dept": {"dept_id": sales.pk}})
    assert Ticket.objects.get(pk=receive_mail(read_mail(MAIL), actor=SYSTEM).pk).dept == sales


# --- What is broken never keeps a ticket out --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "actions", "text"),
    [
        ([("email", "match", "/b(ob/")], {"pri": {"priority": 4}}, "pattern cannot be used"),
        ([], {"dept": {"dept_id": 4711}}, "gone (number 4711)"),
        ([], {"agent": {"staff_id": 4711}}, "gone (number 4711)"),
        ([], {"status": {"status_id": "4711"}}, "gone (number 4711)"),
        ([], {"sla": {"sla_id": 4711}}, "gone (number 4711)"),
        ([], {"topic": []}, "something has to be chosen"),
        ([], {"brew": {"cups": 2}}, "is not known here"),
        ([("email", "equal", "a"), ("email", "equal", "b")], {"pri": {"priority": 4}}, "never be true together"),
    ],
)
def test_broken_filters_are_named_in_the_log_once(rules: Any, actions: Any, text: str) -> None:
    make_filter(*rules, actions=actions, name="Broken", match_all_rules=True)
    for _ in range(2):
        assert open_ticket().status.state == "open"
    (line,) = SystemLogEntry.objects.filter(title="Ticket filter")
    assert (line.log_type, "Broken" in line.log, text in line.log) == ("Warning", True, True), line.log


@pytest.mark.parametrize("has_agent", [True, False])
def test_nobody_stands_in_for_an_assignee_or_status_that_is_gone(sales: Department, has_agent: bool) -> None:
    """What is named counts, and there is nothing to fall back on (osticket/routing.md §5)."""
    assignee = {"staff": AgentFactory.new()} if has_agent else {"team": TeamFactory.new()}
    topic = HelpTopicFactory.new(dept=sales, status_id=3, **assignee)
    actions = {"agent": {"staff_id": 4711}, "team": {"team_id": 4711}, "status": {"status_id": 4711}}
    made = make_filter(actions=actions)
    ticket = open_ticket(topic=topic)
    assert (ticket.dept_id, ticket.staff_id, ticket.team_id, ticket.status_id) == (sales.pk, None, None, 1)
    made.delete()
    ticket = open_ticket(topic=HelpTopicFactory.new(**assignee))
    assert {"staff": ticket.staff, "team": ticket.team} == {"staff": None, "team": None, **assignee}


def test_a_team_of_the_topic_still_counts_beside_an_agent_that_is_gone() -> None:
    topic = HelpTopicFactory.new(team=TeamFactory.new())
    make_filter(actions={"agent": {"staff_id": 4711}})
    ticket = open_ticket(topic=topic)
    assert (ticket.staff_id, ticket.team_id) == (None, topic.team_id)


def test_an_old_action_does_what_the_row_with_its_number_does(sales: Department) -> None:
    named = make_filter(actions={"dept": {"dept_id": sales.pk}}, isactive=False)
    number = FilterAction.objects.get(filter=named).pk
    make_filter(actions=[(str(number), [])])
    ticket = open_ticket()
    assert ticket.dept == sales
    assert [edit["type"] for edit in edits(ticket)] == ["Department"]
    pointing = TicketFilter.objects.get(actions__type=str(number))
    assert set(retire_filters("department", sales.pk)) == {named, pointing}
    make_filter(actions=[("4711", []), ("٣", [])], name="Old")
    open_ticket()
    assert "is not known here" in SystemLogEntry.objects.filter(title="Ticket filter").latest("log_id").log


def test_an_action_of_a_plugin_works_and_one_that_breaks_down_is_left_out(sales: Department) -> None:
    @register
    class Breaks(Action):
        key = "breaks"
        label = "Break down"

        def step(self, configuration: Any) -> Any:
            def fail(draft: Draft) -> None:
                raise RuntimeError("no")

            return fail

    try:
        make_filter(actions=[("breaks", {}), ("dept", {"dept_id": sales.pk})])
        assert open_ticket().dept == sales
    finally:
        unregister("breaks")
    assert "broke down" in SystemLogEntry.objects.get(title="Ticket filter").log


def test_filters_cost_no_statement(sales: Department) -> None:
    EndUserFactory.new(address="jo@customer.test")

    def cost() -> int:
        open_ticket()
        with CaptureQueriesContext(connection) as captured:
            open_ticket()
        return len(captured)

    before = min(cost() for _ in range(3))  # what is kept for a second may run out in between
    for number in range(50):
        make_filter(
            ("field.20", "contains", f"word {number}"), ("email", "match", "/^nobody/i"), actions={"reject": []}
        )
    assert min(cost() for _ in range(3)) == before


def test_a_prepared_answer_speaks_of_the_ticket_and_shows_its_pictures() -> None:
    """What it says is written once for all tickets (osticket/tickets.md §15.5)."""
    key = "k" * 32
    text = f'<p>Dear %{{ticket.user.name.first}}, about “%{{ticket.subject}}”: <img src="cid:{key}"></p>'
    canned = CannedResponse.objects.create(title="First aid", response=text, isenabled=True)
    picture = store_file(PIXEL, name="plug.png", media_type="image/png")
    StoredFile.objects.filter(pk=picture.pk).update(key=key)
    attach(picture, object_type="C", object_id=canned.pk, inline=True, name="plug.png")
    attach(store_file(b"x", name="guide.txt"), object_type="C", object_id=canned.pk)
    make_filter(actions={"canned": {"canned_id": canned.pk}})
    ticket = open_ticket(subject="1 < 2 %{company.name}")
    entry = thread_of(ticket).entries.get(type="R")
    assert f'Dear Jo, about “1 &lt; 2 %{{company.name}}”: <img src="cid:{key}"' in entry.body
    rows = Attachment.objects.filter(type="H", object_id=entry.pk).select_related("file")
    assert {row.file.name: row.inline for row in rows} == {"plug.png": True, "guide.txt": False}

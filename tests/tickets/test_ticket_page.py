"""The page of a ticket: everything that was said and done, in order, safe, at a constant cost."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext

from helpdesk.files.links import LinkMaker
from helpdesk.files.models import Attachment
from helpdesk.files.services import attach, store_file
from helpdesk.forms.constants import FieldFlag
from helpdesk.forms.models import FormAnswer, FormEntry, FormField
from helpdesk.legacy.errors import NotFound
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentFlag
from helpdesk.people.models import Agent
from helpdesk.threads.bodies import NewFile
from helpdesk.threads.models import EntryMerge, Event, Thread, ThreadEntry, ThreadEvent
from tests.factories import (
    OPENED_AT,
    AgentFactory,
    EndUserFactory,
    OrganizationFactory,
    RoleFactory,
    TeamFactory,
    collaborate,
    new_task,
    resolved_status,
)
from tests.tickets.conftest import NOW, Desk, fresh
from tickets.agent_actions.assigning import assignee_choices
from tickets.agent_actions.base import Subject
from tickets.constants import TicketFlag
from tickets.models import Ticket
from tickets.screens import Action, AuthorKind, ItemKind, ThreadItem, TicketPage
from tickets.selectors import get_ticket_for_agent, ticket_page
from tickets.services import (
    assign_ticket,
    claim_ticket,
    close_ticket,
    post_message,
    post_note,
    post_reply,
    reopen_ticket,
)
from tickets.states import thread_of
from tickets.thread_items import SHOWN_ENTRIES


def page_of(agent: Agent, ticket: Ticket, *, before: int | None = None) -> TicketPage:
    access = access_of(Agent.objects.get(pk=agent.pk))
    found = get_ticket_for_agent(access, ticket.pk)
    return ticket_page(access, found, links=LinkMaker("/scp/file.php", NOW), before=before)


def lines(page: TicketPage) -> list[str]:
    """Give the items in short: events by their sentence, entries by kind and text."""
    return [item.title if item.kind is ItemKind.EVENT else f"{item.kind}: {text_of(item)}" for item in page.items]


def text_of(item: ThreadItem) -> str:
    return BeautifulSoup(item.body_html, "html.parser").get_text(" ", strip=True)


class TestFacts:
    def test_everything_that_is_known(self, desk: Desk) -> None:
        user = EndUserFactory.new(name="Jo Doe", address="jo@x.test", org=OrganizationFactory.new(name="Acme"))
        team = TeamFactory.new(members=[desk.agent], name="Level I")
        ticket = desk.ticket(user=user, subject="Printer", answers={"priority": 3}, topic=None, team=team)
        collaborate(ticket, EndUserFactory.new(name="Al"), active=False)
        assign_ticket(ticket, actor=desk.actor, agent=desk.colleague, now=NOW)
        page = page_of(desk.agent, ticket)
        assert (page.ticket_id, page.number, page.subject) == (ticket.pk, ticket.number, "Printer")
        assert (page.status_name, page.status_state, page.department_name) == ("Open", "open", desk.department.name)
        assert (page.assignee_name, page.team_name, page.sla_name) == ("Cora Clark", "Level I", "Default SLA")
        assert (page.priority_name, page.priority_urgency, page.source) == ("High", 2, "API")
        assert page.requester is not None
        assert (page.requester.name, page.requester.email, page.requester.organization_name) == (
            "Jo Doe",
            "jo@x.test",
            "Acme",
        )
        assert [(person.name, person.is_active) for person in page.collaborators] == [("Al", False)]
        assert (page.created, page.last_update, page.closed) == (OPENED_AT, OPENED_AT, None)

    def test_answers_of_other_fields(self, desk: Desk) -> None:
        FormField.objects.create(
            form_id=2, label="Room", name="room", sort=9, type="text", flags=FieldFlag.ENABLED | FieldFlag.AGENT_VIEW
        )
        page = page_of(desk.agent, desk.ticket(answers={"room": "12 < 13"}))
        assert [(a.form, a.label, a.value) for a in page.custom_answers] == [("Ticket Details", "Room", "12 < 13")]

    def test_ticket_of_which_little_is_left(self, desk: Desk) -> None:
        ticket = desk.ticket()
        Thread.objects.all().delete()
        FormAnswer.objects.all().delete()
        FormEntry.objects.filter(object_type="T").delete()
        Ticket.objects.filter(pk=ticket.pk).update(user=99999, staff=99999, sla=99999, topic=99999)
        page = page_of(desk.agent, ticket)
        assert (page.requester, page.items, page.subject) == (None, [], "(no subject)")
        assert (page.assignee_name, page.sla_name, page.priority_name) == ("", "", "")


class TestItems:
    def test_story_of_a_ticket(self, desk: Desk) -> None:
        def at(minutes: int) -> datetime:
            return OPENED_AT + timedelta(minutes=minutes)

        user = EndUserFactory.new(name="Jo Doe")
        ticket = desk.ticket(user=user, message="<p>It <b>burns</b>.</p>")
        claim_ticket(ticket, actor=desk.actor, now=at(1))
        post_note(ticket, actor=desk.actor, title="Fire", body="Call 112.", now=at(2))
        post_reply(ticket, actor=desk.actor, body="<p>Run.</p>", status=resolved_status(), now=at(3))
        post_message(ticket, actor=Actor.for_user(user), user=user, body="I did.", format="text", now=at(4))
        page = page_of(desk.agent, ticket)
        assert lines(page) == [
            "Jo Doe opened the ticket",
            "message: It burns .",
            "Ada Admin claimed the ticket",
            "note: Call 112.",
            "Ada Admin closed the ticket as Resolved",
            "response: Run.",
            "Jo Doe reopened the ticket",
            "message: I did.",
        ]
        kinds = [(item.author_name, item.author_kind) for item in page.items if item.kind is not ItemKind.EVENT]
        assert kinds == [
            ("Jo Doe", AuthorKind.USER),
            ("Ada Admin", AuthorKind.AGENT),
            ("Ada Admin", AuthorKind.AGENT),
            ("Jo Doe", AuthorKind.USER),
        ]
        assert page.items[3].title == "Fire"

    def test_hidden_entries_are_not_there(self, desk: Desk) -> None:
        ticket = desk.ticket()
        old = post_note(ticket, actor=desk.actor, body="first version").entry
        new = post_note(ticket, actor=desk.actor, body="second version").entry
        ThreadEntry.objects.filter(pk=old.pk).update(flags=0x44)
        ThreadEntry.objects.filter(pk=new.pk).update(flags=0x42)
        notes = [item for item in page_of(desk.agent, ticket).items if item.kind is ItemKind.NOTE]
        assert [(text_of(item), item.is_edited) for item in notes] == [("second version", True)]

    def test_foreign_html_is_cleaned_on_display(self, desk: Desk) -> None:
        """What PHP or an attacker put into the table."""
        ticket = desk.ticket()
        ThreadEntry.objects.update(body='<p onclick=x>hi<script>x</script><img src="http://evil.test/x.gif"></p>')
        (entry,) = [item for item in page_of(desk.agent, ticket).items if item.kind is ItemKind.MESSAGE]
        assert "script" not in entry.body_html
        assert "onclick" not in entry.body_html
        assert 'src="http' not in entry.body_html.replace("data-remote-src", "")

    def test_plain_text_is_escaped(self, desk: Desk) -> None:
        ticket = desk.ticket(message="a < b & <script>x</script>\nhttps://x.test", format="text")
        (entry,) = [item for item in page_of(desk.agent, ticket).items if item.kind is ItemKind.MESSAGE]
        assert "&lt;script&gt;" in entry.body_html
        assert 'href="https://x.test"' in entry.body_html

    def test_inline_images_and_attachments(self, desk: Desk) -> None:
        pixel = b"\x89PNG\r\n\x1a\n"
        files = [
            NewFile("shot.png", pixel, media_type="image/png", content_id="shot"),
            NewFile("log.txt", b"12345", media_type="text/plain"),
        ]
        ticket = desk.ticket(message='<p><img src="cid:shot"></p>', files=files)
        (entry,) = [item for item in page_of(desk.agent, ticket).items if item.kind is ItemKind.MESSAGE]
        assert [(a.name, a.size, a.type) for a in entry.attachments] == [("log.txt", 5, "text/plain")]
        image = BeautifulSoup(entry.body_html, "html.parser").img
        shot = Attachment.objects.get(inline=True, type="H")
        assert image is not None
        assert str(image["src"]).startswith("/scp/file.php?key=")
        assert f"id={shot.pk}&disposition=inline" in str(image["src"])

    def test_inline_image_that_no_text_shows_is_listed(self, desk: Desk) -> None:
        ticket = desk.ticket()
        entry_id = thread_of(ticket).entries.get().pk
        attach(store_file(b"GIF89a", name="lost.gif"), object_type="H", object_id=entry_id, inline=True)
        (entry,) = [item for item in page_of(desk.agent, ticket).items if item.kind is ItemKind.MESSAGE]
        assert [attachment.name for attachment in entry.attachments] == ["lost.gif"]

    def test_long_text_is_read_from_its_file(self, desk: Desk) -> None:
        ticket = desk.ticket(message="<p>" + "long " * 20_000 + "</p>")
        (entry,) = [item for item in page_of(desk.agent, ticket).items if item.kind is ItemKind.MESSAGE]
        assert text_of(entry).count("long") == 20_000
        assert entry.attachments == []


class TestMerged:
    def merge(self, desk: Desk, flag: TicketFlag) -> tuple[Ticket, Ticket]:
        """Merge a ticket with two messages into another one as osTicket leaves it (osticket/tickets.md §14)."""
        parent = desk.ticket(message="parent 1", now=OPENED_AT)
        child = desk.ticket(message="child 1", now=OPENED_AT + timedelta(minutes=1))
        post_note(parent, actor=desk.actor, body="parent 2", now=OPENED_AT + timedelta(minutes=2))
        post_note(child, actor=desk.actor, body="child 2", now=OPENED_AT + timedelta(minutes=3))
        post_note(parent, actor=desk.actor, body="parent 3", now=OPENED_AT + timedelta(minutes=4))
        old, new = thread_of(child), thread_of(parent)
        for entry in old.entries.all():
            EntryMerge.objects.create(entry=entry, data={"thread": old.pk})
            ThreadEntry.objects.filter(pk=entry.pk).update(thread=new, flags=entry.flags | 0x400)
        old.object_type, old.extra = "C", {"ticket_id": parent.pk, "number": child.number}
        old.save()
        Ticket.objects.filter(pk=parent.pk).update(flags=flag | TicketFlag.PARENT)
        Ticket.objects.filter(pk=child.pk).update(flags=flag, parent=parent)
        return fresh(parent), fresh(child)

    def entries(self, desk: Desk, ticket: Ticket) -> list[tuple[str, str]]:
        items = page_of(desk.agent, ticket).items
        return [(text_of(item), item.origin) for item in items if item.kind is not ItemKind.EVENT]

    def test_combined_threads_are_one_conversation(self, desk: Desk) -> None:
        parent, child = self.merge(desk, TicketFlag.COMBINE_THREADS)
        number = child.number or ""
        assert self.entries(desk, parent) == [
            ("parent 1", ""),
            ("child 1", number),
            ("parent 2", ""),
            ("child 2", number),
            ("parent 3", ""),
        ]

    def test_separate_threads_follow_each_other(self, desk: Desk) -> None:
        parent, _child = self.merge(desk, TicketFlag.SEPARATE_THREADS)
        assert [text for text, _ in self.entries(desk, parent)] == [
            "parent 1",
            "parent 2",
            "parent 3",
            "child 1",
            "child 2",
        ]

    def test_child_shows_its_history_and_its_parent(self, desk: Desk) -> None:
        parent, child = self.merge(desk, TicketFlag.COMBINE_THREADS)
        page = page_of(desk.agent, child)
        assert [item.kind for item in page.items] == [ItemKind.EVENT]
        assert [(r.ticket_id, r.is_merged, r.is_visible) for r in page.related] == [(parent.pk, True, True)]
        assert Action.REPLY not in page.allowed
        assert [r.ticket_id for r in page_of(desk.agent, parent).related] == [child.pk]

    def test_relatives_elsewhere_are_named_but_cannot_be_opened(self, desk: Desk) -> None:
        parent, child = self.merge(desk, TicketFlag.COMBINE_THREADS)
        Ticket.objects.filter(pk=child.pk).update(dept=desk.stranger.dept)
        assert [r.is_visible for r in page_of(desk.agent, parent).related] == [False]


class TestActions:
    def allowed(self, agent: Agent, ticket: Ticket) -> set[Action]:
        return set(page_of(agent, ticket).allowed)

    def test_open_and_closed_ticket(self, desk: Desk) -> None:
        ticket = desk.ticket()
        always = {Action.REPLY, Action.NOTE, Action.ASSIGN, Action.STATUS, Action.TRANSFER, Action.REFER}
        always |= {Action.OWNER, Action.COLLABORATORS, Action.MERGE, Action.LINK, Action.DELETE, Action.EDIT_ENTRY}
        always |= {Action.FORMS, Action.EDIT_TOPIC, Action.EDIT_SLA, Action.EDIT_SOURCE, Action.EDIT_ANSWER}
        always_open = always | {Action.CLOSE, Action.ANSWERED, Action.EDIT_DUE}
        assert self.allowed(desk.agent, ticket) == always_open | {Action.CLAIM}
        claim_ticket(ticket, actor=desk.actor)
        assert self.allowed(desk.agent, ticket) == always_open | {Action.RELEASE}
        close_ticket(ticket, actor=desk.actor, status=resolved_status())
        assert self.allowed(desk.agent, ticket) == always | {Action.REOPEN}
        reopen_ticket(ticket, actor=desk.actor)
        assert Action.CLOSE in self.allowed(desk.colleague, ticket)

    def test_who_may_only_look_may_write_notes(self, desk: Desk) -> None:
        assert self.allowed(desk.viewer, desk.ticket()) == {Action.NOTE}

    def test_each_permission_by_itself(self, desk: Desk) -> None:
        ticket, closed = desk.ticket(), desk.ticket(closed=True)
        editing = {
            Action.FORMS,
            Action.OWNER,
            Action.COLLABORATORS,
            Action.EDIT_TOPIC,
            Action.EDIT_SLA,
            Action.EDIT_SOURCE,
        }
        editing.add(Action.EDIT_ANSWER)
        for keys, on_open, on_closed in (
            (["ticket.reply"], {Action.REPLY, Action.COLLABORATORS}, {Action.REPLY, Action.COLLABORATORS}),
            (["ticket.refer"], set(), set()),
            (["ticket.markanswered"], {Action.ANSWERED}, set()),
            (["ticket.edit"], {*editing, Action.EDIT_DUE}, editing),
            (["ticket.delete"], {Action.DELETE}, {Action.DELETE}),
            (["thread.edit"], {Action.EDIT_ENTRY}, {Action.EDIT_ENTRY}),
            (["ticket.assign"], {Action.CLAIM, Action.ASSIGN}, {Action.ASSIGN}),
            (["ticket.close"], {Action.CLOSE, Action.STATUS}, {Action.REOPEN, Action.STATUS}),
            (["ticket.create"], {Action.STATUS}, {Action.REOPEN, Action.STATUS}),
            (["ticket.release"], set(), set()),
        ):
            agent = AgentFactory.new(dept=desk.department, role=RoleFactory.new(keys=keys))
            assert self.allowed(agent, ticket) - {Action.NOTE} == on_open, keys
            assert self.allowed(agent, closed) - {Action.NOTE} == on_closed, keys

    def test_choices(self, desk: Desk) -> None:
        team = TeamFactory.new(members=[desk.agent])
        TeamFactory.new()
        AgentFactory.new(dept=desk.department, away=True)
        desk.department.flags |= DepartmentFlag.ASSIGN_MEMBERS_ONLY
        desk.department.save()
        ticket = desk.ticket()
        assign_ticket(ticket, actor=desk.actor, agent=desk.colleague)
        page = page_of(desk.agent, ticket)
        offered = dict(assignee_choices(Subject(access_of(desk.agent), ticket)))
        assert {value for value, _name in offered["Agents"]} == {f"s{desk.agent.pk}", f"s{desk.viewer.pk}"}
        assert [value for value, _name in offered["Teams"]] == [f"t{team.pk}"]
        assert [choice.label for choice in page.closing_statuses] == ["Resolved", "Closed"]
        assert [choice.label for choice in page.open_statuses] == ["Open"]

    def test_what_is_in_the_way_of_closing(self, desk: Desk) -> None:
        ticket = desk.ticket()
        assert page_of(desk.agent, ticket).close_obstacle == ""
        new_task(ticket)
        assert page_of(desk.agent, ticket).close_obstacle == "This ticket has 1 open task and cannot be closed"


def fill_thread(desk: Desk, ticket: Ticket, count: int) -> None:
    """Entries with attachments, events of all kinds."""
    thread = thread_of(ticket)
    names = list(Event.objects.values_list("pk", flat=True))
    file = store_file(b"same", name="same.txt")
    for number in range(count):
        moment = NOW + timedelta(minutes=number)
        entry = ThreadEntry.objects.create(
            thread=thread, type="R", staff=desk.agent, body=f"<p>{number}</p>", created=moment
        )
        Attachment.objects.create(object_id=entry.pk, type="H", file=file)
        ThreadEvent.objects.create(
            thread=thread,
            thread_type="T",
            event_id=names[number % len(names)],
            timestamp=moment,
            uid=desk.agent.pk,
            data={"staff": desk.colleague.pk, "team": 1, "dept": 1, "status": 2, "fields": {"20": ["a", "b"]}},
        )


def test_cost_does_not_depend_on_the_length_of_the_thread(desk: Desk) -> None:
    costs: list[tuple[int, int]] = []
    for count in (2, 198):
        ticket = desk.ticket()
        claim_ticket(ticket, actor=desk.actor)
        fill_thread(desk, ticket, count)
        page_of(desk.agent, ticket)  # small tables are warm from here on
        access = access_of(Agent.objects.select_related("role", "dept").get(pk=desk.agent.pk))
        _ = access.department_ids, access.team_ids, access.roles
        with CaptureQueriesContext(connection) as captured:
            found = get_ticket_for_agent(access, ticket.pk)
            page = ticket_page(access, found, links=LinkMaker("/scp/file.php", NOW))
        costs.append((sum("SAVEPOINT" not in q["sql"] for q in captured.captured_queries), len(page.items)))
    (few, short), (many, long) = costs
    assert few == many
    assert few <= 12
    assert (short, long) == (7, 2 * SHOWN_ENTRIES + 1)  # the claim came last


class TestParts:
    """A long conversation is shown in parts, the newest one first."""

    def parts(self, desk: Desk, ticket: Ticket) -> list[TicketPage]:
        pages = [page_of(desk.agent, ticket)]
        while pages[-1].older is not None:
            pages.append(page_of(desk.agent, ticket, before=pages[-1].older))
        return pages

    def story(self, pages: list[TicketPage]) -> list[tuple[ItemKind, int]]:
        """Give all items from the beginning to the end."""
        return [(item.kind, item.id) for page in reversed(pages) for item in page.items]

    def test_together_they_are_the_whole_conversation(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        ticket = desk.ticket()
        fill_thread(desk, ticket, 2 * SHOWN_ENTRIES + 4)
        parts = self.parts(desk, ticket)
        counts = [sum(item.kind is not ItemKind.EVENT for item in page.items) for page in parts]
        assert counts == [SHOWN_ENTRIES, SHOWN_ENTRIES, 5]
        assert [page.is_newest_part for page in parts] == [True, False, False]
        monkeypatch.setattr("tickets.thread_items.SHOWN_ENTRIES", 1000)
        (whole,) = self.parts(desk, ticket)
        assert self.story(parts) == self.story([whole])
        assert len(whole.items) == 2 + 2 * (2 * SHOWN_ENTRIES + 4)

    @pytest.mark.parametrize("flag", [TicketFlag.COMBINE_THREADS, TicketFlag.SEPARATE_THREADS])
    def test_merged_tickets_keep_their_order(
        self, desk: Desk, flag: TicketFlag, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        parent, _child = TestMerged().merge(desk, flag)
        whole = [text_of(item) for item in page_of(desk.agent, parent).items if item.kind is not ItemKind.EVENT]
        monkeypatch.setattr("tickets.thread_items.SHOWN_ENTRIES", 2)
        parts = self.parts(desk, parent)
        shown = [text_of(i) for page in reversed(parts) for i in page.items if i.kind is not ItemKind.EVENT]
        assert (len(parts), shown) == (3, whole)

    def test_no_event_is_lost_where_clocks_went_backwards(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        ticket = desk.ticket()
        fill_thread(desk, ticket, 8)
        for number, entry in enumerate(ThreadEntry.objects.order_by("pk")):
            ThreadEntry.objects.filter(pk=entry.pk).update(created=NOW + timedelta(minutes=number * 5 % 7))
        monkeypatch.setattr("tickets.thread_items.SHOWN_ENTRIES", 2)
        shown = self.story(self.parts(desk, ticket))
        events = {pk for kind, pk in shown if kind is ItemKind.EVENT}
        entries = [pk for kind, pk in shown if kind is not ItemKind.EVENT]
        assert events == set(ThreadEvent.objects.values_list("pk", flat=True))
        assert entries == sorted(ThreadEntry.objects.values_list("pk", flat=True))

    def test_entries_of_other_tickets_are_no_way_in(self, desk: Desk) -> None:
        ticket, other = desk.ticket(message="mine"), desk.ticket(message="not mine")
        beyond = thread_of(other).entries.get().pk + 1
        page = page_of(desk.agent, ticket, before=beyond)
        assert [text_of(item) for item in page.items if item.kind is not ItemKind.EVENT] == ["mine"]


def test_stranger_never_gets_so_far(desk: Desk) -> None:
    with pytest.raises(NotFound):
        page_of(desk.stranger, desk.ticket())


EVENTS: list[tuple[str, Any, str]] = [
    ("created", None, "Ada Admin opened the ticket"),
    ("closed", {"status": [3, "Closed"]}, "Ada Admin closed the ticket as Closed"),
    ("closed", None, "Ada Admin closed the ticket"),
    ("reopened", None, "Ada Admin reopened the ticket"),
    ("assigned", {"claim": True}, "Ada Admin claimed the ticket"),
    ("assigned", {"staff": [3, "Sam Sales"]}, "Ada Admin assigned the ticket to Sam Sales"),
    ("assigned", {"staff": [3, {"name": "Sam Sales"}]}, "Ada Admin assigned the ticket to Sam Sales"),
    ("assigned", {"staff": "{colleague}"}, "Ada Admin assigned the ticket to Cora Clark"),
    ("assigned", {"team": "1"}, "Ada Admin assigned the ticket to Level I Support"),
    ("assigned", {"staff": 99999}, "Ada Admin assigned the ticket to #99999"),
    ("released", {"staff": [3, "Sam"], "team": 1}, "Ada Admin took the ticket from Sam, Level I Support"),
    ("released", None, "Ada Admin released the ticket"),
    ("transferred", {"dept": "Sales"}, "Ada Admin transferred the ticket to Sales"),
    ("referred", {"dept": 2}, "Ada Admin referred the ticket to Sales"),
    ("overdue", None, "Ada Admin marked the ticket overdue"),
    ("edited", {"status": 2}, "Ada Admin changed the status to Resolved"),
    ("edited", {"owner": 4, "fields": {"Ticket Owner": "Carol"}}, "Ada Admin made Carol the owner"),
    ("edited", {"value": "Sales", "filter": "VIP", "type": "Department"}, "The filter VIP set Department to Sales"),
    (
        "edited",
        {"topic_id": [1, "10"], "duedate": [None, "x"], "fields": {"20": ["a", ["b", 1]], "999": []}},
        (
            "Ada Admin changed the help topic from “General Inquiry” to “Report a Problem”, the due date, "
            "Issue Summary from “a” to “b”, a field"
        ),
    ),
    ("edited", None, "Ada Admin edited the ticket"),
    ("collab", {"add": {"4": {"name": "Carol", "src": "cc"}}}, "Ada Admin added Carol as collaborator"),
    ("collab", {"add": {"": {"name": "Dave"}}}, "Ada Admin added Dave as collaborator"),
    ("collab", {"del": {"2": {"name": "Eve"}}}, "Ada Admin removed Eve from the collaborators"),
    ("collab", {"org": 4}, "Ada Admin added collaborators of the organization"),
    ("merged", {"ticket": "Ticket #12", "id": 2}, "Ada Admin merged this with Ticket #12"),
    ("linked", {"ticket": "Ticket #12"}, "Ada Admin linked this with Ticket #12"),
    ("unlinked", None, "Ada Admin unlinked this from another ticket"),
    ("resent", {"entry": 5}, "Ada Admin sent a reply again"),
    ("viewed", None, "Ada Admin: viewed"),
    ("closed", "not even JSON", "Ada Admin closed the ticket"),
    ("assigned", ["odd"], "Ada Admin assigned the ticket"),
]


@pytest.mark.parametrize(("name", "data", "sentence"), EVENTS)
def test_events_are_sentences(desk: Desk, name: str, data: Any, sentence: str) -> None:
    if isinstance(data, dict) and data.get("staff") == "{colleague}":
        data = {"staff": str(desk.colleague.pk)}
    ticket = desk.ticket()
    ThreadEvent.objects.all().delete()
    event = Event.objects.get(name=name)
    ThreadEvent.objects.create(
        thread=thread_of(ticket), thread_type="T", event=event, uid=desk.agent.pk, username="ada", data=data
    )
    assert [item.title for item in page_of(desk.agent, ticket).items if item.kind is ItemKind.EVENT] == [sentence]


@pytest.mark.parametrize(
    ("username", "uid", "uid_type", "sentence"),
    [
        ("SYSTEM", None, "S", "The ticket became overdue"),
        ("Ticket Filter", None, "S", "The ticket became overdue"),
        ("gone", 99999, "S", "gone marked the ticket overdue"),
        ("SYSTEM", 99999, "U", "The ticket became overdue"),
        ("jo@x.test", 99999, "U", "jo@x.test marked the ticket overdue"),
    ],
)
def test_who_did_it(desk: Desk, username: str, uid: int | None, uid_type: str, sentence: str) -> None:
    ticket = desk.ticket()
    ThreadEvent.objects.all().delete()
    overdue = Event.objects.get(name="overdue")
    ThreadEvent.objects.create(
        thread=thread_of(ticket), thread_type="T", event=overdue, uid=uid, uid_type=uid_type, username=username
    )
    assert lines(page_of(desk.agent, ticket))[-1] == sentence

"""In whose name a mail is posted, and where (osticket/mail.md §4; docs/mail.md)."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.conf import settings

from helpdesk.configuration.services import set_settings
from helpdesk.legacy.message_ids import outgoing_message_id
from helpdesk.mail.incoming import read_mail
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser, UserEmail
from helpdesk.threads.bodies import is_empty
from helpdesk.threads.constants import EntryFlag
from helpdesk.threads.models import ThreadEntry
from tests.factories import AgentFactory, DepartmentFactory, EndUserFactory, collaborate
from tests.tickets.conftest import Desk
from tickets.models import SearchEntry, Ticket, TicketStatus
from tickets.services import post_reply
from tickets.services.incoming_mail import receive_mail
from tickets.services.status import close_ticket
from tickets.states import thread_of

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    owner = EndUserFactory.new(name="Jo", address="jo@example.test")
    return desk.ticket(user=owner)


def first_entry(ticket: Ticket) -> ThreadEntry:
    entry = thread_of(ticket).entries.order_by("id").first()
    assert entry is not None
    return entry


def signed(ticket: Ticket, kind: str, *, person_id: int = 0, salt: str | None = None) -> str:
    """Give the Message-ID of a mail of ours about the ticket's first entry."""
    entry = first_entry(ticket)
    return "<{}>".format(
        outgoing_message_id(
            person_id=person_id,
            entry_id=entry.pk,
            thread_id=entry.thread_id or 0,
            kind=kind,
            sender="support@acme.test",
            random="abcde",
            secret_salt=settings.SECRET_SALT if salt is None else salt,
        )
    )


def send(
    sender: str,
    *,
    answers: str = "",
    subject: str = "Re: x",
    message_id: str = "<new@else.test>",
    cc: str = "",
    html: str = "",
) -> Ticket:
    headers = [
        f"From: {sender}", "To: support@acme.test", f"Subject: {subject}", f"Message-ID: {message_id}",
        *([f"In-Reply-To: {answers}"] if answers else []),
        *([f"Cc: {cc}"] if cc else []),
        *(["Content-Type: text/html"] if html else []),
    ]  # fmt: skip
    place = receive_mail(read_mail("\r\n".join([*headers, "", html or "words"]).encode()), actor=SYSTEM)
    assert isinstance(place, Ticket)
    return place


def newest(ticket: Ticket) -> ThreadEntry:
    entry = thread_of(ticket).entries.order_by("-id").first()
    assert entry is not None
    return entry


class TestStrangers:
    @pytest.mark.parametrize("kind", ["U", "C", "S", "M", "?"])
    def test_never_write_as_somebody_else(self, ticket: Ticket, kind: str) -> None:
        agent = AgentFactory.new()
        person = agent.pk if kind == "S" else ticket.user_id or 0
        got = send("Zed <zed@else.test>", answers=signed(ticket, kind, person_id=person))
        entry = newest(ticket)
        assert got == ticket
        assert (entry.type, entry.user_id, entry.staff_id, entry.poster) == ("M", None, None, "Zed")
        assert entry.flags & EntryFlag.SYSTEM
        assert "Received From: Zed" in entry.body
        assert not EndUser.objects.filter(name="Zed").exists()

    def test_cannot_make_up_a_signature(self, ticket: Ticket) -> None:
        assert send("zed@else.test", answers=signed(ticket, "M", salt="guessed")) != ticket

    def test_do_not_reach_a_ticket_by_its_number(self, ticket: Ticket) -> None:
        assert send("zed@else.test", subject=f"[#{ticket.number}]") != ticket

    def test_known_elsewhere_do_not_take_part_by_answering_an_agents_alert(self, ticket: Ticket) -> None:
        EndUserFactory.new(name="Zed", address="zed@else.test")
        send("zed@else.test", answers=signed(ticket, "S", person_id=AgentFactory.new().pk))
        assert newest(ticket).user is None
        assert not thread_of(ticket).collaborators.exists()


class TestAgents:
    def test_an_alert_is_answered_by_a_note_where_osticket_did_so(self, ticket: Ticket, settings: Any) -> None:
        settings.AGENT_ANSWERS_BY_MAIL = "note"
        agent = AgentFactory.new(dept=ticket.dept, email="kim@acme.test")
        send("KIM@acme.test", answers=signed(ticket, "S", person_id=agent.pk))
        assert (newest(ticket).type, newest(ticket).staff) == ("N", agent)

    @pytest.mark.parametrize("kind", ["U", "M"])
    def test_their_address_alone_makes_nothing_of_theirs(self, ticket: Ticket, kind: str) -> None:
        AgentFactory.new(dept=ticket.dept, email="kim@acme.test")
        send("Kim <kim@acme.test>", answers=signed(ticket, kind, person_id=ticket.user_id or 0))
        entry = newest(ticket)
        assert (entry.type, entry.staff_id, entry.user_id) == ("M", None, None)

    @pytest.mark.parametrize("columns", [{"isactive": False}, {"dept": "another"}])
    def test_without_access_write_no_note(self, ticket: Ticket, columns: dict[str, object]) -> None:
        values = {"dept": ticket.dept, **columns}
        if values["dept"] == "another":
            values["dept"] = DepartmentFactory.new()
        agent = AgentFactory.new(email="kim@acme.test", **values)
        send("kim@acme.test", answers=signed(ticket, "S", person_id=agent.pk))
        assert (newest(ticket).type, newest(ticket).staff_id) == ("M", None)


class TestParticipants:
    def test_the_owner_is_known_by_every_address_of_his(self, ticket: Ticket) -> None:
        UserEmail.objects.create(user=ticket.user, address="jo@home.test")
        send("jo@home.test", answers=signed(ticket, "M"))
        assert newest(ticket).user == ticket.user

    def test_a_collaborator_writes_as_himself(self, ticket: Ticket) -> None:
        ann = EndUserFactory.new(name="Ann", address="ann@else.test")
        collaborate(ticket, ann)
        send("ann@else.test", answers=signed(ticket, "U", person_id=ticket.user_id or 0))
        assert newest(ticket).user == ann

    def test_a_user_who_was_sent_our_mail_becomes_a_collaborator(self, ticket: Ticket) -> None:
        ann = EndUserFactory.new(name="Ann", address="ann@else.test")
        send("ann@else.test", answers=signed(ticket, "M"))
        assert newest(ticket).user == ann
        assert thread_of(ticket).collaborators.filter(user=ann).exists()


class TestPlaces:
    def test_the_same_mail_twice_changes_nothing(self, ticket: Ticket) -> None:
        send("jo@example.test", answers=signed(ticket, "M"))
        count = ThreadEntry.objects.count()
        assert send("jo@example.test", answers=signed(ticket, "M")) == ticket
        assert ThreadEntry.objects.count() == count

    def test_our_own_mail_that_comes_back_changes_nothing(self, ticket: Ticket) -> None:
        count = ThreadEntry.objects.count()
        assert send("jo@example.test", message_id=signed(ticket, "M")) == ticket
        assert ThreadEntry.objects.count() == count

    def test_a_mark_in_the_text_leads_to_the_ticket(self, ticket: Ticket) -> None:
        text = f"words\n\nRef-Mid: {signed(ticket, 'U', person_id=ticket.user_id or 0)[1:-1]}\n"
        raw = f"From: jo@example.test\r\nSubject: x\r\nMessage-ID: <a@b>\r\n\r\n{text}"
        assert receive_mail(read_mail(raw.encode()), actor=SYSTEM) == ticket

    def test_a_closed_ticket_opens_again_for_its_owner(self, ticket: Ticket) -> None:
        close_ticket(ticket, actor=SYSTEM, status=TicketStatus.objects.get(pk=3), force=True)
        send("jo@example.test", answers=signed(ticket, "M"))
        ticket.refresh_from_db()
        assert ticket.status is not None
        assert ticket.status.state == "open"

    def test_a_reply_to_a_mail_that_came_in_tells_nobody(self, desk: Desk, ticket: Ticket) -> None:
        set_settings("core", {"message_autoresponder": "1"}, SYSTEM)
        send("jo@example.test", answers=signed(ticket, "M"), message_id="<one@example.test>")
        Effect.objects.all().delete()
        send("jo@example.test", answers="<one@example.test>", message_id="<two@example.test>")
        assert newest(ticket).user == ticket.user
        assert not Effect.objects.exists()

    def test_an_answer_to_our_reply_follows_it(self, desk: Desk, ticket: Ticket) -> None:
        posted = post_reply(ticket, actor=Actor.for_agent(desk.agent), body="<p>Try again</p>")
        assert send("jo@example.test", subject=f"Re: [#{ticket.number}]") == ticket
        assert newest(ticket).pk > posted.entry.pk


class TestHostileMarkup:
    """What a sender writes where nobody expects it keeps no mail out, and nobody waiting."""

    @pytest.mark.parametrize("markup", ["<a ", "</a", "<!-- "])
    def test_in_a_long_text(self, desk: Desk, markup: str) -> None:
        words = "<p>elephant</p>" + "<p>a</p>" * 10_000
        place = send("Kim <kim@else.test>", html=f"{words}{markup * 100_000}")
        (entry,) = thread_of(place).entries.all()
        assert entry.body == ""  # too long for its column
        row = SearchEntry.objects.get(object_type="H", object_id=entry.pk)
        assert (row.content or "").startswith("elephant")

    def test_in_a_text_that_quotes_nothing(self, desk: Desk) -> None:
        assert not is_empty(f"<p>x</p>{'<a ' * 1000}", "html")
        assert is_empty(f"<p> &nbsp;</p>{'<a ' * 1000}", "html")

    @pytest.mark.parametrize("name", ["<a " * 400, "long " * 40, ">" + "<a " * 400, "<x" * 60 + ">" * 60])
    def test_in_a_name(self, desk: Desk, name: str) -> None:
        word = f"=?utf-8?b?{base64.b64encode(name.encode()).decode()}?="
        place = send(f"{word} <kim@else.test>", cc=f"{word} <lee@else.test>")
        assert place.user is not None
        assert len(place.user.name) <= 128
        assert thread_of(place).collaborators.get().user.default_email.address == "lee@else.test"

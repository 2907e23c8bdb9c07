"""In whose name a mail is posted: the table of docs/mail.md, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings

from filters.ban_list import ban
from helpdesk.configuration.services import set_settings
from helpdesk.legacy.message_ids import outgoing_message_id
from helpdesk.mail.incoming import read_mail
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, EndUser
from helpdesk.threads.constants import EntryFlag
from helpdesk.threads.models import EntryEmail, ThreadEntry
from tests.factories import AgentFactory, DepartmentFactory, EndUserFactory, RoleFactory, collaborate
from tests.tickets.conftest import Desk
from tickets.models import Ticket, TicketStatus
from tickets.services.incoming_mail import receive_mail
from tickets.services.posting import post_reply
from tickets.services.status import close_ticket
from tickets.states import thread_of

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()
SERVER = "mx.acme.test"
ADDRESSES = {
    "owner": "jo@example.test",
    "collaborator": "ann@example.test",
    "agent": "kim@acme.test",
    "other agent": "lee@acme.test",
    "known user": "zoe@else.test",
    "stranger": "zed@else.test",
}


@dataclass
class Scene:
    """A ticket with everybody who may write to it."""

    desk: Desk
    ticket: Ticket
    agents: dict[str, Any]

    @property
    def first(self) -> ThreadEntry:
        entry = thread_of(self.ticket).entries.order_by("id").first()
        assert entry is not None
        return entry

    def signed(self, kind: str, person_id: int = 0, entry: ThreadEntry | None = None) -> str:
        """Give the Message-ID of a mail of ours."""
        entry = entry or self.first
        found = outgoing_message_id(
            person_id=person_id,
            entry_id=entry.pk,
            thread_id=entry.thread_id or 0,
            kind=kind,
            sender="support@acme.test",
            random="abcde",
            secret_salt=settings.SECRET_SALT,
        )
        return f"<{found}>"

    def answered(self, what: str) -> str:
        kim, lee = self.agents["agent"].pk, self.agents["colleague"].pk
        by_name = {
            "an alert": self.signed("S", kim),
            "a colleague's alert": self.signed("S", lee),
            "our mail to users": self.signed("M"),
            "another mail": "<first@example.test>",
        }
        return by_name[what]

    def close(self, *, for_good: bool) -> None:
        status = TicketStatus.objects.get(pk=3)
        if for_good:
            TicketStatus.objects.filter(pk=3).update(properties={**(status.properties or {}), "allowreopen": False})
            status.refresh_from_db()
        close_ticket(self.ticket, actor=SYSTEM, status=status, force=True)
        Effect.objects.all().delete()

    def newest(self) -> ThreadEntry:
        entry = thread_of(self.ticket).entries.order_by("-id").first()
        assert entry is not None
        return entry


@pytest.fixture
def scene(desk: Desk) -> Scene:
    owner = EndUserFactory.new(name="Jo", address=ADDRESSES["owner"])
    ticket = desk.ticket(user=owner)
    collaborate(ticket, EndUserFactory.new(name="Ann", address=ADDRESSES["collaborator"]))
    EndUserFactory.new(name="Zoe", address=ADDRESSES["known user"])
    role = RoleFactory.new()
    agents = {
        "agent": AgentFactory.new(dept=ticket.dept, role=role, email=ADDRESSES["agent"]),
        "colleague": AgentFactory.new(dept=ticket.dept, role=role, email="colleague@acme.test"),
        "other agent": AgentFactory.new(dept=DepartmentFactory.new(), role=role, email=ADDRESSES["other agent"]),
    }
    made = Scene(desk, ticket, agents)
    EntryEmail.objects.create(entry=made.first, mid="<first@example.test>", headers="")
    return made


def send(sender: str, *, answers: str, found: str | None = None, message_id: str = "<new@else.test>", more: str = "",
         subject: str = "Re: x") -> Ticket:  # fmt: skip
    """Take a mail; `found` is what the receiving server says of the sender."""
    headers = [
        *([f"Authentication-Results: {SERVER}; {found}"] if found else []),
        f"From: {sender}",
        "To: support@acme.test",
        f"Subject: {subject}",
        f"Message-ID: {message_id}",
        f"In-Reply-To: {answers}",
        *([more] if more else []),
    ]
    raw = "\r\n".join([*headers, "", "words"]).encode()
    place = receive_mail(read_mail(raw, trusted_server=settings.MAIL_AUTHENTICATION_SERVER), actor=SYSTEM)
    assert isinstance(place, Ticket)
    return place


def outcome(scene: Scene, got: Ticket) -> str:
    """Say what became of a mail, in the words of the table."""
    if got != scene.ticket:
        return "new ticket"
    entry = scene.newest()
    if entry.flags & EntryFlag.SYSTEM:
        assert "Received From: " in entry.body
        return "nobody's"
    if entry.type == "M":
        return "message"
    assert entry.staff == scene.agents["agent"]
    return {"R": "answer", "N": "note"}[entry.type]


PASSED, FAILED, SILENT = "dmarc=pass", "dmarc=fail", ""
ROWS: list[tuple[str, str, str | None, str]] = [
    # no mail server is trusted
    *((who, what, None, "message")
      for who in ("owner", "collaborator")
      for what in ("an alert", "our mail to users", "another mail")),
    ("agent", "an alert", None, "answer"),
    *(("agent", what, None, "nobody's") for what in ("a colleague's alert", "our mail to users", "another mail")),
    *(("other agent", what, None, "nobody's") for what in ("an alert", "our mail to users", "another mail")),
    ("known user", "our mail to users", None, "message"),
    *(("known user", what, None, "nobody's") for what in ("an alert", "another mail")),
    *(("stranger", what, None, "nobody's") for what in ("an alert", "our mail to users", "another mail")),
    # it vouches for the sender
    ("owner", "our mail to users", PASSED, "message"),
    ("collaborator", "an alert", PASSED, "message"),
    ("agent", "an alert", PASSED, "answer"),
    *(("agent", what, PASSED, "note") for what in ("a colleague's alert", "our mail to users", "another mail")),
    ("other agent", "our mail to users", PASSED, "nobody's"),
    ("known user", "our mail to users", PASSED, "message"),
    ("stranger", "an alert", PASSED, "nobody's"),
    # it says that the sender is forged
    *((who, what, FAILED, "nobody's") for who in ADDRESSES for what in ("an alert", "our mail to users")),
    # it says nothing
    ("owner", "our mail to users", SILENT, "message"),
    ("agent", "an alert", SILENT, "nobody's"),
    ("agent", "our mail to users", SILENT, "nobody's"),
    ("known user", "our mail to users", SILENT, "message"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "answered", "found", "expected"), ROWS)
def test_the_table(scene: Scene, settings: Any, who: str, answered: str, found: str | None, expected: str) -> None:
    settings.MAIL_AUTHENTICATION_SERVER = "" if found is None else SERVER
    settings.AGENT_ANSWERS_BY_MAIL = "response"
    got = send(ADDRESSES[who], answers=scene.answered(answered), found=found or None)
    assert outcome(scene, got) == expected


@pytest.mark.parametrize(
    ("who", "answered", "for_good", "expected"),
    [
        ("owner", "our mail to users", False, "message"),
        ("owner", "our mail to users", True, "new ticket"),
        ("stranger", "our mail to users", True, "new ticket"),
        ("agent", "an alert", False, "answer"),
        ("agent", "an alert", True, "answer"),
    ],
)
def test_the_table_of_closed_tickets(scene: Scene, who: str, answered: str, for_good: bool, expected: str) -> None:
    scene.close(for_good=for_good)
    assert outcome(scene, send(ADDRESSES[who], answers=scene.answered(answered))) == expected
    scene.ticket.refresh_from_db()
    assert scene.ticket.status is not None
    assert scene.ticket.status.state == ("open" if expected == "message" else "closed")


class TestAnswersOfAgents:
    def test_go_out_like_those_written_on_the_page(self, scene: Scene) -> None:
        send(ADDRESSES["agent"], answers=scene.answered("an alert"))
        (by_mail,) = Effect.objects.filter(key__startswith="ticket.reply:")
        written = post_reply(scene.ticket, actor=Actor.for_agent(scene.agents["agent"]), body="words")
        (on_page,) = Effect.objects.filter(key__contains=f"entry {written.entry.pk}:", key__startswith="ticket.reply:")
        assert (by_mail.payload["to"], by_mail.payload["cc"]) == (on_page.payload["to"], on_page.payload["cc"])
        assert [one["address"] for one in by_mail.payload["to"]] == [ADDRESSES["owner"]]
        assert [one["address"] for one in by_mail.payload["cc"]] == [ADDRESSES["collaborator"]]
        scene.ticket.refresh_from_db()
        assert (scene.ticket.isanswered, scene.ticket.staff) == (True, scene.agents["agent"])

    def test_to_what_a_colleague_wrote_stay_among_agents(self, scene: Scene) -> None:
        note = post_reply(scene.ticket, actor=Actor.for_agent(scene.agents["colleague"]), body="done").entry
        got = send(ADDRESSES["agent"], answers=scene.signed("S", scene.agents["agent"].pk, note))
        assert outcome(scene, got) == "note"

    def test_stay_among_agents_without_the_permission_to_answer(self, scene: Scene) -> None:
        agent = scene.agents["agent"]
        Agent.objects.filter(pk=agent.pk).update(role=RoleFactory.new(keys=["ticket.edit"]))
        assert outcome(scene, send(ADDRESSES["agent"], answers=scene.answered("an alert"))) == "note"

    def test_stay_among_agents_when_a_program_wrote_them(self, scene: Scene) -> None:
        got = send(ADDRESSES["agent"], answers=scene.answered("an alert"), more="Auto-Submitted: auto-replied")
        assert outcome(scene, got) == "note"
        assert not Effect.objects.filter(key__startswith="ticket.reply:").exists()

    def test_that_cannot_be_sent_say_why(self, scene: Scene) -> None:
        ban(ADDRESSES["owner"], actor=SYSTEM)
        got = send(ADDRESSES["agent"], answers=scene.answered("an alert"))
        assert outcome(scene, got) == "note"
        assert (scene.newest().title or "").startswith("Not sent: ")

    def test_end_when_a_program_gives_them_without_saying_so(self, scene: Scene, settings: Any) -> None:
        settings.AUTOMATIC_ANSWERS_PER_TICKET = 2
        for number in range(4):
            send(ADDRESSES["agent"], answers=scene.answered("an alert"), message_id=f"<{number}@acme.test>")
        assert Effect.objects.filter(key__startswith="ticket.reply:").count() == 2
        assert thread_of(scene.ticket).entries.filter(type="N").count() == 2

    def test_are_notes_in_a_database_that_osticket_uses_too(self, scene: Scene, monkeypatch: Any) -> None:
        monkeypatch.setattr("tickets.services.mail_senders.is_followed", lambda: True)
        assert outcome(scene, send(ADDRESSES["agent"], answers=scene.answered("an alert"))) == "note"


def test_a_forged_sender_of_a_new_ticket_is_not_answered(desk: Desk, settings: Any) -> None:
    settings.MAIL_AUTHENTICATION_SERVER = SERVER
    set_settings("core", {"ticket_autoresponder": "1"}, SYSTEM)
    for found, expected in ((PASSED, 1), (FAILED, 0)):
        Effect.objects.all().delete()
        send("new@else.test", answers="", found=found, message_id=f"<{expected}@else.test>")
        assert Effect.objects.filter(key__startswith="ticket.autoresp:").count() == expected


def test_strangers_become_no_users_by_answering(scene: Scene) -> None:
    before = EndUser.objects.count()
    send(ADDRESSES["stranger"], answers=scene.answered("our mail to users"))
    assert EndUser.objects.count() == before

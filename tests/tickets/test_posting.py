"""Replies, notes and messages (osticket/tickets.md §10)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from filters.ban_list import ban
from helpdesk.configuration.services import set_setting
from helpdesk.files.models import Attachment
from helpdesk.legacy.errors import Conflict, NotFound, PermissionRefused, ValidationFailed
from helpdesk.mail.models import EmailAddress
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentFlag
from helpdesk.threads.bodies import NewFile
from helpdesk.threads.constants import EntryFlag, EntryType
from helpdesk.threads.models import Collaborator, Draft
from tests.factories import EndUserFactory, collaborate, new_task, resolved_status
from tests.tickets.conftest import NOW, Desk, entries, events, fresh
from tickets.constants import TicketFlag
from tickets.models import Ticket
from tickets.new_ticket import Addressee
from tickets.services import Posted, ReplyTo, Signature, close_ticket, post_message, post_note, post_reply
from tickets.signals import entry_posted
from tickets.states import thread_of


def reply(desk: Desk, ticket: Ticket, body: str = "<p>Restart it.</p>", **values: Any) -> Posted:
    return post_reply(ticket, **{"actor": desk.actor, "body": body, "now": NOW, **values})


class TestReply:
    def test_entry_and_columns(self, desk: Desk) -> None:
        ticket = desk.ticket()
        first = entries(ticket)[0]
        opened = ticket.lastupdate
        reply(desk, ticket, files=[NewFile("how.txt", b"to")])
        entry, row = entries(ticket)[-1], fresh(ticket)
        assert (entry.type, entry.staff_id, entry.user_id, entry.parent_id) == (
            EntryType.RESPONSE,
            desk.agent.pk,
            None,
            first.pk,
        )
        assert (entry.body, entry.poster, entry.title, entry.source) == ("<p>Restart it.</p>", "Ada Admin", None, "")
        assert entry.ip_address == "203.0.113.9"
        assert Attachment.objects.filter(object_id=entry.pk, type="H").count() == 1
        assert (row.isanswered, row.lastupdate, row.updated) == (True, opened, NOW)
        assert thread_of(row).lastresponse == NOW

    @pytest.mark.parametrize(
        ("reply_to", "cc_only", "flag", "count"),
        [
            (ReplyTo.ALL, None, EntryFlag.REPLY_ALL, 3),
            (ReplyTo.ALL, "first", EntryFlag.REPLY_ALL, 2),
            (ReplyTo.USER, None, EntryFlag.REPLY_USER, 1),
            (ReplyTo.NOBODY, None, EntryFlag(0), 0),
        ],
    )
    def test_recipients(self, desk: Desk, reply_to: ReplyTo, cc_only: str | None, flag: EntryFlag, count: int) -> None:
        ticket = desk.ticket(user=EndUserFactory.new(name="Jo Doe", address="jo@x.test"))
        active = [collaborate(ticket, EndUserFactory.new(name=name)) for name in ("Al", "Bo")]
        collaborate(ticket, EndUserFactory.new(), active=False)
        only = [active[0].user_id] if cc_only else None
        reply(desk, ticket, reply_to=reply_to, cc=only)
        entry = entries(ticket)[-1]
        stored: dict[str, dict[str, str]] = entry.recipients or {}
        assert entry.flags & (EntryFlag.REPLY_ALL | EntryFlag.REPLY_USER) == flag
        assert sum(map(len, stored.values())) == count
        if count:
            assert stored["to"] == {str(ticket.user_id): "Jo Doe <jo@x.test>"}
        if count == 2:
            assert set(stored["cc"]) == {str(active[0].pk)}

    def test_unassigned_ticket_goes_to_who_answers_without_event(self, desk: Desk) -> None:
        ticket = desk.ticket()
        reply(desk, ticket)
        assert fresh(ticket).staff_id == desk.agent.pk
        assert [name for name, _ in events(ticket)] == ["created"]

    @pytest.mark.parametrize("reason", ["setting", "department", "taken", "closed"])
    def test_ticket_stays_where_it_is(self, desk: Desk, reason: str) -> None:
        ticket = desk.ticket(closed=reason == "closed")
        if reason == "setting":
            set_setting("core", "auto_claim_tickets", "0", Actor.system())
        if reason == "department":
            desk.department.flags |= DepartmentFlag.DISABLE_AUTO_CLAIM
            desk.department.save()
        if reason == "taken":
            Ticket.objects.filter(pk=ticket.pk).update(staff=desk.colleague)
        reply(desk, ticket)
        assert fresh(ticket).staff_id == (desk.colleague.pk if reason == "taken" else None)

    def test_wanted_status_is_set(self, desk: Desk) -> None:
        ticket = desk.ticket()
        posted = reply(desk, ticket, status=resolved_status())
        row = fresh(ticket)
        assert (posted.status_refusal, row.status, row.isanswered) == (None, resolved_status(), True)

    def test_refused_status_keeps_the_reply_and_says_why(self, desk: Desk) -> None:
        ticket = desk.ticket()
        new_task(ticket)
        posted = reply(desk, ticket, status=resolved_status())
        assert posted.status_refusal is not None
        assert posted.status_refusal.code == "open_tasks"
        row = fresh(ticket)
        assert (row.closed, row.isanswered, entries(ticket)[-1].type) == (None, True, EntryType.RESPONSE)

    def test_same_status_is_no_refusal(self, desk: Desk) -> None:
        ticket = desk.ticket()
        assert reply(desk, ticket, status=ticket.status).status_refusal is None

    def test_merged_ticket_cannot_be_answered(self, desk: Desk) -> None:
        ticket = desk.ticket()
        ticket.parent, ticket.flags = desk.ticket(), TicketFlag.COMBINE_THREADS
        ticket.save()
        with pytest.raises(Conflict) as refusal:
            reply(desk, ticket)
        assert str(refusal.value) == "Child Tickets do not allow the end user or agent to reply."

    def test_own_draft_is_gone(self, desk: Desk) -> None:
        ticket = desk.ticket()
        for agent in (desk.agent, desk.colleague):
            Draft.objects.create(staff_id=agent.pk, namespace=f"ticket.response.{ticket.pk}", body="x")
        reply(desk, ticket)
        assert list(Draft.objects.values_list("staff_id", flat=True)) == [desk.colleague.pk]

    @pytest.mark.parametrize("body", ["", "<p> </p>", "<script>x</script>", "<style>p{}</style><br>"])
    def test_empty_text_is_refused(self, desk: Desk, body: str) -> None:
        with pytest.raises(ValidationFailed) as refusal:
            reply(desk, desk.ticket(), body)
        assert (str(refusal.value), refusal.value.field) == ("Response content is required", "body")

    def test_empty_file_takes_everything_back(self, desk: Desk) -> None:
        ticket = desk.ticket()
        with pytest.raises(ValidationFailed):
            reply(desk, ticket, files=[NewFile("a.txt", b"kept?"), NewFile("b.txt", b"")])
        assert (len(entries(ticket)), fresh(ticket).isanswered) == (1, False)

    def test_three_actors(self, desk: Desk) -> None:
        ticket = desk.ticket()
        with pytest.raises(PermissionRefused):
            reply(desk, ticket, actor=Actor.for_agent(desk.viewer))
        with pytest.raises(NotFound):
            reply(desk, ticket, actor=Actor.for_agent(desk.stranger))
        reply(desk, ticket, actor=Actor.for_agent(desk.colleague))
        assert [entry.staff_id for entry in entries(ticket)] == [None, desk.colleague.pk]

    def test_signal(self, desk: Desk, django_capture_on_commit_callbacks: Any) -> None:
        ticket, seen = desk.ticket(), []

        def receive(**values: Any) -> None:
            seen.append(values["entry"].type)

        entry_posted.connect(receive)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                reply(desk, ticket)
        finally:
            entry_posted.disconnect(receive)
        assert seen == [EntryType.RESPONSE]


class TestNote:
    def test_everybody_who_sees_the_ticket_may(self, desk: Desk) -> None:
        ticket = desk.ticket()
        before = fresh(ticket)
        post_note(ticket, actor=Actor.for_agent(desk.viewer), body="Look at the log.", title="Log", now=NOW)
        note, row = entries(ticket)[-1], fresh(ticket)
        assert (note.type, note.title, note.body, note.staff_id) == (
            EntryType.NOTE,
            "Log",
            "Look at the log.",
            desk.viewer.pk,
        )
        assert (row.isanswered, row.lastupdate, row.staff_id) == (False, before.lastupdate, None)
        with pytest.raises(NotFound):
            post_note(ticket, actor=Actor.for_agent(desk.stranger), body="x")

    def test_status_and_draft(self, desk: Desk) -> None:
        ticket = desk.ticket()
        Draft.objects.create(staff_id=desk.agent.pk, namespace=f"ticket.note.{ticket.pk}", body="x")
        post_note(ticket, actor=desk.actor, body="x", status=resolved_status(), now=NOW)
        assert fresh(ticket).closed == NOW
        assert not Draft.objects.exists()

    def test_without_permission_the_status_stays(self, desk: Desk) -> None:
        ticket = desk.ticket()
        posted = post_note(ticket, actor=Actor.for_agent(desk.viewer), body="x", status=resolved_status())
        assert posted.status_refusal is not None
        assert (posted.status_refusal.code, fresh(ticket).closed) == ("permission_denied", None)

    def test_empty_text_is_refused(self, desk: Desk) -> None:
        with pytest.raises(ValidationFailed) as refusal:
            post_note(desk.ticket(), actor=desk.actor, body=" ")
        assert str(refusal.value) == "Note content is required"

    def test_systems_note(self, desk: Desk) -> None:
        ticket = desk.ticket()
        note = post_note(ticket, actor=Actor.system(), body="Mail bounced", title="x").entry
        assert (note.poster, note.flags) == ("SYSTEM", EntryFlag.SYSTEM | EntryFlag.BALANCED)


class TestMessage:
    def post(self, ticket: Ticket, **values: Any) -> Any:
        user = values.pop("user", ticket.user)
        given = {"actor": Actor.for_user(user), "user": user, "body": "<p>Still broken.</p>", "now": NOW, **values}
        return post_message(ticket, **given)

    def test_ticket_is_unanswered_again(self, desk: Desk) -> None:
        ticket = desk.ticket()
        reply(desk, ticket)
        self.post(ticket, now=NOW + timedelta(hours=1))
        row = fresh(ticket)
        assert (row.isanswered, row.lastupdate) == (False, NOW + timedelta(hours=1))
        assert thread_of(row).lastmessage == NOW + timedelta(hours=1)
        assert (entries(ticket)[-1].type, entries(ticket)[-1].flags) == (EntryType.MESSAGE, EntryFlag.BALANCED)

    def test_closed_ticket_opens_again_if_its_status_lets_it(self, desk: Desk) -> None:
        ticket = desk.ticket()
        close_ticket(ticket, actor=desk.actor, status=resolved_status(), now=NOW)
        self.post(ticket, reopen=False)
        assert fresh(ticket).closed == NOW
        self.post(ticket)
        assert (fresh(ticket).closed, fresh(ticket).staff_id) == (None, desk.agent.pk)
        status = resolved_status()
        status.properties = {"allowreopen": False, "reopenstatus": 0}
        status.save()
        close_ticket(ticket, actor=desk.actor, status=resolved_status(), now=NOW)
        self.post(ticket)
        assert fresh(ticket).closed == NOW

    def test_somebody_else_becomes_a_collaborator(self, desk: Desk) -> None:
        ticket, friend = desk.ticket(), EndUserFactory.new(name="Carol Clark")
        for _ in range(2):
            self.post(ticket, user=friend, actor=Actor.system())  # by mail: his actor is the gateway
        assert Collaborator.objects.filter(thread=thread_of(ticket), user=friend).count() == 1
        assert [e for e in events(ticket) if e[0] == "collab"] == [
            ("collab", {"add": {str(friend.pk): {"name": "Carol Clark"}}})
        ]
        entry = entries(ticket)[-1]
        assert entry.flags & EntryFlag.COLLABORATOR
        assert list(entry.recipients or {}) == ["to"]

    def test_message_on_a_merged_ticket_goes_to_its_parent(self, desk: Desk) -> None:
        parent, child = desk.ticket(), desk.ticket()
        child.parent, child.flags = parent, TicketFlag.SEPARATE_THREADS
        child.save()
        self.post(child)
        assert (len(entries(parent)), len(entries(child))) == (2, 1)

    def test_empty_text_is_refused(self, desk: Desk) -> None:
        with pytest.raises(ValidationFailed):
            self.post(desk.ticket(), body="")


class TestOtherRecipientsOfAMail:
    def post(self, desk: Desk, ticket: Ticket) -> None:
        addressed = [
            Addressee("new@customer.test", "New One"),
            Addressee("no address"),
            Addressee("owner@customer.test"),
        ]
        post_message(ticket, actor=Actor.system(), user=ticket.user, body="Hello", addressed=addressed, now=NOW)

    def test_they_take_part_with_one_event_that_names_the_writer(self, desk: Desk) -> None:
        ticket = desk.ticket(user=EndUserFactory.new(address="owner@customer.test"))
        self.post(desk, ticket)
        row = Collaborator.objects.get()
        data = {"add": {str(row.user_id): {"name": "New One", "src": "Email (cc)"}}}
        assert events(ticket)[-1] == ("collab", data)

    def test_unless_the_settings_say_no(self, desk: Desk) -> None:
        set_setting("core", "add_email_collabs", "0", Actor.system())
        self.post(desk, desk.ticket())
        assert not Collaborator.objects.exists()


def test_a_reply_to_a_banned_owner_is_refused(desk: Desk) -> None:
    ticket = desk.ticket(user=EndUserFactory.new(address="foe@customer.test"))
    ban("foe@customer.test", actor=Actor.system())
    with pytest.raises(Conflict) as refusal:
        reply(desk, ticket)
    assert refusal.value.code == "owner_banned"
    assert len(entries(ticket)) == 1


def test_signature_and_sender_wait_with_the_mail(desk: Desk) -> None:
    ticket = desk.ticket()
    Effect.objects.all().delete()
    mailbox = EmailAddress.objects.order_by("-pk").first()
    assert mailbox is not None
    reply(desk, ticket, signature=Signature.DEPARTMENT, sender=mailbox.pk)
    mail = Effect.objects.get(payload__template="ticket.reply").payload
    assert (mail["context"]["signature"], mail["sender"]) == ("dept", mailbox.pk)

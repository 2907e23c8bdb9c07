"""Who gets which mail about a ticket: effects that wait for their sender (osticket/mail.md §7)."""

from __future__ import annotations

from typing import Any

import pytest

from helpdesk.configuration.services import set_settings
from helpdesk.mail.models import EmailAddress
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.people.constants import AlertMembership, TeamFlag
from helpdesk.people.models import DepartmentAccess, TeamMember
from tests.factories import AgentFactory, DepartmentFactory, EndUserFactory, TeamFactory, collaborate, new_ticket
from tests.tickets.conftest import Desk, fresh
from tickets.models import Ticket
from tickets.services import (
    ReplyTo,
    assign_ticket,
    claim_ticket,
    mark_overdue,
    post_message,
    post_note,
    post_reply,
)

pytestmark = pytest.mark.django_db


def settings(**values: str) -> None:
    set_settings("core", values, Actor.system())


def mails(template: str = "") -> list[tuple[str, list[str]]]:
    """Give template and addresses of the waiting mails, and forget them."""
    found = [(row.payload["template"], [one["address"] for one in (*row.payload["to"], *row.payload["cc"])])
             for row in Effect.objects.order_by("id")]  # fmt: skip
    Effect.objects.all().delete()
    return [one for one in found if not template or one[0] == template]


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    made = desk.ticket(user=EndUserFactory.new(name="Jo"))
    Effect.objects.all().delete()
    return made


def owner(ticket: Ticket) -> str:
    assert ticket.user is not None
    assert ticket.user.default_email is not None
    return str(ticket.user.default_email.address)


class TestNewTicket:
    def test_the_administrator_by_default(self) -> None:
        new_ticket()
        assert mails() == [("ticket.alert", ["ada@acme.test"])]

    def test_confirmation_where_all_want_it(self) -> None:
        settings(ticket_autoresponder="1", ticket_alert_active="0")
        made = new_ticket()
        assert mails() == [("ticket.autoresp", [owner(made)])]
        new_ticket(autorespond=False)
        new_ticket(department=DepartmentFactory.new(ticket_auto_response=False))
        new_ticket(user=EndUserFactory.new(address="support@acme.test"))
        assert mails() == []

    def test_members_and_manager_each_once(self, desk: Desk) -> None:
        settings(ticket_alert_dept_members="1", ticket_alert_admin="0")
        department = desk.department
        department.manager = desk.agent
        department.save()
        away = AgentFactory.new(dept=department, onvacation=True)
        extended = AgentFactory.new()
        DepartmentAccess.objects.create(staff=extended, dept=department, flags=1)
        new_ticket(department=department)
        told = [address for _template, (address,) in mails()]
        assert told == [desk.colleague.email, desk.viewer.email, desk.agent.email]
        department.group_membership = AlertMembership.ALL_MEMBERS
        department.save()
        new_ticket(department=department)
        told = [address for _template, (address,) in mails()]
        assert extended.email in told
        assert away.email not in told
        department.group_membership = AlertMembership.NOBODY
        department.save()
        settings(ticket_alert_admin="1")
        new_ticket(department=department)
        assert mails() == []

    def test_sender_is_the_address_of_the_department(self) -> None:
        settings(ticket_autoresponder="1")
        one, other = (EmailAddress.objects.create(email=f"{name}@acme.test") for name in ("dept", "auto"))
        new_ticket(department=DepartmentFactory.new(email_id=one.pk, autoresp_email_id=other.pk))
        senders = {row.payload["template"]: row.payload["sender"] for row in Effect.objects.all()}
        assert senders == {"ticket.alert": one.pk, "ticket.autoresp": other.pk}

    def test_the_last_ticket_that_is_allowed(self) -> None:
        settings(max_open_tickets="1", overlimit_notice_active="1", ticket_alert_active="0")
        made = new_ticket()
        subjects = sorted(
            row.payload["subject"] for row in Effect.objects.exclude(payload__template="ticket.overlimit")
        )
        assert subjects == [f"Maximum Open Tickets Limit ({owner(made)})", "Overlimit Notice"]
        assert mails("ticket.overlimit") == [("ticket.overlimit", [owner(made)])]


class TestLater:
    def test_an_answer_goes_to_the_owner_with_copies(self, desk: Desk, ticket: Ticket) -> None:
        friend, silent = EndUserFactory.new(), EndUserFactory.new()
        collaborate(ticket, friend)
        collaborate(ticket, silent, active=False)
        post_reply(ticket, actor=desk.actor, body="x")
        addresses = [owner(ticket), str(friend.default_email.address)] if friend.default_email else []
        assert mails() == [("ticket.reply", addresses)]
        post_reply(ticket, actor=desk.actor, body="x", reply_to=ReplyTo.USER)
        assert mails() == [("ticket.reply", [owner(ticket)])]
        post_reply(ticket, actor=desk.actor, body="x", reply_to=ReplyTo.NOBODY)
        assert mails() == []

    def test_a_message_reaches_agents_participants_and_its_writer(self, desk: Desk, ticket: Ticket) -> None:
        settings(message_autoresponder="1")
        desk.department.message_auto_response = True
        desk.department.save()
        friend = EndUserFactory.new()
        collaborate(ticket, friend)
        claim_ticket(fresh(ticket), actor=desk.actor)
        assert ticket.user is not None
        assert friend.default_email is not None
        post_message(fresh(ticket), actor=Actor.for_user(ticket.user), user=ticket.user, body="x")
        assert mails() == [
            ("message.autoresp", [owner(ticket)]),
            ("ticket.activity.notice", [friend.default_email.address]),
            ("message.alert", [desk.agent.email]),
        ]
        post_message(fresh(ticket), actor=Actor.for_user(ticket.user), user=ticket.user, body="x", reopen=False)
        assert mails() == []

    def test_notes_tell_everybody_but_their_writer(self, desk: Desk, ticket: Ticket) -> None:
        settings(note_alert_active="1")
        claim_ticket(fresh(ticket), actor=desk.actor)
        post_note(fresh(ticket), actor=Actor.for_agent(desk.colleague), body="x")
        assert mails() == [("note.alert", [desk.agent.email])]
        post_note(fresh(ticket), actor=desk.actor, body="x")
        assert mails() == []

    def test_assignees(self, desk: Desk, ticket: Ticket) -> None:
        settings(assigned_alert_team_members="1")
        assign_ticket(ticket, actor=desk.actor, agent=desk.colleague)
        assert mails() == [("assigned.alert", [desk.colleague.email])]
        team = TeamFactory.new(members=[desk.agent, desk.viewer])
        TeamMember.objects.filter(staff=desk.viewer).update(flags=0)
        assign_ticket(fresh(ticket), actor=desk.actor, team=team)
        assert mails() == [("assigned.alert", [desk.agent.email])]
        team.flags = TeamFlag.ENABLED | TeamFlag.NO_ALERTS
        team.save()
        assign_ticket(new_ticket(department=desk.department), actor=desk.actor, team=team)
        assert mails("assigned.alert") == []

    def test_overdue(self, desk: Desk, ticket: Ticket) -> None:
        mark_overdue(ticket, actor=Actor.system())
        assert mails() == []
        settings(overdue_alert_dept_members="1")
        mark_overdue(desk.ticket(), actor=Actor.system())
        told: list[Any] = [addresses for _template, addresses in mails("ticket.overdue")]
        assert told == [[one.email] for one in (desk.agent, desk.colleague, desk.viewer)]

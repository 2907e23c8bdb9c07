"""Who takes part in a ticket (osticket/tickets.md §13)."""

from __future__ import annotations

import pytest

from helpdesk.configuration.services import set_setting
from helpdesk.legacy.errors import Conflict, NotFound, PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser
from helpdesk.threads.constants import CollaboratorFlag
from helpdesk.threads.models import Collaborator
from tests.factories import AgentFactory, EndUserFactory, OrganizationFactory, collaborate
from tests.tickets.conftest import NOW, Desk, events
from tickets.services import add_collaborator, post_reply, remove_collaborator, update_collaborators
from tickets.states import thread_of

ACTIVE = CollaboratorFlag.ACTIVE | CollaboratorFlag.CC
INACTIVE = CollaboratorFlag.CC


def flags_of(*rows: Collaborator) -> list[CollaboratorFlag]:
    found = Collaborator.objects.in_bulk([row.pk for row in rows])
    return [CollaboratorFlag(found[row.pk].flags) for row in rows]


class TestAdding:
    def test_an_existing_user_takes_part_with_an_event(self, desk: Desk) -> None:
        ticket, user = desk.ticket(), EndUserFactory.new(name="Carol")
        row = add_collaborator(ticket, actor=desk.actor, user=user, now=NOW)
        assert (row.flags, row.role, row.created) == (ACTIVE, "M", NOW)
        assert events(ticket)[-1] == ("collab", {"add": {str(user.pk): {"name": "Carol"}}})

    def test_a_new_address_becomes_a_user(self, desk: Desk) -> None:
        ticket = desk.ticket()
        row = add_collaborator(ticket, actor=desk.actor, email="new@customer.test", name="New One", now=NOW)
        assert EndUser.objects.get(emails__address="new@customer.test").pk == row.user_id

    def test_the_owner_and_one_who_takes_part_already_are_refused(self, desk: Desk) -> None:
        ticket = desk.ticket()
        row = collaborate(ticket, EndUserFactory.new())
        for user, code in ((ticket.user, "is_owner"), (row.user, "is_collaborator")):
            with pytest.raises(Conflict) as refusal:
                add_collaborator(ticket, actor=desk.actor, user=user)
            assert refusal.value.code == code

    def test_no_address_is_no_collaborator(self, desk: Desk) -> None:
        with pytest.raises(ValidationFailed):
            add_collaborator(desk.ticket(), actor=desk.actor, email="nobody")
        assert not Collaborator.objects.exists()

    def test_agents_who_only_look_decide_nothing(self, desk: Desk) -> None:
        ticket, user = desk.ticket(), EndUserFactory.new()
        with pytest.raises(PermissionRefused):
            add_collaborator(ticket, actor=Actor.for_agent(desk.viewer), user=user)
        with pytest.raises(NotFound):
            add_collaborator(ticket, actor=Actor.for_agent(desk.stranger), user=user)

    def test_an_agent_named_by_a_mail_stays_inactive_where_settings_say_so(self, desk: Desk) -> None:
        set_setting("core", "disable_agent_collabs", "1", Actor.system())
        AgentFactory.new(email="Mona@acme.test")
        user = EndUserFactory.new(address="mona@ACME.test")
        assert add_collaborator(desk.ticket(), actor=Actor.system(), user=user).flags == INACTIVE
        assert add_collaborator(desk.ticket(), actor=desk.actor, user=user).flags == ACTIVE


class TestByEndUsers:
    def test_the_owner_decides_and_nobody_else(self, desk: Desk) -> None:
        ticket = desk.ticket()
        assert ticket.user is not None
        row = add_collaborator(ticket, actor=Actor.for_user(ticket.user), email="friend@customer.test")
        assert row.user is not None
        with pytest.raises(PermissionRefused):
            add_collaborator(ticket, actor=Actor.for_user(row.user), email="foe@customer.test")
        with pytest.raises(NotFound):
            add_collaborator(ticket, actor=Actor.for_user(EndUserFactory.new()), email="foe@customer.test")

    def test_only_where_mails_may_name_collaborators_too(self, desk: Desk) -> None:
        ticket = desk.ticket()
        assert ticket.user is not None
        set_setting("core", "add_email_collabs", "0", Actor.system())
        with pytest.raises(PermissionRefused):
            add_collaborator(ticket, actor=Actor.for_user(ticket.user), email="friend@customer.test")

    def test_everybody_may_leave(self, desk: Desk) -> None:
        ticket = desk.ticket()
        leaving, staying = collaborate(ticket, EndUserFactory.new()), collaborate(ticket, EndUserFactory.new())
        assert leaving.user is not None
        with pytest.raises(PermissionRefused):
            remove_collaborator(ticket, actor=Actor.for_user(leaving.user), collaborator_id=staying.pk)
        remove_collaborator(ticket, actor=Actor.for_user(leaving.user), collaborator_id=leaving.pk)
        assert list(thread_of(ticket).collaborators.all()) == [staying]


class TestUpdating:
    def test_listed_are_active_others_not_and_removed_ones_gone(self, desk: Desk) -> None:
        ticket = desk.ticket()
        one, two, three = (collaborate(ticket, EndUserFactory.new(name=name)) for name in ("A", "B", "C"))
        update_collaborators(ticket, actor=desk.actor, active=[one.pk], removed=[three.pk], now=NOW)
        assert flags_of(one, two) == [ACTIVE, INACTIVE]
        assert not Collaborator.objects.filter(pk=three.pk).exists()
        assert events(ticket)[-1] == ("collab", {"del": {str(three.user_id): {"name": "C"}}})

    def test_a_row_of_another_ticket_changes_nothing(self, desk: Desk) -> None:
        ticket = desk.ticket()
        own, foreign = collaborate(ticket, EndUserFactory.new()), collaborate(desk.ticket(), EndUserFactory.new())
        with pytest.raises(NotFound) as refusal:
            update_collaborators(ticket, actor=desk.actor, active=[], removed=[own.pk, foreign.pk])
        assert refusal.value.code == "collaborator_not_found"
        assert flags_of(own, foreign) == [ACTIVE, ACTIVE]


class TestWithAReply:
    def test_new_ones_come_listed_ones_are_active_others_stay_without_mail(self, desk: Desk) -> None:
        ticket = desk.ticket()
        asleep, dropped = (
            collaborate(ticket, EndUserFactory.new(), active=False),
            collaborate(ticket, EndUserFactory.new()),
        )
        new = EndUserFactory.new()
        assert asleep.user is not None
        assert ticket.user is not None
        entry = post_reply(
            ticket, actor=desk.actor, body="Yes.", collaborators=[ticket.user, asleep.user, new], now=NOW
        ).entry
        assert flags_of(asleep, dropped) == [ACTIVE, INACTIVE]
        added = Collaborator.objects.get(user=new)
        assert set((entry.recipients or {})["cc"]) == {str(asleep.pk), str(added.pk)}
        assert [name for name, _ in events(ticket)][-1] == "collab"


def test_organization_members_take_part_from_the_start(desk: Desk) -> None:
    organization = OrganizationFactory.new(status=0x1)
    owner, colleague = (EndUserFactory.new(org=organization, name=name) for name in ("Owner", "Colleague"))
    ticket = desk.ticket(user=owner)
    assert [row.user_id for row in thread_of(ticket).collaborators.all()] == [colleague.pk]
    assert events(ticket)[-1] == ("collab", {"org": organization.pk})

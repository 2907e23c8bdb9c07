"""Deleting an end user, with or without tickets (osticket/tickets.md §15.7)."""

import pytest

from helpdesk.audit.models import AdministrativeChange
from helpdesk.configuration.models import QuickNote
from helpdesk.forms.models import FormEntry
from helpdesk.legacy.errors import Conflict, NotFound, PermissionRefused
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser, UserAccount, UserEmail
from helpdesk.people.services import add_address, add_note, change_end_user, create_end_user, delete_end_user
from helpdesk.threads.models import Collaborator, ThreadEntry
from tests.factories import AgentFactory, EndUserFactory, RoleFactory, collaborate, new_ticket
from tickets.models import Ticket
from tickets.services import post_message

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()


def test_everything_of_a_user_goes() -> None:
    user = create_end_user("jane@customer.test", "Jane", actor=SYSTEM, answers={"phone": "5550100"})
    add_address(user, "jane@home.test", actor=SYSTEM)
    add_note(user, "Calls often", actor=SYSTEM)
    UserAccount.objects.create(user=user, status=1)
    delete_end_user(user, actor=SYSTEM)
    assert not EndUser.objects.filter(name="Jane").exists()
    assert not UserEmail.objects.filter(address__in=["jane@customer.test", "jane@home.test"]).exists()
    assert not UserAccount.objects.exists()
    assert not QuickNote.objects.exists()
    assert not FormEntry.objects.filter(object_type="U", object_id=user.pk or 0).exists()


def test_the_trail_tells_nothing_of_the_person() -> None:
    user = create_end_user("jane@customer.test", "Jane Doe", actor=SYSTEM)
    change_end_user(user, actor=SYSTEM, name="Jane Roe", address="jane@roe.test")
    delete_end_user(user, actor=SYSTEM)
    rows = AdministrativeChange.objects.filter(object_type="user")
    assert list(rows.order_by("pk").values_list("action", flat=True)) == ["created", "changed", "deleted"]
    told = str(list(rows.values()))
    assert "Jane" not in told
    assert "jane@" not in told


def test_what_a_user_wrote_in_tickets_of_others_stays() -> None:
    user = EndUserFactory.new(name="Jane")
    ticket = new_ticket()
    collaborate(ticket, user)
    post_message(ticket, user=user, actor=Actor.for_user(user), body="<p>Me too</p>")
    delete_end_user(user, actor=SYSTEM)
    assert not Collaborator.objects.exists()
    assert ThreadEntry.objects.filter(poster="Jane", body__contains="Me too").exists()


def test_a_user_with_tickets_stays() -> None:
    user = EndUserFactory.new()
    for ticket in (new_ticket(user=user), new_ticket(user=user, closed=True)):
        with pytest.raises(Conflict) as refusal:
            delete_end_user(user, actor=SYSTEM)
        assert refusal.value.code == "user_has_tickets"
        assert Ticket.objects.filter(pk=ticket.pk, user=user).exists()
    assert UserEmail.objects.filter(user=user).exists()


def test_deleting_users_is_a_permission() -> None:
    user = EndUserFactory.new()
    editor = AgentFactory.new(permissions={"user.edit": 1, "user.manage": 1}, role=RoleFactory.new())
    for actor in (Actor.for_agent(editor), Actor.for_user(user), Actor.for_api_key("key")):
        with pytest.raises(PermissionRefused):
            delete_end_user(user, actor=actor)
    assert EndUser.objects.filter(pk=user.pk).exists()


def test_a_user_goes_once() -> None:
    user = EndUserFactory.new()
    again = EndUser.objects.get(pk=user.pk)
    delete_end_user(user, actor=SYSTEM)
    with pytest.raises(NotFound):
        delete_end_user(again, actor=SYSTEM)
    with pytest.raises(NotFound):
        change_end_user(again, actor=SYSTEM, name="Back")

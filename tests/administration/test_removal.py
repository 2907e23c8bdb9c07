"""What deleting a department, an agent or a team leaves behind (osticket/tickets.md §15.7)."""

import pytest
from django.test import Client

from helpdesk.legacy.errors import Conflict, PermissionRefused
from helpdesk.mail.models import EmailAddress
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, DepartmentAccess, Team, TeamMember
from helpdesk.people.services import delete_agent
from helpdesk.threads.models import ThreadEntry
from tasks.models import Task
from tests.administration.conftest import MakeAgent
from tests.factories import DepartmentFactory, HelpTopicFactory, TeamFactory, new_task, new_ticket
from tickets.models import HelpTopic, Ticket
from tickets.states import thread_of

pytestmark = pytest.mark.django_db


def test_what_a_department_held_goes_to_the_default_one(browser: Client) -> None:
    gone = DepartmentFactory.new()
    topic = HelpTopicFactory.new(dept=gone)
    ticket = new_ticket()
    Ticket.objects.filter(pk=ticket.pk).update(dept=gone)
    task = new_task(ticket)
    Task.objects.filter(pk=task.pk).update(dept=gone)
    address = EmailAddress.objects.create(email="gone@acme.test", dept=gone)
    browser.post(f"/admin/hd_people/department/{gone.pk}/delete/", {"post": "yes"})
    assert not Department.objects.filter(pk=gone.pk).exists()
    assert Ticket.objects.get(pk=ticket.pk).dept_id == 1
    assert Task.objects.get(pk=task.pk).dept_id == 1
    assert HelpTopic.objects.get(pk=topic.pk).dept_id is None
    assert EmailAddress.objects.get(pk=address.pk).dept_id is None


def test_an_agents_tickets_belong_to_nobody_and_his_words_keep_his_name(browser: Client, make_agent: MakeAgent) -> None:
    bob = make_agent("bob", lastname="Builder")
    ticket = new_ticket(closed=True)
    Ticket.objects.filter(pk=ticket.pk).update(staff=bob)
    entry = ThreadEntry.objects.filter(thread=thread_of(ticket)).first()
    assert entry is not None
    ThreadEntry.objects.filter(pk=entry.pk).update(staff=bob, poster="old")
    team = TeamFactory.new(members=[bob], lead=bob)
    DepartmentAccess.objects.create(staff=bob, dept_id=2, role_id=1)
    Department.objects.filter(pk=3).update(manager=bob)
    browser.post(f"/admin/hd_people/agent/{bob.pk}/delete/", {"post": "yes"})
    assert not Agent.objects.filter(pk=bob.pk).exists()
    assert Ticket.objects.get(pk=ticket.pk).staff_id is None
    stored = ThreadEntry.objects.get(pk=entry.pk)
    assert (stored.staff_id, stored.poster) == (None, "Bob Builder")
    assert not TeamMember.objects.filter(staff_id=bob.pk).exists()
    assert not DepartmentAccess.objects.filter(staff_id=bob.pk).exists()
    assert Team.objects.get(pk=team.pk).lead_id is None
    assert Department.objects.get(pk=3).manager_id is None


def test_a_teams_tickets_belong_to_no_team(browser: Client) -> None:
    team = TeamFactory.new()
    ticket = new_ticket()
    Ticket.objects.filter(pk=ticket.pk).update(team=team)
    browser.post(f"/admin/hd_people/team/{team.pk}/delete/", {"post": "yes"})
    assert Ticket.objects.get(pk=ticket.pk).team_id is None


def test_nobody_deletes_himself(browser: Client, admin: Agent) -> None:
    response = browser.post(f"/admin/hd_people/agent/{admin.pk}/delete/", {"post": "yes"}, follow=True)
    assert b"You cannot delete yourself" in response.content
    assert Agent.objects.filter(pk=admin.pk).exists()


def test_the_last_administrator_stays(admin: Agent, make_agent: MakeAgent) -> None:
    make_agent("eve", isadmin=True, isactive=False)
    with pytest.raises(Conflict):
        delete_agent(admin, actor=Actor.system())
    with pytest.raises(PermissionRefused):
        delete_agent(admin, actor=Actor.for_agent(make_agent("bob")))

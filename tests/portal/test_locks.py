"""Locks as the script of the agents' pages takes and keeps them (osticket/tickets.md §15.3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from helpdesk.configuration.models import SystemLogEntry
from helpdesk.configuration.services import set_setting
from helpdesk.people.actor import Actor
from helpdesk.threads.jobs import purge_locks
from helpdesk.threads.models import Lock
from tests.desk import Desk, open_ticket, set_up_desk
from tests.sign_in import agent_client
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    return set_up_desk()


@pytest.fixture
def ticket() -> Ticket:
    return open_ticket()


def test_the_life_of_a_lock(desk: Desk, ticket: Ticket) -> None:
    grace, alan = agent_client(desk.grace), agent_client(desk.alan)
    url = f"/scp/tickets/{ticket.pk}/lock/"
    held = grace.post(url).json()
    assert held == {"id": Lock.objects.get().pk, "time": 180, "code": Lock.objects.get().code}
    assert grace.post(f"{url}{held['id']}/renew/").json() == held
    assert alan.post(url).json() == {"id": 0, "retry": False, "msg": "Currently locked by Grace Hopper"}
    refused = alan.post(f"{url}{held['id']}/renew/")
    assert (refused.status_code, refused.json()["msg"]) == (403, "Lock denied!")
    assert alan.post(f"/scp/locks/{held['id']}/release/").json() == 0
    assert grace.post(f"/scp/locks/{held['id']}/release/").json() == 1
    gone = grace.post(f"{url}{held['id']}/renew/")
    assert (gone.status_code, gone.json()) == (404, {"id": 0, "retry": "acquire"})
    assert alan.post(url).json()["id"]


def test_who_does_not_see_the_ticket_and_who_names_another(desk: Desk, ticket: Ticket) -> None:
    grace = agent_client(desk.grace)
    denied = agent_client(desk.sam).post(f"/scp/tickets/{ticket.pk}/lock/")
    assert (denied.status_code, denied.json()) == (200, {"id": 0, "retry": False, "msg": "Lock denied!"})
    held = grace.post(f"/scp/tickets/{ticket.pk}/lock/").json()
    mismatch = grace.post(f"/scp/tickets/{open_ticket().pk}/lock/{held['id']}/renew/")
    assert (mismatch.status_code, mismatch.json()) == (400, {"id": 0, "retry": False})
    set_setting("core", "ticket_lock", "0", Actor.system())
    off = grace.post(f"/scp/tickets/{ticket.pk}/lock/")
    assert (off.status_code, off.json()) == (418, {"id": 0, "retry": False})
    assert grace.get(f"/scp/tickets/{ticket.pk}/lock/").status_code == 405


def test_administrators_break_locks(desk: Desk, ticket: Ticket) -> None:
    agent_client(desk.grace).post(f"/scp/tickets/{ticket.pk}/lock/")
    url = f"/scp/tickets/{ticket.pk}/lock/break/"
    assert agent_client(desk.alan).post(url).status_code == 302
    assert Lock.objects.exists()
    desk.alan.isadmin = True
    desk.alan.save()
    assert agent_client(desk.alan).post(url).status_code == 302
    assert not Lock.objects.exists()
    assert SystemLogEntry.objects.filter(title="Ticket lock broken").count() == 1
    assert agent_client(desk.sam).post(url).status_code == 404


def test_the_page_says_who_is_answering_and_offers_the_lock_to_administrators(desk: Desk, ticket: Ticket) -> None:
    agent_client(desk.grace).post(f"/scp/tickets/{ticket.pk}/lock/")
    page, notice, offer = f"/scp/tickets/{ticket.pk}/", "Grace Hopper is answering right now.", "Break the lock"
    assert notice not in agent_client(desk.grace).get(page).content.decode()
    shown = agent_client(desk.alan).get(page).content.decode()
    assert notice in shown
    assert offer not in shown
    desk.alan.isadmin = True
    desk.alan.save()
    assert offer in agent_client(desk.alan).get(page).content.decode()


def test_the_job_deletes_what_has_expired(desk: Desk, ticket: Ticket) -> None:
    agent_client(desk.grace).post(f"/scp/tickets/{ticket.pk}/lock/")
    assert purge_locks() == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=4), tick=False):
        assert purge_locks() == 1

"""The bench says what creation then does: the same agent and team, the same refusals."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.cache import cache
from django.test import Client

from helpdesk.configuration.services import set_settings
from helpdesk.legacy.errors import DomainError
from helpdesk.mail.models import EmailAddress
from helpdesk.people.actor import Actor
from helpdesk.people.constants import OrganizationFlag
from tests.factories import AgentFactory, EndUserFactory, OrganizationFactory, TeamFactory
from tests.filters.making import make_filter
from tickets.constants import TicketSource
from tickets.filter_bench import try_out
from tickets.models import Ticket
from tickets.new_ticket import NewTicket, Origin
from tickets.services import create_ticket
from tickets.services.submission import Unwelcome

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
ASKED = NewTicket(
    origin=Origin.API,
    source=TicketSource.API,
    email="jo@customer.test",
    name="Jo Doe",
    subject="Printer jam",
    message="Jammed",
)
WORDS = {"way": "words", "origin": "api", "email": ASKED.email, "name": ASKED.name, "subject": ASKED.subject}


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


def shown(browser: Client, **said: str) -> str:
    """Give what the page says, without its markup."""
    page = browser.post("/admin/try-filters/", {**WORDS, **said}).content.decode()
    return " ".join(page.split())


@pytest.mark.parametrize("kind", ["agent", "team"])
def test_somebody_new_has_the_account_manager_of_the_domain(browser: Client, kind: str) -> None:
    agent, team = AgentFactory.new(firstname="Mia", lastname="Manager"), TeamFactory.new(name="Key accounts")
    OrganizationFactory.new(
        domain="customer.test",
        manager=f"s{agent.pk}" if kind == "agent" else f"t{team.pk}",
        status=OrganizationFlag.ASSIGN_ACCOUNT_MANAGER,
    )
    route = try_out(ASKED).route
    assert route is not None
    assert ("Mia Manager" if kind == "agent" else "Key accounts") in shown(browser)
    ticket = create_ticket(ASKED, actor=SYSTEM)
    assert (route.agent, route.team) == (ticket.staff, ticket.team)
    assert (route.agent or route.team) == (agent if kind == "agent" else team)


@pytest.mark.parametrize("columns", [{"onvacation": True}, {"isactive": False}])
def test_who_is_not_available_gets_no_ticket(browser: Client, columns: dict[str, bool]) -> None:
    agent = AgentFactory.new(firstname="Ada", lastname="Away", **columns)
    make_filter(actions={"agent": {"staff_id": agent.pk}}, name="To Ada")
    assert try_out(ASKED).passed_over == {"agent"}
    assert "nobody: Ada Away is not available" in shown(browser)
    assert create_ticket(ASKED, actor=SYSTEM).staff is None


def test_a_team_that_is_switched_off_gets_no_ticket(browser: Client) -> None:
    team = TeamFactory.new(name="Night", disabled=True)
    make_filter(actions={"team": {"team_id": team.pk}})
    assert try_out(ASKED).passed_over == {"team"}
    assert "none: Night is switched off" in shown(browser)
    assert create_ticket(ASKED, actor=SYSTEM).team is None


def test_mail_of_strangers_is_refused(browser: Client) -> None:
    set_settings("core", {"accept_unregistered_email": False}, SYSTEM)
    mail = replace(ASKED, origin=Origin.EMAIL, source=None, mailbox=EmailAddress.objects.order_by("pk").first())
    trial = try_out(mail)
    assert (trial.refusal and trial.refusal.reason, trial.route) == (Unwelcome.STRANGER, None)
    assert "mail of unknown senders is not accepted" in shown(browser, origin="email")
    with pytest.raises(DomainError) as refusal:
        create_ticket(mail, actor=SYSTEM)
    assert refusal.value.code == "denied"
    EndUserFactory.new(address=ASKED.email)
    assert try_out(mail).refusal is None
    assert create_ticket(mail, actor=SYSTEM).pk


def test_the_limit_of_open_tickets_refuses(browser: Client) -> None:
    set_settings("core", {"max_open_tickets": 1}, SYSTEM)
    assert try_out(ASKED).refusal is None
    create_ticket(ASKED, actor=SYSTEM)
    trial = try_out(ASKED)
    assert (trial.refusal and trial.refusal.reason, trial.route) == (Unwelcome.TOO_MANY_OPEN, None)
    assert "as many open tickets as the settings allow (1)" in shown(browser)
    with pytest.raises(DomainError) as refusal:
        create_ticket(ASKED, actor=SYSTEM)
    assert refusal.value.code == "too_many_open_tickets"
    assert Ticket.objects.count() == 1

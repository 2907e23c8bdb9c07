"""The table “Who gets which mail” of docs/mail.md, row by row: with its settings alone, exactly these get it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

from helpdesk.configuration.services import set_settings
from helpdesk.knowledge.models import CannedResponse
from helpdesk.mail.message_types import MESSAGE_TYPES
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, EndUser, Team
from tests.factories import (
    AgentFactory,
    DepartmentFactory,
    EndUserFactory,
    HelpTopicFactory,
    OrganizationFactory,
    TeamFactory,
    collaborate,
    new_ticket,
)
from tests.filters.making import make_filter
from tests.tickets.conftest import Desk, fresh
from tickets.constants import TicketSource
from tickets.models import Ticket
from tickets.names import address_of
from tickets.new_ticket import NewTicket, Origin
from tickets.services import assign_ticket, mark_overdue, post_message, post_note, post_reply, transfer_ticket
from tickets.services.opening import open_for_user

pytestmark = pytest.mark.django_db
PAGE = Path(__file__).resolve().parents[2] / "docs" / "mail.md"


class Row(NamedTuple):
    """One row of the table."""

    when: str
    who: str
    settings: list[str]
    message: str


def rows() -> list[Row]:
    """Read the table; an empty first cell means the one above."""
    section = PAGE.read_text().partition("## Who gets which mail\n")[2].partition("\n\nLeft out")[0]
    found: list[Row] = []
    for line in section.splitlines():
        if not line.startswith("| ") or line.startswith("| when"):
            continue
        when, who, settings, message = (cell.strip() for cell in line.strip("|").split("|"))
        found.append(Row(when or found[-1].when, who, re.findall(r"`(\w+)`", settings), message.strip("`")))
    return found


@dataclass
class Scene:
    """A department with a manager; a ticket whose owner's organization has one, with a collaborator; a team."""

    desk: Desk
    manager: Agent
    account_manager: Agent
    owner: EndUser
    friend: EndUser
    team: Team

    def opened(self) -> Ticket:
        return fresh(new_ticket(department=self.desk.department, user=self.owner))

    def at_work(self) -> Ticket:
        """Give a ticket of Cora's, that Ada answered, with a friend of the owner's; what was mailed is forgotten."""
        ticket = self.opened()
        collaborate(ticket, self.friend)
        assign_ticket(ticket, actor=self.desk.actor, agent=self.desk.colleague)
        post_reply(fresh(ticket), actor=self.desk.actor, body="x")
        Effect.objects.all().delete()
        return fresh(ticket)

    def addresses(self, who: str) -> list[str]:
        users = {user: str(user.default_email.address) for user in (self.owner, self.friend) if user.default_email}
        found: dict[str, list[str]] = {
            "owner": [users[self.owner]],
            "writer": [users[self.owner]],
            "other participants": [users[self.friend]],
            "owner and collaborators": [users[self.owner], users[self.friend]],
            "owner and other participants": [users[self.owner], users[self.friend]],
            "agents of the department": [
                str(one.email) for one in (self.desk.agent, self.desk.colleague, self.desk.viewer)
            ],
            "manager of the department": [str(self.manager.email)],
            "manager of the owner's organization": [str(self.account_manager.email)],
            "administrator": ["ada@acme.test"],
            "agent who answered last": [str(self.desk.agent.email)],
            "assignee": [str(self.desk.colleague.email)],
            "agents of the team": [str(self.desk.viewer.email)],
            "lead of the team": [str(self.desk.agent.email)],
        }
        return found[who]


@pytest.fixture
def scene(desk: Desk) -> Scene:
    manager, account_manager = AgentFactory.new(), AgentFactory.new()
    desk.department.manager, desk.department.message_auto_response = manager, True
    desk.department.save()
    owner = EndUserFactory.new(org=OrganizationFactory.new(manager=f"s{account_manager.pk}"))
    team = TeamFactory.new(members=[desk.viewer], lead=desk.agent)
    return Scene(desk, manager, account_manager, owner, EndUserFactory.new(), team)


def write(scene: Scene, ticket: Ticket) -> None:
    post_message(ticket, actor=Actor.for_user(scene.owner), user=scene.owner, body="x")


def transfer(scene: Scene, ticket: Ticket) -> None:
    elsewhere = DepartmentFactory.new()
    Ticket.objects.filter(pk=ticket.pk).update(dept=elsewhere)
    transfer_ticket(fresh(ticket), department=scene.desk.department, actor=Actor.system())


def answer_by_filter(scene: Scene, _ticket: Ticket) -> None:
    canned = CannedResponse.objects.create(title="Hello", response="<p>We look into it.</p>", isenabled=True)
    make_filter(actions={"canned": {"canned_id": canned.pk}})
    scene.opened()


def open_as_agent(scene: Scene, _ticket: Ticket) -> None:
    new = NewTicket(
        Origin.STAFF,
        "<p>Called.</p>",
        subject="Called",
        user=scene.owner,
        topic=HelpTopicFactory.new(),
        department=scene.desk.department,
        source=TicketSource.PHONE,
    )
    open_for_user(new, actor=scene.desk.actor, collaborators=[address_of(scene.friend)], response="<p>Done.</p>")


EVENTS: dict[str, tuple[Callable[[Scene], Ticket], Callable[[Scene, Ticket], object]]] = {
    "a ticket is opened": (Scene.opened, lambda _scene, ticket: ticket),
    "a filter answers a new ticket with a canned response": (Scene.at_work, answer_by_filter),
    "an agent opens a ticket": (Scene.at_work, open_as_agent),
    "a user writes": (Scene.at_work, write),
    "an agent answers": (Scene.at_work, lambda scene, ticket: post_reply(ticket, actor=scene.desk.actor, body="x")),
    "an agent writes a note": (
        Scene.at_work,
        lambda scene, ticket: post_note(ticket, actor=Actor.for_agent(scene.desk.viewer), body="x"),
    ),
    "a ticket is assigned to an agent": (
        Scene.opened,
        lambda scene, ticket: assign_ticket(ticket, actor=scene.desk.actor, agent=scene.desk.colleague),
    ),
    "a ticket is assigned to a team": (
        Scene.opened,
        lambda scene, ticket: assign_ticket(ticket, actor=scene.desk.actor, team=scene.team),
    ),
    "an assigned ticket is transferred": (Scene.at_work, transfer),
    "another ticket is transferred": (Scene.opened, transfer),
    "an assigned ticket becomes overdue": (
        Scene.at_work,
        lambda _scene, ticket: mark_overdue(ticket, actor=Actor.system()),
    ),
    "another ticket becomes overdue": (Scene.opened, lambda _scene, ticket: mark_overdue(ticket, actor=Actor.system())),
    "an owner has as many open tickets as allowed": (
        Scene.opened,
        lambda _scene, ticket: ticket,
    ),
}


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.when}: {row.who}")
def test_a_row_of_the_table(scene: Scene, row: Row) -> None:
    everything = {name for one in rows() for name in one.settings}
    on = {name: "1" if name in row.settings else "0" for name in everything}
    if row.message == "ticket.overlimit":
        on["max_open_tickets"] = "1"
    set_settings("core", on, Actor.system())
    before, event = EVENTS[row.when]
    ticket = before(scene)
    event(scene, ticket)
    mails = [one.payload for one in Effect.objects.order_by("pk") if one.payload["template"]]
    told = [person["address"] for one in mails for person in (*one["to"], *one["cc"])]
    assert {one["template"] for one in mails} == {row.message}
    assert told == scene.addresses(row.who)


def test_the_table_names_every_message_about_tickets() -> None:
    known = {code for code, one in MESSAGE_TYPES.items() if not one.is_about_task}
    assert {row.message for row in rows()} == known
